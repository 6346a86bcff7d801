"""The Debian tables that ship, and the script that builds them from Debian's package lists."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import graphrank as gr

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "build_debian_data.py"
SECTIONS = ["python", "science", "math", "web"]

LISTS = """\
Package: python3-sum
Installed-Size: 12
Section: python
Priority: optional
Depends: libsum1 (>= 2.0) [amd64], python3:any, mta | exim4,
 nowhere
Pre-Depends: libsum1
Suggests: sum-doc, game

Package: libsum1
Section: libs
Priority: optional
Depends: libbase

Package: libbase
Installed-Size: 3
Section: libs
Priority: required

Package: python3
Installed-Size: 81
Section: contrib/python
Priority: optional

Package: exim4
Installed-Size: 7
Section: mail
Priority: optional
Recommends: game

Package: sum-doc
Installed-Size: 9
Section: doc
Priority: optional

Package: game
Installed-Size: 5
Section: games
Priority: extra
Depends: python3
"""


def built(source: str, out: Path, *options: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tables the script makes of ``source`` (a path, or the text itself on standard input)."""
    is_text = "\n" in source
    command = [sys.executable, str(SCRIPT), "-" if is_text else source, "--out", str(out), *options]
    subprocess.run(command, input=source if is_text else None, text=True, check=True, capture_output=True)
    return pl.read_parquet(out / "debian_edges.parquet"), pl.read_parquet(out / "debian_packages.parquet")


def test_the_lists_become_tables_by_the_rules_of_the_script(tmp_path: Path) -> None:
    edges, packages = built(LISTS, tmp_path)
    # exim4 is the first alternative that is a package; libbase is needed by a dependency only, sum-doc is suggested.
    assert packages.rows() == [
        ("exim4", "mail", "optional", 7),
        ("libsum1", "libs", "optional", 0),
        ("python3", "python", "optional", 81),
        ("python3-sum", "python", "optional", 12),
    ]
    assert edges.rows() == [
        ("python3-sum", "exim4", "Depends"),
        ("python3-sum", "libsum1", "Depends"),
        ("python3-sum", "libsum1", "Pre-Depends"),
        ("python3-sum", "python3", "Depends"),
    ]


def test_the_full_tables_give_the_same_slice_as_the_lists(tmp_path: Path) -> None:
    full, first, second = tmp_path / "full", tmp_path / "first", tmp_path / "second"
    built(LISTS, first, "--full", str(full))
    assert pl.read_parquet(full / "debian_packages.parquet").height == 7
    built(str(full), second)
    for name in ("debian_edges.parquet", "debian_packages.parquet"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_the_shipped_tables_are_sorted_complete_and_closed() -> None:
    edges, packages = gr.datasets.debian_frames()
    assert_frame_equal(edges, edges.unique().sort("src", "dst", "kind"))
    assert_frame_equal(packages, packages.unique("package").sort("package"))
    assert not any(frame.null_count().row(0) != (0,) * frame.width for frame in (edges, packages))
    assert set(edges["src"]) | set(edges["dst"]) <= set(packages["package"])
    assert set(edges["kind"]) == {"Depends", "Pre-Depends", "Recommends", "Suggests"}


def test_a_shipped_package_is_of_a_chosen_section_or_needed_by_one() -> None:
    edges, packages = gr.datasets.debian_frames()
    chosen = packages.filter(pl.col("section").is_in(SECTIONS))["package"]
    needs = edges.filter(pl.col("kind").is_in(["Depends", "Pre-Depends"]))
    needed = needs.join(chosen.to_frame(), left_on="src", right_on="package", how="semi")["dst"]
    assert set(packages["package"]) == set(chosen) | set(needed)


@pytest.mark.parametrize("neighbour", ["python3", "libc6", "libblas3"])
def test_numpy_has_the_neighbours_one_expects(neighbour: str) -> None:
    assert neighbour in set(gr.datasets.debian().neighbors("python3-numpy")["id"])
