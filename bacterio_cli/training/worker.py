"""A worker process that computes its shard of each training step on the same parameters.

Two Python threads hand the interpreter to and fro at each call of NumPy, which for the short calls of a small net takes
longer than the calls themselves. Two processes share memory instead, and exchange two messages per step.
"""

import ctypes
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
from typing import Any

import numpy as np

from bacterio_cli.nn.layers import Params
from bacterio_cli.nn.models import Gradients

Work = Callable[[], Gradients]
Steps = Iterable[tuple[Any, Work | None]]

SPIN = 0.0005  # seconds
PR_SET_PDEATHSIG = 1  # in linux/prctl.h
TIMEOUT = 20.0  # seconds after which a worker is given up for the rest of the phase


def shared(arrays: Params) -> Params:
    """The same numbers in memory that this process and those forked off it later have in common."""
    moved = {}
    for name, array in arrays.items():
        moved[name] = np.frombuffer(mmap.mmap(-1, array.nbytes), array.dtype).reshape(array.shape)
        moved[name][...] = array
    return moved


def can_fork() -> bool:
    """Whether a copy of this process can work by itself: on Linux, and where no other thread may hold a lock.

    On macOS the system's own BLAS does not survive a fork.
    A daemon of multiprocessing, as the workers of a Pool are, may have no processes of its own.
    """
    alone = threading.active_count() == 1
    return sys.platform == "linux" and alone and not multiprocessing.current_process().daemon


class ForkedWorker:
    """The shard computed by a forked process, one step for each call of `begin`, with `params` as they then are.

    `params` must be in shared memory; all else is as it was when this was made. The next step is made ready while
    nothing is asked for. When the first process ends, in whatever way, the worker ends too. OSError if it cannot start.
    """

    def __init__(self, steps: Steps, params: Params) -> None:
        context = multiprocessing.get_context("fork")
        self.grads = shared(params)
        self.pipe, theirs = context.Pipe()
        arguments = (steps, theirs, self.grads, os.getpid())
        self.process = context.Process(target=serve, args=arguments, daemon=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 counts the threads of BLAS
            self.process.start()
        theirs.close()

    def begin(self) -> None:
        """Let it do the next step."""
        with suppress(OSError):  # if it has ended, `answer` says so
            self.pipe.send(None)

    def answer(self, timeout: float) -> Gradients | None:
        """The gradients of that step, valid until `begin` is called again; None if the shard has no name of the batch.

        EOFError or OSError, of which TimeoutError is one, if the process has ended or is silent for `timeout` seconds.
        """
        look_for(self.pipe)
        if not self.pipe.poll(timeout):
            raise TimeoutError("the worker does not answer")
        answer: Gradients | None = self.pipe.recv()
        return answer and answer._replace(grads=self.grads)

    def close(self) -> None:
        """End the process, which has nothing to save, and wait for its end."""
        self.pipe.close()
        self.process.kill()
        self.process.join()


def look_for(pipe: Connection) -> None:
    """Look for a message before it is waited for, and for so long at most: waking up takes longer than a small step."""
    soon = time.perf_counter() + SPIN
    while not pipe.poll() and time.perf_counter() < soon:
        pass


def serve(steps: Steps, pipe: Connection, grads: Params, parent: int) -> None:
    """In the worker: the work of each step when it is asked for, its gradients written to `grads`."""
    for number in (signal.SIGINT, signal.SIGHUP):  # they reach the first process too, which saves
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # to end with the first process, also if it is stopped
    if os.getppid() != parent:  # which has ended already
        return
    with suppress(Exception):  # the first process does itself what is not answered, and raises what there is to raise
        for _, work in steps:
            look_for(pipe)
            pipe.recv()
            answer = work and work()
            if answer:
                for name, g in answer.grads.items():
                    grads[name][...] = g
                answer = answer._replace(grads={})
            pipe.send(answer)
