"""Peers over a real network, on this machine: the same as over simulated links, bit for bit."""

from __future__ import annotations

import gc
import os
import random
import subprocess
import sys
import threading
import time

import pytest

from graphrank.exceptions import (
    CorruptFileError,
    FileError,
    GraphRankError,
    InvalidArgumentError,
    MissingDependencyError,
    NetworkError,
)
from graphrank.ranking import ClickStore, Key, Peer, PeerNetwork

MODES = ["paper", "robust", "popularity", "cosine"]


def key(number):
    return Key.from_seed(bytes([number + 1]) * 32)


def peer(number, **options):
    return Peer(ClickStore(key(number).id), key(number), **options)


@pytest.fixture
def opened():
    """Makes peers that are closed after the test."""
    peers = []

    def make(number, **options):
        peers.append(peer(number, **options))
        return peers[-1]

    yield make
    for each in peers:
        each.close()


def schedule(n_peers, n_steps):
    """Clicks and pulls in turn: (peer, query, item, time, whom it asks)."""
    choice = random.Random(5)
    for step in range(n_steps):
        i, j = choice.sample(range(n_peers), 2)
        yield i, f"query {choice.randrange(6)}", f"item {choice.randrange(12)}", 1_600_000_000_000 + step, j


def played(peers, ask):
    """What each peer ranks after the schedule, and the names of what it holds."""
    for i, query, item, ts, j in schedule(len(peers), 300):
        peers[i].publish(query, item, ts=ts)
        ask(peers[i], peers[j])
    rankings = [each.store.rank(f"query {query}").rows() for each in peers for query in range(6)]
    return rankings, [each.digest for each in peers], [each.rows().rows() for each in peers]


def test_twenty_real_peers_rank_as_simulated_ones_do_bit_for_bit(opened):
    n = 20
    net = PeerNetwork([ClickStore(key(i).id) for i in range(n)], [key(i) for i in range(n)])
    expected = played(net.peers, lambda asker, other: asker.pull(other))
    first = opened(0)
    real = [first, *(opened(i, connect=first.addresses) for i in range(1, n))]
    for each in real:
        each.wait_for_peers(n - 1, timeout_s=30)
    got = played(real, lambda asker, other: asker.pull(other.id, timeout_s=30))
    assert got == expected
    assert len(set(got[1])) > 1, "the peers know different things, so that there is something to compare"
    assert sum(len(ranking) for ranking in got[0]) > 1000


def test_a_peer_works_offline_and_catches_up(opened):
    ann = opened(0, listen=None)
    assert ann.publish("jazz", "so what") == 0
    assert (ann.addresses, ann.peers, ann.pull(), ann.serve(timeout_s=0.05, every_s=0.01)) == ([], [], 0, 0)
    with pytest.raises(NetworkError, match="does not answer"):
        ann.pull(key(1).id)
    assert ann.store.rank("jazz")["item"].to_list() == ["so what"]


def test_offline_needs_no_network_library_and_online_says_what_it_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "zenoh", None)
    with peer(0, listen=None) as ann:
        ann.publish("jazz", "so what")
    with pytest.raises(MissingDependencyError, match=r"pip install 'graphrank-engine\[p2p\]'"):
        peer(0)


def test_peers_find_each_other_and_serve(opened):
    ann = opened(0)
    bob = opened(1, connect=ann.addresses[0])
    cat = opened(2, listen=None, connect=ann.addresses)
    assert ann.wait_for_peers(2) == sorted([bob.id, cat.id])
    ann.publish("jazz", "so what")
    cat.publish("jazz", "naima")
    assert bob.serve(every_s=0.02, timeout_s=1.0) >= 1
    bob.pull()
    assert bob.stats["rows"] == 2
    strangers = opened(3, connect=ann.addresses, network="other")
    time.sleep(0.1)
    assert strangers.peers == []


def test_a_peer_that_is_gone_is_passed_over(opened):
    ann = opened(0)
    bob = opened(1, connect=ann.addresses)
    bob.publish("jazz", "so what")
    ann.wait_for_peers(1)
    with pytest.raises(NetworkError, match="does not answer"):
        ann.pull(key(7).id, timeout_s=0.2)
    assert (ann.pull(), ann.stats["unanswered"]) == (1, 1)
    bob.close()
    assert ann.pull(timeout_s=0.2) == 0
    with pytest.raises(GraphRankError, match="closed"):
        bob.publish("jazz", "naima")
    bob.close()


def test_questions_are_answered_while_others_are_asked(opened):
    ann = opened(0)
    bob = opened(1, connect=ann.addresses)
    ann.wait_for_peers(1)
    bob.wait_for_peers(1)
    failed = []

    def work(one, other):
        try:
            for number in range(40):
                one.publish("jazz", f"item {number}")
                one.pull(other.id, timeout_s=10)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=pair) for pair in ((ann, bob), (bob, ann))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    ann.pull(bob.id)
    bob.pull(ann.id)
    assert ann.digest == bob.digest
    assert ann.stats["rows"] == 80


def test_a_log_goes_on_where_it_was(opened, tmp_path):
    log = tmp_path / "ann.log"
    with peer(0, log=log) as ann:
        bob = opened(1, connect=ann.addresses)
        bob.publish("jazz", "naima")
        ann.publish("jazz", "so what")
        ann.wait_for_peers(1)
        ann.pull(bob.id)
        before = ann.digest, ann.rows(), ann.store.rank("jazz")
    assert os.stat(log).st_mode & 0o777 == 0o600
    with peer(0, listen=None, log=log) as again:
        assert again.digest == before[0]
        assert again.rows().equals(before[1])
        assert again.store.rank("jazz").equals(before[2])
        assert again.publish("jazz", "blue train") == 1
        with pytest.raises(FileError, match="another peer has this file open: close that one first"):
            peer(0, listen=None, log=log)
    with pytest.raises(CorruptFileError, match="is the log of another peer"):
        peer(1, listen=None, log=log)
    log.write_bytes(log.read_bytes()[:-1])
    with peer(0, listen=None, log=log) as again:
        assert again.digest == before[0]
        assert again.publish("jazz", "blue train") == 1
    damaged = bytearray(log.read_bytes())
    damaged[100] ^= 1
    log.write_bytes(damaged)
    with pytest.raises(CorruptFileError, match="altered at byte 56"):
        peer(0, listen=None, log=log)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"listen": "7447"}, InvalidArgumentError, "`listen` must be addresses such as"),
        ({"connect": ["tcp/localhost"]}, InvalidArgumentError, "`connect` must be addresses such as"),
        ({"listen": 5}, TypeError, "listen|iterable"),
        ({"network": "a/b"}, InvalidArgumentError, "`network`"),
        ({"gossip": "no"}, TypeError, "`gossip`"),
        ({"listen": "tcp/203.0.113.1:0"}, NetworkError, "no peer can listen"),
        ({"listen": None, "log": "no/such/folder"}, FileError, "no/such/folder"),
        ({"listen": None, "connect": "foo/127.0.0.1:5"}, NetworkError, "no peer can connect to foo"),
        ({"listen": None, "limits": ["max_rows"]}, TypeError, "`limits` must be a dict"),
    ],
)
def test_bad_input_is_named(options, error, words):
    with pytest.raises(error, match=words):
        peer(0, **options)


def test_a_port_that_is_taken_is_told(opened):
    ann = opened(0)
    with pytest.raises(NetworkError, match="Address already in use"):
        peer(1, listen=ann.addresses)


def test_a_peer_that_is_dropped_leaves(tmp_path):
    left = peer(0, log=tmp_path / "log")
    with peer(1, connect=left.addresses) as other:
        assert other.wait_for_peers(1, timeout_s=10) == [left.id]
        del left
        gc.collect()
        # The key and its log are free again.
        with peer(0, log=tmp_path / "log"):
            pass
        while other.peers:
            time.sleep(0.02)


@pytest.mark.parametrize(
    "end", ["", "raise ValueError", "os.kill(os.getpid(), signal.SIGINT); time.sleep(60)"]
)
def test_a_process_ends_with_a_peer_that_nobody_closed(tmp_path, end):
    code = (
        "import os, signal, time\nfrom graphrank.ranking import Key, Peer\n"
        f"peer = Peer(None, Key.generate(), log={str(tmp_path / 'log')!r})\npeer.publish('jazz', 'so what')\n{end}"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)
    assert (done.returncode == 0) == (end == "")
