"""Simulated networks of peers: the thesis's experiment, its attacks, and what is refused."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

import graphrank as gr
from graphrank.exceptions import (
    ColumnNotFoundError,
    InvalidArgumentError,
    InvalidDataError,
    InvalidTypeError,
    OutOfMemoryError,
    TimedOutError,
)
from graphrank.ranking import (
    ClicklogInflation,
    EpicSybil,
    Equivocation,
    Network,
    Promotion,
    TargetedSybil,
    music_catalogue,
    planted_tastes,
)


def probes(ticks: int = 10_000, **options: Any) -> pl.DataFrame:
    return Network(**options).run(ticks).to_polars()


def last(**options: Any) -> dict[str, Any]:
    return probes(**options).row(-1, named=True)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_thesis_experiment_ends_in_agreement(seed: int) -> None:
    for gossip, rounds in (("pull", 45), ("push", 35)):
        found = probes(gossip=gossip, seed=seed, catalogue=music_catalogue(seed=1))
        assert 138 <= found["footrule"][0] <= 157
        assert found.filter(pl.col("footrule_max") == 0)["round"].min() <= rounds
        assert found["footrule_max"].tail(50).max() == 0
        assert found["coverage"][-1] > 0.95
        assert found.height == 101


def test_without_learning_who_asks_peers_never_agree() -> None:
    assert last(learns_requester=False)["footrule"] > 100


def test_attacks_move_what_peers_agree_on() -> None:
    catalogue = music_catalogue(seed=1)
    targeted, pushed = TargetedSybil(), {"attack": TargetedSybil(), "gossip": "push"}
    assert 25 <= last(attack=targeted, catalogue=catalogue)["footrule"] <= 80
    assert 50 <= last(attack=ClicklogInflation(), catalogue=catalogue)["footrule"] <= 75
    assert 70 <= last(attack=EpicSybil(), catalogue=catalogue)["footrule"] <= 125
    assert 40 <= last(**pushed, catalogue=catalogue)["footrule"] <= 70
    assert last(attack=TargetedSybil(one_query=True))["footrule"] < last(attack=targeted)["footrule"]


def test_version_vectors_take_a_part_of_the_bytes() -> None:
    found = probes()
    whole = found.select(pl.col("bytes_suffix", "bytes_versions").sum()).row(0)
    late = found.tail(10).select(pl.col("bytes_suffix", "bytes_versions").sum()).row(0)
    assert whole[0] > 50 * whole[1]
    assert late[0] > 75 * late[1]


@pytest.mark.parametrize("seed", [0, 1])
def test_robust_rankings_please_more_and_keep_spam_down(seed: int) -> None:
    tastes = planted_tastes(seed=seed)
    how = {"ticks": 4000, "tastes": tastes, "every": 4000, "seed": seed}
    paper, robust = (last(mode=mode, **how) for mode in ("paper", "robust"))
    assert robust["ndcg"] > paper["ndcg"] > last(**how)["ndcg"]
    attack = Promotion(30, camouflage=10)
    paper, robust = (last(mode=mode, attack=attack, **how) for mode in ("paper", "robust"))
    assert paper["spam_rank"] <= 2
    assert robust["spam_rank"] >= 5


def test_who_equivocates_is_dropped_where_that_is_looked_for() -> None:
    wary, naive = last(attack=Equivocation()), last(attack=Equivocation(detected=False))
    # An author whose rows reached few has shown them one side only, and stays there for now.
    assert wary["footrule"] < 0.2 < naive["footrule_min"]
    assert wary["spam_rank"] > 5 > naive["spam_rank"]


def test_the_same_seed_gives_the_same_figures_on_any_number_of_threads(chosen_threads) -> None:
    how: dict[str, Any] = {"attack": Promotion(5), "mode": "robust", "n_peers": 20, "ticks": 500, "seed": 7}
    found = []
    for threads in (1, 2, 3):
        chosen_threads(threads)
        found.append(probes(**how))
    assert found[0].equals(found[1])
    assert found[0].equals(found[2])
    assert not found[0].equals(probes(**how | {"seed": 8}))


def test_stores_of_peers_rank_as_stores_do() -> None:
    """The nDCG of a network of which everybody heard everything is that of a store with all its clicks."""
    tastes = planted_tastes(6, n_clusters=2, n_queries=3, n_items=5)
    quiet = last(tastes=tastes, mode="paper", ticks=0, bootstrap=0.0)
    assert 0 < quiet["ndcg_min"] <= quiet["ndcg"] <= quiet["ndcg_max"] <= 1


def test_catalogues_are_tags_or_pairs() -> None:
    tagged = pl.DataFrame({"item": [1, 2, 3], "tags": [["pop"], ["dream_pop"], ["pop", "jazz"]]})
    assert "3 queries, 3 items" in repr(Network(3, tagged))
    pairs = pl.DataFrame({"query": ["pop", "pop", "pop", "jazz", "dream_pop"], "item": [1, 2, 3, 3, 2]})
    assert Network(3, tagged).run(100).to_polars().equals(Network(3, pairs).run(100).to_polars())
    exact = pairs.filter(pl.struct("query", "item") != pl.struct(query=pl.lit("pop"), item=pl.lit(2)))
    found = Network(3, tagged, matching="exact").run(100).to_polars()
    assert found.equals(Network(3, exact).run(100).to_polars())


@pytest.mark.parametrize(
    "items",
    [
        pl.Series("item", [b"\xff", b"a"]),
        pl.Series("item", [dt.timedelta(1), dt.timedelta(2)]),
        pl.Series("item", [2**64 - 1, 1], dtype=pl.UInt64),
        pl.Series("item", ["b", "a"], dtype=pl.Enum(["b", "a"])),
    ],
    ids=lambda items: str(items.dtype),
)
def test_items_of_a_catalogue_may_be_any_ids(items: pl.Series) -> None:
    found = Network(5, pl.DataFrame({"query": ["q", "q"]}).with_columns(items)).run(100).to_polars()
    assert found["bytes_versions"].sum() > 0


def test_a_large_network_can_be_stopped_before_its_first_tick() -> None:
    with pytest.raises(TimedOutError):
        Network(4000, mode="robust", attack=Promotion(2)).run(0, timeout_s=0.3)


def test_a_result_tells_what_it_is_and_draws_itself() -> None:
    pytest.importorskip("matplotlib").use("Agg")
    result = Network(5, attack=TargetedSybil(2)).run(200)
    assert repr(result).startswith("SimulationResult(5 peers, pull, TargetedSybil by 2, 2 rounds, footrule")
    assert len(result) == 3
    assert "footrule" in result._repr_html_()
    ax = result.plot()
    assert ax.get_xlabel() == "rounds"
    assert result.plot(ax) is ax
    assert result.to_polars()["ndcg"].null_count() == result.to_polars()["spam_rank"].null_count() == 3
    with pytest.raises(InvalidArgumentError, match="tastes"):
        result.plot(measure="ndcg")


def test_a_promotion_is_seen_where_it_shows() -> None:
    pytest.importorskip("matplotlib").use("Agg")
    result = Network(20, attack=Promotion(5)).run(1000)
    spam = result.to_polars()["spam_rank"]
    assert repr(result).endswith(f"spam_rank {spam[-1]:.3g})")
    (line,) = result.plot(measure="spam_rank").lines
    assert line.get_ydata()[-1] == spam[-1]


def test_arguments_out_of_range_are_named() -> None:
    tastes = planted_tastes(4, n_queries=2, n_items=3)
    for call, error, message in [
        (lambda: Network(1), InvalidArgumentError, "`n_peers` must be at least 2"),
        (lambda: Network(5, isolation=-1), InvalidArgumentError, "`isolation`"),
        (lambda: Network(5).run(-1), InvalidArgumentError, "`ticks`"),
        (lambda: Network(5, gossip="shout"), InvalidArgumentError, "`gossip`"),
        (lambda: Network(5, noise=2.0), InvalidArgumentError, "`noise`"),
        (lambda: Network(5, bootstrap=float("nan")), InvalidArgumentError, "`bootstrap`"),
        (lambda: Network(5, every=0), InvalidArgumentError, "`every`"),
        (lambda: Network(5, attack="sybil"), InvalidTypeError, "`attack`"),
        (lambda: TargetedSybil(join=0.5, act=0.2), InvalidArgumentError, "`act` must be from 0.5 to 1"),
        (lambda: EpicSybil(join=float("nan")), InvalidArgumentError, "`join`"),
        (lambda: TargetedSybil(one_query="no"), InvalidTypeError, "`one_query`"),
        (lambda: Promotion(camouflage=-1), InvalidArgumentError, "`camouflage`"),
        (lambda: Network(5, matching="fuzzy"), InvalidArgumentError, "`matching`"),
        (lambda: Network(5, {"item": [1]}), ColumnNotFoundError, "'tags'"),
        (lambda: Network(5, {"item": [1], "tags": ["pop"]}), InvalidTypeError, "'tags'"),
        (lambda: Network(5, {"item": [1, None], "query": ["a", "b"]}), InvalidDataError, "'item' is null"),
        (lambda: Network(5, {"item": [], "query": []}), InvalidTypeError, "'item'"),
        (lambda: Network(5, tastes=tastes), InvalidArgumentError, "`n_peers`"),
        (lambda: Network(tastes=tastes.head(7)), InvalidArgumentError, "`tastes`"),
        (lambda: Network(tastes=tastes, catalogue=music_catalogue()), InvalidArgumentError, "`catalogue`"),
        (lambda: Network(tastes=tastes.with_columns(worth=-1.0)), InvalidDataError, "'worth'"),
        (lambda: Network(tastes=tastes.with_columns(worth=0.0)), InvalidArgumentError, "`tastes`.*row 0"),
        (
            lambda: Network(tastes=tastes.with_columns(worth=1e308)).run(1),
            InvalidArgumentError,
            "add up to more",
        ),
        (lambda: Network(tastes=tastes.head(6)), InvalidArgumentError, "at least 2 peers"),
        (lambda: Network(2**62).run(1), OutOfMemoryError, "what peers know"),
        (lambda: Promotion(0), InvalidArgumentError, "`n`"),
        (lambda: planted_tastes(share=2), InvalidArgumentError, "`share`"),
        (lambda: Network(200).run(1_000_000, timeout_s=0.05), TimedOutError, "timed out"),
    ]:
        with pytest.raises(error, match=message):
            call()


def test_progress_counts_ticks() -> None:
    seen: list[tuple[int, int, str]] = []
    gr.ranking.Network(50).run(2000, progress=lambda *state: seen.append(state))
    assert seen[-1][1:] == (2000, "simulating peers")


def test_a_measure_in_the_place_of_axes_is_told_of():
    with pytest.raises(InvalidTypeError, match="measure='ndcg'"):
        Network(3).run(10).plot("ndcg")
