"""The best elements among those that came last."""

from __future__ import annotations

import datetime as dt
import re
from collections import deque
from copy import copy
from itertools import islice
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl

from graphrank._dynamic_maximizer import DynamicMaximizer
from graphrank._edge_table import as_frame, pick
from graphrank._maintained import Maintained
from graphrank._objective import Objective
from graphrank._operations import LOG_COLUMNS
from graphrank._run import QUIET
from graphrank._typing import Guesses, Strategy
from graphrank._validate import int_from, positive_int
from graphrank.exceptions import InvalidArgumentError, InvalidDataError, InvalidTypeError

__all__ = ["SlidingWindow"]

_NANOSECONDS = {
    "ns": 1,
    "us": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 86400 * 10**9,
    "w": 7 * 86400 * 10**9,
}
_DURATION = re.compile(r"(\d+)(ns|us|ms|s|m|h|d|w)")


class SlidingWindow(Maintained):
    """At most ``k`` elements that are worth the most together, nearly, of those that came last.

    An element is a candidate while one of its arrivals is in the window: one of the last ``size``, or one less than
    ``every`` ago. Give exactly one of ``size`` and ``every``.

    Parameters
    ----------
    objective
        What is maximised: one of :mod:`graphrank.submodular`.
    k
        How many elements at most.
    size
        How many arrivals the window holds.
    every
        How long an arrival stays: a text such as ``"7d"`` or ``"1h30m"`` (of ``w``, ``d``, ``h``, ``m``, ``s``,
        ``ms``, ``us``, ``ns``), a ``timedelta``, or, where times are whole numbers, a whole number.
    eps, strategy, guesses, stability, seed
        As for :class:`DynamicMaximizer`, whose bounds hold here as well.

    Raises
    ------
    InvalidArgumentError
        If a number or word is out of range, or not exactly one of ``size`` and ``every`` is given.

    Notes
    -----
    An arrival, and what leaves the window for it, is one update: it happens as a whole or not at all. It takes
    some microseconds of Python besides what the updates of a :class:`DynamicMaximizer` take.

    Examples
    --------
    >>> import graphrank as gr
    >>> from graphrank.submodular import Coverage
    >>> reach = Coverage({"ann": [1, 2, 3], "bob": [3, 4], "cat": [4, 5]})
    >>> recent = gr.SlidingWindow(reach, 1, size=2)
    >>> for name in ("ann", "bob", "cat"):
    ...     recent.insert(name)
    >>> recent.candidates.to_list(), recent.value
    (['bob', 'cat'], 2.0)
    """

    __slots__ = ("_arrivals", "_best", "_duration", "_last", "_n_seen", "_now", "_size")

    def __init__(
        self,
        objective: Objective,
        k: int,
        *,
        size: int | None = None,
        every: str | dt.timedelta | int | None = None,
        eps: float = 0.05,
        strategy: Strategy = "robust",
        guesses: Guesses = "pair",
        stability: float = 0.0,
        seed: int = 0,
    ) -> None:
        if (size is None) == (every is None):
            given = "both" if size is not None else "neither"
            raise InvalidArgumentError(f"give either `size` or `every`, got {given}")
        self._size = None if size is None else positive_int("size", size)
        self._duration = None if every is None else _duration(every)
        self._arrivals: deque[tuple[int, Any]] = deque()
        self._last: dict[int, int] = {}  # the number of the last arrival of each candidate
        self._n_seen = 0
        self._now: Any = None
        options: Any = {
            "eps": eps,
            "strategy": strategy,
            "guesses": guesses,
            "stability": stability,
            "seed": seed,
        }
        self._keep(DynamicMaximizer(objective, k, **options))

    def _keep(self, best: DynamicMaximizer) -> None:
        self._best = best
        self._objective, self._index, self._inner = best._objective, best._index, best._inner

    def insert(self, id: Any, time: Any = None) -> None:
        """Let an element arrive, and what is too old leave.

        Parameters
        ----------
        id
            The id of an element. If it is in the window already it stays for as long as this arrival does.
        time
            When it arrives, for windows of a duration: a ``datetime`` or ``date``, or a whole number; not before the
            last arrival.

        Raises
        ------
        ElementNotFoundError
            If ``id`` is not an element of the objective.
        InvalidArgumentError
            If ``time`` is missing, is before the last arrival, or is given for a window of a size.
        """
        code = self._index.code(id, "id")
        self._arrive(code, self._moment(time), "`time`")

    def advance(self, time: Any) -> None:
        """Let time pass, and what is too old leave: for windows of a duration.

        Examples
        --------
        >>> import graphrank as gr
        >>> from graphrank.submodular import Coverage
        >>> recent = gr.SlidingWindow(Coverage({"ann": [1, 2]}), 1, every=10)
        >>> recent.insert("ann", 5)
        >>> recent.advance(15)
        >>> recent.n_live
        0
        """
        self._arrive(None, self._moment(time), "`time`")

    def apply(
        self, table: Any, element: str = "element", time: str = "time", *, every: int = 1000
    ) -> pl.DataFrame:
        """Let the elements of a table arrive, in the order of its rows.

        Parameters
        ----------
        table
            A frame with a row per arrival. A LazyFrame is computed.
        element
            Name of the column with the ids.
        time
            Name of the column with the times, for windows of a duration: datetimes, dates or whole numbers that do not
            fall.
        every
            A row of the log after every so many arrivals, and after the last one; 0 for that only.

        Returns
        -------
        polars.DataFrame
            The log, as :meth:`DynamicMaximizer.apply` returns it; ``step`` counts arrivals.

        Raises
        ------
        ColumnNotFoundError, ElementNotFoundError, InvalidDataError, InvalidTypeError
            If a column does not exist, an id is null or not an element, or a time is null or before that of an earlier
            row: nothing is done then.

        Examples
        --------
        >>> import graphrank as gr
        >>> import polars as pl
        >>> from graphrank.submodular import Coverage
        >>> reach = Coverage({"ann": [1, 2, 3], "bob": [3, 4]})
        >>> recent = gr.SlidingWindow(reach, 1, every=10)
        >>> visits = pl.DataFrame({"element": ["ann", "bob"], "time": [1, 11]})
        >>> recent.apply(visits, every=1).select("step", "n_live", "value").rows()
        [(1, 1, 3.0), (2, 1, 2.0)]
        """
        each = int_from(0, "every", every)
        names = [element] if self._duration is None else [element, time]
        columns = pick(as_frame(table, "table"), names)
        codes = self._index.find_rows(columns[0]).tolist()
        times = [None] * len(codes) if self._duration is None else self._moments(columns[1])
        log = _Log(self)
        for row, (code, now) in enumerate(zip(codes, times, strict=True), start=1):
            self._arrive(code, now, f"column {time!r}, row {row - 1}")
            if row == len(codes) or (each and row % each == 0):
                log.write()
        return log.to_polars()

    @property
    def steps(self) -> int:
        """Arrivals so far."""
        return self._n_seen

    def _arrive(self, code: int | None, now: Any, where: str) -> None:
        """An arrival, or none, at ``now``: one update, and only after it the window itself."""
        if self._now is not None and now is not None and now < self._now:
            raise InvalidArgumentError(f"{where}: time goes back; arrivals come in the order of their times")
        arrivals, last = self._arrivals, self._last
        n_leaving = self._n_leaving(now)
        first = self._n_seen - len(arrivals)
        leaving = enumerate(islice(arrivals, n_leaving), first)
        deletions = [old for number, (old, _) in leaving if last[old] == number and old != code]
        insertions = [code] if code is not None and code not in last else []
        if deletions or insertions:
            self._inner.update(deletions, insertions, QUIET)
        for old in deletions:
            del last[old]
        for _ in range(n_leaving):
            arrivals.popleft()
        if code is not None:
            arrivals.append((code, now))
            last[code] = self._n_seen
            self._n_seen += 1
        self._now = now

    def _n_leaving(self, now: Any) -> int:
        """How many arrivals are too old once another comes, or time has passed."""
        if self._size is not None:
            return max(len(self._arrivals) + 1 - self._size, 0)
        stays = (i for i, (_, then) in enumerate(self._arrivals) if now - then < self._duration)
        return next(stays, len(self._arrivals))

    def _moment(self, time: Any) -> Any:
        if (time is None) != (self._duration is None):
            problem = "has no times" if self._duration is None else "needs the time of an arrival"
            raise InvalidArgumentError(
                f"`time`: a window of {'a size' if self._size else 'a duration'} {problem}"
            )
        if time is None:
            return None
        # NumPy's moments are of many units, of which Polars knows some.
        times = np.array([time], "datetime64[ns]") if isinstance(time, np.datetime64) else [time]
        return self._moments(pl.Series("time", times))[0]

    def _moments(self, times: pl.Series) -> list[Any]:
        """Times as whole numbers, and those of the calendar as nanoseconds."""
        is_calendar = isinstance(times.dtype, (pl.Datetime, pl.Date))
        if not is_calendar and not times.dtype.is_integer():
            raise InvalidTypeError(
                f"column {times.name!r} is {times.dtype}; times are dates or whole numbers"
            )
        if times.null_count():
            raise InvalidDataError(f"column {times.name!r} is null in row {times.is_null().arg_true()[0]}")
        if is_calendar:
            times = times.cast(pl.Datetime("ns")).to_physical()
        falls = np.flatnonzero(np.diff(times.to_numpy()) < 0)
        if falls.size:
            row = int(falls[0]) + 1
            raise InvalidDataError(f"column {times.name!r}, row {row}: time goes back; sort the table by it")
        return times.to_list()

    def __copy__(self) -> SlidingWindow:
        """A window of its own; the objective, which never changes, is shared."""
        _, (best, state) = self.__reduce__()
        return _remade(copy(best), state)

    def __reduce__(self) -> tuple[Any, ...]:
        state = (self._size, self._duration, list(self._arrivals), self._n_seen, self._now)
        return _remade, (self._best, state)


class _Log:
    """The rows of a log."""

    def __init__(self, window: SlidingWindow) -> None:
        self._window = window
        self._rows: list[tuple[Any, ...]] = []
        self._before = set(window.solution()["element"])
        self._since = perf_counter()

    def write(self) -> None:
        window, now = self._window, set(self._window.solution()["element"])
        micros = (perf_counter() - self._since) * 1e6
        self._rows.append(
            (
                window.steps,
                window.n_live,
                window.value,
                window.upper_bound,
                window.certified_ratio,
                window.oracle_calls,
                len(now ^ self._before),
                micros,
            )
        )
        self._before, self._since = now, perf_counter()

    def to_polars(self) -> pl.DataFrame:
        dtypes = dict.fromkeys(LOG_COLUMNS, pl.UInt64) | dict.fromkeys(
            ("value", "upper_bound", "ratio", "micros"), pl.Float64
        )
        return pl.DataFrame(self._rows, schema=dtypes, orient="row")


def _duration(every: Any) -> int:
    """How long an arrival stays, in nanoseconds or in units of the caller's."""
    if isinstance(every, dt.timedelta):
        length = every // dt.timedelta(microseconds=1) * 1000
    elif isinstance(every, str):
        parts = _DURATION.findall(every)
        if "".join(number + unit for number, unit in parts) != every:
            raise InvalidArgumentError(f'`every` must be a duration such as "7d" or "1h30m", got {every!r}')
        length = sum(int(number) * _NANOSECONDS[unit] for number, unit in parts)
    else:
        length = positive_int("every", every)
    if length <= 0:
        raise InvalidArgumentError(f"`every` must be longer than nothing, got {every!r}")
    return length


def _remade(best: DynamicMaximizer, state: tuple[Any, ...]) -> SlidingWindow:
    """The window that was pickled."""
    window = object.__new__(SlidingWindow)
    window._size, window._duration, arrivals, window._n_seen, window._now = state
    window._arrivals = deque(arrivals)
    first = window._n_seen - len(arrivals)
    window._last = {code: number for number, (code, _) in enumerate(arrivals, first)}
    window._keep(best)
    return window
