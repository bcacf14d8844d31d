"""Names as packed batches of ids (see `nn.cells`), or as one text in chunks."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from bacterio_cli.dataset.vocabulary import Ids, Vocabulary

POOL = 32  # batches sorted together by length


class Batch(NamedTuple):
    """Ids x and successors y, (N,), packed by `batch_sizes` (T,); `position` (N,): where x stands in the text."""

    x: Ids
    y: Ids
    batch_sizes: Ids
    position: Ids

    def shard(self, k: int, shards: int) -> "Batch":
        """The names k, k + shards, k + 2 shards, … as a batch of their own."""
        begins = np.cumsum(self.batch_sizes) - self.batch_sizes
        name = np.arange(len(self.x)) - np.repeat(begins, self.batch_sizes)
        rows = np.flatnonzero(name % shards == k)
        sizes = (self.batch_sizes - k + shards - 1) // shards
        return Batch(self.x[rows], self.y[rows], sizes[sizes > 0], self.position[rows])


class EncodedCorpus:
    """All names as one text of ids, 0 n₁ 0 n₂ 0 … 0, with the place and length of each name in it."""

    def __init__(self, names: Sequence[str], vocabulary: Vocabulary) -> None:
        self.ids = vocabulary.encode(names)
        self.n_y = vocabulary.n_y
        boundaries = np.flatnonzero(self.ids == 0)
        self.starts = boundaries[:-1]
        self.lengths = np.diff(boundaries)  # letters and the end mark

    def pack(self, starts: Ids, lengths: Ids, order: Ids | None = None) -> Batch:
        """Runs of text as one packed batch; the longest has to come first, and so on.

        `starts` are places in the text, or in `order` if given.
        """
        running = np.arange(lengths[0])[:, None] < lengths
        step, row = np.nonzero(running)
        position = starts[row] + step if order is None else order[starts[row] + step]
        return Batch(self.ids[position], self.ids[position + 1], running.sum(axis=1), position)

    def name_batches(self, batch_size: int, rng: np.random.Generator) -> Iterator[Batch]:
        """Every name once, `batch_size` a batch: shuffled, sorted by length within pools, and the batches shuffled."""
        order, pool = rng.permutation(len(self.starts)), POOL * batch_size
        batches = []
        for begin in range(0, len(order), pool):
            rows = order[begin : begin + pool]
            rows = rows[np.argsort(-self.lengths[rows], kind="stable")]
            batches += [rows[k : k + batch_size] for k in range(0, len(rows), batch_size)]
        for k in rng.permutation(len(batches)):
            yield self.pack(self.starts[batches[k]], self.lengths[batches[k]])

    def shuffled(self, rng: np.random.Generator, most: int | None = None) -> Ids:
        """The places of all letters and of the boundary before each name, the names in a random order; `most` names."""
        names = rng.permutation(len(self.starts))[:most]
        return np.concatenate([np.arange(self.starts[k], self.starts[k] + self.lengths[k]) for k in names.tolist()])

    def chunks(self, batch_size: int, bptt: int, order: Ids) -> Iterator[Batch]:
        """The text, its places in `order`, as `batch_size` streams side by side, `bptt` letters of each per batch.

        The streams differ in length by one at most, the longer ones first, and the last of the text is the first of
        them. A stream that has ended is missing from the last batch, and nothing is left over.
        """
        edges = len(order) * np.arange(batch_size + 1) // batch_size
        starts, lengths = edges[:-1][::-1], np.diff(edges)[::-1]
        longest_first = np.argsort(-lengths, kind="stable")
        starts, lengths = starts[longest_first], lengths[longest_first]
        for done in range(0, int(lengths[0]), bptt):
            left = np.minimum(lengths - done, bptt)
            running = left > 0
            yield self.pack(starts[running] + done, left[running], order)

    def batches_per_epoch(self, batch_size: int, bptt: int | None) -> int:
        """How many batches `chunks` (with a bptt) or `name_batches` gives."""
        if bptt is None:
            return math.ceil(len(self.starts) / batch_size)
        return math.ceil(math.ceil((len(self.ids) - 1) / batch_size) / bptt)
