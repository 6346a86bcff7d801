"""Peers that query, click and gossip, simulated."""

from __future__ import annotations

from typing import Any, Literal, get_args

import polars as pl

from graphrank import _core
from graphrank._attacks import Attack
from graphrank._click_options import raw_weighting
from graphrank._forked import refuse_without_pool
from graphrank._html import result_html
from graphrank._network_items import catalogue_pairs, music_catalogue, raw_catalogue, taste_arrays
from graphrank._optional import import_optional
from graphrank._run import run_opts
from graphrank._typing import ClickMode, GossipKind, Matching, Progress
from graphrank._validate import int_from, number_between, one_of, positive_int, seed_number, true_or_false
from graphrank.exceptions import InvalidArgumentError, InvalidTypeError

__all__ = ["Network", "SimulationResult"]

Measured = Literal["footrule", "ndcg", "spam_rank", "top_share", "coverage"]
_LABELS = {
    "footrule": "places off (footrule)",
    "ndcg": "nDCG@10",
    "spam_rank": "place of what is promoted",
    "top_share": "queries whose top item is known",
    "coverage": "clicks that are known",
}
_NEEDS = {"ndcg": "give the network `tastes`", "spam_rank": "it is of what attackers promote, once they act"}


class SimulationResult:
    """What was seen of a network between the rounds of its gossip."""

    __slots__ = ("_probes", "_title")

    _probes: pl.DataFrame
    _title: str

    @classmethod
    def _of(cls, probes: pl.DataFrame, title: str) -> SimulationResult:
        result = object.__new__(cls)
        result._probes, result._title = probes, title
        return result

    def to_polars(self) -> pl.DataFrame:
        """A row for each probe: one before the first tick, then one for each round.

        Returns
        -------
        polars.DataFrame
            ``round`` and ``tick``. Over honest peers: ``footrule`` (mean, ``_min``, ``_max``), by how many places in
            all the items of a query stand elsewhere by the clicks that a peer knows than by those of all honest
            peers, mean over queries; ``ndcg`` (the same three), of the first ten items shown, null without tastes;
            ``spam_rank``, the mean place of the item that attackers promote, null without; ``top_share``, of queries
            of whose most popular item the peer knows a click; ``coverage``, of the clicks of honest peers that a
            peer knows; ``known_peers``. Since the probe before: ``messages``, ``rows_new`` (rows that came where
            they were not known), ``bytes_suffix`` (sent by the thesis's protocol) and ``bytes_versions`` (sent with
            version vectors).

        Examples
        --------
        >>> import graphrank as gr
        >>> gr.ranking.Network(20).run(500).to_polars().select("round", "tick").rows()[-1]
        (5, 500)
        """
        return self._probes

    def plot(self, ax: Any = None, *, measure: Measured = "footrule") -> Any:
        """Draw a measure over rounds: the mean and, where there is one, a band from the least to the largest.

        Needs matplotlib.

        Parameters
        ----------
        ax
            Axes to draw on; None makes new ones.
        measure
            ``"footrule"``, ``"ndcg"`` (with tastes), ``"spam_rank"`` (of a promotion), ``"top_share"`` or
            ``"coverage"``: a column of :meth:`to_polars`.

        Returns
        -------
        matplotlib.axes.Axes
            The axes.

        Raises
        ------
        InvalidArgumentError
            If there is no such measure, or this network has none of it.
        """
        one_of("measure", measure, get_args(Measured))
        values = self._probes[measure]
        if values.null_count() == len(values):
            raise InvalidArgumentError(f"`measure` {measure!r} was not measured: {_NEEDS[measure]}")
        if isinstance(ax, str):
            raise InvalidTypeError(
                f"`ax` must be Matplotlib axes, got {ax!r}; measures are named: measure={ax!r}"
            )
        if ax is None:
            figure, ax = import_optional("matplotlib.pyplot", "plot").subplots(figsize=(6.4, 3.6))
            figure.set_layout_engine("constrained")
        rounds = self._probes["round"]
        if f"{measure}_min" in self._probes.columns:
            ends = (self._probes[f"{measure}_{end}"] for end in ("min", "max"))
            ax.fill_between(rounds, *ends, color="C0", alpha=0.25, linewidth=0)
        ax.plot(rounds, values, color="C0", label=self._title)
        ax.set(xlabel="rounds", ylabel=_LABELS[measure], ylim=(0, None))
        ax.legend(fontsize="small")
        return ax

    def __len__(self) -> int:
        """Number of probes."""
        return self._probes.height

    def __repr__(self) -> str:
        first, last = self._probes.row(0, named=True), self._probes.row(-1, named=True)
        told = [f"footrule {first['footrule']:.1f} to {last['footrule']:.1f}"]
        told += [f"{name} {last[name]:.3g}" for name in ("ndcg", "spam_rank") if last[name] is not None]
        return f"SimulationResult({self._title}, {len(self) - 1} rounds, {', '.join(told)})"

    def _first_rows(self, limit: int) -> pl.DataFrame:
        return self._probes.head(limit)

    def _repr_html_(self) -> str:
        return result_html(self)


class Network:
    """Peers that ask queries, click and gossip: the experiment of the thesis, with its attacks and worse ones.

    At the start every peer clicks an item for every query, and gets a sample of the clicks of another. At each tick one
    peer asks a query, clicks, and gossips once. Peers click what stands first by the clicks they know, or, with
    tastes, what they like.

    Parameters
    ----------
    n_peers
        Honest peers, at least 2; with ``tastes`` as many as these have.
    catalogue
        What is searched: a frame with the columns ``item`` and ``tags`` (lists of strings, which are the queries),
        or with the pairs ``query`` and ``item``. None: :func:`music_catalogue`.
    gossip
        A peer ``"pull"``-s the clicks of another that it knows, or ``"push"``-es its own to it (attackers to two).
    attack
        One of the attacks of this module, such as :class:`Promotion`; None for none.
    tastes
        What items are worth to each peer, in place of ``catalogue``: a frame with ``peer``, ``query``, ``item`` and
        ``worth`` (above 0), as :func:`planted_tastes` makes.
    mode, isolation
        How peers rank, as in :meth:`ClickStore.rank`, where nDCG and spam are judged; the footrule is always by
        popularity.
    matching
        Whether a tag matches all that contain it (``"substring"``, as in the program of the thesis: pop finds
        dream_pop), or itself only (``"exact"``).
    learns_requester
        Whether a peer that is asked gets to know the one that asks. If not, the network never agrees.
    bootstrap
        Share of the clicks of another that a new peer gets.
    noise
        Share of queries for which two places are swapped before the click. The thesis says 0.5, but at anything above 0
        peers differ by what is newest, and never agree on all items as they do in its figures.
    every
        Ticks between probes, which are a round.
    seed
        Of everything that is random. The same seed gives the same figures, on any number of threads.

    Raises
    ------
    ColumnNotFoundError, InvalidArgumentError, InvalidDataError, InvalidTypeError
        If an argument cannot be used; the message names it.

    References
    ----------
    A. Gold: G-Rank: Unsupervised Continuous Learn-to-Rank for Edge Devices in a P2P Network. Delft, 2023.

    Examples
    --------
    >>> import graphrank as gr
    >>> result = gr.ranking.Network(50).run(4000)
    >>> result.to_polars()["footrule"][-1]
    0.0
    """

    __slots__ = ("_attack", "_how", "_n_peers", "_pairs", "_tastes")

    def __init__(
        self,
        n_peers: int | None = None,
        catalogue: Any = None,
        *,
        gossip: GossipKind = "pull",
        attack: Attack | None = None,
        tastes: Any = None,
        mode: ClickMode = "popularity",
        isolation: float = 0.01,
        matching: Matching = "substring",
        learns_requester: bool = True,
        bootstrap: float = 0.1,
        noise: float = 0.0,
        every: int = 100,
        seed: int = 0,
    ) -> None:
        refuse_without_pool("a network")
        if attack is not None and not isinstance(attack, Attack):
            raise InvalidTypeError(
                f"`attack` must be an attack of this module such as Promotion(), got {attack!r}"
            )
        match = one_of("matching", matching, get_args(Matching))
        self._attack = attack
        if tastes is None:
            self._pairs = catalogue_pairs(music_catalogue() if catalogue is None else catalogue, match)
            self._n_peers, self._tastes = int_from(2, "n_peers", 100 if n_peers is None else n_peers), None
        else:
            if catalogue is not None:
                raise InvalidArgumentError("`tastes` name the items themselves; leave out `catalogue`")
            self._pairs, self._n_peers, self._tastes = taste_arrays(tastes)
            if n_peers not in (None, self._n_peers):
                raise InvalidArgumentError(
                    f"`n_peers` is {n_peers}, but `tastes` are of {self._n_peers} peers"
                )
        self._how: tuple[Any, ...] = (
            one_of("gossip", gossip, get_args(GossipKind)),
            true_or_false("learns_requester", learns_requester),
            (number_between(0, 1, "bootstrap", bootstrap), number_between(0, 1, "noise", noise)),
            positive_int("every", every),
            one_of("mode", mode, get_args(ClickMode)),
            raw_weighting(isolation),
            None if attack is None else attack._raw(),
            seed_number("seed", seed),
        )

    def run(
        self, ticks: int = 10_000, *, progress: Progress = None, timeout_s: float | None = None
    ) -> SimulationResult:
        """Run the network from its start.

        Parameters
        ----------
        ticks
            How many.
        progress
            True for a bar on stderr, or a callable ``(done, total, label)``.
        timeout_s
            Seconds after which :class:`~graphrank.exceptions.TimedOutError` is raised.

        Returns
        -------
        SimulationResult
            What the probes saw.
        """
        refuse_without_pool("a network")
        gossip, learns, shares, every, mode, weighting, attack, seed = self._how
        raw = raw_catalogue(self._pairs)
        columns = _core.simulate_network(
            (raw.offsets, raw.items, raw.query_bytes, raw.item_bytes, self._tastes),
            self._n_peers,
            gossip,
            learns,
            shares,
            every,
            mode,
            weighting,
            attack,
            int_from(0, "ticks", ticks),
            seed,
            run_opts(progress, timeout_s),
        )
        probes = pl.DataFrame(dict(columns)).with_columns(pl.col(pl.Float64).fill_nan(None))
        probes = probes.with_row_index("round")
        return SimulationResult._of(probes, self._title())

    def _title(self) -> str:
        attack = "no attack" if self._attack is None else f"{type(self._attack).__name__} by {self._attack.n}"
        return f"{self._n_peers} peers, {self._how[0]}, {attack}"

    def __repr__(self) -> str:
        queries, items = self._pairs["query"].n_unique(), self._pairs["item"].n_unique()
        return f"Network({self._title()}, {queries} queries, {items} items)"
