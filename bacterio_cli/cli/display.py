"""The live display of a training run, on stderr where it is a terminal: bar, bits, learning curves and fresh names.

A frame is drawn over the one before, five times a second at most and in a twentieth of the time, by the training loop
itself. The cursor rests below it and is hidden only while a frame is written: whatever ends the run finds a clean line.
"""

from __future__ import annotations

import io
import math
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from bacterio_cli.cli import terminal
from bacterio_cli.errors import BacterioError

if TYPE_CHECKING:
    from rich.text import Text

    from bacterio_cli.nn.layers import Params
    from bacterio_cli.training.plan import Phase
    from bacterio_cli.training.trainer import Progress, TrainingState

INTERVAL = 0.2  # seconds from one frame to the next
SHARE = 0.05  # of the time that drawing may take
WIDEST = 100  # columns
TWO_PANELS = 70  # columns from which training has a curve too
CURVE = 8  # lines of a curve where there is room
BESIDE = 11  # lines of all else
LABEL = 5  # columns of what stands left of a curve
NAMES = 3
BITS = 1 / math.log(2)  # a nat
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of a braille letter, by line and column
BLANK = "\u2800"  # the braille letter without dots
HIDE, SHOW, UP, ERASE_LINE, ERASE_BELOW = "\x1b[?25l", "\x1b[?25h", "\x1b[{}A", "\x1b[K", "\x1b[J"


def curve(values: Sequence[float], width: int, height: int, *, total: int) -> list[str]:
    """A line through the first of `total` values, from the lowest to the highest, as braille: 2 × 4 dots a letter."""
    cells = [[ord(BLANK)] * width for _ in range(height)]
    if values:
        low, high = min(values), max(values)
        across, down = (2 * width - 1) / max(total - 1, 1), 4 * height - 1
        dots = [(k * across, (high - v) / (high - low) * down if high > low else down) for k, v in enumerate(values)]
        for (x0, y0), (x1, y1) in pairwise([dots[0], *dots]):
            n = math.ceil(max(x1 - x0, abs(y1 - y0), 1))
            for k in range(n + 1):
                x, y = round(x0 + (x1 - x0) * k / n), round(y0 + (y1 - y0) * k / n)
                cells[y // 4][x // 2] |= DOTS[y % 4][x % 2]
    return ["".join(map(chr, row)) for row in cells]


def plot(values: Sequence[float], width: int, height: int, *, total: int, style: str) -> list[Text]:
    """A curve with its range at the left and its epochs below; nothing where there is no room."""
    from rich.text import Text  # as in Display

    if height < 2 or width < 2 * LABEL:
        return []
    labels = [""] * height
    if values:
        labels[0], labels[-1] = f"{max(values):.2f}", f"{min(values):.2f}"
    lines = curve(values, width - LABEL - 1, height, total=total)
    drawn = [
        Text.assemble((f"{label:>{LABEL}}│", "dim"), (line.rstrip(BLANK), style))
        for label, line in zip(labels, lines, strict=True)
    ]
    return [*drawn, Text(" " * LABEL + "└ epoch 1 " + f" {total:,}".rjust(width - LABEL - 10, "─"), "dim")]


def duration(seconds: float) -> str:
    """1:02:03, and 2:03 below an hour."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def beside(left: Text, right: Text, column: int) -> Text:
    """Two texts in a line, the second from this column on."""
    return left + " " * (column - left.cell_len) + right


def screen() -> tuple[int, int]:
    """Columns and lines of the terminal, which may change at any time."""
    with suppress(OSError):
        columns, lines = os.get_terminal_size(sys.stderr.fileno())
        if columns and lines:  # a terminal that was never told its size says 0
            return columns, lines
    return 80, 24


def few_names(run: TrainingState, params: Params, seed: int) -> list[str]:
    """Draws from a net of the run, known names too."""
    from bacterio_cli.inference.sampler import SamplingParams, SamplingStats, sample
    from bacterio_cli.lm.base import Net  # training has imported the engine, --help does without

    longest = 2 * max(map(len, run.corpus.names))
    request = SamplingParams(seed=seed, max_length=longest, allow_known=True)
    names = sample(
        Net(run.model, params), run.vocabulary, (), request, count=NAMES, max_tries=64, stats=SamplingStats()
    )
    return [terminal.printable(name) for name in names]


class Display:
    """One steady picture of the run; none if `quiet`, in a pipe, or on a terminal that cannot move its cursor."""

    progress: Progress  # of the last step
    stage: Phase  # to which it belongs

    def __init__(self, run: TrainingState, *, quiet: bool) -> None:
        able = os.environ.get("TERM", "").lower() not in ("dumb", "unknown")
        self.live = not quiet and able and terminal.is_terminal(sys.stderr)
        if self.live:
            from rich.console import Console  # rich costs 50 ms, and only a terminal needs it

            self.console = Console(file=io.StringIO(), force_terminal=True, highlight=False)
        self.run = run
        self.begun, self.due = time.monotonic(), 0.0
        self.first: tuple[int, float] | None = None  # the step that was seen first, and when
        self.better: tuple[Params, int] | None = None  # weights that improved, not shown yet, and their step
        self.origin, self.names = "", [""] * NAMES
        self.lengths: list[int] = []  # of the lines on the screen, in columns

    def __enter__(self) -> Display:
        """Nothing is drawn before the first step."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        """Leave the last state; after an error what stands there, without the ^C that the terminal may have echoed."""
        if self.lengths and kind is None:
            self.draw(over=True)
        elif self.lengths:
            self.write(f"\r{ERASE_BELOW}")

    def show(self, progress: Progress) -> None:
        """Take note of a step, and draw if it is time."""
        if not self.live:
            return
        now = time.monotonic()
        self.first = self.first or (progress.step, now)
        self.progress, self.stage = progress, self.run.course.stages[self.run.stage]
        if progress.improved and self.run.best is not None:
            self.better = self.run.best, progress.step
            self.origin = f"{self.stage.kind}, epoch {progress.epoch:,}"
        if now >= self.due:
            self.draw()
            after = time.monotonic()
            self.due = after + max(INTERVAL, (after - now) / SHARE)

    def draw(self, *, over: bool = False) -> None:
        """A frame over the one before, which a window made narrower has broken into more lines."""
        from rich.text import Text

        if self.better is not None:
            with suppress(BacterioError):  # weights from which no name can be drawn: the run itself will say so
                self.names = few_names(self.run, *self.better)
            self.better = None
        columns, rows = screen()
        lines = self.frame(min(columns - 1, WIDEST), rows - 1, over=over) + [Text()] * over
        with self.console.capture() as drawn:
            self.console.print(Text("\n").join(lines), soft_wrap=True)
        up = sum(max(1, math.ceil(length / columns)) for length in self.lengths)
        back = UP.format(up) if up else ""
        self.lengths = [line.cell_len for line in lines]
        self.write(f"{HIDE}\r{back}{drawn.get()}".replace("\n", f"{ERASE_LINE}\n") + ERASE_BELOW + SHOW)

    def write(self, text: str) -> None:
        """All at once; a terminal that has gone ends the display and not the run."""
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:
            self.live, self.lengths = False, []

    def frame(self, width: int, height: int, *, over: bool) -> list[Text]:
        """Its lines: `height` at most, none wider than `width` columns."""
        from rich.text import Text

        stage, nets = self.stage, self.run.recipe.nets
        net = f", net {stage.net + 1} of {nets}" if nets > 1 else ""
        speed = f"{float(f'{self.progress.chars_per_second:.3g}'):,.0f} characters a second"  # steady enough to read
        lines = [
            Text.assemble((stage.kind, "bold"), f", epoch {self.progress.epoch:,} of {stage.epochs:,}{net}"),
            self.bar(width, over=over),
            Text(),
            beside(Text("bits per character"), Text(speed, "dim"), width - len(speed)),
            *self.panels(width, min(CURVE, height - BESIDE)),
            Text(),
        ]
        for label, name in zip((self.origin, "", ""), self.names, strict=False):
            lines.append(Text.assemble((f"{label:{len(self.origin)}}  ", "dim"), name))
        for line in lines:
            line.truncate(width, overflow="ellipsis")
        return lines[:height]

    def bar(self, width: int, *, over: bool) -> Text:
        """Steps done and time left; in the last frame time taken."""
        from rich.text import Text

        step, total = self.progress.step, self.progress.total
        now, (first, seen) = time.monotonic(), self.first or (step, 0.0)
        ends = ""
        if over:
            ends = f"in {duration(now - self.begun)}"
        elif now - seen > 1:
            ends = f"{duration((now - seen) / max(step - first, 1) * (total - step))} left"
        right = f"  step {step:>{len(f'{total:,}')},}/{total:,}  {ends:>9}"
        room = max(0, width - len(right))
        done = room * step // total
        return Text.assemble(("━" * done, "cyan"), ("─" * (room - done), "dim"), right)

    def panels(self, width: int, height: int) -> list[Text]:
        """Validation and training, figure and curve: side by side, or in a narrow window without the second curve."""
        from rich.text import Text

        run, rows = self.run, self.rows()
        total = sum(stage.epochs for stage in run.course.stages if stage.net == self.stage.net)
        trained = [row["nats_per_char"] * BITS for row in rows]
        valid = [row["valid_bits_per_char"] for row in rows if row["valid_bits_per_char"] is not None]
        now = [run.nats / run.chars * BITS] if run.chars else trained[-1:]
        soft = " (soft targets)" if run.recipe.ngram and run.recipe.smoothing else ""
        before = " before the refit" if self.stage.kind == "refit" else ""
        series = [("validation", valid, valid[-1:], before, "green"), ("training", trained, now, soft, "cyan")]
        if run.course.held_out is None:
            del series[0]
        titles = [
            Text.assemble(f"{what} ", (f"{last[0]:.3f}" if last else "–", f"bold {style}"), (note, "dim"))
            for what, _, last, note, style in series
        ]
        if len(series) < 2 or width < TWO_PANELS:
            (_, values, _, _, style), *_ = series
            return [*reversed(titles), *plot(values, width, height, total=total, style=style)]
        half = (width - 3) // 2
        left, right = (
            [title, *plot(values, half, height, total=total, style=style)]
            for title, (_, values, _, _, style) in zip(titles, series, strict=True)
        )
        return [beside(a, b, width - half) for a, b in zip(left, right, strict=True)]

    def rows(self) -> list[dict[str, Any]]:
        """The history of the net up to now; of an epoch that was done again, after a longer fit, the last row."""
        kinds = [stage.kind for stage in self.run.course.stages if stage.net == self.stage.net]
        now = kinds.index(self.stage.kind), self.progress.epoch
        found = {
            at: row
            for row in self.run.history
            if row["net"] == self.stage.net and row["stage"] in kinds
            and (at := (kinds.index(row["stage"]), row["epoch"])) <= now
        }  # fmt: skip
        return [found[at] for at in sorted(found)]
