"""The index: what it answers, what it says about its error, what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import graphrank as gr
from graphrank import cli
from graphrank.exceptions import (
    CorruptFileError,
    FileMissingError,
    InvalidArgumentError,
    InvalidTypeError,
    NodeNotFoundError,
    TimedOutError,
)

CLOSURES = ["single", "clusters", "none"]
RULES = ["restart", "uniform", "self", "absorb"]


def communities(seed=0, n=600, weighted=False):
    """A directed graph in groups of 50 nodes, a tenth of them dangling."""
    rng = np.random.default_rng(seed)
    src = rng.integers(0, n, 6 * n)
    near = src // 50 * 50 + rng.integers(0, 50, 6 * n)
    dst = np.where(rng.random(6 * n) < 0.8, near, rng.integers(0, n, 6 * n))
    live = src % 10 != 9
    frame = pl.DataFrame({"src": src[live], "dst": dst[live], "w": rng.integers(0, 4, live.sum()) * 1.0})
    return gr.Graph.from_edges(frame, weight="w" if weighted else None, nodes=pl.Series("id", range(n)))


def dense(g, source, damping, rule):
    """Scores by a dense solve."""
    n = g.n_nodes
    rows = np.zeros((n, n))
    arcs = g.edges()
    rows[arcs["src"], arcs["dst"]] = arcs["weight"] if g.is_weighted else 1.0
    totals = rows.sum(axis=1)
    live = totals > 0
    rows[live] /= totals[live, None]
    restart = np.zeros(n)
    restart[source] = 1.0
    where = {"restart": restart, "uniform": np.full(n, 1 / n), "absorb": np.zeros(n)}
    for v in np.flatnonzero(~live):
        rows[v] = np.eye(n)[v] if rule == "self" else where[rule]
    return np.linalg.solve(np.eye(n) - damping * rows.T, (1 - damping) * restart)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("closure", CLOSURES)
@pytest.mark.parametrize("weighted", [False, True])
def test_answers_are_within_their_bound_and_near_their_estimate(closure, rule, weighted):
    g = communities(n=300, weighted=weighted)
    index = gr.PowerWalkIndex.build(g, closure=closure)
    sources = [3, 55, 123, 277]
    for eps in (1e-3, 1e-5, 1e-9):
        answer = index.query(sources, eps=eps, dangling=rule)
        for q, source in enumerate(sources):
            error = np.abs(answer.values[q] - dense(g, source, 0.85, rule)).sum()
            assert error <= answer.error_bound[q] + 1e-12
            assert answer.estimated_error[q] <= answer.error_bound[q]
            assert error <= 20 * answer.estimated_error[q] + 1e-6
    assert answer.error_bound.max() < 1e-4


def test_fingerprints_of_many_walks_are_without_bias():
    g = communities(seed=1, n=100)
    index = gr.PowerWalkIndex.build(g, closure="none", walks=4096, damping=0.7)
    exact = dense(g, 5, 0.7, "absorb")
    killed = np.array([dense(g, v, 0.7, "absorb")[v] for v in range(100)])
    # With eps so large nothing is pushed, so this is one node's fingerprint: 4096 walks of the exact variance.
    answer = index.query(5, eps=1e9, dangling="absorb").values[0]
    deviation = np.sqrt((exact * (2 * killed - 0.3) - exact**2) / 4096)
    assert (np.abs(answer - exact) <= 5 * deviation + 1e-12).all()
    assert np.abs(answer - exact).sum() > 0


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("closure", CLOSURES)
def test_the_best_nodes_are_those_of_the_full_answer(closure, rule):
    g = communities()
    index = gr.PowerWalkIndex.build(g, closure=closure)
    full = index.query([7, 300], eps=1e-4, dangling=rule)
    best = index.query([7, 300], eps=1e-4, dangling=rule, top_k=30)
    expected = full.to_polars().filter(pl.col("score") > 0).group_by("query", maintain_order=True).head(30)
    assert best.to_polars().equals(expected)
    many = index.query([7, 300], eps=1e-4, dangling=rule, top_k=500)
    assert (np.diff(many.offsets) <= 500).all()
    expected = full.to_polars().filter(pl.col("score") > 0).group_by("query", maintain_order=True).head(500)
    assert many.to_polars().equals(expected)


def test_restarts_of_many_nodes_are_one_query():
    g = communities()
    index = gr.PowerWalkIndex.build(g, closure="clusters")
    weights = np.random.default_rng(0).random(600)
    answer = index.query(restart=weights, eps=1e-6)
    exact = gr.personalized_pagerank(g, restart=weights, tol=1e-12)
    assert np.abs(answer.values - exact.values).sum() <= answer.error_bound[0]
    frame = pl.DataFrame({"query": ["x", "x", "y"], "node": [1, 2, 3], "weight": [1.0, 3.0, 1.0]})
    assert index.query(restart=frame, top_k=1).queries.to_list() == ["x", "y"]


def test_refining_goes_on_from_what_was_kept():
    g = communities()
    index = gr.PowerWalkIndex.build(g, closure="single")
    rough = index.query([1, 2], eps=1e-2, keep=True)
    fine = index.refine(rough, eps=1e-7, dangling="self", top_k=None)
    for q, source in enumerate([1, 2]):
        assert np.abs(fine.values[q] - dense(g, source, 0.85, "self")).sum() <= fine.error_bound[q]
    assert (fine.error_bound < rough.error_bound).all()
    assert fine.queries.to_list() == [1, 2]
    again = index.refine(fine, eps=1e-9, top_k=3)
    assert len(again.to_polars()) == 6
    with pytest.raises(InvalidArgumentError, match="keep=True"):
        index.refine(index.query(1), eps=1e-7)
    with pytest.raises(InvalidArgumentError, match="keep=True"):
        gr.PowerWalkIndex.build(communities(seed=2), closure="single").refine(rough, eps=1e-7)


def test_refining_asks_as_the_answer_was_asked():
    index = gr.PowerWalkIndex.build(communities(), closure="single")
    rough = index.query([8, 7], eps=1e-2, keep=True, dangling="absorb", top_k=4)
    fine = index.refine(rough, eps=1e-6)
    asked = index.query([8, 7], eps=1e-6, dangling="absorb", top_k=4)
    assert fine.nodes is not None
    assert fine.nodes.tolist() == asked.nodes.tolist()
    assert fine.values == pytest.approx(asked.values, abs=2 * asked.error_bound.max())
    assert index.refine(fine, eps=1e-6, top_k=9).values.shape == (18,)
    stays = index.refine(fine, eps=1e-6, dangling="self", top_k=600).to_polars()
    assert stays["score"].sum() == pytest.approx(2, abs=1e-2)
    # An answer that is as exact as that already is not made rougher.
    assert index.refine(fine, eps=0.1).error_bound == pytest.approx(fine.error_bound, rel=1e-6)


def test_refining_takes_answers_of_the_same_graph_and_damping_only():
    g = communities()
    answer = gr.PowerWalkIndex.build(g, closure="single").query(1, eps=1e-2, keep=True)
    with pytest.raises(InvalidArgumentError, match="same graph and damping"):
        gr.PowerWalkIndex.build(g, closure="single", damping=0.5).refine(answer, eps=1e-4)
    fine = gr.PowerWalkIndex.build(g, closure="none").refine(answer, eps=1e-6)
    assert np.abs(fine.values[0] - dense(g, 1, 0.85, "restart")).sum() <= fine.error_bound[0]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("closure", CLOSURES)
def test_bounds_count_rounding(closure, rule):
    # On a cycle of three the exact scores are powers of the damping over a sum of them.
    exact = 0.15 * 0.85 ** np.arange(3) / (1 - 0.85**3)
    index = gr.PowerWalkIndex.build((np.arange(3), np.array([1, 2, 0])), closure=closure)
    answer = index.query(0, eps=1e-20, dangling=rule, keep=True)
    assert 1e-15 < answer.error_bound[0] < 1e-8
    assert np.abs(answer.values[0] - exact).sum() < answer.error_bound[0]
    # What is refined keeps the roundings it has been through.
    assert index.refine(answer, eps=1e-20).error_bound[0] >= answer.error_bound[0]


def test_an_answer_shows_both_its_errors():
    answer = gr.PowerWalkIndex.build(communities(), closure="single").query([1, 2])
    shown = (
        f"error_bound<={answer.error_bound.max():.1e}, estimated_error~{answer.estimated_error.max():.1e})"
    )
    assert repr(answer).endswith(shown)
    assert repr(gr.pagerank(communities())).count("estimated_error") == 0


def test_the_calibration_lists_what_was_considered():
    auto = gr.PowerWalkIndex.build(communities())
    assert auto.calibration["closure"].unique(maintain_order=True).to_list() == CLOSURES
    assert auto.calibration.shape == (12, 9)
    assert (auto.calibration["sources"] == 32).all()
    assert auto.closure in CLOSURES
    for name in CLOSURES:
        own = auto.calibration.filter(pl.col("closure") == name)
        assert own["error"].is_sorted(descending=True)
        assert own["precision_50"].max() <= 1
    one = gr.PowerWalkIndex.build(communities(), closure="single")
    assert one.calibration["closure"].unique().to_list() == ["single"]
    assert "edges" in one._repr_html_()


def test_bytes_depend_on_the_seed_and_on_nothing_else(tmp_path):
    g = communities()
    contents = []
    threads = gr.num_threads()
    try:
        for n_threads, seed in [(1, 0), (2, 0), (3, 0), (8, 0), (2, 1)]:
            gr.set_num_threads(n_threads)
            gr.PowerWalkIndex.build(g, closure="none", seed=seed).save(tmp_path / "index")
            contents.append((tmp_path / "index").read_bytes())
    finally:
        gr.set_num_threads(threads)
    assert contents[0] == contents[1] == contents[2] == contents[3] != contents[4]


@pytest.mark.parametrize("closure", CLOSURES)
def test_a_saved_index_answers_as_before(tmp_path, closure):
    g = communities(weighted=True)
    index = gr.PowerWalkIndex.build(g, closure=closure, walks=5, damping=0.6, seed=3)
    index.save(tmp_path / "index")
    loaded = gr.PowerWalkIndex.load(tmp_path / "index", g)
    assert repr(loaded) == repr(index)
    assert (loaded.walks, loaded.damping, loaded.seed, loaded.closure) == (5, 0.6, 3, closure)
    assert (loaded.n_bytes, loaded.n_entries) == (index.n_bytes, index.n_entries)
    assert loaded.calibration.equals(index.calibration)
    assert loaded.query(9, top_k=9).to_polars().equals(index.query(9, top_k=9).to_polars())
    loaded.save(tmp_path / "index")
    assert loaded.query(9, top_k=9).to_polars().equals(index.query(9, top_k=9).to_polars())


def test_files_that_are_no_index_of_this_graph_are_refused(tmp_path):
    g = communities()
    path = tmp_path / "index"
    gr.PowerWalkIndex.build(g, closure="none").save(path)
    with pytest.raises(InvalidArgumentError, match="not the one that the index"):
        gr.PowerWalkIndex.load(path, communities(seed=9))
    with pytest.raises(InvalidArgumentError, match="not the one that the index"):
        gr.PowerWalkIndex.load(path, g.to_undirected())
    sound = path.read_bytes()
    for damaged in (b"", sound[:100], sound[:-1], sound[:5000] + b"x" + sound[5001:], sound + b"x"):
        path.write_bytes(damaged)
        with pytest.raises(CorruptFileError):
            gr.PowerWalkIndex.load(path, g)
    g.save(path)
    with pytest.raises(CorruptFileError, match="is not a PowerWalk index"):
        gr.PowerWalkIndex.load(path, g)
    with pytest.raises(FileMissingError):
        gr.PowerWalkIndex.load(tmp_path / "none", g)


def test_counts_of_thousands_of_walks_are_exact():
    # Every step of a star is at the hub or leaves it: counts go far beyond 16 bits.
    hub = gr.Graph.from_edges((np.zeros(5, int), np.arange(1, 6)), directed=False)
    index = gr.PowerWalkIndex.build(hub, closure="none", walks=4096, damping=0.99)
    visits = index.query(0, eps=1e9, dangling="absorb").values[0] * 4096 / 0.01
    assert visits[0] > 65_535
    assert np.abs(visits - np.round(visits)).max() < 1e-6
    # Each walk has 100 nodes on average, with a deviation as large; the hub is left whenever the walk goes on.
    assert abs(visits.sum() - 409_600) < 6 * 100 * 64
    assert 0 <= visits[0] - visits[1:].sum() <= 4096


@pytest.mark.parametrize("closure", ["auto", *CLOSURES])
def test_graphs_of_nothing_have_indexes(closure):
    empty = gr.Graph.from_edges(
        pl.DataFrame({"src": [], "dst": []}, schema={"src": pl.Int64, "dst": pl.Int64})
    )
    assert len(gr.PowerWalkIndex.build(empty, closure=closure).query([])) == 0
    lonely = gr.Graph.from_edges(([0, 2], [0, 2]), nodes=pl.Series("id", [0, 1, 2]))
    index = gr.PowerWalkIndex.build(lonely, closure=closure)
    assert index.query([0, 1, 2], eps=1e-12).values == pytest.approx(np.eye(3), abs=1e-9)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"walks": 0}, InvalidArgumentError),
        ({"walks": 5000}, InvalidArgumentError),
        ({"walks": 2**70}, InvalidArgumentError),
        ({"walks": 1.5}, InvalidTypeError),
        ({"damping": 1.0}, InvalidArgumentError),
        ({"damping": -0.1}, InvalidArgumentError),
        ({"damping": float("nan")}, InvalidArgumentError),
        ({"closure": "both"}, InvalidArgumentError),
        ({"seed": -1}, InvalidArgumentError),
        ({"seed": 2**64}, InvalidArgumentError),
        ({"seed": True}, InvalidTypeError),
        ({"timeout_s": 0}, InvalidArgumentError),
    ],
)
def test_arguments_of_build_are_checked(arguments, error):
    with pytest.raises(error, match=next(iter(arguments))):
        gr.PowerWalkIndex.build(([0, 1], [1, 0]), **arguments)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({}, InvalidArgumentError, "neither"),
        ({"sources": 1, "restart": {1: 1}}, InvalidArgumentError, "both"),
        ({"sources": 7}, NodeNotFoundError, "7"),
        ({"sources": 1, "eps": 0}, InvalidArgumentError, "eps"),
        ({"sources": 1, "eps": float("inf")}, InvalidArgumentError, "eps"),
        ({"sources": 1, "eps": "x"}, InvalidTypeError, "eps"),
        ({"sources": 1, "top_k": 0}, InvalidArgumentError, "top_k"),
        ({"sources": 1, "dangling": "x"}, InvalidArgumentError, "dangling"),
        ({"sources": 1, "keep": "no"}, InvalidTypeError, "keep"),
    ],
)
def test_arguments_of_queries_are_checked(arguments, error, match):
    index = gr.PowerWalkIndex.build(([0, 1], [1, 0]), closure="single")
    with pytest.raises(error, match=match):
        index.query(**arguments)


def test_an_index_is_built_or_loaded_and_not_otherwise_made():
    with pytest.raises(InvalidTypeError, match=r"PowerWalkIndex\.build"):
        gr.PowerWalkIndex(None, None)


def test_building_reports_and_stops():
    g = communities(n=20_000)
    with pytest.raises(TimedOutError):
        gr.PowerWalkIndex.build(g, walks=4096, timeout_s=0.05)
    labels = []
    gr.PowerWalkIndex.build(g, closure="none", walks=64, progress=lambda *report: labels.append(report[2]))
    assert set(labels) == {"building index"}


@pytest.fixture
def web(tmp_path):
    path = tmp_path / "web.csv"
    path.write_text("src,dst,w\na,b,1\nb,c,2\nc,a,1\nd,a,1\n")
    return str(path)


def test_the_command_line_builds_and_asks(tmp_path, web, capsys):
    index = str(tmp_path / "web.index")
    assert cli.main(["index", "build", web, "-o", index, "--closure", "single", "--weight", "w"]) == 0
    assert "PowerWalkIndex(4 nodes" in capsys.readouterr().err
    asked = ["index", "query", index, web, "-s", "a", "--weight", "w", "--format", "csv", "--eps", "1e-12"]
    assert cli.main([*asked, "--top", "2"]) == 0
    out, err = capsys.readouterr()
    expected = gr.personalized_pagerank(gr.read_edges(web, weight="w"), "a", top_k=2).to_polars()
    table = pl.read_csv(out.encode())
    assert table["node"].equals(expected["node"])
    assert table["score"].to_numpy() == pytest.approx(expected["score"].to_numpy(), abs=1e-6)
    assert "error about" in err


def test_the_command_line_asks_with_any_rule_and_restart(tmp_path, capsys):
    web, index, restart = (str(tmp_path / name) for name in ("web.csv", "web.index", "restart.csv"))
    Path(web).write_text("src,dst\na,b\nb,c\nb,a\n")
    Path(restart).write_text("query,node,weight\nx,a,1\nx,b,3\ny,c,1\n")
    assert cli.main(["index", "build", web, "-o", index]) == 0
    asked = ["index", "query", index, web, "--format", "csv", "--eps", "1e-12", "--dangling", "self"]
    capsys.readouterr()
    assert cli.main([*asked, "--restart", restart]) == 0
    table = pl.read_csv(capsys.readouterr().out.encode())
    exact = gr.personalized_pagerank(gr.read_edges(web), restart=pl.read_csv(restart), dangling="self")
    expected = exact.to_polars().filter(pl.col("score") > 0)
    assert table.filter(pl.col("score") > 0).select("query", "node").equals(expected.select("query", "node"))
    scores = table.filter(pl.col("score") > 0)["score"].to_numpy()
    assert scores == pytest.approx(expected["score"].to_numpy(), abs=1e-6)
    with pytest.raises(SystemExit):
        cli.main([*asked, "--restart", restart, "-s", "a"])


def test_the_command_line_refuses_what_cannot_be(tmp_path, web, capsys):
    index = str(tmp_path / "web.index")
    assert cli.main(["index", "build", web, "-o", web]) == 2
    assert "would overwrite" in capsys.readouterr().err
    assert cli.main(["index", "build", web, "-o", index, "--walks", "0"]) == 2
    assert cli.main(["index", "build", web, "-o", index]) == 0
    assert cli.main(["index", "query", index, web, "-s", "nobody"]) == 1
    assert cli.main(["index", "query", index, web, "-s", "a", "--weight", "w"]) == 2
    assert "not the one" in capsys.readouterr().err
    assert cli.main(["index", "query", web, web, "-s", "a"]) == 1
    Path(index).unlink()
    assert cli.main(["index", "query", index, web, "-s", "a"]) == 1
