"""The log of a training: the rows of its history as JSON Lines, never ahead of the checkpoint."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

from bacterio_cli.checkpoint.atomic_write import lock, require_ours
from bacterio_cli.cli import terminal
from bacterio_cli.dataset import waiting_for
from bacterio_cli.errors import FileError

KEYS = {"step", "epoch", "stage", "nats_per_char"}
BEGINNING = b'{"step": '
Row = dict[str, Any]


class Log:
    """Rows of the history, which are written when a checkpoint holds them; where one cannot be, `failure` says why."""

    def __init__(self, path: Path, file: FileIO, *, quiet: bool) -> None:
        self.path, self.file, self.quiet = path, file, quiet
        self.rows: list[Row] = []
        self.end: int | None = None  # where the first row will be written, if not wherever the file is
        self.failure: FileError | None = None

    def write(self) -> None:
        """The rows that wait."""
        data = "".join(json.dumps(row) + "\n" for row in self.rows).encode()
        self.rows.clear()
        if self.failure or not data:
            return
        try:
            if self.end is not None:
                self.file.truncate(self.end)
                self.end = None
            while data:  # a disk that is nearly full takes a part
                data = data[self.file.write(data) :]
        except OSError as error:
            self.failure = FileError(self.path, "write", error, "--resume adds the rows that are missing")
            if not self.quiet:
                terminal.notice(f"warning: {self.failure}; training goes on")


@contextmanager
def open_log(path: Path, history: Sequence[Row] | None, *, force: bool = False, quiet: bool = False) -> Iterator[Log]:
    """The log at `path`, for this process alone; a pipe or a character device takes what comes. Raises FileError.

    Only a log of this program is written anew, or another file by `force`. With a history, that of a training that is
    resumed, the log goes on if its rows are those of the history, and the rows that it lacks are added.
    """
    remedy = "choose another place with --log"
    with ExitStack() as stack:
        try:
            endless = path.is_fifo() or path.is_char_device()
            end, kept, objection = 0, 0, ""
            if path.exists() and not endless:
                end, kept, objection = kept_part(path, history)
                if not force:
                    require_ours(path, lambda _: objection, f"{remedy} or replace it with --force")
            with waiting_for(path, path.is_fifo() and not quiet, doing="begun to read"):
                file = stack.enter_context(open(path, "wb" if endless else "ab", buffering=0))
            log = Log(path, file, quiet=quiet)
            if not endless:
                lock(file)
                log.end = end
                log.rows = [row | {"chars_per_second": None} for row in (history or [])[kept:]]
        except BlockingIOError as error:
            raise FileError(path, "write", "another training writes it", remedy) from error
        except OSError as error:
            raise FileError(path, "write", error, remedy) from error
        log.write()
        yield log


def kept_part(path: Path, history: Sequence[Row] | None) -> tuple[int, int, str]:
    """(where the rows end that a training with this history keeps, how many they are, an objection to the file).

    It makes the other rows again; the last may be cut short. Of a file with an objection nothing is kept.
    """
    rows, ends = list[Row](), [0]
    with path.open("rb") as file:
        for line in file:
            if rows and not line.endswith(b"\n") and line.startswith(BEGINNING[: len(line)]):
                break
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            if not (isinstance(row, dict) and row.keys() >= KEYS and line.endswith(b"\n")):
                return 0, 0, "it is not a log of this program"
            rows.append(row)
            ends.append(ends[-1] + len(line))
    if not rows or history is None:
        return 0, 0, ""
    own = list(zip(rows, history, strict=False))
    if not own or any(row[key] != known[key] for row, known in own for key in KEYS):
        return 0, 0, "it is the log of another training"
    return ends[len(own)], len(own), ""
