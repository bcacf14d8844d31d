"""The log of a training: the rows of its history as JSON Lines, never ahead of the checkpoint."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Any

from bacterio_cli.checkpoint.atomic_write import lock, require_ours
from bacterio_cli.cli import terminal
from bacterio_cli.dataset import waiting_for
from bacterio_cli.errors import FileError

LONGEST_ROW = 10_000  # bytes
KEYS = {"step", "epoch", "stage", "nats_per_char"}
BEGINNING = b'{"step": '
OTHER_FILE, OTHER_TRAINING = "it is not a log of this program", "it is the log of another training"


class Log:
    """Rows of the history, which are written when a checkpoint holds them; where one cannot be, `failure` says why."""

    def __init__(self, path: Path, file: FileIO, *, quiet: bool) -> None:
        self.path, self.file, self.quiet = path, file, quiet
        self.rows: list[dict[str, Any]] = []
        self.end: int | None = None  # where the first row will be written, if not wherever the file is
        self.last = 0  # the step of the last row that stands there
        self.failure: FileError | None = None

    def write(self) -> None:
        """The rows that wait."""
        rows = [row for row in self.rows if row["step"] > self.last]
        self.rows.clear()
        if self.failure or not rows:
            return
        data = "".join(json.dumps(row) + "\n" for row in rows).encode()
        try:
            if self.end is not None:
                os.ftruncate(self.file.fileno(), self.end)
                self.end = None
            while data:  # a disk that is nearly full takes a part
                data = data[self.file.write(data) :]
        except OSError as error:
            self.failure = FileError(self.path, "write", error, "--resume adds the rows that are missing")
            if not self.quiet:
                terminal.notice(f"warning: {self.failure}; training goes on")


@contextmanager
def open_log(
    path: Path, history: Iterable[dict[str, Any]] | None, *, force: bool = False, quiet: bool = False
) -> Iterator[Log]:
    """The log at `path`, for this process alone; a pipe or a character device takes what comes. Raises FileError.

    Only a log of this program is written anew, or another file by `force`. With a history, that of a training that is
    resumed, the log goes on if its rows are those of the history, and the rows that it lacks are added.
    """
    known = None if history is None else list(history)
    remedy = "choose another place with --log"
    with ExitStack() as stack:
        try:
            endless = path.is_fifo() or path.is_char_device()
            if not endless and not force:
                require_ours(path, lambda there: objection(there, known), f"{remedy} or replace it with --force")
            with waiting_for(path, path.is_fifo() and not quiet, doing="begun to read"):
                file = stack.enter_context(open(path, "wb" if endless else "ab", buffering=0))
            log = Log(path, file, quiet=quiet)
            if not endless:
                lock(log.file)
                log.end = 0
                if known is not None:
                    log.rows = [row | {"chars_per_second": None} for row in known]
                    with suppress(ValueError):
                        log.end, log.last = end_of_log(path, known)
        except BlockingIOError as error:
            raise FileError(path, "write", "another training writes it", remedy) from error
        except OSError as error:
            raise FileError(path, "write", error, remedy) from error
        yield log


def objection(path: Path, history: list[dict[str, Any]] | None) -> str:
    """Why a file should not be replaced by a new log, or go on with this history; "" if it may."""
    try:
        end_of_log(path, history)
    except ValueError as error:
        return str(error)
    return ""


def end_of_log(path: Path, history: list[dict[str, Any]] | None) -> tuple[int, int]:
    """(where a log's last row ends that is kept, its step); ValueError, with the objection, if it is no log.

    With a history, also unless the rows are those of the history. Rows behind its last step, as of a checkpoint that
    was put back, are not kept: training makes them again.
    """
    known = {row["step"]: [row[key] for key in KEYS] for row in history or []}
    latest = max(known, default=0)
    end = last = 0
    for ends, row in rows_of(path):
        if history is None or known.get(row["step"]) == [row[key] for key in KEYS]:
            end, last = ends, row["step"]
        elif not last or row["step"] <= latest:
            raise ValueError(OTHER_TRAINING)
    return end, last


def rows_of(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Where each whole row of a log ends, and the row; ValueError if it is none. The last may be cut short."""
    last = 0
    with path.open("rb") as file:
        while line := file.readline(LONGEST_ROW):
            if last and not line.endswith(b"\n") and line.startswith(BEGINNING[: len(line)]):
                return
            try:
                row = json.loads(line)
                ours = line.endswith(b"\n") and row.keys() >= KEYS and row["step"] > last
            except (AttributeError, TypeError, ValueError, RecursionError):
                ours = False
            if not ours:
                raise ValueError(OTHER_FILE)
            last = row["step"]
            yield file.tell(), row
