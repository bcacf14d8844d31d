"""The three discounts of a Kneser–Ney table, estimated from its counts or chosen on held-out names."""

from itertools import product

import numpy as np

from bacterio_cli.dataset.batching import EncodedCorpus
from bacterio_cli.lm.kneser_ney import Counts, NGram
from bacterio_cli.nn.layers import Array

LARGEST_DISCOUNTS = (0.98, 1.95, 2.9)
LETTERS_TO_CHOOSE_ON = 20_000


def estimated_discounts(counts: Counts) -> tuple[float, float, float]:
    """D_c = c − (c + 1) Y n_{c+1}/n_c, Y = n₁/(n₁ + 2 n₂), all orders at once.  (Chen and Goodman 1999, eq. 26)"""
    n1, n2, n3, n4 = (max(1, int((counts.count == c).sum())) for c in (1, 2, 3, 4))
    Y = n1 / (n1 + 2 * n2)
    estimates = (1 - 2 * Y * n2 / n1, 2 - 3 * Y * n3 / n2, 3 - 4 * Y * n4 / n3)
    d1, d2, d3 = np.clip(estimates, 0.05, LARGEST_DISCOUNTS).tolist()
    return d1, d2, d3


def states_along(table: NGram, text: EncodedCorpus) -> Array:
    """The table's state at every position of a text, (N,) int32."""
    states, at = np.empty(len(text.ids) - 1, np.int32), text.starts
    (current,) = table.start(len(at))
    while len(at):
        states[at] = current = table.after(text.ids[at], current)
        goes_on = text.ids[at + 1] > 0
        at, current = at[goes_on] + 1, current[goes_on]
    return states


def choose_discounts(counts: Counts, held_out: EncodedCorpus | None) -> tuple[float, float, float]:
    """The discounts with the least loss on held-out names, by coordinate descent from the estimate.

    Steps of 0.1 and 0.05: the loss is flat near its minimum. Without held-out names, the estimate.
    """
    best = estimated_discounts(counts)
    if held_out is None:
        return best
    states = states_along(NGram(counts, best), held_out)[:LETTERS_TO_CHOOSE_ON]
    letters = held_out.ids[1:][:LETTERS_TO_CHOOSE_ON]

    def loss(discounts: tuple[float, float, float]) -> float:
        return -float(np.log(NGram(counts, discounts).likelihood(states, letters)).mean())

    least = loss(best)
    for size in (0.1, 0.05):
        before = None
        while best != before:
            before = best
            for k, step in product(range(3), (size, -size)):
                trial = [*best]
                trial[k] = float(np.clip(trial[k] + step, 0.05, LARGEST_DISCOUNTS[k]))
                tried = (trial[0], trial[1], trial[2])
                if (value := loss(tried)) < least - 1e-6:
                    best, least = tried, value
    return best
