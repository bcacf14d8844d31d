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
    """The rows of one time step: start:stop in x, and where the same names stand one step before."""

    start: int
    stop: int
    before: int

    @property
    def rows(self) -> int:
        """How many names are still running."""
        return self.stop - self.start


def steps_of(batch_sizes: Array) -> list[Step]:
    """The steps of a packed batch; `before` indexes a history, whose first B rows are the initial state."""
    sizes, stops = batch_sizes.tolist(), np.cumsum(batch_sizes).tolist()
    B = sizes[0]
    return [
        Step(stop - size, stop, stop - size + B - previous)
        for size, stop, previous in zip(sizes, stops, [B, *sizes], strict=False)
    ]


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
