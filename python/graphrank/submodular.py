"""Few elements that stand for all, while candidates come and go.

An *objective* says what a set of elements is worth: what it covers, whom it is similar to, how much it differs. It is
submodular: what an element adds only falls as others are picked. :func:`maximize` selects once;
:class:`DynamicMaximizer` keeps a selection while candidates come and go, with a certificate after every change, and
:class:`SlidingWindow` one of what came last.
"""

from __future__ import annotations

from graphrank._advice import Advice, advise
from graphrank._callable_objective import Callable
from graphrank._committee import Committee
from graphrank._concave_sums import FeatureBased, SaturatedCoverage
from graphrank._coverage import Coverage, ProbabilisticCoverage
from graphrank._dynamic_maximizer import DynamicMaximizer
from graphrank._facility_location import FacilityLocation, QueryFacilityLocation
from graphrank._fair_select import fair_select
from graphrank._graph_cut import GraphCut
from graphrank._log_det import LogDet
from graphrank._log_plot import plot_log
from graphrank._mixture import Mixture
from graphrank._objective import Objective
from graphrank._select import maximize
from graphrank._selection import Selection
from graphrank._sliding_window import SlidingWindow
from graphrank._submodular_selector import SubmodularSelector

__all__ = [
    "Advice",
    "Callable",
    "Committee",
    "Coverage",
    "DynamicMaximizer",
    "FacilityLocation",
    "FeatureBased",
    "GraphCut",
    "LogDet",
    "Mixture",
    "Objective",
    "ProbabilisticCoverage",
    "QueryFacilityLocation",
    "SaturatedCoverage",
    "Selection",
    "SlidingWindow",
    "SubmodularSelector",
    "advise",
    "fair_select",
    "maximize",
    "plot_log",
]
