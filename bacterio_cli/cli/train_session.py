"""A training session: the loop around the steps, with its progress bar, its saves, its log and its signals."""

import json
import math
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Self

from bacterio_cli.api import sample
from bacterio_cli.checkpoint.atomic_write import lock, require_ours
from bacterio_cli.cli import runtime, tables, terminal
from bacterio_cli.cli.progress import progress_bar, show
from bacterio_cli.dataset import waiting_for
from bacterio_cli.errors import BacterioError, DivergedError, FileError
from bacterio_cli.training import trainer

NAMES = 3  # shown of a model that has improved
EPOCHS_BETWEEN_NAMES = 5  # at least, or a quarter of those so far
SAVING_SHARE = 0.1  # of the time at most: epochs that are shorter than this allows are saved several at once
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
REPEATS = 1.0  # seconds in which a signal is taken for one that was noticed already
KEYS = {"step", "epoch", "stage", "nats_per_char"}  # of a row of the log
Row = dict[str, Any]


class Signals:
    """SIGINT, SIGTERM and SIGHUP during a block: what is kept is said, and the exit code is 128 plus the signal's number.

    The first signal ends the process, or is remembered as `number` while `deferred`. Those that follow within a second
    are ignored, and one that comes later ends it. `kept` says how far the training is and where.
    """

    def __init__(self, *, quiet: bool) -> None:
        self.quiet, self.deferred = quiet, False
        self.kept = "before anything was saved"
        self.number, self.since = 0, 0.0

    def __enter__(self) -> Self:
        """Take the signals over, but for a hangup that is ignored, as under nohup."""
        taken = [number for number in SIGNALS if number in WORDS or signal.getsignal(number) is not signal.SIG_IGN]
        self.before = {number: signal.signal(number, self.receive) for number in taken}
        return self

    def receive(self, number: int, *_: object) -> None:
        """The signal handler."""
        if not self.number:
            self.number, self.since = number, time.monotonic()
            if not self.deferred:
                self.stop()
        elif time.monotonic() > self.since + REPEATS:
            self.stop()

    def stop(self) -> None:
        """End the process with the code of the first signal; from now on it only cleans up."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise SystemExit(128 + self.number)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Leave with a line if a signal ends the process, else give the signals back."""
        if kind is not SystemExit:
            for number, handler in self.before.items():
                signal.signal(number, handler)
        elif not self.quiet:
            terminal.notice(f"{WORDS.get(signal.Signals(self.number), 'hung up')} {self.kept}")


class Log:
    """Rows of the history as JSON Lines, written when a checkpoint holds them; if writing fails, `failure` says why."""

    def __init__(self, path: Path, file: IO[bytes], *, quiet: bool) -> None:
        self.path, self.file, self.quiet = path, file, quiet
        self.rows: list[Row] = []
        self.end: int | None = None  # where the first row will be written, if not wherever the file is
        self.failure: FileError | None = None

    def write(self) -> None:
        """Write the rows that wait."""
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
            if not (endless or force):
                require_ours(path, lambda there: kept_part(there, history)[2], f"{remedy} or replace it with --force")
            with waiting_for(path, path.is_fifo() and not quiet, doing="begun to read"):
                file = stack.enter_context(open(path, "wb" if endless else "ab", buffering=0))
            log = Log(path, file, quiet=quiet)
            if not endless:
                lock(file)
                log.end, kept, _ = kept_part(path, history)
                log.rows = [row | {"chars_per_second": None} for row in (history or [])[kept:]]
        except OSError as error:
            raise FileError(path, "write", error, remedy) from error
        log.write()
        yield log


def kept_part(path: Path, history: Sequence[Row] | None) -> tuple[int, int, str]:
    """(where the rows end that a training with this history keeps, how many they are, an objection to the file).

    Training makes the other rows again; the last may be cut short. Of a file with an objection nothing is kept.
    """
    rows, ends = list[Row](), [0]
    with path.open("rb") as file:
        for line in file:
            if rows and not line.endswith(b"\n") and line.startswith(b'{"step": '[: len(line)]):
                break
            row = None
            with suppress(ValueError, RecursionError):
                row = json.loads(line)
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


class Session:
    """The loop around the steps: progress bar, saves, log, and a stop after the step when a signal asks for it."""

    def __init__(
        self, state: trainer.TrainingState, out: Path, save_every: int | None, log: Log | None, *, signals: Signals
    ) -> None:
        self.state, self.out, self.save_every, self.log, self.signals = state, out, save_every, log, signals
        self.guards_model = out.exists() and not state.step and not save_every  # until an epoch has ended
        self.names_due = 0  # the row of the history from which names are shown again
        self.next_save = 0.0  # the time from which an epoch is saved

    def go(self) -> None:
        """Train to the end; a signal saves and ends the process, divergence saves and raises."""
        if self.state.done:
            return
        runtime.keep_freed_memory()
        self.signals.deferred = True
        try:
            with (
                progress_bar("", self.state.total, done=self.state.step, delay=0, quiet=self.signals.quiet) as self.bar,
                closing(trainer.train(self.state)) as steps,
            ):
                for progress in steps:
                    if progress.row and self.log:
                        self.log.rows.append(progress.row | {"chars_per_second": round(progress.chars_per_second)})
                    if not self.bar.disable:
                        self.show(progress)
                    due = progress.row and time.perf_counter() > self.next_save
                    if due or (self.save_every and progress.step % self.save_every == 0):
                        self.save()
                    if self.signals.number:
                        break
        except DivergedError:
            if self.state.step:
                self.save()
            raise
        self.save()
        self.signals.deferred = False
        if self.signals.number:
            self.signals.stop()

    def show(self, progress: trainer.Progress) -> None:
        """Phase, epoch, bits and speed on the bar; above it a few names now and then, when the model has improved."""
        state, phase = self.state, self.state.phase
        net = f", net {phase.net + 1}/{state.plan.config.nets}" if state.plan.config.nets > 1 else ""
        what = f"{phase.kind} {progress.epoch}/{phase.epochs}{net}"
        loss = (state.nats / state.chars if state.chars else state.history[-1]["nats_per_char"]) / math.log(2)
        figures = [f"valid {valid:.3f}" for valid in tables.validation_curve(state.history)[-1:]]
        figures += [f"train {loss:.3f} bits", f"{progress.chars_per_second / 1000:.3g}k chars/s"]
        show(self.bar, what, progress.step, progress.total, ", ".join(figures))
        epochs = len(state.history)
        if progress.row and progress.row is state.best and epochs >= self.names_due:
            self.names_due = epochs + max(EPOCHS_BETWEEN_NAMES, epochs // 4)
            # Weights from which no name can be drawn: training itself will say so.
            with suppress(BacterioError), self.bar.external_write_mode(sys.stderr):
                names = sample(trainer.snapshot(state), NAMES, seed=state.step, any_name=True, also_known=False)
                terminal.line(f"{what}: {', '.join(names)}", stream=sys.stderr)

    def save(self) -> None:
        """The training as it stands, if it can be used and replaces no model before an epoch has ended; then its log."""
        begun = time.perf_counter()
        if self.guards_model and not self.state.history:
            kept = f", before an epoch had ended; {self.out} is as it was"
        elif not trainer.can_be_used(self.state):
            kept = ", not saved: its weights are too large to draw a name"
        else:
            trainer.snapshot(self.state).save(self.out, force=True)  # it was reserved
            kept = f"; saved to {self.out}, go on with --resume"
            now = time.perf_counter()
            self.next_save = now + (now - begun) / SAVING_SHARE
            if self.log:
                self.log.write()
        self.signals.kept = f"at step {self.state.step:,}{kept}"
