"""Peers over simulated links: what they come to hold, and what their stores are told."""

from __future__ import annotations

import random
import re
from pathlib import Path

import polars as pl
import pytest

from graphrank.exceptions import InvalidArgumentError, InvalidDataError, InvalidTypeError
from graphrank.ranking import ClickStore, Key, PeerNetwork, default_limits

PAGE = Path(__file__).parent.parent / "docs" / "peers.md"

SCHEMA = {"user": pl.String, "query": pl.String, "item": pl.String, "ts": pl.Int64, "seq": pl.UInt64}


class Recorder:
    """A store that remembers rows, each of which it must be told once."""

    def __init__(self, me):
        self.me = me
        self.rows = {}

    def ingest(self, frame):
        assert frame.schema == SCHEMA
        for user, query, item, ts, seq in frame.rows():
            assert (user, seq) not in self.rows
            self.rows[user, seq] = (query, item, ts)


class Forgetful(Recorder):
    def forget(self, users):
        self.rows = {row: click for row, click in self.rows.items() if row[0] not in users}


def keys(n):
    return [Key.from_seed(bytes([i + 1]) * 32) for i in range(n)]


def network(n, store=Forgetful, **options):
    return PeerNetwork([store(key.id) for key in keys(n)], keys(n), **options)


def settle(net, rounds=30):
    for _ in range(rounds):
        for peer in net.peers:
            peer.pull()
        if len({peer.digest for peer in net.peers}) == 1:
            return
    raise AssertionError("the peers do not come to agree")


def test_what_one_says_all_come_to_know():
    net = network(4)
    ann, bob, cat, dan = net.peers
    assert ann.publish("jazz", "so what", ts=7) == 0
    assert ann.publish("jazz", "naima", results=["so what", "naima"], ts=8) == 1
    assert bob.publish("rock", "help", ts=9) == 0
    assert (cat.pull(ann), cat.pull(bob.id), dan.pull(cat), dan.pull(cat)) == (2, 1, 3, 0)
    assert dan.store.rows == {
        (ann.id, 0): ("jazz", "so what", 7),
        (ann.id, 1): ("jazz", "naima", 8),
        (bob.id, 0): ("rock", "help", 9),
    }
    assert dan.authors == sorted([ann.id, bob.id])
    rows = dan.rows()
    assert rows.sort("user", "seq").equals(rows)
    assert rows.columns == ["user", "query", "item", "ts", "seq"]
    assert (dan.stats["rows"], dan.stats["accepted"], dan.stats["published"]) == (3, 3, 0)
    assert ann.stats["published"] == 2
    assert (dan.digest, cat.digest) == (cat.digest, dan.digest)
    assert ann.digest != dan.digest


@pytest.mark.parametrize("seed", range(4))
def test_peers_agree_whatever_links_do(seed):
    net = network(6, loss=0.3, duplication=0.2, delay_ms=(1, 300), seed=seed)
    choice = random.Random(seed)
    for number in range(150):
        peer, other = choice.sample(net.peers, 2)
        match choice.randrange(8):
            case 0 | 1 | 2:
                peer.publish(f"query {number % 7}", f"item {number % 11}", ts=number)
            case 3 | 4:
                peer.ask(other)
            case 5:
                net.run(choice.randrange(500))
            case 6:
                net.part([choice.randrange(2) for _ in net.peers])
            case _:
                choice.choice([peer.leave, peer.come_back])()
    net.heal()
    for peer in net.peers:
        peer.come_back()
    settle(net)
    stores = [peer.store.rows for peer in net.peers]
    assert all(store == stores[0] for store in stores)
    assert len(stores[0]) == sum(peer.stats["published"] for peer in net.peers) > 20
    assert all(
        sum(peer.stats["dropped"][reason] for reason in ("signature", "malformed")) == 0 for peer in net.peers
    )


def test_a_run_is_repeated_by_its_seed():
    def run(seed):
        net = network(4, loss=0.4, delay_ms=(1, 50), seed=seed)
        for number, peer in enumerate(net.peers):
            peer.publish("jazz", f"item {number}", ts=number)
            peer.pull()
        return [peer.digest for peer in net.peers], net.traffic, net.now_ms

    assert run(1) == run(1) != run(2)


def liar_and_twin(store):
    """Peers 0 and 1 share a key and said different things; 2 and 3 believe one each."""
    shared, *others = keys(3)
    all_keys = [shared, shared, *others]
    net = PeerNetwork([store(key.id) for key in all_keys], all_keys)
    liar, twin, cat, dan = net.peers
    liar.publish("jazz", "so what")
    twin.publish("jazz", "spam")
    cat.publish("rock", "help")
    net.part([0, 1, 0, 1])
    # By number: the two have one id.
    cat._pull_one(liar, 1.0)
    dan._pull_one(twin, 1.0)
    net.heal()
    return net


def test_whoever_contradicts_itself_is_forgotten_by_all():
    net = liar_and_twin(Forgetful)
    liar, twin, cat, dan = net.peers
    assert (len(cat.store.rows), len(dan.store.rows)) == (2, 1)
    assert dan.pull(cat) == 1
    assert (dan.banned, cat.banned) == ([liar.id], [])
    assert list(dan.store.rows) == [(cat.id, 0)]
    cat.pull(dan)
    assert cat.banned == [liar.id]
    assert cat.store.rows == dan.store.rows
    assert (cat.stats["retracted"], dan.stats["dropped"]["fork"]) == (1, 1)
    with pytest.warns(UserWarning, match="own key has signed rows that contradict each other"):
        twin.pull(cat)
    with pytest.raises(InvalidArgumentError, match="contradict each other"):
        twin.publish("jazz", "more spam")


def test_a_store_that_cannot_forget_is_told_of():
    net = liar_and_twin(Recorder)
    cat, dan = net.peers[2:]
    with pytest.warns(UserWarning, match=r"cannot forget rows; make a new one and let it ingest peer\.rows"):
        dan.pull(cat)
    fresh = Recorder(dan.id)
    fresh.ingest(dan.rows())
    assert list(fresh.rows) == [(cat.id, 0)]


def test_a_click_store_ranks_without_whoever_contradicts_itself():
    net = liar_and_twin(ClickStore)
    liar, twin, cat, dan = net.peers
    cat.publish("jazz", "naima")
    assert dan.store.rank("jazz")["item"].to_list() == ["spam"]
    dan.pull(cat)
    fresh = ClickStore(dan.id)
    fresh.ingest(dan.rows())
    assert dan.store.rank("jazz")["item"].to_list() == ["naima"]
    assert all(dan.store.rank(query).equals(fresh.rank(query)) for query in ("jazz", "rock"))
    # The liar itself goes on ranking by its own clicks.
    with pytest.warns(UserWarning, match="own key"):
        twin.pull(dan)
    assert twin.banned == [liar.id]
    assert sorted(twin.store.rank("jazz")["item"]) == ["naima", "spam"]


def test_rows_that_a_store_refused_are_told_again():
    class Moody(Recorder):
        fails = True

        def ingest(self, frame):
            if self.fails:
                raise KeyboardInterrupt
            super().ingest(frame)

    net = network(2, Moody)
    ann, bob = net.peers
    ann.store.fails = False
    ann.publish("jazz", "so what")
    with pytest.raises(KeyboardInterrupt):
        bob.pull(ann)
    bob.store.fails = False
    bob.publish("rock", "help")
    assert len(bob.store.rows) == 2


def test_authors_that_a_store_could_not_forget_are_told_again():
    class Moody(Forgetful):
        fails = False

        def ingest(self, frame):
            if self.fails:
                raise KeyboardInterrupt
            super().ingest(frame)

    net = liar_and_twin(Moody)
    liar, _, cat, dan = net.peers
    cat.publish("rock", "help")
    dan.store.fails = True
    with pytest.raises(KeyboardInterrupt):
        dan.pull(cat)
    dan.store.fails = False
    dan.publish("pop", "yes")
    assert dan.banned == [liar.id]
    assert not any(user == liar.id for user, _ in dan.store.rows)


def test_a_newcomer_may_begin_with_a_sample():
    net = network(2)
    ann, bob = net.peers
    assert ann.publish_table({"query": ["jazz"] * 1000, "item": [f"item {i}" for i in range(1000)]}) == 1000
    sampled = bob.pull(ann, share=0.1)
    assert 60 <= sampled <= 140  # 100 on average, with a deviation of 9.5
    assert len(bob.store.rows) == sampled
    assert bob.pull(ann) == 1000 - sampled
    assert bob.digest == ann.digest


def test_clocks_from_the_future_are_set_back_and_counted():
    net = network(2, start_ms=1_000_000, delay_ms=0)
    ann, bob = net.peers
    ann.publish("jazz", "so what", ts=10**12)
    bob.pull(ann)
    assert bob.store.rows[ann.id, 0][2] == 1_000_000
    assert bob.stats["clamped"] == 1


def test_limits_hold_and_what_is_beyond_is_counted():
    net = network(2, limits={"max_rows": 3})
    ann, bob = net.peers
    for number in range(5):
        ann.publish("jazz", f"item {number}")
    assert bob.pull(ann) == 3
    assert bob.stats["dropped"]["rows"] == 2


def test_the_page_tells_the_limits_and_their_defaults():
    rows = re.findall(
        r"^\| (`\w+`(?:, `\w+`)*) \| ([^|]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    told = {}
    for names, values in rows:
        texts = (
            values.replace(" MiB", " * 2**20").split(", ") if "MiB" in values else [values.replace(",", "")]
        )
        told |= dict(zip(re.findall(r"\w+", names), texts, strict=False))
    numbers = {name: eval(text) for name, text in told.items() if name in default_limits()}  # noqa: S307
    assert numbers == default_limits()


def test_tables_are_published_in_their_order():
    net = network(1)
    peer = net.peers[0]
    times = pl.Series([5, 3]).cast(pl.Datetime("ms"))
    peer.publish_table(pl.LazyFrame({"query": ["a", "b"], "item": ["x", "y"], "ts": times}))
    assert list(peer.store.rows.values()) == [("a", "x", 5), ("b", "y", 3)]
    assert peer.publish_table(peer.rows().clear()) == 0
    long = {"query": ["a", "b" * 257], "item": ["x", "y"]}
    with pytest.raises(InvalidDataError, match="`query`, row 1: must have from 1 to 256 bytes"):
        peer.publish_table(long)
    with pytest.raises(InvalidTypeError, match="column 'ts' is String; it must be Datetime, Date"):
        peer.publish_table({"query": ["a"], "item": ["x"], "ts": ["2026-01-01"]})
    assert peer.stats["rows"] == 2


def publish(**click):
    return lambda net: net.peers[0].publish(**({"query": "q", "item": "i"} | click))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (publish(query=""), InvalidArgumentError, "`query` must have from 1"),
        (publish(item="i" * 65), InvalidArgumentError, "`item` must have from 1 to 64 bytes"),
        (publish(item=7), InvalidTypeError, "`item` must be text in the peer protocol"),
        (publish(results=["a", ""]), InvalidArgumentError, "`results`"),
        (publish(ts=-1), InvalidArgumentError, "`ts` must be at least 0"),
        (publish(ts=10**15), InvalidArgumentError, "`ts` must be at most"),
        (
            lambda net: net.peers[0].publish_table({"query": ["q"], "item": [None]}),
            ValueError,
            "null in row 0",
        ),
        (
            lambda net: net.peers[0].publish_table({"query": ["q"], "item": [7]}),
            InvalidTypeError,
            "texts only",
        ),
        (lambda net: net.peers[0].publish_table({"query": ["q"]}), KeyError, "item"),
        (lambda net: net.peers[0].pull(net.peers[0]), InvalidArgumentError, "another peer"),
        (lambda net: net.peers[0].pull("nobody"), InvalidArgumentError, "'nobody'"),
        (lambda net: net.peers[0].pull(share=0), InvalidArgumentError, "`share`"),
        (lambda net: net.peers[0].prefer(["bob"]), InvalidArgumentError, "64 hexadecimal digits"),
        (lambda net: net.part([1]), InvalidArgumentError, "`parts`"),
        (lambda _: network(2, loss=2.0), InvalidArgumentError, "`loss`"),
        (lambda _: network(2, delay_ms=(5, 1)), InvalidArgumentError, "`delay_ms` must be the least"),
        (lambda _: network(2, limits={"max_rows": 0}), InvalidArgumentError, "`max_rows` must be from 1"),
        (lambda _: network(2, limits={"max_row": 5}), InvalidArgumentError, "there are max_authors"),
        (lambda _: PeerNetwork([], keys(1)), InvalidArgumentError, "`keys`"),
        (lambda _: PeerNetwork([Recorder("me")], keys(1)), InvalidArgumentError, "its `me` is 'me'"),
        (lambda _: PeerNetwork([object()], keys(1)), InvalidTypeError, "ingest"),
        (lambda _: PeerNetwork([Recorder("me")], ["key"]), InvalidTypeError, "Key"),
    ],
)
def test_bad_input_is_named(call, error, words):
    net = network(2)
    with pytest.raises(error, match=words):
        call(net)
    assert net.peers[0].stats["rows"] == 0
