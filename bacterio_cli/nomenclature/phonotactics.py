"""What names sound like: letters in a row, and the beginnings and ends that a list of known names teaches.

`y` counts as a vowel. Nothing here knows a rule of nomenclature: `rules` gives what is found a severity and a source.
"""

import re
from collections import Counter
from collections.abc import Sequence

ENOUGH = 1000  # names; three hundred teach so little that every twentieth real name would be refused
ENDING_OF = 10  # names; an ending that so many share is none to stand alone

# What a name teaches, by the rule that compares it; the name stands in small letters between ^ and $.
TAUGHT = {
    "beginning": re.compile(r"(?<=\^)[b-df-hj-np-tv-xz]*"),  # nothing before a vowel
    "end": re.compile(r"[^^]{1,2}(?=\$)"),
    "consonants": re.compile("[b-df-hj-np-tv-xz]{4,}"),
    "rare-triple": re.compile("(?=(...))"),
}
Sounds = dict[str, frozenset[str]]  # what a list of names teaches, as TAUGHT has it, and the endings that many share

# What counts as one sound; folding leaves c for a consonant and a for a vowel. With zh (Zhongshania) and st
# (Constrictibacter) no genus of the corpus has four in a row.
CONSONANT = re.compile(r"s?sch|[cprstz]h|st|([b-df-hj-np-tv-xz])\1")
VOWEL = re.compile(r"[ao]e|[ao]u|e[iu]|([aeiouy])\1")
GLIDE = re.compile("(?<=[aeiou])y(?=[aeiou])")
ROW = re.compile("[aeiouy]{4}|[b-df-hj-np-tv-xz]{4}")
REPEATED = r"(.)\1\1|([b-df-hj-np-tv-xz])\2([b-df-hj-np-tv-xz])\3"


def taught(rule: str, name: str) -> list[str]:
    """What one name teaches for a rule, in order."""
    return TAUGHT[rule].findall(f"^{name.lower()}$")


def sounds_of(names: Sequence[str], *, enough: int = ENOUGH) -> Sounds | None:
    """What these names teach; None if they are too few to teach anything."""
    words = {name.lower() for name in names}
    if len(words) < enough:
        return None
    shared = Counter(word[k:] for word in words for k in range(1, len(word) - 3))
    endings = frozenset(ending for ending, count in shared.items() if count >= ENDING_OF)
    sounds = {rule: frozenset(s for word in words for s in taught(rule, word)) for rule in TAUGHT}
    return sounds | {"bare-ending": endings}


def unheard(name: str, sounds: Sounds) -> dict[str, str]:
    """What a name has that no known name teaches, in order, by rule, ^ and $ its ends; and the name itself if it is an
    ending that many share, such as Bacter and Monas: a suffix alone is no root."""
    new = {rule: dict.fromkeys(s for s in taught(rule, name) if s not in sounds[rule]) for rule in TAUGHT}
    bare = name if name.lower() in sounds["bare-ending"] else ""
    return {"bare-ending": bare} | {rule: ", ".join(found) for rule, found in new.items()}


def four_in_a_row(name: str) -> str:
    """vowels or consonants if there are four in a row, else ""; a diphthong, a digraph and a double letter are one,
    and y between two vowels is a consonant."""
    run = ROW.search(GLIDE.sub("c", VOWEL.sub("a", CONSONANT.sub("c", name.lower()))))
    return "" if run is None else "vowels" if run[0][0] in "aeiouy" else "consonants"
