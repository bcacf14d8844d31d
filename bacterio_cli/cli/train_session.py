"""A training session: the loop around the steps, with its progress bar, its log, its saves and its signals."""

from __future__ import annotations

import json
import math
import signal
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TextIO

from bacterio_cli.cli import terminal
from bacterio_cli.cli.loading import validation_curve
from bacterio_cli.cli.progress import Bar
from bacterio_cli.cli.runtime import keep_freed_memory
from bacterio_cli.errors import BacterioError, DivergedError, FileError

if TYPE_CHECKING:
    from bacterio_cli.training.trainer import Progress, TrainingState

NAMES = 3  # shown of a model that has improved
EPOCHS_BETWEEN_NAMES = 5


class Log:
    """The rows of the history as JSON Lines; on resume a row that already stands there is not written again."""

    def __init__(self, path: Path, *, append: bool) -> None:
        self.path, self.last = path, 0
        try:
            if path.is_file():  # a log may be replaced by a new one; any other file is somebody's
                rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
                self.last = max((row["step"] for row in rows), default=0) if append else 0
            self.file: TextIO = path.open("a" if append else "w", encoding="utf-8")
        except OSError as failure:
            raise FileError(path, "write", failure) from failure
        except (ValueError, KeyError, TypeError) as failure:
            raise FileError(path, "write", "it is not a log of this program", "choose another --log") from failure

    def write(self, progress: Progress) -> None:
        """One row, on the disk before the checkpoint that follows it."""
        if progress.row is None or progress.step <= self.last:
            return
        try:
            self.file.write(json.dumps({**progress.row, "chars_per_second": round(progress.chars_per_second)}) + "\n")
            self.file.flush()
        except OSError as failure:
            with suppress(OSError):  # closed now, else Python 3.13 reports the same failure again when it exits
                self.file.close()
            raise FileError(self.path, "write", failure) from failure


class Session:
    """The loop around the steps: progress bar, log, saves, and a clean stop when a signal asks for it."""

    def __init__(
        self, state: TrainingState, out: Path, save_every: int | None, log: Log | None, *, quiet: bool
    ) -> None:
        self.state, self.out, self.save_every, self.log, self.quiet = state, out, save_every, log, quiet
        self.signal: int | None = None
        self.names_due = 0  # the row of the history from which names are shown again

    def go(self) -> None:
        """Train to the end; Ctrl-C and SIGTERM save and leave with 130 and 143, divergence saves and raises."""
        from bacterio_cli.training.trainer import train as steps

        keep_freed_memory()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.remember)
        nothing_to_do = self.state.done
        try:
            quiet = self.quiet or nothing_to_do
            with Bar("", self.state.total, done=self.state.step, delay=0, quiet=quiet) as bar:
                for progress in steps(self.state):
                    if bar.visible:
                        self.show(bar, progress)
                    if self.log:
                        self.log.write(progress)
                    due = self.save_every and progress.step % self.save_every == 0
                    if due or progress.row:
                        self.save()
                    if self.signal:
                        break
        except DivergedError:
            if self.state.history or not self.out.exists():  # weights that were never validated replace no others
                self.save()
            raise
        if not nothing_to_do:  # the last save was made before a signal, or before the last stage had ended
            self.save()
        if self.signal:
            self.leave(self.signal)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

    def show(self, bar: Bar, progress: Progress) -> None:
        """Phase, epoch, bits and speed on the bar; above it a few names now and then, when the model has improved."""
        state, phase = self.state, self.state.plan.phases[self.state.phase]
        net = f", net {phase.net + 1}/{state.config.nets}" if state.config.nets > 1 else ""
        what = f"{phase.kind} {progress.epoch}/{phase.epochs}{net}"
        valid = next(reversed(validation_curve(state.history)), None)
        train = (state.nats / state.chars if state.chars else state.history[-1]["nats_per_char"]) / math.log(2)
        figures = [f"valid {valid:.3f}"] if valid is not None else []
        figures += [f"train {train:.3f} bits", f"{progress.chars_per_second / 1000:.3g}k chars/s"]
        bar.show(what, progress.step, progress.total, ", ".join(figures))
        if progress.improved and len(state.history) >= self.names_due:
            self.names_due = len(state.history) + EPOCHS_BETWEEN_NAMES
            if names := self.fresh_names():
                bar.write(f"{what}: {', '.join(names)}")

    def fresh_names(self) -> list[str]:
        """A few new names of the model as it stands: of nets and tables together, as `sample` draws them."""
        from bacterio_cli.inference.sampler import SamplingParams, SamplingStats, sample
        from bacterio_cli.training.trainer import snapshot

        found: list[str] = []
        with suppress(BacterioError):  # weights from which no name can be drawn: training itself will say so
            model = snapshot(self.state)
            params = SamplingParams(seed=self.state.step, max_length=2 * model.corpus["longest"])
            known, tally = frozenset(model.known), SamplingStats()
            drawn = sample(
                model.language_model, model.vocabulary, known, params, count=NAMES, max_tries=200, stats=tally
            )
            found.extend(drawn)
        return found

    def remember(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """The signal handler: the loop looks after each step; a second signal does not wait for it."""
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = number

    def leave(self, number: int) -> None:
        """Say that the training can be resumed, and exit."""
        word = "interrupted" if number == signal.SIGINT else "terminated"
        if not self.quiet:
            terminal.notice(f"{word} at step {self.state.step:,}; saved to {self.out}, go on with --resume")
        raise SystemExit(128 + number)

    def save(self) -> None:
        """The training as it stands."""
        from bacterio_cli.training.trainer import snapshot

        snapshot(self.state).save(self.out)
