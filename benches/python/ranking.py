"""Rankings from the clicks of peers: the store of one of them, and networks of many, with and without attackers.

There is no library to compare with: the thesis's program takes minutes to hours for a network, and measures no ranking.
With ``GRAPHRANK_DATA`` set, the thesis's own catalogue (grank_pandacd_253.csv in that folder) is used too.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import graphrank as gr
from common.report import Target
from common.runner import Options, Results, run
from common.timing import Case, Contender, Quality
from graphrank.ranking import ClicklogInflation, ClickStore, EpicSybil, Network, Promotion, TargetedSybil

OURS = "graphrank"
MODES = ("paper", "robust", "cosine", "popularity", "dinx", "panache", "maay")


def make_cases(options: Options) -> list[Case]:
    n_rows, n_seeds = (100_000, 2) if options.quick else (1_000_000, 5)
    return [
        _store(n_rows),
        Case(
            "network",
            "the thesis's experiment: 100 peers, 10,000 ticks, all probes",
            lambda: [_contender(_thesis, _no_quality)],
        ),
        _replay(n_seeds),
        _tastes(2 if options.quick else 10),
    ]


def _contender(call: Callable[[], Any], quality: Callable[[Any], Quality]) -> Contender:
    return Contender(OURS, lambda: call, quality)


def _no_quality(_: Any) -> Quality:
    return {}


# --- one store ----------------------------------------------------------------------------------------------------


def clicks(n_rows: int) -> pl.DataFrame:
    """Users, queries and the places of items by Zipf's law; four in five rows are the first of their kind."""
    rng = np.random.default_rng(0)

    def drawn(n: int, exponent: float) -> Any:
        weights = np.arange(1, n + 1) ** -exponent
        return rng.choice(n, n_rows, p=weights / weights.sum())

    users, queries, ranks = drawn(2_000, 0.8), drawn(5_000, 1.0), drawn(100, 1.0)
    items = (37 * queries + ranks * (queries % 13 + 1)) % 60_000
    names = zip(("user", "query", "item"), (users, queries, items), strict=True)
    frame = pl.DataFrame([_named(name, ids) for name, ids in names])
    return frame.with_columns(seq=pl.int_range(pl.len()).over("user"))


def _named(name: str, ids: Any) -> pl.Series:
    return (pl.Series(name, [f"{name}-"]).new_from_index(0, len(ids)) + pl.Series(ids).cast(pl.String)).alias(
        name
    )


def _store(n_rows: int) -> Case:
    def load() -> list[Contender]:
        frame = clicks(n_rows)

        def ingest() -> ClickStore:
            store = ClickStore("user-0")
            store.ingest(frame)
            return store

        return [Contender(OURS, lambda: ingest, partial(_store_quality, frame))]

    return Case("store", f"a store takes {n_rows:,} rows, texts as ids", load)


def _store_quality(frame: pl.DataFrame, store: ClickStore) -> Quality:
    queries = frame["query"].sample(1000, seed=1).to_list()
    quality: Quality = {"bytes/row": _bytes_per_row(frame)}
    for mode in MODES:
        store.rank(queries[0], mode=mode)
        quality[f"{mode} p99 ms"] = float(
            np.percentile([_cpu_ms(store, query, mode) for query in queries], 99)
        )
    return quality


def _cpu_ms(store: ClickStore, query: str, mode: Any) -> float:
    start = time.thread_time()
    store.rank(query, mode=mode)
    return (time.thread_time() - start) * 1e3


def _bytes_per_row(frame: pl.DataFrame) -> float:
    """Memory that a process gets back when it drops a store; what reading the table left behind is not of the store."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clicks.parquet"
        frame.write_parquet(path)
        code = (
            "import sys, ctypes, gc, polars as pl, graphrank as gr\n"
            "def rss():\n"
            "    gc.collect()\n"
            "    ctypes.CDLL('libc.so.6').malloc_trim(0)\n"
            "    line = next(l for l in open('/proc/self/status') if l.startswith('VmRSS'))\n"
            "    return int(line.split()[1]) * 1024\n"
            "rows = pl.scan_parquet(sys.argv[1])\n"
            "n, store = rows.select(pl.len()).collect().item(), gr.ranking.ClickStore('user-0')\n"
            "for start in range(0, n, n // 20):\n"
            "    store.ingest(rows.slice(start, n // 20))\n"
            "with_store = rss()\n"
            "del store\n"
            "print((with_store - rss()) / n)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
        )
    return float(done.stdout)


# --- networks -----------------------------------------------------------------------------------------------------


def catalogue() -> pl.DataFrame | None:
    """The thesis's, if it is there."""
    path = Path(os.environ.get("GRAPHRANK_DATA", "")) / "grank_pandacd_253.csv"
    if not path.is_file():
        return None
    table = pl.read_csv(path)
    tags = [re.findall(r"'([^']+)'", text) for text in table["tags"]]
    return pl.DataFrame({"item": table[table.columns[0]], "tags": tags})


def _thesis() -> pl.DataFrame:
    return Network(catalogue=catalogue()).run().to_polars()


def _replay(n_seeds: int) -> Case:
    def all_runs() -> dict[str, list[pl.DataFrame]]:
        kinds: dict[str, dict[str, Any]] = {
            "pull": {},
            "push": {"gossip": "push"},
            "targeted": {"attack": TargetedSybil()},
            "inflation": {"attack": ClicklogInflation()},
            "epic": {"attack": EpicSybil()},
            "targeted push": {"attack": TargetedSybil(), "gossip": "push"},
            "deaf": {"learns_requester": False},
        }
        items = catalogue()
        return {
            kind: [
                Network(catalogue=items, seed=seed, **options).run().to_polars() for seed in range(n_seeds)
            ]
            for kind, options in kinds.items()
        }

    title = f"footrule in the thesis's experiment, {n_seeds} seeds (its own or a made-up catalogue)"
    return Case("replay", title, lambda: [_contender(all_runs, _replay_quality)])


def _replay_quality(runs: dict[str, list[pl.DataFrame]]) -> Quality:
    def last(kind: str) -> list[float]:
        return [run["footrule"][-1] for run in runs[kind]]

    starts = [run["footrule"][0] for run in runs["pull"]]
    quality: Quality = {"start least": min(starts), "start most": max(starts)}
    for kind in ("pull", "push"):
        quality[f"{kind} all at 0 by"] = max(map(_agreed_by, runs[kind]))
    for kind in ("targeted", "inflation", "epic", "targeted push", "deaf"):
        quality[f"{kind} least"], quality[f"{kind} most"] = min(last(kind)), max(last(kind))
    quality["bytes less"] = min(map(_bytes_less, runs["pull"]))
    quality["bytes less at the end"] = min(_bytes_less(run.tail(10)) for run in runs["pull"])
    return quality


def _agreed_by(run: pl.DataFrame) -> float:
    """The first round with all peers at 0; infinite if there is none."""
    rounds = run.filter(pl.col("footrule_max") == 0)["round"]
    return float(rounds[0]) if len(rounds) else float("inf")


def _bytes_less(run: pl.DataFrame) -> float:
    suffix, versions = run.select(pl.col("bytes_suffix", "bytes_versions").sum()).row(0)
    return float(suffix / versions)


def _tastes(n_seeds: int) -> Case:
    def all_runs() -> dict[tuple[str, bool], list[tuple[float, float]]]:
        attack = Promotion(30, camouflage=10)
        return {
            (mode, attacked): [_shown(seed, mode, attack if attacked else None) for seed in range(n_seeds)]
            for mode in ("paper", "robust")
            for attacked in (False, True)
        }

    title = f"planted tastes, {n_seeds} seeds: nDCG@10, and the place of what 30 attackers promote"
    return Case("tastes", title, lambda: [_contender(all_runs, _tastes_quality)])


def _shown(seed: int, mode: Any, attack: Promotion | None) -> tuple[float, float]:
    """NDCG and spam rank at the end, when all know nearly all."""
    tastes = gr.ranking.planted_tastes(seed=seed)
    probes = Network(tastes=tastes, mode=mode, attack=attack, every=6000, seed=seed).run(6000).to_polars()
    return probes["ndcg"][-1], probes["spam_rank"][-1] or float("nan")


def _tastes_quality(runs: dict[tuple[str, bool], list[tuple[float, float]]]) -> Quality:
    found = {key: np.array(values) for key, values in runs.items()}
    gain = found["robust", False][:, 0] - found["paper", False][:, 0]
    higher = found["robust", True][:, 1] - found["paper", True][:, 1]
    return {
        "paper nDCG": float(found["paper", False][:, 0].mean()),
        "robust nDCG": float(found["robust", False][:, 0].mean()),
        "gain": float(gain.mean()),
        "gain p": _p_value(gain),
        "paper spam": float(found["paper", True][:, 1].mean()),
        "robust spam": float(found["robust", True][:, 1].mean()),
        "spam p": _p_value(higher),
        "robust nDCG attacked": float(found["robust", True][:, 0].mean()),
    }


def _p_value(differences: Any) -> float:
    """The share of all signs of the differences whose sum is as large: an exact test of one side."""
    n = len(differences)
    signs = 1 - 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
    return float(np.mean(signs @ differences >= differences.sum() - 1e-12))


def make_targets(results: Results, options: Options) -> list[Target]:
    targets: list[Target] = []

    def add(case: str, name: str, required: float, *, at_most: bool = False) -> None:
        quality = results.get(case, {})
        if OURS in quality:
            measured = float(quality[OURS].quality[name])
            targets.append(Target(f"{case}: {name}", measured, required, at_most=at_most))

    if OURS in results.get("store", {}):
        n_rows = 100_000 if options.quick else 1_000_000
        targets.append(Target("store: rows per second", n_rows / results["store"][OURS].cpu, 1e6))
    if OURS in results.get("network", {}):
        targets.append(Target("network: seconds", results["network"][OURS].fastest, 1.0, at_most=True))
    add("store", "bytes/row", 64, at_most=True)
    for mode in ("paper", "robust"):
        add("store", f"{mode} p99 ms", 1, at_most=True)
    add("replay", "start least", 140)
    add("replay", "start most", 155, at_most=True)
    add("replay", "pull all at 0 by", 45, at_most=True)
    add("replay", "push all at 0 by", 25, at_most=True)
    for kind, least, most in (("targeted", 35, 80), ("inflation", 55, 70), ("targeted push", 40, 50)):
        add("replay", f"{kind} least", least)
        add("replay", f"{kind} most", most, at_most=True)
    add("replay", "deaf least", 100)
    add("replay", "bytes less at the end", 50)
    add("tastes", "gain", 0.015)
    add("tastes", "gain p", 0.01, at_most=True)
    add("tastes", "robust spam", 5)
    add("tastes", "paper spam", 2, at_most=True)
    add("tastes", "spam p", 0.01, at_most=True)
    return targets


if __name__ == "__main__":
    run("ranking", __doc__, make_cases, make_targets)
