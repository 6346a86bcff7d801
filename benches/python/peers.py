"""Peers that exchange signed clicks: rows verified per second, bytes on the way, real peers beside simulated ones.

Nothing else does this job, so graphrank is compared with the protocol of the thesis, which sends all rows that were not
yet sent to the same peer, and with itself over simulated links. ``traffic`` is the thesis's experiment: at each tick a
random peer publishes a click and pulls from another one; bytes count from the beginning, and of the last tenth of the
ticks. The thesis's protocol sends the same signed rows, whole. ``real`` plays one schedule over zenoh and over
simulated links; ``equal`` says whether all peers hold the same rows.
"""

import random
import time
from typing import Any

import graphrank as gr
from common.report import Target
from common.runner import Options, Results, run
from common.timing import Case, Contender, Quality
from graphrank import _core

OURS = "graphrank"
SIGNED, TRAFFIC, REAL = "signed", "traffic", "real"
FIRST = 39
"""Rows that every peer begins with in the thesis."""
ENTRY = 149
"""Bytes of an entry without its query and its item."""
ANY = 2**32 - 1


def click(number: int) -> tuple[str, str]:
    return f"genre {number % FIRST:02}", f"release-{number:016x}"


def key(number: int) -> gr.ranking.Key:
    return gr.ranking.Key.from_seed(number.to_bytes(32))


def verify(n_rows: int) -> Case:
    """An answer of so many rows to a peer that holds nothing, again and again."""

    def prepare() -> Any:
        author = _core.PeerReplica(key(1)._inner, {})
        texts = [click(number) for number in range(n_rows)]
        queries, items = ([text[i] for text in texts] for i in (0, 1))
        author.publish(queries, items, list(range(n_rows)), [None] * n_rows, 0, (None, None))
        asked = 1

        def take() -> int:
            nonlocal asked
            asked += 1_000_000
            peer = _core.PeerReplica(key(asked)._inner, {})
            answer, _ = author.receive(peer.ask(key(1).id, asked, ANY, ANY, 1.0), asked)
            assert answer is not None
            told = peer.receive(answer, asked)[1]
            assert told is not None
            return told[1]

        return take

    def check(n: int) -> Quality:
        return {"rows": n}

    return Case(
        SIGNED,
        f"{n_rows:,} signed rows, verified and kept",
        lambda: [Contender(OURS, prepare, check, per=float)],
    )


def experiment(n_peers: int, n_ticks: int) -> Quality:
    choice = random.Random(1)
    net = gr.ranking.PeerNetwork([None] * n_peers, [key(i) for i in range(n_peers)])
    size, n_rows = ENTRY + sum(map(len, click(0))), 0
    logs: list[list[int]] = [[] for _ in range(n_peers)]
    known: list[set[int]] = [set() for _ in range(n_peers)]
    sent = [[0] * n_peers for _ in range(n_peers)]
    theirs, before = 0, (0, 0)

    def publish(peer: int, number: int) -> None:
        nonlocal n_rows
        net.peers[peer].publish(*click(number))
        logs[peer].append(n_rows)
        known[peer].add(n_rows)
        n_rows += 1

    for peer in range(n_peers):
        for number in range(FIRST):
            publish(peer, number)
    for tick in range(n_ticks):
        if tick == n_ticks - n_ticks // 10:
            before = net.traffic["bytes"], theirs
        i, j = choice.sample(range(n_peers), 2)
        publish(i, FIRST + tick)
        net.peers[i].pull(net.peers[j])
        net.run(10_000)
        new = logs[j][sent[j][i] :]
        sent[j][i] = len(logs[j])
        theirs += len(new) * (2 + size)
        logs[i] += [row for row in new if row not in known[i]]
        known[i].update(new)
        assert net.peers[i]._inner.n_rows() == len(logs[i])
    ours = net.traffic["bytes"]
    return {
        "MB": ours / 1e6,
        "thesis MB": theirs / 1e6,
        "fewer": theirs / ours,
        "fewer at the end": (theirs - before[1]) / (ours - before[0]),
    }


def traffic(n_peers: int, n_ticks: int) -> Case:
    return Case(
        TRAFFIC,
        f"{n_peers} peers, {n_ticks:,} ticks",
        lambda: [Contender(OURS, lambda: lambda: experiment(n_peers, n_ticks), dict)],
    )


def play(peers: Any, ask: Any, n_steps: int) -> Any:
    choice = random.Random(5)
    for step in range(n_steps):
        i, j = choice.sample(range(len(peers)), 2)
        peers[i].publish(f"query {choice.randrange(6)}", f"item {choice.randrange(12)}", ts=step)
        ask(peers[i], peers[j])
    return [(peer.digest, peer.rows().rows()) for peer in peers]


def real_peers(n_peers: int, n_steps: int) -> Quality:
    keys = [key(i) for i in range(n_peers)]
    net = gr.ranking.PeerNetwork([None] * n_peers, keys)
    expected = play(net.peers, lambda asker, other: asker.pull(other), n_steps)
    peers = [gr.ranking.Peer(None, keys[0])]
    peers += [gr.ranking.Peer(None, each, connect=peers[0].addresses) for each in keys[1:]]
    try:
        for peer in peers:
            peer.wait_for_peers(n_peers - 1, timeout_s=30)
        begun = time.perf_counter()
        got = play(peers, lambda asker, other: asker.pull(other.id), n_steps)
        seconds = time.perf_counter() - begun
    finally:
        for peer in peers:
            peer.close()
    return {"equal": int(got == expected), "ms per pull": 1e3 * seconds / n_steps}


def real(n_peers: int, n_steps: int) -> Case:
    return Case(
        REAL,
        f"{n_peers} peers, {n_steps} pulls",
        lambda: [Contender(OURS, lambda: lambda: real_peers(n_peers, n_steps), dict)],
    )


def make_cases(options: Options) -> list[Case]:
    if options.quick:
        return [verify(500), traffic(10, 200), real(4, 40)]
    return [verify(4_000), traffic(100, 10_000), real(20, 400)]


def make_targets(results: Results, options: Options) -> list[Target]:
    targets = []
    if rows := results.get(SIGNED):
        targets.append(Target("signed: rows a second, one core", 1 / rows[OURS].cpu, 20_000))
    if not options.quick and (rows := results.get(TRAFFIC)):
        times = rows[OURS].quality
        targets += [
            Target(f"traffic: times {which}", float(times[which]), 50)
            for which in ("fewer", "fewer at the end")
        ]
    if rows := results.get(REAL):
        targets.append(Target("real: equal to simulated", float(rows[OURS].quality["equal"]), 1))
    return targets


if __name__ == "__main__":
    run("peers", __doc__, make_cases, make_targets)
