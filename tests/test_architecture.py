"""The picture of the house, read from the source: who imports whom. Ruff sees who prints and what has no docstring."""

import ast
import re
import sys
import tomllib
from collections.abc import Collection
from graphlib import TopologicalSorter
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


def test_reader_sees_every_import() -> None:
    """The reader finds imports in functions and under conditions, and tells a module from a name in one."""
    source = (
        "import os.path\nif True:\n    from bacterio_cli.nn import cells, nothing\ndef f():\n    from numpy import dot"
    )
    found = {"os.path", "bacterio_cli.nn.cells", "bacterio_cli.nn", "numpy"}
    assert imports_of(ast.parse(source), {"bacterio_cli.nn.cells"}) == found


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
    assert own(PACKAGE) <= {"api"}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_room_imports_only_what_lies_below_it(room: str) -> None:
    """A room imports numpy, the standard library, and of this package only itself and the rooms below."""
    modules = [module for module in MODULES if inside(module, f"{PACKAGE}.{room}")]
    assert modules
    for module in modules:
        assert foreign(module) <= {"numpy"}, module
        assert [name for name in own(module) if not inside(name, room, *MAY_IMPORT[room])] == [], module


def test_modules_are_chapters() -> None:
    """The package root holds four modules; no file has more than 260 lines, or a name that says nothing of it."""
    assert sorted(path.name for path in ROOT.glob("*.py")) == ["__init__.py", "__main__.py", "api.py", "errors.py"]
    sources = [*ROOT.rglob("*.py"), *Path(__file__).parent.rglob("*.py")]
    long = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in sources}
    assert {name: lines for name, lines in long.items() if lines > 260} == {}
    leftovers = {"utils", "util", "helpers", "helper", "common", "types", "misc"}
    assert [path for path in sources if leftovers & {path.stem, path.parent.name}] == []


HOMES = {
    "typer": ["cli"], "rich": ["cli.terminal", "cli.tables"], "tqdm": ["cli.progress"], "matplotlib": ["cli.plots"],
}  # fmt: skip


@pytest.mark.parametrize(("package", "homes"), HOMES.items(), ids=HOMES)
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


def test_imports_have_no_cycle() -> None:
    """No module imports itself by a detour, not even inside functions or for types alone."""
    graph = {module: {name for name in names if name in TREES} for module, names in IMPORTS.items()}
    assert sum(map(len, graph.values())) > 30
    TopologicalSorter(graph).prepare()  # a circle raises CycleError
