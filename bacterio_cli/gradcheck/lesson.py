"""A planted mistake as a lesson: where it is, the rows that catch it, and the scale at which it hides.

Small weights are the customary start, and the customary check there has two soft spots, which the sweep shows: an
activation is linear to several digits, and one number for a whole net is ruled by the largest gradients.
"""

import inspect
from collections.abc import Collection
from pathlib import Path

from bacterio_cli.gradcheck.bugs import Bug
from bacterio_cli.gradcheck.cases import SCALE, all_cases
from bacterio_cli.gradcheck.numerical import METHODS, Row, check, distance

SCALES = (0.01, 0.1, SCALE)


def place_of(bug: Bug) -> tuple[str, str]:
    """Where the line stands that is exchanged, as file:line, function; and the line."""
    lines, number = inspect.getsourcelines(bug.function)
    k, line = next((k, line.strip()) for k, line in enumerate(lines) if bug.right in line)
    file = Path(inspect.getsourcefile(bug.function) or "").relative_to(Path(__file__).parents[2])
    return f"{file.as_posix()}:{number + k}, {bug.function.__qualname__}", line


def sight(names: Collection[str], scale: float) -> tuple[float, float, int]:
    """Both checks on the cases of these names, at one scale: the largest relative error of an entry, by complex step;
    the largest distance of a case, by central differences, and in how many cases it is too large to pass."""
    cases = [case for case in all_cases(scale) if case.name in names]
    error = max(row.max_relative_error for case in cases for row in check(case))
    distances = [distance(case) for case in cases]
    seen = sum(not d <= METHODS["central"][1] for d in distances)  # NaN compares false
    return error, max(distances), seen


def teach(bug: Bug, arch: str | None = None) -> tuple[int, dict[str, list[Row]], dict[float, tuple[float, float, int]]]:
    """(how many rows were checked, those of each case with one that fails, by scale what is seen there): the lesson of
    one mistake, from all cases or those of one architecture; no sweep if none of them catches it."""
    with bug.planted():
        rows = {case.name: list(check(case)) for case in all_cases(SCALE) if arch in (None, case.arch)}
        caught = {name: own for name, own in rows.items() if not all(row.passed for row in own)}
        sweep = {scale: sight(caught, scale) for scale in SCALES if caught}
    return sum(map(len, rows.values())), caught, sweep
