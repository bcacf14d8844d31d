"""What a name must be besides likely: each demand looks at many names at once and says which it refuses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bacterio_cli.errors import UsageError
from bacterio_cli.inference.scorer import Scorer
from bacterio_cli.nomenclature.gender import gender
from bacterio_cli.nomenclature.name_index import Lookup

Refused = NDArray[np.bool_]


class Filter(NamedTuple):
    """`reason` is the word for the tally; `refuses` takes names and answers True for each that will not do, (n,)."""

    reason: str
    refuses: Callable[[Sequence[str]], Refused]


def folded(text: str) -> str:
    """The text composed (NFC) and without capitals: what is compared."""
    return unicodedata.normalize("NFC", text).casefold()


def each(reason: str, meets: Callable[[str], object]) -> Filter:
    """A demand that looks at one name at a time."""
    return Filter(reason, lambda names: np.array([not meets(name) for name in names], bool))


def ending(endings: Sequence[str]) -> Filter:
    """One of these endings after something else, in any case."""
    wanted = tuple(folded(end) for end in endings)
    return each("another ending", lambda name: folded(name).endswith(wanted) and folded(name) not in wanted)


def of_gender(wanted: str) -> Filter:
    """The gender, by ending: m, f or n."""
    return each("another gender", lambda name: gender(name) == wanted)


def match(pattern: str) -> Filter:
    """A regular expression found somewhere in the name; UsageError if it does not compile."""
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UsageError(f"--match {pattern!r} is not a regular expression: {error}") from error
    return each("no match", compiled.search)


def without(words: Iterable[str]) -> Filter:
    """None of these words inside the name, in any case."""
    banned = re.compile("|".join(re.escape(folded(word)) for word in words))
    return each("banned word", lambda name: not banned.search(folded(name)))


def unlisted(spellings: Collection[str]) -> Filter:
    """Not one of these names, given in lower case (`str.casefold`), in any case."""
    return each("listed", lambda name: name.casefold() not in spellings)


def without_conflict(scorer: Scorer) -> Filter:
    """No rule for genus names is broken so that it is a conflict."""
    return Filter("conflict", lambda names: np.array([row.status == "conflict" for row in scorer.judged(names)], bool))


def apart(lookup: Lookup, edits: int) -> Filter:
    """At least so many edits from every listed name."""

    def refuses(names: Sequence[str]) -> Refused:
        found, _ = lookup.nearest(names, edits - 1)
        return np.asarray(found < edits)

    return Filter("too near", refuses)
