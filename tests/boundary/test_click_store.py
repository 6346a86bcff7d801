"""A store of clicks under threads, Ctrl-C and forks: it stays whole, or says no."""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from graphrank.exceptions import TimedOutError
from graphrank.ranking import ClickStore


def batches(seed: int, n: int = 20) -> list[pl.DataFrame]:
    """Frames of rows whose users, queries and items are mostly new in each."""
    draw = random.Random(seed)
    columns = {"user": 50, "query": 400, "item": 3000}
    return [
        pl.DataFrame(
            {
                name: [f"{name} {seed}-{draw.randrange(most)}" for _ in range(150)]
                for name, most in columns.items()
            }
        ).with_columns(seq=pl.int_range(pl.len()).over("user") + 1000 * i)
        for i in range(n)
    ]


def clicks(store: ClickStore) -> pl.DataFrame:
    return store.clicks().sort("user", "query", "item")


@pytest.fixture
def hasty() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty")
def test_threads_that_tell_ask_save_and_forget_leave_a_store_whole(tmp_path: Path) -> None:
    store, told = ClickStore("me"), [batches(seed) for seed in range(3)]
    errors: list[BaseException] = []

    def guarded(work: Any) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    def tell(frames: list[pl.DataFrame]) -> None:
        for frame in frames:
            store.ingest(frame)
            store.rank(frame["query"][0], mode="robust")

    def save() -> None:
        for i in range(10):
            store.save(tmp_path / f"{i}")

    def forget() -> None:
        for i in range(10):
            store.forget([f"user 0-{i}"])
            store.features({"query": ["query 1-1"], "item": ["item 1-1"]})

    work = [lambda frames=frames: tell(frames) for frames in told] + [save, forget]
    threads = [threading.Thread(target=guarded, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    whole = ClickStore("me")
    for frame in pl.concat(told[0] + told[1] + told[2]).iter_slices(1000):
        whole.ingest(frame)
    gone = [f"user 0-{i}" for i in range(10)]
    for one in (store, whole):
        one.forget(gone)
    assert clicks(store).equals(clicks(whole))
    for i in range(10):
        # Counts and numbers of rows are of one moment: what a file does not hold comes again.
        again = ClickStore.load(tmp_path / f"{i}")
        for frame in told[1]:
            again.ingest(frame)
        mine = pl.col("user").str.starts_with("user 1-")
        assert clicks(again).filter(mine).equals(clicks(whole).filter(mine))


class Pressed:
    """A store of the core, and a Ctrl-C before or after one of its calls."""

    def __init__(self, inner: Any, method: str, nth: int, *, is_after: bool) -> None:
        self._inner, self._method, self._left, self._is_after = inner, method, nth, is_after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if name != self._method:
            return method

        def call(*args: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._is_after:
                raise KeyboardInterrupt
            answer = method(*args)
            if self._left == 0:
                raise KeyboardInterrupt
            return answer

        return call


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("method", ["intern", "name"])
def test_ctrl_c_between_ids_and_their_names_leaves_them_in_step(
    method: str, nth: int, is_after: bool
) -> None:
    first, second, third = batches(7, 3)
    store, whole = ClickStore("me"), ClickStore("me")
    for frame in (first, third, second):
        whole.ingest(frame)
    store.ingest(first)
    inner, ids = store._parts
    pressed: Any = Pressed(inner, method, nth, is_after=is_after)
    store._parts = pressed, ids
    with pytest.raises(KeyboardInterrupt):
        store.ingest(second)
    store._parts = inner, ids
    store.ingest(third)
    store.ingest(second)
    assert clicks(store).equals(clicks(whole))
    for query in second["query"].head(20):
        assert store.rank(query, k=None).equals(whole.rank(query, k=None))


def test_ctrl_c_while_forgetting_forgets_nothing() -> None:
    store = ClickStore("me")
    for frame in batches(3, 2):
        store.ingest(frame)
    before, (inner, ids) = clicks(store), store._parts
    store._parts = (pressed := Pressed(inner, "cells", 1, is_after=True)), ids  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        store.forget("user 3-1")
    assert store._parts[0] is pressed
    store._parts = inner, ids
    assert clicks(store).equals(before)
    store.forget("user 3-1")
    assert clicks(store).height < before.height


def test_whoever_waits_for_a_store_looks_at_its_time() -> None:
    store = ClickStore("me")
    with store._lock:
        for call in (store.ingest, store.save, store.forget):
            given: Any = batches(0, 1)[0] if call == store.ingest else "x"
            with pytest.raises(TimedOutError):
                call(given, timeout_s=0.05)


def test_a_store_answers_in_a_forked_child_or_says_no(probe: Any, tmp_path: Path) -> None:
    code = """
rows = {"user": ["ann", "bob"], "query": ["q", "q"], "item": ["x", "y"]}
store, network = gr.ranking.ClickStore("ann"), gr.ranking.Network(5)
store.ingest(rows)
pl.Series(range(10**5)).sort()  # the pool is running
asks = [
    lambda: store.ingest(rows), lambda: store.rank("q"), lambda: store.rank("q", noise=1.0), store.similarity,
    store.clicks, lambda: store.rank("q", trust="ppr"), lambda: store.save(path),
    lambda: gr.ranking.ClickStore.load(path), lambda: store.forget("bob"),
    lambda: store.rank("q", candidates=["x"]), lambda: store.rank("q", metadata={"item": ["x"], "title": ["q"]}),
    lambda: store.features({"query": ["q"], "item": ["x"]}), lambda: gr.ranking.Network(5), network.run,
]
said = ""
child = os.fork()
if not child:
    for ask in asks:
        try:
            ask()
            said += "."
        except gr.exceptions.InvalidArgumentError as error:
            assert "do not survive a fork" in str(error)
            said += "x"
    os._exit(0 if said == "." * 9 + "x" * 5 else 4)
result = os.waitpid(child, 0)[1]
"""
    done = probe(code, path=str(tmp_path / "clicks")).check_done()
    assert done.value == "0", done.stderr
