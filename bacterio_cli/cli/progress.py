"""The progress bar: tqdm's, one line on stderr, where somebody can see it redrawn. Nothing else imports tqdm."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bacterio_cli.cli import terminal

if TYPE_CHECKING:
    from tqdm import tqdm

T = TypeVar("T")
FORMAT = "{desc}|{bar}| {elapsed}<{remaining}{postfix}"  # the time so far, and the time left
MARGIN = 3  # columns left free: a ^C that the terminal echoes must not begin a new line


def progress_bar(
    what: str, total: int, items: Iterable[Any] | None = None, *, done: int = 0, delay: float = 1.0, quiet: bool = False
) -> tqdm[Any]:
    """How far the work is; disabled if `quiet` or where nobody can see it, and not shown for less than `delay` seconds."""
    from tqdm import tqdm  # 30 ms that most commands do without

    tqdm.monitor_interval = 0  # no thread: training forks a worker
    tqdm.set_lock(threading.RLock())  # not one of multiprocessing, which may start a process
    bar = tqdm(
        items, desc=what, total=total, initial=done, delay=delay, file=sys.stderr, miniters=1, smoothing=0.05,
        bar_format=FORMAT, ncols=width(), disable=quiet or not visible(),
    )  # fmt: skip
    bar.dynamic_ncols = lambda _: (width(), None)  # type: ignore[assignment]
    return bar


def visible() -> bool:
    """Whether stderr is a terminal on which a line can be gone back to."""
    return os.environ.get("TERM", "").lower() not in ("dumb", "unknown") and terminal.is_terminal(sys.stderr)


def width() -> int:
    """The columns that the line may fill; the window may change at any time."""
    return terminal.columns_of(sys.stderr) - MARGIN


def show(bar: tqdm[Any], what: str, done: int, total: int, figures: str) -> None:
    """What is being done, how much of how much is done, and what else there is to say, as far as there is room."""
    while ", " in figures and len(f"{what}|█| 00:00:00<00:00:00, {figures}") > width():
        figures = figures.rpartition(", ")[0]
    bar.total, bar.desc, bar.postfix = total, what, figures
    bar.update(done - int(bar.n))


def reading_on(bar: tqdm[Any]) -> Callable[[str, int, int], None]:
    """Shows how many bytes of a file, as it lies on disk, are read; tables may be gone through again."""
    return lambda source, done, size: show(bar, f"reading {terminal.printable(Path(source).name)[:30]}", done, size, "")


def watched(items: Iterable[T], what: str, count: int, *, quiet: bool = False) -> Iterable[T]:
    """The items as they come, counted by a bar if that takes more than a second."""
    return items if quiet or not visible() else progress_bar(what, count, items)
