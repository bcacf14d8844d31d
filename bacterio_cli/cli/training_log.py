"""The log of a training: the rows of its history as JSON Lines, never ahead of the checkpoint."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

from bacterio_cli.checkpoint.atomic_write import lock, require_ours
from bacterio_cli.cli import terminal
from bacterio_cli.dataset import waiting_for
from bacterio_cli.errors import FileError

LONGEST_ROW = 10_000  # bytes
BEGINNING = b'{"step": '
KEYS = ("step", "epoch", "stage", "nats_per_char")  # of a row


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
    path: Path, history: list[dict[str, Any]] | None, *, force: bool = False, quiet: bool = False
) -> Iterator[Log]:
    """The log at `path`, for this process alone; a pipe or a character device takes what comes. Raises FileError.

    Only a log of this program is written anew, or another file by `force`. With a history, that of a training that is
    resumed, the log goes on if its rows are those of the history, and the rows that it lacks are added.
    """
    remedy = "choose another place with --log"
    with ExitStack() as stack:
        try:
            endless = path.is_fifo() or path.is_char_device()
            end, last, objection = (0, 0, "") if endless or not path.exists() else end_of_log(path, history)
            if not endless:
                require_ours(path, lambda _: objection, option="--log", force=force)
            with waiting_for(path, path.is_fifo() and not quiet, doing="begun to read"):
                file = stack.enter_context(open(path, "wb" if endless else "ab", buffering=0))
            log = Log(path, file, quiet=quiet)
            if not endless:
                lock(log.file)
                log.end = 0
                if history is not None:
                    log.rows = [row | {"chars_per_second": None} for row in history]
                    log.end, log.last = end, last
        except BlockingIOError as error:
            raise FileError(path, "write", "another training writes it", remedy) from error
        except OSError as error:
            raise FileError(path, "write", error, remedy) from error
        yield log


def end_of_log(path: Path, history: list[dict[str, Any]] | None) -> tuple[int, int, str]:
    """(where a log's last row ends that is kept, its step, "" or why the file should not be written).

    It should not if its rows are not those of the history, if there is one, or if it is no log; a last row that was cut
    short, when the process was killed, is none. Rows behind the last step of the history, as of a checkpoint that was
    put back, are not kept: training makes them again.
    """
    known = {row["step"]: [row[key] for key in KEYS] for row in history or []}
    latest = max(known, default=0)
    end = last = before = 0
    with path.open("rb") as file:
        while line := file.readline(LONGEST_ROW):
            if not line.endswith(b"\n") and (before or line.startswith(BEGINNING)):
                break
            try:
                found = json.loads(line)
                step, *_ = row = [found[key] for key in KEYS]
                if step <= before:
                    raise ValueError
            except (ValueError, TypeError, LookupError, RecursionError):
                return 0, 0, "it is not a log of this program"
            before = step
            if history is None or known.get(step) == row:
                end, last = file.tell(), step
            elif not last or step <= latest:
                return 0, 0, "it is the log of another training"
    return end, last, ""
