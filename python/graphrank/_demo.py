"""``graphrank demo``: questions about Debian packages, answered and timed."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import TypeVar

import polars as pl

from graphrank._report import text_table
from graphrank.clique import FairClique, max_fair_clique
from graphrank.datasets import debian_frames
from graphrank.embedding import fastrp, knn
from graphrank.graph import Graph
from graphrank.ppr import PprResult, pagerank, personalized_pagerank
from graphrank.ranking import Network, Promotion, planted_tastes
from graphrank.submodular import Coverage, DynamicMaximizer

__all__ = ["demo"]

_SOURCE = "python3-numpy"
_SECTIONS = ("python", "science", "math")
_PARTS = ("libs", "python", "science")
_FEW = 5
_Answer = TypeVar("_Answer")


def demo() -> str:
    """What belongs with python3-numpy, matters most, is most like it, is one whole, serves most; how long it took."""
    clock = _Clock()
    edges, packages = clock.time("load the tables", debian_frames)
    graph = clock.time("build the graph", lambda: Graph.from_edges(edges, nodes=packages))
    either_way = graph.to_undirected()
    near = clock.time("answer the first question", lambda: personalized_pagerank(either_way, _SOURCE))
    related = belong_with(near, _SOURCE)
    important = clock.time("answer the second", lambda: pagerank(graph).to_polars())
    vectors = clock.time("embed every package", lambda: fastrp(either_way, refine=2))
    alike = clock.time("answer the third", lambda: knn(vectors, 6, queries=_SOURCE))
    whole = clock.time("answer the fourth", lambda: one_whole(either_way))
    needs = Coverage(edges, element="dst", item="src")
    best = DynamicMaximizer(needs, _FEW)
    coming = pl.DataFrame({"op": 1, "element": needs.ids})
    clock.time("answer the fifth again and again", lambda: best.apply(coming))
    few = best.solution(refine=True)
    n_served = few["gain"].sum()
    shown = clock.time("simulate peers under attack", under_attack)
    return "\n".join(
        [
            f"Debian packages and what they depend on: {graph}\n",
            f"Which Python and science packages belong with {_SOURCE}?",
            text_table(related.filter(pl.col("section").is_in(_SECTIONS)).head(12)),
            _how(near),
            "\nWhich packages does everything else rest on?",
            text_table(with_sections(important.head(8), graph, "pagerank")),
            f"\nWhich packages are most like {_SOURCE}, going by the company they keep?",
            text_table(with_sections(alike, graph, "similarity")),
            f"By the cosine of their vectors: {vectors}.",
            "\nWhich packages are all linked with each other, at most half of them of one section?",
            text_table(whole.to_polars().select(package="node", section="group")),
            f"No such set has more than {whole.upper_bound} packages, proven.",
            f"\nWith room for {_FEW} packages, which do most others need one of?",
            text_table(few.select(package="element", others=pl.col("gain").cast(pl.Int64))),
            f"They serve {n_served:,.0f}; no {_FEW} serve more than {best.upper_bound:,.0f}, proven. "
            f"So it was told after each of {len(best):,} packages, which came one by one.",
            "\nA hundred peers rank by each other's clicks, and thirty fakes push an item. Where is it shown?",
            text_table(shown),
            "By popularity, by similar peers, and by one vote for each peer whose clicks predict one's own.",
            f"\n{clock.report()}",
        ]
    )


def belong_with(near: PprResult, source: str) -> pl.DataFrame:
    """Packages close to ``source``, seen from both ends; columns package, section, closeness.

    Personalized PageRank from ``source`` alone favours what everything is close to (libc6). In an undirected graph
    ppr(u, v) * degree(u) = ppr(v, u) * degree(v), so dividing by the root of the degree ranks by the geometric mean
    of the closeness from here to there and from there to here.
    """
    graph = near.graph
    facts = graph.nodes.join(graph.degrees(), on="id", how="left", maintain_order="left")
    degree = pl.col("out_degree")
    own_degree = facts.filter(pl.col("id") == source)["out_degree"][0]
    return (
        near.to_polars()
        .join(facts, left_on="node", right_on="id", how="left", maintain_order="left")
        .filter(pl.col("node") != source, degree > 0)
        .select(
            package="node",
            section="section",
            closeness=pl.col("score") * (own_degree / degree).sqrt(),
        )
        .sort("closeness", descending=True, maintain_order=True)
    )


def one_whole(graph: Graph) -> FairClique:
    """The largest clique of three sections of which each has a part, and none more than half."""
    sections = graph.nodes.select(node="id", group="section").filter(pl.col("group").is_in(_PARTS))
    return max_fair_clique(graph, sections, max_share=0.5, ungrouped="exclude")


def under_attack() -> pl.DataFrame:
    """How good rankings are, and at which place 30 fakes get an item, by three rules."""
    tastes, attack = planted_tastes(), Promotion(30, camouflage=10)
    rows = []
    for rule in ("popularity", "paper", "robust"):
        network = Network(tastes=tastes, attack=attack, mode=rule, every=3000)
        last = network.run(3000).to_polars().row(-1, named=True)
        rows.append({"rule": rule, "nDCG@10": last["ndcg"], "place of 20": last["spam_rank"]})
    return pl.DataFrame(rows)


def with_sections(answer: pl.DataFrame, graph: Graph, score: str) -> pl.DataFrame:
    """The nodes of an answer, their sections, and the column ``score``, called by that name."""
    sections = graph.nodes.select("id", "section")
    rows = answer.join(sections, left_on="node", right_on="id", how="left", maintain_order="left")
    return rows.select(pl.col("node").alias("package"), "section", pl.col("score").alias(score))


def _how(answer: PprResult) -> str:
    """What it took to answer."""
    scores, sweeps, error = answer.graph.n_nodes, int(answer.iterations[0]), answer.error_bound[0]
    return (
        f"Exact: all {scores:,} scores together are off by at most {error:.1e}, proven; "
        f"{sweeps} sweeps of {answer.method}, since {answer.reason}."
    )


class _Clock:
    """How long each step took."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def time(self, step: str, work: Callable[[], _Answer]) -> _Answer:
        start = perf_counter()
        answer = work()
        self._seconds[step] = perf_counter() - start
        return answer

    def report(self) -> str:
        steps = [f"{step} {seconds * 1e3:.0f} ms" for step, seconds in self._seconds.items()]
        return "Time to " + ", ".join(steps) + "."
