"""``graphrank peer``."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from graphrank.exceptions import InvalidArgumentError, InvalidDataError, NetworkError

if TYPE_CHECKING:
    import polars as pl

    from graphrank._peer import Peer
    from graphrank._peer_key import Key

__all__ = ["add_peer_command"]

_SOON_S = 3.0
"""Seconds after which it is said that nobody was met."""


def add_peer_command(commands: Any) -> None:
    """One peer of a network."""
    command = commands.add_parser(
        "peer", help="exchange signed clicks with other peers, until Ctrl-C or SIGTERM"
    )
    command.add_argument(
        "--key", required=True, metavar="FILE", help="the secret key of this peer; made if there is none"
    )
    command.add_argument(
        "--log",
        metavar="FILE",
        help="what this peer said and heard; made if there is none (the file of the key, with .log after it)",
    )
    command.add_argument(
        "--listen",
        action="append",
        metavar="ADDRESS",
        help="where others reach this peer: tcp/0.0.0.0:7447; repeat for more (tcp/127.0.0.1:0, any free port here)",
    )
    command.add_argument(
        "--connect",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="a peer to begin with; repeat for more",
    )
    command.add_argument(
        "--offline", action="store_true", help="use no network at all: no --listen, no --connect"
    )
    command.add_argument(
        "--network", default="main", metavar="NAME", help="peers of others are not seen (main)"
    )
    command.add_argument(
        "--publish",
        metavar="FILE",
        help="clicks to sign and publish: a table (.csv .tsv .parquet .ipc .arrow .feather) with columns query, item "
        "and, if it has it, ts (milliseconds since 1970, or a date and time in UTC); every start publishes them again",
    )
    command.add_argument(
        "--every", type=_seconds, default=1.0, metavar="SECONDS", help="between two pulls (1)"
    )
    command.add_argument(
        "--seconds",
        type=_seconds_or_0,
        metavar="SECONDS",
        help="end after so long (none: at Ctrl-C); 0: at once",
    )
    command.add_argument("--rank", metavar="QUERY", help="at the end, rank items for this query")
    command.add_argument("--top", type=_count, default=10, metavar="N", help="items of the ranking (10)")
    command.add_argument(
        "--rows", metavar="FILE", help="at the end, write all rows here: .parquet .csv .ipc .jsonl"
    )
    command.set_defaults(run=_peer)


def _seconds(text: str) -> float:
    seconds = _seconds_or_0(text)
    if seconds == 0:
        raise argparse.ArgumentTypeError("must be more than 0 seconds")
    return seconds


def _seconds_or_0(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 <= float(text) < math.inf:
            return float(text)
    raise argparse.ArgumentTypeError(f"must be a number of seconds, 0 or more, got {text!r}")


def _count(text: str) -> int:
    with contextlib.suppress(ValueError):
        if int(text) > 0:
            return int(text)
    raise argparse.ArgumentTypeError(f"must be a number of items, at least 1, got {text!r}")


def _peer(arguments: argparse.Namespace) -> None:
    told = _run(arguments)
    width = 2 + max(len(name) for name, _ in told)
    for name, value in told:
        print(f"{name:<{width}}{value}")


def _run(arguments: argparse.Namespace) -> list[tuple[str, Any]]:
    """Be a peer for as long as was asked; what there is to say at the end."""
    from graphrank._click_store import ClickStore
    from graphrank._peer import Peer

    if arguments.offline and (arguments.listen or arguments.connect):
        raise InvalidArgumentError("--offline uses no network: leave out --listen and --connect")
    if arguments.rows is not None:
        from graphrank._report import check_writable

        check_writable(arguments.rows)
    key = _key(arguments.key)
    store = None if arguments.rank is None else ClickStore(key.id)
    listen = [] if arguments.offline else arguments.listen or ["tcp/127.0.0.1:0"]
    connect = [] if arguments.offline else arguments.connect
    # A key that comes back without its log would sign its first number again, and be banned.
    log = arguments.key + ".log" if arguments.log is None else arguments.log
    peer = Peer(store, key, listen=listen, connect=connect, network=arguments.network, log=log)
    with _ended_by_sigterm(), peer:
        for name, value in [("peer", peer.id), *(("listens at", address) for address in peer.addresses)]:
            sys.stderr.write(f"{name} {value}\n")
        sys.stderr.flush()
        try:
            if arguments.publish is not None:
                _publish(peer, arguments.publish)
            _serve(peer, arguments)
        except KeyboardInterrupt:
            sys.stderr.write("\n")
        if arguments.rows is not None:
            from graphrank._report import write_table

            write_table(peer.rows(), arguments.rows)
        return _told(peer, arguments)


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """What ends a service does what Ctrl-C does: the rows and the ranking that were asked for are still written."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _serve(peer: Peer, arguments: argparse.Namespace) -> None:
    seconds = math.inf if arguments.seconds is None else arguments.seconds
    end = time.monotonic() + seconds
    if arguments.connect and seconds > 0:
        _tell_if_alone(peer, arguments, min(_SOON_S, seconds))
    left = end - time.monotonic()
    if left > 0:
        peer.serve(every_s=arguments.every, timeout_s=None if left == math.inf else left)


def _tell_if_alone(peer: Peer, arguments: argparse.Namespace, soon_s: float) -> None:
    """Else an address at which nobody is would be tried for ever, and nothing be said."""
    try:
        peer.wait_for_peers(timeout_s=soon_s)
    except NetworkError:
        sys.stderr.write(
            f"no peer of network {arguments.network!r} was met at {', '.join(arguments.connect)} in {soon_s:.1g} s, "
            "trying on: does one listen there, with the same --network?\n"
        )


def _key(path: str) -> Key:
    from graphrank._peer_key import Key

    if not os.path.exists(path):
        key = Key.generate()
        key.save(path)
        return key
    return Key.load(path)


def _publish(peer: Peer, path: str) -> None:
    from graphrank._table_file import read_table

    table, is_text = read_table(path, "clicks")
    if is_text and "ts" in table.columns:
        table = table.with_columns(_times(table["ts"]))
    peer.publish_table(table)


def _times(texts: pl.Series) -> pl.Series:
    """Whole numbers, or dates and times as ISO 8601 writes them."""
    import polars as pl

    times = texts.cast(pl.Int64, strict=False)
    if times.null_count() > texts.null_count():
        # What the first text could be decides, and if it could be nothing that is an error.
        with contextlib.suppress(pl.exceptions.ComputeError):
            times = texts.str.to_datetime(time_unit="ms", strict=False)
    if times.null_count() > texts.null_count():
        row = (times.is_null() & texts.is_not_null()).arg_true()[0]
        raise InvalidDataError(
            f"column 'ts', row {row}: {texts[row]!r} is neither milliseconds since 1970 nor a date and time such as "
            "2026-01-31T12:00:00; all rows must be one or the other"
        )
    return times


def _told(peer: Peer, arguments: argparse.Namespace) -> list[tuple[str, Any]]:
    stats = peer.stats
    dropped = stats.pop("dropped")
    told = [*stats.items(), *((f"dropped: {reason}", n) for reason, n in dropped.items() if n)]
    if arguments.rank is not None:
        ranking = peer.store.rank(arguments.rank, k=arguments.top)
        told += [(f"{rank}.", item) for rank, item in ranking.select("rank", "item").rows()]
    return told
