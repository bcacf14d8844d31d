"""A second process, forked off this one, that does its part of each step on the same parameters.

Two threads of Python hand the interpreter to and fro at each call of NumPy, which for the short calls of a small net
takes longer than the calls themselves. Two processes share memory instead, and meet twice a step.
"""

from __future__ import annotations

import mmap
import os
import pickle
import select
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, NoReturn

import numpy as np

from bacterio_cli.lm.threads import HELPER
from bacterio_cli.nn.layers import Params
from bacterio_cli.nn.models import Gradients

Work = Callable[[], Gradients]
Steps = Iterator[tuple[Any, Work | None]]

LOOKS = 500  # about half a millisecond


def shared(arrays: Params) -> Params:
    """The same numbers in memory that this process and those forked off it later have in common."""
    moved = {}
    for name, array in arrays.items():
        moved[name] = np.frombuffer(mmap.mmap(-1, array.nbytes), array.dtype).reshape(array.shape)
        moved[name][...] = array
    return moved


def can_fork() -> bool:
    """Whether a copy of this process can work by itself: on Linux, and where no other thread may hold a lock.

    On macOS the system's own BLAS does not survive a fork. The thread of `chunks` waits for work and holds none.
    """
    others = [thread for thread in threading.enumerate() if thread is not threading.current_thread()]
    return sys.platform == "linux" and all(thread.name.startswith(HELPER) for thread in others)


class Line:
    """One end of the pipe between the two."""

    def __init__(self, pipe: Connection) -> None:
        self.pipe, self.message = pipe, select.poll()
        self.message.register(pipe.fileno(), select.POLLIN)

    def send(self, value: Any) -> None:
        """OSError if the other end is closed."""
        self.pipe.send_bytes(pickle.dumps(value))

    def receive(self) -> Any:
        """The next message. To sleep and be woken up takes longer than a small step: first look for it for a while.

        EOFError or OSError if the other end is closed.
        """
        for _ in range(LOOKS):
            if self.message.poll(0):
                break
            os.sched_yield()
        return pickle.loads(self.pipe.recv_bytes())


class ForkedWorker:
    """The process that does the work of `steps`, one step a call of `begin`, with `params` as they then are.

    `params` must be in shared memory; all else is as it was when this was made. The next step is made ready while
    nothing is asked. Signals to end are left to the first process; when that closes the pipe, or ends in whatever
    way, the second ends too. OSError if none can begin.
    """

    def __init__(self, steps: Steps, params: Params) -> None:
        self.grads = shared(params)
        ours, theirs = Pipe()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 counts the thread of `chunks`
                self.pid = os.fork()
            if self.pid == 0:
                ours.close()
                serve(steps, Line(theirs), self.grads)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        self.line = Line(ours)

    def begin(self) -> None:
        """Let it do the next step."""
        with suppress(OSError):  # if it has ended, `answer` says so
            self.line.send(None)

    def answer(self) -> Gradients | None:
        """What came of that, until `begin` is called again.

        Raises what the work raised; EOFError or OSError if the process has ended.
        """
        answer = self.line.receive()
        if isinstance(answer, Exception):
            raise answer
        return answer and answer._replace(grads=self.grads)

    def close(self) -> None:
        """End the second process and wait for its end."""
        self.line.pipe.close()
        with suppress(ChildProcessError):  # where SIGCHLD is ignored there is nothing to wait for
            os.waitpid(self.pid, 0)


def serve(steps: Steps, line: Line, room: Params) -> NoReturn:
    """In the second process: the work of each step when it is asked for, its gradients in `room`."""
    try:
        for _, work in steps:
            line.receive()
            try:
                answer = work and work()
            except Exception as error:
                line.send(error)
                continue
            if answer:
                for name, g in answer.grads.items():
                    room[name][...] = g
                answer = answer._replace(grads={})
            line.send(answer)
    finally:
        os._exit(0)
