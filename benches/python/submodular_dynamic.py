"""The cases of ``submodular.py`` in which candidates come and go.

Elements cover themselves and their neighbours in a graph whose degrees fall as those of preferential attachment do.
Times are per update, each of them a call from Python, unless a case says otherwise. The peers have no deletion, so what
they can do is begin again: as the greedy strategy does, and as sieve-streaming does for what it has stored.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

import graphrank as gr
from common.report import Target
from common.runner import Options, Results
from common.timing import Case, Contender, Quality
from graphrank.submodular import Coverage

OURS = "graphrank"
K = 50
CHECKPOINTS = 16

Ints = NDArray[np.int64]
Operations = tuple[Ints, Ints]
"""Elements, and 1 or -1 for each."""


def cases(options: Options) -> list[Case]:
    sizes = (10_000, 100_000) if options.quick else (10_000, 1_000_000)
    streams = [_stream(name, n) for n in sizes for name in ("window", "degree")]
    return [*streams, _frame(sizes[-1]), _shown(2_000, 10), _shown(20_000, K)]


def _coverage(n: int) -> tuple[Coverage, Ints]:
    """Closed neighbourhoods, and their sizes."""
    rng = np.random.default_rng(n)
    one = np.repeat(np.arange(n), 4)
    # Of density 1/sqrt(rank): degrees have the exponent 3.
    other = rng.permutation(n)[(n * rng.random(len(one)) ** 2).astype(np.int64)]
    graph = gr.Graph.from_edges(
        (one, other), directed=False, self_loops="drop", nodes=pl.Series("id", np.arange(n))
    )
    return Coverage.from_graph(graph, closed=True), graph.degrees()["out_degree"].to_numpy()


def _operations(name: str, sizes: Ints) -> Operations:
    n = len(sizes)
    if name == "degree":
        gone = np.argsort(-sizes, kind="stable")
        return np.concatenate((np.arange(n), gone)), np.repeat([1, -1], n)
    width = n // 2
    elements = np.empty(2 * n - width, dtype=np.int64)
    ops = np.ones(len(elements), dtype=np.int64)
    elements[:width] = np.arange(width)
    elements[width::2], ops[width::2] = np.arange(n - width), -1
    elements[width + 1 :: 2] = np.arange(width, n)
    return elements, ops


_STREAMS = {
    "window": "half of all come, then one goes for each that comes",
    "degree": "all come, then go, the largest first",
}


@dataclass(frozen=True)
class _Run:
    """A maximizer at the end of a stream, and what each update took."""

    best: gr.DynamicMaximizer
    seconds: NDArray[np.float64]


def _stream(name: str, n: int) -> Case:
    def contenders() -> list[Contender]:
        objective, sizes = _coverage(n)
        elements, ops = _operations(name, sizes)

        def all_of_it() -> Callable[[], _Run]:
            return lambda: _timed(gr.DynamicMaximizer(objective, K), elements, ops)

        def from_half_way(strategy: str, n_updates: int) -> Callable[[], Callable[[], _Run]]:
            start = len(elements) // 2
            some = slice(start, start + n_updates)

            def prepare() -> Callable[[], _Run]:
                best = gr.DynamicMaximizer(objective, K, strategy=strategy)
                best.extend(_live(elements[:start], ops[:start]))
                state = best.to_bytes()

                def call() -> _Run:
                    resumed = gr.DynamicMaximizer.from_bytes(state, objective)
                    return _timed(resumed, elements[some], ops[some])

                return call

            return prepare

        def check(run: _Run) -> Quality:
            return _latency(run) | _followed(objective, elements, ops)

        def per(run: _Run) -> float:
            return float(len(run.seconds))

        return [
            Contender(OURS, all_of_it, check, per),
            Contender(
                "polylog", from_half_way("polylog", 1_000), _latency, per, "1,000 updates from half way"
            ),
            Contender(
                "sieve again", from_half_way("sieve", 1_000), _latency, per, "1,000 updates from half way"
            ),
            Contender(
                "lazy greedy again", from_half_way("greedy", 50), _latency, per, "50 updates from half way"
            ),
        ]

    return Case(f"{name}-{n}", f"coverage, {n:,} elements, k = {K}: {_STREAMS[name]}; per update", contenders)


def _live(elements: Ints, ops: Ints) -> Ints:
    counts = np.bincount(elements, weights=ops)
    return np.flatnonzero(counts)


def _timed(best: gr.DynamicMaximizer, elements: Ints, ops: Ints) -> _Run:
    seconds = np.empty(len(elements))
    insert, delete, now = best.insert, best.delete, time.perf_counter
    for i, (element, op) in enumerate(zip(elements.tolist(), ops.tolist(), strict=True)):
        start = now()
        if op > 0:
            insert(element)
        else:
            delete(element)
        seconds[i] = now() - start
    return _Run(best, seconds)


def _latency(run: _Run) -> Quality:
    micros = run.seconds * 1e6
    mean, p50, p99 = micros.mean(), *np.quantile(micros, (0.5, 0.99))
    return {
        "mean us": f"{mean:.2f}",
        "p50 us": f"{p50:.2f}",
        "p99 us": f"{p99:.2f}",
        "max ms": f"{micros.max() / 1e3:.2f}",
    }


def _followed(objective: Coverage, elements: Ints, ops: Ints) -> Quality:
    """What the solutions were worth, at some moments beside lazy greedy; certificates after every 100th update."""
    best = gr.DynamicMaximizer(objective, K)
    values, refined, logs = [], [], []
    for part in _parts(len(elements)):
        frame = pl.DataFrame({"op": ops[part], "element": elements[part]})
        logs.append(best.apply(frame, every=100))
        if len(best) > 2 * K:
            greedy = gr.maximize(objective, K, candidates=best.candidates).value
            values.append(best.value / greedy)
            refined.append(best.solution(refine=True)["gain"].sum() / greedy)
    log = pl.concat(logs)
    ratio = log.filter(pl.col("n_live") > 0)["ratio"].to_numpy()
    return {
        "calls": f"{best.oracle_calls / len(elements):.3f}",
        "of greedy": f"{np.mean(values):.4f}",
        "(least)": f"{np.min(values):.4f}",
        "refined": f"{np.mean(refined):.4f}",
        "certified": f"{ratio.mean():.3f}",
        "(least certified)": f"{ratio.min():.3f}",
    }


def _parts(n: int) -> Iterator[slice]:
    ends = np.linspace(0, n, CHECKPOINTS + 1).astype(int)
    return (slice(*ends) for ends in pairwise(ends))


def _frame(n: int) -> Case:
    def contenders() -> list[Contender]:
        objective, sizes = _coverage(n)
        elements, ops = (part[:n] for part in _operations("window", sizes))
        frame = pl.DataFrame({"op": ops, "element": elements})

        def run() -> pl.DataFrame:
            return gr.DynamicMaximizer(objective, K).apply(frame)

        return [Contender(OURS, lambda: run, lambda log: {"rows of the log": len(log)})]

    return Case(f"frame-{n}", f"{n:,} operations from a Polars frame, from end to end", contenders)


def _shown(n: int, k: int) -> Case:
    """Whoever sees the solution deletes one of its elements, again and again."""

    def contenders() -> list[Contender]:
        objective, _ = _coverage(n)

        def attack() -> list[float]:
            rng = np.random.default_rng(0)
            best = gr.DynamicMaximizer(objective, k)
            best.extend(objective.ids)
            shares = []
            for _ in range(1_000):
                shown = best.solution()["element"]
                best.delete(shown[int(rng.integers(len(shown)))])
                greedy = gr.maximize(objective, k, candidates=best.candidates).value
                shares.append(best.value / greedy)
            return shares

        def check(shares: list[float]) -> Quality:
            return {"of greedy": f"{np.mean(shares):.4f}", "(least)": f"{np.min(shares):.4f}"}

        return [Contender(OURS, lambda: attack, check)]

    return Case(f"shown-{n}", f"{n:,} elements, k = {k}: what is shown is deleted, 1,000 times", contenders)


def targets(results: Results) -> list[Target]:
    found = []
    for case, rows in results.items():
        ours, quality = rows[OURS], rows[OURS].quality
        kind, _, size = case.rpartition("-")
        if kind in ("window", "degree") and size != "10000":
            found += [
                Target(f"{case}: mean, us", float(quality["mean us"]), 5, at_most=True),
                Target(f"{case}: 99 of 100 updates, us", float(quality["p99 us"]), 20, at_most=True),
                Target(f"{case}: longest update, ms", float(quality["max ms"]), 20, at_most=True),
                Target(f"{case}: share of greedy's value", float(quality["of greedy"]), 0.97),
                Target(f"{case}: the same, refined", float(quality["refined"]), 0.99),
            ]
            if rows["lazy greedy again"].seconds:
                ratio = rows["lazy greedy again"].fastest / ours.fastest
                found.append(Target(f"{case}: lazy greedy again / ours", ratio, 1_000))
            few = results.get(f"{kind}-10000")
            if few is not None:
                growth = float(quality["calls"]) / float(few[OURS].quality["calls"])
                found.append(Target(f"{case}: calls per update / with 10,000", growth, 1.5, at_most=True))
        if kind == "frame":
            found.append(Target(f"{case}: seconds", ours.fastest, 3, at_most=True))
        if kind == "shown":
            found.append(Target(f"{case}: least share of greedy's value", float(quality["(least)"]), 0.8))
    return found
