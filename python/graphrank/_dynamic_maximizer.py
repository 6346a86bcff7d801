"""The best elements, nearly, while candidates come and go."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import polars as pl

from graphrank import _core
from graphrank._maintained import Maintained
from graphrank._objective import Objective, as_objective
from graphrank._operations import LOG_COLUMNS, read_operations
from graphrank._run import QUIET, run_opts
from graphrank._typing import Conflict, Guesses, IntoIds, Progress, Strategy
from graphrank._validate import int_from, one_of, positive_int, real_number, seed_number
from graphrank.exceptions import InvalidArgumentError, InvalidDataError, InvalidTypeError

__all__ = ["DynamicMaximizer"]

_NONE = np.empty(0, dtype=np.uint32)

_MAGIC = b"grmaxids"
"""Begins the bytes; the digest of the ids follows, and then what the core wrote."""


class DynamicMaximizer(Maintained):
    """At most ``k`` candidates that are worth the most together, nearly, after every insertion and deletion.

    At first no element is a candidate. The objective is fixed: only which of its elements are candidates changes.

    Parameters
    ----------
    objective
        What is maximised: one of :mod:`graphrank.submodular`.
    k
        How many elements at most.
    eps
        Step between the guesses of the best value, in [1e-6, 1): what the bounds below lose.
    strategy
        How the solution follows the candidates.

        * ``"robust"``: value at least 1 / (2 + ``eps``) of the best, proven for every update, whoever chose it and
          whatever they have seen; a few guesses are kept up to date by one random pick per level.
        * ``"polylog"``: at least (1 - ``eps``)² / (2 + ``eps``), proven the same way; many picks at once are sampled
          among candidates of like gains, and replaced when a share of ``eps`` of these has left. In theory its calls
          grow least with the number of candidates; ``"robust"`` finds better values, and mostly takes fewer.
        * ``"sieve"``: the bounds of ``"robust"``, with candidates met as they came, as if sieve-streaming were run
          again over those that are left. A baseline: streams may make every update ask all candidates.
        * ``"greedy"``: lazy greedy from the beginning after every update: at least 63 % of the best, and slow.
    guesses
        For all but ``"greedy"``: the ``"pair"`` of guesses that matters, or ``"all"``, for which the papers prove what
        an update costs in expectation, O(k log² k / eps) calls with ``"robust"``, against streams that do not depend on
        the random picks. With all, the 2 + ``eps`` of the bounds is 2 (1 + ``eps``).
    stability
        The share of the value, in [0, 1), that may be missing before another solution is shown: with 0.05 the elements
        shown change a few times less often, and the bounds above hold times 0.95.
    on_conflict
        An insertion of a candidate, and a deletion of what is none, is an ``"error"``, or something to ``"ignore"``.
    seed
        Of the random picks. The same seed and the same updates give the same solutions, on any number of threads.

    Raises
    ------
    InvalidArgumentError
        If a number or word is out of range.
    InvalidTypeError
        If ``objective`` is none.

    Notes
    -----
    What was proven about *this* solution is in :attr:`certified_ratio`, mostly far above the bounds. Whatever fails
    (an unknown id, a function of yours that raises, Ctrl-C, a time limit) leaves everything as it was after the last
    whole update.

    One call at a time works on a maximizer; others wait. Single updates take microseconds; for many, :meth:`apply`
    saves the way through Python.

    References
    ----------
    K. Banihashem, L. Biabani, S. Goudarzi, M. Hajiaghayi, P. Jabbarzade, M. Monemizadeh: Dynamic Algorithms for Matroid
    Submodular Maximization. SODA 2024; and Dynamic Constrained Submodular Optimization with Polylogarithmic Update
    Time. ICML 2023.

    A. Badanidiyuru, B. Mirzasoleiman, A. Karbasi, A. Krause: Streaming Submodular Maximization. KDD 2014.

    Examples
    --------
    >>> import graphrank as gr
    >>> from graphrank.submodular import Coverage
    >>> reach = Coverage({"ann": [1, 2, 3], "bob": [3, 4], "cat": [4, 5]})
    >>> best = gr.DynamicMaximizer(reach, 2)
    >>> best.extend(["ann", "bob"])
    >>> best.value
    4.0
    >>> best.insert("cat")
    >>> best.delete("ann")
    >>> sorted(best.solution()["element"]), best.value, len(best), "ann" in best
    (['bob', 'cat'], 3.0, 2, False)
    """

    __slots__ = ()

    def __init__(
        self,
        objective: Objective,
        k: int,
        *,
        eps: float = 0.05,
        strategy: Strategy = "robust",
        guesses: Guesses = "pair",
        stability: float = 0.0,
        on_conflict: Conflict = "error",
        seed: int = 0,
    ) -> None:
        self._objective = as_objective(objective)
        self._index = self._objective._index
        self._inner = _core.SubmodularMaximizer(
            self._objective._inner,
            positive_int("k", k),
            real_number("eps", eps),
            one_of("strategy", strategy, get_args(Strategy)),
            one_of("guesses", guesses, get_args(Guesses)),
            real_number("stability", stability),
            one_of("on_conflict", on_conflict, get_args(Conflict)),
            seed_number("seed", seed),
        )

    # --- changing the candidates --------------------------------------------------------------------------------

    def insert(self, id: Any) -> None:
        """Make an element a candidate.

        Raises
        ------
        ElementNotFoundError
            If ``id`` is not an element of the objective.
        InvalidDataError
            If it is a candidate already (unless conflicts are ignored). Nothing is changed then.

        Examples
        --------
        >>> import graphrank as gr
        >>> from graphrank.submodular import Coverage
        >>> best = gr.DynamicMaximizer(Coverage({"ann": [1, 2], "bob": [2]}), 1)
        >>> best.insert("bob")
        >>> best.value
        1.0
        """
        if self._inner.insert(self._index.code(id, "id")) is not None:
            raise InvalidDataError(f"`id`: {_conflict(id, is_insert=True)}")

    def delete(self, id: Any) -> None:
        """Make a candidate none.

        Raises
        ------
        ElementNotFoundError
            If ``id`` is not an element of the objective.
        InvalidDataError
            If it is no candidate (unless conflicts are ignored). Nothing is changed then.
        """
        if self._inner.delete(self._index.code(id, "id")) is not None:
            raise InvalidDataError(f"`id`: {_conflict(id, is_insert=False)}")

    def discard(self, id: Any) -> bool:
        """Make an element no candidate, if it is one; whether it was.

        Raises
        ------
        ElementNotFoundError
            If ``id`` is not an element of the objective.
        """
        was_live = self._inner.is_live(self._index.code(id, "id"))
        if was_live:
            self.delete(id)
        return was_live

    def extend(self, ids: IntoIds, *, progress: Progress = None, timeout_s: float | None = None) -> None:
        """Make many elements candidates, as one update: all or none.

        Parameters
        ----------
        ids
            Ids of elements that are no candidates, each once.
        progress
            True for a bar on stderr, or a callable ``(done, total, label)``.
        timeout_s
            Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

        Raises
        ------
        ElementNotFoundError
            If an id is not an element of the objective.
        InvalidDataError
            If one is a candidate already, or comes twice (unless conflicts are ignored). Nothing is changed then.
        """
        codes = self._index.encode(ids, "ids")
        refused = self._inner.update(_NONE, codes, run_opts(progress, timeout_s))
        if refused is not None:
            id = self._index.name(codes[refused[1]])
            raise InvalidDataError(f"`ids`, position {refused[1]}: {_conflict(id, is_insert=True)}")

    def apply(
        self,
        table: Any,
        op: str = "op",
        element: str = "element",
        *,
        every: int = 1000,
        batch: int = 1,
        progress: Progress = None,
        timeout_s: float | None = None,
    ) -> pl.DataFrame:
        """Carry out the insertions and deletions of a table, in the order of its rows.

        Parameters
        ----------
        table
            A frame with a row per operation. A LazyFrame is computed.
        op
            Name of the column that says what to do: 1 or -1, True or False, ``"insert"`` or ``"delete"``.
        element
            Name of the column with the ids.
        every
            A row of the log after every so many operations, and after the last one; 0 for that only.
        batch
            How many operations make one update. More than 1 is faster; the solution is brought up to date once for all
            of them, so that the log says what it was after whole batches.
        progress
            True for a bar on stderr, or a callable ``(done, total, label)``.
        timeout_s
            Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

        Returns
        -------
        polars.DataFrame
            The log: ``step`` (operations since the maximizer was made), ``n_live`` (candidates), ``value``,
            ``upper_bound``, ``ratio`` (the certified one), ``calls`` (how often the objective was asked, since the
            maximizer was made), ``changed`` (elements of the solution that came or went since the row before) and
            ``micros`` (microseconds since the row before).

        Raises
        ------
        ColumnNotFoundError, ElementNotFoundError, InvalidDataError, InvalidTypeError
            If a column does not exist, an id is not an element or null, an operation is none of those above: nothing is
            done then.
        InvalidDataError
            If a row inserts a candidate or deletes what is none (unless conflicts are ignored). The message names the
            row; what is before its batch stays, and :attr:`steps` says how many operations that is. The same goes for
            what a function of yours raises, for Ctrl-C and for the time limit.

        Examples
        --------
        >>> import graphrank as gr
        >>> import polars as pl
        >>> from graphrank.submodular import Coverage
        >>> best = gr.DynamicMaximizer(Coverage({"ann": [1, 2, 3], "bob": [3, 4]}), 1)
        >>> moves = pl.DataFrame({"op": [1, 1, -1], "element": ["ann", "bob", "ann"]})
        >>> best.apply(moves, every=1).select("step", "n_live", "value", "changed").rows()
        [(1, 1, 3.0, 1), (2, 2, 3.0, 0), (3, 1, 2.0, 2)]
        """
        rows, at_once = int_from(0, "every", every), positive_int("batch", batch)
        todo = read_operations(table, op, element, self._index)
        log, refused = self._inner.apply(
            todo.codes, todo.is_insert, rows, at_once, run_opts(progress, timeout_s)
        )
        if log is None:
            assert refused is not None
            row = refused[1]
            what = _conflict(todo.column[row], is_insert=bool(todo.is_insert[row]))
            raise InvalidDataError(
                f"column {element!r}, row {row}: {what}; the rows before its batch are done"
            )
        return pl.DataFrame(dict(zip(LOG_COLUMNS, log, strict=True)))

    @property
    def steps(self) -> int:
        """Operations since the maximizer was made."""
        return self._inner.steps

    # --- keeping ------------------------------------------------------------------------------------------------

    def to_bytes(self) -> bytes:
        """All of the state but the objective: what comes back goes on as if it had never stopped.

        Examples
        --------
        >>> import graphrank as gr
        >>> from graphrank.submodular import Coverage
        >>> reach = Coverage({"ann": [1, 2], "bob": [3]})
        >>> best = gr.DynamicMaximizer(reach, 1)
        >>> best.insert("ann")
        >>> gr.DynamicMaximizer.from_bytes(best.to_bytes(), reach).value
        2.0
        """
        return _MAGIC + self._index.digest + self._inner.to_bytes(QUIET)

    @classmethod
    def from_bytes(cls, data: bytes, objective: Objective) -> DynamicMaximizer:
        """The maximizer that :meth:`to_bytes` wrote.

        Parameters
        ----------
        data
            What :meth:`to_bytes` returned.
        objective
            The same objective, or one made of the same data. Of a function of yours only the ids can be compared.

        Raises
        ------
        InvalidArgumentError
            If the bytes are of another objective, were altered, or are none of a maximizer.
        """
        function = as_objective(objective)
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise InvalidTypeError(f"`data` must be bytes, got {type(data).__name__}")
        whole = bytes(data)
        if whole[:8] != _MAGIC:
            raise InvalidArgumentError("`data` was not made by DynamicMaximizer.to_bytes")
        if whole[8:16] != function._index.digest:
            raise InvalidArgumentError("`data` is of another objective: its elements have other ids")
        maximizer = object.__new__(cls)
        maximizer._objective, maximizer._index = function, function._index
        maximizer._inner = _core.SubmodularMaximizer.from_bytes(function._inner, whole[16:], QUIET)
        return maximizer

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_bytes, (self.to_bytes(), self._objective)

    def __copy__(self) -> DynamicMaximizer:
        """A maximizer of its own; the objective, which never changes, is shared."""
        return type(self).from_bytes(self.to_bytes(), self._objective)

    def __deepcopy__(self, memo: dict[int, Any]) -> DynamicMaximizer:
        return self.__copy__()


def _conflict(id: Any, *, is_insert: bool) -> str:
    if is_insert:
        return (
            f'{id!r} is a candidate already; delete it first, or make the maximizer with on_conflict="ignore"'
        )
    return f'{id!r} is no candidate; insert it first, or make the maximizer with on_conflict="ignore"'
