"""What the two codes let a program check of a genus name: one function a rule, with its number, severity and source.

The codes are the ICNP (International Code of Nomenclature of Prokaryotes) and the SeqCode (names from sequence data).
The numbers of ICNP rules come from older texts and quotations, not from the 2022 revision; whoever prints them prints
CAVEAT beside them. A rule answers with a Finding, with None (it passes) or with NotChecked (nothing to check against).
No answer says that a name is free to use: at best it was not found in the lists given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

Severity = Literal["error", "warning", "note"]
Status = Literal["ok", "warn", "conflict"]

ERROR: Final = "error"
WARNING: Final = "warning"
NOTE: Final = "note"

CAVEAT = (
    "Rule numbers of the ICNP come from older texts and quotations, not from the 2022 revision: "
    "look them up there before citing them."
)

LONG = 17  # the 95th percentile of 2,410 real genera
VERY_LONG = 25  # the longest of them


class Finding(NamedTuple):
    """One thing found in a name. `code` is stable and made for programs, `says` is for people."""

    code: str
    severity: Severity
    rule: str
    says: str


class NotChecked(NamedTuple):
    """The third answer, beside passing and failing: what this rule compares with was not given."""

    code: str


Verdict = Finding | NotChecked | None


@dataclass(frozen=True)
class Evidence:
    """What is known of a name when the rules look at it; as it stands, nothing is.

    `listed_in`, `listed_elsewhere`: labels of the lists in which the name stands, whatever its capitals: those of
    prokaryotes, and those of plants, animals, …
    `lists`: labels of all lists of prokaryotes compared; `elsewhere_checked`: others were given too.
    `nearest`, `edits`: the nearest name in `lists` if at most two edits lie between; `near_checked`: it was sought.
    `triples`: those of all known names, see `triples_of`; None is not checked.
    """

    listed_in: tuple[str, ...] = ()
    listed_elsewhere: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    nearest: str | None = None
    edits: int | None = None
    triples: frozenset[str] | None = None
    elsewhere_checked: bool = False
    near_checked: bool = False


def letters(name: str, _: Evidence) -> Verdict:
    """One word of the 26 basic Latin letters (j, k, w, y are allowed), the first alone a capital.  SeqCode 8, 10, 46;
    ICNP 10a, 12a, 64; error."""
    if re.fullmatch("[A-Z][a-z]+", name):
        return None
    if foreign := "".join(dict.fromkeys(re.findall("[^A-Za-z ]", name))):
        says = f"has {foreign!r} besides the 26 basic Latin letters"
    elif " " in name:
        says = "is not one word: there is a blank in it"
    elif len(name) < 2:
        says = "is shorter than two letters"
    else:
        says = "must have a capital first, and only there"
    return Finding("letters", ERROR, "SeqCode 8, 10, 46; ICNP 10a, 12a, 64", says)


def homonym(_: str, evidence: Evidence) -> Verdict:
    """No known genus of prokaryotes bears the name, whatever its capitals; a synonym or *Candidatus* counts too.
    ICNP 51b; SeqCode 9b; error."""
    if evidence.listed_in:
        says = f"stands in {', '.join(evidence.listed_in)}: the name is taken"
        return Finding("homonym", ERROR, "ICNP 51b; SeqCode 9b", says)
    return None if evidence.lists else NotChecked("homonym")


def homonym_elsewhere(_: str, evidence: Evidence) -> Verdict:
    """No genus of plants, animals, fungi, algae or viruses bears the name.  SeqCode 9b (binding); ICNP 51b(4),
    Principle 2; error with a list given, else not checked."""
    if evidence.listed_elsewhere:
        says = f"stands in {', '.join(evidence.listed_elsewhere)}: the name is taken there"
        return Finding("homonym-elsewhere", ERROR, "SeqCode 9b (binding); ICNP 51b(4), Principle 2", says)
    return None if evidence.elsewhere_checked else NotChecked("homonym-elsewhere")


def near(_: str, evidence: Evidence) -> Verdict:
    """More than two edits (insertion, deletion, substitution) from every known genus.  SeqCode Rec. 9.2; one edit is a
    warning, two are a note, since every fourth real name has a neighbour that near. The name itself is a homonym."""
    if evidence.edits is None:
        return None if evidence.near_checked else NotChecked("near")
    rule = "SeqCode Rec. 9.2"
    if evidence.edits == 1:
        return Finding("near", WARNING, rule, f"a single edit from {evidence.nearest}: easily taken for it")
    if evidence.edits == 2:
        return Finding("near", NOTE, rule, f"two edits from {evidence.nearest}")
    return None


def long(name: str, _: Evidence) -> Verdict:
    """Not very long.  ICNP Rec. 6(1); SeqCode Rec. 9.1; the figures are ours: a warning from 25 letters, as many as the
    longest of 2,410 real genera has, and a note above 17, their 95th percentile."""
    if len(name) <= LONG:
        return None
    very = len(name) >= VERY_LONG
    says = f"{len(name)} letters: " + ("hardly any genus has as many" if very else f"most genera have at most {LONG}")
    return Finding("long", WARNING if very else NOTE, "ICNP Rec. 6(1); SeqCode Rec. 9.1", says)


# What counts as one sound; folding leaves c for a consonant and a for a vowel. With zh (Zhongshania) and st
# (Constrictibacter) no genus of the corpus has four in a row.
CONSONANT = re.compile(r"s?sch|[cprstz]h|st|([b-df-hj-np-tv-xz])\1")
VOWEL = re.compile(r"[ao]e|[ao]u|e[iu]|([aeiouy])\1")
GLIDE = re.compile("(?<=[aeiou])y(?=[aeiou])")
RUN = re.compile("[aeiouy]{4}|[b-df-hj-np-tv-xz]{4}")


def pronounce(name: str, _: Evidence) -> Verdict:
    """No four consonants and no four vowels in a row, where a diphthong, a digraph or a double letter is one, and y is
    a vowel except between two others.  ICNP Rec. 6(1); SeqCode Rec. 9.1; warning. A weak test: no real name fails."""
    sounds = GLIDE.sub("c", VOWEL.sub("a", CONSONANT.sub("c", name.lower())))
    run = RUN.search(sounds)
    if run is None:
        return None
    kind = "vowels" if run[0][0] in "aeiouy" else "consonants"
    return Finding("pronounce", WARNING, "ICNP Rec. 6(1); SeqCode Rec. 9.1", f"four {kind} in a row: hard to pronounce")


def rank_ending(name: str, _: Evidence) -> Verdict:
    """Does not end like a name of a higher rank.  SeqCode Rec. 10.1; -aceae (family) and -ales (order) are errors, -ota
    (phylum) is a warning, -ia (class) a note, since one real genus in ten ends so."""
    ranks: tuple[tuple[str, str, Severity], ...] = (
        ("aceae", "a family", ERROR),
        ("ales", "an order", ERROR),
        ("ota", "a phylum", WARNING),
        ("ia", "a class, as many genera do", NOTE),
    )
    for ending, rank, severity in ranks:
        if name.lower().endswith(ending):
            return Finding("rank-ending", severity, "SeqCode Rec. 10.1", f"ends in -{ending} like {rank}")
    return None


def rare_triple(name: str, evidence: Evidence) -> Verdict:
    """Every three letters in a row, the ends of the word counted, occur in a known name.  No rule asks for it; note,
    since one real name in six has three that no other has."""
    if evidence.triples is None:
        return NotChecked("rare-triple")
    text = f"^{name.lower()}$"
    rare = sorted(filter(str.isprintable, triples(name) - evidence.triples), key=text.index)
    if not rare:
        return None
    shown = ", ".join(f"{t[1:]}-" if t[0] == "^" else f"-{t[:-1]}" if t[-1] == "$" else t for t in rare)
    return Finding("rare-triple", NOTE, "no rule", f"no known name has the letters {shown} in a row")


Rule = Callable[[str, Evidence], Verdict]
RULES: tuple[Rule, ...] = (letters, homonym, homonym_elsewhere, near, long, pronounce, rank_ending, rare_triple)


def judge(name: str, evidence: Evidence) -> tuple[list[Finding], list[str]]:
    """What all rules find in a name, in the order of RULES, and the codes of those that could not be checked."""
    verdicts = [rule(name, evidence) for rule in RULES]
    return (
        [verdict for verdict in verdicts if isinstance(verdict, Finding)],
        [verdict.code for verdict in verdicts if isinstance(verdict, NotChecked)],
    )


def status(findings: Iterable[Finding]) -> Status:
    """The worst of the findings in one word: an error is a conflict, notes are ok."""
    severities = {finding.severity for finding in findings}
    return "conflict" if ERROR in severities else "warn" if WARNING in severities else "ok"


def standing(evidence: Evidence) -> str:
    """Where the name was looked for and what came of it, in words that promise nothing: never 'available'."""
    found = evidence.listed_in + evidence.listed_elsewhere
    if found:
        return f"found in {', '.join(found)}"
    if not evidence.lists and not evidence.elsewhere_checked:
        return "compared with no list"
    return "not found in the lists given" + (f" ({', '.join(evidence.lists)})" if evidence.lists else "")


def triples(name: str) -> set[str]:
    """Three letters in a row, each once, with the boundaries as ^ and $."""
    text = f"^{name.lower()}$"
    return {text[k : k + 3] for k in range(len(text) - 2)}


def triples_of(names: Iterable[str]) -> frozenset[str]:
    """All three letters in a row that these names have, lowered, with the ends of the word as ^ and $."""
    return frozenset().union(*map(triples, names))
