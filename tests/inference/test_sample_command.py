"""`bacterio sample`: what is printed, what is reported, and how it ends."""

import re
import shutil
from pathlib import Path

import pytest
from support.processes import ROOT, bacterio, inside, only_error, small_model
from support.sampling import greedy


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small model as m.npz."""
    folder = tmp_path_factory.mktemp("room")
    small_model().save(folder / "m.npz")
    return folder


def test_a_fresh_seed_is_printed_and_reproduces(room: Path) -> None:
    """Without --seed two runs differ, and the seed on stderr gives the same names again."""
    words = ("sample", "-c", "m.npz", "-n", 5, "--allow-known")
    first, second = (bacterio(*words, cwd=room) for _ in range(2))
    assert first.stdout != second.stdout
    seed = re.fullmatch(r"bacterio: seed (\d+)\n", first.stderr)
    assert seed is not None
    assert bacterio(*words, "--seed", seed[1], cwd=room) == (0, first.stdout, "")


def test_what_cannot_be_satisfied_is_reported(room: Path) -> None:
    """Exit 1 with what was found on stdout, and on stderr how many draws were refused for which reasons."""
    words = "sample -c m.npz --seed 1 -n 100 --min-length 9 --max-length 10 --max-tries 70"
    result = inside(*words.split(), cwd=room)
    found = result.stdout.splitlines()
    assert 0 < len(found) < 70
    report = re.match(r"found (\d+) of 100 names in 70 draws; refused: (.*?); loosen", only_error(result))
    assert report is not None
    assert int(report[1]) == len(found)
    reasons = dict(re.fullmatch(r"(\d+) (.+)", part).groups()[::-1] for part in report[2].split(", "))  # type: ignore[union-attr]
    assert {"too long", "too short"} <= set(reasons) <= {"too long", "too short", "known", "duplicate", "empty"}
    assert sum(map(int, reasons.values())) == 70 - len(found)


def test_temperature_0_has_one_answer(room: Path) -> None:
    """-n 1 prints it; -n 2 prints it too, and exits 1 at once saying why there is no second."""
    words = ("sample", "-c", "m.npz", "--seed", 1, "--temp", 0, "--allow-known")
    assert inside(*words, "-n", 1, cwd=room) == (0, greedy() + "\n", "")
    result = inside(*words, "-n", 2, cwd=room)
    assert "temperature 0 has one answer" in only_error(result)
    assert result.stdout == greedy() + "\n"


@pytest.mark.parametrize(
    "words",
    [
        *("-n 0", "--temp inf", "--top-p 1.5", "--min-length 9 --max-length 8", "--min-edits 3", "--gender x"),
        *("--input-format csv", "--max-tries 0", "--rank --pool 1000001"),
        *("--top-k 0", "--top-p 0", "--min-length 10001", "--max-length 10001"),
    ],
)
def test_values_out_of_range_are_exit_2(words: str, room: Path) -> None:
    """Nothing is printed on stdout, and stderr names the option."""
    result = inside("sample", "-c", "m.npz", *words.split(), cwd=room)
    assert (result.code, result.stdout) == (2, "")
    assert words.split()[-2] in result.stderr
    assert "Traceback" not in result.stderr


def test_a_reader_that_has_gone_ends_it_quietly(room: Path) -> None:
    """`| head -1` of a billion names, which would take hours, ends at once, with exit 0 and nothing on stderr."""
    words = "sample -c m.npz --seed 1 -n 1000000000 --allow-duplicates"
    result = bacterio(*words.split(), cwd=room, shell='("$@"; echo "code $?" >&2) | head -n 1')
    assert (result.stdout.strip().isalpha(), result.stderr) == (True, "code 0\n")


def test_a_full_disk_under_stdout_is_exit_1(room: Path) -> None:
    """What cannot be printed is an error in one line."""
    result = bacterio("sample", "-c", "m.npz", "--seed", 1, cwd=room, shell='exec "$@" >/dev/full')
    assert only_error(result) == "cannot write to standard output: No space left on device"


@pytest.mark.parametrize("words", ["sample -c m.npz --seed 1 -n 3", "info m.npz", "gradcheck --list-bugs"])
def test_a_closed_stdout_is_no_crash(words: str, room: Path) -> None:
    """Started with no standard output at all, a command ends like one whose reader has gone or cannot be written to."""
    result = bacterio(*words.split(), cwd=room, shell='exec "$@" >&-')
    assert "Traceback" not in result.stderr
    assert result.stderr.count("\n") == result.code
    assert result.code in (0, 1)


def test_the_model_in_the_working_directory_is_taken_first(tmp_path: Path, room: Path) -> None:
    """bacterio.npz here is used and named; without it the model that ships is."""
    words = ("sample", "-n", 2, "--seed", 1)
    shipped, explicit = inside(*words, cwd=tmp_path), inside(*words, "-c", ROOT / "data/model.npz", cwd=tmp_path)
    assert re.fullmatch(r"bacterio: 2 of [\d,]+ draws accepted \([\d.]+ %\)\n", explicit.stderr)
    named = "bacterio: using the model that ships; 'bacterio train' makes your own\n"
    assert shipped == (0, explicit.stdout, named + explicit.stderr)
    shutil.copy(room / "m.npz", tmp_path / "bacterio.npz")
    own = inside(*words, cwd=tmp_path)
    assert own == (0, inside(*words, "-c", "m.npz", cwd=room).stdout, "bacterio: using bacterio.npz\n")
