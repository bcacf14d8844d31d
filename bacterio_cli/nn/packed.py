"""The geometry of a packed batch: names of unequal lengths side by side, without padding.

Names are sorted longest first; the rows of step 1 come first, then those of step 2, and so on.
`batch_sizes[t]` counts the names still running, and they are the first so many rows. N = Σ batch_sizes
rows in all, B = batch_sizes[0] names. (PyTorch's PackedSequence has the same layout.)

A *history* (B + N, n) is the initial state on top of the values of all steps, so that v⟨t⟩ and v⟨t−1⟩ are
slices of one array.

Names that begin with the same letter, as all do with the boundary, and from no state are one and the same at step 1.
They may then share a *trunk*, a single row for that step, which all rows of step 2 follow: batch_sizes = 1, B, …,
and a history has 1 + N rows. What comes back to a trunk is the sum of what comes back to each name.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bacterio_cli.nn.layers import Array

TRUNK_FROM = 256  # units; in a smaller net to save the rows takes as long as to compute them


class Step(NamedTuple):
    """The rows of one time step: `now` in x and all that is like it, `before` where the same names stand in a history
    one step before, and `names`, the first so many rows, where there is a row a name.

    The one row of a trunk is `now` at step 1 and `before` at step 2, for all names.
    """

    now: slice
    before: slice
    names: slice
    on_trunk: bool = False  # whether `before` is the one row of a trunk


def names_in(batch_sizes: Array) -> int:
    """B, which after a trunk stands at step 2."""
    return int(max(batch_sizes[:2].tolist()))


def steps_of(batch_sizes: Array) -> list[Step]:
    """The steps of a packed batch; the first rows of a history, the initial state, come before step 1."""
    sizes = batch_sizes.tolist()
    steps, start, before = [], 0, 0
    for size in sizes:
        steps.append(Step(slice(start, start + size), slice(before, before + size), slice(0, size)))
        before = sizes[0] + start
        start += size
    if len(sizes) > 1 and sizes[1] > sizes[0]:
        steps[0] = steps[0]._replace(names=steps[1].names)
        steps[1] = steps[1]._replace(before=slice(1, 2), on_trunk=True)
    return steps


def trunk_of(x: Array, batch_sizes: Array) -> tuple[Array, Array]:
    """Ids and sizes with a trunk, if all names begin with the same id and none ends there; else as they are.

    (N,) → (N − B + 1,)
    """
    B = int(batch_sizes[0])
    if batch_sizes[1:2].tolist() != [B] or (x[:B] != x[0]).any():
        return x, batch_sizes
    sizes = batch_sizes.copy()
    sizes[0] = 1
    return x[B - 1 :], sizes


def spread(rows: Array, N: int) -> Array:
    """The row of a trunk once for every name, then the others: N rows.  (N − B + 1, n) → (N, n)"""
    if len(rows) == N:
        return rows
    more = N - len(rows)
    whole = np.empty((N, rows.shape[1]), rows.dtype)
    whole[:more], whole[more:] = rows[0], rows
    return whole


def folded(drows: Array, N: int) -> Array:
    """The backward of `spread`: the sum over step 1 for its trunk, then the others: N rows."""
    if len(drows) == N:
        return drows
    more = len(drows) - N
    rows = drows[more:].copy()
    rows[0] += drows[:more].sum(axis=0)
    return rows


def carried(carry: Array, t: Step) -> Array:
    """What has come back to each row of a step, of `carry` (B, n), a row a name: to a trunk the sum over all names."""
    rows = carry[t.names]
    return rows if len(rows) == t.now.stop - t.now.start else rows.sum(axis=0, keepdims=True)


def previous_rows(history: Array, batch_sizes: Array) -> Array:
    """a⟨t−1⟩ beside every row of a⟨t⟩.  (B + N, n_a) → (N, n_a)

    Row p of step t has its predecessor at p + batch_sizes[0] − batch_sizes[t−1] of the history, and all rows of
    step 2 have a trunk's.
    """
    first = int(batch_sizes[0])
    N = len(history) - first
    if first * len(batch_sizes) == N:
        return history[:N]
    back = np.empty_like(batch_sizes)
    back[0], back[1:] = 0, first - batch_sizes[:-1]
    rows = np.arange(N) + np.repeat(back, batch_sizes)
    if batch_sizes[1] > first:
        rows[1 : 1 + batch_sizes[1]] = 1
    return np.take(history, rows, axis=0)


def last_rows(history: Array, batch_sizes: Array) -> Array:
    """The state of each name after its own last letter.  (B + N, n_a) → (B, n_a)"""
    first, B = int(batch_sizes[0]), names_in(batch_sizes)
    if batch_sizes[-1] == B:
        return history[len(history) - B :]
    last = np.searchsorted(-batch_sizes[1:], -np.arange(B), side="left")
    begins = np.cumsum(batch_sizes) - batch_sizes
    return history[first + begins[last] + np.arange(B)]
