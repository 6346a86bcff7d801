"""Types of the compiled module. Every class is frozen; every function that may be long ends with ``how``."""

from collections.abc import Callable
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

_U8: TypeAlias = NDArray[np.uint8]
_U32: TypeAlias = NDArray[np.uint32]
_U64: TypeAlias = NDArray[np.uint64]
_F32: TypeAlias = NDArray[np.float32]
_F64: TypeAlias = NDArray[np.float64]
_I64: TypeAlias = NDArray[np.int64]
_Bool: TypeAlias = NDArray[np.bool_]
_IntColumn: TypeAlias = NDArray[np.int32] | NDArray[np.int64] | NDArray[np.uint32] | NDArray[np.uint64]

# (progress callback (done, total, label) or None, seconds allowed or None)
_How: TypeAlias = tuple[Callable[[int, int, str], object] | None, float | None]

__all__ = [
    "Archive",
    "ClickStore",
    "Decompositions",
    "DynamicIndex",
    "DynamicPpr",
    "EmbeddingPowers",
    "Graph",
    "NeighborSearch",
    "PeerKey",
    "PeerLinks",
    "PeerReplica",
    "PowerWalkIndex",
    "SubmodularMaximizer",
    "SubmodularObjective",
    "__version__",
    "_debug_panic",
    "_debug_spin",
    "aggregate_by_query",
    "aggregate_rankings",
    "compare_paired",
    "evaluate_run",
    "exploration_swap",
    "fastrp",
    "fastrp_memory",
    "first_appearances",
    "max_fair_clique",
    "mean_intervals",
    "mean_points",
    "num_threads",
    "pagerank",
    "peer_limits",
    "rank_correlation",
    "read_svmlight",
    "save_archive",
    "select_committee",
    "set_num_threads",
    "simulate_network",
    "submodular_maximize",
    "text_keys",
    "tied_rows",
]

__version__: str

@final
class Graph:
    @staticmethod
    def from_codes(
        n_nodes: int,
        src: _U32,
        dst: _U32,
        weight: _F64 | None,
        directed: bool,
        duplicates: str,
        keep_self_loops: bool,
        how: _How,
    ) -> Graph:
        """Edges whose ends are already node codes 0 .. n_nodes - 1."""

    @staticmethod
    def from_integers(
        src: _IntColumn,
        dst: _IntColumn,
        weight: _F64 | None,
        directed: bool,
        duplicates: str,
        keep_self_loops: bool,
        how: _How,
    ) -> tuple[Graph, _IntColumn]:
        """Edges between integer ids; codes are the ranks of the sorted distinct ids, returned beside the graph.

        ``src`` and ``dst`` share one dtype, which the returned ids have too.
        """

    @staticmethod
    def from_csr(
        indptr: NDArray[np.int32] | NDArray[np.int64],
        indices: NDArray[np.int32] | NDArray[np.int64],
        data: _F64 | None,
        directed: bool | None,
        how: _How,
    ) -> Graph:
        """A square CSR matrix, canonical or not (duplicates are summed). ``directed=None``: undirected if symmetric.

        ``directed=False`` on a matrix that is not symmetric raises.
        """

    @staticmethod
    def load(path: str, how: _How) -> tuple[Graph, bytes]:
        """The graph (memory-mapped) and the bytes that were saved beside it."""

    def save(self, path: str, nodes: bytes, how: _How) -> None: ...
    @property
    def n_nodes(self) -> int: ...
    @property
    def n_edges(self) -> int: ...
    @property
    def is_directed(self) -> bool: ...
    @property
    def is_weighted(self) -> bool: ...
    @property
    def n_bytes(self) -> int: ...
    def offsets(self) -> _U64:
        """Row offsets (n_nodes + 1,), a read-only view that keeps the graph alive."""

    def targets(self) -> _U32:
        """Neighbour codes of every arc, a read-only view."""

    def weights(self) -> _F64 | None:
        """Weight of every arc, a read-only view."""

    def degrees(self, how: _How) -> tuple[_U32, _U32, _F64 | None, _F64 | None]:
        """(out_degree, in_degree, out_weight, in_weight) per node; the weights are None if unweighted."""

    def edges(self, how: _How) -> tuple[_U32, _U32, _F64 | None]:
        """(src, dst, weight) sorted by src then dst; an undirected edge once, with src <= dst."""

    def subgraph(self, nodes: _U32, how: _How) -> Graph:
        """The edges among ``nodes`` (distinct codes), renumbered 0 .. len(nodes) - 1 in the order given."""

    def reverse(self, how: _How) -> Graph: ...
    def to_undirected(self, duplicates: str, how: _How) -> Graph:
        """Arcs u -> v and v -> u become one edge; ``duplicates`` ("sum", "max", "first") merges their weights."""

def pagerank(
    graph: Graph,
    restart_offsets: _U64,
    restart_nodes: _U32,
    restart_weights: _F64,
    damping: float,
    tol: float,
    dangling: str,
    method: str,
    top_k: int | None,
    stop: str,
    memory_limit: int | None,
    how: _How,
) -> tuple[_U64 | None, _U32 | None, _F64, _F64, _U32, _Bool | None, str, str]:
    """One solve per query; query q restarts at ``restart_nodes[offsets[q]:offsets[q+1]]`` with those weights.

    Returns (offsets, nodes, scores, error_bound, iterations, top_k_certified, method, reason). Without ``top_k``:
    offsets, nodes and top_k_certified are None and scores is (n_queries, n_nodes). With it: query q's nodes and scores
    are the slices offsets[q]:offsets[q+1], by falling score then rising code, positive scores only.
    """

@final
class DynamicIndex:
    """Walks that follow a graph, for indexes made of them."""

    @staticmethod
    def build(
        graph: Graph, walks: int, damping: float, closure: str, seed: int, how: _How
    ) -> DynamicIndex: ...
    def update(
        self,
        delete_src: _U32,
        delete_dst: _U32,
        insert_src: _U32,
        insert_dst: _U32,
        weight: _F64 | None,
        rule: str,
        how: _How,
    ) -> tuple[str, int, str] | None:
        """As ``DynamicPpr.update``."""

    def index(self, n_sources: int, how: _How) -> tuple[Graph, PowerWalkIndex]:
        """The graph as it is now, and an index of it measured on so many held-out sources."""

    def sizes(self, how: _How) -> tuple[int, int]:
        """(steps of all walks, bytes of walks and rows)."""

@final
class DynamicPpr:
    @staticmethod
    def solve(
        graph: Graph,
        restart_offsets: _U64,
        restart_nodes: _U32,
        restart_weights: _F64,
        damping: float,
        eps: float,
        dangling: str,
        how: _How,
    ) -> DynamicPpr:
        """Queries as ``pagerank`` takes them."""

    def update(
        self,
        delete_src: _U32,
        delete_dst: _U32,
        insert_src: _U32,
        insert_dst: _U32,
        weight: _F64 | None,
        rule: str,
        how: _How,
    ) -> tuple[str, int, str] | None:
        """Deletes, then inserts, all or nothing. Not None: ("delete" or "insert", row, why it cannot be done)."""

    def refine(self, how: _How) -> None: ...
    def error_bounds(self, how: _How) -> _F64: ...
    def scores(
        self, top_k: int | None, with_graph: bool, how: _How
    ) -> tuple[_U64 | None, _U32 | None, _F64, _F64, Graph | None]:
        """(offsets, nodes, scores) as ``pagerank`` returns them, error bounds, the graph: all of one moment."""

    def to_graph(self, how: _How) -> Graph: ...
    def sizes(self, how: _How) -> tuple[int, int, int]:
        """(edges now, arcs pushed over so far, bytes beside the graph)."""

# (offsets, nodes, scores) as ``pagerank`` returns them, error bounds, estimated errors, arcs pushed over, kept
_IndexAnswer: TypeAlias = tuple[_U64 | None, _U32 | None, _F64, _F64, _F64, _U64, Decompositions]

@final
class Decompositions:
    """What answers keep in order to be refined; empty if they were not asked to."""

    @property
    def dangling(self) -> str: ...
    @property
    def top_k(self) -> int | None: ...

@final
class PowerWalkIndex:
    """Belongs to one graph, which every call names; another raises."""

    @staticmethod
    def build(
        graph: Graph, walks: int, damping: float, closure: str, seed: int, how: _How
    ) -> PowerWalkIndex: ...
    @staticmethod
    def load(path: str, graph: Graph, how: _How) -> PowerWalkIndex: ...
    def save(self, path: str, how: _How) -> None: ...
    def query(
        self,
        graph: Graph,
        restart_offsets: _U64,
        restart_nodes: _U32,
        restart_weights: _F64,
        eps: float,
        dangling: str,
        top_k: int | None,
        keep: bool,
        how: _How,
    ) -> _IndexAnswer: ...
    def refine(
        self,
        graph: Graph,
        decompositions: Decompositions,
        eps: float,
        dangling: str,
        top_k: int | None,
        how: _How,
    ) -> _IndexAnswer: ...
    def calibration(self) -> list[tuple[str, float, int, float, list[float], float, float]]:
        """Rows of (closure, eps, sources, error, precision at 10, 50 and 100, residual, arcs)."""

    @property
    def closure(self) -> str: ...
    @property
    def walks(self) -> int: ...
    @property
    def damping(self) -> float: ...
    @property
    def seed(self) -> int: ...
    @property
    def n_bytes(self) -> int: ...
    @property
    def n_entries(self) -> int | None: ...

@final
class NeighborSearch:
    """Vectors made ready to be searched; they are not copied and must not change. Halves are passed as their bits."""

    @staticmethod
    def prepare(vectors: _F32 | NDArray[np.uint16], metric: str, how: _How) -> NeighborSearch: ...
    def nearest(
        self,
        queries: _U32 | _F32 | NDArray[np.uint16] | None,
        k: int,
        allowed: _U32 | None,
        exclude_self: bool,
        how: _How,
    ) -> tuple[_U64, _U32, _F64]:
        """Offsets, rows and scores of the lists. ``queries``: row numbers (1-D), vectors (2-D) or None for all rows.

        ``allowed``: the rows that may be answers, rising.
        """

    def rank(
        self,
        queries: _U32 | _F32 | NDArray[np.uint16] | None,
        k: int,
        allowed: _U32 | None,
        exclude_self: bool,
        offsets: _U64,
        rows: _U32,
        how: _How,
    ) -> tuple[_U64, _U32, _F64]:
        """The best of the candidates ``rows[offsets[q]:offsets[q + 1]]`` of each query, by their exact scores."""

    @property
    def n_bytes(self) -> int:
        """Beside the vectors."""

# keys of nodes, features (n_nodes, n_features) or None, keys of the features or None
_Nodes: TypeAlias = tuple[_U64, _F32 | None, _U64 | None]

def fastrp(
    graph: Graph,
    nodes: _Nodes,
    dim: int,
    weights: list[float],
    normalization_strength: float,
    self_influence: float,
    sparsity: float,
    normalize: bool,
    refine: int,
    feature_ratio: float,
    direction: str,
    state: str,
    memory_limit: int | None,
    seed: int,
    out: _F32 | NDArray[np.uint16],
    is_file: bool,
    how: _How,
) -> None:
    """Writes a vector per node into ``out``, of shape (n_nodes, dim) and contiguous; uint16 are the bits of float16."""

def fastrp_memory(
    n_nodes: int,
    n_features: int,
    is_weighted: bool,
    result_holds: bool,
    dim: int,
    weights: list[float],
    normalization_strength: float,
    self_influence: float,
    normalize: bool,
    refine: int,
    state: str,
) -> tuple[int, int]:
    """Bytes beside the graph and the result: as chosen without a limit, and the least that a limit may be."""

@final
class EmbeddingPowers:
    """Powers of an embedding, kept; calls name the graph and the nodes that they belong to."""

    def __new__(
        cls,
        graph: Graph,
        nodes: _Nodes,
        dim: int,
        weights: list[float],
        normalization_strength: float,
        self_influence: float,
        sparsity: float,
        normalize: bool,
        feature_ratio: float,
        direction: str,
        seed: int,
        how: _How,
    ) -> EmbeddingPowers: ...
    def embed(
        self, graph: Graph, nodes: _Nodes, weights: list[float], self_influence: float, out: _F32, how: _How
    ) -> None:
        """Writes the embedding for these weights into ``out``; ``fastrp`` gives the same bytes."""

    def update(
        self,
        graph: Graph,
        nodes: _Nodes,
        new_graph: Graph,
        new_nodes: _Nodes,
        old_numbers: _U32,
        how: _How,
    ) -> tuple[EmbeddingPowers, list[int]]:
        """The powers of a changed graph, and per power how many rows were computed again.

        ``old_numbers``: the code in ``graph`` of every node of ``new_graph``, 2**32 - 1 for new ones.
        """

    def transform(
        self, graph: Graph, nodes: _Nodes, with_new: Graph, new_nodes: _Nodes, out: _F32, how: _How
    ) -> None:
        """Writes the vectors of new nodes into ``out``.

        ``with_new``: a directed graph of the nodes of ``graph``, without arcs, and after them the new ones with arcs to
        old ones; ``new_nodes`` describes the new ones.
        """

    @property
    def n_bytes(self) -> int: ...

def max_fair_clique(
    graph: Graph,
    groups: _U8,
    least: list[int],
    most: list[int],
    delta: int | None,
    tolerances: list[int] | None,
    max_ratio: float | None,
    max_share: float | None,
    must_include: _U32,
    exclude: _U32,
    is_heuristic: bool,
    is_deterministic: bool,
    how: _How,
) -> tuple[_U32, int, str, dict[str, int]]:
    """The largest fair clique of an undirected graph: (rising codes, upper bound, status, what it took).

    ``groups``: the group of each node, 255 for none. ``tolerances``: by how many members each group may exceed each,
    row after row. A time limit and Ctrl-C end the search with the best so far, "time_limit" and "interrupted".
    """

# Number of elements and of columns (items, clients, features); element, column and value of each entry.
_Entries: TypeAlias = tuple[int, int, _U32, _U32, _F64 | None]
# The group of each element; the least and the most picks of each group.
_Quotas: TypeAlias = tuple[_U32, list[int], list[int]]
# Numbers of items and of rankings; ranking, item and rank of each row; the weight of each ranking.
_Rankings: TypeAlias = tuple[int, int, _U32, _U32, _F64, _F64 | None]
# Elements, gains, value, upper bound, how often the objective was asked.
_Selection: TypeAlias = tuple[_U32, _F64, float, float, int]
# An operation that cannot be carried out: its array, its position, and why.
_Refused: TypeAlias = tuple[str, int, str] | None

@final
class SubmodularObjective:
    """A function of sets of elements 0 .. n_elements - 1; it keeps data of its own."""

    @staticmethod
    def coverage(entries: _Entries, weights: _F64 | None, how: _How) -> SubmodularObjective:
        """Entries have no values; ``weights`` are of the columns."""

    @staticmethod
    def neighbor_coverage(
        graph: Graph, is_closed: bool, weights: _F64 | None, how: _How
    ) -> SubmodularObjective: ...
    @staticmethod
    def probabilistic_coverage(entries: _Entries, weights: _F64 | None, how: _How) -> SubmodularObjective: ...
    @staticmethod
    def facility_location(entries: _Entries, weights: _F64 | None, how: _How) -> SubmodularObjective: ...
    @staticmethod
    def dense_facility_location(similarities: _F32, how: _How) -> SubmodularObjective:
        """A row per element, a column per client."""

    @staticmethod
    def query_facility_location(entries: _Entries, eta: float, how: _How) -> SubmodularObjective: ...
    @staticmethod
    def saturated_coverage(
        entries: _Entries, saturation: float, weights: _F64 | None, how: _How
    ) -> SubmodularObjective: ...
    @staticmethod
    def feature_based(
        entries: _Entries, weights: _F64 | None, concave: str, power: float, how: _How
    ) -> SubmodularObjective:
        """``power`` is used where ``concave`` is "power"."""

    @staticmethod
    def graph_cut(entries: _Entries, trade_off: float, how: _How) -> SubmodularObjective:
        """Entries in both directions."""

    @staticmethod
    def log_det(kernel: _F64, alpha: float, how: _How) -> SubmodularObjective: ...
    @staticmethod
    def log_det_of_vectors(vectors: _F32, alpha: float, how: _How) -> SubmodularObjective: ...
    @staticmethod
    def mixture(weights: list[float], parts: list[SubmodularObjective]) -> SubmodularObjective: ...
    @staticmethod
    def callable(
        n_elements: int,
        value: Callable[[_U32], float] | None,
        gains: Callable[[_U32, _U32], _F64] | None,
        name: Callable[[int], str],
        is_counting: bool,
    ) -> SubmodularObjective:
        """The functions are called on the thread of the call that asks, while it is attached."""

    @property
    def fingerprint(self) -> int: ...
    @property
    def violations(self) -> tuple[int, int]:
        """How often gains were seen to be negative, and to grow."""

    def evaluate(self, elements: _U32, how: _How) -> float: ...

def submodular_maximize(
    objective: SubmodularObjective,
    candidates: _U32 | None,
    quotas: _Quotas | None,
    k: int,
    method: str,
    eps: float,
    seed: int,
    how: _How,
) -> _Selection: ...
def select_committee(
    rankings: _Rankings,
    quotas: _Quotas | None,
    k: int,
    rule: str,
    top: int | None,
    unranked: str,
    is_exact: bool,
    how: _How,
) -> _Selection: ...
def mean_points(rankings: _Rankings, top: int | None, unranked: str, how: _How) -> tuple[_F64, _F64, float]:
    """Of each item the mean of its points and its standard error; how many rankings of equal weight tell as much."""

@final
class SubmodularMaximizer:
    """One call at a time works on it; others wait."""

    def __new__(
        cls,
        objective: SubmodularObjective,
        k: int,
        eps: float,
        strategy: str,
        guesses: str,
        stability: float,
        conflict: str,
        seed: int,
    ) -> SubmodularMaximizer: ...
    def insert(self, element: int) -> _Refused: ...
    def delete(self, element: int) -> _Refused: ...
    def update(self, deletions: _U32 | list[int], insertions: _U32 | list[int], how: _How) -> _Refused:
        """All or nothing: the deletions, then the insertions."""

    def apply(
        self, elements: _U32, is_insert: _Bool, every: int, batch: int, how: _How
    ) -> tuple[tuple[_U64, _U64, _F64, _F64, _F64, _U64, _U64, _F64] | None, _Refused]:
        """Columns step, n_live, value, upper_bound, ratio, calls, changed and micros of the log."""

    def solution(self, refine: bool, how: _How) -> _Selection: ...
    @property
    def value(self) -> float: ...
    @property
    def upper_bound(self) -> float: ...
    @property
    def certified_ratio(self) -> float: ...
    @property
    def n_live(self) -> int: ...
    @property
    def steps(self) -> int: ...
    @property
    def k(self) -> int: ...
    def is_live(self, element: int) -> bool: ...
    def live(self, how: _How) -> _U32: ...
    @property
    def counters(self) -> dict[str, int]: ...
    def set_k(self, k: int, how: _How) -> None: ...
    def to_bytes(self, how: _How) -> bytes: ...
    @staticmethod
    def from_bytes(objective: SubmodularObjective, data: bytes, how: _How) -> SubmodularMaximizer: ...

def aggregate_rankings(
    rankings: _Rankings, rule: str, parameter: float, normalise: str, unlisted: str, how: _How
) -> tuple[_F64, tuple[float, float, bool, int] | None]:
    """The score of each item; of Kemeny's rule disagreements, lower bound, is it proven, items of the largest part.

    ``parameter``: what "borda" trims, k of "rrf", damping of "mc4". Ranks are scores, negated, for rules on scores.
    """

def aggregate_by_query(
    rankings: _Rankings,
    queries: tuple[int, _U32],
    rule: str,
    parameter: float,
    normalise: str,
    unlisted: str,
    how: _How,
) -> tuple[_U32, _U32, _F64]:
    """Query, item and score of each row; of each row of ``rankings`` the query is given."""

def rank_correlation(a: _F64, b: _F64, method: str, p: float) -> float:
    """Of the ranks of the same items; for "rbo" NaN where a list lacks an item."""

# Query and item of each judgement, as keys, and its label.
_Judgements: TypeAlias = tuple[_U64, _U64, _F64]
# Query, item and score of each row; what goes first among equal scores, the least.
_RankedRows: TypeAlias = tuple[_U64, _U64, _F64, _F64 | None]
# Name, cut-off, least relevant label, parameter.
_Measure: TypeAlias = tuple[str, int | None, float | None, float | None]

def evaluate_run(
    judgements: _Judgements,
    ranked: _RankedRows,
    measures: list[_Measure],
    is_expected: bool,
    empty: str,
    skips_missing: bool,
    how: _How,
) -> tuple[_U32, _F64, _U32, _U32, _U32, tuple[bool, int, int] | None]:
    """Values of measures: a row per judged query, a column per measure, NaN where a query does not count.

    Returns (first judgement of each query, values, query of each judgement, query of each row or 2**32 - 1, row with
    the item of each judgement or 2**32 - 1, item that comes twice: whether in the run, earlier row, later row).
    """

def tied_rows(queries: _U64, scores: _F64, how: _How) -> _U32:
    """Rows whose score another row of their query has, query after query."""

def mean_intervals(
    values: _F64, n_columns: int, confidence: float, resamples: int, seed: int, how: _How
) -> tuple[_F64, _F64, _F64]:
    """Mean, lower and upper bound of each column; NaN does not count."""

def compare_paired(
    first: _F64, second: _F64, test: str, confidence: float, resamples: int, seed: int, how: _How
) -> tuple[float, float, float, float, int]:
    """Mean difference, its bounds, p, number of queries."""

def read_svmlight(text: _U8, most_bytes: int | None, how: _How) -> tuple[_F64, _U64, _U64, int, int, _F64]:
    """Lines of ``label qid:query feature:value ... # comment``.

    Returns (labels, byte ranges of queries and of comments, number of the first feature, number of features, a row of
    features per line). Errors name the line, counted from 0, as a row. A table of more than ``most_bytes`` is refused.
    """

# Authors, and per row: the position of its author, number, query, item, milliseconds since 1970.
_PeerRows: TypeAlias = tuple[list[str], _U32, _U64, list[str], list[str], NDArray[np.int64]]

@final
class PeerKey:
    def __new__(cls, seed: bytes) -> PeerKey: ...
    @property
    def id(self) -> str: ...
    def seed(self) -> bytes: ...

@final
class PeerReplica:
    """One peer's copy of everybody's logs. Times are milliseconds since 1970."""

    def __new__(cls, key: PeerKey, limits: dict[str, int]) -> PeerReplica: ...
    def open_log(self, path: str, how: _How) -> None: ...
    def close_log(self) -> None: ...
    def publish(
        self,
        queries: list[str],
        items: list[str],
        ts: list[int],
        results: list[list[str] | None],
        now: int,
        how: _How,
    ) -> int:
        """The number of the first row."""

    def ask(self, to: str, now: int, max_rows: int, max_bytes: int, share: float) -> bytes: ...
    def receive(self, frame: bytes, now: int) -> tuple[bytes | None, tuple[str, int, bool, bool] | None]:
        """The answer to a question; or who answered, rows accepted, whether there is more, whether it is busy."""

    def news(self) -> tuple[_PeerRows, list[str]]:
        """Rows accepted and authors banned since it was last asked."""

    def rows(self) -> _PeerRows: ...
    def prefer(self, authors: list[str]) -> None: ...
    def digest(self) -> bytes: ...
    def n_rows(self) -> int: ...
    def authors(self) -> list[str]: ...
    def banned(self) -> list[str]: ...
    def peers(self) -> list[str]: ...
    def counters(self) -> list[tuple[str, int]]: ...

@final
class PeerLinks:
    """Simulated links between peers by number; times are virtual milliseconds."""

    def __new__(
        cls, n_peers: int, now: int, loss: float, duplication: float, delay: tuple[int, int], seed: int
    ) -> PeerLinks: ...
    def now(self) -> int: ...
    def send(self, sender: int, to: int, frame: bytes) -> None: ...
    def take(self, until: int) -> tuple[int, int, int, bytes] | None:
        """When, from, to, what."""

    def set_parts(self, parts: list[int]) -> None: ...
    def set_up(self, peer: int, is_up: bool) -> None: ...
    def traffic(self) -> tuple[int, int, int]:
        """Frames sent, their bytes, frames lost."""

def peer_limits() -> list[tuple[str, int]]:
    """The limits and their defaults."""

@final
class ClickStore:
    """One peer's view of clicks. Users, queries and items are of kind 0, 1 and 2; the peer itself is user 0."""

    def __new__(cls, key: int, me: bytes, top_terms: int, half_life: float | None) -> ClickStore: ...
    def intern(self, kind: int, keys: _U64, how: _How) -> tuple[_U32, _U64, int]:
        """Codes of the keys, positions of new ones, which ``name`` is to be told next, and the number of named ids."""

    def rekey(self, kind: int, keys: _U64) -> bool: ...
    def name(self, kind: int, texts: _U8, offsets: _U64) -> None: ...
    def find(self, kind: int, texts: _U8, offsets: _U64) -> _U32: ...
    def ingest(
        self,
        users: _U32,
        queries: _U32,
        items: _U32,
        seqs: _U64 | None,
        times: _I64 | None,
        now: int,
        how: _How,
    ) -> tuple[int, int, int]:
        """Rows new, known, and clamped to ``now``."""

    def rank(
        self,
        query: bytes,
        k: int | None,
        mode: str,
        weighting: tuple[float, str, str, str],
        trust: tuple[_U32, _F64 | None] | None,
        how: _How,
    ) -> tuple[_U32, _F64] | None:
        """Items and scores, the best first; None if nobody asked the query or its words."""

    def popular(self, k: int | None) -> tuple[_U32, _F64]: ...
    def own_clicks(self, query: bytes) -> tuple[_U32, _F64]: ...
    def similarities(self, weighting: tuple[float, str, str, str]) -> tuple[_U32, _F64, _U32, _U32, _U32]: ...
    @property
    def counts(self) -> tuple[int, int, int, int]: ...
    def cells(self, how: _How) -> tuple[_U32, _U32, _U32, _U32, _F64]: ...
    def runs(self) -> tuple[_U32, _U64, _U64]: ...
    @property
    def tally(self) -> tuple[int, int, int, tuple[int, int] | None]:
        """Rows new, known and clamped; the time masses are relative to, and the newest one."""

    def restore(
        self,
        cells: tuple[_U32, _U32, _U32, _U32, _F64],
        runs: tuple[_U32, _U64, _U64],
        tally: tuple[int, int, int, tuple[int, int] | None],
        how: _How,
    ) -> None: ...

def simulate_network(
    catalogue: tuple[_U32, _U32, _U32, _U32, _F64 | None],
    n_peers: int,
    gossip: str,
    learns_requester: bool,
    shares: tuple[float, float],
    every: int,
    mode: str,
    weighting: tuple[float, str, str, str],
    attack: tuple[str, int, int, int, float, float] | None,
    ticks: int,
    seed: int,
    how: _How,
) -> list[tuple[str, _U64 | _F64]]:
    """Names and columns of the probes, one row each; ``shares`` are bootstrap and noise."""

def exploration_swap(query: bytes, n: int, probability: float, seed: int) -> tuple[int, int] | None:
    """The two places that swap in a ranking of ``n`` items, if any do."""

@final
class Archive:
    """A file of named byte arrays, checked and memory-mapped."""

    @staticmethod
    def open(kind: str, path: str, how: _How) -> Archive:
        """What ``save_archive`` wrote under the same ``kind``."""

    def part(self, name: str) -> _U8:
        """A read-only view of a part, aligned to 64 bytes; raises CorruptFileError if there is none."""

def save_archive(kind: str, parts: list[tuple[str, _U8]], path: str, how: _How) -> None:
    """Writes named parts (at most 8 letters each); ``kind`` says what they are in words: "an embedding"."""

def text_keys(texts: _U8, offsets: _U64, how: _How) -> _U64:
    """XXH3-64 of ``texts[offsets[i]:offsets[i + 1]]`` for every i."""

def first_appearances(src: _U64, dst: _U64, how: _How) -> tuple[_U32, _U32, _U64]:
    """Numbers the distinct keys of both columns in the order in which they first appear.

    Returns (number of every ``src``, number of every ``dst``, position of each number's first key); positions count
    on from ``src`` to ``dst``.
    """

def num_threads() -> int: ...
def set_num_threads(n: int | None) -> None:
    """None returns to the default: GRAPHRANK_NUM_THREADS, RAYON_NUM_THREADS, then the cores this process may use."""

def _debug_spin(seconds: float, how: _How) -> None:
    """Work that only stops when told to: the boundary tests interrupt it."""

def _debug_panic(how: _How) -> None:
    """Panics on a worker thread: the boundary tests see InternalError."""
