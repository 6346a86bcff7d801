"""Peers among programs that mean harm, and in the hands of users who err."""

from __future__ import annotations

import contextlib
import json
import os
import time

import pytest

from graphrank.exceptions import GraphRankError, InvalidArgumentError, InvalidTypeError
from graphrank.ranking import ClickStore, Key, Peer


def peer(number, **options):
    key = Key.from_seed(bytes([number + 1]) * 32)
    return Peer(ClickStore(key.id), key, **options)


@pytest.fixture
def opened():
    """Makes peers that are closed after the test."""
    with contextlib.ExitStack() as peers:
        yield lambda number, **options: peers.enter_context(peer(number, **options))


@contextlib.contextmanager
def stranger(*peers):
    """A program on the network that is no peer, and does as it likes."""
    zenoh = pytest.importorskip("zenoh")
    config = zenoh.Config()
    for name, value in {
        "mode": "peer",
        "connect/endpoints": [address for each in peers for address in each.addresses],
        "scouting/multicast/enabled": False,
    }.items():
        config.insert_json5(name, json.dumps(value))
    session = zenoh.open(config)
    try:
        yield session
    finally:
        session.close()


def until(holds):
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_strangers_who_say_that_they_are_peers_end_no_pull(opened):
    ann = opened(0)
    bob = opened(1, connect=ann.addresses)
    bob.publish("jazz", "so what")
    with stranger(ann, bob) as session:
        names = ("zzz", "F" * 64, "f" * 64)
        tokens = [session.liveliness().declare_token(f"graphrank/1/main/live/{name}") for name in names]
        until(lambda: len(ann.peers) == 2)
        assert ann.peers == sorted([bob.id, "f" * 64])
        assert ann.pull(timeout_s=0.5) == 1
        assert ann.serve(every_s=0.02, timeout_s=0.2) == 0
        del tokens


@pytest.mark.parametrize("is_complete", [True, False])
def test_nobody_answers_in_the_place_of_another(opened, is_complete):
    ann = opened(0)
    bob = opened(1, connect=ann.addresses)
    ann.publish("jazz", "so what")
    stolen = []

    def steal(query):
        with query:
            question = query.payload.to_bytes()
            stolen.append(question)
            # That there is nothing, in answer to this very question.
            for _ in range(3):
                query.reply(f"graphrank/1/main/ask/{ann.id}", bytes([2, 1]) + question[66:74] + bytes(3 + 64))

    with stranger(ann, bob) as session:
        thief = session.declare_queryable(f"graphrank/1/main/ask/{ann.id}", steal, complete=is_complete)
        bob.wait_for_peers(1)
        time.sleep(0.3)
        assert bob.pull(ann.id) == 1
        del thief
    assert stolen
    assert bob.stats["unanswered"] == 0


def test_a_flood_of_answers_takes_no_memory(opened):
    ann = opened(0)
    bob = opened(1, connect=ann.addresses)
    bob.wait_for_peers(1)
    waiting = []

    def flood(query):
        with query:
            for _ in range(200):
                query.reply(f"graphrank/1/main/ask/{ann.id}", bytes(1 << 16))

    with stranger(ann, bob) as session:
        thief = session.declare_queryable(f"graphrank/1/main/ask/{ann.id}", flood)
        time.sleep(0.3)
        answers = bob._session.ask(ann.id, b"", 1.0)
        next(answers)
        time.sleep(0.5)
        waiting += answers
        del thief
    assert len(waiting) <= 16


def test_a_peer_stays_with_the_process_that_made_it(opened):
    ann = opened(0)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        told = []
        calls = (lambda: ann.publish("jazz", "so what"), ann.pull, ann.serve, lambda: ann.peers, ann.close)
        for call in calls:
            try:
                told.append(str(call()))
            except GraphRankError as error:
                told.append(str(error))
        os.write(write, json.dumps(told).encode())
        os._exit(0)
    told = json.loads(os.read(read, 10_000))
    os.waitpid(child, 0)
    refused = [text.startswith("this peer belongs to the process that made it") for text in told]
    assert refused == [True] * 4 + [False]
    assert ann.publish("jazz", "so what") == 0


def test_a_closed_peer_says_so():
    ann = peer(0)
    ann.close()
    for call in (ann.pull, ann.serve, ann.wait_for_peers, lambda: ann.peers, ann.__enter__):
        with pytest.raises(GraphRankError, match="closed: make a new one"):
            call()
    assert ann.stats["rows"] == 0


def test_the_owner_of_a_key_that_was_used_twice_is_warned(opened):
    ann = opened(0)
    bob = opened(1, connect=ann.addresses)
    bob.publish("jazz", "so what")
    ann.wait_for_peers(1)
    ann.pull(bob.id)
    bob.close()
    # As after a backup that is older than the last row.
    again = peer(1, connect=ann.addresses)
    again.wait_for_peers(1)
    again.publish("jazz", "naima")
    with pytest.warns(UserWarning, match="own key has signed rows that contradict each other"):
        again.pull(ann.id)
    with pytest.raises(InvalidArgumentError, match="Go on with a new key"):
        again.publish("jazz", "blue train")
    again.close()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda each: each.pull(5), InvalidTypeError, "`peer` must be the id of a peer"),
        (lambda each: each.pull("x"), InvalidArgumentError, "`peer` must be 64 hexadecimal digits"),
        (lambda each: each.pull(each.id), InvalidArgumentError, "`peer`"),
        (lambda each: each.pull(timeout_s=0), InvalidArgumentError, "`timeout_s`"),
        (lambda each: each.publish("q", "i", results="abc"), InvalidTypeError, "`results` must be the items"),
        (lambda each: each.publish("q", "i", results=5), InvalidTypeError, "`results` must be the items"),
        (lambda each: each.publish("q\ud800", "i"), InvalidArgumentError, "`query` must be text that UTF-8"),
    ],
)
def test_bad_calls_are_named(opened, call, error, words):
    ann = opened(0)
    with pytest.raises(error, match=words):
        call(ann)
    # No time is too long.
    assert ann.pull(timeout_s=1e300) == 0


def test_a_peer_that_gives_row_by_row_does_not_keep_others_waiting(opened, monkeypatch):
    monkeypatch.setattr("graphrank._peer._TURN_S", 0.1)
    slow = opened(0, limits={"max_answer_rows": 1})
    bob = opened(1, connect=slow.addresses)
    cat = opened(2, connect=slow.addresses)
    slow.publish_table({"query": ["jazz"] * 20_000, "item": ["so what"] * 20_000})
    cat.publish("jazz", "naima")
    bob.wait_for_peers(2)
    assert 2 <= bob.pull() < 20_000
    assert sorted(bob.authors) == sorted([slow.id, cat.id])
    bob.serve(every_s=0.01, timeout_s=0.5)
    assert bob.stats["rows"] < 20_001
