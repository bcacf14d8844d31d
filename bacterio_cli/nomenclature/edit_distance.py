"""Edit distance (Levenshtein 1966), and for many names at once the nearest name of a list within two edits.

An edit changes the length by at most one, and takes away and adds at most one letter. So of the names whose length is
within two only those are measured that lack at most two letters of the query and have at most two that it lacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST = 2  # edits that are looked for
BLOCK = 1 << 12  # strings at once
PAIRS = 1 << 17  # pairs of strings at once


class Text(NamedTuple):
    """Strings in a row, as code points with room at both ends for a band to reach over."""

    codes: NDArray[np.uint32]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, strings: Sequence[str]) -> Text:
        """These strings."""
        lengths = np.fromiter(map(len, strings), np.int64, len(strings))
        codes = np.zeros(int(lengths.sum()) + 4 * MOST, np.uint32)
        codes[2 * MOST : -2 * MOST] = np.frombuffer("".join(strings).encode("utf-32-le", "surrogatepass"), np.uint32)
        return cls(codes, np.cumsum(lengths) - lengths + 2 * MOST, lengths)


class Neighbours:
    """A list of names, ready to be measured against; `pairs` are compared at once."""

    def __init__(self, names: Sequence[str], *, pairs: int = PAIRS) -> None:
        self.pairs = pairs
        self.text = Text.of(names)
        self.counts = letter_counts(self.text)
        self.by_length = self.text.lengths.argsort(kind="stable")

    def within(
        self, queries: Sequence[str], most: int = MOST, *, itself: bool = True
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(edits (Q,), index (Q,)): edits to the nearest name, and where it stands, the first of equals.

        most + 1 and −1 where no name is within `most` edits, which are 0, 1 or 2. `itself` False passes over the same
        spelling.
        """
        K = max(len(self.counts), 1)
        best = np.full(len(queries), (most + 1) * K)  # edits · K + index: the least is the first of the nearest
        text = Text.of(queries)
        counts, lengths = letter_counts(text), self.text.lengths[self.by_length]
        for length in sorted({*text.lengths.tolist()}):
            rows = np.flatnonzero(text.lengths == length)
            names = self.by_length[slice(*lengths.searchsorted([length - most, length + most + 1]))]
            at_once = max(self.pairs // max(len(names), 1), 1)
            for begin in range(0, len(rows), at_once):
                some, bits = counts[rows[begin : begin + at_once], np.newaxis], self.counts[names]
                near = np.bitwise_count(some & ~bits) <= most
                near &= np.bitwise_count(bits & ~some) <= most
                row, name = (places[pair] for places, pair in zip((rows[begin:], names), near.nonzero(), strict=True))
                edits = banded(text, text.starts[row], self.text, name, length=length, most=most)
                found = (edits <= most) & (itself | (edits > 0))
                np.minimum.at(best, row[found], edits[found].astype(np.int64) * K + name[found])
        return best // K, np.where(best < (most + 1) * K, best % K, -1)


def letter_counts(text: Text) -> NDArray[np.uint64]:
    """A bit for each of 32 classes of letters that a string has, and one for each that it has twice, (Q,).

    An edit takes at most one bit away and adds at most one.
    """
    found = np.empty(len(text.lengths), np.uint64)
    for begin in range(0, len(found), BLOCK):
        lengths = text.lengths[begin : begin + BLOCK]
        first = int(text.starts[begin])
        letters = text.codes[first : first + int(lengths.sum())] % 32
        row = np.repeat(np.arange(len(lengths)), lengths)
        counts = np.bincount(row * 32 + letters, minlength=32 * len(lengths)).reshape(-1, 32)
        found[begin : begin + BLOCK] = np.packbits(np.hstack([counts > 0, counts > 1]), axis=1).view(np.uint64)[:, 0]
    return found


def banded(
    a: Text, at: NDArray[np.int64], b: Text, b_rows: NDArray[np.int64], *, length: int, most: int
) -> NDArray[np.uint8]:
    """The distance of pairs of strings, (P,), or most + 1 if it is more: `length` letters of `a` from each place `at`,
    and rows of `b` whose lengths differ from that by at most `most`.

    Row i of the dynamic programme (Wagner and Fischer 1974) within `most` of the diagonal (Ukkonen 1985), all pairs in
    step.
    """
    other = b.starts[b_rows]
    offsets = np.arange(-most, most + 1)[:, np.newaxis]
    row = np.repeat(np.where(offsets < 0, most + 1, offsets).astype(np.uint8), len(at), axis=1)
    for i in range(length):
        before, row = row, row + (b.codes[other + i + offsets] != a.codes[at + i])
        row[:-1] = np.minimum(row[:-1], before[1:] + 1)
        for d in range(1, len(row)):
            row[d] = np.minimum(row[d], row[d - 1] + 1)
        np.minimum(row, most + 1, out=row)
    return row[b.lengths[b_rows] - length + most, np.arange(len(at))]
