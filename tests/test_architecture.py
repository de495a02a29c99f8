"""The house rules: who may import whom, what importing costs, what a package file may hold."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "bargain"
MODULES = sorted(PACKAGE.rglob("*.py"))

ALLOWED = {
    "games": {"games"},
    "solvers": {"solvers", "games"},
    "economy": {"economy"},
    "evidence": {"evidence"},
    "mechanisms": {"mechanisms", "games", "economy"},
    "standoff": {"standoff", "mechanisms", "games", "economy", "evidence"},
    "talks": {"talks", "standoff", "solvers", "mechanisms", "games", "economy", "evidence"},
    "study": {"study", "talks", "standoff", "solvers", "mechanisms", "games", "economy", "evidence"},
    "plot": {"plot", "games", "study"},
    "reproduce": {"plot", "games", "study"},
    "answers": {"standoff", "cli"},
    "cli": {
        "answers",
        "mechanisms",
        "games",
        "solvers",
        "economy",
        "evidence",
        "standoff",
        "talks",
        "study",
        "plot",
        "reproduce",
    },
}
HEAVY = {"pandas", "matplotlib", "numba", "joblib", "nashpy", "scipy", "tqdm", "typer", "pydantic"}


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def room(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Rooms of this package that a file imports, wherever in the file it does so."""
    names: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} if node.module != "bargain" else {f"bargain.{alias.name}" for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("bargain.")}


@pytest.mark.parametrize("path", [p for p in MODULES if p.parent != PACKAGE or p.stem in ALLOWED], ids=str)
def test_every_room_imports_only_what_the_direction_of_travel_allows(path: Path) -> None:
    known = set(ALLOWED) | {"talks"}
    assert imports(path) & known <= ALLOWED[room(path)]


def test_import_of_the_package_is_light() -> None:
    code = f"import bargain, sys; print(sorted({HEAVY!r} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert shown.stdout.strip() == "[]"


def test_rooms_load_pandas_and_matplotlib_only_when_used() -> None:
    rooms = ("games", "solvers", "evidence", "economy.trade", "mechanisms", "talks")
    loaded = "sorted({'pandas', 'matplotlib', 'numba', 'nashpy'} & set(sys.modules))"
    code = "import sys\n" + "\n".join(f"import bargain.{name}; print('{name}', {loaded})" for name in rooms)
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert shown.stdout.splitlines() == [f"{name} []" for name in rooms]


def test_every_public_name_is_there_and_types_ship() -> None:
    import bargain

    for name in bargain.__all__:
        assert getattr(bargain, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'StageGme'"):
        bargain.StageGme  # noqa: B018
    assert set(dir(bargain)) == set(bargain.__all__)
    assert (PACKAGE / "py.typed").exists()


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_modules_have_a_docstring_and_stay_readable(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not text.strip() or ast.get_docstring(parsed(path)), "module docstring is missing"
    assert text.count("\n") <= 400, "more than 400 lines: split it"
    assert path.stem not in {"utils", "misc", "common", "helpers"}


def test_no_pickle_eval_or_network_in_the_package() -> None:
    forbidden = {"pickle", "shelve", "marshal", "urllib", "requests", "http", "socket"}
    for path in MODULES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Import):
                assert not {alias.name.split(".")[0] for alias in node.names} & forbidden, path
            elif isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] not in forbidden, path
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec"}, path


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + [d for extra in project["optional-dependencies"].values() for d in extra]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines if "==" in line}
    for requirement in wanted:
        name = requirement.split(">")[0].split("[")[0].strip().lower().replace("_", "-")
        assert name in pinned, f"{name} is not pinned in constraints.txt"
