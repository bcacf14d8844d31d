"""Interpolated Kneser–Ney of any order as an automaton: a state is a context that was seen, a step reads one letter.

For a context h of k letters, h′ without its first letter, and the n_y letters w:

(1) P(w | h) = (c(hw) − D_c) / c(h·) + γ(h) P(w | h′), the first term 0 for pairs that were not seen
(2) γ(h) = Σ_w D_{c(hw)} / c(h·)
(3) P(w | no context) = (c(w) − D_c) / c(·) + γ / n_y

(Chen and Goodman 1999, eq. 20–24). c counts occurrences where h has order − 1 letters, the most there are, or begins
with the boundary, which nothing precedes; for every other h it counts the different letters v for which v h w was seen.
D_c is one discount, or three for c = 1, 2 and ≥ 3 (their 'modified' form).

What is stored is one row per context and one per observed pair (context, letter), so memory is proportional to what
was seen; a pair that was not seen is found by following h → h′. Small tables are also written out, up to a fixed size.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import ClassVar, Self

import numpy as np

from bacterio_cli.dataset.batching import EncodedCorpus
from bacterio_cli.nn.cells import State
from bacterio_cli.nn.layers import Array

LARGEST_DISCOUNTS = (0.98, 1.95, 2.9)
LETTERS_TO_CHOOSE_ON = 20_000
Discounts = tuple[float, ...]  # D_1, D_2 and D_3, the last for c ≥ 3


@dataclass(frozen=True, eq=False)
class NGram:
    """The automaton, a language model.

    States by growing context length, state 0 without context; pairs sorted by (state, letter).
    """

    most_written_out: ClassVar[int] = 2**22  # probabilities, states × letters, of a table that is; when first stepped
    n_y: int
    discounts: Discounts
    suffix: Array  # (S,) the state of h′
    first: Array  # (S + 1,) the pairs of state s are first[s] : first[s + 1]
    letter: Array  # (E,)
    target: Array  # (E,) the state after reading the letter
    count: Array  # (E,) c(hw)

    @cached_property
    def keys(self) -> Array:
        """state · n_y + letter of every pair, ascending."""
        states = np.repeat(np.arange(len(self.suffix), dtype=np.int64), np.diff(self.first))
        return states * self.n_y + self.letter

    @classmethod
    def of(cls, ids: Array, n_y: int, order: int, discounts: Discounts = ()) -> Self:
        """Count a text of ids, 0 n₁ 0 n₂ 0 … 0; each name is a text of its own, begun by the boundary.

        The discounts are estimated if none are given.
        """
        y, position = ids[1:], np.arange(len(ids) - 1)
        begun = np.maximum.accumulate(np.where(ids[:-1] == 0, position, 0))
        depth = position - begun + 1  # letters of context there are, the boundary counted
        after, pair_of = np.zeros_like(position), np.zeros_like(position)  # the state after the next letter; the pair
        S, suffix = 1, [np.zeros(1, np.int64)]
        levels: list[tuple[Array, Array, Array, Array]] = []
        for k in range(order):  # letters of context
            here = np.flatnonzero(depth >= k)
            codes = np.roll(after, 1)[here] * n_y + y[here]
            keys, rep, inverse, count = np.unique(codes, return_index=True, return_inverse=True, return_counts=True)
            at = here[rep]
            if k:  # a shorter context counts the letters before it, unless the boundary begins it
                _, places, _, occurring = levels[-1]
                continued = np.bincount(pair_of[at], minlength=len(places))
                np.copyto(occurring, continued, where=depth[places] > k - 1)
            is_state = ((y[at] > 0) | (k == 0)) & (k < order - 1)  # what is read makes a longer context
            suffix.append(after[at[is_state]])
            target = np.where(is_state, S + np.cumsum(is_state) - 1, after[at])
            S += int(is_state.sum())
            after[here], pair_of[here] = target[inverse], inverse
            levels.append((keys, at, target, count))
        keys, at, target, count = (np.concatenate(level) for level in zip(*levels, strict=True))
        first = np.searchsorted(keys, n_y * np.arange(S + 1))
        arrays = (np.concatenate(suffix), first, y[at], target, count)
        return cls(n_y, discounts or estimated_discounts(count), *(a.astype(np.int32) for a in arrays))

    @cached_property
    def smoothed(self) -> tuple[Array, Array]:
        """(the first term of (1) for every pair (E,), γ of every state (S,))."""
        D = np.array([0, *self.discounts])[np.minimum(self.count, 3)]
        total = np.add.reduceat(self.count.astype(np.float64), self.first[:-1])
        return (self.count - D) / np.repeat(total, np.diff(self.first)), np.add.reduceat(D, self.first[:-1]) / total

    def smooth(self, states: Array) -> Array:
        """P(· | state) by (1), (n,) → (n, n_y): of each state once, from those of the contexts one letter shorter."""
        value, gamma = self.smoothed
        some, row_of = np.unique(states, return_inverse=True)
        P, longer = np.full((len(some), self.n_y), 1 / self.n_y), some > 0
        if longer.any():
            P[longer] = self.smooth(self.suffix[some[longer]])
        P *= gamma[some, None]
        sizes = np.diff(self.first)[some]
        row = np.repeat(np.arange(len(some)), sizes)
        pair = np.arange(len(row)) + (self.first[some] + sizes - np.cumsum(sizes))[row]
        P[row, self.letter[pair]] += value[pair]
        return P[row_of]

    @cached_property
    def written_out(self) -> tuple[Array, Array] | None:
        """(P (S, n_y) float32, next state (S, n_y)) of every state by (1), or None where that would be too large."""
        (value, gamma), S, n_y = self.smoothed, len(self.suffix), self.n_y
        if S * n_y > self.most_written_out:
            return None
        P, after = np.full((S, n_y), 1 / n_y), np.zeros((S, n_y), np.int32)
        begin, end = 0, 1
        while begin < end:  # contexts of one length, from those one letter shorter
            below, pairs = self.suffix[begin:end], slice(self.first[begin], self.first[end])
            P[begin:end], after[begin:end] = gamma[begin:end, None] * P[below], after[below]
            P.reshape(-1)[self.keys[pairs]] += value[pairs]
            after.reshape(-1)[self.keys[pairs]] = self.target[pairs]
            begin, end = end, end + int(np.searchsorted(self.suffix[end:], end))
        return P.astype(np.float32), after

    def distributions(self, states: Array) -> Array:
        """P(· | state), (n,) → (n, n_y) float32."""
        table = self.written_out
        return np.take(table[0], states, axis=0) if table else self.smooth(states).astype(np.float32)

    def find(self, states: Array, letters: Array) -> tuple[Array, Array]:
        """(pair, whether it was seen) for each state and letter, (n,)."""
        key = states * np.int64(self.n_y) + letters  # beyond 32 bits
        pair = np.minimum(np.searchsorted(self.keys, key), len(self.keys) - 1)
        return pair, self.keys[pair] == key

    def after(self, ids: Array, states: Array) -> Array:
        """The state after reading one letter: that of the longest suffix that was seen."""
        if self.written_out:
            return self.written_out[1][states, ids]
        pair, seen = self.find(states, ids)
        after, unseen = np.where(seen, self.target[pair], 0), ~seen & (states > 0)
        if unseen.any():
            after[unseen] = self.after(ids[unseen], self.suffix[states[unseen]])
        return after

    def states_along(self, text: EncodedCorpus) -> Array:
        """The state at every position of a text, (N,) int32."""
        states, at = np.empty(len(text.ids) - 1, np.int32), text.starts
        (current,) = self.start(len(at))
        while len(at):
            states[at] = current = self.after(text.ids[at], current)
            goes_on = text.ids[at + 1] > 0
            at, current = at[goes_on] + 1, current[goes_on]
        return states

    def probabilities(self, states: Array, letters: Array) -> Array:
        """P(letter | state) by (1) for one letter each, (n,), (n,) → (n,)."""
        value, gamma = self.smoothed
        P_below, longer = np.full(len(states), 1 / self.n_y), states > 0
        if longer.any():
            P_below[longer] = self.probabilities(self.suffix[states[longer]], letters[longer])
        pair, seen = self.find(states, letters)
        return np.where(seen, value[pair], 0) + gamma[states] * P_below

    def start(self, n: int) -> State:
        """No context yet; the first letter read is the boundary."""
        return (np.zeros(n, np.int64),)

    def step(self, ids: Array, state: State) -> tuple[Array, State]:
        """P(next | letters so far) after reading `ids`, and the state that includes them."""
        states = self.after(ids, state[0])
        return self.distributions(states), (states,)

    def fitted(self, held_out: EncodedCorpus | None) -> Self:
        """The same counts with the discounts that lose least on the first 20,000 letters held out, if any are.

        By coordinate descent in steps of 0.1 and 0.05: the loss is flat near its minimum.
        """
        if held_out is None:
            return self
        states = self.states_along(held_out)[:LETTERS_TO_CHOOSE_ON]
        letters = held_out.ids[1:][:LETTERS_TO_CHOOSE_ON]

        def loss(discounts: Discounts) -> float:
            return -float(np.log(replace(self, discounts=discounts).probabilities(states, letters)).mean())

        best = self.discounts
        least = loss(best)
        for size in (0.1, 0.05):
            before: Discounts = ()
            while best != before:
                before = best
                for k, step in product(range(3), (size, -size)):
                    trial = (*best[:k], float(np.clip(best[k] + step, 0.05, LARGEST_DISCOUNTS[k])), *best[k + 1 :])
                    if (value := loss(trial)) < least - 1e-6:
                        best, least = trial, value
        return replace(self, discounts=best)


def estimated_discounts(count: Array) -> Discounts:
    """D_c = c − (c + 1) Y n_{c+1}/n_c, Y = n₁/(n₁ + 2 n₂), all orders at once.  (Chen and Goodman 1999, eq. 26)"""
    n1, n2, n3, n4 = (max(1, int((count == c).sum())) for c in (1, 2, 3, 4))
    Y = n1 / (n1 + 2 * n2)
    estimates = (1 - 2 * Y * n2 / n1, 2 - 3 * Y * n3 / n2, 3 - 4 * Y * n4 / n3)
    return tuple(np.clip(estimates, 0.05, LARGEST_DISCOUNTS).tolist())
