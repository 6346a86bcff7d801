"""Five measures of a run from Polars frames: graphrank, pytrec_eval, ir-measures, ranx; nDCG beside LightGBM's.

2,000 queries with 100 ranked and 15 judged items each, string ids, no equal scores. What is timed begins with the
frames: the dicts that pytrec_eval and ir-measures want, and the objects of ranx, are part of the job; what they take on
their own is printed as well, with dicts and objects made before. ``off`` is the largest difference of a mean from that
of pytrec_eval (of nDCG with exponential gains: from LightGBM's).
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from common.report import Target, cost
from common.runner import Options, Results, run
from common.timing import Case, Contender, Quality

MEASURES = ("ndcg@10", "map", "mrr", "recall@100", "precision@10")
OURS = "graphrank"
TREC = "pytrec_eval"
IR = "ir-measures"
RANX = "ranx"
READY = ", made before"
LIGHTGBM = "LightGBM"


class Tables:
    """Judgements and a run."""

    def __init__(self, n_queries: int, n_items: int = 100, n_judged: int = 15) -> None:
        rng = np.random.default_rng(0)
        query = np.repeat(np.arange(n_queries), n_items)
        item = np.concatenate([rng.choice(100_000, n_items, replace=False) for _ in range(n_queries)])
        self.run = pl.DataFrame(
            {
                "query": [f"query-{i}" for i in query],
                "item": [f"doc-{i:07d}" for i in item],
                "score": rng.permutation(len(query)) / len(query),
            }
        )
        rows = [i * n_items + rng.choice(n_items, n_judged, replace=False) for i in range(n_queries)]
        self.qrels = self.run.select("query", "item")[np.concatenate(rows)].with_columns(
            label=pl.Series(rng.integers(0, 4, n_queries * n_judged))
        )

    @cache  # noqa: B019 - as long as the benchmark runs
    def right(self) -> tuple[float, ...]:
        return _trec_values(nested(self.qrels, "label"), nested(self.run, "score"))


def nested(frame: pl.DataFrame, value: str) -> dict[str, dict[str, Any]]:
    """``{query: {item: value}}``, by the fastest way that we know."""
    groups = frame.group_by("query", maintain_order=True).agg("item", value)
    columns = (groups[name].to_list() for name in ("query", "item", value))
    return {
        query: dict(zip(items, values, strict=True)) for query, items, values in zip(*columns, strict=True)
    }


def _trec_values(qrels: dict[str, Any], ranked: dict[str, Any]) -> tuple[float, ...]:
    import pytrec_eval

    names = {"ndcg_cut.10", "map", "recip_rank", "recall.100", "P.10"}
    of = pytrec_eval.RelevanceEvaluator(qrels, names).evaluate(ranked).values()
    columns = ("ndcg_cut_10", "map", "recip_rank", "recall_100", "P_10")
    return tuple(sum(values[name] for values in of) / len(of) for name in columns)


def _ir_values(qrels: dict[str, Any], ranked: dict[str, Any]) -> tuple[float, ...]:
    import ir_measures

    wanted = [ir_measures.nDCG @ 10, ir_measures.AP, ir_measures.RR, ir_measures.R @ 100, ir_measures.P @ 10]
    found = ir_measures.calc_aggregate(wanted, qrels, ranked)
    return tuple(found[measure] for measure in wanted)


def _ranx_values(qrels: Any, ranked: Any) -> tuple[float, ...]:
    import ranx

    wanted = list(MEASURES)
    found = ranx.evaluate(qrels, ranked, wanted, make_comparable=False)
    return tuple(found[name] for name in wanted)


def _ranx_objects(tables: Tables) -> tuple[Any, Any]:
    import ranx

    return ranx.Qrels(nested(tables.qrels, "label")), ranx.Run(nested(tables.run, "score"))


def _ours(tables: Tables) -> tuple[float, ...]:
    import graphrank

    return tuple(graphrank.evaluate(tables.qrels, tables.run, MEASURES)["value"])


def _dicts(tables: Tables) -> tuple[dict[str, Any], dict[str, Any]]:
    return nested(tables.qrels, "label"), nested(tables.run, "score")


def _made(make: Callable[[Tables], Any], ask: Callable[..., Any]) -> Callable[[Tables], Callable[[], Any]]:
    def prepare(tables: Tables) -> Callable[[], Any]:
        made = make(tables)
        return lambda: ask(*made)

    return prepare


_WAYS: dict[str, Callable[[Tables], Callable[[], Any]]] = {
    OURS: lambda tables: lambda: _ours(tables),
    TREC: lambda tables: lambda: _trec_values(*_dicts(tables)),
    IR: lambda tables: lambda: _ir_values(*_dicts(tables)),
    RANX: lambda tables: lambda: _ranx_values(*_ranx_objects(tables)),
    TREC + READY: _made(_dicts, _trec_values),
    IR + READY: _made(_dicts, _ir_values),
    RANX + READY: _made(_ranx_objects, _ranx_values),
}


def _five(n_queries: int) -> Case:
    def load() -> list[Contender]:
        tables = Tables(n_queries)

        def check(found: tuple[float, ...]) -> Quality:
            return {"off": max(abs(a - b) for a, b in zip(found, tables.right(), strict=True))}

        return [Contender(name, lambda way=way: way(tables), check) for name, way in _WAYS.items()]

    return Case("five", f"five: {', '.join(MEASURES)} of {n_queries * 100:,} rows", load)


def _exponential(n_queries: int) -> Case:
    def load() -> list[Contender]:
        tables = Tables(n_queries)
        judged = tables.run.join(tables.qrels, on=["query", "item"], how="left", maintain_order="left")
        judged = judged.with_columns(pl.col("label").fill_null(0))
        theirs = _lightgbm(judged)()

        def ours() -> float:
            import graphrank

            found = graphrank.evaluate(tables.qrels, tables.run, ["ndcg@10"], gain="exp", empty=1)
            return float(found["value"].item())

        def check(value: float) -> Quality:
            return {"off": abs(value - theirs)}

        return [Contender(OURS, lambda: ours, check), Contender(LIGHTGBM, lambda: _lightgbm(judged), check)]

    return Case("exponential", f"exponential: ndcg@10 with 2^label - 1 of {n_queries * 100:,} rows", load)


def _lightgbm(judged: pl.DataFrame) -> Callable[[], float]:
    """LightGBM's own nDCG: a round of training that adds nothing to the scores it begins with."""
    import lightgbm

    label, score = judged["label"].to_numpy(), judged["score"].to_numpy()
    sizes = judged.group_by("query", maintain_order=True).len()["len"].to_numpy()
    nothing = np.zeros((len(label), 1))
    options = {
        "objective": "lambdarank",
        "metric": "ndcg",
        "eval_at": [10],
        "learning_rate": 1e-300,
        "verbose": -1,
    }

    def ask() -> float:
        data = lightgbm.Dataset(nothing, label, group=sizes, init_score=score, params={"verbose": -1})
        kept: dict[str, Any] = {}
        lightgbm.train(options, data, 1, valid_sets=[data], callbacks=[lightgbm.record_evaluation(kept)])
        return float(kept["training"]["ndcg@10"][0])

    return ask


def make_cases(options: Options) -> list[Case]:
    n = 100 if options.quick else 2_000
    return [_five(n), _exponential(n)]


def make_targets(results: Results, options: Options) -> list[Target]:
    targets: list[Target] = []
    rows = results.get("five", {})
    if OURS in rows:
        ours = cost(rows[OURS], options.threads)
        targets.append(Target("five: milliseconds", 1e3 * ours, 25, at_most=True))
        peers = {name: cost(rows[name], options.threads) for name in (TREC, RANX) if name in rows}
        targets += [Target(f"five: {name} / ours", theirs / ours, 5) for name, theirs in peers.items()]
    for case, found in results.items():
        off = {name: 1e9 * float(found[name].quality["off"]) for name in (OURS, IR) if name in found}
        targets += [Target(f"{case}: {name} off, in 1e-9", n, 1, at_most=True) for name, n in off.items()]
    return targets


if __name__ == "__main__":
    run("metrics", __doc__, make_cases, make_targets)
