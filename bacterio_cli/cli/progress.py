"""The progress bar: tqdm's, one line on stderr, where somebody can see it redrawn. Nothing else imports tqdm."""

import os
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bacterio_cli.cli import terminal


def progress_bar(
    what: str, total: int, items: Iterable[Any] | None = None, *, done: int = 0, delay: float = 1.0, quiet: bool = False
) -> Any:
    """How far the work is: a bar, shown after `delay` seconds; where nobody is to see one, the items as they come."""
    hidden = quiet or not terminal.is_terminal(sys.stderr) or os.environ.get("TERM", "").lower() in ("dumb", "unknown")
    if hidden and items is not None:
        return items
    from tqdm import tqdm  # 30 ms that most commands do without

    tqdm.monitor_interval = 0  # no thread: training forks a worker
    tqdm.set_lock(threading.RLock())  # not one of multiprocessing, which may start a process
    bar: Any = tqdm(
        items, desc=what, total=total, initial=done, delay=delay, file=sys.stderr, miniters=1, smoothing=0.05,
        bar_format="{desc}|{bar}| {elapsed}<{remaining}{postfix}", ncols=width(), disable=hidden,
    )  # fmt: skip
    bar.dynamic_ncols = lambda _: (width(), None)
    return bar


def width() -> int:
    """The columns that the line may fill; the window may change at any time."""
    return terminal.columns_of(sys.stderr) - 3  # a ^C that the terminal echoes must not begin a new line


def show(bar: Any, what: str, done: int, total: int, figures: str) -> None:
    """What is being done, how much of how much is done, and what else there is to say, as far as there is room."""
    while ", " in figures and len(f"{what}|█| 00:00:00<00:00:00, {figures}") > width():
        figures = figures.rpartition(", ")[0]
    bar.total, bar.desc, bar.postfix = total, what, figures
    bar.update(done - int(bar.n))


def reading_on(bar: Any) -> Callable[[str, int, int], None]:
    """Shows how many bytes of a file, as it lies on disk, are read; tables may be gone through again."""
    return lambda source, done, size: show(bar, f"reading {terminal.printable(Path(source).name)[:30]}", done, size, "")
