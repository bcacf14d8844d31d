"""Soft targets for the net: part one-hot, part what a count table expects.

A target is y = (1 − A)·onehot + A·p, with A the weight (--smoothing) and p the table's distribution. Counted on all
training names, the table has seen the very letter that it is asked about, and p leans towards it. So p is
cross-fitted: the names are dealt into folds, and each name's p comes from a table counted on the other folds.
"""

import numpy as np

from bacterio_cli.dataset.batching import Batch, EncodedCorpus
from bacterio_cli.lm.kneser_ney import Discounts, NGram
from bacterio_cli.nn.layers import Array

FOLDS, FOLDS_OF_A_LARGE_TEXT = 10, 4  # a table's memory is that of what it has seen, and each fold has one
LARGE_TEXT = 300_000  # letters


class CrossFit:
    """The soft targets of a text: per fold a table of the other folds, and one state number a position."""

    def __init__(
        self, text: EncodedCorpus, *, order: int, discounts: Discounts, weight: float, rng: np.random.Generator
    ) -> None:
        self.weight, n_y = weight, text.n_y
        folds = min(FOLDS if len(text.ids) < LARGE_TEXT else FOLDS_OF_A_LARGE_TEXT, len(text.starts))
        fold = rng.permutation(np.arange(len(text.starts)) % folds)
        self.fold = np.repeat(fold.astype(np.int8), text.lengths)  # of every position
        self.state = np.empty(len(self.fold), np.int32)
        self.tables = []
        for k in range(folds):
            rest = np.append(text.ids[:-1][self.fold != k], 0)
            table = NGram.of(rest if len(rest) > 1 else text.ids, n_y, order, discounts)
            self.state[self.fold == k] = table.states_along(text)[self.fold == k]
            self.tables.append(table)

    def targets(self, batch: Batch) -> Array:
        """t for every row of a batch, (N, n_y) float32; rows sum to 1."""
        t = np.empty((len(batch.x), self.tables[0].n_y), np.float32)
        fold = self.fold[batch.position]
        for k, table in enumerate(self.tables):
            rows = np.flatnonzero(fold == k)
            t[rows] = table.distributions(self.state[batch.position[rows]])
        t *= self.weight
        t[np.arange(len(t)), batch.y] += 1 - self.weight
        return t
