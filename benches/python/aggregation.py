"""One ranking out of many, and how alike two are: graphrank beside Polars and SciPy.

``off`` is the largest difference from the peer's answer; for Kemeny's rule, ``above`` is the share of disagreements
above the proven lower bound, and Borda's order is there to compare.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from common.report import Target
from common.runner import Options, Results, run
from common.timing import Case, Contender, Quality

OURS = "graphrank"
POLARS = "Polars"
SCIPY = "SciPy"
BORDA = "Borda's order"


def _contender(name: str, call: Callable[[], Any], check: Callable[[Any], Quality]) -> Contender:
    return Contender(name, lambda: call, check)


def _full(n_rankings: int, n_items: int) -> Case:
    def load() -> list[Contender]:
        rng = np.random.default_rng(0)
        names = np.array([f"item-{i:06d}" for i in range(n_items)])
        table = pl.DataFrame(
            {
                "ranking": np.repeat(np.arange(n_rankings), n_items),
                "item": np.concatenate([rng.permutation(names) for _ in range(n_rankings)]),
                "rank": np.tile(np.arange(1, n_items + 1), n_rankings),
            }
        )

        def ours() -> pl.DataFrame:
            from graphrank.ranking import aggregate

            return aggregate(table)

        def theirs() -> pl.DataFrame:
            points = (n_items - pl.col("rank")).sum().alias("score")
            return table.group_by("item").agg(points).sort(-pl.col("score"), "item")

        right = theirs()

        def check(found: pl.DataFrame) -> Quality:
            same = found["item"].equals(right["item"])
            return {"off": float((found["score"] - right["score"]).abs().max()), "same order": str(same)}

        return [_contender(OURS, ours, check), _contender(POLARS, theirs, check)]

    title = f"borda: {n_rankings:,} rankings of all {n_items:,} items, which Polars sums without looking for mistakes"
    return Case("borda", title, load)


def _tau(n_items: int) -> Case:
    def load() -> list[Contender]:
        rng = np.random.default_rng(0)
        sides = [rng.integers(0, n_items // 2, n_items) for _ in range(2)]
        tables = [pl.DataFrame({"item": np.arange(n_items), "rank": side}) for side in sides]

        def ours() -> float:
            from graphrank.ranking import correlation

            return correlation(*tables)

        def theirs() -> float:
            from scipy import stats

            return float(stats.kendalltau(*sides).statistic)

        right = theirs()

        def check(found: float) -> Quality:
            return {"off": abs(found - right)}

        return [_contender(OURS, ours, check), _contender(SCIPY, theirs, check)]

    return Case("tau", f"tau: Kendall's tau-b of {n_items:,} items with ties; SciPy gets them joined", load)


def _kemeny(name: str, n_items: int, n_rankings: int) -> Case:
    def load() -> list[Contender]:
        rng = np.random.default_rng(n_items)
        lists = [rng.permutation(n_items).tolist() for _ in range(n_rankings)]

        def ours() -> tuple[Any, float]:
            from graphrank.ranking import kemeny

            found = kemeny(lists)
            return list(found), found.lower_bound

        def borda() -> tuple[Any, float]:
            from graphrank.ranking import aggregate

            return aggregate(lists)["item"].to_list(), ours()[1]

        def check(found: tuple[Any, float]) -> Quality:
            order, bound = found
            place = np.empty(n_items, dtype=np.int64)
            place[order] = np.arange(n_items)
            there = [place[np.array(one)] for one in lists]
            count = sum(int((of[:, None] > of[None, :])[np.triu_indices(n_items, 1)].sum()) for of in there)
            return {"disagreements": count, "above": count / bound - 1}

        return [_contender(OURS, ours, check), _contender(BORDA, borda, check)]

    return Case(
        name, f"{name}: the fewest disagreements with {n_rankings} random orders of {n_items} items", load
    )


def make_cases(options: Options) -> list[Case]:
    shrink = 10 if options.quick else 1
    return [
        _full(100, 10_000 // shrink),
        _tau(200_000 // shrink),
        _kemeny("kemeny-exact", 20, 5),
        _kemeny("kemeny-search", 200 // shrink + 20, 5),
    ]


def make_targets(results: Results, _: Options) -> list[Target]:
    rows = results.get("kemeny-exact", {})
    if OURS not in rows:
        return []
    return [
        Target("kemeny-exact: share above the bound", float(rows[OURS].quality["above"]), 0, at_most=True)
    ]


if __name__ == "__main__":
    run("aggregation", __doc__, make_cases, make_targets)
