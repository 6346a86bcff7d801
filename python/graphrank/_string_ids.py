"""Node codes of strings, and of the few other ids that 64 bits do not hold, by way of 64-bit hashes.

A hash join compares strings all over memory. Hashing a column reads it once, in order; the core then numbers the
8-byte hashes, and only the distinct strings are ever sorted. On 5 million edges among 1 million names this takes
a third (names of 11 bytes) to a little over a half (59 bytes) of the processor time of Polars' unique, sort and join.

Two strings may share a hash, so the codes are checked against the strings afterwards; if one differs (odds of about
n**2 / 2**65 for n names, or somebody's malice) the columns are joined instead. A categorical already is a column of
numbers, which are its keys.
"""

from __future__ import annotations

from io import BytesIO
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank import _core
from graphrank._forked import pool_is_lost, refuse_without_pool
from graphrank._typing import How

__all__ = ["code_by_hash", "code_by_join", "hash_keys", "sorted_order"]

_Codes: TypeAlias = NDArray[np.uint32]


def code_by_hash(src: pl.Series, dst: pl.Series, how: How) -> tuple[pl.Series, _Codes, _Codes]:
    """The sorted distinct ids of both columns and the rank of every entry among them.

    The columns have one dtype: String, Binary, Categorical or a 128-bit integer, without nulls.
    """
    src_codes, dst_codes, positions = _core.first_appearances(hash_keys(src), hash_keys(dst), how)
    ids = _at(src, dst, positions)
    order = sorted_order(ids)
    rank = np.empty(len(order), dtype=np.uint32)
    rank[order] = np.arange(len(order), dtype=np.uint32)
    ids = ids.gather(pl.Series(order))
    src_codes = rank[src_codes]
    dst_codes = rank[dst_codes]
    if _stand_for(ids, src_codes, src) and _stand_for(ids, dst_codes, dst):
        return ids, src_codes, dst_codes
    return code_by_join(src, dst)


def hash_keys(column: pl.Series) -> NDArray[np.uint64]:
    """One number per entry, equal for equal entries."""
    if isinstance(column.dtype, pl.Categorical):
        return column.to_physical().cast(pl.UInt64).rechunk().to_numpy()
    return column.hash(seed=0).rechunk().to_numpy()


def _at(src: pl.Series, dst: pl.Series, positions: NDArray[np.uint64]) -> pl.Series:
    """The entries at ascending ``positions`` of ``dst`` appended to ``src``."""
    in_src = int(np.searchsorted(positions, len(src)))
    first, then = pl.Series(positions[:in_src]), pl.Series(positions[in_src:] - np.uint64(len(src)))
    return _compact(pl.concat([src.gather(first).alias("id"), dst.gather(then).alias("id")]))


def _compact(ids: pl.Series) -> pl.Series:
    """The same ids in memory of their own: what gather returns keeps every string of the columns alive."""
    if not isinstance(ids.dtype, (pl.String, pl.Binary)):
        return ids
    stream = BytesIO()
    ids.rechunk().to_frame().write_ipc_stream(stream)
    stream.seek(0)
    return pl.read_ipc_stream(stream).to_series()


def sorted_order(ids: pl.Series) -> NDArray[np.uint32]:
    """The positions of ``ids`` in ascending order of the id; Python sorts strings as Polars does."""
    if pool_is_lost():
        return np.array(sorted(range(len(ids)), key=ids.to_list().__getitem__), dtype=np.uint32)
    return ids.arg_sort().cast(pl.UInt32).to_numpy()


def _stand_for(ids: pl.Series, codes: _Codes, column: pl.Series) -> bool:
    """True if every code is that of the entry in its row."""
    return bool((ids.gather(pl.Series(codes)) == column).all())


def code_by_join(src: pl.Series, dst: pl.Series) -> tuple[pl.Series, _Codes, _Codes]:
    """What :func:`code_by_hash` returns, by comparing the ids themselves."""
    refuse_without_pool("making a graph of these ids")
    both = pl.concat([src.alias("id"), dst.alias("id")]).to_frame()
    ids = both["id"].unique().sort()
    codes = both.join(ids.to_frame().with_row_index("code"), on="id", how="left", maintain_order="left")[
        "code"
    ]
    ranks = codes.cast(pl.UInt32).rechunk().to_numpy()
    return ids, ranks[: len(src)], ranks[len(src) :]
