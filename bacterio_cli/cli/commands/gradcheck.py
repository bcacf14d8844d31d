"""`bacterio gradcheck`: prove every gradient, or plant a mistake and see it caught."""

import sys
import time
from contextlib import nullcontext
from dataclasses import asdict
from difflib import get_close_matches
from itertools import groupby
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from typer import Option

from bacterio_cli.checkpoint.checkpoint import load
from bacterio_cli.cli import options, progress, tables, terminal
from bacterio_cli.errors import refuse
from bacterio_cli.gradcheck import bugs, cases, numerical
from bacterio_cli.nn.loss import softmax, softmax_jacobian
from bacterio_cli.training.config import CHOICES


def gradcheck(
    arch: Annotated[str | None, Option(**options.choices(CHOICES["arch"]), help="Only the cells and models of this kind. [default: all]")] = None,
    checkpoint: Annotated[Path | None, Option("--checkpoint", "-c", metavar="FILE", autocompletion=options.checkpoints, help="Check a trained model at full size instead. [default: small random ones]")] = None,
    method: Annotated[Literal["complex", "central"], Option(help="Complex step, or central differences.")] = "complex",
    tolerance: Annotated[float | None, Option(help="Largest relative error that passes. [default: 1e-10; central 1e-5]")] = None,
    inject: Annotated[str | None, Option(metavar="BUG", help="Plant this mistake first; see --list-bugs. [default: none]")] = None,
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
    checking = checkpoint or method != "complex" or tolerance is not None or as_json
    checks = bool(checking or arch or explain or inject is not None)
    meant = "".join(f"did you mean {name}? " for name in get_close_matches(inject or "", bugs.BUGS, n=1))
    no_bug = f"--inject {inject}: no such mistake; {meant}'bacterio gradcheck --list-bugs' lists them"
    refuse(
        (arch not in (None, *CHOICES["arch"]), f"--arch is one of {', '.join(CHOICES['arch'])}, not {arch!r}"),
        (list_bugs + bool(show) + checks > 1, "--list-bugs or --show prints a list and checks nothing; give it alone"),
        (tolerance is not None and not tolerance >= 0, f"--tolerance must be a number from 0, not {tolerance}"),
        (checkpoint and arch, "--arch belongs to the small cases; a checkpoint has its own"),
        (explain and inject is None, "--explain goes with --inject BUG; 'bacterio gradcheck --list-bugs' lists them"),
        (explain and checking, "--explain has scales of its own; leave out -c, --method, --tolerance and --json"),
        (inject not in (None, *bugs.BUGS), no_bug),
    )
    if show:
        show_softmax()
        return
    if list_bugs:
        for name, bug in bugs.BUGS.items():
            terminal.line(f"{name:<30}  {bug.summary}", stream=sys.stdout)
        return
    begun = time.perf_counter()
    with bugs.BUGS[inject].planted() if inject else nullcontext():
        small = (case for case in cases.all_cases() if arch in (None, case.arch))
        chosen = [cases.trained_case(load(checkpoint))] if checkpoint else [*small]
        found = (row for case in chosen for row in numerical.check(case, method=method, tolerance=tolerance))
        rows = [*progress.progress_bar("parameters", sum(len(case.values) for case in chosen), found)]
    failed, seconds = sum(not row.passed for row in rows), time.perf_counter() - begun
    if explain and inject:
        show_lesson(inject, rows, failed)
    elif as_json:
        verdict = {"passed": not failed, "seconds": round(seconds, 3), "rows": [asdict(row) for row in rows]}
        sys.stdout.write(terminal.as_json(verdict))
    else:
        report(rows, failed, seconds)
    if failed:
        raise SystemExit(1)


def report(rows: list[numerical.Row], failed: int, seconds: float) -> None:
    """All rows, and the verdict in a line on stderr."""
    cells = []
    for row in rows:
        shape, verdict = "×".join(map(str, row.shape)), "skip" if row.skipped else "pass" if row.passed else "FAIL"
        cells.append((row.case, row.parameter, shape, row.max_relative_error, verdict, row.skipped or row.equation))
    tables.table(("case", "parameter", "shape", "error", "", "equation"), cells)
    skipped = sum(bool(row.skipped) for row in rows)
    proved = f"all {len(rows) - skipped} rows pass" + (f", {skipped} skipped" if skipped else "")
    outcome = f"{failed} of {len(rows)} rows FAIL" if failed else proved
    worst = max((row.max_relative_error for row in rows), default=0.0)
    terminal.notice(f"{outcome}; largest relative error {worst:.1e}, {seconds:.1f} s")


def show_lesson(name: str, rows: list[numerical.Row], failed: int) -> None:
    """Print what the mistake of this name is, why it is made, where, which cases catch it and at which scale."""
    bug = bugs.BUGS[name]
    place, right = bugs.place_of(bug)
    terminal.paragraph(f"{name}: {bug.summary}")
    terminal.paragraph(bug.why, apart=True)
    terminal.paragraph(place, apart=True)
    for line in (*(f"- {part}" for part in right.replace(bug.right, bug.wrong).split("; ")), f"+ {right}"):
        terminal.line(line, stream=sys.stdout)
    said = f"Caught by {failed} of {len(rows)} rows" + "; the worst of each case, and how many:" * bool(failed)
    terminal.paragraph(said, apart=True)
    if not failed:
        return
    cells = []
    for case, group in groupby(rows, key=lambda row: row.case):
        own = list(group)
        worst, count = max(own, key=lambda row: row.max_relative_error), sum(not row.passed for row in own)
        if count:
            cells.append((case, worst.parameter, worst.max_relative_error, count, len(own)))
    tables.table(("case", "parameter", "error", "failed", "rows"), cells)
    terminal.paragraph("At which scale the customary check sees it, in how many of these cases:", apart=True)
    sights = []
    with bug.planted():
        for scale in bugs.SCALES:
            error, distance, seen = bugs.sight([case for case, *_ in cells], scale)
            sights.append((f"{scale:g}", error, distance, f"{seen} of {len(cells)}" if seen else "unseen"))
    tables.table(("scale", "error", "distance", "seen"), sights, whole=("seen",))
    exact, usual = (tolerance for _, tolerance in numerical.METHODS.values())
    terminal.paragraph(
        "Scale: the standard deviation of all weights, biases, states and inputs. Error: the largest relative error of "
        f"an entry by complex step, which passes up to {exact:g}. Distance: what is customary, one number a case, "
        f"‖g − n‖ / (‖g‖ + ‖n‖) over all gradients g and their central differences n, which passes up to {usual:g}.",
        apart=True,
    )
    terminal.paragraph(bug.by_scale, apart=True)


def show_softmax() -> None:
    """∂ŷ_i/∂z_j for four logits: first where i = j, then where not, and by complex step."""
    z = np.random.default_rng(1).standard_normal(4)
    y_hat, J = softmax(z), softmax_jacobian(softmax(z))
    twin = np.stack([softmax(z + 1e-30j * unit).imag / 1e-30 for unit in np.eye(4)], axis=1)
    logits, shares = (", ".join(f"{value:.4f}" for value in vector) for vector in (z, y_hat))
    terminal.paragraph(f"z = {logits}; ŷ = softmax(z) = {shares}")
    rows = []
    for i, j in sorted(np.ndindex(4, 4), key=lambda at: at[0] != at[1]):
        equation = "i = j: ŷ_i (1 − ŷ_i)" if i == j else "i ≠ j: −ŷ_i ŷ_j"
        numbers = (f"{J[i, j]: .16f}", f"{twin[i, j]: .16f}", float(abs(J[i, j] - twin[i, j])))
        rows.append((equation, i + 1, j + 1, *numbers))
    tables.table(("∂ŷ_i/∂z_j", "i", "j", "by hand", "complex step", "difference"), rows)
