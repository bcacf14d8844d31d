"""The geometry of a packed batch: names of unequal lengths side by side, without padding.

Names are sorted longest first; the rows of step 1 come first, then those of step 2, and so on.
`batch_sizes[t]` counts the names still running, and they are the first so many rows. N = Σ batch_sizes
rows in all, B = batch_sizes[0]. (PyTorch's PackedSequence has the same layout.)

A *history* (B + N, n) is the initial state on top of the values of all steps, so that v⟨t⟩ and v⟨t−1⟩ are
slices of one array.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bacterio_cli.nn.layers import Array


class Step(NamedTuple):
    """The rows of one time step: `now` in x and all that is like it, `before` where the same names stand in a history
    one step before, and `names`, the first so many rows, where there is a row a name.
    """

    now: slice
    before: slice
    names: slice


def steps_of(batch_sizes: Array) -> list[Step]:
    """The steps of a packed batch; the first B rows of a history, the initial state, come before step 1."""
    sizes, stops = batch_sizes.tolist(), np.cumsum(batch_sizes).tolist()
    steps, before = [], 0
    for size, stop in zip(sizes, stops, strict=True):
        steps.append(Step(slice(stop - size, stop), slice(before, before + size), slice(0, size)))
        before = stop - size + sizes[0]
    return steps


def previous_rows(history: Array, batch_sizes: Array) -> Array:
    """a⟨t−1⟩ beside every row of a⟨t⟩.  (B + N, n_a) → (N, n_a)

    Row p of step t has its predecessor at p + B − batch_sizes[t−1] of the history.
    """
    B, N = int(batch_sizes[0]), len(history) - int(batch_sizes[0])
    if batch_sizes[-1] == B:
        return history[:N]
    shift = np.repeat(B - np.concatenate([batch_sizes[:1], batch_sizes[:-1]]), batch_sizes)
    return np.take(history, np.arange(N) + shift, axis=0)


def last_rows(history: Array, batch_sizes: Array) -> Array:
    """The state of each name after its own last letter.  (B + N, n_a) → (B, n_a)"""
    B = int(batch_sizes[0])
    if batch_sizes[-1] == B:
        return history[len(history) - B :]
    lengths = np.searchsorted(-batch_sizes, -np.arange(B), side="left")
    starts = np.concatenate([[0], np.cumsum(batch_sizes)])
    return history[B + starts[lengths - 1] + np.arange(B)]
