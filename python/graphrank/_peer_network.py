"""Peers in one process over simulated links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphrank import _core
from graphrank._peer_key import Key
from graphrank._peer_member import Member
from graphrank._validate import int_from, real_number, seed_number
from graphrank.exceptions import InvalidArgumentError

__all__ = ["PeerNetwork", "SimulatedPeer"]

_PATIENCE_MS = 1000
"""How long a peer waits for an answer, in virtual time, beyond what frames take."""


class PeerNetwork:
    """Peers that talk over simulated links: real keys, real frames, virtual time.

    Everything but the links is what :class:`Peer` does over a network: the same code signs, asks, answers, checks
    and tells the stores. Frames may be lost, doubled and late, peers may leave, the network may part. Time moves
    only when frames travel; what happens depends on ``seed`` and on what is called, and on nothing else.

    Parameters
    ----------
    stores
        One for each peer, as in :class:`Peer`.
    keys
        Theirs.
    loss, duplication
        The chances, in [0, 1], that a frame is lost or arrives twice.
    delay_ms
        The least and the most milliseconds that a frame takes, or one number for both.
    limits
        Of all peers, as in :class:`Peer`.
    start_ms
        When it begins, in milliseconds since 1970.
    seed
        Of the chances.

    Raises
    ------
    InvalidArgumentError, InvalidTypeError
        If an argument cannot be used.

    Examples
    --------
    >>> import graphrank as gr
    >>> keys = [gr.ranking.Key.from_seed(bytes([i]) * 32) for i in range(3)]
    >>> network = gr.ranking.PeerNetwork([None] * 3, keys, delay_ms=(5, 50))
    >>> ann, bob, cat = network.peers
    >>> ann.publish("jazz", "blue in green")
    0
    >>> bob.pull(ann), cat.pull(bob)
    (1, 1)
    >>> cat.digest == ann.digest
    True
    >>> cat.rows()["item"].to_list()
    ['blue in green']
    """

    __slots__ = ("_links", "_members", "_wait")

    def __init__(
        self,
        stores: Sequence[Any],
        keys: Sequence[Key],
        *,
        loss: float = 0.0,
        duplication: float = 0.0,
        delay_ms: int | tuple[int, int] = 1,
        limits: Mapping[str, int] | None = None,
        start_ms: int = 1_700_000_000_000,
        seed: int = 0,
    ) -> None:
        stores, keys = list(stores), list(keys)
        if len(stores) != len(keys):
            raise InvalidArgumentError(f"`keys` must be one for each store: {len(stores)}, got {len(keys)}")
        least, most = delay_ms if isinstance(delay_ms, tuple) else (delay_ms, delay_ms)
        delay = int_from(0, "delay_ms", least), int_from(0, "delay_ms", most)
        if least > most:
            raise InvalidArgumentError(f"`delay_ms` must be the least and the most, got {delay_ms!r}")
        self._links = _core.PeerLinks(
            len(keys),
            int_from(0, "start_ms", start_ms),
            real_number("loss", loss),
            real_number("duplication", duplication),
            delay,
            seed_number("seed", seed),
        )
        self._wait = _PATIENCE_MS + 2 * delay[1]
        pairs = enumerate(zip(stores, keys, strict=True))
        self._members = tuple(SimulatedPeer(self, i, store, key, limits) for i, (store, key) in pairs)

    @property
    def peers(self) -> tuple[SimulatedPeer, ...]:
        """In the order of ``stores``."""
        return self._members

    @property
    def now_ms(self) -> int:
        """Virtual milliseconds since 1970."""
        return self._links.now()

    @property
    def traffic(self) -> dict[str, int]:
        """``frames`` that were sent, their ``bytes``, and how many copies were ``lost``."""
        return dict(zip(("frames", "bytes", "lost"), self._links.traffic(), strict=True))

    def run(self, ms: int) -> int:
        """Let frames travel for so many milliseconds; how many rows were accepted.

        Examples
        --------
        >>> import graphrank as gr
        >>> keys = [gr.ranking.Key.from_seed(bytes([i]) * 32) for i in range(2)]
        >>> network = gr.ranking.PeerNetwork([None, None], keys, delay_ms=50)
        >>> ann, bob = network.peers
        >>> _ = ann.publish("jazz", "so what")
        >>> bob.ask(ann)
        >>> network.run(60), network.run(60)
        (0, 1)
        """
        return self._travel(self.now_ms + int_from(0, "ms", ms), None)

    def part(self, parts: Sequence[int]) -> None:
        """Frames reach only peers of the same part: one number for each peer.

        Raises
        ------
        InvalidArgumentError
            If it is not one number for each peer.

        Examples
        --------
        >>> import graphrank as gr
        >>> keys = [gr.ranking.Key.from_seed(bytes([i]) * 32) for i in range(2)]
        >>> network = gr.ranking.PeerNetwork([None, None], keys)
        >>> _ = network.peers[0].publish("jazz", "so what")
        >>> network.part([0, 1])
        >>> network.peers[1].pull()
        0
        >>> network.heal()
        >>> network.peers[1].pull()
        1
        """
        self._links.set_parts([int_from(0, "parts", part) for part in parts])

    def heal(self) -> None:
        """Every peer reaches every other one again."""
        self._links.set_parts([0] * len(self._members))

    def _travel(self, until: int, waiting: SimulatedPeer | None) -> int:
        """Delivers until then, or until the peer that waits was told all; how many rows were accepted."""
        accepted = 0
        while waiting is None or waiting._is_waiting:
            delivery = self._links.take(until)
            if delivery is None:
                break
            at, sender, to, frame = delivery
            accepted += self._members[to]._receive(sender, frame, at)
        return accepted

    def __repr__(self) -> str:
        return f"PeerNetwork({len(self._members)} peers, {self.traffic['bytes']:,} bytes sent)"


class SimulatedPeer(Member):
    """A peer of a :class:`PeerNetwork`, which makes it; it does what :class:`Peer` does.

    Examples
    --------
    >>> import graphrank as gr
    >>> key = gr.ranking.Key.from_seed(bytes(32))
    >>> network = gr.ranking.PeerNetwork([None], [key])
    >>> peer = network.peers[0]
    >>> peer.publish("jazz", "so what", ts=1_700_000_000_000)
    0
    >>> peer
    SimulatedPeer(3b6a27bc…, 1 rows of 1 authors)
    """

    __slots__ = ("_is_waiting", "_network", "_number")

    def __init__(
        self, network: PeerNetwork, number: int, store: Any, key: Key, limits: Mapping[str, int] | None
    ) -> None:
        super().__init__(store, key, None, limits)
        self._network, self._number, self._is_waiting = network, number, False

    def pull(self, peer: SimulatedPeer | str | None = None, *, share: float = 1.0) -> int:
        """Ask a peer, or all others in turn, for what is missing here, and wait for the answers.

        Parameters
        ----------
        peer
            Another peer of the network, or its id. None: all of them, in order.
        share
            The share of the missing rows that is wanted, drawn at random: a newcomer may begin with a sample.

        Returns
        -------
        int
            How many rows were accepted. What the links lost did not come: pull again.
        """
        others = [other for other in self._network.peers if other is not self]
        chosen = others if peer is None else [self._other(peer)]
        return sum(self._pull_one(other, share) for other in chosen)

    def ask(self, peer: SimulatedPeer | str) -> None:
        """Send a question without waiting; the answer comes while the network runs."""
        other = self._other(peer)
        self._send_question(other._number, 1.0)

    def leave(self) -> None:
        """Neither send nor get anything from now on. Publishing goes on working."""
        self._network._links.set_up(self._number, False)

    def come_back(self) -> None:
        """Be there again."""
        self._network._links.set_up(self._number, True)

    def _pull_one(self, other: SimulatedPeer, share: float) -> int:
        self._is_waiting = True
        self._send_question(other._number, share)
        before = self._accepted()
        self._network._travel(self._network.now_ms + self._network._wait, self)
        self._is_waiting = False
        return self._accepted() - before

    def _send_question(self, other: int, share: float) -> None:
        to = self._network.peers[other].id
        frame = self._inner.ask(to, self._now(), 2**32 - 1, 2**32 - 1, real_number("share", share))
        self._network._links.send(self._number, other, frame)

    def _receive(self, sender: int, frame: bytes, at: int) -> int:
        answer, told = self._inner.receive(frame, at)
        if answer is not None:
            self._network._links.send(self._number, sender, answer)
        if told is None:
            return 0
        if told[2]:
            self._send_question(sender, 1.0)
        else:
            self._is_waiting = False
        self._tell_store()
        return told[1]

    def _other(self, peer: SimulatedPeer | str) -> SimulatedPeer:
        for other in self._network.peers:
            if other is not self and (other is peer or other.id == peer):
                return other
        raise InvalidArgumentError(f"`peer` must be another peer of the network or its id, got {peer!r}")

    def _now(self) -> int:
        return self._network.now_ms
