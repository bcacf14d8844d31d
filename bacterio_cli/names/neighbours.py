"""Edit distance from one name to all names of a list at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WORD = 64  # letters of a pattern that one machine word holds


class Neighbours:
    """A list of names, ready to be measured against; memory is that of its letters, padded to the longest."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.lengths = np.array([len(name) for name in names])
        text = "".join(name.ljust(int(self.lengths.max()), "\0") for name in names)
        codes = np.frombuffer(text.encode("utf-32-le"), np.uint32).reshape(len(names), -1)
        self.alphabet, letters = np.unique(codes, return_inverse=True)
        self.letters = np.ascontiguousarray(letters.reshape(codes.shape).T)  # (longest, K): a step reads one row

    def distances(self, name: str) -> NDArray[np.int64]:
        """The Levenshtein distance from `name` to every name of the list, (K,).

        Myers' bit-vectors (1999) in Hyyrö's form for edit distance (2003, fig. 4), one word a name of the list, all
        names in step: bit i of VP or VN says that row i of the dynamic programme grows or shrinks by one.
        """
        if len(name) > WORD:
            return np.array([plain_distance(name, other) for other in self.names])
        m, K = len(name), len(self.names)
        if not m:
            return self.lengths.copy()
        peq = np.zeros(len(self.alphabet), np.uint64)
        for i, code in enumerate(map(ord, name)):
            place = int(np.searchsorted(self.alphabet, code))
            if place < len(self.alphabet) and self.alphabet[place] == code:
                peq[place] |= np.uint64(1 << i)
        one, last = np.uint64(1), np.uint64(m - 1)
        VP, VN = np.full(K, np.uint64(2**64 - 1)), np.zeros(K, np.uint64)
        score = np.full(K, m)
        result = score.copy()
        for step, letters in enumerate(self.letters):
            eq = peq[letters]
            D0 = (((eq & VP) + VP) ^ VP) | eq | VN
            HP, HN = VN | ~(D0 | VP), D0 & VP
            score += ((HP >> last) & one).astype(np.int64) - ((HN >> last) & one).astype(np.int64)
            HP = (HP << one) | one
            VP, VN = (HN << one) | ~(D0 | HP), D0 & HP
            result = np.where(self.lengths == step + 1, score, result)
        return result

    def nearest(self, name: str, *, itself: bool = True) -> tuple[int, str]:
        """(distance, name) of the nearest; the first of equals. `itself` False passes over the same spelling."""
        distances = self.distances(name)
        if not itself:
            distances[distances == 0] = np.iinfo(np.int64).max
        k = int(distances.argmin())
        return int(distances[k]), self.names[k]


def plain_distance(a: str, b: str) -> int:
    """Levenshtein distance by the textbook's rows (Wagner and Fischer 1974)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]
