"""The cases of ``submodular.py`` in which candidates do not change.

Everybody begins with the matrix of similarities, or the sets, in the form that library likes best, and ends with the
elements; values are computed here, from the elements alone.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from common.report import Target, cost
from common.runner import Options, Results
from common.timing import Case, Contender, NotRun, Quality

OURS, APRICOT, SUBMODLIB, PLAIN = "graphrank", "apricot, lazy", "submodlib, lazy", "NumPy, lazy"

Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Job:
    """What is selected: the value of elements, and how each contender finds them."""

    name: str
    title: str
    load: Callable[[], Any]
    value: Callable[[Any, Ints], float]
    ways: dict[str, Callable[[Any], Callable[[], Ints]]]


def cases(options: Options) -> list[Case]:
    jobs = [_dense(2_000), _dense(5_000), _sparse(20_000, 100, options), _covering(5_000)]
    if not options.quick:
        jobs.append(_sparse(1_000_000, 1_000, options))
    return [_case(job) for job in jobs]


def _case(job: Job) -> Case:
    def contenders() -> list[Contender]:
        data = job.load()
        check = partial(_quality, job, data)
        return [Contender(name, partial(way, data), check) for name, way in job.ways.items()]

    return Case(job.name, job.title, contenders)


def _quality(job: Job, data: Any, elements: Ints) -> Quality:
    return {"value": f"{job.value(data, np.asarray(elements)):,.2f}", "elements": len(elements)}


def _dense(n: int) -> Job:
    """Points of a normal distribution, similar by a radial kernel; everyone is a client."""

    def load() -> NDArray[np.float64]:
        points = np.random.default_rng(0).normal(size=(n, 16))
        squares = (points**2).sum(axis=1)
        distances = np.maximum(0, squares[:, None] + squares - 2 * points @ points.T)
        similar = np.exp(-distances / np.median(distances))
        return (similar + similar.T) / 2

    return Job(
        f"facility-location-{n}",
        f"facility location on a full matrix of {n:,} elements and clients, k = 50, from the matrix on",
        load,
        lambda similar, elements: float(similar[elements].max(axis=0).sum()),
        {
            OURS: lambda similar: _ours_dense(similar, 50),
            APRICOT: lambda similar: _apricot_facility(similar, 50),
            SUBMODLIB: lambda similar: _submodlib_dense(similar, 50),
            PLAIN: lambda similar: _plain_dense(similar, 50),
        },
    )


def _ours_dense(similar: NDArray[np.float64], k: int) -> Callable[[], Ints]:
    import graphrank as gr
    from graphrank.submodular import FacilityLocation

    matrix = similar.astype(np.float32)

    def select() -> Ints:
        return gr.maximize(FacilityLocation(matrix), k).elements.to_numpy()

    return select


def _apricot_facility(similar: Any, k: int) -> Callable[[], Ints]:
    _is_there("apricot")
    from apricot import FacilityLocationSelection

    def select() -> Ints:
        return FacilityLocationSelection(k, metric="precomputed", optimizer="lazy").fit(similar).ranking

    return select


def _submodlib_sparse(similar: sp.csr_array, k: int) -> Callable[[], Ints]:
    _is_there("submodlib")
    from submodlib import FacilityLocationFunction

    n = similar.shape[0]

    def select() -> Ints:
        function = FacilityLocationFunction(n=n, mode="sparse", sijs=sp.csr_matrix(similar), num_neighbors=32)
        return _elements(function.maximize(budget=k, optimizer="LazyGreedy", show_progress=False))

    return select


def _submodlib_dense(similar: NDArray[np.float64], k: int) -> Callable[[], Ints]:
    _is_there("submodlib")
    from submodlib import FacilityLocationFunction

    matrix = similar.astype(np.float32)
    n = len(matrix)

    def select() -> Ints:
        function = FacilityLocationFunction(n=n, mode="dense", separate_rep=False, sijs=matrix)
        return _elements(function.maximize(budget=k, optimizer="LazyGreedy", show_progress=False))

    return select


def _plain_dense(similar: NDArray[np.float64], k: int) -> Callable[[], Ints]:
    matrix = similar.astype(np.float32)

    def select() -> Ints:
        served = np.zeros(len(matrix), dtype=np.float32)
        bounds = matrix.sum(axis=1, dtype=np.float64)
        picks: list[int] = []
        while len(picks) < k:
            is_fresh = np.zeros(len(matrix), dtype=np.bool_)
            while not is_fresh[best := int(bounds.argmax())]:
                bounds[best] = np.maximum(matrix[best] - served, 0).sum(dtype=np.float64)
                is_fresh[best] = True
            np.maximum(served, matrix[best], out=served)
            bounds[best] = -1
            picks.append(best)
        return np.array(picks)

    return select


def _sparse(n: int, k: int, options: Options) -> Job:
    """Points in a square and their nearest neighbours."""

    def load() -> sp.csr_array:
        from scipy.spatial import cKDTree

        points = np.random.default_rng(0).random((n, 2))
        far, near = cKDTree(points).query(points, k=32)
        score = np.exp(-((far / far[:, -1:].mean()) ** 2))
        starts = (np.arange(n + 1) * 32).astype(np.int32)
        return sp.csr_array((score.ravel(), near.ravel().astype(np.int32), starts), shape=(n, n))

    ways = {OURS: lambda similar: _ours_sparse(similar, k)}
    if n <= 20_000 or options.long:
        ways[APRICOT] = lambda similar: _apricot_facility(sp.csr_matrix(similar), k)
    if n <= 20_000 and options.long:
        ways[SUBMODLIB] = lambda similar: _submodlib_sparse(similar, k)
    return Job(
        f"facility-location-sparse-{n}",
        f"facility location on the 32 nearest neighbours of {n:,} elements, k = {k:,}, from the SciPy matrix on",
        load,
        lambda similar, elements: float(similar[elements].max(axis=0).sum()),
        ways,
    )


def _ours_sparse(similar: sp.csr_array, k: int) -> Callable[[], Ints]:
    import graphrank as gr
    from graphrank.submodular import FacilityLocation

    def select() -> Ints:
        return gr.maximize(FacilityLocation(similar), k).elements.to_numpy()

    return select


def _covering(n: int) -> Job:
    """Sets of items, few of which are in most sets."""

    def load() -> sp.csr_array:
        rng = np.random.default_rng(0)
        sizes = np.minimum(n // 10, rng.zipf(1.8, n))
        chances = 1 / np.arange(1, n + 1) ** 0.6
        items = rng.choice(n, size=sizes.sum(), p=chances / chances.sum())
        sets = sp.coo_array(
            (np.ones(len(items)), (np.repeat(np.arange(n), sizes), items)), shape=(n, n)
        ).tocsr()
        sets.data[:] = 1
        return sets

    return Job(
        f"coverage-{n}",
        f"coverage by {n:,} sets of {n:,} items, k = 50, from the SciPy matrix on (lists for submodlib)",
        load,
        lambda sets, elements: float((sets[elements].sum(axis=0) > 0).sum()),
        {OURS: _ours_covering, APRICOT: _apricot_covering, SUBMODLIB: _submodlib_covering},
    )


def _ours_covering(sets: sp.csr_array) -> Callable[[], Ints]:
    import graphrank as gr
    from graphrank.submodular import Coverage

    def select() -> Ints:
        return gr.maximize(Coverage(sets), 50).elements.to_numpy()

    return select


def _apricot_covering(sets: sp.csr_array) -> Callable[[], Ints]:
    _is_there("apricot")
    from apricot import MaxCoverageSelection

    matrix = sp.csr_matrix(sets)
    # It knows no wider ones.
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    return lambda: MaxCoverageSelection(50, optimizer="lazy").fit(matrix).ranking


def _submodlib_covering(sets: sp.csr_array) -> Callable[[], Ints]:
    _is_there("submodlib")
    from submodlib import SetCoverFunction

    n = sets.shape[0]
    lists = [set(sets.indices[sets.indptr[i] : sets.indptr[i + 1]].tolist()) for i in range(n)]

    def select() -> Ints:
        function = SetCoverFunction(n=n, cover_set=lists, num_concepts=n)
        return _elements(function.maximize(budget=50, optimizer="LazyGreedy", show_progress=False))

    return select


def _elements(pairs: list[tuple[int, float]]) -> Ints:
    return np.array([element for element, _ in pairs])


def _is_there(package: str) -> None:
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise NotRun(f"{package} is not installed")
    # Both keep threads of NumPy's and numba's busy otherwise.
    os.environ.setdefault("NUMBA_NUM_THREADS", os.environ["GRAPHRANK_NUM_THREADS"])


_FASTER = {APRICOT: 10, SUBMODLIB: 2}


def targets(results: Results, options: Options) -> list[Target]:
    found: list[Target] = []
    for case, rows in results.items():
        ours = rows.get(OURS)
        if ours is None or not case.startswith(("facility", "coverage")):
            continue
        for peer in (APRICOT, SUBMODLIB):
            if peer not in rows:
                continue
            if case == "facility-location-5000":
                ratio = cost(rows[peer], options.threads) / cost(ours, options.threads)
                found.append(Target(f"{case}: {peer} / ours", ratio, _FASTER[peer]))
            share = _number(ours.quality["value"]) / _number(rows[peer].quality["value"])
            found.append(Target(f"{case}: value / that of {peer}", share, 0.9999))
        if case == "facility-location-sparse-1000000":
            seconds = cost(ours, options.threads)
            found.append(Target(f"{case}: seconds", seconds, 5, at_most=True))
    return found


def _number(text: float | int | str) -> float:
    return float(str(text).replace(",", ""))
