"""Interpolated Kneser–Ney of any order as an automaton: a state is a context that was seen, a step reads one letter.

For a context h of k letters, h′ without its first letter, and the n_y letters w:

(1) P(w | h) = (c(hw) − D_c) / c(h·) + γ(h) P(w | h′), the first term 0 for pairs that were not seen
(2) γ(h) = Σ_w D_{c(hw)} / c(h·)
(3) P(w | no context) = (c(w) − D_c) / c(·) + γ / n_y

(Chen and Goodman 1999, eq. 20–24). c counts occurrences where h has order − 1 letters, the most there are, or begins
with the boundary, which nothing precedes; below, it counts the different letters v for which v h w was seen.
D_c is one discount, or three for c = 1, 2 and ≥ 3 (their 'modified' form).

What is stored is one row a context and one an observed pair (context, letter), so memory is proportional to what
was seen; a pair that was not seen is found by following h → h′. Small tables are also written out, up to a fixed size.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from bacterio_cli.nn.cells import InitialState, State
from bacterio_cli.nn.layers import Array, gathered

DENSE_ENTRIES = 2**22  # up to so many entries (states × letters) the tables are written out,
MANY_ROWS = 256  # and when so many rows are first asked for at once


@dataclass(frozen=True, eq=False)
class Counts:
    """The automaton before smoothing; states by growing context length, state 0 without context.

    Pairs are sorted by (state, letter); those of state s are first[s] : first[s + 1].
    """

    n_y: int
    suffix: Array  # (S,) the state of h′
    first: Array  # (S + 1,)
    letter: Array  # (E,)
    target: Array  # (E,) the state after reading the letter
    count: Array  # (E,) c(hw)

    @cached_property
    def keys(self) -> Array:
        """state · n_y + letter of every pair, ascending."""
        states = np.repeat(np.arange(len(self.suffix), dtype=np.int64), np.diff(self.first))
        return states * self.n_y + self.letter

    @classmethod
    def of(cls, ids: Array, n_y: int, order: int) -> Counts:
        """Count a text of ids, 0 n₁ 0 n₂ 0 … 0; each name is a text of its own, begun by the boundary."""
        M = len(ids) - 1
        position = np.arange(M)
        begun = np.maximum.accumulate(np.where(ids[:-1] == 0, position, 0))
        depth = position - begun + 1  # letters of context there are, the boundary counted
        y = ids[1:].astype(np.int64)
        context = np.zeros(M, np.int64)  # the state of the k letters up to here, counted within its length
        levels: list[dict[str, Array]] = []
        contexts: list[Array] = []
        size = 1
        for k in range(order):
            seen = np.flatnonzero(depth >= k)
            codes, rep, pair, count = np.unique(
                context[seen] * n_y + y[seen], return_index=True, return_inverse=True, return_counts=True
            )
            pair_of = np.full(M, -1)
            pair_of[seen] = pair
            levels.append(
                {"codes": codes, "rep": seen[rep], "pair_of": pair_of, "count": count, "size": np.array(size)}
            )
            contexts.append(context)
            if k + 1 < order:
                longer = np.flatnonzero(depth >= k + 1)
                code = (context[longer - 1] if k else np.zeros(len(longer), np.int64)) * n_y + ids[longer]
                found, rep, inverse = np.unique(code, return_index=True, return_inverse=True)
                levels[-1]["next_suffix"] = context[longer[rep]]
                context = np.full(M, -1)
                context[longer] = inverse
                size = len(found)
        return cls.join(levels, contexts, depth, y, n_y)

    @classmethod
    def join(cls, levels: list[dict[str, Array]], contexts: list[Array], depth: Array, y: Array, n_y: int) -> Counts:
        """The levels as one automaton, with continuation counts where they belong."""
        top = len(levels) - 1
        offsets = np.concatenate([[0], np.cumsum([int(level["size"]) for level in levels])])
        suffix, owner, letter, target, counts = [np.zeros(1, np.int64)], [], [], [], []
        for k, level in enumerate(levels):
            rep, count = level["rep"], level["count"]
            if k < top:
                suffix.append(offsets[k] + level["next_suffix"])
                longer = levels[k + 1]
                continued = np.bincount(level["pair_of"][longer["rep"]], minlength=len(rep))
                count = np.where(depth[rep] == k, count, continued) if k else continued
            owner.append(offsets[k] + level["codes"] // n_y)
            letter.append(y[rep])
            up = min(k + 1, top)
            after = np.minimum(rep + 1, len(y) - 1)
            boundary = contexts[min(1, top)][0] if top else 0
            target.append(np.where(y[rep] > 0, offsets[up] + contexts[up][after], offsets[min(1, top)] + boundary))
            counts.append(count)
        owners = np.concatenate(owner)
        first = np.searchsorted(owners, np.arange(offsets[-1] + 1))
        as32 = (np.concatenate(part).astype(np.int32) for part in (suffix, letter, target, counts))
        suffix32, letter32, target32, count32 = as32
        return cls(n_y, suffix32, first.astype(np.int32), letter32, target32, count32)


@dataclass(frozen=True, eq=False)
class NGram:
    """Counts with their discounts D_1, D_2, D_3 (for c ≥ 3): a language model."""

    counts: Counts
    discounts: tuple[float, float, float]

    @property
    def n_y(self) -> int:
        """Letters and the boundary."""
        return self.counts.n_y

    @cached_property
    def smoothed(self) -> tuple[Array, Array]:
        """(the first term of (1) for every pair (E,), γ of every state (S,))."""
        c = self.counts
        D = np.array([0, *self.discounts])[np.minimum(c.count, 3)]
        total = np.add.reduceat(c.count.astype(np.float64), c.first[:-1])
        sizes = np.diff(c.first)
        return (c.count - D) / np.repeat(total, sizes), np.add.reduceat(D, c.first[:-1]) / total

    @cached_property
    def dense(self) -> tuple[Array, Array] | None:
        """(P (S, n_y) float32, next state (S, n_y)), written out, or None where that would be too large."""
        c = self.counts
        S = len(c.suffix)
        if S * self.n_y > DENSE_ENTRIES:
            return None
        value, gamma = self.smoothed
        owner = np.repeat(np.arange(S), np.diff(c.first))
        P, after = np.empty((S, self.n_y)), np.zeros((S, self.n_y), np.int32)
        for begin, end in self.levels:
            # Suffixes are one letter shorter, so their level is already written.
            P[begin:end] = gamma[begin:end, None] * (P[c.suffix[begin:end]] if begin else 1 / self.n_y)
            after[begin:end] = after[c.suffix[begin:end]] if begin else 0
            pairs = slice(c.first[begin], c.first[end])
            P[owner[pairs], c.letter[pairs]] += value[pairs]
            after[owner[pairs], c.letter[pairs]] = c.target[pairs]
        return P.astype(np.float32), after

    def written_out(self, rows: int) -> tuple[Array, Array] | None:
        """`dense` for work on so many rows; None where writing it out would take longer than it saves."""
        return self.dense if rows >= MANY_ROWS or "dense" in self.__dict__ else None

    @cached_property
    def levels(self) -> list[tuple[int, int]]:
        """The states of each context length, as (begin, end)."""
        S, edges = len(self.counts.suffix), [0, 1]
        while edges[-1] < S:
            # A state belongs to the next length if its suffix belongs to this one.
            begin = edges[-2]
            more = int(np.searchsorted(self.counts.suffix[edges[-1] :], edges[-1]))
            if not more or self.counts.suffix[edges[-1]] < begin:
                raise ValueError("the states of the table are not ordered by the length of their context")
            edges.append(edges[-1] + more)
        return list(pairwise(edges))

    def distributions(self, states: Array) -> Array:
        """P(· | state), (n,) → (n, n_y) float32: from the table written out, or the same bits by (1) along h → h′."""
        if (dense := self.written_out(len(states))) is not None:
            return np.take(dense[0], states, axis=0)
        if not len(states):
            return np.empty((0, self.n_y), np.float32)
        suffix, sizes, gamma = self.chains
        contexts, beyond = [np.asarray(states)], len(self.counts.suffix)
        while (contexts[-1] < beyond).any():
            contexts.append(suffix[contexts[-1]])
        at = np.stack(contexts[-2::-1])  # (k, n), the shortest context first; rows with fewer begin beyond it
        n, size = len(states), sizes[at].ravel()
        ends = np.cumsum(size)
        pair = np.arange(ends[-1]) + np.repeat(self.counts.first[at].ravel() - ends + size, size)
        cell = np.repeat(np.tile(np.arange(n) * self.n_y, len(at)), size) + self.counts.letter[pair]
        P, value = np.full((n, self.n_y), 1 / self.n_y), self.smoothed[0][pair]
        edges = [0, *ends[n - 1 :: n].tolist()]
        for context, begin, end in zip(at, edges, edges[1:], strict=False):
            P *= gamma[context, None]
            P.reshape(-1)[cell[begin:end]] += value[begin:end]  # no pair stands twice in a row
        return P.astype(np.float32)

    @cached_property
    def chains(self) -> tuple[Array, Array, Array]:
        """(state of h′, number of pairs, γ) of every state, and of one beyond the empty context: no pairs, γ = 1."""
        c, S = self.counts, len(self.counts.suffix)
        return (
            np.concatenate([[S], c.suffix[1:], [S]]),
            np.append(np.diff(c.first), 0),
            np.append(self.smoothed[1], 1.0),
        )

    def after(self, ids: Array, states: Array) -> Array:
        """The state after reading one letter: that of the longest suffix that was seen."""
        if (dense := self.written_out(len(states))) is not None:
            return dense[1][states, ids]
        at = np.array(states, np.int64)
        result = np.zeros(len(at), np.int64)
        open_rows = np.arange(len(at))
        while len(open_rows):
            key = at[open_rows] * self.n_y + ids[open_rows]
            place = np.minimum(np.searchsorted(self.counts.keys, key), len(self.counts.keys) - 1)
            found = self.counts.keys[place] == key
            result[open_rows[found]] = self.counts.target[place[found]]
            open_rows = open_rows[~found & (at[open_rows] > 0)]
            at[open_rows] = self.counts.suffix[at[open_rows]]
        return result

    def states(self, x: Array, batch_sizes: Array) -> Array:
        """The state after every letter of a packed batch, (N,)."""
        states = np.empty(len(x), np.int64)
        current, begin = self.start(int(batch_sizes[0]))[0], 0
        for size in batch_sizes.tolist():
            current = self.after(x[begin : begin + size], current[:size])
            states[begin : begin + size] = current
            begin += size
        return states

    def likelihood(self, states: Array, letters: Array) -> Array:
        """P(letter | state), (n,), (n,) → (n,), without writing out the distributions."""
        c, (value, gamma) = self.counts, self.smoothed
        p, weight = np.zeros(len(states)), np.ones(len(states))
        rows, at = np.arange(len(states)), np.asarray(states, np.int64)
        while len(rows):
            key = at * self.n_y + letters[rows]
            place = np.minimum(np.searchsorted(self.counts.keys, key), len(self.counts.keys) - 1)
            p[rows] += np.where(self.counts.keys[place] == key, weight[rows] * value[place], 0)
            weight[rows] *= gamma[at]
            goes_on = at > 0
            rows, at = rows[goes_on], c.suffix[at[goes_on]]
        return p + weight / self.n_y

    def read(self, x: Array, batch_sizes: Array) -> Array:
        """P(next | letters so far) at every row of a packed batch, (N, n_y) float32."""
        return self.distributions(self.states(x, batch_sizes))

    def start(self, n: int) -> State:
        """No context yet; the first letter read is the boundary."""
        return (np.zeros(n, np.int64),)

    def step(self, ids: Array, state: InitialState) -> tuple[Array, State]:
        """P(next | letters so far) after reading `ids`, and the state that includes them."""
        states = self.after(ids, gathered(state[0]))
        return self.distributions(states), (states,)
