"""The network under a peer: what zenoh is told, and questions over it that Ctrl-C can end."""

from __future__ import annotations

import contextlib
import json
import queue
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from graphrank._optional import import_optional
from graphrank._validate import positive_number
from graphrank.exceptions import InvalidArgumentError, InvalidTypeError, NetworkError

__all__ = ["Session", "endpoints", "seconds"]

_LARGEST_FRAME = 1 << 21
"""Bytes of a message of the transport; a frame of the protocol and its envelope are half of it."""
_FIND_S = 1.0
"""Seconds that looking around takes at most."""
_MOST_FOUND = 4096
"""Peers that are found at most: anyone can say that many are there."""
_MOST_QUESTIONS = 256
"""Questions that wait to be answered; whoever sends more has to wait."""
_MOST_ANSWERS = 16
"""Answers to one question that wait to be looked at: anyone can send some. Those beyond are lost."""
_LONGEST_S = 1e9
"""Seconds that are waited for at most; zenoh takes no times that are much longer."""
_TRIES = 5
"""Times that a free port is looked for: another program may take it before zenoh does."""


def seconds(name: str, value: Any) -> float:
    """A time to wait, which zenoh takes."""
    return min(positive_number(name, value), _LONGEST_S)


def endpoints(name: str, value: str | Sequence[str] | None) -> list[str]:
    """Addresses such as ``"tcp/127.0.0.1:7447"``."""
    texts = [value] if isinstance(value, str) else list(value or ())
    for text in texts:
        if not isinstance(text, str):
            raise InvalidTypeError(f"`{name}` must be addresses such as 'tcp/127.0.0.1:7447', got {text!r}")
        if not re.fullmatch(r"[a-z_0-9-]+/\S+:\d+\S*", text):
            raise InvalidArgumentError(
                f"`{name}` must be addresses such as 'tcp/127.0.0.1:7447', got {text!r}"
            )
    return texts


class Session:
    """A peer's place in the network."""

    def __init__(
        self,
        me: str,
        network: str,
        listen: list[str],
        connect: list[str],
        gossip: bool,
        on_question: Callable[[bytes], bytes | None],
    ) -> None:
        self._zenoh = import_optional("zenoh", "a peer that listens or connects")
        self._base = f"graphrank/1/{network}"
        self._me = me
        self.addresses: list[str] = []
        self._session = self._open(listen, connect, gossip)
        own = f"{self._base}/ask/{me}"

        # Questions wait in a channel for a thread of ours: one of the library's own would keep the process from ending.
        questions = self._session.declare_queryable(own, self._zenoh.handlers.FifoChannel(_MOST_QUESTIONS))
        self._answering = threading.Thread(
            target=_answer, args=(questions.handler, own, on_question, self._zenoh.ZError), daemon=True
        )
        # Kept: what is not referred to any more is undeclared.
        self._declared = [questions, self._session.liveliness().declare_token(f"{self._base}/live/{me}")]
        self._answering.start()

    def peers(self) -> list[str]:
        """The ids of the peers that are there now, in order."""
        base = f"{self._base}/live/"
        replies = self._wait_for(
            lambda handler: self._session.liveliness().get(base + "*", handler, timeout=_FIND_S),
            _FIND_S,
            _MOST_FOUND,
        )
        found = {str(reply.ok.key_expr).removeprefix(base) for reply in replies if reply.ok is not None}
        # Anyone can say that anything is there.
        return sorted(name for name in found - {self._me} if re.fullmatch("[0-9a-f]{64}", name))

    def ask(self, peer: str, frame: bytes, timeout_s: float) -> Iterator[bytes]:
        """What comes as an answer of a peer, until the time is over.

        Anyone can answer in its place. So everyone who says to be that peer is asked, and whatever comes is given
        to the caller, who can tell which answer is signed.
        """
        key = f"{self._base}/ask/{peer}"
        options = {
            "payload": frame,
            "timeout": timeout_s,
            "target": self._zenoh.QueryTarget.ALL,
            "consolidation": self._zenoh.ConsolidationMode.NONE,
        }
        replies = self._wait_for(
            lambda handler: self._session.get(key, handler, **options), timeout_s, _MOST_ANSWERS
        )
        return (reply.ok.payload.to_bytes() for reply in replies if reply.ok is not None)

    def close(self) -> None:
        """Leave."""
        self._session.close()

    def _wait_for(self, send: Callable[[Any], object], timeout_s: float, most: int) -> Iterator[Any]:
        """The replies to what ``send`` sends, as they come; of those that come faster than they are taken, ``most``.

        Waiting in Python, where signals are seen, and not in the library.
        """
        replies: queue.Queue[Any] = queue.Queue(most)
        is_over = threading.Event()

        def take(reply: Any) -> None:
            with contextlib.suppress(queue.Full):
                replies.put_nowait(reply)

        def end() -> None:
            # Who waits is woken; if there is no room for that, it finds out when it has taken the rest.
            is_over.set()
            take(None)

        try:
            # The second function is called when there will be no more replies.
            send(self._zenoh.handlers.Callback(take, end))
        except self._zenoh.ZError as error:
            raise NetworkError(f"the network cannot be asked: {error}") from error
        last = time.monotonic() + timeout_s + 0.5
        while (left := last - time.monotonic()) > 0:
            try:
                reply = replies.get(timeout=min(left, 0.1))
            except queue.Empty:
                if is_over.is_set():
                    return
                continue
            if reply is None:
                return
            yield reply

    def _open(self, listen: list[str], connect: list[str], gossip: bool) -> Any:
        for left in reversed(range(_TRIES)):
            self.addresses = [_with_port(address) for address in listen]
            try:
                return self._zenoh.open(self._config(self.addresses, connect, gossip))
            except self._zenoh.ZError as error:
                if left == 0 or not any(":0" in address for address in listen):
                    reason = str(error).split(" at /")[0]
                    where = f"listen at {', '.join(listen)}" if listen else f"connect to {', '.join(connect)}"
                    raise NetworkError(f"no peer can {where}: {reason}") from error
        raise AssertionError("the last try returns or raises")

    def _config(self, listen: list[str], connect: list[str], gossip: bool) -> Any:
        config = self._zenoh.Config()
        for key, value in {
            "mode": "peer",
            "listen/endpoints": listen,
            "connect/endpoints": connect,
            # What cannot be reached is tried again in the background.
            "connect/timeout_ms": -1,
            "connect/exit_on_failure": False,
            # Nobody is called who was not named, save by peers that were.
            "scouting/multicast/enabled": False,
            "scouting/gossip/enabled": gossip,
            "scouting/delay": 150,
            "transport/link/rx/max_message_size": _LARGEST_FRAME,
        }.items():
            config.insert_json5(key, json.dumps(value))
        return config


def _answer(
    questions: Any, own: str, on_question: Callable[[bytes], bytes | None], over: type[Exception]
) -> None:
    """Answers until the session is closed."""
    while True:
        try:
            question = questions.recv()
        except over:
            return
        with question, contextlib.suppress(over):
            frame = question.payload
            reply = on_question(b"" if frame is None else frame.to_bytes())
            if reply is not None:
                question.reply(own, reply)


def _with_port(address: str) -> str:
    """The address, with a free port in place of port 0: zenoh does not tell which one it took."""
    found = re.fullmatch(r"(tcp|tls|ws)/(\[?[^\[\]]+\]?):0", address)
    if found is None:
        return address
    protocol, host = found.groups()
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    try:
        with socket.socket(family) as free:
            free.bind((host.strip("[]"), 0))
            return f"{protocol}/{host}:{free.getsockname()[1]}"
    except OSError as error:
        raise NetworkError(f"no peer can listen at {address}: {error.strerror or error}") from error
