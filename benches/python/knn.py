"""The ten nearest vectors by cosine: all pairs, a batch, one at a time, and among those that a filter allows."""

from functools import partial

from common.report import Target, cost
from common.runner import Options, Results, run
from common.timing import Case, Contender
from knn_contenders import (
    ALL,
    AUTO,
    EXACT,
    FAISS_FLAT,
    FILTERED,
    GRAPH,
    OURS,
    Method,
    Search,
    Vectors,
    contender,
)

SHARES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.01)
BATCH, SOME, ALONE = 1_000, 200, 20
PAIRS, MANY = "all-pairs", "batch"


def make_cases(options: Options) -> list[Case]:
    few = Vectors(12, 2_000, 0) if options.quick else Vectors(14, 10_000, 0)
    many = Vectors(15, 10_000, BATCH) if options.quick else Vectors(19, 200_000, BATCH)
    cases = [
        _case(PAIRS, f"{few.n:,} vectors of 128 numbers, each of them asked for", Search(few), ALL),
        _case(MANY, f"{many.n:,} vectors, {BATCH:,} others asked together", Search(many, BATCH), ALL),
    ]
    for share in SHARES[::3] if options.quick else SHARES:
        allowed = f"{many.n:,} vectors, {share:.0%} of them allowed"
        together, alone = Search(many, SOME, share), Search(many, ALONE, share, alone=True)
        cases.append(
            _case(f"{share:.0%}-together", f"{allowed}, {SOME} others asked together", together, FILTERED)
        )
        cases.append(
            _case(f"{share:.0%}-alone", f"{allowed}, {ALONE} others asked one by one", alone, FILTERED)
        )
    return cases


def _case(name: str, title: str, search: Search, methods: tuple[Method, ...]) -> Case:
    def contenders() -> list[Contender]:
        return [contender(method, search) for method in methods]

    return Case(name, f"{title}; time per query", contenders)


def make_targets(results: Results, options: Options) -> list[Target]:
    targets = []
    for case, rows in results.items():
        spent = partial(cost, threads=options.threads)
        ours = rows[OURS]
        targets.append(Target(f"{case}: recall of exact search", float(str(ours.quality["recall"])), 1))
        if case in (PAIRS, MANY) and FAISS_FLAT.name in rows:
            targets.append(
                Target(f"{case}: {FAISS_FLAT.name} / ours", spent(rows[FAISS_FLAT.name]) / spent(ours), 1)
            )
        if case == MANY:
            targets.append(Target(f"{case}: ms per query", spent(ours) * 1e3, 10, at_most=True))
        if AUTO.name in rows and not options.quick:
            best = min(spent(rows[method.name]) for method in (EXACT, GRAPH))
            targets.append(
                Target(f"{case}: auto / the better way", spent(rows[AUTO.name]) / best, 1.5, at_most=True)
            )
    return targets


if __name__ == "__main__":
    run("knn", __doc__, make_cases, make_targets)
