"""A peer over a real network."""

from __future__ import annotations

import contextlib
import functools
import os
import random
import re
import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphrank import _core
from graphrank._peer_key import Key
from graphrank._peer_member import Member, now_ms
from graphrank._peer_session import Session, endpoints, seconds
from graphrank._typing import Progress
from graphrank._validate import int_from, real_number, true_or_false
from graphrank.exceptions import GraphRankError, InvalidArgumentError, InvalidTypeError, NetworkError

__all__ = ["Peer"]

_ANY = 2**32 - 1
_ANSWER_S = 5.0
"""Seconds that an answer may take while serving."""
_TURN_S = 10.0
"""Seconds after which it is the next peer's turn, if there are others to ask: one could go on for ever, row by row."""


class Peer(Member):
    """A peer that exchanges signed clicks with others, without a server.

    What it publishes is signed and chained; what it hears is checked, kept, passed on and given to its store. Others
    are asked (:meth:`pull`), and are answered in the background as long as the peer is open; nothing is ever sent
    unasked. Without ``listen`` and ``connect`` it works offline: it publishes, and ranks by what its log holds.

    Parameters
    ----------
    store
        What is told every row: a :class:`ClickStore` whose ``me`` is ``key.id``, or anything with ``me`` and
        ``ingest(frame)``. Rows are given to it by the thread that publishes or pulls, never by another. If it has a
        method ``forget(users)``, that is called with authors who were banned. None: rows are kept in :meth:`rows` only.
    key
        The :class:`Key` of this peer. It must not be in use anywhere else.
    listen
        Where others reach it: ``"tcp/127.0.0.1:0"`` is any free port of this machine, ``"tcp/0.0.0.0:7447"`` port
        7447 from anywhere. None: others reach it over connections that it makes. Several are a list.
    connect
        Addresses of peers to begin with; those that do not answer are tried again in the background.
    network
        Peers of other networks are not seen: letters, digits, ``-`` and ``_``.
    log
        The file of this peer's log and of all that it heard, made if there is none. With it a peer goes on where it
        was; without it, use a new key every time.
    limits
        Bounds on memory and on work for others, by name: those of :func:`default_limits` that should be others.
    gossip
        Whether peers that are connected tell each other's addresses and connect to them.
    progress
        Of reading the log: True for a bar on stderr, or a callable ``(done, total, label)``.

    Raises
    ------
    InvalidArgumentError, InvalidTypeError
        If an argument cannot be used.
    MissingDependencyError
        If it should use a network and zenoh is not installed (``graphrank-engine[p2p]``).
    NetworkError
        If an address cannot be listened at.
    CorruptFileError, FileError
        If the log is altered, that of another key, or open in another peer.

    Notes
    -----
    Signatures prove who said something, not that it is true: anyone can make keys and click. What a store makes of
    rows from many keys is a matter of its ranking mode. Clicks are public to every peer of the network, for good.

    Connections are neither encrypted nor secret with ``tcp``; zenoh's ``tls`` and ``quic`` addresses need
    certificates.

    Examples
    --------
    >>> import graphrank as gr
    >>> key = gr.ranking.Key.generate()
    >>> with gr.ranking.Peer(None, key, listen=None) as peer:
    ...     peer.publish("jazz", "blue in green", results=["so what", "blue in green"])
    ...     peer.rows().select("query", "item", "seq").rows()
    0
    [('jazz', 'blue in green', 0)]
    """

    __slots__ = (
        "__weakref__",
        "_busy",
        "_leaving",
        "_lock",
        "_process",
        "_pulling",
        "_session",
        "_stop",
        "_unanswered",
    )

    def __init__(
        self,
        store: Any,
        key: Key,
        *,
        listen: str | Sequence[str] | None = "tcp/127.0.0.1:0",
        connect: str | Sequence[str] = (),
        network: str = "main",
        log: str | os.PathLike[str] | None = None,
        limits: Mapping[str, int] | None = None,
        gossip: bool = True,
        progress: Progress = None,
    ) -> None:
        network = _network_name(network)
        listen_at, connect_to = endpoints("listen", listen), endpoints("connect", connect)
        gossip = true_or_false("gossip", gossip)
        super().__init__(store, key, log, limits, progress)
        self._process = os.getpid()
        self._lock, self._pulling = threading.RLock(), threading.RLock()
        self._stop, self._unanswered, self._busy = threading.Event(), 0, 0
        self._session: Session | None = None
        if listen_at or connect_to:
            try:
                answer = functools.partial(_answer, self._inner)
                self._session = Session(self.id, network, listen_at, connect_to, gossip, answer)
            except BaseException:
                self._inner.close_log()
                raise
        # One that is dropped leaves, too, and one that is there when the process ends.
        self._leaving = weakref.finalize(self, _leave, self._process, self._session, self._inner)

    @property
    def addresses(self) -> list[str]:
        """Where others reach it, with the ports that were free."""
        return [] if self._session is None else list(self._session.addresses)

    @property
    def peers(self) -> list[str]:
        """The ids of the peers that can be asked now, in order; none while offline."""
        self._check_open()
        return [] if self._session is None else self._session.peers()

    @property
    def stats(self) -> dict[str, Any]:
        """As of every peer, and ``unanswered`` questions and ``busy`` answers.

        Those are questions that nobody answered in time, and answers of peers that give no more for now.

        Examples
        --------
        >>> import graphrank as gr
        >>> key = gr.ranking.Key.generate()
        >>> peer = gr.ranking.Peer(None, key, listen=None)
        >>> peer.stats["rows"], peer.stats["unanswered"], peer.stats["dropped"]["signature"]
        (0, 0, 0)
        """
        return super().stats | {"unanswered": self._unanswered, "busy": self._busy}

    def wait_for_peers(self, n: int = 1, *, timeout_s: float = 5.0) -> list[str]:
        """Wait until so many others can be asked; their ids.

        Raises
        ------
        NetworkError
            If there are fewer when the time is over.
        """
        end = time.monotonic() + seconds("timeout_s", timeout_s)
        while len(found := self.peers) < int_from(0, "n", n):
            if time.monotonic() > end:
                raise NetworkError(
                    f"{len(found)} of {n} peers can be asked after {timeout_s:g} s; check `connect`, `network`, "
                    "and that the others are open"
                )
            self._stop.wait(0.02)
            self._check_open()
        return found

    def pull(self, peer: str | None = None, *, share: float = 1.0, timeout_s: float = 5.0) -> int:
        """Ask a peer, or all that are there in turn, for what is missing here.

        Parameters
        ----------
        peer
            The id of the peer to ask. None: all that can be asked, in order; those that do not answer are passed
            over.
        share
            The share of the missing rows that is wanted, in (0, 1], drawn at random: a newcomer may begin with a
            sample.
        timeout_s
            Seconds to wait for each answer.

        Returns
        -------
        int
            How many rows are new here. The store knows them.

        Raises
        ------
        NetworkError
            If ``peer`` does not answer; what came before that is kept.
        InvalidArgumentError, InvalidTypeError
            If ``peer`` is not the id of another peer.

        Notes
        -----
        Rows of a peer that gives no more for now come with a later pull (``stats["busy"]`` counts these cases). Of
        several peers, each is asked for ten seconds at most, so that none can keep the others waiting.

        Examples
        --------
        >>> import graphrank as gr
        >>> key = gr.ranking.Key.generate()
        >>> gr.ranking.Peer(None, key, listen=None).pull()
        0
        """
        share, timeout_s = real_number("share", share), seconds("timeout_s", timeout_s)
        self._check_open()
        with self._pulling:
            if peer is not None:
                return self._pull(peer, share, timeout_s, None)
            accepted, others = 0, self.peers
            turn_s = _TURN_S if len(others) > 1 else None
            for other in others:
                with contextlib.suppress(NetworkError):
                    accepted += self._pull(other, share, timeout_s, turn_s)
            return accepted

    def serve(self, *, every_s: float = 1.0, timeout_s: float | None = None) -> int:
        """Pull from one peer after the other, chosen at random, until Ctrl-C, :meth:`close`, or the time is over.

        Others are answered all the time, also without this.

        Parameters
        ----------
        every_s
            Seconds from one pull to the next.
        timeout_s
            Seconds after which to return; None: never.

        Returns
        -------
        int
            How many rows are new here.
        """
        self._check_open()
        every_s = seconds("every_s", every_s)
        end = None if timeout_s is None else time.monotonic() + seconds("timeout_s", timeout_s)
        before, choice = self._accepted(), random.SystemRandom()
        while not self._stop.is_set():
            # Closing, by another thread, is an error of the network here, and ends this.
            with contextlib.suppress(NetworkError):
                others = [] if self._session is None else self._session.peers()
                if others:
                    with self._pulling:
                        self._pull(choice.choice(others), 1.0, _ANSWER_S, _TURN_S)
            left = every_s if end is None else min(every_s, end - time.monotonic())
            if left <= 0 or self._stop.wait(left):
                break
        return self._accepted() - before

    def close(self) -> None:
        """Leave the network and close the log. Closing twice does no harm."""
        if self._stop.is_set() or self._process != os.getpid():
            return
        self._stop.set()
        self._leaving.detach()
        if self._session is not None:
            self._session.close()
        with self._lock:
            try:
                self._tell_store()
            finally:
                self._inner.close_log()

    def __enter__(self) -> Peer:
        self._check_open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- inside -------------------------------------------------------------------------------------------------

    def _pull(self, peer: str, share: float, timeout_s: float, turn_s: float | None) -> int:
        if not isinstance(peer, str):
            raise InvalidTypeError(f"`peer` must be the id of a peer, 64 hexadecimal digits, got {peer!r}")
        end = None if turn_s is None else time.monotonic() + turn_s
        before = self._accepted()
        has_more = True
        try:
            while has_more and (end is None or time.monotonic() < end):
                has_more = self._ask(peer, share, timeout_s)
        finally:
            with self._lock:
                self._tell_store()
        return self._accepted() - before

    def _ask(self, peer: str, share: float, timeout_s: float) -> bool:
        """Whether the peer has more."""
        question = self._inner.ask(peer, self._now(), _ANY, _ANY, share)
        answers = () if self._session is None else self._session.ask(peer, question, timeout_s)
        for answer in answers:
            told = self._inner.receive(answer, self._now())[1]
            if told is not None:
                self._busy += told[3]
                return told[2]
        self._unanswered += 1
        raise NetworkError(f"peer {peer} does not answer")

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        # After a fork the lock may be held by a thread that is not there.
        self._check_open()
        with self._lock:
            self._check_open()
            yield

    def _check_open(self) -> None:
        if self._process != os.getpid():
            raise GraphRankError(
                "this peer belongs to the process that made it, and a key to one process: make a peer with a key of "
                "its own here"
            )
        if self._stop.is_set():
            raise GraphRankError("this peer is closed: make a new one to go on")


def _answer(inner: _core.PeerReplica, frame: bytes) -> bytes | None:
    """On another thread: it works on what is held and leaves the store alone. It knows no peer, which would live on."""
    return inner.receive(frame, now_ms())[0]


def _leave(process: int, session: Session | None, inner: _core.PeerReplica) -> None:
    if process == os.getpid():
        if session is not None:
            session.close()
        inner.close_log()


def _network_name(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", value):
        return value
    raise InvalidArgumentError(f"`network` must be 1 to 64 letters, digits, - or _, got {value!r}")
