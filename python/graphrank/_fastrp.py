"""FastRP: vectors from very sparse random projections of the powers of the transition matrix."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._convert import as_graph
from graphrank._embedding import Embedding
from graphrank._node_features import node_features
from graphrank._node_keys import node_keys
from graphrank._run import QUIET, run_opts
from graphrank._suggest import did_you_mean
from graphrank._typing import Direction, Float, GraphLike, How, Progress
from graphrank._validate import (
    file_path,
    finite_number,
    int_from,
    one_of,
    positive_int,
    real_number,
    seed_number,
    true_or_false,
)
from graphrank._vector_file import check_vector_file, fill_file, fill_memory
from graphrank.exceptions import InvalidArgumentError, InvalidTypeError
from graphrank.graph import Graph

__all__ = ["FastRPParams", "Preset", "Sparsity", "embed", "fastrp", "fastrp_params"]

Preset: TypeAlias = Literal["paper", "gds", "links"]
Sparsity: TypeAlias = float | Literal["sqrt"]

# Weights, normalisation strength and sparsity; those of None are the defaults.
_PRESETS: dict[str | None, tuple[tuple[float, ...], float, Sparsity]] = {
    None: ((0.0, 0.0, 1.0, 6.67), 0.0, 3.0),
    "paper": ((0.0, 0.0, 1.0, 6.67), -0.64, "sqrt"),
    "gds": ((0.0, 1.0, 1.0), 0.0, 3.0),
    "links": ((1.0, 2.0, 2.0, 2.0), 0.0, 3.0),
}


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
        depend on the whole graph, and nodes without neighbours have zeros. Along one direction of a directed graph the
        walk has no such eigenvectors: ``direction`` must be ``"both"``.
    features
        What is known about nodes, as numbers: names of node attributes, an array of shape (n_nodes, n_features) in
        the order of ``Graph.nodes``, or a frame with a column ``node`` and a column per feature, a row for every node
        in any order. Scale them alike: a feature counts by its size.
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
    memory_limit
        Bytes that may be used beside the graph and the vectors. What does not fit is computed in blocks of columns,
        with the same result to the last bit, in up to twice the time. Too few are refused with the number needed.
        :func:`graphrank.embedding.estimate_memory` tells before. None is no limit.
    out
        A file to compute into, where vectors are larger than memory: ``.npy`` (rows in the order of ``Graph.nodes``)
        or ``.parquet`` (columns ``node`` and ``embedding``). It appears under its name when it is whole.
    seed
        Of the projection, from 0 to 2**64 - 1. Vectors of different seeds cannot be compared.
    progress
        True for a bar on stderr, or a callable ``(done, total, label)``.
    timeout_s
        Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

    Returns
    -------
    Embedding
        The same bytes for the same ids, edges and arguments on any number of threads, on any processor, and under any
        ``memory_limit``.

    Raises
    ------
    InvalidArgumentError
        If an argument is out of range, or ``features`` and ``feature_ratio`` do not go together.
    InvalidDataError
        If a feature is null, NaN or infinite, or a node has no row in ``features`` or more than one.
    NodeNotFoundError
        If ``features`` has a row for an id that is not a node.
    OutOfMemoryError
        If the vectors do not fit into memory.

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
    return embed(g, params, features, limit, out, run_opts(progress, timeout_s))


@dataclass(frozen=True)
class FastRPParams:
    """Checked arguments that decide what the vectors are, presets resolved."""

    dim: int
    weights: tuple[float, ...]
    normalization_strength: float
    self_influence: float
    sparsity: float
    normalize: bool
    refine: int
    feature_ratio: float
    direction: str
    dtype: str
    state: str
    seed: int


def fastrp_params(
    n_nodes: int,
    *,
    dim: int,
    weights: Sequence[float] | None,
    normalization_strength: float | None,
    self_influence: float,
    sparsity: Sparsity | None,
    normalize: bool,
    refine: int,
    feature_ratio: float,
    direction: str,
    preset: str | None,
    dtype: str,
    state: str,
    seed: int,
) -> FastRPParams:
    """Check the arguments of :func:`fastrp`; what is None comes from the preset."""
    if preset is not None and preset not in get_args(Preset):
        hint = did_you_mean(preset, pl.Series(get_args(Preset)))
        one_of_presets = ", ".join(map(repr, get_args(Preset)))
        raise InvalidArgumentError(f"`preset` must be one of {one_of_presets} or None, got {preset!r}{hint}")
    usual = _PRESETS[preset]
    own_weight = finite_number("self_influence", self_influence)
    return FastRPParams(
        positive_int("dim", dim),
        _power_weights(usual[0] if weights is None else weights, own_weight),
        finite_number(
            "normalization_strength", usual[1] if normalization_strength is None else normalization_strength
        ),
        own_weight,
        _sparsity(usual[2] if sparsity is None else sparsity, n_nodes),
        true_or_false("normalize", normalize),
        int_from(0, "refine", refine),
        real_number("feature_ratio", feature_ratio),
        one_of("direction", direction, get_args(Direction)),
        one_of("dtype", dtype, get_args(Float)),
        one_of("state", state, get_args(Float)),
        seed_number("seed", seed),
    )


def embed(
    graph: Graph,
    params: FastRPParams,
    features: Any,
    memory_limit: int | None,
    out: str | os.PathLike[str] | None,
    how: How,
) -> Embedding:
    """The embedding of a graph by checked arguments."""
    path = None if out is None else file_path(out)
    if path is not None:
        check_vector_file(path, graph._index.ids)
    _check_features_and_ratio(features, params.feature_ratio)
    rows, feature_keys = (None, None) if features is None else node_features(graph, features)
    keys = node_keys(graph._index.ids)

    def fill(vectors: NDArray[Any]) -> None:
        _core.fastrp(
            graph._inner,
            keys,
            rows,
            feature_keys,
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
            path is not None,
            how,
        )

    shape = (graph.n_nodes, params.dim)
    if path is None:
        vectors = fill_memory(shape, params.dtype, fill)
    else:
        vectors = fill_file(path, graph._index.ids, shape, params.dtype, fill)
    isolated = _without_neighbors(graph, params.direction)
    isolated = isolated[~vectors[isolated].any(axis=1)]
    return Embedding(vectors, graph._index.ids, asdict(params), graph.decode(isolated), graph)


def _power_weights(weights: Any, self_influence: float) -> tuple[float, ...]:
    if isinstance(weights, (str, bytes)) or not isinstance(weights, (Sequence, np.ndarray)):
        raise InvalidTypeError(
            f"`weights` must be a list with a number for each power, such as (0, 0, 1, 6.67), got {weights!r}"
        )
    if not len(weights):
        raise InvalidArgumentError(
            "`weights` is empty; give a number for each power, such as (0, 0, 1, 6.67)"
        )
    numbers = tuple(finite_number(f"weights[{i}]", weight) for i, weight in enumerate(weights))
    if not any(numbers) and self_influence == 0:
        raise InvalidArgumentError(
            f"`weights` = {numbers} are all 0, so every vector would be; give a power, or `self_influence`, a weight"
        )
    return numbers


def _sparsity(sparsity: Any, n_nodes: int) -> float:
    if isinstance(sparsity, str):
        one_of("sparsity", sparsity, ("sqrt",))
        return max(math.sqrt(n_nodes), 1.0)
    number = real_number("sparsity", sparsity)
    if number >= 1:
        return number
    raise InvalidArgumentError(
        f"`sparsity` must be at least 1, got {sparsity!r}: an entry is 0 with probability 1 - 1 / sparsity"
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


def _without_neighbors(graph: Graph, direction: str) -> NDArray[np.uint32]:
    """Codes of the nodes that have no neighbour a walker would go to."""
    inner = graph._inner
    if not graph.is_weighted and (direction == "out" or not graph.is_directed):
        offsets = inner.offsets()
        return np.flatnonzero(offsets[1:] == offsets[:-1]).astype(np.uint32)
    out_degree, in_degree, out_weight, in_weight = inner.degrees(QUIET)
    out, into = (out_degree, in_degree) if out_weight is None else (out_weight, in_weight)
    is_alone = {"out": out == 0, "in": into == 0, "both": (out == 0) & (into == 0)}[direction]
    return np.flatnonzero(is_alone).astype(np.uint32)
