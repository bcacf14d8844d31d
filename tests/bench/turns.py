"""Pieces of work in processes of their own, timed in turn, and the bars that their ratios must reach.

Each side runs as its user runs it: the engine with the settings of the command, PyTorch with its own threads and
memory. Between two pieces of work is a pause, for OpenMP's threads spin on for some milliseconds after theirs.
"""

import functools
import importlib
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

Work = Callable[[], None]
Timed = Callable[[], float]  # does a piece of work and gives its seconds

PAUSE = 0.05  # seconds


class Ratio(NamedTuple):
    """The median of a ratio over the rounds, and its smallest and largest value."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        """As it stands in a table."""
        return f"{self.median:.2f} ({self.low:.2f}–{self.high:.2f})"


def ratio(above: list[float], below: list[float]) -> Ratio:
    """above ÷ below, round by round."""
    values = [a / b for a, b in zip(above, below, strict=True)]
    return Ratio(statistics.median(values), min(values), max(values))


def timed(work: Work) -> float:
    """The seconds that a piece of work takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def in_turn(rounds: int, *works: Timed) -> list[list[float]]:
    """The seconds of each piece of work: each once a round, after a round to prepare and to warm up."""
    times = [[work() for work in works] for _ in range(rounds + 1)]
    return [list(seconds) for seconds in zip(*times[1:], strict=True)]


@functools.lru_cache(maxsize=1)
def prepared(module: str, function: str, arguments: tuple[Hashable, ...]) -> Work:
    """The work that a function of a module of this directory makes ready."""
    return getattr(importlib.import_module(module), function)(*arguments)


def paused(module: str, function: str, arguments: tuple[Hashable, ...]) -> float:
    """The seconds of a work after a pause, without what it takes to prepare it."""
    work = prepared(module, function, arguments)
    time.sleep(PAUSE)
    return timed(work)


@contextmanager
def side(module: str) -> Iterator[Callable[..., Timed]]:
    """A process that does the works of one module of this directory, each asked for by name and arguments."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        yield lambda function, *arguments: lambda: process.submit(paused, module, function, arguments).result()


class Bars:
    """What was measured against what it must reach."""

    def __init__(self) -> None:
        self.reached = 0
        self.missed: list[str] = []

    def check(self, name: str, value: Ratio, least: float) -> str:
        """The value for a table, marked if it is below its bar."""
        if value.median >= least:
            self.reached += 1
            return str(value)
        self.missed.append(f"{name}: {value.median:.2f}, bar {least:.2f}")
        return f"{value} ✗"

    def leave(self) -> None:
        """Print pass or fail, and exit 1 if a bar was missed."""
        bars = self.reached + len(self.missed)
        print(f"\n{'fail' if self.missed else 'pass'}: {self.reached} of {bars} bars reached")
        for line in self.missed:
            print(f"* missed: {line}")
        raise SystemExit(bool(self.missed))


@contextmanager
def keeping_bytecode() -> Iterator[None]:
    """Let processes that are started meanwhile keep compiled modules, as an installed package does."""
    with tempfile.TemporaryDirectory() as directory:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = directory
        yield
