"""The gradients of a batch from two shards, computed side by side: how training uses two cores.

The names of a batch are independent of each other, and L is a mean over its N letters. With L_h the mean over the
N_h letters of shard h and s_h = N_h / N:

L = Σ_h s_h L_h        ∂L/∂θ = Σ_h s_h ∂L_h/∂θ

Whether a batch is split depends on sizes alone, never on the machine or on timing, and the same shards are added in
the same order everywhere. Who computes the second shard is another matter: a forked worker (see `worker`), or, where
there can be none, this process itself after the first. The bytes are the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any

import numpy as np

from bacterio_cli.nn.layers import Params
from bacterio_cli.nn.models import Gradients, Model
from bacterio_cli.training.worker import TIMEOUT, ForkedWorker, Steps, can_fork, shared

# names × units² of a batch, the size of the default config: below it two cores gain less than messages cost.
SPLIT_FROM = 2**19


def work_estimate(model: Model, names: int) -> int:
    """How much work a batch is: names × units², 0 if it is a single name, which cannot be split."""
    return names * model.n_a**2 if names > 1 else 0


def gradients_of_shards(
    steps: Callable[[int, int], Steps],
    params: Params,
    estimate: int,
    *,
    split_from: int = SPLIT_FROM,
    fork: bool | None = None,
    timeout: float = TIMEOUT,
) -> Generator[tuple[Any, Gradients], None, None]:
    """The gradients of each step, beside the batch of steps(0, …); `estimate` is the work of the largest batch.

    `steps(k, shards)` goes on from where the training stands and yields (batch, work of shard k), with None for a
    shard 1 without names. Each shard must be scaled by its share already (see `loss_and_grads`). A worker knows what
    there was when it began and, of all that changes, `params`: they are moved to memory that both see. The hidden
    states are those of names k, k + 2, … and come back in the order of the whole batch. `fork` None: where possible.
    A worker is given up after `timeout` seconds, or 20 times what this process's own shard took.
    """
    if estimate < split_from:
        for batch, work in steps(0, 1):
            assert work is not None
            yield batch, work()
        return
    worker = None
    if can_fork() if fork is None else fork:
        with suppress(OSError):  # no memory or no process left
            params |= shared(params)
            worker = ForkedWorker(steps(1, 2), params)
    ahead, behind = steps(0, 2), None
    try:
        step = next(ahead, None)
        while step:
            if worker:
                worker.begin()
            batch, work = step
            assert work is not None
            begun = time.perf_counter()
            first = work()
            longest = max(timeout, 20 * (time.perf_counter() - begun))
            step = next(ahead, None)  # made ready while the worker may still be at work
            if worker:
                try:
                    second = worker.answer(longest)
                except (EOFError, OSError):  # it was killed, as by a system short of memory, or it hangs
                    worker.close()
                    worker = None
            if not worker:
                behind = behind or steps(1, 2)
                work = next(behind)[1]
                second = work and work()
            yield batch, first if second is None else added(first, second)
    finally:
        if worker:
            worker.close()


def added(first: Gradients, second: Gradients) -> Gradients:
    """The sum of two shards, in the arrays of the first; of the states, rows 0, 2, … are the first's."""
    for name, g in first.grads.items():
        g += second.grads[name]
    state = []
    for even, odd in zip(first.state, second.state, strict=True):
        state.append(np.empty((len(even) + len(odd), *even.shape[1:]), even.dtype))
        state[-1][::2], state[-1][1::2] = even, odd
    return Gradients(first.loss + second.loss, first.grads, tuple(state), ())
