"""Long rows in chunks on two threads: how sampling and scoring use two cores.

NumPy lets go of the interpreter inside a product or a function of a long array, so that chunks run side by side. What
is a chunk depends on the sizes alone, never on the machine or on timing; on a single core the threads take turns.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

HELPER = "bacterio-helper"


@cache
def helper() -> ThreadPoolExecutor:
    """The second thread, which is started when it is first needed."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(1, HELPER)


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

    other = helper().submit(copy_context().run, each, chunks[1::2])  # the context holds NumPy's errstate
    each(chunks[::2])
    other.result()
