"""Many names through a model in step, each distinct beginning once.

Names that begin alike have the same state and the same distribution of the next letter, and all begin with the
boundary. So a state belongs to a beginning, not to a name: of the letters that a block of draws reads at temperature
0.8, four in ten are stepped. They are stepped in chunks on two threads: how sampling and scoring use two cores.
"""

from collections.abc import Callable
from contextvars import copy_context
from itertools import pairwise, repeat

import numpy as np

from bacterio_cli.dataset.batching import EncodedCorpus
from bacterio_cli.lm.base import LanguageModel
from bacterio_cli.nn.layers import Array

AT_ONCE = 1024  # beginnings stepped at once: what they need then stays in the cache
LARGEST_BLOCK = 65_536  # names side by side
LARGEST_TABLE = 2**22  # entries of their distributions, names × letters


def largest_block(n_y: int) -> int:
    """How many names go side by side, less for many letters."""
    return min(LARGEST_BLOCK, max(1, LARGEST_TABLE // n_y))


class PrefixBatch:
    """Names that are read letter by letter in step; `node` (names,) is the distinct beginning of each that goes on."""

    def __init__(self, model: LanguageModel, names: int, *, at_once: int = AT_ONCE) -> None:
        self.model, self.at_once = model, at_once
        self.state = model.start(1)
        self.node = np.zeros(names, np.intp)

    def read(self, letters: Array, shape: Callable[[Array], Array] | None = None) -> Array:
        """P(next | beginning) of every distinct beginning after each name has read its letter, (nodes, n_y).

        `shape` is applied to the distributions, some rows at a time.
        """
        most = int(letters.max()) + 1
        branch = self.node * most + letters
        reached = np.zeros(branch.max() + 1, bool)
        reached[branch] = True
        branches = np.flatnonzero(reached)
        self.node = (np.cumsum(reached) - 1)[branch]
        before, letters = np.divmod(branches, most)
        p: dict[int, Array] = {}
        state = tuple(np.empty((len(before), *s.shape[1:]), s.dtype) for s in self.state)

        def step(rows: slice) -> None:
            stepped, after = self.model.step(letters[rows], tuple(s[before[rows]] for s in self.state))
            p[rows.start] = shape(stepped) if shape else stepped
            for whole, part in zip(state, after, strict=True):
                whole[rows] = part

        in_chunks(step, len(before), self.at_once)
        self.state = state
        return np.concatenate([p[begin] for begin in sorted(p)])


def probabilities(model: LanguageModel, text: EncodedCorpus, shape: Callable[[Array], Array] | None = None) -> Array:
    """P of every letter of a text, (N,) float64 in text order, each name from a fresh state; `shape` as for `read`."""
    p, size = np.empty(len(text.ids) - 1), largest_block(text.n_y)
    for begin in range(0, len(text.starts), size):
        at = text.starts[begin : begin + size]
        batch = PrefixBatch(model, len(at))
        while len(at):
            distributions = batch.read(text.ids[at], shape)
            following = text.ids[at + 1]
            p[at] = distributions[batch.node, following]
            goes_on = following > 0
            batch.node = batch.node[goes_on]
            at = at[goes_on] + 1
    return p


def in_chunks(work: Callable[[slice], None], count: int, size: int) -> None:
    """work(rows) for slices that cover `count` rows: one for up to half of `size`, else an even number of slices of at
    most `size`, every second one in a second thread.

    NumPy lets go of the interpreter in a product or a function of a long array, so that both run side by side. Chunks
    depend on the sizes alone, and each writes to rows of its own.
    """
    if count <= size // 2:
        return work(slice(0, count))
    from concurrent.futures import ThreadPoolExecutor  # a few names do without

    edges = np.linspace(0, count, 2 * -(-count // (2 * size)) + 1).astype(int).tolist()
    chunks = [slice(begin, end) for begin, end in pairwise(edges) if begin < end]
    with ThreadPoolExecutor(1) as helper:
        done = helper.map(copy_context().run, repeat(work), chunks[1::2])  # the context holds NumPy's errstate
        for chunk in chunks[::2]:
            work(chunk)
    list(done)  # raises what was raised there
