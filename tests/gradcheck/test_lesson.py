"""A planted mistake is explained by its own line, its own rows, and a sweep that is run and not remembered."""

import inspect
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.processes import ROOT, inside

from bacterio_cli.cli.tables import short
from bacterio_cli.gradcheck.bugs import BUGS, SCALES, Bug, place_of, sight
from bacterio_cli.gradcheck.cases import SCALE, all_cases
from bacterio_cli.gradcheck.numerical import METHODS, Case, check, distance
from bacterio_cli.nn import layers

# At which scales central differences, judged by one number per case, let a mistake pass in a case at least.
MISSED_AT = {
    **dict.fromkeys(("dropped-slope", "no-carry", "forgotten-plus-equals", "slope-twice"), (0.01,)),
    **dict.fromkeys(("tanh-twice", "clipped-before-check"), (0.01, 0.1)),
}


@pytest.mark.parametrize("bug", BUGS.values(), ids=BUGS)
def test_right_line_is_that_of_the_source(bug: Bug) -> None:
    """File and line lead to the right line, and what is exchanged stands in the function once."""
    place, right = place_of(bug)
    path, line, function = re.fullmatch(r"(.+):(\d+), (.+)", place).groups()
    assert (ROOT / path).read_text(encoding="utf-8").splitlines()[int(line) - 1].strip() == right
    assert inspect.getsource(bug.function).count(bug.right) == right.count(bug.right) == 1
    assert function == bug.function.__qualname__


@pytest.mark.parametrize("name", BUGS)
def test_what_is_said_of_scales_is_what_the_sweep_shows(name: str) -> None:
    """At 0.5 both checks see it in each case that catches it, the complex step also at the smaller scales; central
    differences miss it just where it is written down here. Summary and reasons are its own."""
    bug = BUGS[name]
    with bug.planted():
        caught = {row.case for case in all_cases() for row in check(case) if not row.passed}
        sweep = {scale: sight(caught, scale) for scale in SCALES}
    texts = (bug.summary, bug.why, bug.by_scale)
    assert sum(text in texts for other in BUGS.values() for text in (other.summary, other.why, other.by_scale)) == 3
    assert all(error > METHODS["complex"][1] for error, *_ in sweep.values())
    assert sweep[SCALES[-1]][2] == len(caught)
    missed = tuple(scale for scale, (*_, seen) in sweep.items() if seen < len(caught))
    assert missed == MISSED_AT.get(name, ())
    assert not (missed and "no scale hides it" in bug.by_scale.lower())


@pytest.mark.parametrize("scale", SCALES)
def test_right_code_is_seen_by_neither_check(scale: float) -> None:
    """The control of the sweep: with nothing planted, all is well at every scale, by a margin."""
    error, distance_, seen = sight([case.name for case in all_cases()], scale)
    assert error < 1e-11
    assert distance_ < 1e-7
    assert seen == 0


def test_sweep_is_computed() -> None:
    """Mistakes that nobody has listed are measured too: a factor that central differences let pass, and NaN."""
    bug = Bug("", layers.tanh_derivative, "1 - a * a", "(1 + 1e-7) * (1 - a * a)")
    with bug.planted():
        found = [sight(["tanh"], scale) for scale in SCALES]
    errors, distances, seen = zip(*found, strict=True)
    assert seen == (0, 0, 0)
    assert errors == pytest.approx([1e-7] * 3, rel=1e-4)
    assert distances == pytest.approx([5e-8] * 3, rel=1e-2)
    with replace(bug, wrong="np.nan * a").planted():
        assert sight(["tanh"], SCALE)[2] == 1


def test_scale_is_that_of_the_values() -> None:
    """Every value of every case is drawn at the scale that is asked for, and 0.5 is the check's own."""
    small, large, own = all_cases(0.05), all_cases(0.5), all_cases()
    assert len(small) == len(large) == len(own) > 25
    for a, b, c in zip(small, large, own, strict=True):
        assert a.name == b.name == c.name
        for name in a.values:
            np.testing.assert_allclose(10 * a.values[name], b.values[name], rtol=1e-12)
            np.testing.assert_array_equal(b.values[name], c.values[name])


@pytest.mark.parametrize(
    ("factor", "expected"), [(1.0, 0.0), (1 + 2e-4, 1e-4), (3.0, 0.5), (-1.0, 1.0)], ids=["right", "near", "3", "sign"]
)
def test_distance_of_a_gradient(factor: float, expected: float) -> None:
    """k times the right gradient is |k − 1| / (|k| + 1) away from it, whatever its size."""
    v = np.random.default_rng(1).standard_normal((3, 4))
    gradient = {"v": 2e-3 * factor * v}
    case = Case("square", "", {"v": v}, lambda p: 1e-3 * (p["v"] ** 2).sum(), lambda _: gradient, {})
    assert distance(case) == pytest.approx(expected, rel=1e-3, abs=1e-8)


def test_cases_that_catch_a_mistake_are_taught(tmp_path: Path) -> None:
    """Of the cases of one architecture those with a row that fails: the worst of each, and how many of all fail."""
    with BUGS["no-carry"].planted():
        rows = [list(check(case)) for case in all_cases() if case.arch == "rnn"]
    page = inside("gradcheck", "--arch", "rnn", "--explain", "--inject", "no-carry", cwd=tmp_path).stdout
    assert f"Caught by {sum(not row.passed for own in rows for row in own)} of {sum(map(len, rows))} rows; " in page
    shown = page.partition(" rows\n")[2].partition("\n\n")[0].splitlines()
    wanted = []
    for own in rows:
        worst, failed = max(own, key=lambda row: row.max_relative_error), sum(not row.passed for row in own)
        if failed:
            wanted.append([worst.case, worst.parameter, short(worst.max_relative_error), str(failed), str(len(own))])
    assert [re.split("  +", line) for line in shown] == wanted


def test_lesson_is_printed(tmp_path: Path) -> None:
    """What it is, the lines with - and +, the cases, the sweep and the reason; no colours, and no wall of rows."""
    words = ("gradcheck", "--arch", "rnn", "--explain", "--inject")
    result = inside(*words, "tanh-twice", cwd=tmp_path, TERM="xterm-256color")
    lines, bug = result.stdout.splitlines(), BUGS["tanh-twice"]
    (place, right), shown = place_of(bug), " ".join(result.stdout.split())
    assert (result.code, result.stderr) == (1, "")
    assert lines[0] == "tanh-twice: 1 − tanh(a)² where a is already tanh(z)"
    at = lines.index(place)
    assert lines[at + 1 : at + 3] == ["- return 1 - np.tanh(a) ** 2", "+ " + right]
    assert all(text in shown for text in (bug.why, bug.by_scale, "Caught by 25 of 53 rows"))
    with bug.planted():
        (own,) = (list(check(case)) for case in all_cases() if case.name == "rnn, 2 layers, from no state")
    worst = max(own, key=lambda row: row.max_relative_error)
    assert f"rnn, 2 layers, from no state {worst.parameter} {short(worst.max_relative_error)} 7 9 " in shown
    sweep = [line.split() for line in lines if re.match(r"0\.\d+ +\d", line)]
    assert [(row[0], row[3]) for row in sweep] == [("0.01", "unseen"), ("0.1", "unseen"), ("0.5", "4")]
    assert "\x1b" not in result.stdout
    assert max(map(len, lines)) <= 80
    assert len(lines) < 45


def test_lesson_where_nothing_fails_is_exit_0(tmp_path: Path) -> None:
    """Of a mistake in another cell, what it is and the line, that no row catches it, and no sweep."""
    result = inside("gradcheck", "--inject", "no-carry", "--explain", "--arch", "mlp", cwd=tmp_path)
    assert (result.code, result.stderr) == (0, "")
    assert "\n+ dz[step.now] = (da" in result.stdout
    assert re.search(r"\nCaught by 0 of \d+ rows\n$", result.stdout)
