"""A planted mistake as a lesson: what it is, the line, the rows that catch it, and the scale at which it hides.

Small weights are the customary start, and the customary check there has two soft spots: an activation is linear to
several digits, and one number for a whole net is ruled by the largest gradients. The sweep shows what both cost: it
runs the cases that catch the mistake again at other scales.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from bacterio_cli.gradcheck.bugs import Bug
from bacterio_cli.gradcheck.cases import SCALE, all_cases
from bacterio_cli.gradcheck.numerical import METHODS, Row, check, distance

SCALES = (0.01, 0.1, SCALE)


@dataclass(frozen=True)
class Place:
    """Where the mistake is planted: file, line and function, and the lines themselves, mistaken and right."""

    file: str
    line: int
    function: str
    wrong: list[str]
    right: list[str]


@dataclass(frozen=True)
class Catch:
    """A case that catches the mistake: its worst row, and how many of its rows fail."""

    case: str
    worst: Row
    failed: int
    checked: int


@dataclass(frozen=True)
class Sight:
    """In how many cases each check sees the mistake at one scale, with the largest relative error of an entry by
    complex step, and the largest ‖g − n‖ / (‖g‖ + ‖n‖) of a case by central differences."""

    scale: float
    cases: int
    error: float
    complex_step: int
    distance: float
    central: int


@dataclass(frozen=True)
class Lesson:
    """All that there is to say of one mistake; `failed` of `checked` rows fail."""

    name: str
    summary: str
    why: str
    place: Place
    failed: int
    checked: int
    caught: list[Catch]
    sweep: list[Sight]
    by_scale: str


def place_of(bug: Bug) -> Place:
    """The line of the function that is exchanged, and what it becomes, a statement a line."""
    lines, first = inspect.getsourcelines(bug.function)
    k, right = next((k, line.strip()) for k, line in enumerate(lines) if bug.right in line)
    file = Path(inspect.getsourcefile(bug.function) or "").relative_to(Path(__file__).parents[2])
    wrong = right.replace(bug.right, bug.wrong).split("; ")
    return Place(file.as_posix(), first + k, bug.function.__qualname__, wrong, [right])


def catches(rows: Sequence[Row]) -> list[Catch]:
    """The cases with a row that fails, in the order of the check."""
    found = []
    for case, group in groupby(rows, key=lambda row: row.case):
        own = list(group)
        if failed := [row for row in own if not row.passed]:
            found.append(Catch(case, max(failed, key=lambda row: row.max_relative_error), len(failed), len(own)))
    return found


def sight(names: Sequence[str], scale: float) -> Sight:
    """Both checks on the cases of these names, at one scale."""
    cases = [case for case in all_cases(scale=scale) if case.name in names]
    rows, distances = [row for case in cases for row in check(case)], [distance(case) for case in cases]
    central = sum(not d <= METHODS["central"][1] for d in distances)  # NaN compares false
    error = max(row.max_relative_error for row in rows)
    return Sight(scale, len(cases), error, len(catches(rows)), max(distances), central)


def teach(bug: Bug, arch: str | None = None) -> Lesson:
    """The lesson of one mistake, from all cases or those of one architecture; no sweep if none of them catches it."""
    place = place_of(bug)
    with bug.planted():
        rows = [row for case in all_cases(arch) for row in check(case)]
        caught = catches(rows)
        sweep = [sight([catch.case for catch in caught], scale) for scale in SCALES] if caught else []
    failed = sum(catch.failed for catch in caught)
    return Lesson(bug.name, bug.summary, bug.why, place, failed, len(rows), caught, sweep, bug.by_scale)
