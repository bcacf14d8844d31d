"""The log of a training: the rows of its history as JSON Lines, never ahead of the checkpoint."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Any

from bacterio_cli.checkpoint.atomic_write import lock, require_ours
from bacterio_cli.cli import terminal
from bacterio_cli.errors import FileError

LONGEST_ROW = 10_000  # bytes
KEYS = {"step", "epoch", "stage", "nats_per_char"}
BEGINNING = b'{"step": '  # of a row, also of one that was cut short


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
    resumed, the log goes on, and the rows that it lacks are added.
    """
    remedy = "choose another place with --log"
    with ExitStack() as stack:
        try:
            endless = path.is_fifo() or path.is_char_device()
            if not endless:
                require_ours(path, objection, option="--log", force=force)
            # A named pipe waits for its reader.
            log = Log(path, stack.enter_context(open(path, "wb" if endless else "ab", buffering=0)), quiet=quiet)
            if not endless:
                lock(log.file)
                log.end = 0
                if history is not None:
                    log.rows = [row | {"chars_per_second": None} for row in history]
                    with suppress(ValueError):
                        log.end, log.last = end_of_log(path)
        except BlockingIOError as error:
            raise FileError(path, "write", "another training writes it", remedy) from error
        except OSError as error:
            raise FileError(path, "write", error, remedy) from error
        yield log


def objection(path: Path) -> str:
    """Why a file should not be replaced by a new log; "" if it is one."""
    try:
        end_of_log(path)
    except ValueError:
        return "it is not a log of this program"
    return ""


def end_of_log(path: Path) -> tuple[int, int]:
    """(where a log's last whole row ends, its largest step); ValueError if it is none. What was cut short is no row."""
    end = last = 0
    with path.open("rb") as file:
        while (line := file.readline(LONGEST_ROW)).endswith(b"\n"):
            row = json.loads(line)
            if not isinstance(row, dict) or not row.keys() >= KEYS or type(row["step"]) is not int:
                raise ValueError
            end, last = file.tell(), max(last, row["step"])
    if not BEGINNING.startswith(line[: len(BEGINNING)]):
        raise ValueError
    return end, last
