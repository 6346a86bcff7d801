"""The rules that keep the project easy to find one's way in (see ARCHITECTURE.md), checked on every run."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import graphrank

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "python" / "graphrank"
BINDING = ROOT / "rust" / "graphrank-python" / "src"
CORE = ROOT / "rust" / "graphrank" / "src"

# Python modules without an algorithm, and therefore without Rust files of their name.
WITHOUT_RUST = {"__init__", "cli", "datasets", "exceptions", "io", "ranking", "testing"}
STEMS = sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__main__")
CAPABILITIES = [stem for stem in STEMS if stem not in WITHOUT_RUST and not stem.startswith("_")]
PUBLIC = [stem for stem in STEMS if not stem.startswith("_")]
SOURCES = sorted(
    path
    for folder in ("benches", "python", "rust", "scripts", "tests")
    for path in (ROOT / folder).rglob("*.*")
    if path.suffix in {".py", ".pyi", ".rs"}
)
METHOD_LIKE = (property, classmethod, staticmethod)
HEAVY = [
    "polars",
    "numpy",
    "scipy",
    "networkx",
    "matplotlib",
    "tqdm",
    "pandas",
    "pyarrow",
    "sklearn",
    "zenoh",
]


@pytest.mark.parametrize("stem", CAPABILITIES)
def test_a_capability_has_one_stem_in_all_three_layers(stem: str) -> None:
    assert (BINDING / f"{stem}.rs").is_file(), f"python/graphrank/{stem}.py has no binding of its name"
    assert (CORE / stem).is_dir(), f"python/graphrank/{stem}.py has no folder of its name in the core"


def test_there_are_capabilities() -> None:
    assert {"graph", "ppr"} <= set(CAPABILITIES)


@pytest.mark.parametrize("stem", STEMS)
def test_a_module_names_the_problem_and_no_function_has_its_name(stem: str) -> None:
    tree = ast.parse((PACKAGE / f"{stem}.py").read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert stem not in functions


def test_no_headline_name_hides_a_module() -> None:
    shadowed = [
        stem
        for stem in PUBLIC
        if not stem.startswith("__") and not inspect.ismodule(getattr(graphrank, stem))
    ]
    assert shadowed == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_is_short_enough_to_read(path: Path) -> None:
    # A stub is one file per module, and is looked things up in rather than read.
    most = 1000 if path.suffix == ".pyi" else 500
    assert len(path.read_text(encoding="utf-8").splitlines()) <= most


@pytest.mark.parametrize("stem", STEMS)
def test_a_module_says_what_it_offers(stem: str) -> None:
    module = load(stem)
    names = module.__all__
    assert sorted(names, key=str) == sorted(set(names)), "a name is listed twice"
    assert [name for name in names if not hasattr(module, name)] == []


def test_what_the_package_offers_exists_and_is_listed_by_dir() -> None:
    assert set(graphrank.__all__) <= set(dir(graphrank))


@pytest.mark.parametrize("stem", PUBLIC)
def test_public_things_are_documented_and_functions_show_an_example(stem: str) -> None:
    module = load(stem)
    assert module.__doc__
    undocumented = [name for name, thing in offered(module) if not inspect.getdoc(thing)]
    assert undocumented == []
    functions = [
        (name, inspect.getdoc(thing) or "") for name, thing in offered(module) if inspect.isfunction(thing)
    ]
    without_example = [name for name, doc in functions if "." not in name and ">>>" not in doc]
    assert without_example == [] or stem == "cli", "the command line shows its examples in --help"


def test_import_is_light() -> None:
    code = "import sys, graphrank; print([m for m in sys.argv[1:] if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code, *HEAVY], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]", "import graphrank loads these"


def test_the_version_is_written_once_per_language() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["package"][
        "version"
    ]
    assert graphrank.__version__ == project == workspace


def test_the_package_ships_its_types_and_data() -> None:
    wanted = [
        "py.typed",
        "_core.pyi",
        "data/debian_edges.parquet",
        "data/debian_packages.parquet",
        "data/README.md",
    ]
    installed = Path(inspect.getfile(graphrank)).parent
    assert [name for name in wanted if not (installed / name).is_file()] == []
    assert sum(path.stat().st_size for path in (installed / "data").iterdir()) < 1_000_000


def load(stem: str) -> ModuleType:
    """The module of one file of the package."""
    return importlib.import_module("graphrank" if stem == "__init__" else f"graphrank.{stem}")


def offered(module: ModuleType) -> Iterator[tuple[str, object]]:
    """What ``module.__all__`` names, and the public methods and properties of the classes among it."""
    for name in module.__all__:
        thing = getattr(module, name)
        if inspect.isfunction(thing) or inspect.isclass(thing):
            yield name, thing
        if inspect.isclass(thing):
            for member, value in vars(thing).items():
                if not member.startswith("_") and (callable(value) or isinstance(value, METHOD_LIKE)):
                    yield f"{name}.{member}", value
