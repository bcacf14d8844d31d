"""The geometry of a packed batch: names of unequal lengths side by side, without padding.

Names are sorted longest first. The rows of step 1 come first, then those of step 2, and so on; `batch_sizes[t]` counts
the names that are still running at a step, and they are always the first so many. N = Σ batch_sizes rows in all,
B = batch_sizes[0] names. (PyTorch's PackedSequence has the same layout.)

    names  abc, de                     step         1    2    3    4
    ids    0 0 | a d | b e | c         batch_sizes  2    2    2    1

`hidden_states` (B + N, n_a) is the initial state on top of the values of all steps, so that both a⟨t⟩ and a⟨t−1⟩ are
slices of one array.
"""

from typing import NamedTuple

import numpy as np

from bacterio_cli.nn.layers import Array


class Step(NamedTuple):
    """The rows of one time step: `now` in x and whatever has its rows; `before` in `hidden_states`, the same names one
    step earlier; `running` in a state (B, n_a), which has one row per name."""

    now: slice
    before: slice
    running: slice


def steps_of(batch_sizes: Array) -> list[Step]:
    """The steps of a packed batch, in order."""
    sizes = batch_sizes.tolist()
    steps, start, before = [], 0, 0
    for size in sizes:
        steps.append(Step(slice(start, start + size), slice(before, before + size), slice(0, size)))
        before = sizes[0] + start
        start += size
    return steps


def previous_rows(hidden_states: Array, steps: list[Step]) -> Array:
    """a⟨t−1⟩ beside every row of a⟨t⟩.  (B + N, n_a) → (N, n_a)"""
    return np.concatenate([hidden_states[step.before] for step in steps])


def last_rows(hidden_states: Array, steps: list[Step]) -> Array:
    """The state of each name after its own last letter.  (B + N, n_a) → (B, n_a)"""
    last = hidden_states[steps[0].running].copy()
    for step in steps:  # a name that goes on is overwritten by its next step
        last[step.running] = hidden_states[len(last) :][step.now]
    return last
