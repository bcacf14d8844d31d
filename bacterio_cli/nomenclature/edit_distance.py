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
                edits = banded(text, row, self.text, name, most)
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


def banded(a: Text, a_rows: NDArray[np.int64], b: Text, b_rows: NDArray[np.int64], most: int) -> NDArray[np.uint8]:
    """The distance of each pair of strings whose lengths differ by at most `most`; more than `most` is not exact, (P,).

    Row i of the dynamic programme (Wagner and Fischer 1974) within `most` of the diagonal (Ukkonen 1985), all pairs in
    step; a pair leaves when its string of `a` ends or its row has no cell within `most`.
    """
    result = np.full(len(a_rows), most + 1, np.uint8)
    pair = np.arange(len(a_rows))
    at, other, length = a.starts[a_rows], b.starts[b_rows], a.lengths[a_rows]
    last = b.lengths[b_rows] - length + most
    offsets = np.arange(-most, most + 1)[:, np.newaxis]
    band = np.repeat(np.where(offsets < 0, most + 1, offsets).astype(np.uint8), len(pair), axis=1)
    i = 0
    while len(pair):
        ended = length == i
        result[pair[ended]] = band[last[ended], np.flatnonzero(ended)]
        go = ~ended & (band.min(axis=0) <= most)
        pair, at, other, length, last, band = pair[go], at[go], other[go], length[go], last[go], band[:, go]
        row = band + (b.codes[other + i + offsets] != a.codes[at + i])  # never above the least + 2 most + 1
        np.minimum(row[:-1], band[1:] + np.uint8(1), out=row[:-1])
        for d in range(1, len(row)):
            np.minimum(row[d], row[d - 1] + np.uint8(1), out=row[d])
        band = row
        i += 1
    return result
