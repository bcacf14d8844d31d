"""What `gradcheck` prints: the rows of a check, the mistakes to plant, and with --explain one of them as a lesson."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bacterio_cli.cli import tables, terminal

if TYPE_CHECKING:
    from bacterio_cli.gradcheck.bugs import Bug
    from bacterio_cli.gradcheck.lesson import Lesson
    from bacterio_cli.gradcheck.numerical import Row

MOST_CASES = 8  # so many are shown; --json has all


def report(rows: Sequence[Row], seconds: float) -> None:
    """All rows, and the verdict in a line on stderr."""
    cells = [
        (
            row.case,
            row.parameter,
            "×".join(map(str, row.shape)),
            f"{row.max_relative_error:.1e}",
            "skip" if row.skipped else "pass" if row.passed else "FAIL",
            row.skipped or row.equation,
        )
        for row in rows
    ]
    tables.table(("case", "parameter", "shape", "error", "", "equation"), cells, right=("error",))
    failed, skipped = sum(not row.passed for row in rows), sum(bool(row.skipped) for row in rows)
    proved = f"all {len(rows) - skipped} rows pass" + (f", {skipped} skipped" if skipped else "")
    outcome = f"{failed} of {len(rows)} rows FAIL" if failed else proved
    worst = max((row.max_relative_error for row in rows), default=0.0)
    terminal.notice(f"{outcome}; largest relative error {worst:.1e}, {seconds:.1f} s")


def show_bugs(bugs: Sequence[Bug]) -> None:
    """The mistakes that can be planted, one per line."""
    widest = max(len(bug.name) for bug in bugs) if terminal.columns_of(sys.stdout) >= 80 else 0
    for bug in bugs:
        terminal.line(f"{bug.name:<{widest}}  {bug.summary}", stream=sys.stdout)


def show_lesson(lesson: Lesson) -> None:
    """What it is, and why people write it; the lines; which cases catch it; at which scale it shows, and why."""
    place = lesson.place
    terminal.paragraph(f"{lesson.name}: {lesson.summary}")
    terminal.paragraph(lesson.why, apart=True)
    terminal.paragraph(f"{place.file}:{place.line}, {place.function}", apart=True)
    terminal.difference(place.wrong, place.right)
    if lesson.caught:
        show_cases(lesson)
        show_sweep(lesson)


def show_cases(lesson: Lesson) -> None:
    """The first cases that catch the mistake, smallest first, each by its worst row."""
    shown, left = lesson.caught[:MOST_CASES], lesson.caught[MOST_CASES:]
    terminal.paragraph(
        f"Caught by {lesson.failed} of {lesson.checked} rows; the worst of each case, and how many of its rows:",
        apart=True,
    )
    rows = [
        (c.case, c.worst.parameter, f"{c.worst.max_relative_error:.1e}", f"{c.failed} of {c.checked}") for c in shown
    ]
    columns = ("case", "parameter", "error", "rows")
    tables.table(columns, rows, right=("error", "rows"), whole=columns[1:])
    if left:
        count = sum(catch.failed for catch in left)
        terminal.paragraph(f"and {count} rows of {len(left)} more cases; --json has them")


def show_sweep(lesson: Lesson) -> None:
    """What both checks see at each scale, and the reason."""
    from bacterio_cli.gradcheck.numerical import METHODS  # the engine is there once a lesson is

    exact, usual = (tolerance for _, tolerance in METHODS.values())
    terminal.paragraph(
        "At which scale it is seen, by complex step and by central differences, in how many of these cases:", apart=True
    )
    rows = []
    for sight in lesson.sweep:
        seen = [f"{count} of {sight.cases}" if count else "unseen" for count in (sight.complex_step, sight.central)]
        rows.append((f"{sight.scale:g}", f"{sight.error:.1e}", seen[0], f"{sight.distance:.1e}", seen[1]))
    columns = ("scale", "error", "complex", "distance", "central")
    tables.table(columns, rows, right=columns[1:], whole=columns)
    terminal.paragraph(lesson.by_scale, apart=True)
    terminal.paragraph(
        "Scale: the standard deviation of all weights, biases, states and inputs. Error: the largest relative error of "
        f"an entry by complex step, which passes up to {exact:g}. Distance: what is customary, one number a case, "
        f"‖g − n‖ / (‖g‖ + ‖n‖) over all gradients g and their central differences n, which passes up to {usual:g}.",
        apart=True,
    )


def show_softmax() -> None:
    """∂ŷ_i/∂z_j for four logits: by the case that i and j make, and by complex step."""
    import numpy as np  # as above

    from bacterio_cli.nn.loss import softmax, softmax_jacobian

    z = np.random.default_rng(1).standard_normal(4)
    y_hat, J = softmax(z), softmax_jacobian(softmax(z))
    twin = np.stack([softmax(z + 1e-30j * unit).imag / 1e-30 for unit in np.eye(4)], axis=1)
    values = [", ".join(f"{value:.4f}" for value in vector) for vector in (z, y_hat)]
    terminal.paragraph(f"z = {values[0]}; ŷ = softmax(z) = {values[1]}")
    for title, wanted in (("i = j: ŷ_i (1 − ŷ_i)", True), ("i ≠ j: −ŷ_i ŷ_j", False)):
        terminal.paragraph(title, apart=True)
        rows = [
            (f"{i + 1}", f"{j + 1}", f"{J[i, j]:.16f}", f"{twin[i, j]:.16f}", f"{abs(J[i, j] - twin[i, j]):.0e}")
            for i, j in np.ndindex(4, 4)
            if (i == j) == wanted
        ]
        columns = ("i", "j", "∂ŷ_i/∂z_j", "complex step", "difference")
        tables.table(columns, rows, right=columns)
