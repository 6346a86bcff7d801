r"""Build the Debian tables that ship with graphrank: python/graphrank/data/debian_{edges,packages}.parquet.

Usage, from the root of the project, with polars installed::

    python scripts/build_debian_data.py SOURCE [--out FOLDER] [--full FOLDER]

``SOURCE`` is one of

- a text in the format of ``apt-cache dumpavail``, or ``-`` to read it from standard input. On a Debian machine,
  leaving out what is installed there and every package source that is not Debian's own::

      apt-get update
      apt-cache -o Dir::Etc::sourcelist=/etc/apt/sources.list.d/debian.sources -o Dir::Etc::sourceparts=- \
          -o Dir::State::status=/dev/null dumpavail | python scripts/build_debian_data.py -

- a folder that holds the full tables ``debian_edges.parquet`` (src, dst, kind) and
  ``debian_packages.parquet`` (package, section, priority, size), as ``--full FOLDER`` writes them.

The full tables have one row per package and one row per relation between two packages of the lists. Of the
alternatives in ``Depends: a | b`` the first one that is itself a package counts, so ``a`` unless it is only a name
that others provide; a relation without such an alternative is dropped. Version limits and architecture marks are
ignored. ``size`` is the installed size in KiB, 0 where the lists name none.

The shipped slice keeps every package of the sections python, science, math and web, the packages these depend on
directly (Depends and Pre-Depends), and every relation, of any kind, between two packages kept. Rows are sorted
and the writer's settings fixed: the same lists and the same Polars version give the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

SECTIONS = ["python", "science", "math", "web"]
NEEDS = ["Depends", "Pre-Depends"]
KINDS = [*NEEDS, "Recommends", "Suggests"]
SHIPPED = Path(__file__).resolve().parent.parent / "python" / "graphrank" / "data"

EDGE_SCHEMA = {"src": pl.String, "dst": pl.String, "kind": pl.String}
PACKAGE_SCHEMA = {"package": pl.String, "section": pl.String, "priority": pl.String, "size": pl.Int64}


def main() -> int:
    """Read the source, write the slice, and the full tables if asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", help="a text from apt-cache dumpavail, - for standard input, or a folder")
    parser.add_argument(
        "--out", type=Path, default=SHIPPED, help="where the slice goes (default: the package)"
    )
    parser.add_argument("--full", type=Path, help="also write the tables of all packages to this folder")
    args = parser.parse_args()

    edges, packages = read_source(args.source)
    if args.full is not None:
        write(edges, packages, args.full)
    write(*cut(edges, packages), args.out)
    return 0


def read_source(source: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The full tables (edges, packages), from wherever ``source`` points."""
    if source == "-":
        return tables(stanzas(sys.stdin))
    if Path(source).is_dir():
        folder = Path(source)
        return pl.read_parquet(folder / "debian_edges.parquet"), pl.read_parquet(
            folder / "debian_packages.parquet"
        )
    with open(source, encoding="utf-8") as lines:
        return tables(stanzas(lines))


def stanzas(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """The records of a Debian control file: fields ``Name: value``, one empty line between two records."""
    record: dict[str, str] = {}
    field = ""
    for line in lines:
        if not line.strip():
            if record:
                yield record
            record, field = {}, ""
        elif line[0] in " \t":
            record[field] += " " + line.strip()
        else:
            field, _, value = line.partition(":")
            record[field] = value.strip()
    if record:
        yield record


def tables(records: Iterable[dict[str, str]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The full tables (edges, packages); of two records with one name the first counts."""
    found: dict[str, dict[str, str]] = {}
    for record in records:
        found.setdefault(record["Package"], record)

    package_rows = [
        (
            name,
            r.get("Section", "").rpartition("/")[2],
            r.get("Priority", ""),
            int(r.get("Installed-Size", "0")),
        )
        for name, r in found.items()
    ]
    edge_rows = [
        (name, target, kind)
        for name, record in found.items()
        for kind in KINDS
        for target in targets(record.get(kind, ""), found)
    ]
    edges = pl.DataFrame(edge_rows, schema=EDGE_SCHEMA, orient="row").unique(maintain_order=True)
    return edges, pl.DataFrame(package_rows, schema=PACKAGE_SCHEMA, orient="row")


def targets(relation: str, known: dict[str, dict[str, str]]) -> Iterator[str]:
    """One known package per entry of a relation such as ``libc6 (>= 2.35), python3:any, exim4 | mta``."""
    for entry in relation.split(","):
        names = (
            alternative.split("(")[0].split("[")[0].split(":")[0].strip() for alternative in entry.split("|")
        )
        first = next((name for name in names if name in known), None)
        if first is not None:
            yield first


def cut(edges: pl.DataFrame, packages: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The shipped slice of the full tables."""
    chosen = packages.filter(pl.col("section").is_in(SECTIONS)).select("package")
    needed = edges.filter(pl.col("kind").is_in(NEEDS)).join(
        chosen, left_on="src", right_on="package", how="semi"
    )
    kept = pl.concat([chosen, needed.select(package="dst")]).unique()
    inside = edges.join(kept, left_on="src", right_on="package", how="semi").join(
        kept, left_on="dst", right_on="package", how="semi"
    )
    return inside, packages.join(kept, on="package", how="semi")


def write(edges: pl.DataFrame, packages: pl.DataFrame, folder: Path) -> None:
    """Write both tables to ``folder``, sorted, and say what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    named = {"debian_edges": edges.sort("src", "dst", "kind"), "debian_packages": packages.sort("package")}
    for name, frame in named.items():
        path = folder / f"{name}.parquet"
        frame.rechunk().write_parquet(path, compression="zstd", compression_level=19, statistics=False)
        print(f"{path}: {frame.height:,} rows, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    sys.exit(main())
