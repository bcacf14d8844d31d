"""The nearest known name within two edits: ours, and rapidfuzz measuring every pair (`pip install '.[bench]'`)."""

from __future__ import annotations

from typing import Any

import numpy as np
from engine import drawn_names
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist
from turns import Work

from bacterio_cli.dataset.corpus import read_corpus
from bacterio_cli.nomenclature.edit_distance import MOST, Neighbours


def index(path: str) -> Work:
    """Making the index of a list."""
    names = read_corpus([path]).names

    def work() -> None:
        Neighbours(names)

    return work


def neighbours(path: str, count: int) -> Work:
    """All queries in an index that is made; what is found is compared with rapidfuzz once."""
    names, queries = read_corpus([path]).names, drawn_names(count)
    ours = Neighbours(names)
    if not np.array_equal(ours.within(queries)[0], every_pair(names, queries).min(axis=1)):
        raise SystemExit(f"{path}: ours and rapidfuzz find different edits")

    def work() -> None:
        ours.within(queries)

    return work


def peer(path: str, count: int) -> Work:
    """rapidfuzz, every query with every name, on one thread; looking for the least is not timed."""
    names, queries = read_corpus([path]).names, drawn_names(count)

    def work() -> None:
        every_pair(names, queries)

    return work


def every_pair(names: tuple[str, ...], queries: list[str]) -> NDArray[Any]:
    """rapidfuzz's edits, MOST + 1 for all that is further, (Q, K); bytes, which it fills faster than longer numbers."""
    return cdist(queries, names, scorer=Levenshtein.distance, score_cutoff=MOST, workers=1, dtype=np.uint8)
