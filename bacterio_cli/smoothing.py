"""What the table gives to training: its discounts, and honest targets for the net.

A target is t = (1 − A)·onehot + A·p, with p the table's distribution. Counted on all training names, the
table has seen the very letter that it is asked about, and p leans towards it. So p is cross-fitted: the
names are dealt into folds, and each name's p comes from a table counted on the other folds.
"""

from __future__ import annotations

import numpy as np

from bacterio_cli.names.batches import Batch, Text
from bacterio_cli.ngram import Counts, NGram
from bacterio_cli.nn.layers import Array

FOLDS, FOLDS_OF_A_LARGE_TEXT = 10, 4  # a table's memory is that of what it has seen, and each fold has one
LARGE_TEXT = 300_000  # letters
WALK = 4096  # names walked through a table at once
LARGEST_DISCOUNTS = (0.98, 1.95, 2.9)
LETTERS_TO_CHOOSE_ON = 20_000


def estimated_discounts(counts: Counts) -> tuple[float, float, float]:
    """D_c = c − (c + 1) Y n_{c+1}/n_c, Y = n₁/(n₁ + 2 n₂), all orders at once.  (Chen and Goodman 1999, eq. 26)"""
    n1, n2, n3, n4 = (max(1, int((counts.count == c).sum())) for c in (1, 2, 3, 4))
    Y = n1 / (n1 + 2 * n2)
    estimates = (1 - 2 * Y * n2 / n1, 2 - 3 * Y * n3 / n2, 3 - 4 * Y * n4 / n3)
    d1, d2, d3 = (float(np.clip(d, 0.05, most)) for d, most in zip(estimates, LARGEST_DISCOUNTS, strict=True))
    return d1, d2, d3


def walk(table: NGram, text: Text) -> Array:
    """The table's state at every position of a text, (N,) int32."""
    states = np.empty(len(text.ids) - 1, np.int32)
    for batch in text.name_batches(WALK):
        states[batch.position] = table.states(batch.x, batch.batch_sizes)
    return states


def choose_discounts(counts: Counts, held_out: Text | None) -> tuple[float, float, float]:
    """The discounts with the least loss on held-out names, by coordinate descent from the estimate.

    Steps of 0.1 and 0.05: the loss is flat near its minimum. Without held-out names, the estimate.
    """
    best = estimated_discounts(counts)
    if held_out is None:
        return best
    states = walk(NGram(counts, best), held_out)[:LETTERS_TO_CHOOSE_ON]
    letters = held_out.ids[1:][:LETTERS_TO_CHOOSE_ON]

    def loss(discounts: tuple[float, float, float]) -> float:
        return -float(np.log(NGram(counts, discounts).likelihood(states, letters)).mean())

    least = loss(best)
    for size in (0.1, 0.05):
        moved = True
        while moved:
            moved = False
            for k in range(3):
                for step in (size, -size):
                    trial = list(best)
                    trial[k] = float(np.clip(trial[k] + step, 0.05, LARGEST_DISCOUNTS[k]))
                    tried = (trial[0], trial[1], trial[2])
                    if tried != best and (value := loss(tried)) < least - 1e-6:
                        best, least, moved = tried, value, True
    return best


class CrossFit:
    """The soft targets of a text: per fold a table of the other folds, and one state number a position."""

    def __init__(
        self,
        text: Text,
        n_y: int,
        *,
        order: int,
        discounts: tuple[float, float, float],
        weight: float,
        rng: np.random.Generator,
    ) -> None:
        self.weight, self.n_y = weight, n_y
        folds = min(FOLDS if len(text.ids) < LARGE_TEXT else FOLDS_OF_A_LARGE_TEXT, len(text.starts))
        fold = rng.permutation(np.arange(len(text.starts)) % folds)
        self.fold = np.repeat(fold.astype(np.int8), text.lengths)  # of every position
        self.state = np.empty(len(self.fold), np.int32)
        self.tables = []
        for k in range(folds):
            rest = np.append(text.ids[:-1][self.fold != k], 0)
            table = NGram(Counts.of(rest if len(rest) > 1 else text.ids, n_y, order), discounts)
            self.state[self.fold == k] = walk(table, text)[self.fold == k]
            self.tables.append(table)

    def targets(self, batch: Batch) -> Array:
        """t for every row of a batch, (N, n_y) float32; rows sum to 1."""
        t = np.empty((len(batch.x), self.n_y), np.float32)
        fold = self.fold[batch.position]
        for k, table in enumerate(self.tables):
            rows = np.flatnonzero(fold == k)
            t[rows] = table.distributions(self.state[batch.position[rows]])
        t *= self.weight
        t[np.arange(len(t)), batch.y] += 1 - self.weight
        return t
