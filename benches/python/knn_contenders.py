"""Ways to find the ten nearest vectors by cosine: graphrank and its peers.

All but graphrank are given vectors of length 1, and compare products, or distances (scikit-learn has a faster way for
those). Graphs of near vectors (HNSW) are made with the same parameters by all: 16 links, 128 candidates while they are
made. They are searched as wide as it takes to find 95 % of the answers of the case, or as wide as ``EXPANSIONS`` go;
graphrank chooses its own width, by vectors of the index and without a filter. Graphs are kept in ``cache/``, with the
CPU time that one thread took to make them.

A filter is given in the form that a library likes best: a mask (graphrank, NumPy), a selector over bits (faiss), a
function (hnswlib). usearch takes none in Python.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.graphs import CACHE
from common.stored import rmat_undirected
from common.timing import Contender, NotRun, Quality

DIM, K = 128, 10
LINKS, WIDTH = 16, 128
EXPANSIONS = (32, 64, 128, 256, 512, 1024, 2048)
LEAST_RECALL = 0.95
TRIED = 200  # queries, while a width is chosen
Rows = NDArray[np.int64]
Find = Callable[[NDArray[np.float32]], Any]
"""From queries to whatever the library returns."""


@dataclass(frozen=True)
class Vectors:
    """FastRP vectors of ``n + more`` nodes with edges of an R-MAT graph; the last ``more`` are to be asked with."""

    scale: int
    n: int
    more: int

    @cached_property
    def all(self) -> NDArray[np.float32]:
        path = CACHE / f"{self.name}.npy"
        if not path.exists():
            import graphrank

            vectors = graphrank.fastrp(rmat_undirected(self.scale).graph(), DIM).vectors
            np.save(path, vectors[vectors.any(axis=1)][: self.n + self.more])
        return np.load(path)

    @property
    def name(self) -> str:
        return f"vectors-rmat{self.scale}-{self.n}-{self.more}"

    @cached_property
    def rows(self) -> NDArray[np.float32]:
        return self.all[: self.n]

    @cached_property
    def unit(self) -> NDArray[np.float32]:
        return _unit(self.rows).astype(np.float32)

    @cached_property
    def others(self) -> NDArray[np.float32]:
        return self.all[self.n :]


@dataclass(frozen=True)
class Search:
    """What is asked: the neighbours of all rows, or of some other vectors, together or one at a time."""

    vectors: Vectors
    n_queries: int | None = None
    share: float = 1.0  # of the rows that are allowed
    alone: bool = False
    _found: dict[str, Any] = field(default_factory=dict)

    @property
    def queries(self) -> NDArray[np.float32]:
        return self.vectors.rows if self.n_queries is None else self.vectors.others[: self.n_queries]

    @cached_property
    def mask(self) -> NDArray[np.bool_] | None:
        if self.share == 1:
            return None
        return np.random.default_rng(1).random(self.vectors.n) < self.share

    @cached_property
    def worst(self) -> NDArray[np.float64]:
        """The tenth best cosine per query, in 64 bits."""
        rows = _unit(self.vectors.rows if self.mask is None else self.vectors.rows[self.mask])

        def worst(queries: NDArray[np.float64]) -> NDArray[np.float64]:
            return -np.partition(-(queries @ rows.T), K - 1, axis=1)[:, K - 1]

        n_blocks = len(self.queries) * len(rows) // 2**25 + 1
        return np.concatenate([worst(part) for part in np.array_split(_unit(self.queries), n_blocks)])

    def recall(self, rows: Rows) -> float:
        """Share of answers to the first queries that are as near as the tenth best; what is missing is wrong."""
        found = _unit(self.vectors.rows)[rows]
        cosines = np.einsum("qd,qkd->qk", _unit(self.queries[: len(rows)]), found)
        right = (cosines >= self.worst[: len(rows), None] - 1e-12) & (rows >= 0)
        if self.mask is not None:
            right &= self.mask[rows]
        return float(right.mean())


@dataclass(frozen=True)
class Method:
    """``prepare`` makes what is searched, outside the clock; ``rows`` takes an answer apart, ten rows per query."""

    name: str
    prepare: Callable[[Search], Find]
    rows: Callable[[Any], Rows]
    note: str = ""
    filters: bool = True


def contender(method: Method, search: Search) -> Contender:
    about: dict[str, Any] = {}

    def prepare() -> Callable[[], Any]:
        if search.share < 1 and not method.filters:
            raise NotRun("it takes no filter")
        find = method.prepare(search)
        about.update(getattr(find, "about", {}))
        queries = search.queries if method.name.startswith(OURS) else _unit(search.queries).astype(np.float32)
        if not search.alone:
            return partial(find, queries)
        return lambda: [find(query) for query in queries[:, None]]

    def check(answer: Any) -> Quality:
        rows = np.concatenate([method.rows(a) for a in answer]) if search.alone else method.rows(answer)
        return {"recall": f"{search.recall(rows.reshape(-1, K)):.4f}", **about}

    return Contender(method.name, prepare, check, lambda _: len(search.queries), method.note)


def _unit(vectors: NDArray[Any]) -> NDArray[np.float64]:
    wide = vectors.astype(np.float64)
    return wide / np.linalg.norm(wide, axis=1, keepdims=True)


# --- graphrank -------------------------------------------------------------------------------------------------------


def _knn(search: Search) -> Find:
    import graphrank

    rows = search.vectors.rows
    return lambda q: graphrank.knn(rows, K, queries=q, filter=search.mask, method="exact")


def _index(search: Search, method: Any) -> Find:
    from graphrank.embedding import NeighborIndex

    if method == "exact":
        index, seconds = NeighborIndex.build(search.vectors.rows, method="exact"), 0.0
    else:
        index, seconds = _kept(
            search,
            f"graphrank-usearch-{version('usearch')}",
            lambda: NeighborIndex.build(search.vectors.rows, method="ann", min_recall=LEAST_RECALL),
            lambda made, path: made.save(path),
            NeighborIndex.load,
        )
    return _Find(lambda q: index.query(q, K, filter=search.mask, method=method), "", seconds)


def _our_rows(answer: Any) -> Rows:
    return answer["node"].to_numpy().reshape(-1, K)


# --- peers that read all vectors -------------------------------------------------------------------------------------


def _faiss_flat(search: Search) -> Find:
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(DIM)
    index.add(search.vectors.unit)
    params = None if search.mask is None else faiss.SearchParameters(sel=_selector(search))
    return lambda q: index.search(q, K, params=params)


def _selector(search: Search) -> Any:
    import faiss

    assert search.mask is not None
    bits = np.packbits(search.mask, bitorder="little")
    search._found["bits"] = bits  # the selector does not keep them
    return faiss.IDSelectorBitmap(search.vectors.n, faiss.swig_ptr(bits))


def _usearch_exact(search: Search) -> Find:
    from usearch.index import MetricKind
    from usearch.index import search as find

    unit = search.vectors.unit
    return lambda q: find(unit, q, K, MetricKind.IP, exact=True, threads=1)


def _sklearn(search: Search) -> Find:
    from sklearn.neighbors import NearestNeighbors

    unit, places = _allowed(search)
    fitted = NearestNeighbors(n_neighbors=K, algorithm="brute").fit(unit)
    return lambda q: places[fitted.kneighbors(q, return_distance=False)]


def _numpy(search: Search) -> Find:
    unit, places = _allowed(search)
    per_block = max(2**25 // len(unit), 1)

    def block(queries: NDArray[np.float32]) -> Rows:
        scores = -(queries @ unit.T)
        best = np.argpartition(scores, K - 1, axis=1)[:, :K]
        order = np.argsort(np.take_along_axis(scores, best, axis=1), axis=1)
        return places[np.take_along_axis(best, order, axis=1)]

    return lambda q: np.concatenate([block(q[i : i + per_block]) for i in range(0, len(q), per_block)])


def _allowed(search: Search) -> tuple[NDArray[np.float32], Rows]:
    """The rows that a filter leaves, copied outside the clock."""
    places = np.arange(search.vectors.n) if search.mask is None else np.flatnonzero(search.mask)
    return search.vectors.unit[places], places


# --- peers with a graph ----------------------------------------------------------------------------------------------


def _faiss_hnsw(search: Search) -> Find:
    import faiss

    faiss.omp_set_num_threads(1)

    def make() -> Any:
        index = faiss.IndexHNSWFlat(DIM, LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = WIDTH
        index.add(search.vectors.unit)
        return index

    def save(index: Any, path: Path) -> None:
        faiss.write_index(index, str(path))

    index, seconds = _kept(
        search, f"faiss-{version('faiss-cpu')}", make, save, lambda path: faiss.read_index(str(path))
    )
    selector = None if search.mask is None else _selector(search)

    def at(width: int) -> Find:
        params = faiss.SearchParametersHNSW(efSearch=width, sel=selector)
        return lambda q: index.search(q, K, params=params)

    return _wide_enough(search, at, lambda answer: answer[1], seconds)


def _hnswlib(search: Search) -> Find:
    import hnswlib

    def empty() -> Any:
        index = hnswlib.Index("ip", DIM)
        index.set_num_threads(1)
        return index

    def make() -> Any:
        index = empty()
        index.init_index(search.vectors.n, ef_construction=WIDTH, M=LINKS)
        index.add_items(search.vectors.unit, num_threads=1)
        return index

    def load(path: Path) -> Any:
        index = empty()
        index.load_index(str(path))
        return index

    def save(index: Any, path: Path) -> None:
        index.save_index(str(path))

    index, seconds = _kept(search, f"hnswlib-{version('hnswlib')}", make, save, load)
    is_allowed = None if search.mask is None else search.mask.tolist().__getitem__

    def at(width: int) -> Find:
        def find(queries: NDArray[np.float32]) -> Any:
            index.set_ef(width)
            return index.knn_query(queries, K, num_threads=1, filter=is_allowed)

        return find

    return _wide_enough(search, at, lambda answer: answer[0].astype(np.int64), seconds)


def _usearch(search: Search) -> Find:
    from usearch.index import Index

    def make() -> Any:
        index = Index(
            ndim=DIM,
            metric="ip",
            dtype="f32",
            connectivity=LINKS,
            expansion_add=WIDTH,
            enable_key_lookups=False,
        )
        index.add(np.arange(search.vectors.n), search.vectors.unit, threads=1)
        return index

    def save(index: Any, path: Path) -> None:
        index.save(str(path))

    def load(path: Path) -> Any:
        return Index.restore(str(path), enable_key_lookups=False)

    index, seconds = _kept(search, f"usearch-{version('usearch')}", make, save, load)

    def at(width: int) -> Find:
        def find(queries: NDArray[np.float32]) -> Any:
            index.expansion_search = width
            return index.search(queries, K, threads=1)

        return find

    return _wide_enough(search, at, _usearch_rows, seconds)


def _usearch_rows(answer: Any) -> Rows:
    return np.atleast_2d(answer.keys).astype(np.int64)


class _Find:
    """A search, and what a table says about it."""

    def __init__(self, find: Find, width: str, seconds: float) -> None:
        self._find = find
        self.about = {"candidates": width or "-", "build s": f"{seconds:.0f}" if seconds else "-"}

    def __call__(self, queries: NDArray[np.float32]) -> Any:
        return self._find(queries)


def _kept(
    search: Search,
    name: str,
    make: Callable[[], Any],
    save: Callable[[Any, Path], None],
    load: Callable[[Path], Any],
) -> tuple[Any, float]:
    """A graph from ``cache/``, made when it is not there; and the CPU seconds of its making."""
    path = CACHE / f"{search.vectors.name}-{name}"
    about = path.with_name(path.name + ".json")
    if not about.exists():
        search.vectors.unit.mean()  # loads the vectors outside the clock
        start = time.process_time()
        made = make()
        seconds = time.process_time() - start
        save(made, path)
        about.write_text(json.dumps(seconds))
    return load(path), float(json.loads(about.read_text()))


def _wide_enough(
    search: Search, at: Callable[[int], Find], rows: Callable[[Any], Rows], seconds: float
) -> Find:
    """The narrowest search that finds enough, of some answers; hnswlib fails where one finds fewer than ten."""
    queries = _unit(search.queries[:TRIED]).astype(np.float32)
    for width in EXPANSIONS:
        try:
            found = rows(at(width)(queries))
        except RuntimeError:
            continue
        if search.recall(found) >= LEAST_RECALL:
            break
    return _Find(at(width), str(width), seconds)


OURS = "graphrank"
EXACT = Method(OURS, partial(_index, method="exact"), _our_rows, "NeighborIndex")
ONE_CALL = Method("graphrank, knn", _knn, _our_rows, "vectors prepared on the way")
GRAPH = Method("graphrank, graph", partial(_index, method="ann"), _our_rows, "NeighborIndex")
AUTO = Method("graphrank, auto", partial(_index, method="auto"), _our_rows, "NeighborIndex with a graph")
FAISS_FLAT = Method("faiss IndexFlatIP", _faiss_flat, lambda answer: answer[1])
FAISS_GRAPH = Method("faiss HNSW", _faiss_hnsw, lambda answer: answer[1])
HNSWLIB = Method("hnswlib", _hnswlib, lambda answer: answer[0].astype(np.int64))
USEARCH_EXACT = Method("usearch exact", _usearch_exact, _usearch_rows, filters=False)
USEARCH_GRAPH = Method("usearch HNSW", _usearch, _usearch_rows, filters=False)
SKLEARN = Method("scikit-learn brute", _sklearn, lambda answer: answer)
NUMPY = Method("NumPy argpartition", _numpy, lambda answer: answer)
ALL = (
    EXACT, ONE_CALL, GRAPH, FAISS_FLAT, USEARCH_EXACT, SKLEARN, NUMPY, FAISS_GRAPH, HNSWLIB, USEARCH_GRAPH,
)  # fmt: skip
FILTERED = (EXACT, GRAPH, AUTO, FAISS_FLAT, NUMPY, FAISS_GRAPH, HNSWLIB, USEARCH_GRAPH)
