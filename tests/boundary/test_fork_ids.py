"""Ids of every kind in a forked child that has lost the threads of Polars: found or refused, never waited for."""

from __future__ import annotations

import pytest

IDS = {
    "String": "base.cast(pl.String)",
    "scattered Int64": "base * 1_000_003",
    "Int64 from 0": "base",
    "Int128": "pl.Series('id', [i << 110 for i in range(300)], dtype=pl.Int128)",
    "Categorical": "base.cast(pl.String).cast(pl.Categorical)",
    "Enum": "base.cast(pl.String).cast(pl.Enum([str(i) for i in range(300)][::-1]))",
    "Date": "base.cast(pl.Int32).cast(pl.Date)",
    "Datetime of nanoseconds": "(base * 3 + 2**60).cast(pl.Datetime('ns', 'UTC'))",
    "Binary": "base.cast(pl.String).cast(pl.Binary)",
    "Boolean": "base % 2 == 0",
}
START = """
import pickle
base = pl.Series("id", np.arange(300))
ids = {ids}
# In several chunks, whose joining is parallel too.
src = pl.concat([ids.head(100), ids.slice(100), ids.head(9)]).rename("src").head(290)
dst = pl.concat([ids.tail(-17), ids.head(7)]).rename("dst")
nodes = pl.DataFrame({{"id": ids.unique(maintain_order=True).reverse()}}).with_columns(name=pl.lit("x"))
nodes = pl.concat([nodes.head(len(nodes) // 2), nodes.slice(len(nodes) // 2)], rechunk=False)
def graphs():
    return [gr.Graph.from_edges((src, dst)), gr.Graph.from_edges((src, dst), nodes=nodes)]
few, every = ids.head(2), nodes["id"]
restart = pl.DataFrame({{"query": every, "node": every, "weight": [1.0] * len(every)}})
base.sort(), nodes.lazy().filter(pl.col("name") == "x").collect()  # the pool is running
def answers(g):
    return [
        gr.personalized_pagerank(g, few, top_k=5).to_polars().rows(),
        gr.pagerank(g).to_polars().rows(),
        gr.personalized_pagerank(g, restart=restart).values.tobytes(),
        g.encode(every).tolist(), g.encode(few).tolist(),
        g.neighbors(few.head(1)).rows(), g.subgraph(few).nodes.rows(), g.subgraph(every).n_edges,
        g.edges().rows(), g.degrees().rows(), g.reverse().n_edges,
        pickle.loads(pickle.dumps(g)).nodes.equals(g.nodes),
    ]
def in_child(work):
    child = os.fork()
    if not child:
        try:
            work()
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(4)
    return os.waitpid(child, 0)[1]
"""


@pytest.mark.parametrize("kind", IDS)
def test_a_graph_of_the_parent_answers_in_the_child(probe, kind):
    code = START.format(ids=IDS[kind]) + (
        """
made = graphs()
expected = [answers(g) for g in graphs()]
def work():
    assert [answers(g) for g in made] == expected
result = in_child(work)
"""
    )
    done = probe(code).check_done()
    assert done.value == "0", done.stderr


@pytest.mark.parametrize("kind", IDS)
def test_a_graph_is_made_in_the_child_as_in_the_parent(probe, kind):
    code = START.format(ids=IDS[kind]) + (
        """
expected = [answers(g) for g in graphs()]
def work():
    assert [answers(g) for g in graphs()] == expected
result = in_child(work)
"""
    )
    done = probe(code).check_done()
    assert done.value == "0", done.stderr


def test_a_stranger_is_refused_in_the_child(probe, tmp_path):
    code = START.format(ids=IDS["String"]) + (
        """
g, wrong, twice = gr.Graph.from_edges((src, dst)), [], pl.concat([nodes, nodes])
def work():
    for ask in (
        lambda: g.neighbors("zz"),
        lambda: gr.personalized_pagerank(g, ["1", "zz"]),
        lambda: gr.Graph.from_edges((src, dst), nodes=nodes.head(5)),
        lambda: gr.Graph.from_edges((["a", "a"], ["b", "b"]), duplicates="error"),
        lambda: gr.Graph.from_edges((src, dst), nodes=twice),
        lambda: gr.Graph.from_edges(nodes.lazy(), "id", "name"),
        lambda: gr.read_edges(path),
    ):
        try:
            ask()
        except gr.exceptions.GraphRankError:
            continue
        wrong.append(ask)
    assert not wrong
open(path, "w").write("src,dst\\n1,2\\n")
result = in_child(work)
"""
    )
    done = probe(code, path=str(tmp_path / "e.csv")).check_done()
    assert done.value == "0", done.stderr


def test_a_child_forked_before_polars_had_threads_may_use_them(probe, tmp_path):
    """As web servers do that load the application first and fork their workers then."""
    code = """
open(path, "w").write("src,dst\\na,b\\n")
child = os.fork()
if not child:
    os._exit(0 if gr.read_edges(path).encode("b").tolist() == [1] else 3)
result = os.waitpid(child, 0)[1]
"""
    assert probe(code, path=str(tmp_path / "e.csv")).check_done().value == "0"


def test_graphs_with_names_reach_the_workers_of_a_pool(probe):
    code = START.format(ids=IDS["String"]) + (
        """
import concurrent.futures, multiprocessing
def job(graph):
    return gr.personalized_pagerank(graph, ["1", "2"], top_k=9).to_polars().rows()
sys.modules["__main__"].job = job
job.__module__ = "__main__"
g = gr.Graph.from_edges((src, dst))
with concurrent.futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
    result = [answer == job(g) for answer in pool.map(job, [g] * 3)]
"""
    )
    assert probe(code).check_done().value == "[True, True, True]"
