"""Input that breaks other graph libraries, each in a process of its own: one clear error of ours, and nothing else."""

from __future__ import annotations

import pytest

GRAPH = "g = gr.Graph.from_edges(([0, 0, 1], [1, 2, 0]))\n"

EDGES = {
    "null source": ("gr.Graph.from_edges(([1, None], [2, 3]))", "InvalidDataError", "'src'", "row 1"),
    "null target": ("gr.Graph.from_edges(([1, 2], [3, None]))", "InvalidDataError", "'dst'", "row 1"),
    "only nulls": ("gr.Graph.from_edges(([None], [None]))", "InvalidDataError", "'src'", "row 0"),
    "null text": ("gr.Graph.from_edges((['a', 'b'], ['b', None]))", "InvalidDataError", "'dst'", "row 1"),
    "null weight": (
        "gr.Graph.from_edges(([1, 2], [2, 3], [1.0, None]))",
        "InvalidDataError",
        "'weight'",
        "row 1",
    ),
    "NaN weight": (
        "gr.Graph.from_edges(([1, 2], [2, 3], [1.0, np.nan]))",
        "InvalidDataError",
        "'weight'",
        "nan",
        "row 1",
        "finite",
    ),
    "infinite weight": (
        "gr.Graph.from_edges(([1, 2, 3], [2, 3, 4], [1, 2, np.inf]))",
        "InvalidDataError",
        "'weight'",
        "inf",
        "row 2",
    ),
    "negative weight": (
        "gr.Graph.from_edges(pl.DataFrame({'src': [1, 2], 'dst': [2, 3], 'w': [3, -4]}), weight='w')",
        "InvalidDataError",
        "'w'",
        "-4",
        "row 1",
        "at least 0",
    ),
    "negative weight far down": (
        "w = np.ones(400_000); w[321_987] = -1.0; a = np.arange(400_000); gr.Graph.from_edges((a, a, w))",
        "InvalidDataError",
        "row 321987",
    ),
    "weights that overflow when merged": (
        "gr.Graph.from_edges(([1, 1, 2], [2, 2, 3], [1.5e308, 1.5e308, 1.0]))",
        "InvalidDataError",
        "weight",
        "row 0",
    ),
    "weights of text": (
        "gr.Graph.from_edges(([1], [2], ['heavy']))",
        "InvalidTypeError",
        "'weight'",
        "String",
        "numbers",
    ),
    "weights beyond all numbers": ("gr.Graph.from_edges(([1], [2], [10**400]))", "InvalidDataError", "row 0"),
    "arrays of different lengths": (
        "gr.Graph.from_edges(([1, 2], [2]))",
        "InvalidArgumentError",
        "'src' has 2",
        "'dst' has 1",
    ),
    "weights of another length": (
        "gr.Graph.from_edges(([1, 2], [2, 3], [1.0]))",
        "InvalidArgumentError",
        "'weight' has 1",
    ),
    "four arrays": ("gr.Graph.from_edges(([1], [2], [3], [4]))", "InvalidArgumentError", "4 items"),
    "one array": ("gr.Graph.from_edges(([1],))", "InvalidArgumentError", "1 items"),
    "a matrix as a column": (
        "gr.Graph.from_edges((np.zeros((2, 2), int), [1, 2]))",
        "InvalidArgumentError",
        "1-D",
        "(2, 2)",
    ),
    "no such source column": (
        "gr.Graph.from_edges(pl.DataFrame({'from': [1], 'to': [2]}))",
        "ColumnNotFoundError",
        "'src'",
        "'from', 'to'",
    ),
    "no such weight column": (
        "gr.Graph.from_edges(pl.DataFrame({'src': [1], 'dst': [2]}).lazy(), weight='w')",
        "ColumnNotFoundError",
        "'w'",
        "'src', 'dst'",
    ),
    "fractional ids": (
        "gr.Graph.from_edges(([1.5], [2.0]))",
        "InvalidTypeError",
        "'src'",
        "Float64",
        "cast it to an integer or a string",
    ),
    "ids that are lists": ("gr.Graph.from_edges(([[1]], [[2]]))", "InvalidTypeError", "'src'"),
    "ids that are objects": (
        "gr.Graph.from_edges((pl.Series([object()], dtype=pl.Object),) * 2)",
        "InvalidTypeError",
        "Object",
    ),
    "ids of mixed types": ("gr.Graph.from_edges(([1, 'a'], [1, 2]))", "InvalidTypeError", "'src'"),
    "ends of different types": (
        "gr.Graph.from_edges(([1], ['a']))",
        "InvalidTypeError",
        "'src' (Int64)",
        "'dst' (String)",
    ),
    "an id beyond 128 bits": ("gr.Graph.from_edges(([10**60], [2]))", "InvalidTypeError", "'src'"),
    "an end that is not in nodes": (
        "gr.Graph.from_edges((['ann'], ['bobb']), nodes=['ann', 'bob'])",
        "NodeNotFoundError",
        "'dst', row 0",
        "'bobb'",
        "did you mean 'bob'",
    ),
    "a node listed twice": (
        "gr.Graph.from_edges(([1], [2]), nodes=[1, 2, 1])",
        "InvalidDataError",
        "`nodes`",
        "row 2",
    ),
    "a null among nodes": (
        "gr.Graph.from_edges(([1], [2]), nodes=[1, None, 2])",
        "InvalidDataError",
        "`nodes`",
        "row 1",
    ),
    "fractional nodes": ("gr.Graph.from_edges(([1], [2]), nodes=[1.0, 2.0])", "InvalidTypeError", "Float64"),
    "an unknown rule for duplicates": (
        "gr.Graph.from_edges(([1], [2]), duplicates='mean')",
        "InvalidArgumentError",
        "`duplicates`",
        "'mean'",
        "'sum', 'first', 'max', 'error'",
    ),
    "an unknown rule for self-loops": (
        "gr.Graph.from_edges(([1], [2]), self_loops='no')",
        "InvalidArgumentError",
        "`self_loops`",
        "'keep', 'drop'",
    ),
    "a repeated edge": (
        "gr.Graph.from_edges((['a', 'b', 'a'], ['b', 'c', 'b']), duplicates='error')",
        "InvalidDataError",
        "row 2",
        "'a' -> 'b'",
    ),
    "a repeated edge turned round": (
        "gr.Graph.from_edges(([1, 2, 2], [2, 3, 1]), duplicates='error', directed=False)",
        "InvalidDataError",
        "row 2",
        "2 -> 1",
    ),
    "something that is no table": ("gr.Graph.from_edges(42)", "InvalidTypeError", "`edges`", "int"),
    "something that is no graph": ("gr.as_graph(3.5)", "InvalidTypeError", "float"),
    "a path instead of a graph": ("gr.as_graph('web.csv')", "InvalidTypeError", "read_edges"),
    "a graph made by hand": ("gr.Graph()", "InvalidTypeError", "from_edges"),
}

ASKING = {
    "damping of 1": ("gr.pagerank(g, damping=1)", "InvalidArgumentError", "`damping`", "[0, 1)", "1"),
    "damping below 0": ("gr.pagerank(g, damping=-0.1)", "InvalidArgumentError", "`damping`", "-0.1"),
    "damping NaN": ("gr.pagerank(g, damping=np.nan)", "InvalidArgumentError", "`damping`", "NaN"),
    "damping inf": ("gr.pagerank(g, damping=np.inf)", "InvalidArgumentError", "`damping`", "inf"),
    "damping beyond all floats": ("gr.pagerank(g, damping=10**400)", "InvalidArgumentError", "`damping`"),
    "damping of text": ("gr.pagerank(g, damping='0.85')", "InvalidTypeError", "`damping`", "'0.85'"),
    "tolerance 0": ("gr.pagerank(g, tol=0)", "InvalidArgumentError", "`tol`", "0"),
    "tolerance NaN": ("gr.pagerank(g, tol=np.nan)", "InvalidArgumentError", "`tol`", "NaN"),
    "tolerance inf": ("gr.pagerank(g, tol=np.inf)", "InvalidArgumentError", "`tol`"),
    "tolerance below rounding": ("gr.pagerank(g, tol=1e-18)", "DidNotConvergeError", "`tol`", "1e-18"),
    "top_k 0": ("gr.personalized_pagerank(g, 0, top_k=0)", "InvalidArgumentError", "`top_k`", "0"),
    "top_k 1.5": ("gr.personalized_pagerank(g, 0, top_k=1.5)", "InvalidTypeError", "`top_k`", "1.5"),
    "dangling unknown": (
        "gr.pagerank(g, dangling='jump')",
        "InvalidArgumentError",
        "`dangling`",
        "'jump'",
        "'restart', 'uniform', 'self', 'absorb'",
    ),
    "method unknown": (
        "gr.personalized_pagerank(g, 0, method='magic')",
        "InvalidArgumentError",
        "`method`",
        "'magic'",
        "'power'",
    ),
    "no source": ("gr.personalized_pagerank(g)", "InvalidArgumentError", "`sources`", "`restart`", "neither"),
    "source and restart": ("gr.personalized_pagerank(g, 0, restart={0: 1})", "InvalidArgumentError", "both"),
    "unknown source": ("gr.personalized_pagerank(g, [0, 99])", "NodeNotFoundError", "`sources`", "99"),
    "source 2**33": ("gr.personalized_pagerank(g, 2**33)", "NodeNotFoundError", str(2**33)),
    "source 2**63": ("gr.personalized_pagerank(g, 2**63)", "NodeNotFoundError", str(2**63)),
    "source 0xFFFFFFFF": ("gr.personalized_pagerank(g, 0xFFFFFFFF)", "NodeNotFoundError", str(0xFFFFFFFF)),
    "source -1": ("gr.personalized_pagerank(g, -1)", "NodeNotFoundError", "-1"),
    "source 2**200": (
        "gr.personalized_pagerank(g, 2**200)",
        "InvalidTypeError or NodeNotFoundError",
        "`sources`",
    ),
    "source None in a list": ("gr.personalized_pagerank(g, [0, None])", "InvalidDataError", "`sources`", "1"),
    "source of another type": (
        "gr.personalized_pagerank(g, '0')",
        "InvalidTypeError",
        "`sources`",
        "String",
        "Int64",
    ),
    "source NaN": ("gr.personalized_pagerank(g, np.nan)", "InvalidTypeError", "`sources`", "Float64"),
    "restart unknown": (
        "gr.personalized_pagerank(g, restart={7: 1})",
        "NodeNotFoundError",
        "`restart`",
        "7",
    ),
    "restart all zero": (
        "gr.personalized_pagerank(g, restart={0: 0, 1: 0.0})",
        "InvalidDataError",
        "`restart`",
        "0",
        "above 0",
    ),
    "restart empty": ("gr.personalized_pagerank(g, restart={})", "InvalidDataError", "`restart`"),
    "restart negative": (
        "gr.personalized_pagerank(g, restart={0: -1, 1: 2})",
        "InvalidDataError",
        "`restart`",
        "0",
        "-1",
    ),
    "restart NaN": ("gr.personalized_pagerank(g, restart={1: np.nan})", "InvalidDataError", "nan"),
    "restart infinite": ("gr.personalized_pagerank(g, restart={1: np.inf})", "InvalidDataError", "inf"),
    "restart beyond all floats": (
        "gr.personalized_pagerank(g, restart={1: 10**400})",
        "InvalidDataError",
        "`restart`",
    ),
    "restart null in a frame": (
        "gr.personalized_pagerank(g, restart=pl.DataFrame({'node': [0, 1], 'weight': [1.0, None]}))",
        "InvalidDataError",
        "'weight'",
        "row 1",
    ),
    "restart frame without weights": (
        "gr.personalized_pagerank(g, restart=pl.DataFrame({'node': [0, 1]}))",
        "ColumnNotFoundError",
        "'weight'",
        "'node'",
    ),
    "one zero query of two": (
        "gr.personalized_pagerank(g, restart=pl.DataFrame("
        "{'query': ['x', 'y'], 'node': [0, 1], 'weight': [1.0, 0.0]}))",
        "InvalidDataError",
        "'y'",
    ),
    "restart array too short": (
        "gr.personalized_pagerank(g, restart=np.ones(2))",
        "InvalidArgumentError",
        "(3,)",
        "(2,)",
    ),
    "restart array negative": (
        "gr.personalized_pagerank(g, restart=np.array([1.0, 0.0, -2.0]))",
        "InvalidDataError",
        "-2.0",
        "node 2",
    ),
    "restart of words": ("gr.personalized_pagerank(g, restart='uniform')", "InvalidTypeError", "`restart`"),
    "timeout 0": ("gr.pagerank(g, timeout_s=0)", "InvalidArgumentError", "`timeout_s`", "0"),
    "timeout NaN": ("gr.pagerank(g, timeout_s=np.nan)", "InvalidArgumentError", "`timeout_s`", "nan"),
    "timeout 1e300": ("gr.pagerank(g, timeout_s=1e300)", "InvalidArgumentError", "`timeout_s`"),
    "progress a word": ("gr.pagerank(g, progress='yes')", "InvalidTypeError", "`progress`", "str"),
    "0 threads": ("gr.set_num_threads(0)", "InvalidArgumentError", "`n`", "0"),
    "half a thread": ("gr.set_num_threads(0.5)", "InvalidTypeError", "`n`", "0.5"),
    "a million threads": ("gr.set_num_threads(10**6)", "InvalidArgumentError", "`n`", "1024"),
    "a neighbour of nobody": ("g.neighbors(5)", "NodeNotFoundError", "`id`", "5"),
    "neighbours of two": ("g.neighbors([0, 1])", "InvalidArgumentError", "`id`", "2"),
    "a subgraph of strangers": ("g.subgraph([0, 17])", "NodeNotFoundError", "17"),
    "codes out of range": ("g.decode(np.array([3], dtype=np.uint32))", "InvalidArgumentError", "`codes`"),
    "unhashable id": (
        "nx_graph = nx.Graph([((1, 2), 'a')]); gr.Graph.from_networkx(nx_graph).neighbors([[1]])",
        "InvalidTypeError",
        "`id`",
    ),
    "no plot of query 1": ("gr.pagerank(g).plot(query=1)", "InvalidArgumentError", "`query`", "1"),
}

NETWORKX = {
    "NaN": ("w = float('nan')", "nan"),
    "infinite": ("w = float('inf')", "inf"),
    "negative": ("w = -2", "-2"),
    "null": ("w = None", "None"),
    "text": ("w = 'heavy'", "heavy"),
    "complex": ("w = 1j", "1j"),
    "huge": ("w = 10**400", ""),
}


@pytest.mark.parametrize("case", EDGES)
def test_edges_that_are_no_graph_are_refused(probe, case):
    code, *expected = EDGES[case]
    probe(code).check_refused(*expected)


@pytest.mark.parametrize("case", ASKING)
def test_a_question_without_an_answer_is_refused(probe, case):
    code, *expected = ASKING[case]
    probe(GRAPH + code).check_refused(*expected)


@pytest.mark.parametrize("case", NETWORKX)
def test_a_networkx_weight_that_is_no_weight_is_refused_and_the_edge_named(probe, case):
    weight, shown = NETWORKX[case]
    code = (
        f"{weight}; G = nx.Graph([(1, 2), (2, 3)]); G.add_edge(3, 'x', weight=w); gr.Graph.from_networkx(G)"
    )
    probe(code).check_refused("InvalidDataError", "(3, 'x')", "weight", shown)


def test_ids_near_every_power_of_two_are_ids(probe):
    ids = [0, 2**31, 2**32 - 1, 2**32, 2**33, 2**40, 2**63, 2**64 - 1, 2**100]
    for id in ids:
        done = probe(f"result = gr.Graph.from_edges(([{id}, 5], [5, 7])).nodes['id'].to_list()").check_done()
        assert done.value == repr(sorted({id, 5, 7}))


def test_more_nodes_than_fit_are_refused(probe):
    none = "np.empty(0, np.uint32)"
    for n in (2**32 - 1, 2**40, 2**63):
        code = f"core.Graph.from_codes({n}, {none}, {none}, None, True, 'sum', True, (None, None))"
        probe(code).check_refused("InvalidArgumentError", str(2**32 - 2))


def test_categorical_ids_do_not_abort(probe):
    code = """
c = pl.Series(["b", "a", "c"], dtype=pl.Categorical)
result = gr.personalized_pagerank(gr.Graph.from_edges((c, c.shift(1).fill_null("c"))), "a").scores.sum() > 0.99
"""
    assert "True" in probe(code).check_done().value


def test_an_empty_graph_answers_everything(probe):
    code = """
g = gr.Graph.from_edges(pl.DataFrame({"src": [], "dst": []}))
parts = [g.edges(), g.nodes, g.degrees(), gr.pagerank(g).to_polars(), g.subgraph([]).edges()]
matrix, other = g.to_scipy(), g.to_networkx()
result = [len(p) for p in parts], matrix.shape, len(other), g.reverse().n_edges, g.to_undirected().n_nodes
"""
    assert probe(code).check_done().value == "([0, 0, 0, 0, 0], (0, 0), 0, 0, 0)"


@pytest.mark.parametrize("damping", [0.9999999, 1 - 2**-52])
def test_damping_next_to_1_on_a_tiny_graph_neither_hangs_nor_defies_ctrl_c(probe, damping):
    """The two-cycle is periodic: power iteration gains nothing on damping alone."""
    code = f"""
g = gr.Graph.from_edges(([0, 1], [1, 0]))
threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    gr.personalized_pagerank(g, 0, damping={damping}, method="power")
except (KeyboardInterrupt, gr.exceptions.GraphRankError) as error:
    result = type(error).__name__
"""
    done = probe(code, limit=8).check_done()
    assert done.value in ("'KeyboardInterrupt'", "'DidNotConvergeError'", "'InvalidArgumentError'")
