"""`bacterio gradcheck`: prove every gradient, or plant a mistake and see it caught."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bacterio_cli.cli import gradcheck_output, options, terminal
from bacterio_cli.cli.progress import watched
from bacterio_cli.cli.training_options import Arch
from bacterio_cli.errors import refuse

if TYPE_CHECKING:
    from bacterio_cli.gradcheck.numerical import Row

Option = typer.Option


def gradcheck(
    arch: Annotated[Arch | None, Option(help="Only the cells and models of this kind. [default: all]")] = None,
    checkpoint: Annotated[Path | None, Option("--checkpoint", "-c", autocompletion=options.checkpoints, help="Check a trained model at full size instead. [default: small random ones]")] = None,
    method: Annotated[Literal["complex", "central"], Option(help="Complex step, or central differences.")] = "complex",
    tolerance: Annotated[float | None, Option(help="Largest relative error that passes. [default: 1e-10; central 1e-5]")] = None,
    inject: Annotated[str | None, Option(metavar="BUG", autocompletion=options.bugs, help="Plant this mistake first; see --list-bugs. [default: none]")] = None,
    explain: Annotated[bool, Option("--explain", help="With --inject: the mistake as a lesson, instead of all rows.")] = False,
    list_bugs: Annotated[bool, Option("--list-bugs", help="Print the mistakes that can be planted, one a line.")] = False,
    show: Annotated[Literal["softmax"] | None, Option(help="Print the Jacobian of softmax, its two cases apart, beside the complex step.")] = None,
    as_json: options.JsonOption = False,
) -> None:  # fmt: skip
    """Prove every gradient.

    Each parameter, the input and the initial state, against the complex-step derivative; exit 1 if any row fails,
    as with a planted mistake that is caught. --explain says why people make it, which line it is, which rows catch it,
    and at which scale of the weights a check would have missed it.

    Example: bacterio gradcheck --inject tanh-twice --explain
    """
    from bacterio_cli.gradcheck import bugs  # the engine is not needed for --help

    refuse(
        (list_bugs and (inject is not None or as_json), "--list-bugs prints a list and checks nothing; give it alone")
    )
    if list_bugs:
        gradcheck_output.show_bugs(bugs.BUGS)
        return
    if show:
        gradcheck_output.show_softmax()
        return
    planted = None if inject is None else bugs.find(inject)
    refuse(
        (tolerance is not None and not tolerance >= 0, f"--tolerance must be a number from 0, not {tolerance}"),
        (checkpoint and arch, "--arch belongs to the small cases; a checkpoint has its own"),
        (explain and not planted, "--explain goes with --inject BUG; 'bacterio gradcheck --list-bugs' lists them"),
        (
            explain and (checkpoint or method != "complex" or tolerance is not None),
            "--explain has scales of its own and both methods; leave out -c, --method and --tolerance",
        ),
    )
    begun = time.perf_counter()
    if explain and planted:
        from bacterio_cli.gradcheck.lesson import teach

        lesson = teach(planted, arch)
        failed, found = lesson.failed, asdict(lesson)
    else:
        with planted.planted() if planted else nullcontext():
            rows = list(checked(checkpoint, arch, method, tolerance))
        failed, found = sum(not row.passed for row in rows), {"rows": [asdict(row) for row in rows]}
    seconds = time.perf_counter() - begun
    if as_json:
        verdict = {"passed": not failed, "seconds": round(seconds, 3)}
        sys.stdout.write(terminal.as_json(verdict | found))
    elif explain:
        gradcheck_output.show_lesson(lesson)
    else:
        gradcheck_output.report(rows, seconds)
    if planted and not failed:
        option = "-c" if checkpoint else "--arch"
        terminal.notice(f"{planted.name} touches none of these cases; leave out {option} to see it caught")
    if failed:
        raise SystemExit(1)


def checked(checkpoint: Path | None, arch: str | None, method: str, tolerance: float | None) -> Iterator[Row]:
    """The rows of a trained model, counted by a progress bar, or those of the small cases."""
    from bacterio_cli.gradcheck import cases, numerical

    if checkpoint is None:
        for case in cases.all_cases(arch):
            yield from numerical.check(case, method=method, tolerance=tolerance)
        return
    from bacterio_cli.checkpoint.checkpoint import load

    case = cases.trained_case(load(checkpoint))
    rows = numerical.sampled_rows(case, method=method, tolerance=tolerance)
    yield from watched(rows, "parameters", len(case.values))
