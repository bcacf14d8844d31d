"""What names sound like: letters in a row, and the beginnings and ends that a list of known names teaches.

`y` counts as a vowel. Nothing here knows a rule of nomenclature: `rules` gives what is found a severity and a source.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

ENOUGH = 1000  # names; three hundred teach so little that every twentieth real name would be refused
ENDS = 2  # letters
LONG_RUN = 4  # consonants
ENDING_OF = 10  # names; an ending that so many share is none to stand alone

# What counts as one sound; folding leaves c for a consonant and a for a vowel. With zh (Zhongshania) and st
# (Constrictibacter) no genus of the corpus has four in a row.
CONSONANT = re.compile(r"s?sch|[cprstz]h|st|([b-df-hj-np-tv-xz])\1")
VOWEL = re.compile(r"[ao]e|[ao]u|e[iu]|([aeiouy])\1")
GLIDE = re.compile("(?<=[aeiou])y(?=[aeiou])")
ROW = re.compile("[aeiouy]{4}|[b-df-hj-np-tv-xz]{4}")
CONSONANTS = re.compile("[b-df-hj-np-tv-xz]+")
REPEATED = r"(.)\1\1|([b-df-hj-np-tv-xz])\2([b-df-hj-np-tv-xz])\3"


class Sounds(NamedTuple):
    """What a list of known names teaches, in small letters: the consonants that names begin with ("" before a vowel),
    their last two letters, their rows of four and more consonants, their `triples`, and the endings that many share."""

    onsets: frozenset[str]
    ends: frozenset[str]
    runs: frozenset[str]
    triples: frozenset[str]
    endings: frozenset[str]

    @classmethod
    def of(cls, names: Sequence[str], *, enough: int = ENOUGH) -> Sounds | None:
        """What these names teach; None if they are too few to teach anything."""
        words = {name.lower() for name in names}
        if len(words) < enough:
            return None
        shared = Counter(word[k:] for word in words for k in range(1, len(word) - 3))
        endings = frozenset(ending for ending, count in shared.items() if count >= ENDING_OF)
        return cls(endings=endings, **{field: frozenset().union(*map(heard, words)) for field, heard in HEARD.items()})


def onset(name: str) -> str:
    """The consonants that a name begins with, in small letters."""
    found = CONSONANTS.match(name.lower())
    return found[0] if found else ""


def long_runs(name: str) -> set[str]:
    """The rows of four and more consonants."""
    return {run for run in CONSONANTS.findall(name.lower()) if len(run) >= LONG_RUN}


def four_in_a_row(name: str) -> str:
    """vowels or consonants if there are four in a row, else ""; a diphthong, a digraph and a double letter are one,
    and y between two vowels is a consonant."""
    run = ROW.search(GLIDE.sub("c", VOWEL.sub("a", CONSONANT.sub("c", name.lower()))))
    return "" if run is None else "vowels" if run[0][0] in "aeiouy" else "consonants"


def triples(name: str) -> set[str]:
    """Three letters in a row, each once, with the boundaries as ^ and $."""
    text = f"^{name.lower()}$"
    return {text[k : k + 3] for k in range(len(text) - 2)}


# What one name teaches, by the fields of Sounds.
HEARD: dict[str, Callable[[str], set[str]]] = {
    "onsets": lambda name: {onset(name)},
    "ends": lambda name: {name.lower()[-ENDS:]},
    "runs": long_runs,
    "triples": triples,
}
