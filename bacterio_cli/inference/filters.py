"""Filters of sampled names: each looks at many names at once and says which of them it refuses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bacterio_cli.errors import UsageError
from bacterio_cli.inference.scorer import Scorer
from bacterio_cli.nomenclature.glossary import Word
from bacterio_cli.nomenclature.name_index import Lookup
from bacterio_cli.nomenclature.usable import REASONS, Usable

Refused = NDArray[np.bool_]


class Filter(NamedTuple):
    """`reason` is what the statistics call a refusal; `refuses` says of n names which ones are refused, (n,)."""

    reason: str
    refuses: Callable[[Sequence[str]], Refused]


def caseless(text: str) -> str:
    """The text composed (NFC) and without capitals: the form in which letters are compared."""
    return unicodedata.normalize("NFC", text).casefold()


def per_name(reason: str, accepts: Callable[[str], object]) -> Filter:
    """A filter that looks at one name at a time."""
    return Filter(reason, lambda names: np.array([not accepts(name) for name in names], bool))


def ending(endings: Sequence[str]) -> Filter:
    """Names that end in one of these endings, in any case, and are not that ending alone."""
    wanted = tuple(caseless(end) for end in endings)
    return per_name("another ending", lambda name: caseless(name).endswith(wanted) and caseless(name) not in wanted)


def of_gender(wanted: str, scorer: Scorer) -> Filter:
    """Names of this grammatical gender, told by their last component or their ending: m, f or n."""
    return per_name("another gender", lambda name: scorer.morphology.analyse(name).gender == wanted)


def usable(scorer: Scorer, asked: Collection[Word] = ()) -> list[Filter]:
    """What names of genera pass unless any will do, a filter per reason of a refusal; `asked` words may be rare."""
    refusal = lru_cache(2**11)(Usable(scorer.morphology, asked).refusal)  # each name is asked for each reason
    return [per_name(reason, lambda name, reason=reason: refusal(name) != reason) for reason in REASONS]  # type: ignore[misc]


def about(words: Collection[Word], scorer: Scorer) -> Filter:
    """Names with an element that may be one of these words."""
    return per_name("about something else", lambda name: scorer.morphology.analyse(name).has(words))


def match(pattern: str) -> Filter:
    """Names in which a regular expression is found somewhere; UsageError if it does not compile."""
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UsageError(f"--match {pattern!r} is not a regular expression: {error}") from error
    return per_name("no match", compiled.search)


def without(words: Iterable[str]) -> Filter:
    """Names that contain none of these words, in any case."""
    banned = re.compile("|".join(re.escape(caseless(word)) for word in words))
    return per_name("banned word", lambda name: not banned.search(caseless(name)))


def unlisted(spellings: Collection[str]) -> Filter:
    """Names that are not among these, which are given in lower case (`str.casefold`)."""
    return per_name("listed", lambda name: name.casefold() not in spellings)


def without_conflict(scorer: Scorer) -> Filter:
    """Names that break no rule for genus names so badly that it is a conflict."""

    def refuses(names: Sequence[str]) -> Refused:
        return np.array([row.status == "conflict" for row in scorer.score(names, likelihood=False)], bool)

    return Filter("conflict", refuses)


def apart(lookup: Lookup, edits: int) -> Filter:
    """Names at least so many edits away from every listed name."""

    def refuses(names: Sequence[str]) -> Refused:
        found, _ = lookup.nearest(names, edits - 1)
        return np.asarray(found < edits)

    return Filter("too near", refuses)
