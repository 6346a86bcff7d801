"""The network under a peer: what zenoh is told, and questions over it that Ctrl-C can end."""

from __future__ import annotations

import json
import queue
import re
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from graphrank._optional import import_optional
from graphrank.exceptions import InvalidArgumentError, InvalidTypeError, NetworkError

__all__ = ["Session", "endpoints"]

_LARGEST_FRAME = 1 << 21
"""Bytes of a message of the transport; a frame of the protocol and its envelope are half of it."""
_FIND_S = 1.0
"""Seconds that looking around takes at most."""
_TRIES = 5
"""Times that a free port is looked for: another program may take it before zenoh does."""


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

        def answer(query: Any) -> None:
            with query:
                frame = query.payload
                reply = on_question(b"" if frame is None else frame.to_bytes())
                if reply is not None:
                    query.reply(own, reply)

        # Kept: what is not referred to any more is undeclared.
        self._declared = [
            self._session.declare_queryable(own, answer),
            self._session.liveliness().declare_token(f"{self._base}/live/{me}"),
        ]

    def peers(self) -> list[str]:
        """The ids of the peers that are there now, in order."""
        base = f"{self._base}/live/"
        replies = self._wait_for(
            lambda handler: self._session.liveliness().get(base + "*", handler, timeout=_FIND_S), _FIND_S
        )
        found = {str(reply.ok.key_expr).removeprefix(base) for reply in replies if reply.ok is not None}
        return sorted(found - {self._me})

    def ask(self, peer: str, frame: bytes, timeout_s: float) -> bytes | None:
        """The answer of a peer; None if there is none in time."""
        key = f"{self._base}/ask/{peer}"
        replies = self._wait_for(
            lambda handler: self._session.get(key, handler, payload=frame, timeout=timeout_s), timeout_s
        )
        answers = [reply.ok.payload.to_bytes() for reply in replies if reply.ok is not None]
        return answers[0] if answers else None

    def close(self) -> None:
        """Leave."""
        self._session.close()

    def _wait_for(self, send: Callable[[Any], object], timeout_s: float) -> list[Any]:
        """The replies to what ``send`` sends. Waiting in Python, where signals are seen, and not in the library."""
        replies: queue.SimpleQueue[Any] = queue.SimpleQueue()
        try:
            # The second function is called when there will be no more replies.
            send(self._zenoh.handlers.Callback(replies.put, lambda: replies.put(None)))
        except self._zenoh.ZError as error:
            raise NetworkError(f"the network cannot be asked: {error}") from error
        end, got = time.monotonic() + timeout_s + 0.5, []
        while (left := end - time.monotonic()) > 0:
            try:
                reply = replies.get(timeout=min(left, 0.1))
            except queue.Empty:
                continue
            if reply is None:
                break
            got.append(reply)
        return got

    def _open(self, listen: list[str], connect: list[str], gossip: bool) -> Any:
        for left in reversed(range(_TRIES)):
            self.addresses = [_with_port(address) for address in listen]
            try:
                return self._zenoh.open(self._config(self.addresses, connect, gossip))
            except self._zenoh.ZError as error:
                if left == 0 or not any(":0" in address for address in listen):
                    reason = str(error).split(" at /")[0]
                    raise NetworkError(f"no peer can listen at {', '.join(listen)}: {reason}") from error
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
