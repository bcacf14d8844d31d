"""The faults that are planted are valid and real, and the tests that notice them are told from those that do not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools import mutation
from tools.mutation import EQUIVALENT, Mutant, Room, joined, mutants

SHARE = '''\
"""A module of one function."""

LIMIT: int = 7  # left alone: the annotation; not the number


def share(count: int | None, total: int) -> float:
    """The share."""
    if total < 1 or not count:
        return -1.5
    while count > total:
        count -= total
    print("ü", flush=True)
    return count / total
'''


def planted(old: str, new: str) -> Mutant:
    """The one mutant of SHARE that makes this line of that one."""
    (found,) = (m for m in mutants(SHARE, "share.py") if (m.old, m.new) == (old, new))
    return found


def test_every_kind_of_fault_is_planted() -> None:
    """Operators, numbers, truth values, conditions, statements left out and early returns, and nothing else."""
    test, loop = "if total < 1 or not count:", "while count > total:"
    expected = {
        ("LIMIT: int = 7", f"LIMIT: int = {n}") for n in (6, 8)
    } | {
        (test, "return None if total < 1 or not count:"),
        (test, "if total <= 1 or not count:"),
        (test, "if total >= 1 or not count:"),
        (test, "if total < 2 or not count:"),
        (test, "if total < 0 or not count:"),
        (test, "if total < 1 and not count:"),
        (test, "if total < 1 or count:"),
        (test, "if (not (total < 1 or not count)):"),
        ("return -1.5", "return 1.5"),
        ("return -1.5", "return -2.5"),
        ("return -1.5", "return -0.5"),
        (loop, "while count >= total:"),
        (loop, "while count <= total:"),
        (loop, "while (not (count > total)):"),
        ("count -= total", "count += total"),
        ("count -= total", "pass"),
        ('print("ü", flush=True)', 'print("ü", flush=False)'),
        ('print("ü", flush=True)', "pass"),
        ("return count / total", "return count * total"),
    }  # fmt: skip
    assert {(m.old, m.new) for m in mutants(SHARE, "share.py")} == expected


def test_a_fault_knows_its_place() -> None:
    """Its line, its function, and the text with only that changed, letters of several bytes before it or not."""
    mutant = planted("return count / total", "return count * total")
    assert (mutant.file, mutant.function, mutant.line) == ("share.py", "share", 13)
    assert mutant.applied(SHARE) == SHARE.replace("count / total", "count * total")
    assert mutation.diff(mutant, SHARE).split("\n") == [
        "    -    return count / total",
        "    +    return count * total",
    ]


@pytest.mark.parametrize("file", sorted(mutation.TESTS))
def test_the_mutants_of_a_module_are_valid_and_different(file: str) -> None:
    """Each compiles, and its tree is not the original's; none is listed twice, and the test files exist."""
    text = (mutation.ROOT / "bacterio_cli" / file).read_text(encoding="utf-8")
    found = mutants(text, file)
    original = ast.dump(ast.parse(text))
    for mutant in found[::7]:
        tree = ast.parse(mutant.applied(text))
        compile(tree, file, "exec")
        assert ast.dump(tree) != original
    least = 30 if file == "nn/chunks.py" else 40  # little more than one function
    assert len({m.applied(text) for m in found}) == len(found) > least
    assert all((mutation.ROOT / "tests" / f"test_{name}.py").exists() for name in mutation.TESTS[file])
    known = {(m.file, m.function, m.old, new) for m in found for new in (m.new, mutation.ANY)}
    assert [key for key in EQUIVALENT if key[0] == file and key not in known] == []  # no entry has outlived its line


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """A package of the one function, and a test that knows half of it."""
    root = tmp_path / "root"
    for path, text in {
        "bacterio_cli/__init__.py": "",
        "bacterio_cli/share.py": SHARE,
        "tests/test_share.py": "from bacterio_cli.share import share\n\n"
        "def test_share():\n    assert share(1, 4) == 0.25\n    assert share(0, 4) == -1.5\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    yield Room(tmp_path / "room", root)
    assert (tmp_path / "room" / "bacterio_cli" / "share.py").read_text(encoding="utf-8") == SHARE


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ("return count / total", "return count * total", "killed"),
        ("return -1.5", "return -2.5", "killed"),
        ("count -= total", "count += total", "survived"),
        ("while count > total:", "while (not (count > total)):", "timeout"),
    ],
)
def test_a_fault_is_noticed_or_not(old: str, new: str, verdict: str, room: Room) -> None:
    """A wrong answer is killed, one that no test asks for survives, and a loop without end runs out of time."""
    assert room.passes(["share"], 60)
    assert room.verdict(planted(old, new), ["share"], 3 if verdict == "timeout" else 60) == verdict


def test_equivalents_go_by_their_text() -> None:
    """A line is listed with one fault or with all; the same line of another function is not meant."""
    assert joined("  x = [  # reason\n      1,\n  ]\n") == "x = [ 1, ]"
    mutant = planted("return -1.5", "return 1.5")
    assert not mutant.equivalent()
    listed = {
        ("share.py", "share", "return -1.5", mutation.ANY): "",
        ("share.py", "", "LIMIT: int = 7", "LIMIT: int = 8"): "",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mutation, "EQUIVALENT", listed)
        assert mutant.equivalent()
        assert not mutant._replace(function="other").equivalent()
        assert planted("LIMIT: int = 7", "LIMIT: int = 8").equivalent()
        assert not planted("LIMIT: int = 7", "LIMIT: int = 6").equivalent()
