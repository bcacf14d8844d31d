"""`bacterio train` as a process: what it says, what it refuses, and what it leaves alone."""

import json
import re
from pathlib import Path

import pytest
from support.lists import GENERA, SURNAMES, TOWNS
from support.processes import TINY, bacterio, inside, only_error, write_names

from bacterio_cli.checkpoint.checkpoint import load


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"Abano\nBac\x1b[2Jilla\n", "bad.txt:2: control character U+001B"),
        (b"Abano\n", "bad.txt: has only one name, 'Abano'"),
        (None, "cannot read bad.txt: No such file or directory"),
    ],
)
def test_a_bad_list_is_one_line_and_leaves_the_model_alone(data: bytes | None, message: str, tmp_path: Path) -> None:
    """Exit 1 with the file and line, in words that a terminal can show; an existing --out is not touched."""
    if data is not None:
        (tmp_path / "bad.txt").write_bytes(data)
    (tmp_path / "m.npz").write_bytes(b"precious")
    result = inside("train", "bad.txt", "-o", "m.npz", "--force", cwd=tmp_path)
    assert only_error(result).startswith(message)
    assert result.stdout == ""
    assert result.stderr.rstrip("\n").isprintable()
    assert (tmp_path / "m.npz").read_bytes() == b"precious"
    assert {p.name for p in tmp_path.iterdir()} <= {"bad.txt", "m.npz"}


def test_training_prints_nothing_on_stdout(room: Path) -> None:
    """What is trained and how it went goes to stderr: the corpus, a report, and where the file is."""
    result = inside("train", "names.txt", "names.txt", *TINY, "-o", "out.npz", cwd=room)
    lines = result.stderr.splitlines()
    assert (result.code, result.stdout) == (0, "")
    listed = "bacterio: names.txt: plain list, UTF-8, 40 names"
    assert lines[0] == f"{listed}; {listed.partition(' ')[2]}; 40 dropped: 40 duplicates"
    assert lines[1].startswith("bacterio: 40 names, 19 letters; gru 1 × 8, ")
    assert lines[-1] == "bacterio: fitted on 36 names, 4 held out; saved to out.npz"
    few = inside("train", "-", *TINY, "-o", "few.npz", cwd=room, stdin=b"a\naa\na\n").stderr
    assert re.search(
        r"; 1 dropped: 1 duplicate\nbacterio: 2 names, 1 letter; (?s:.*) fitted on 1 name, 1 held out", few
    )
    row = load(room / "out.npz").history[-1]
    assert re.search(rf"^net +{row['valid_bits_per_char']:.4f}$", result.stderr, flags=re.MULTILINE)
    assert "\r" not in result.stderr


def test_training_does_not_need_stdout(room: Path) -> None:
    """With stdout closed it trains all the same, and says what it does."""
    result = bacterio("train", "names.txt", *TINY, "-o", "closed.npz", cwd=room, shell='exec "$@" >&-')
    assert (result.code, "saved to closed.npz" in result.stderr) == (0, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("-o none/m.npz", "cannot write none/m.npz: No such file or directory; choose another place with --out"),
        (
            "-o ..",
            "cannot write ..: it is a directory, a device or a pipe, not a file; choose another place with --out",
        ),
        ("-o no.npz --log a/b", "cannot write a/b: No such file or directory; choose another place with --log"),
    ],
)
def test_what_cannot_be_written_is_refused_before_training(words: str, message: str, room: Path) -> None:
    """The only line is the error, and no model is written."""
    assert only_error(inside("train", "names.txt", *TINY, *words.split(), cwd=room)) == message
    assert not (room / "no.npz").exists()


def test_save_every_writes_between_epochs(room: Path) -> None:
    """With --save-every the file of a run that breaks off in its first epoch holds the last step saved."""
    result = inside(
        "train", "names.txt", *TINY, "-q", "--optimizer", "sgd", "--lr", "30", "--schedule", "constant", "--clip", 0,
        "--warmup", 2, "--arch", "rnn", "--activation", "relu", "--batch-size", 8, "--save-every", 1, "-o", "s.npz",
        cwd=room,
    )  # fmt: skip
    assert "is not finite at step" in only_error(result)
    progress = load(room / "s.npz").progress
    assert progress is not None
    assert 1 <= progress["step"] < 5
    assert inside("sample", "-c", "s.npz", "-n", 3, "--any", cwd=room).code == 0


@pytest.mark.parametrize(
    ("names", "words", "profile"),
    [
        (GENERA, "", "genus"),
        (GENERA, "--profile any", "any"),
        (TOWNS, "", "any"),
        (SURNAMES, "--profile genus", "genus"),
    ],
)
def test_a_list_of_genera_is_known_as_one(names: tuple[str, ...], words: str, profile: str, tmp_path: Path) -> None:
    """By its words, which is said; --profile overrules it, and `sample` and `score` follow the model."""
    write_names(tmp_path, names)
    result = inside("train", "names.txt", *TINY, *words.split(), cwd=tmp_path)
    said = "bacterio: the names are built like those of genera: profile genus; --profile any takes any line"
    assert (result.code, said in result.stderr.splitlines()) == (0, names == GENERA and not words)
    assert load(tmp_path / "bacterio.npz").corpus["profile"] == profile
    row = inside("score", "Halobacter", "--format", "jsonl", cwd=tmp_path).stdout
    assert (json.loads(row)["explained"] is not None) == (profile == "genus")
    assert inside("train", "names.txt", *TINY, *words.split(), "-q", cwd=tmp_path) == (0, "", "")
