"""Submodular maximisation in a forked child that has lost the threads of Polars: the same answers, never waited for."""

from __future__ import annotations

import pytest

IDS = {
    "integers": "ints",
    "wide integers": "ints * 7 + 3",
    "strings": "ints.cast(pl.String)",
    "categoricals": "ints.cast(pl.String).cast(pl.Categorical)",
    "dates": "ints.cast(pl.Date)",
}

COMPARED = """
from graphrank import submodular as sm
rng = np.random.default_rng(0)
ints = pl.Series(np.arange(50)).cast(pl.Int32)
ids = {ids}
table = pl.DataFrame([
    ids.gather(pl.Series(rng.integers(0, 50, 300))).alias("element"),
    pl.Series("item", rng.integers(0, 40, 300)),
    pl.Series("value", rng.random(300)),
    ids.gather(pl.Series(rng.integers(0, 50, 300))).alias("other"),
])
moved = ids.gather(pl.Series([*range(30), *range(10)])).alias("element")
moves = pl.DataFrame([pl.Series("op", [1] * 30 + [-1] * 10), moved, pl.Series("time", range(40))])
points = rng.random((50, 4))
emb = gr.fastrp((rng.integers(0, 50, 300), rng.integers(0, 50, 300)), dim=8)
def answers():
    made = [
        sm.Coverage(table), sm.Coverage(table, elements=ids), sm.Coverage(table, weight=None),
        sm.Coverage({{"b": [1, 2], "a": [2]}}),
        sm.ProbabilisticCoverage(table, probability="value"),
        sm.FacilityLocation(table, element="element", client="item", score="value"),
        sm.FacilityLocation(emb, neighbors=5), sm.FacilityLocation(points), sm.LogDet.from_vectors(points),
        sm.QueryFacilityLocation(table, element="element", query="item", score="value"),
        sm.SaturatedCoverage(table, element="element", client="item", score="value"),
        sm.GraphCut(table, element="element", other="other", score="value"),
        sm.FeatureBased(table, feature="item", amount="value"),
        sm.Mixture([(1.0, sm.Coverage(table)), (0.5, sm.Coverage(table))]),
        sm.Callable(ids, len),
    ]
    found = [gr.maximize(objective, 5).to_polars().rows() for objective in made]
    best = gr.DynamicMaximizer(made[1], 4)
    log = [row[:-1] for row in best.apply(moves, every=10).rows()]
    best.discard(ids[5])
    best.insert(ids[5])
    again = gr.DynamicMaximizer.from_bytes(best.to_bytes(), made[1])
    recent = gr.SlidingWindow(made[1], 4, size=9)
    recent.apply(moves)
    timed = gr.SlidingWindow(made[1], 4, every=9)
    timed.apply(moves)
    return [
        found, log, again.candidates.to_list(), again.solution().rows(), recent.candidates.to_list(),
        timed.value, repr(best), ids[5] in best, best._repr_html_(),
        sm.SubmodularSelector(3).fit_transform(points).tolist(),
    ]
expected = answers()
ints.sort(), table.lazy().filter(pl.col("value") > 0.5).collect()  # the pool is running
child = os.fork()
if not child:
    try:
        os._exit(0 if answers() == expected else 3)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(4)
result = os.waitpid(child, 0)[1]
"""


@pytest.mark.parametrize("form", IDS)
def test_a_forked_child_finds_the_same_elements(probe, form):
    assert probe(COMPARED.format(ids=IDS[form]), limit=20).check_done().value == "0"
