"""The gradients of a batch in two halves, side by side: how training uses two cores.

The names of a batch are independent of each other, and L is a mean over its N letters. With L_h the mean over the
N_h letters of half h and s_h = N_h / N:

L = Σ_h s_h L_h        ∂L/∂θ = Σ_h s_h ∂L_h/∂θ

Whether a batch is parted depends on the sizes alone, never on the machine or on timing: the same halves are added up
in the same order everywhere. Who works on the second half is another matter: a process of its own (see `second`);
where there can be none, a thread, if products are long enough for the two not to wait for each other at the
interpreter; else they take turns.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any

import numpy as np

from bacterio_cli.lm.threads import helper
from bacterio_cli.nn.layers import Array, Params
from bacterio_cli.nn.models import Gradients, Model
from bacterio_cli.training.worker import ForkedWorker, Steps, can_fork, shared

# names × units², the size of the default recipe: below it two cores gain less by halves, and one loses more.
SPLIT_FROM = 2**19
THREAD_FROM = 2**21  # at half of it two threads take longer than one


def size_of(model: Model, names: int) -> int:
    """How much there is to part in a batch: names × units², 0 if it is a single name."""
    return names * model.n_a**2 if names > 1 else 0


class InTurn:
    """As `ForkedWorker`, but here, after the first half."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps

    def begin(self) -> None:
        """Nothing goes on beside the first half."""

    def answer(self) -> Gradients | None:
        """The next step's second half; None if it has none."""
        _, work = next(self.steps)
        return work and work()

    def close(self) -> None:
        """Nothing is left to be ended."""


class SecondThread(InTurn):
    """As `ForkedWorker`, in a thread of this process."""

    def begin(self) -> None:
        """Let it do the next step."""
        self.future = helper().submit(super().answer)

    def answer(self) -> Gradients | None:
        """What came of it."""
        return self.future.result()


def in_step(
    steps: Callable[[int, int], Steps], params: Params, size: int
) -> Generator[tuple[Any, Gradients], None, None]:
    """The gradients of each step, beside what steps(0, …) says of it; `size` is that of the largest batch.

    `steps(k, parts)` goes on from where the training stands and yields the work of part k of each batch, None for a
    part 1 without names. Each part must be scaled by its share already (see `loss_and_grads`). The second process
    knows what there was when it began and, of all that changes, `params`: they are moved to memory that both see.
    The states are those of names k, k + 2, … and come back in the order of the whole batch.
    """
    if size < SPLIT_FROM:
        for item, work in steps(0, 1):
            assert work is not None
            yield item, work()
        return
    alone = SecondThread if size >= THREAD_FROM else InTurn
    second: ForkedWorker | InTurn = alone(steps(1, 2))
    if can_fork():
        with suppress(OSError):  # no memory or no process more
            params |= shared(params)
            second = ForkedWorker(steps(1, 2), params)
    try:
        second.begin()
        ahead = steps(0, 2)
        step = next(ahead, None)
        while step:
            item, work = step
            assert work is not None
            first = work()
            step = next(ahead, None)  # made ready while the second half may still be at work
            try:
                other = second.answer()
            except (EOFError, OSError):  # it was killed, as by a system short of memory
                second.close()
                second = alone(steps(1, 2))
                second.begin()
                other = second.answer()
            yield item, first if other is None else added(first, other)
            second.begin()
    finally:
        second.close()


def added(first: Gradients, second: Gradients) -> Gradients:
    """The sum of two halves, in the arrays of the first."""
    for name, g in first.grads.items():
        g += second.grads[name]
    return Gradients(
        first.loss + second.loss,
        first.grads,
        tuple(interleaved(a, b) for a, b in zip(first.state, second.state, strict=True)),
        tuple(interleaved(a, b) for a, b in zip(first.dstate, second.dstate, strict=True)),
    )


def interleaved(even: Array, odd: Array) -> Array:
    """Rows 0, 2, … from the one and 1, 3, … from the other."""
    rows = np.empty((len(even) + len(odd), *even.shape[1:]), even.dtype)
    rows[::2], rows[1::2] = even, odd
    return rows
