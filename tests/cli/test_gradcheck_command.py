"""`bacterio gradcheck` as a process: rows, verdicts, planted mistakes and the lesson."""

from pathlib import Path

import pytest
from support.processes import inside, only_error, small_model, strict_json


def test_gradcheck_as_json(tmp_path: Path) -> None:
    """The verdict, the time, and a row a parameter with its shape, error and equation."""
    result = inside("gradcheck", "--json", cwd=tmp_path)
    report = strict_json(result.stdout)
    assert (result.code, result.stderr) == (0, "")
    assert set(report) == {"passed", "seconds", "rows"}
    assert report["passed"] is True
    assert report["seconds"] > 0
    assert len(report["rows"]) > 100
    for row in report["rows"]:
        assert [*row] == ["case", "parameter", "shape", "max_relative_error", "passed", "equation", "skipped"]
        assert (row["passed"], row["skipped"], type(row["shape"])) == (True, "", list)
        assert 0 <= row["max_relative_error"] <= 1e-10
        assert row["equation"]
    assert len({(row["case"], row["parameter"]) for row in report["rows"]}) == len(report["rows"])


@pytest.mark.parametrize("arch", ["rnn", "gru", "lstm", "mlp"])
def test_gradcheck_of_one_architecture(arch: str, tmp_path: Path) -> None:
    """--arch leaves only the cases of that kind, and all of its parameters are among them."""
    report = strict_json(inside("gradcheck", "--json", "--arch", arch, cwd=tmp_path).stdout)
    assert all(row["case"].removeprefix("cell ").startswith(arch) for row in report["rows"])
    expected = {"0.W", "0.b", "1.W"} if arch == "mlp" else {"0.W_ax", "0.W_aa", "0.b_a", "1.W_aa", "x", "0.a_0"}
    assert expected | {"E", "W_ya", "b_y"} <= {row["parameter"] for row in report["rows"]}


def test_a_planted_mistake_is_exit_1(tmp_path: Path) -> None:
    """--inject shows rows that fail; rows that the mistake does not touch still pass."""
    result = inside("gradcheck", "--arch", "rnn", "--inject", "tanh-twice", "--json", cwd=tmp_path)
    report = strict_json(result.stdout)
    assert (result.code, report["passed"]) == (1, False)
    assert not all(row["passed"] for row in report["rows"])
    assert all(row["passed"] for row in report["rows"] if "relu" in row["case"] or "sigmoid" in row["case"])


def test_the_mistakes_are_listed_one_a_line(tmp_path: Path) -> None:
    """Each line begins with the name that --inject takes, in kebab case, and goes on with what it is."""
    result = inside("gradcheck", "--list-bugs", cwd=tmp_path)
    lines = [line.split(maxsplit=1) for line in result.stdout.splitlines()]
    assert (result.code, result.stderr) == (0, "")
    assert len({name for name, _ in lines}) == len(lines) >= 12
    assert all(name.replace("-", "").isalpha() and name.islower() and "-" in name for name, _ in lines)
    assert all(len(summary) > 10 for _, summary in lines)


def test_gradcheck_of_a_trained_model(room: Path) -> None:
    """-c proves each parameter of the file at full size."""
    report = strict_json(inside("gradcheck", "-c", "m.npz", "--json", cwd=room).stdout)
    shapes = {row["parameter"]: tuple(row["shape"]) for row in report["rows"]}
    assert report["passed"]
    assert {name: shapes[name] for name in small_model().nets[0].params} == {
        name: p.shape for name, p in small_model().nets[0].params.items()
    }


@pytest.mark.parametrize(
    ("words", "code"),
    [("", 0), ("--tolerance 0", 1), ("--method central", 0), ("--method central --tolerance 1e-13", 1)],
)
def test_a_table_and_its_verdict(words: str, code: int, tmp_path: Path) -> None:
    """A line a row, the verdict on stderr; at --tolerance 0 rounding alone is too much, and methods have defaults."""
    result = inside("gradcheck", "--arch", "mlp", *words.split(), cwd=tmp_path)
    rows = result.stdout.splitlines()[1:]
    failed = sum(" FAIL " in row for row in rows)
    assert sum(" pass " in row for row in rows) == len(rows) - failed
    verdict = f"{failed} of {len(rows)} rows FAIL; " if code else f"all {len(rows)} rows pass; largest relative error "
    assert (result.code, failed > 0) == (code, code == 1)
    assert result.stderr.startswith(f"bacterio: {verdict}")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        "--list-bugs --json",
        "--show softmax --json",
        "--show softmax --list-bugs",
        "--list-bugs --inject tanh-twice",
        "--show softmax --tolerance 1",
    ],
)
def test_what_checks_nothing_stands_alone(words: str, tmp_path: Path) -> None:
    """A list and a table take no option of a check, which would be passed over."""
    result = inside("gradcheck", *words.split(), cwd=tmp_path)
    assert (result.code, result.stdout) == (2, "")
    assert "checks nothing; give it alone" in only_error(result, 2)
