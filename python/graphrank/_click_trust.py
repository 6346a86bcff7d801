"""The ``trust`` of a ranking in the form that the core takes."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrank import _core
from graphrank._click_ids import ClickIds
from graphrank._edge_table import as_frame, checked_weights, pick
from graphrank._ids import MISSING, as_id_column
from graphrank._typing import IntoIds
from graphrank.exceptions import InvalidArgumentError, InvalidDataError

__all__ = ["OWN_WALK", "RawTrust", "raw_trust"]

RawTrust: TypeAlias = tuple[NDArray[np.uint32], NDArray[np.float64] | None] | None
"""Codes of peers and how much each is trusted; without the latter, peers to walk from."""

OWN_WALK: RawTrust = (np.zeros(1, dtype=np.uint32), None)
"""Walks from me, whose code is 0."""


def raw_trust(inner: _core.ClickStore, users: ClickIds, trust: Any, seeds: IntoIds | None) -> RawTrust:
    """What ``trust`` and ``seeds`` say."""
    if isinstance(trust, str) and trust == "min_ppr":
        return _seeds(inner, users, seeds), None
    if seeds is not None:
        raise InvalidArgumentError('`seeds` are for trust="min_ppr"')
    if trust is None:
        return None
    if isinstance(trust, str):
        if trust == "ppr":
            return OWN_WALK
        raise InvalidArgumentError(f'`trust` must be a frame, "ppr" or "min_ppr", got {trust!r}')
    peers, scores = pick(as_frame(trust, "trust"), ["peer", "score"])
    codes, weights = users.find(inner, peers, "peer"), checked_weights(scores, "trust")
    is_known = codes != MISSING
    order = np.argsort(codes, kind="stable")
    again = order[1:][(np.diff(codes[order].astype(np.int64)) == 0) & is_known[order[1:]]]
    if again.size:
        row = int(again.min())
        raise InvalidDataError(
            f"`trust` names {peers[row]!r} again in row {row}; say once how much it is trusted"
        )
    return codes[is_known], weights[is_known]


def _seeds(inner: _core.ClickStore, users: ClickIds, seeds: IntoIds | None) -> NDArray[np.uint32]:
    if seeds is None:
        raise InvalidArgumentError('trust="min_ppr" needs `seeds`, peers that are known to be honest')
    column = as_id_column(seeds, "seeds")
    codes = users.find(inner, column, "seeds")
    missing = np.flatnonzero(codes == MISSING)
    if not codes.size or missing.size:
        what = "is empty" if not codes.size else f"names {column[int(missing[0])]!r}, who has no clicks here"
        raise InvalidArgumentError(f"`seeds` {what}")
    return codes
