"""Cliques in a forked child that has lost the threads of Polars: the same answers, never waited for."""

from __future__ import annotations

import pytest

GROUPS = {
    "integers": "ints",
    "strings": "ints.cast(pl.String)",
    "categoricals": "ints.cast(pl.String).cast(pl.Categorical)",
    "booleans": "ints == 1",
    "dates": "ints.cast(pl.Date)",
    "nulls": "pl.Series([None, 1, 2] * 100)",
    "a dict": "dict(zip(g.nodes['id'], ints))",
    "a frame": "pl.DataFrame({'node': g.nodes['id'].reverse(), 'group': ints})",
    "an attribute": "'craft'",
}

COMPARED = """
a, b = np.random.default_rng(0).integers(0, 300, (2, 6000))
ints = pl.Series(np.arange(300) % 3).cast(pl.Int32)
nodes = pl.DataFrame({{"id": np.arange(300), "craft": ints.cast(pl.String)}})
g = gr.Graph.from_edges((a, b), directed=False, nodes=nodes)
pairs = gr.Graph.from_edges((a, b))
groups = {groups}
def answers():
    rest = {{"ungrouped": "own"}}
    found = gr.max_fair_clique(g, groups, delta=1, **rest)
    few = gr.max_fair_clique(pairs, groups, must_include=[1], exclude=[2, 3, 2], **rest) if {plain} else None
    return [
        found.to_polars().rows(), found.counts, repr(found), repr(few), found._repr_html_(),
        gr.max_clique(g).nodes.to_list(),
        gr.max_fair_clique(g, groups, k=100, **rest).reason,
        repr(gr.clique.price_of_fairness(g, groups, delta=0, **rest)),
        gr.clique.largest_k_of_each(g, groups, **rest),
        gr.clique.fair_clique_frontier(g, groups, k=(0, 1), delta=(0, None), **rest).rows(),
    ]
expected = answers()
ints.sort(), nodes.lazy().filter(pl.col("craft") == "1").collect()  # the pool is running
child = os.fork()
if not child:
    try:
        os._exit(0 if answers() == expected else 3)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(4)
result = os.waitpid(child, 0)[1]
"""


@pytest.mark.parametrize("form", GROUPS)
def test_a_forked_child_finds_the_same_cliques(probe, form):
    code = COMPARED.format(groups=GROUPS[form], plain=form != "an attribute")
    assert probe(code, limit=20).check_done().value == "0"
