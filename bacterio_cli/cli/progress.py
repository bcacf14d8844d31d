"""The progress bar: tqdm's, one line on stderr, where somebody can see it redrawn. Nothing else imports tqdm."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bacterio_cli.cli import terminal

if TYPE_CHECKING:
    from tqdm import tqdm

T = TypeVar("T")
FORMAT = "{desc}|{bar}| {elapsed}<{remaining}{postfix}"  # the time so far, and the time left
MARGIN = 3  # columns left free: a ^C that the terminal echoes must not begin a new line


class Bar:
    """How far the work is; nothing if `quiet` or where nobody can see it, and nothing for less than `delay` seconds."""

    def __init__(self, what: str, total: int, *, done: int = 0, delay: float = 1.0, quiet: bool = False) -> None:
        self.line: tqdm[Any] | None = None
        stays = os.environ.get("TERM", "").lower() in ("dumb", "unknown")  # a line cannot be gone back to
        if quiet or stays or not terminal.is_terminal(sys.stderr):
            return
        from tqdm import tqdm  # 30 ms that most commands do without

        tqdm.monitor_interval = 0  # no thread: training forks a worker
        tqdm.set_lock(threading.RLock())  # not one of multiprocessing, which may start a process
        self.line = tqdm(
            desc=what, total=total, initial=done, delay=delay, file=sys.stderr, miniters=1, smoothing=0.05,
            bar_format=FORMAT, ncols=self.width(),
        )  # fmt: skip
        self.line.dynamic_ncols = lambda _: (self.width(), None)  # type: ignore[assignment]

    def width(self) -> int:
        """The columns that the line may fill; the window may change at any time."""
        return terminal.columns_of(sys.stderr) - MARGIN

    def __enter__(self) -> Bar:
        """The line itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last state."""
        if self.line is not None:
            self.line.close()

    def update(self, count: int = 1) -> None:
        """So much more is done."""
        if self.line is not None:
            self.line.update(count)

    def show(self, what: str, done: int, total: int, figures: str) -> None:
        """What is being done, how much of how much is done, and what else there is to say, as far as there is room."""
        if self.line is not None:
            while ", " in figures and len(f"{what}|█| 00:00:00<00:00:00, {figures}") > self.width():
                figures = figures.rpartition(", ")[0]
            self.line.total, self.line.desc, self.line.postfix = total, what, figures
            self.update(done - int(self.line.n))

    def reading(self, source: str, done: int, size: int) -> None:
        """How many bytes of a file, as it lies on disk, are read; tables may be gone through again."""
        self.show(f"reading {terminal.printable(Path(source).name)[:30]}", done, size, "")

    def write(self, text: str) -> None:
        """A line that stays, above the bar."""
        if self.line is not None:
            text = terminal.printable(text)
            self.line.write(terminal.filled(text, terminal.columns_of(sys.stderr), "  "), file=sys.stderr)


def watched(items: Iterable[T], what: str, count: int, *, quiet: bool = False) -> Iterator[T]:
    """The items as they come, counted by a bar if that takes more than a second."""
    with Bar(what, count, quiet=quiet) as bar:
        for item in items:
            bar.update()
            yield item
