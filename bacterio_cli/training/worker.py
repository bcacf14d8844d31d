"""A worker process that computes its shard of each training step on the same parameters.

Two Python threads hand the interpreter to and fro at each call of NumPy, which for the short calls of a small net takes
longer than the calls themselves. Two processes share memory instead, and exchange two messages per step.
"""

import mmap
import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from multiprocessing.connection import Connection

import numpy as np

from bacterio_cli.nn.cells import State
from bacterio_cli.nn.layers import Array, Params
from bacterio_cli.nn.models import Gradients

SPIN = 2e-3  # seconds in which a message is looked for before it is waited for
Work = Callable[[State], Gradients]  # the call for a step, which is given its hidden states
TIMEOUT = 20.0  # seconds after which a worker is given up for the rest of the phase


def shared(array: Array) -> Array:
    """The same numbers in memory that this process and those forked off it later have in common."""
    moved = np.frombuffer(mmap.mmap(-1, array.nbytes), array.dtype).reshape(array.shape)
    moved[...] = array
    return moved


def can_fork() -> bool:
    """Whether a copy of this process can work by itself: on Linux, and where no other thread may hold a lock.

    On macOS the system's own BLAS does not survive a fork.
    A daemon of multiprocessing, as the workers of a Pool are, may have no processes of its own.
    """
    alone = threading.active_count() == 1
    return sys.platform == "linux" and alone and not multiprocessing.current_process().daemon


class ForkedWorker:
    """A forked copy of this process that makes the calls of `works`, one for each `begin`, beside this process.

    It sees what `shared` arrays then hold; all else is as it was when this was made. The next call is made ready while
    nothing is asked for. When the first process ends, in whatever way, the worker ends too. It is given up if it does
    not answer in time. OSError if it cannot start.
    """

    def __init__(self, works: Iterable[Work], params: Params, hidden: State, timeout: float = TIMEOUT) -> None:
        context = multiprocessing.get_context("fork")
        self.grads, self.timeout = {name: shared(p) for name, p in params.items()}, timeout
        self.hidden = tuple(map(shared, hidden))
        self.pipe, workers_end = context.Pipe()
        arguments = (works, self.pipe, workers_end, self.grads, self.hidden)
        self.process = context.Process(target=serve, args=arguments, daemon=True)
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # Python 3.12 counts BLAS's threads
            self.process.start()
        workers_end.close()

    def begin(self, hidden: State) -> None:
        """Let it make the next call, with these hidden states."""
        for mine, s in zip(self.hidden, hidden, strict=True):
            mine[...] = s
        with suppress(OSError):  # if it has ended, `answer` says so
            self.pipe.send(None)

    def answer(self) -> Gradients | None:
        """What the call returned, gradients until the next; None if the process has ended, or is ended as silent."""
        with suppress(EOFError, OSError):
            look_for(self.pipe)
            if self.pipe.poll(self.timeout):
                loss, state = self.pipe.recv()
                return Gradients(loss, self.grads, state, ())
        self.close()
        return None

    def close(self) -> None:
        """End the process, which has nothing to save, and wait for its end."""
        self.pipe.close()
        self.process.kill()
        self.process.join()


def look_for(pipe: Connection) -> None:
    """Look for a message before it is waited for, and for so long at most: waking up takes longer than a small step."""
    soon = time.perf_counter() + SPIN
    while not pipe.poll() and time.perf_counter() < soon:
        os.sched_yield()  # to a program that wants the core, and would else get it in the middle of the step


def serve(works: Iterable[Work], first_end: Connection, pipe: Connection, grads: Params, hidden: State) -> None:
    """In the worker, at its end of the pipe: each call when asked for, until one fails or the first process ends."""
    first_end.close()  # so that the pipe ends with the first process
    for number in (signal.SIGINT, signal.SIGHUP):  # they reach the first process too, which saves
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with suppress(Exception):  # the first process does itself what is not answered, and raises what there is to raise
        for work in works:
            look_for(pipe)
            pipe.recv()
            result = work(hidden)
            for name, g in result.grads.items():
                grads[name][...] = g
            pipe.send((result.loss, result.state))
