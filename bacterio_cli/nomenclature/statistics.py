"""How a list of invented names compares with the corpus: each figure beside the corpus's own value."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from bacterio_cli.nomenclature.edit_distance import MOST, Neighbours
from bacterio_cli.nomenclature.phonotactics import taught


def compare(names: Sequence[str], corpus: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Each figure of the invented names and of the corpus of two names or more; shares lie between 0 and 1.

    The corpus's own value comes from itself: leave-one-out, or two random halves. No names have no figures.
    """
    if not names:
        return {}
    shuffled = [corpus[k] for k in np.random.default_rng(0).permutation(len(corpus))]
    half, other = shuffled[::2], shuffled[1::2]
    known, neighbours = set(corpus), Neighbours(corpus)
    near, others = (edits <= MOST for edits, _ in (neighbours.within(names), neighbours.within(corpus, itself=False)))
    return {
        "distinct": (len(set(names)) / len(names), 1.0),
        "new": (sum(name not in known for name in names) / len(names), 0.0),
        "share within two edits": (float(near.mean()), float(others.mean())),
        "mean length": (sum(map(len, names)) / len(names), sum(map(len, corpus)) / len(corpus)),
        "lengths, KS distance": (ks_distance(names, corpus), ks_distance(half, other)),
        "endings, variation": (ending_distance(names, corpus), ending_distance(half, other)),
        "share with an unattested triple": unattested(names, corpus),
    }


def ks_distance(a: Sequence[str], b: Sequence[str]) -> float:
    """max |F_a − F_b| of the lengths' distribution functions  (Kolmogorov and Smirnov)."""
    x, y = np.sort([len(name) for name in a]), np.sort([len(name) for name in b])
    at = np.union1d(x, y)
    return float(np.abs(np.searchsorted(x, at, "right") / len(x) - np.searchsorted(y, at, "right") / len(y)).max())


def ending_distance(a: Sequence[str], b: Sequence[str]) -> float:
    """½ Σ |share_a − share_b| over the last four letters: the share of names whose endings would have to change."""
    x, y = (Counter(name[-4:] for name in names) for names in (a, b))
    return 0.5 * math.fsum(abs(x[ending] / len(a) - y[ending] / len(b)) for ending in x.keys() | y.keys())


def unattested(names: Sequence[str], corpus: Sequence[str]) -> tuple[float, float]:
    """The share of names with three letters in a row, boundaries counted, that no name of the corpus has; the corpus's
    own, that no other name has."""
    seen = Counter(triple for name in corpus for triple in {*taught("rare-triple", name)})
    invented = sum(any(not seen[triple] for triple in taught("rare-triple", name)) for name in names)
    own = sum(any(seen[triple] == 1 for triple in taught("rare-triple", name)) for name in corpus)
    return invented / len(names), own / len(corpus)


def letter_shares(names: Sequence[str]) -> dict[str, float]:
    """The share of each letter among all letters of the names, the most frequent first, equal ones by alphabet."""
    counts = Counter("".join(names))
    return {letter: counts[letter] / counts.total() for letter in sorted(counts, key=lambda v: (-counts[v], v))}
