"""Edit distance (Levenshtein 1966), and for many names at once the nearest name of a list within two edits.

Two strings within two edits: cut one of them into three pieces, and at least one piece stands in the other unchanged,
moved by at most two letters (Li, Deng, Wang and Feng 2011, Pass-Join). So the pieces of the list are kept sorted by
hash; those of a query find the few names that are worth measuring.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST = 2  # edits that the index answers for
PIECES = MOST + 1
BLOCK = 1 << 12  # names or queries at once
PAIRS = 1 << 17  # candidates at once: fewer make more short steps
BASE = 0x9E3779B97F4A7C15  # odd, so that its powers can be divided by modulo 2⁶⁴
KIND = 0xBF58476D1CE4E5B9  # tells pieces of other places and of names of other lengths apart

# (length of the query − of the name, piece of the name, place in the query − in the name). Of the pieces that stand
# unchanged the first with as many edits before it as pieces is enough: at most MOST − piece edits come after it.
PROBES = [
    (longer, piece, shift)
    for longer in range(-MOST, MOST + 1)
    for piece in range(PIECES)
    for shift in range(max(-piece, longer - MOST + piece), min(piece, longer + MOST - piece) + 1)
]


class Text(NamedTuple):
    """Strings as one row of letters' numbers, with room at both ends for a band to reach over."""

    ids: NDArray[Any]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]


class Neighbours:
    """A list of names, ready to be measured against; memory is proportional to its letters and names.

    `block` names or queries and `pairs` candidates are worked on at once; `base` is that of the keys, odd.
    """

    def __init__(self, names: Sequence[str], *, block: int = BLOCK, pairs: int = PAIRS, base: int = BASE) -> None:
        self.names, self.block, self.pairs, self.base = names, block, pairs, base
        codes = codes_of(names)
        used = np.zeros(int(codes.max(initial=0)) + 1, bool)
        used[codes] = True
        self.letters = int(used.sum())
        self.numbers = np.full(len(used) + 1, self.letters, np.min_scalar_type(self.letters))  # the last: unknown
        self.numbers[:-1][used] = np.arange(self.letters)
        self.text = self.numbered(names)
        keys = np.empty((PIECES, len(names)), np.uint64)
        self.counts = np.empty(len(names), np.uint64)
        for some in blocks(len(names), block):
            part = part_of(self.text, some)
            keys[:, some] = keys_of(part, [(0, piece, 0) for piece in range(PIECES)], base)[0]
            self.counts[some] = letter_counts(part)
        order = keys.ravel().argsort()
        self.keys = keys.ravel()[order]
        self.owners = (order % len(names)).astype(np.int32)

    def numbered(self, names: Sequence[str]) -> Text:
        """Names in the numbers of this list's letters; all letters that it lacks have one number."""
        lengths = np.fromiter(map(len, names), np.int64, len(names))
        ids = np.zeros(int(lengths.sum()) + 4 * MOST, self.numbers.dtype)
        ids[2 * MOST : -2 * MOST] = self.numbers.take(codes_of(names), mode="clip")
        return Text(ids, np.cumsum(lengths) - lengths + 2 * MOST, lengths)

    def within(
        self, queries: Sequence[str], most: int = MOST, *, itself: bool = True
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(edits (Q,), index (Q,)): edits to the nearest name, and where it stands, the first of equals.

        most + 1 and −1 where no name is within `most` edits, which is 0, 1 or 2, else ValueError. `itself` False
        passes over the same spelling.
        """
        if most not in range(MOST + 1):
            raise ValueError(f"most is {most}; the index answers for 0 to {MOST} edits")
        K = max(len(self.names), 1)
        best = np.full(len(queries), (most + 1) * K)  # edits · K + index: the least is the first of the nearest
        for block in blocks(len(queries), self.block):
            text = self.numbered(queries[block])
            counts = letter_counts(text)
            for row, name in self.candidates(text):
                near = np.abs(text.lengths[row] - self.text.lengths[name]) <= most
                near &= np.bitwise_count(counts[row] & ~self.counts[name]) <= most
                near &= np.bitwise_count(self.counts[name] & ~counts[row]) <= most
                row, name = row[near], name[near]
                edits = banded(text, row, self.text, name, most)
                found = (edits <= most) & (itself | (edits > 0))
                np.minimum.at(best[block], row[found], edits[found].astype(np.int64) * K + name[found])
        return best // K, np.where(best < (most + 1) * K, best % K, -1)

    def candidates(self, queries: Text) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Pairs (query, name) that share a piece, so many at once; some pairs come twice."""
        keys, valid = keys_of(queries, PROBES, self.base)
        row, wanted = np.nonzero(valid)[1], keys[valid]
        order = wanted.argsort()  # a search that follows the keys' order finds them in the cache
        row, wanted = row[order], wanted[order]
        first = self.keys.searchsorted(wanted)
        sizes = self.keys.searchsorted(wanted, "right") - first
        ends = sizes.cumsum()
        first -= ends - sizes
        for begin in range(0, int(sizes.sum()), self.pairs):
            pair = np.arange(begin, min(begin + self.pairs, int(ends[-1])))
            probe = ends.searchsorted(pair, "right")
            yield row[probe], self.owners[first[probe] + pair].astype(np.int64)


def blocks(count: int, size: int) -> Iterator[slice]:
    """The slices of so many names, `size` at once."""
    return (slice(begin, begin + size) for begin in range(0, count, size))


def codes_of(names: Sequence[str]) -> NDArray[np.uint32]:
    """The code points of all letters in a row."""
    return np.frombuffer("".join(names).encode("utf-32-le", "surrogatepass"), np.uint32)


def part_of(text: Text, block: slice) -> Text:
    """Some of the strings, with their letters alone."""
    starts, lengths = text.starts[block], text.lengths[block]
    return Text(text.ids[starts[0] : starts[-1] + lengths[-1]], starts - starts[0], lengths)


def keys_of(
    text: Text, probes: Sequence[tuple[int, int, int]], base: int
) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """One word for the piece that each probe reads from each string, and whether there is such a piece, (probes, Q).

    The key is Σ letter_k baseᵏ plus a number of the piece and its name's length, modulo 2⁶⁴; pieces that share one
    by chance are measured in vain and change nothing.
    """
    longer, piece, shift = np.array(probes).T[:, :, np.newaxis]
    length = text.lengths - longer
    begin, end = length * piece // PIECES + shift, length * (piece + 1) // PIECES + shift
    valid = (length >= 0) & (begin >= 0) & (end <= text.lengths)
    begin, end = (np.where(valid, text.starts + at, 0) for at in (begin, end))
    sums = np.zeros(len(text.ids) + 1, np.uint64)
    np.cumsum(text.ids * powers(base, len(text.ids)), out=sums[1:])
    hashes = (sums[end] - sums[begin]) * powers(pow(base, -1, 2**64), len(text.ids) + 1)[begin]
    return hashes + (length * PIECES + piece).astype(np.uint64) * np.uint64(KIND), valid


def powers(base: int, count: int) -> NDArray[np.uint64]:
    """1, base, base² … modulo 2⁶⁴."""
    factors = np.full(count, base, np.uint64)
    factors[:1] = 1
    return np.multiply.accumulate(factors)


def letter_counts(text: Text) -> NDArray[np.uint64]:
    """A bit for each of 32 classes of letters that a string has, and one for each that it has twice, (Q,).

    An edit takes at most one bit away and adds at most one.
    """
    row = np.repeat(np.arange(len(text.lengths)), text.lengths)
    first = int(text.starts[0])
    ids = text.ids[first : first + len(row)] % 32
    counts = np.bincount(row * 32 + ids, minlength=32 * len(text.lengths)).reshape(-1, 32)
    return np.packbits(np.hstack([counts > 0, counts > 1]), axis=1).view(np.uint64)[:, 0]


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
        row = band + (b.ids[other + i + offsets] != a.ids[at + i])  # never above the least + 2 most + 1
        np.minimum(row[:-1], band[1:] + np.uint8(1), out=row[:-1])
        for d in range(1, len(row)):
            np.minimum(row[d], row[d - 1] + np.uint8(1), out=row[d])
        band = row
        i += 1
    return result


def plain_distance(a: str, b: str) -> int:
    """Levenshtein distance by the textbook's rows (Wagner and Fischer 1974)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]
