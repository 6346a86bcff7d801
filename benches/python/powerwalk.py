"""The index of personalized PageRank: its build, its size, its queries, and how good they are.

    GRAPHRANK_DATA=folder python powerwalk.py [--threads 2]

Precision is measured against exact scores of other sources than those the index was calibrated on.
"""

from typing import Any

import numpy as np

from common.graphs import EdgeList, load_real, real_graphs
from common.report import Target
from common.runner import Options, Results, run
from common.timing import Case, Contender, Quality

SINGLE = "slashdot0902_directed"


def main() -> None:
    run("powerwalk", __doc__, _cases, _targets)


def _cases(options: Options) -> list[Case]:
    names = [name for name in real_graphs() if not options.quick or name == SINGLE]
    cases = []
    for name in names:
        cases.append(Case(f"build:{name}", f"{name}: build, by closure", lambda n=name: _builds(n), "auto"))
        title = f"{name}: top 50 of 100 sources, per query"
        cases.append(Case(f"top50:{name}", title, lambda n=name: _queries(n, 50, 100), "eps 1e-05"))
    if SINGLE in names:
        title = f"{SINGLE}: top 100 of 10,000 sources, the whole batch"
        cases.append(Case("batch", title, lambda: _queries(SINGLE, 100, 10_000), "eps 1e-05"))
    return cases


def _graph(edges: EdgeList) -> Any:
    import graphrank as gr

    return gr.Graph.from_edges((edges.src, edges.dst), directed=edges.directed)


def _builds(name: str) -> list[Contender]:
    import graphrank as gr

    graph = _graph(load_real(name))

    def check(index: Any) -> Quality:
        quality: Quality = {"kept": index.closure, "B/vertex": f"{index.n_bytes / graph.n_nodes:.1f}"}
        if index.n_entries:
            quality["B/entry"] = f"{(index.n_bytes - 8 * (graph.n_nodes + 1)) / index.n_entries:.2f}"
        return quality

    def contender(closure: Any) -> Contender:
        return Contender(closure, lambda: lambda: gr.PowerWalkIndex.build(graph, closure=closure), check)

    return [contender(closure) for closure in ("auto", "single", "clusters", "none")]


def _queries(name: str, k: int, n_sources: int) -> list[Contender]:
    import graphrank as gr

    graph = _graph(load_real(name))
    index = gr.PowerWalkIndex.build(graph)
    live = np.flatnonzero(np.diff(graph._inner.offsets()))
    sources = np.random.default_rng(7).choice(live, n_sources, replace=n_sources > len(live))
    ids = graph.decode(sources.astype(np.uint32))
    checked = min(n_sources, 100)
    exact = gr.personalized_pagerank(graph, ids.head(checked), top_k=k)
    per = (lambda _: 1.0) if n_sources > 100 else (lambda _: float(n_sources))

    def check(answer: Any) -> Quality:
        found = wanted = 0
        for q in range(checked):
            best = exact.nodes[int(exact.offsets[q]) : int(exact.offsets[q + 1])]
            named = answer.nodes[int(answer.offsets[q]) : int(answer.offsets[q + 1])]
            found += len(np.intersect1d(best, named))
            wanted += len(best)
        estimate = float(answer.estimated_error[:checked].mean())
        return {f"P@{k}": f"{found / wanted:.4f}", "est. L1": estimate, "closure": index.closure}

    def contender(eps: float) -> Contender:
        return Contender(f"eps {eps:g}", lambda: lambda: index.query(ids, top_k=k, eps=eps), check, per)

    return [contender(eps) for eps in (1e-4, 3e-5, 1e-5, 3e-6)]


def _targets(results: Results, options: Options) -> list[Target]:
    targets = []
    for case, rows in results.items():
        good = [row for row in rows.values() if float(row.quality.get("P@50", 0)) >= 0.95]
        if case.startswith("top50"):
            rate = max((1 / row.cpu for row in good), default=0.0)
            targets.append(Target(f"{case}: queries/s/core at P@50 >= .95", rate, 1000))
        elif case == "batch":
            good = [row for row in rows.values() if float(row.quality["P@100"]) >= 0.95]
            seconds = min((row.fastest for row in good), default=np.inf)
            claim = f"10,000 sources, top 100, P@100 >= .95, {options.threads} threads: seconds"
            targets.append(Target(claim, seconds, 8, at_most=True))
        else:
            size = float(rows["single"].quality["B/vertex"]) if "single" in rows else np.inf
            targets.append(Target(f"{case}: closure, bytes/vertex", size, 8, at_most=True))
            if "none" in rows:
                entry = float(rows["none"].quality["B/entry"])
                targets.append(Target(f"{case}: fingerprints, bytes/entry", entry, 4, at_most=True))
    return targets


if __name__ == "__main__":
    main()
