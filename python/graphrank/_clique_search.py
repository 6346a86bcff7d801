"""A question about cliques, checked, and its answer from the compiled module."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._clique_result import FairClique
from graphrank._convert import as_graph
from graphrank._fair_rules import FairRules, fair_rules
from graphrank._node_groups import NO_GROUP, NodeGroups, node_groups, one_group
from graphrank._typing import CliqueMethod, CliqueStatus, GraphLike, How, IntoIds, Ungrouped
from graphrank._validate import one_of, true_or_false
from graphrank.exceptions import InvalidArgumentError
from graphrank.graph import Graph

__all__ = ["Question", "fair_question", "plain_question", "uninterrupted"]

_NOBODY = np.empty(0, dtype=np.uint32)


@dataclass(frozen=True)
class Question:
    """Which clique is sought. Nodes are codes of ``graph``, which is undirected."""

    graph: Graph
    is_symmetrised: bool
    groups: NodeGroups
    rules: FairRules
    must_include: NDArray[np.uint32]
    exclude: NDArray[np.uint32]
    is_heuristic: bool
    is_deterministic: bool

    def with_least(self, k: int, *groups: Any) -> Question:
        """The same with at least ``k`` members of ``groups``, or of every group if none are named."""
        old = zip(self.groups.names, self.rules.least, strict=True)
        least = [k if not groups or name in groups else number for name, number in old]
        return replace(self, rules=replace(self.rules, least=least))

    def without_rules(self) -> Question:
        """The same among the same nodes, whatever the groups."""
        no_groups = one_group(self.graph.n_nodes)
        no_groups.codes[self.groups.codes == NO_GROUP] = NO_GROUP
        return replace(self, groups=no_groups, rules=fair_rules(no_groups, 0, None, None, None, None))

    def answer(self, how: How) -> FairClique:
        """Search."""
        rules = self.rules
        members, upper_bound, status, stats = _core.max_fair_clique(
            self.graph._inner,
            self.groups.codes,
            rules.least,
            rules.most,
            rules.delta,
            rules.tolerances,
            rules.max_ratio,
            rules.max_share,
            self.must_include,
            self.exclude,
            self.is_heuristic,
            self.is_deterministic,
            how,
        )
        return FairClique(
            self.graph.decode(members).alias("node"),
            self.groups.of(members),
            dict(zip(self.groups.names, self.groups.count(members), strict=True)),
            upper_bound,
            cast(CliqueStatus, status),
            {**stats, "is_symmetrised": self.is_symmetrised},
            self._reason() if status == "infeasible" else "",
        )

    def _reason(self) -> str:
        """Why there is no clique, as far as counting tells."""
        may_be = np.ones(self.graph.n_nodes, dtype=np.bool_)
        may_be[self.exclude] = False
        groups, rules = self.groups, self.rules
        there = groups.count(may_be)
        for name, least, most, nodes in zip(groups.names, rules.least, rules.most, there, strict=True):
            if least > most:
                return f"group {name!r} is to have at least {least} and at most {most} members"
            if least > nodes:
                return f"group {name!r} is to have at least {least} members, but only {nodes} nodes may be members"
        those = " with all of `must_include`" if len(self.must_include) else ""
        hint = "; `clique.largest_k_of_each` tells how many each can have" if any(rules.least) else ""
        return f"no clique{those} has the members of each group that the rules ask for{hint}"


def plain_question(
    graph: GraphLike, must_include: IntoIds | None, exclude: IntoIds | None, method: Any, deterministic: Any
) -> Question:
    """The arguments of :func:`graphrank.max_clique`."""
    g = as_graph(graph)
    groups = one_group(g.n_nodes)
    rules = fair_rules(groups, 0, None, None, None, None)
    return _question(g, groups, rules, must_include, exclude, method, deterministic)


def fair_question(
    graph: GraphLike,
    groups: Any,
    k: Any,
    delta: Any,
    max_ratio: Any,
    max_share: Any,
    max_per_group: Any,
    must_include: IntoIds | None,
    exclude: IntoIds | None,
    method: Any,
    ungrouped: Any,
    deterministic: Any,
) -> Question:
    """The arguments of :func:`graphrank.max_fair_clique`."""
    g = as_graph(graph)
    choice = cast(Ungrouped, one_of("ungrouped", ungrouped, get_args(Ungrouped)))
    named = node_groups(g._nodes, g._index, groups, choice)
    rules = fair_rules(named, k, delta, max_ratio, max_share, max_per_group)
    return _question(g, named, rules, must_include, exclude, method, deterministic)


def _question(
    g: Graph,
    groups: NodeGroups,
    rules: FairRules,
    must_include: IntoIds | None,
    exclude: IntoIds | None,
    method: Any,
    deterministic: Any,
) -> Question:
    question = Question(
        # Weights do not matter, so whichever is kept will do.
        g.to_undirected("max") if g.is_directed else g,
        g.is_directed,
        groups,
        rules,
        _codes(g, must_include, "must_include"),
        _codes(g, exclude, "exclude"),
        one_of("method", method, get_args(CliqueMethod)) == "heuristic",
        true_or_false("deterministic", deterministic),
    )
    _check_members(question)
    return question


def _codes(graph: Graph, ids: IntoIds | None, what: str) -> NDArray[np.uint32]:
    """The distinct codes of ``ids``, in the order given."""
    if ids is None:
        return _NOBODY
    codes = pl.Series(graph._index.encode(ids, what))
    return codes.gather(codes.is_first_distinct().arg_true()).to_numpy()


def _check_members(question: Question) -> None:
    """Refuse members that cannot be in one clique, by their ids."""
    graph, members = question.graph, question.must_include

    def id_of(code: np.uint32) -> str:
        return repr(graph._index.ids[int(code)])

    for code in members[np.isin(members, question.exclude)]:
        raise InvalidArgumentError(f"`must_include`: {id_of(code)} is in `exclude` as well")
    for code in members[question.groups.codes[members] == NO_GROUP]:
        raise InvalidArgumentError(f"`must_include`: {id_of(code)} has no group, so it cannot be a member")
    offsets, targets = graph._inner.offsets(), graph._inner.targets()
    for i, code in enumerate(members):
        linked = targets[offsets[code] : offsets[code + np.uint32(1)]]
        for other in members[:i][~np.isin(members[:i], linked)]:
            raise InvalidArgumentError(
                f"`must_include`: {id_of(other)} and {id_of(code)} are not linked, so no clique has both"
            )


def uninterrupted(question: Question, how: How) -> FairClique:
    """One of several answers; Ctrl-C raises, because more would follow."""
    found = question.answer(how)
    if found.status == "interrupted":
        raise KeyboardInterrupt
    return found
