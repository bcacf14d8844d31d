"""The picture of the house, read from the source: who imports whom, who may print, and that all is described."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Collection
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import bacterio_cli

PACKAGE = "bacterio_cli"
ROOT = Path(bacterio_cli.__file__).parent


def module_name(path: Path) -> str:
    """bacterio_cli.nn.cells for nn/cells.py, bacterio_cli.nn for nn/__init__.py."""
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {module_name(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(ROOT.rglob("*.py"))}
MODULES = sorted(TREES)


def inside(module: str, *rooms: str) -> bool:
    """Whether a module is one of these rooms, or in one."""
    return any(module == room or module.startswith(room + ".") for room in rooms)


def imports_of(tree: ast.Module, modules: Collection[str]) -> set[str]:
    """The full names of all modules that a source imports, wherever in it the import stands.

    `from package import name` is the module package.name where there is one, else the package.
    """
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports in this project are absolute"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                found.add(full if full in modules else node.module)
    return found


IMPORTS = {module: imports_of(tree, TREES) for module, tree in TREES.items()}


def foreign(module: str) -> set[str]:
    """What a module imports that is neither its own package's nor the standard library's."""
    tops = {name.partition(".")[0] for name in IMPORTS[module]}
    return tops - sys.stdlib_module_names - {PACKAGE}


def own(module: str) -> set[str]:
    """What a module imports of this package, without the package's name."""
    return {name.removeprefix(PACKAGE + ".") for name in IMPORTS[module] if inside(name, PACKAGE)}


def under(room: str) -> list[str]:
    """All modules of a room, of which there must be some."""
    modules = [module for module in MODULES if inside(module, f"{PACKAGE}.{room}")]
    assert modules, f"there is no {room}"
    return modules


def find_cycle(graph: dict[str, set[str]]) -> list[str] | None:
    """The modules of a circle of imports, or None."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return None


def calls_of(tree: ast.Module, name: str) -> list[int]:
    """The lines on which a source calls this built-in."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]


def undocumented(tree: ast.Module) -> list[str]:
    """The public functions, classes and methods of a source without a docstring, the module itself first."""
    found = [] if ast.get_docstring(tree) else ["the module"]
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    holders: list[tuple[str, ast.Module | ast.ClassDef]] = [("", tree)]
    for prefix, holder in holders:
        for node in holder.body:
            if isinstance(node, kinds) and not node.name.startswith("_"):
                if not ast.get_docstring(node):
                    found.append(prefix + node.name)
                if isinstance(node, ast.ClassDef):
                    holders.append((f"{prefix}{node.name}.", node))
    return found


SOURCE = '''
from __future__ import annotations
import os.path, rich
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from bacterio_cli.nn import cells, nothing
class Shown:
    """Text."""
    def silent(self):
        from numpy import dot
        print(dot)
    def _private(self): ...
def bare(): ...
'''


def test_reader_sees_every_import() -> None:
    """The reader finds imports in functions and under TYPE_CHECKING, and tells a module from a name in one."""
    assert imports_of(ast.parse(SOURCE), {"bacterio_cli.nn.cells"}) == {
        "__future__", "os.path", "rich", "typing", "bacterio_cli.nn.cells", "bacterio_cli.nn", "numpy",
    }  # fmt: skip


def test_reader_sees_calls_and_missing_docstrings() -> None:
    """The reader finds a call of print in a method, and what has no docstring; private names need none."""
    assert calls_of(ast.parse(SOURCE), "print") == [11]
    assert undocumented(ast.parse(SOURCE)) == ["the module", "bare", "Shown.silent"]


def test_reader_sees_a_cycle() -> None:
    """A circle of three modules is found, and a diamond is none."""
    assert set(find_cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}})) == {"a", "b", "c"}
    assert find_cycle({"a": {"b", "c"}, "b": {"d"}, "c": {"d"}}) is None


def test_all_rooms_are_read() -> None:
    """The modules that these tests read include those of every room."""
    rooms = [
        "nn.layers",
        "nn.optim",
        "dataset.readers.words",
        "gradcheck.bugs",
        "cli.terminal",
        "checkpoint.archive",
        "__main__",
    ]
    assert {f"{PACKAGE}.{room}" for room in rooms} <= set(MODULES)


# What each room may import of this package besides itself; errors import nothing. Only cli/ may import all.
MAY_IMPORT = {
    "errors": [],
    "nn": [],
    "dataset": ["errors"],
    "nomenclature": ["dataset", "errors"],
    "lm": ["dataset", "nn", "errors"],
    "checkpoint": ["lm", "nn", "dataset", "errors"],
    "training": ["checkpoint", "lm", "nn", "dataset", "errors"],
    "inference": ["checkpoint", "lm", "nn", "nomenclature", "dataset", "errors"],
    "trace": ["nn", "dataset", "errors"],
    "gradcheck": ["trace", "checkpoint", "nn", "dataset", "errors"],
    "api": ["training", "inference", "checkpoint", "nomenclature", "dataset", "errors"],
}


def test_every_room_has_its_place() -> None:
    """Each folder and module of the package root has a line in the table, or is the command line or an entry point."""
    found = {module.split(".")[1] for module in MODULES if "." in module}
    assert found == {*MAY_IMPORT, "cli", "__main__"}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_room_imports_only_what_lies_below_it(room: str) -> None:
    """A room imports numpy, the standard library, and of this package only itself and the rooms below."""
    for module in under(room):
        assert foreign(module) <= {"numpy"}, module
        assert [name for name in own(module) if not inside(name, room, *MAY_IMPORT[room])] == [], module


def test_modules_are_chapters() -> None:
    """The package root holds four modules, and none anywhere has more than 260 lines."""
    assert sorted(path.name for path in ROOT.glob("*.py")) == ["__init__.py", "__main__.py", "api.py", "errors.py"]
    long = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in ROOT.rglob("*.py")}
    assert {name: lines for name, lines in long.items() if lines > 260} == {}


@pytest.mark.parametrize(
    ("package", "homes"),
    [
        ("typer", ["cli"]),
        ("rich", ["cli.terminal", "cli.tables"]),
        ("tqdm", ["cli.progress"]),
        ("matplotlib", ["cli.plots"]),
    ],
    ids=["typer", "rich", "tqdm", "matplotlib"],
)
def test_package_is_imported_only_at_home(package: str, homes: list[str]) -> None:
    """typer is imported only under cli/; each package that draws, only in the modules of cli/ that do."""
    users = [module for module in MODULES if package in foreign(module)]
    for home in homes:
        assert any(inside(module, f"{PACKAGE}.{home}") for module in users), home
    assert [module for module in users if not inside(module, *(f"{PACKAGE}.{home}" for home in homes))] == []


def test_nothing_else_is_imported() -> None:
    """The package imports every dependency that pyproject.toml lists, and the extra `plot`, and nothing further."""
    listed = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*listed["dependencies"], *listed["optional-dependencies"]["plot"]]
    dependencies = {re.match("[a-z]+", line)[0] for line in lines}
    assert set().union(*map(foreign, MODULES)) == dependencies


@pytest.mark.parametrize("module", [module for module in MODULES if not inside(module, f"{PACKAGE}.cli")])
def test_workflows_do_not_print(module: str) -> None:
    """Outside cli/ nothing prints, and nothing but the entry point imports cli/."""
    assert calls_of(TREES[module], "print") == []
    if module != f"{PACKAGE}.__main__":
        assert [name for name in own(module) if inside(name, "cli")] == []


def test_imports_have_no_cycle() -> None:
    """No module imports itself by a detour, not even inside functions or for types alone."""
    graph = {module: {name for name in names if name in TREES} for module, names in IMPORTS.items()}
    assert sum(map(len, graph.values())) > 30
    assert find_cycle(graph) is None


def test_no_room_for_leftovers() -> None:
    """There is no module whose name says nothing of what is in it."""
    leftovers = {"utils", "util", "helpers", "helper", "common", "types", "misc"}
    assert [module for module in MODULES if leftovers & set(module.split("."))] == []


@pytest.mark.parametrize("module", MODULES)
def test_all_that_is_public_is_described(module: str) -> None:
    """Every module and every public function, class and method has a docstring."""
    assert undocumented(TREES[module]) == []
