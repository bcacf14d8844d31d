"""The log of a training: what it may replace, how it goes on, and that training does not depend on it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support.processes import NAMES, TINY, inside, only_error, write_names

from bacterio_cli.checkpoint.checkpoint import load
from bacterio_cli.cli.train_session import open_log
from bacterio_cli.errors import FileError

WORDS = ("train", "names.txt", *TINY[:-2], "-q", "-o", "m.npz", "--log", "log")


def row(step: int) -> dict[str, Any]:
    """A row as the log has it, at least in part."""
    return {"step": step, "epoch": step, "stage": "fit", "net": 0, "nats_per_char": 2.5}


def lines(*steps: int) -> str:
    """A log of so many rows."""
    return "".join(json.dumps(row(step)) + "\n" for step in steps)


def logged(path: Path) -> list[dict[str, Any]]:
    """The rows of a log, in which there is no NaN."""
    return [json.loads(line, parse_constant=pytest.fail) for line in path.read_text().splitlines()]


def test_the_log_has_a_row_per_epoch_and_grows_on_resume(tmp_path: Path) -> None:
    """JSON Lines; --resume appends the new rows, and repeats none even where the log is ahead of the checkpoint."""
    write_names(tmp_path)
    assert inside(*WORDS, "--epochs", 2, cwd=tmp_path).code == 0
    rows = logged(tmp_path / "log")
    assert [row["epoch"] for row in rows] == [1, 2]
    assert all(row.pop("chars_per_second") > 0 for row in rows)
    assert rows == load(tmp_path / "m.npz").history
    early = (tmp_path / "m.npz").read_bytes()
    assert inside(*WORDS, "--resume", "--epochs", 4, cwd=tmp_path).code == 0
    (tmp_path / "m.npz").write_bytes(early)
    assert inside(*WORDS, "--resume", "--epochs", 5, cwd=tmp_path).code == 0
    assert [row["step"] for row in logged(tmp_path / "log")] == [2, 4, 6, 8, 10]


def test_a_table_can_be_made_of_the_log(tmp_path: Path) -> None:
    """In all phases a row has the same keys in one order, and each column scalars of one type, or null; no NaN."""
    write_names(tmp_path)
    related = write_names(tmp_path, [name + "us" for name in NAMES], file="related.txt")
    assert inside(*WORDS, "--epochs", 1, "--refit", "--background", related, cwd=tmp_path).code == 0
    rows = logged(tmp_path / "log")
    assert [row["stage"] for row in rows] == ["background", "fit", "refit"]
    assert len({tuple(row) for row in rows}) == 1
    for name in rows[0]:
        kinds = {type(row[name]) for row in rows}
        assert kinds in ({int}, {str}, {float}, {float, type(None)}), name
        assert (type(None) in kinds) == name.startswith("valid_")


@pytest.mark.parametrize("resumed", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        *("Abella\n", '{"step": 1}\n', '[{"step": 1}]\n', lines(1) + "\0\0", "half a row", "0", "{", '{"ste'),
        *('{"step": 1, "metrics": {"loss": 0.3}}', '{"step": 1, "epoch": 2, "accuracy": 0', '{"step": ' + "[" * 9000),
        lines(1) + '{"loss": 2',
    ],
    ids=range(12),
)
def test_another_file_is_replaced_by_force_alone(text: str, resumed: bool, tmp_path: Path) -> None:
    """What is not rows with step, epoch and stage stays, in any link; --force writes over it once there is a row.

    Those of a history are there at once.
    """
    log, history = tmp_path / "log", [row(1)] if resumed else None
    (tmp_path / "results").write_text(text)
    log.symlink_to("results")
    refused = pytest.raises(
        FileError, match="it is not a log of this program; choose another place with --log or replace it with"
    )
    with refused, open_log(log, history):
        pass
    with open_log(log, history, force=True) as forced:
        assert resumed or log.read_text() == text
        forced.rows.append(row(2))
        forced.write()
    assert [row["step"] for row in logged(log)] == [1, 2][not resumed :]


@pytest.mark.parametrize("cut", [0, 1, 9, 30])
def test_half_a_row_is_cut_off_on_resume(cut: int, tmp_path: Path) -> None:
    """It is of a killed process; rows of the history that are missing are added, the speed unknown, and none twice."""
    log = tmp_path / "log"
    log.write_text(lines(1, 2) + lines(3)[:cut])
    with open_log(log, [row(step) for step in (1, 2, 3)]) as resumed:
        resumed.rows.append(row(4))
        resumed.write()
        resumed.write()
    assert [row["step"] for row in logged(log)] == [1, 2, 3, 4]
    assert [row.get("chars_per_second", 0) for row in logged(log)] == [0, 0, None, 0]


@pytest.mark.parametrize(
    ("there", "history", "after"),
    [
        ([row(1), row(2)], [row(1)], [1, 3]),  # of a checkpoint that was put back
        ([row(2)], [row(1), row(2)], None),
        ([row(1) | {"nats_per_char": 2.6}], [row(1)], None),
        ([row(1), row(3)], [row(1), row(2), row(4)], None),
        ([row(99999)], [row(1)], None),
        ([row(99999)], [], None),
    ],
)
def test_only_the_log_of_this_training_goes_on(
    there: list[dict[str, Any]], history: list[dict[str, Any]], after: list[int] | None, tmp_path: Path
) -> None:
    """Rows behind the history are written anew, and hide none; a row that it does not have is of another training."""
    log = tmp_path / "log"
    log.write_text("".join(json.dumps(row) + "\n" for row in there))
    force = after is None
    if force:
        with pytest.raises(FileError, match="it is the log of another training; choose"), open_log(log, history):
            pass
    with open_log(log, history, force=force) as resumed:
        resumed.rows.append(row(3))
        resumed.write()
    assert [row["step"] for row in logged(log)] == (after or [row["step"] for row in [*history, {"step": 3}]])


def test_a_log_that_is_read_only_or_in_use_is_left_alone(tmp_path: Path) -> None:
    """Somebody has said that it is to stay, or writes it, by whatever name; a device is for all."""
    (tmp_path / "kept").write_text(lines(1))
    (tmp_path / "kept").chmod(0o444)
    kept = pytest.raises(FileError, match="it is read-only; choose another place with --log or replace it with --force")
    with kept, open_log(tmp_path / "kept", None):
        pass
    (tmp_path / "log").touch()
    (tmp_path / "link").hardlink_to(tmp_path / "log")
    refused = pytest.raises(FileError, match="link: another process is writing it; choose another place with --log")
    with open_log(tmp_path / "log", None), refused, open_log(tmp_path / "link", None, force=True):
        pass
    null = Path(os.devnull)
    with open_log(tmp_path / "link", None), open_log(null, None), open_log(null, None):
        pass


def test_a_log_that_cannot_be_written_costs_no_epoch(tmp_path: Path) -> None:
    """A full disk is a warning; training goes on and is saved, and at the end exit 1 names the way to the rows."""
    write_names(tmp_path)
    loud = [word for word in WORDS if word not in ("-q", "log")]
    result = inside(*loud, "/dev/full", "--epochs", 3, cwd=tmp_path)
    said = "cannot write /dev/full: No space left on device; --resume adds the rows that are missing"
    assert (result.code, result.stderr.count(said)) == (1, 2)
    assert f"bacterio: warning: {said}; training goes on\n" in result.stderr
    assert result.stderr.endswith(f"saved to m.npz\nbacterio: error: {said}\n")
    assert only_error(inside(*WORDS[:-1], "/dev/full", "--epochs", 3, "--force", cwd=tmp_path)) == said
    assert inside(*WORDS, "--resume", cwd=tmp_path) == (0, "", "")
    assert [row["epoch"] for row in logged(tmp_path / "log")] == [1, 2, 3]
