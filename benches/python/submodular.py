"""Few elements that stand for all: once, beside the libraries that select, and while candidates come and go."""

import submodular_dynamic
import submodular_static
from common.report import Target
from common.runner import Options, Results, run
from common.timing import Case


def make_cases(options: Options) -> list[Case]:
    return [*submodular_static.cases(options), *submodular_dynamic.cases(options)]


def make_targets(results: Results, options: Options) -> list[Target]:
    return [*submodular_static.targets(results, options), *submodular_dynamic.targets(results)]


if __name__ == "__main__":
    run("submodular", __doc__, make_cases, make_targets, isolated=True)
