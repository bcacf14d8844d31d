"""Edit distance (Levenshtein 1966), and for many names at once the nearest name of a list within two edits.

An edit changes the length by at most one, and takes away and adds at most one letter. So of the names whose length is
within two only those are measured that lack at most two letters of the query and have at most two that it lacks.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MOST = 2  # edits that are looked for
PAIRS = 1 << 17  # of names, compared at once
Counts = NDArray[np.int64]


class Neighbours:
    """A list of names, ready to be measured: code points in a row, with room at both ends for a band to reach over."""

    def __init__(self, names: Sequence[str]) -> None:
        self.lengths = np.fromiter(map(len, names), np.int64, len(names))
        self.starts = np.cumsum(self.lengths) - self.lengths + 2 * MOST
        self.codes = np.zeros(int(self.lengths.sum()) + 4 * MOST, np.uint32)
        self.codes[2 * MOST : -2 * MOST] = np.frombuffer("".join(names).encode("utf-32-le", "surrogatepass"), np.uint32)
        bits = np.left_shift(np.uint64(1), self.codes % 64)  # one for each of 64 classes of letters
        bits[-2 * MOST :] = 0  # behind the last name
        self.letters = np.where(self.lengths, np.bitwise_or.reduceat(bits, self.starts), np.uint64(0))

    def within(
        self, queries: Sequence[str], most: int = MOST, *, itself: bool = True, pairs: int = PAIRS
    ) -> tuple[Counts, Counts]:
        """(edits (Q,), index (Q,)): edits to the nearest name, and where it stands, the first of equals.

        most + 1 and −1 where no name is within `most` edits, which are 0, 1 or 2. `itself` False passes over the same
        spelling. So many `pairs` are compared at once.
        """
        K = max(len(self.lengths), 1)
        best = np.full(len(queries), (most + 1) * K)  # edits · K + index: the least is the first of the nearest
        asked = Neighbours(queries)
        for length in sorted({*asked.lengths.tolist()}):
            rows = np.flatnonzero(asked.lengths == length)
            names = np.flatnonzero(np.abs(self.lengths - length) <= most)
            letters = self.letters[names]
            at_once = max(pairs // max(len(names), 1), 1)
            for some in (rows[begin : begin + at_once] for begin in range(0, len(rows), at_once)):
                own = asked.letters[some, np.newaxis]
                near = (np.bitwise_count(own & ~letters) <= most) & (np.bitwise_count(letters & ~own) <= most)
                row, name = (places[pair] for places, pair in zip((some, names), near.nonzero(), strict=True))
                edits = distances(asked, row, self, name, length=length, most=most)
                found = (edits <= most) & (itself | (edits > 0))
                np.minimum.at(best, row[found], edits[found].astype(np.int64) * K + name[found])
        return best // K, np.where(best < (most + 1) * K, best % K, -1)


def distances(
    a: Neighbours, a_rows: Counts, b: Neighbours, b_rows: Counts, *, length: int, most: int
) -> NDArray[np.uint8]:
    """The distance of pairs of names, (P,), or most + 1 if it is more: those of `a` have this length, and those of `b`
    differ from it by at most `most`. All pairs go in step, row by row of the dynamic programme (Wagner and Fischer
    1974), within `most` of its diagonal (Ukkonen 1985)."""
    at, other = a.starts[a_rows], b.starts[b_rows]
    offsets = np.arange(-most, most + 1)[:, np.newaxis]
    row = np.repeat(np.where(offsets < 0, most + 1, offsets).astype(np.uint8), len(at), axis=1)
    for i in range(length):
        before, row = row, row + (b.codes[other + i + offsets] != a.codes[at + i])
        row[:-1] = np.minimum(row[:-1], before[1:] + 1)
        for d in range(1, len(row)):
            row[d] = np.minimum(row[d], row[d - 1] + 1)
        np.minimum(row, most + 1, out=row)
    return row[b.lengths[b_rows] - length + most, np.arange(len(at))]
