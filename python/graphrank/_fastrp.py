"""FastRP: vectors from very sparse random projections of the powers of the transition matrix."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrank import _core
from graphrank._convert import as_graph
from graphrank._embedding import Embedding
from graphrank._fastrp_memory import refuse_what_cannot_fit
from graphrank._fastrp_params import FastRPParams, Preset, Sparsity, fastrp_params
from graphrank._kept_powers import KeptPowers, Nodes
from graphrank._node_features import node_features
from graphrank._node_keys import node_keys
from graphrank._run import run_opts
from graphrank._typing import Direction, Float, GraphLike, How, Progress
from graphrank._validate import file_path, positive_int, true_or_false
from graphrank._vector_file import check_vector_file, fill_file, fill_memory
from graphrank.exceptions import InvalidArgumentError
from graphrank.graph import Graph

__all__ = ["embed", "fastrp", "kept_powers"]


def fastrp(
    graph: GraphLike,
    dim: int = 128,
    *,
    weights: Sequence[float] | None = None,
    normalization_strength: float | None = None,
    self_influence: float = 0.0,
    sparsity: Sparsity | None = None,
    normalize: bool = True,
    refine: int = 0,
    features: Any = None,
    feature_ratio: float = 0.0,
    direction: Direction = "both",
    preset: Preset | None = None,
    dtype: Float = "float32",
    state: Float = "float32",
    memory_limit: int | None = None,
    out: str | os.PathLike[str] | None = None,
    keep_powers: bool = False,
    seed: int = 0,
    progress: Progress = None,
    timeout_s: float | None = None,
) -> Embedding:
    """A vector for every node, similar for nodes with similar neighbourhoods: FastRP.

    Every node gets a random row that depends on its id alone. Power i of the embedding is what a walker who starts at
    the node reads, on average, at its i-th step; the vector is the weighted sum of the powers.

    Parameters
    ----------
    graph
        Anything :func:`graphrank.as_graph` reads. Weights of edges are chances of the walker.
    dim
        Columns of the embedding. The first columns of a wide projection are those of a narrow one.
    weights
        ``weights[i]`` weighs power i + 1. None is what ``preset`` says, else (0, 0, 1, 6.67). Low powers tell apart
        what is near, which predicts edges; high ones what belongs together, which predicts labels. Where a graph has
        two sides (users and items), even powers compare with one's own side and odd ones with the other.
    normalization_strength
        The random row of a node is scaled by its degree to this power. Below 0 hubs count less. None is what
        ``preset`` says, else 0.
    self_influence
        Weight of the node's own random row. It gives a vector to nodes without neighbours and is noise to all others.
    sparsity
        An entry of the projection is 0 with probability 1 - 1 / ``sparsity``, from 1. ``"sqrt"`` is the root of the
        number of nodes, as in the paper; then rows depend on that number. None is what ``preset`` says, else 3. It
        hardly changes what an embedding is worth.
    normalize
        Scale every row of every power to length 1 before it is weighed, and refined rows in the end.
    refine
        Rounds, up to 1000, that turn the columns towards the leading eigenvectors of the random walk; 0 is none. Two
        bring most of what a spectral embedding is worth, at a small part of its cost: in each, the columns are made
        orthonormal and the walker goes two steps. The columns are then in falling order of what they weigh, vectors
        depend on the whole graph, and nodes without neighbours have zeros. The last columns are zero if there are fewer
        nodes than ``dim``, or fewer eigenvalues other than 0. Along one direction of a directed graph the walk has no
        such eigenvectors: ``direction`` must be ``"both"``. It helps most where there are many nodes and many classes;
        graphs of a few hundred nodes it can harm.
    features
        What is known about nodes, as numbers: names of node attributes, an array of shape (n_nodes, n_features) in
        the order of ``Graph.nodes``, or a frame with a column ``node`` and a column per feature, a row for every node
        in any order. A feature counts by its size, beside other features and beside the graph: rows have length 1, so
        one in raw bytes or years leaves nothing of the graph. Subtract means, divide by deviations, and shrink all
        alike if they still count too much: averages of what neighbours share stay large, those of random rows fade.
    feature_ratio
        Share of the columns, the last ones, that begin from random combinations of features instead of random rows,
        above 0 if there are ``features``. With 1 embeddings of different graphs with the same features, and the same
        ``seed``, can be compared.
    direction
        Whose rows a walker reads: those of nodes that an edge leads to (``"out"``), those it comes from (``"in"``)
        or both alike, all the same on an undirected graph. Along one direction many walks end early, and a node from
        which no walk is as long as the first weighted power has a zero vector.
    preset
        ``"paper"``: what the authors publish for BlogCatalog (strength -0.64, sparsity ``"sqrt"``); ``"gds"``: the
        defaults of Neo4j's Graph Data Science, weights (0, 1, 1); ``"links"``: weights (1, 2, 2, 2), for predicting
        edges. What you give yourself wins.
    dtype
        Of the vectors: ``"float32"`` or ``"float16"``.
    state
        Of the powers between products. ``"float16"`` halves the memory traffic, and rounds each value to 11 bits.
        ``refine`` needs ``"float32"`` between its own products, and takes it whatever is given here.
    memory_limit
        Bytes that may be used beside the graph and the vectors. What does not fit is computed in blocks of columns,
        with the same result to the last bit, in up to twice the time. Too few are refused with the number needed.
        :func:`graphrank.embedding.estimate_memory` tells before. None is no limit.
    out
        A file to compute into, where vectors are larger than memory: ``.npy`` (rows in the order of ``Graph.nodes``)
        or ``.parquet`` (columns ``node`` and ``embedding``). It appears under its name when it is whole.
    keep_powers
        Keep every power, 4 * ``dim`` bytes per node each, for :meth:`Embedding.recombine` (other weights),
        :meth:`Embedding.update` (a changed graph) and :meth:`Embedding.transform` (new nodes). Goes neither with
        ``refine`` nor with ``memory_limit`` or ``state``.
    seed
        Of the projection, from 0 to 2**64 - 1. Vectors of different seeds cannot be compared.
    progress
        True for a bar on stderr, or a callable ``(done, total, label)``.
    timeout_s
        Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

    Returns
    -------
    Embedding
        The same bytes for the same graph and arguments on any number of threads, on any processor, and under any
        ``memory_limit``. Without ``refine``, a vector depends on the ids and edges within as many steps as there are
        weights and on nothing else but, in its last digits, the order of ``Graph.nodes``: sorted ids from a table, the
        order of insertion from NetworkX or ``nodes=``.

    Raises
    ------
    InvalidArgumentError
        If an argument is out of range, or ``features`` and ``feature_ratio`` do not go together.
    InvalidDataError
        If a feature is null, NaN or infinite, or a node has no row in ``features`` or more than one.
    InvalidTypeError
        If ids are Python objects that are not known by their value in every process: others than numbers, texts, dates,
        enums, and tuples and frozen sets of them.
    NodeNotFoundError
        If ``features`` has a row for an id that is not a node.
    OutOfMemoryError
        If it needs more memory than is free; the message names what would need less.

    Notes
    -----
    O(len(weights) * n_edges * dim) time; a round of ``refine`` takes O((n_edges + n_nodes * dim) * dim) more. The paper
    scales by degree over the sum of all degrees and divides entries by the root of ``dim``; here both constants, which
    change nothing but lengths, are left out, so that rows do not depend on the size of the graph. Columns are not
    standardised as in the authors' code, which would make every vector depend on all others; do so before a classifier
    that needs it.

    References
    ----------
    H. Chen, S. F. Sultan, Y. Tian, M. Chen, S. Skiena: Fast and Accurate Network Embeddings via Very Sparse Random
    Projection. CIKM 2019. P. Li, T. J. Hastie, K. W. Church: Very Sparse Random Projections. KDD 2006. N. Halko, P.-G.
    Martinsson, J. A. Tropp: Finding Structure with Randomness. SIAM Review 53, 2011, for ``refine``.

    Examples
    --------
    >>> import graphrank as gr
    >>> g = gr.datasets.debian().to_undirected()
    >>> emb = gr.fastrp(g, dim=64)
    >>> emb
    Embedding(10,443 nodes, dim=64, float32, 101 isolated)
    >>> a, b, c = emb[["python3-numpy", "python3-scipy", "nginx"]]
    >>> bool(a @ b > a @ c)
    True
    """
    g = as_graph(graph)
    params = fastrp_params(
        g.n_nodes,
        dim=dim,
        weights=weights,
        normalization_strength=normalization_strength,
        self_influence=self_influence,
        sparsity=sparsity,
        normalize=normalize,
        refine=refine,
        feature_ratio=feature_ratio,
        direction=direction,
        preset=preset,
        dtype=dtype,
        state=state,
        seed=seed,
    )
    limit = None if memory_limit is None else positive_int("memory_limit", memory_limit)
    keep = true_or_false("keep_powers", keep_powers)
    return embed(g, params, features, limit, out, keep, run_opts(progress, timeout_s))


def embed(
    graph: Graph,
    params: FastRPParams,
    features: Any,
    memory_limit: int | None,
    out: str | os.PathLike[str] | None,
    keep_powers: bool,
    how: How,
) -> Embedding:
    """The embedding of a graph by checked arguments."""
    path = None if out is None else file_path(out)
    if path is not None:
        check_vector_file(path, graph._index.ids)
    _check_features_and_ratio(features, params.feature_ratio)
    if keep_powers:
        _check_keep(params, memory_limit)
    refuse_what_cannot_fit(
        graph.n_nodes, graph.is_weighted, params, memory_limit, path is not None, keep_powers
    )
    rows, feature_keys = (
        (None, None) if features is None else node_features(graph._nodes, graph._index, features)
    )
    nodes = (node_keys(graph._index.ids), rows, feature_keys)
    kept = kept_powers(graph, nodes, params, features, how) if keep_powers else None

    def fill(vectors: NDArray[Any]) -> None:
        if kept is not None:
            kept.embed(params.weights, params.self_influence, vectors, how)
        else:
            _compute(graph, nodes, params, memory_limit, vectors, path is not None, how)

    shape = (graph.n_nodes, params.dim)
    if path is None:
        vectors = fill_memory(shape, params.dtype, fill)
    else:
        vectors = fill_file(path, graph._index.ids, shape, params.dtype, fill)
    return Embedding._of(vectors, graph, asdict(params), kept)


def _compute(
    graph: Graph,
    nodes: Nodes,
    params: FastRPParams,
    memory_limit: int | None,
    vectors: NDArray[Any],
    is_file: bool,
    how: How,
) -> None:
    _core.fastrp(
        graph._inner,
        nodes,
        params.dim,
        list(params.weights),
        params.normalization_strength,
        params.self_influence,
        params.sparsity,
        params.normalize,
        params.refine,
        params.feature_ratio,
        params.direction,
        params.state,
        memory_limit,
        params.seed,
        vectors.view(np.uint16) if params.dtype == "float16" else vectors,
        is_file,
        how,
    )


def kept_powers(graph: Graph, nodes: Nodes, params: FastRPParams, features: Any, how: How) -> KeptPowers:
    """The powers of a graph's embedding."""
    inner = _core.EmbeddingPowers(
        graph._inner,
        nodes,
        params.dim,
        list(params.weights),
        params.normalization_strength,
        params.self_influence,
        params.sparsity,
        params.normalize,
        params.feature_ratio,
        params.direction,
        params.seed,
        how,
    )
    names = [features] if isinstance(features, str) else features
    is_named = isinstance(names, (list, tuple))
    return KeptPowers(inner, graph, nodes, list(names) if is_named else None, params.dim)


def _check_keep(params: FastRPParams, memory_limit: int | None) -> None:
    """Refuse what is not computed from kept powers."""
    others = {
        "refine": params.refine > 0,
        "memory_limit": memory_limit is not None,
        "state": params.state != "float32",
    }
    for name, is_given in others.items():
        if is_given:
            raise InvalidArgumentError(
                f"`keep_powers` and `{name}` exclude each other: leave out one of them"
            )


def _check_features_and_ratio(features: Any, ratio: float) -> None:
    if not 0 <= ratio <= 1:
        raise InvalidArgumentError(f"`feature_ratio` must be from 0 to 1, got {ratio}")
    if features is None and ratio > 0:
        raise InvalidArgumentError(
            f"`feature_ratio` is {ratio} but there are no `features`: give some, or leave the ratio 0"
        )
    if features is not None and ratio == 0:
        raise InvalidArgumentError(
            "there are `features` but `feature_ratio` is 0: give the share of columns they are to fill, such as 0.5"
        )
