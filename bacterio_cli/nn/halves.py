"""A batch in two halves, or long rows in chunks, on two threads: how training and sampling use two cores.

The names of a batch are independent of each other, and L is a mean over its N letters. With L_h the mean over the
N_h letters of half h and s_h = N_h / N:

L = Σ_h s_h L_h        ∂L/∂θ = Σ_h s_h ∂L_h/∂θ

NumPy lets go of the interpreter inside a product or a function of a long array, so the halves run side by side where
such calls are long. Where they are short, handing the interpreter back and forth costs more than it brings. Which it
is depends on the sizes alone, never on the machine or on timing: the same halves are added up in the same order
everywhere; on a single core the threads take turns.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from bacterio_cli.nn.layers import Array
from bacterio_cli.nn.models import Gradients, Model

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

SPLIT_FROM = 2**21  # names × units²: at half of it a second thread brings nothing, and on a busy machine it costs


def parts_of(model: Model, names: int) -> int:
    """Into how many parts a batch of so many names goes: 1 or 2."""
    return 2 if names > 1 and names * model.n_a**2 >= SPLIT_FROM else 1


@cache
def helper() -> ThreadPoolExecutor:
    """The second thread, which is started when it is first needed."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(1, "half")


def in_parts(work: Callable[[int], Gradients], parts: int) -> Gradients:
    """The sum of work(0) and work(1), the latter in the second thread; work(0) alone for one part.

    Each part must be scaled by its share already (see `loss_and_grads`). The states are those of the names
    k, k + parts, … and come back in the order of the whole batch.
    """
    if parts == 1:
        return work(0)
    other = helper().submit(copy_context().run, work, 1)  # the context holds NumPy's errstate
    first, second = work(0), other.result()
    for name, g in first.grads.items():
        g += second.grads[name]
    return Gradients(
        first.loss + second.loss,
        first.grads,
        tuple(interleaved(a, b) for a, b in zip(first.state, second.state, strict=True)),
        tuple(interleaved(a, b) for a, b in zip(first.dstate, second.dstate, strict=True)),
    )


def in_chunks(work: Callable[[slice], None], count: int, size: int) -> None:
    """work(rows) for `count` rows, in an even number of chunks of up to `size`, every second one in the second thread.

    The chunks are the same whatever the threads do, and each writes to rows of its own; half a chunk stays whole.
    """
    if count <= size // 2:
        return work(slice(0, count))
    edges = np.linspace(0, count, 2 * -(-count // (2 * size)) + 1).astype(int).tolist()
    chunks = [slice(begin, end) for begin, end in pairwise(edges) if begin < end]

    def each(own: list[slice]) -> None:
        for chunk in own:
            work(chunk)

    other = helper().submit(copy_context().run, each, chunks[1::2])
    each(chunks[::2])
    other.result()


def interleaved(even: Array, odd: Array) -> Array:
    """Rows 0, 2, … from the one and 1, 3, … from the other."""
    rows = np.empty((len(even) + len(odd), *even.shape[1:]), even.dtype)
    rows[::2], rows[1::2] = even, odd
    return rows
