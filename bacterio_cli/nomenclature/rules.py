"""What the two codes let a program check of a genus name: one function per rule, with its source in RULES.

The codes are the ICNP (International Code of Nomenclature of Prokaryotes) and the SeqCode (names from sequence data).
The numbers of ICNP rules come from older texts and quotations, not from the 2022 revision; whoever prints them prints
CAVEAT beside them. A rule finds something, or passes, or is not checked since there was nothing to compare with.
No answer says that a name is free to use: at best it was not found in the lists given.

False alarms are shares of 3,928 real genera, leave-one-out for learned rules; together the rules of form and sound that
are more than notes have 0.9 %.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from bacterio_cli.nomenclature import phonotactics
from bacterio_cli.nomenclature.edit_distance import Neighbours
from bacterio_cli.nomenclature.phonotactics import Sounds

Severity = Literal["error", "warning", "note"]
Status = Literal["ok", "warn", "conflict"]
Found = tuple[Severity, str] | None  # what a rule says of a name that breaks it
ERROR: Final = "error"
WARNING: Final = "warning"
NOTE: Final = "note"
CAVEAT = (
    "Rule numbers of the ICNP come from older texts and quotations, not from the 2022 revision: "
    "look them up there before citing them."
)
SOUND, OURS = "ICNP Rec. 6(1); SeqCode Rec. 9.1", "no rule"
HOMONYM, NEAR = "ICNP 51b; SeqCode 9b", "SeqCode Rec. 9.2"
LONG = 17  # the 95th percentile of 2,410 real genera
VERY_LONG = 25  # the longest of them
RANKS: tuple[tuple[str, str, Severity], ...] = (
    *(("aceae", "a family", ERROR), ("ales", "an order", ERROR), ("ota", "a phylum", WARNING)),
    ("ia", "a class, as many genera do", NOTE),
)
PLACEHOLDER = re.compile("unclassified|uncultured|unidentified|unknown|incertae|candidatus")


class Finding(NamedTuple):
    """One thing found in a name. `code` is stable and made for programs, `says` is for people."""

    code: str
    severity: Severity
    rule: str
    says: str


@dataclass(frozen=True)
class Evidence:
    """What is known of a name when the rules look at it; None is not known, and what needs it is not checked.

    `listed`, `elsewhere`: labels of the lists of prokaryotes, and of plants, animals, …, in which the name stands,
    whatever its capitals; `nearest`: the nearest listed name with its edits, None and None if it has more than two.
    `sounds`: what all known names teach; `doubled`: the element that stands twice, "" for none.
    """

    listed: Sequence[str] | None = None
    elsewhere: Sequence[str] | None = None
    nearest: tuple[str | None, int | None] | None = None
    sounds: Sounds | None = None
    doubled: str | None = None


def letters(name: str) -> Found:
    """One word of the 26 basic Latin letters (j, k, w, y are allowed), the first alone a capital; error."""
    if re.fullmatch("[A-Z][a-z]+", name):
        return None
    if foreign := "".join(dict.fromkeys(re.findall("[^A-Za-z ]", name))):
        return ERROR, f"has {foreign!r} besides the 26 basic Latin letters"
    if " " in name:
        return ERROR, "is not one word: there is a blank in it"
    return ERROR, "is shorter than two letters" if len(name) < 2 else "must have a capital first, and only there"


def short(name: str) -> Found:
    """At least four letters; error. False alarms: none, the shortest real genera have four."""
    return (ERROR, f"{len(name)} letters: no known genus has fewer than four") if 1 < len(name) < 4 else None


def vowelless(name: str) -> Found:
    """Has a vowel, a, e, i, o, u or y; error. False alarms: none."""
    return None if re.search("[aeiouy]|^$", name.lower()) else (ERROR, "has no vowel")


def placeholder(name: str) -> Found:
    """Is no word that stands where a name is missing (Unclassified, Incertae), error; does not end like a virus or like
    a species without a name (-virus, -sp), warning. False alarms: none."""
    if found := PLACEHOLDER.match(name.lower()):
        return ERROR, f"{found[0]} stands where a name is missing"
    found = re.search("(virus|spp?)$", name.lower())
    return (WARNING, f"-{found[0]} is no ending of a genus") if found else None


def epithet(name: str) -> Found:
    """Does not end like the epithet of a species, in a genitive (-ii, -iae) or in -ensis, -ense: a genus is a noun in
    the nominative; warning. False alarms: none."""
    found = re.search("(ii|iae|ensis|ense)$", name.lower())
    return (WARNING, f"ends in -{found[0]} like the epithet of a species") if found else None


def homonym(_: str, listed: Sequence[str]) -> Found:
    """No known genus of prokaryotes bears the name, whatever its capitals; a synonym or *Candidatus* counts too;
    error."""
    return (ERROR, f"stands in {', '.join(listed)}: the name is taken") if listed else None


def homonym_elsewhere(_: str, listed: Sequence[str]) -> Found:
    """No genus of plants, animals, fungi, algae or viruses bears the name; error."""
    return (ERROR, f"stands in {', '.join(listed)}: the name is taken there") if listed else None


def near(_: str, nearest: tuple[str | None, int | None]) -> Found:
    """More than two edits (insertion, deletion, substitution) from every known genus; one edit is a warning, two are a
    note, since every fourth real name has a neighbour that near. The name itself is a homonym."""
    other, edits = nearest
    if edits == 1:
        return WARNING, f"a single edit from {other}: easily taken for it"
    return (NOTE, f"two edits from {other}") if edits == 2 else None


def long(name: str) -> Found:
    """Not very long; the figures are ours: a warning from 25 letters, as many as the longest of 2,410 real genera has,
    and a note above 17, their 95th percentile."""
    if len(name) >= VERY_LONG:
        return WARNING, f"{len(name)} letters: hardly any genus has as many"
    return (NOTE, f"{len(name)} letters: most genera have at most {LONG}") if len(name) > LONG else None


def pronounce(name: str) -> Found:
    """No four consonants and no four vowels in a row, where a diphthong, a digraph or a double letter is one, and y is
    a vowel except between two others; warning. A weak test: no real name fails."""
    kind = phonotactics.four_in_a_row(name)
    return (WARNING, f"four {kind} in a row: hard to pronounce") if kind else None


def repeated(name: str) -> Found:
    """No letter three times in a row, no two doubled consonants in a row; warning. False alarms: none."""
    row = phonotactics.REPEATED.search(name.lower())
    return (WARNING, f"{row[0]} in a row: hard to pronounce") if row else None


def beginning(name: str, sounds: Sounds) -> Found:
    """Begins with consonants that a known name begins with; error. False alarms: 0.3 %."""
    found = phonotactics.onset(name)
    return None if found in sounds.onsets else (ERROR, f"no known name begins with {found}-")


def end(name: str, sounds: Sounds) -> Found:
    """Ends with two letters that a known name ends with; error. False alarms: 0.3 %."""
    found = "".join(filter(str.isprintable, name.lower()[-phonotactics.ENDS :]))
    return None if found in sounds.ends else (ERROR, f"no known name ends with -{found}")


def consonants(name: str, sounds: Sounds) -> Found:
    """Every row of four or more consonants stands in a known name; warning. False alarms: 0.3 %."""
    unheard = ", ".join(sorted(phonotactics.long_runs(name) - sounds.runs))
    return (WARNING, f"no known name has {unheard} in a row") if unheard else None


def bare_ending(name: str, sounds: Sounds) -> Found:
    """Is more than an ending that many known names share (Bacter, Monas): a suffix alone is no root; error. False
    alarms: 0.2 %, names like Vibrio."""
    return (ERROR, "is no more than an ending that many names share") if name.lower() in sounds.endings else None


def doubled(_: str, element: str) -> Found:
    """No element stands twice (Halohalobacter); warning. False alarms: none."""
    return (WARNING, f"the element {element} stands twice") if element else None


def rank_ending(name: str) -> Found:
    """Does not end like a name of a higher rank; -aceae (family) and -ales (order) are errors, -ota (phylum) is a
    warning, -ia (class) a note, since one real genus in ten ends so."""
    for ending, rank, severity in RANKS:
        if name.lower().endswith(ending):
            return severity, f"ends in -{ending} like {rank}"
    return None


def rare_triple(name: str, sounds: Sounds) -> Found:
    """Every three letters in a row, the ends of the word counted, occur in a known name; note, since one real name in
    six has three that no other has."""
    unheard = filter(str.isprintable, phonotactics.triples(name) - sounds.triples)
    rare = sorted(unheard, key=f"^{name.lower()}$".index)
    shown = ", ".join("-" * (t[-1] == "$") + t.strip("^$") + "-" * (t[0] == "^") for t in rare)
    return (NOTE, f"no known name has the letters {shown} in a row") if rare else None


class Rule(NamedTuple):
    """A rule with its stable code and its source; `find` takes the name, and of the evidence what it `needs`."""

    code: str
    source: str
    find: Callable[..., Found]
    needs: str = ""


RULES = (
    Rule("letters", "SeqCode 8, 10, 46; ICNP 10a, 12a, 64", letters),
    Rule("short", OURS, short),
    Rule("vowelless", SOUND, vowelless),
    Rule("placeholder", OURS, placeholder),
    Rule("epithet", "ICNP 10a; SeqCode 10", epithet),
    Rule("homonym", HOMONYM, homonym, "listed"),
    Rule("homonym-elsewhere", "SeqCode 9b (binding); ICNP 51b(4), Principle 2", homonym_elsewhere, "elsewhere"),
    Rule("near", NEAR, near, "nearest"),
    Rule("long", SOUND, long),
    Rule("pronounce", SOUND, pronounce),
    Rule("repeated", SOUND, repeated),
    Rule("beginning", SOUND, beginning, "sounds"),
    Rule("end", SOUND, end, "sounds"),
    Rule("consonants", SOUND, consonants, "sounds"),
    Rule("bare-ending", "SeqCode 26.5", bare_ending, "sounds"),
    Rule("doubled", OURS, doubled, "doubled"),
    Rule("rank-ending", "SeqCode Rec. 10.1", rank_ending),
    Rule("rare-triple", OURS, rare_triple, "sounds"),
)


def judge(name: str, evidence: Evidence) -> tuple[list[Finding], list[str]]:
    """What all rules find in a name, in the order of RULES, and the codes of those that could not be checked."""
    findings, unchecked = [], []
    for code, source, find, needs in RULES:
        given = (name, getattr(evidence, needs)) if needs else (name,)
        if None in given:
            unchecked.append(code)
        elif found := find(*given):
            severity, says = found
            findings.append(Finding(code, severity, source, says))
    return findings, unchecked


def status(findings: Iterable[Finding]) -> Status:
    """The worst of the findings in one word: an error is a conflict, notes are ok."""
    severities = {finding.severity for finding in findings}
    return "conflict" if ERROR in severities else "warn" if WARNING in severities else "ok"


def compare_proposals(names: Sequence[str]) -> list[Finding | None]:
    """What the other names say of each that are proposed together: one equal to it, whatever its capitals, is an error,
    one a single edit from it a warning."""
    words = [name.casefold() for name in names]
    counts = Counter(words)
    edits, nearest = Neighbours(words).within(words, 1, itself=False)
    found: list[Finding | None] = []
    for word, distance, place in zip(words, edits.tolist(), nearest.tolist(), strict=True):
        finding = None
        if counts[word] > 1:
            finding = Finding("proposed-twice", ERROR, HOMONYM, "is proposed twice")
        elif distance == 1:
            says = f"a single edit from {names[place]}, proposed with it: easily taken for it"
            finding = Finding("proposed-near", WARNING, NEAR, says)
        found.append(finding)
    return found
