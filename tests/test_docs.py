"""Everything the documentation shows is run here, and what it prints is compared with what the page says.

Pages (README.md, docs/*.md and the rest of the Markdown files) may show three kinds of code:

- ```` ```python ```` with ``>>>``: a doctest. The blocks of one page share their names, like one session.
- ```` ```console ```` with ``$ graphrank ...``: the command is run in the page's folder of files. ``...`` stands for
  what differs between runs (timings).
- ```` ```sh ````: commands that prepare a machine or call make. Not run, so nothing else may hide there.

Docstrings of every module of the package run too.
"""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import graphrank

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "python").rglob("*.md")])
MODULES = ["graphrank", *(m.name for m in pkgutil.walk_packages(graphrank.__path__, "graphrank."))]
OPTIONS = doctest.ELLIPSIS | doctest.DONT_ACCEPT_TRUE_FOR_1 | doctest.REPORT_NDIFF
KINDS = {"python", "console", "sh", "text", "toml", "rust"}
PREPARING = {"make", "git", "cd", "pip", "python", "cargo"}


class Block(NamedTuple):
    """A fenced block of a page."""

    kind: str
    line: int  # of its first line of code, counted from 1
    code: str


@pytest.fixture(autouse=True)
def folder_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Examples may write files: each page and module gets an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_shows_what_really_happens(page: Path) -> None:
    names: dict[str, object] = {}
    for block in blocks(page):
        if block.kind == "python":
            assert_session(block, page, names)
        elif block.kind == "console":
            assert_commands(block, page)
        elif block.kind == "sh":
            words = {line.split()[0] for line in block.code.splitlines() if line.strip() and line[0] != "#"}
            assert words <= PREPARING, (
                f"{page.name}:{block.line}: {words - PREPARING} belongs in a console block"
            )
        else:
            assert block.kind in KINDS, (
                f"{page.name}:{block.line}: a block of kind {block.kind!r} is never run"
            )


@pytest.mark.parametrize("name", MODULES)
def test_docstrings_show_what_really_happens(name: str) -> None:
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, optionflags=OPTIONS)
    assert failed == 0, f"{failed} examples of {name} print something else (see above)"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target and not target.startswith("mailto:")]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_the_blocks_of_a_page_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("text\n```python\n>>> 1\n1\n```\n- item\n\n  ```sh\n  make\n  ```\n", encoding="utf-8")
    assert list(blocks(page)) == [Block("python", 3, ">>> 1\n1\n"), Block("sh", 9, "make\n")]


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, without the indentation they have inside lists."""
    kind, start, indent, lines = "", 0, "", list[str]()
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        fence = re.match(r"(\s*)```(\w*)", line)
        if start and fence and line.strip() == "```":
            yield Block(kind, start, "".join(lines))
            start = 0
        elif start:
            lines.append(line.removeprefix(indent) + "\n")
        elif fence:
            indent, kind = fence.groups()
            start, lines = number + 1, []
    assert not start, f"{page.name}:{start}: the block is not closed"


def assert_session(block: Block, page: Path, names: dict[str, object]) -> None:
    """Run the block as a doctest with the names of the page so far, which it extends."""
    where = f"{page.name}:{block.line}"
    test = doctest.DocTestParser().get_doctest(block.code, names, where, str(page), block.line - 1)
    assert test.examples, f"{where}: a python block is written as a session (>>>), so that it can be run"
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    result = runner.run(test, out=report.append, clear_globs=False)
    assert result.failed == 0, "".join(report)
    names.update(test.globs)


def assert_commands(block: Block, page: Path) -> None:
    """Run the block's ``$ graphrank`` commands and compare what they print."""
    for offset, command, expected in commands(block.code):
        where = f"{page.name}:{block.line + offset}"
        program, *arguments = shlex.split(command)
        assert program == "graphrank", (
            f"{where}: a console block calls graphrank; use a sh block for {program}"
        )
        done = subprocess.run(
            [sys.executable, "-m", "graphrank", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        got = done.stdout + done.stderr
        checker = doctest.OutputChecker()
        flags = OPTIONS | doctest.NORMALIZE_WHITESPACE
        assert checker.check_output(expected, got, flags), (
            f"{where}: $ {command}\nprints\n{got}\nnot\n{expected}"
        )


def commands(code: str) -> Iterator[tuple[int, str, str]]:
    """Line, command and expected output of every ``$ command`` of a console block."""
    lines = code.splitlines(keepends=True)
    starts = [i for i, line in enumerate(lines) if line.startswith("$ ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield start, lines[start][2:].strip(), "".join(lines[start + 1 : end])
