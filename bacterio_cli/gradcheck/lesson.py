"""A planted mistake as a lesson: what it is, the line, the rows that catch it, and the scale at which it hides.

Small weights are the customary start, and the customary check there has two soft spots: an activation is linear to
several digits, and one number for a whole net is ruled by the largest gradients. The sweep shows, for one mistake,
what both cost: it runs the cases that the mistake touches again at other scales, with the mistake in them.
"""

from __future__ import annotations

import difflib
import inspect
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bacterio_cli.gradcheck.bugs import Bug
from bacterio_cli.gradcheck.layer_cases import SCALE
from bacterio_cli.gradcheck.model_cases import all_cases
from bacterio_cli.gradcheck.numerical import METHODS, Row, check, distance
from bacterio_cli.gradcheck.reasons import REASONS

SCALES = (0.01, 0.1, SCALE)
ROOT = Path(__file__).parents[2]


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
    """What two checks see at one scale, in how many of the cases that catch the mistake at the scale of the check.

    `error` is the largest relative error of an entry by complex step; `distance` the largest ‖g − n‖ / (‖g‖ + ‖n‖) of a
    case by central differences, which passes up to their tolerance.
    """

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
    """The lines that differ between the function's source and the mistaken one, a statement a line."""
    lines, first = inspect.getsourcelines(bug.function)
    right, wrong = textwrap.dedent("".join(lines)).splitlines(), bug.source().splitlines()
    changed = list(difflib.ndiff(wrong, right))
    minus, plus = ([line[2:].strip() for line in changed if line[0] == sign] for sign in "-+")
    file = Path(inspect.getsourcefile(bug.function) or "").relative_to(ROOT)
    line = first + next(k for k, (a, b) in enumerate(zip(right, wrong, strict=False)) if a != b)
    statements = [statement for text in minus for statement in text.split("; ")]
    return Place(file.as_posix(), line, bug.function.__qualname__, statements, plus)


def catches(rows: Sequence[Row]) -> list[Catch]:
    """The cases with a row that fails, in the order of the check."""
    found = []
    for case in dict.fromkeys(row.case for row in rows):
        own = [row for row in rows if row.case == case]
        failed = [row for row in own if not row.passed]
        if failed:
            found.append(Catch(case, max(failed, key=lambda row: row.max_relative_error), len(failed), len(own)))
    return found


def sight(names: Sequence[str], scale: float) -> Sight:
    """Both checks on the cases of these names, at one scale."""
    cases = [case for case in all_cases(scale=scale) if case.name in names]
    rows = [row for case in cases for row in check(case)]
    distances = [distance(case) for case in cases]
    return Sight(
        scale,
        len(cases),
        max(row.max_relative_error for row in rows),
        len(catches(rows)),
        max(distances),
        sum(not d <= METHODS["central"][1] for d in distances),  # NaN compares false
    )


def teach(bug: Bug, arch: str | None = None) -> Lesson:
    """The lesson of one mistake, from all cases or those of one architecture; no sweep if none of them catches it."""
    place, reason = place_of(bug), REASONS[bug.name]
    with bug.planted():
        rows = [row for case in all_cases(arch) for row in check(case)]
        caught = catches(rows)
        names = [catch.case for catch in caught]
        sweep = [sight(names, scale) for scale in SCALES] if names else []
    failed = sum(not row.passed for row in rows)
    return Lesson(bug.name, bug.summary, reason.why, place, failed, len(rows), caught, sweep, reason.by_scale)
