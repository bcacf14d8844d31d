"""Pieces of work in processes of their own, timed in turn, and the bars that their ratios must reach.

Each side runs as its user runs it: the engine with the settings of the command, PyTorch with its own threads and
memory. Between two pieces of work is a pause, for OpenMP's threads spin on for some milliseconds after theirs.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

Work = Callable[[], None]

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


def serve(pipe: Connection, module: str) -> None:
    """In the process of a side: prepare the work asked for, or do it and answer the seconds, until told to end."""
    side = importlib.import_module(module)
    work: Work = dict
    while (request := pipe.recv()) is not None:
        function, arguments = request
        begun = time.perf_counter()
        if function == "go":
            work()
        else:
            work = getattr(side, function)(*arguments)
        pipe.send(time.perf_counter() - begun)


class Side:
    """A process that does the works of one module of this directory."""

    def __init__(self, module: str) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, module))
        self.process.start()
        theirs.close()

    def ask(self, function: str, *arguments: Any) -> float:
        """Prepare a work, or with 'go' do it after a pause; seconds."""
        time.sleep(PAUSE)
        self.pipe.send((function, arguments))
        return float(self.pipe.recv())

    def close(self) -> None:
        """End the process."""
        self.pipe.send(None)
        self.process.join()


def in_turn(rounds: int, *works: Callable[[], float | None]) -> list[list[float]]:
    """The seconds of each piece of work, each once a round after a round to warm up; a work may time itself."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(rounds + 1):
        for k, work in enumerate(works):
            begun = time.perf_counter()
            own = work()
            times[k].append(time.perf_counter() - begun if own is None else own)
    return [t[1:] for t in times]


def sides_in_turn(rounds: int, *asked: tuple[Side, str, tuple[Any, ...]]) -> list[list[float]]:
    """The same for works of sides, timed where they are done."""
    for side, function, arguments in asked:
        side.ask(function, *arguments)
    return in_turn(rounds, *(lambda side=side: side.ask("go") for side, _, _ in asked))


class Bars:
    """What was measured against what it must reach."""

    def __init__(self) -> None:
        self.verdicts: list[tuple[str, float, float]] = []

    def check(self, name: str, value: Ratio, least: float) -> str:
        """The value for a table, marked if it is below its bar."""
        self.verdicts.append((name, value.median, least))
        return f"{value}" + ("" if value.median >= least else " ✗")

    def leave(self) -> None:
        """Print pass or fail, and exit 1 if a bar was missed."""
        missed = [f"{name}: {value:.2f}, bar {least:.2f}" for name, value, least in self.verdicts if value < least]
        reached = len(self.verdicts) - len(missed)
        print(f"\n{'fail' if missed else 'pass'}: {reached} of {len(self.verdicts)} bars reached")
        for line in missed:
            print(f"* missed: {line}")
        raise SystemExit(bool(missed))


def keep_bytecode(directory: str) -> None:
    """Let processes that are started from here keep compiled modules, as an installed package does."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = directory
