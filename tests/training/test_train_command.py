"""`bacterio train` as a process: its bytes, its log, and --resume."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.processes import NAMES, TINY, bacterio, only_error, write_names

from bacterio_cli.checkpoint.checkpoint import load
from bacterio_cli.dataset.corpus import Corpus


def test_the_seed_decides_every_byte(tmp_path: Path) -> None:
    """The same seed gives the same file whatever PYTHONHASHSEED is, and from a piped list; another, other weights."""
    names = write_names(tmp_path)
    for out, given, seed, hashed in (("a", names, 5, "1"), ("b", "-", 5, "2"), ("c", names, 6, "1")):
        words = ("train", given, *TINY, "-q", "--seed", seed, "-o", out)
        done = bacterio(*words, cwd=tmp_path, stdin=names.read_bytes(), PYTHONHASHSEED=hashed)
        assert done.code == 0, done
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert not np.array_equal(load(tmp_path / "a").params["E"], load(tmp_path / "c").params["E"])


def logged(path: Path) -> list[dict[str, Any]]:
    """The rows of a log, in which there is no NaN."""
    return [json.loads(line, parse_constant=pytest.fail) for line in path.read_text().splitlines()]


def test_the_log_has_a_row_per_epoch_and_grows_on_resume(tmp_path: Path) -> None:
    """JSON Lines; --resume appends the new rows, and repeats none even where the log is ahead of the checkpoint."""
    words = ("train", write_names(tmp_path), *TINY[:-2], "-q", "-o", "m.npz", "--log", "log", "--resume")
    assert bacterio(*words, "--epochs", 2, cwd=tmp_path).code == 0
    rows = logged(tmp_path / "log")
    assert [row["epoch"] for row in rows] == [1, 2]
    assert all(row.pop("chars_per_second") > 0 for row in rows)
    assert rows == load(tmp_path / "m.npz").history
    early = (tmp_path / "m.npz").read_bytes()
    assert bacterio(*words, "--epochs", 4, cwd=tmp_path).code == 0
    (tmp_path / "m.npz").write_bytes(early)
    assert bacterio(*words, "--epochs", 5, cwd=tmp_path).code == 0
    assert [row["step"] for row in logged(tmp_path / "log")] == [2, 4, 6, 8, 10]


def test_a_table_can_be_made_of_the_log(tmp_path: Path) -> None:
    """In all phases a row has the same keys in one order, and each column scalars of one type, or null; no NaN."""
    related = write_names(tmp_path, [name + "us" for name in NAMES], file="related.txt")
    words = (*TINY[:-2], "--epochs", 1, "--refit", "--background", related, "-q", "-o", "m.npz", "--log", "log")
    assert bacterio("train", write_names(tmp_path), *words, cwd=tmp_path).code == 0
    rows = logged(tmp_path / "log")
    assert [row["stage"] for row in rows] == ["background", "fit", "refit"]
    assert len({tuple(row) for row in rows}) == 1
    for name in rows[0]:
        kinds = {type(row[name]) for row in rows}
        assert kinds in ({int}, {str}, {float}, {float, type(None)}), name
        assert (type(None) in kinds) == name.startswith("valid_")


def test_a_log_is_not_appended_to_a_foreign_file(tmp_path: Path) -> None:
    """--resume --log refuses a file that is no log, which stays as it is."""
    names, diary = write_names(tmp_path), write_names(tmp_path, file="diary.txt")
    assert bacterio("train", names, *TINY, "-q", "-o", "m.npz", cwd=tmp_path).code == 0
    result = bacterio("train", names, "--resume", "-q", "-o", "m.npz", "--log", diary, cwd=tmp_path)
    assert "it is not a log of this program" in only_error(result)
    assert diary.read_text().split() == list(NAMES)


@pytest.mark.parametrize("given", ["-", "names.txt"])
@pytest.mark.parametrize(("written", "option"), [("names.txt", "--out"), ("names.txt", "--log"), ("m.npz", "--log")])
def test_lists_and_checkpoints_are_not_overwritten(written: str, option: str, given: str, tmp_path: Path) -> None:
    """--log does not truncate a list or a checkpoint, and --out not the list, given by name or through a pipe."""
    write_names(tmp_path)
    (tmp_path / "m.npz").write_bytes(b"precious")
    before = (tmp_path / written).read_bytes()
    other = () if option == "--out" else ("--out", "new.npz")
    result = bacterio("train", given, *TINY, "-q", option, written, *other, cwd=tmp_path, shell='exec "$@" <names.txt')
    assert result.code in (1, 2), result
    assert result.stderr.count("\n") == 1
    assert (tmp_path / written).read_bytes() == before


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a list, and the checkpoint of a training on it that has ended."""
    folder = tmp_path_factory.mktemp("finished")
    write_names(folder)
    result = bacterio("train", "names.txt", *TINY, "-q", "-o", "m.npz", cwd=folder)
    assert result == (0, "", "")
    return folder


def test_resume_without_a_file_is_a_new_run(finished: Path) -> None:
    """--resume says that there is nothing yet, and trains as without it."""
    result = bacterio("train", "names.txt", *TINY, "--resume", "-o", "new.npz", cwd=finished)
    assert result.code == 0
    assert result.stderr.startswith("bacterio: new.npz does not exist yet: a new training\n")
    assert (finished / "new.npz").read_bytes() == (finished / "m.npz").read_bytes()


def test_resume_with_nothing_left_is_a_success(finished: Path) -> None:
    """A finished training, resumed, exits 0 and its file is not even rewritten."""
    before = (finished / "m.npz").read_bytes(), (finished / "m.npz").stat().st_mtime_ns
    result = bacterio("train", "names.txt", "--resume", "-o", "m.npz", cwd=finished)
    assert (result.code, result.stdout) == (0, "")
    assert ((finished / "m.npz").read_bytes(), (finished / "m.npz").stat().st_mtime_ns) == before


@pytest.mark.parametrize("names", [NAMES[1:], NAMES[::-1]], ids=["one name fewer", "another order"])
def test_resume_refuses_another_corpus(names: tuple[str, ...], finished: Path) -> None:
    """The message has both digests, and exit 1 leaves the file alone."""
    before = (finished / "m.npz").read_bytes()
    write_names(finished, names, "other.txt")
    message = only_error(bacterio("train", "other.txt", "--resume", "-o", "m.npz", cwd=finished))
    assert f"digest {Corpus(NAMES).digest[:12]}; " in message
    assert f"digest {Corpus(names).digest[:12]}); give the same lists, in the same order and read alike (" in message
    assert (finished / "m.npz").read_bytes() == before


def test_resume_keeps_the_profile(tmp_path: Path) -> None:
    """Names that were learned as genera stay genera, also where --resume is given without --profile."""
    words = ("train", write_names(tmp_path), "-q", "-o", "m.npz")
    assert bacterio(*words, *TINY, "--profile", "genus", cwd=tmp_path).code == 0
    assert bacterio(*words, "--resume", "--epochs", "3", cwd=tmp_path).code == 0
    assert load(tmp_path / "m.npz").corpus["profile"] == "genus"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--hidden 9", "--hidden 9 contradicts the run in m.npz, which has 8"),
        ("--epochs 1", "--epochs 1 contradicts the run in m.npz, which has 2"),
        ("--preset seed", "--arch rnn contradicts the run in m.npz, which has gru"),
        ("--stream", "--stream True contradicts the run in m.npz, which has False"),
    ],
)
def test_resume_refuses_other_options(words: str, message: str, finished: Path) -> None:
    """An option that differs from the checkpoint's is exit 2 and named; more epochs alone may be asked for."""
    result = bacterio("train", "names.txt", "--resume", "-o", "m.npz", *words.split(), cwd=finished)
    assert message in only_error(result, 2)


def test_resume_refuses_a_compact_file(finished: Path) -> None:
    """--compact writes a smaller file of the same weights, which --resume refuses in one line."""
    result = bacterio("train", "names.txt", *TINY, "-q", "--compact", "-o", "compact.npz", cwd=finished)
    assert result == (0, "", "")
    full, compact = load(finished / "m.npz"), load(finished / "compact.npz")
    assert all(np.array_equal(full.params[name], compact.params[name]) for name in full.params)
    assert (finished / "compact.npz").stat().st_size < (finished / "m.npz").stat().st_size / 2
    message = only_error(bacterio("train", "names.txt", "--resume", "-o", "compact.npz", cwd=finished))
    assert message.startswith("compact.npz is a model to use, without what --resume needs")
