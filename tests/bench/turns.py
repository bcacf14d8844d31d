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
from typing import Any

Work = Callable[[], None]

PAUSE = 0.05  # seconds


def serve(pipe: Connection, module: str) -> None:
    """In the process of a side: make the work asked for, or do it and answer the seconds, until told to end."""
    side = importlib.import_module(module)
    works: list[Work] = []
    while (request := pipe.recv()) is not None:
        function, arguments = request
        if function == "go":
            begun = time.perf_counter()
            works[0]()
            pipe.send(time.perf_counter() - begun)
        else:
            works[:] = [getattr(side, function)(*arguments)]
            pipe.send(0.0)


class Side:
    """A process that does the works of one module of this directory."""

    def __init__(self, module: str) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, module), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, function: str, *arguments: Any) -> float:
        """Make a work, or with 'go' do it after a pause; seconds."""
        time.sleep(PAUSE)
        self.pipe.send((function, arguments))
        return float(self.pipe.recv())

    def close(self) -> None:
        """End the process."""
        self.pipe.send(None)
        self.process.join()


def in_turn(rounds: int, *works: Work) -> list[float]:
    """The median seconds of each piece of work, all of them once a round after one round to warm up."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(rounds + 1):
        for k, work in enumerate(works):
            begun = time.perf_counter()
            work()
            times[k].append(time.perf_counter() - begun)
    return [statistics.median(t[1:]) for t in times]


def sides_in_turn(rounds: int, *asked: tuple[Side, str, tuple[Any, ...]]) -> list[float]:
    """The same for works of sides, timed where they are done."""
    for side, function, arguments in asked:
        side.ask(function, *arguments)
    times = [[side.ask("go") for side, _, _ in asked] for _ in range(rounds + 1)]
    return [statistics.median(t) for t in zip(*times[1:], strict=True)]


class Bars:
    """What was measured against what it must reach."""

    def __init__(self) -> None:
        self.verdicts: list[tuple[str, float, float]] = []

    def check(self, name: str, value: float, least: float) -> str:
        """The value for a table, marked if it is below its bar."""
        self.verdicts.append((name, value, least))
        return f"{value:.2f}" + ("" if value >= least else " ✗")

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
