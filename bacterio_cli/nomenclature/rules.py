"""What the two codes let a program check of a genus name: one function per rule, with its number, severity and source.

The codes are the ICNP (International Code of Nomenclature of Prokaryotes) and the SeqCode (names from sequence data).
The numbers of ICNP rules come from older texts and quotations, not from the 2022 revision; whoever prints them prints
CAVEAT beside them. A rule answers with a Finding, with None (it passes) or with NotChecked (nothing to check against).
No answer says that a name is free to use: at best it was not found in the lists given.

False alarms are shares of 3,928 real genera, leave-one-out for learned rules; together the rules of form and sound that
are more than notes have 0.9 %.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from bacterio_cli.nomenclature import phonotactics
from bacterio_cli.nomenclature.phonotactics import Sounds

Severity = Literal["error", "warning", "note"]
Status = Literal["ok", "warn", "conflict"]
ERROR: Final = "error"
WARNING: Final = "warning"
NOTE: Final = "note"
CAVEAT = (
    "Rule numbers of the ICNP come from older texts and quotations, not from the 2022 revision: "
    "look them up there before citing them."
)
SOUND = "ICNP Rec. 6(1); SeqCode Rec. 9.1"
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


class NotChecked(NamedTuple):
    """The third answer, beside passing and failing: what this rule compares with was not given."""

    code: str


Verdict = Finding | NotChecked | None


@dataclass(frozen=True)
class Evidence:
    """What is known of a name when the rules look at it; as it stands, nothing.

    `listed_in`, `listed_elsewhere`: labels of the lists in which the name stands, whatever its capitals: those of
    prokaryotes, and those of plants, animals, …
    `lists`: labels of all lists of prokaryotes compared; `elsewhere_checked`: others were given too.
    `nearest`, `edits`: the nearest name in `lists` if at most two edits lie between; `near_checked`: it was sought.
    `triples`, `sounds`: what all known names teach, see `phonotactics.triples_of` and `Sounds.of`; `doubled`: the
    element that stands twice, "" for none, see `morphology.Analysis`; None is not checked.
    """

    listed_in: tuple[str, ...] = ()
    listed_elsewhere: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    nearest: str | None = None
    edits: int | None = None
    triples: frozenset[str] | None = None
    elsewhere_checked: bool = False
    near_checked: bool = False
    sounds: Sounds | None = None
    doubled: str | None = None


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


def short(name: str, _: Evidence) -> Verdict:
    """At least four letters.  No rule asks for it; error. False alarms: none, the shortest real genera have four."""
    says = f"{len(name)} letters: no known genus has fewer than four"
    return Finding("short", ERROR, "no rule", says) if 1 < len(name) < 4 else None


def vowelless(name: str, _: Evidence) -> Verdict:
    """Has a vowel, a, e, i, o, u or y.  ICNP Rec. 6(1); SeqCode Rec. 9.1; error. False alarms: none."""
    return None if re.search("[aeiouy]|^$", name.lower()) else Finding("vowelless", ERROR, SOUND, "has no vowel")


def placeholder(name: str, _: Evidence) -> Verdict:
    """Is no word that stands where a name is missing (Unclassified, Incertae), error; does not end like a virus or like
    a species without a name (-virus, -sp), warning.  No rule asks for it. False alarms: none."""
    if found := PLACEHOLDER.match(name.lower()):
        return Finding("placeholder", ERROR, "no rule", f"{found[0]} stands where a name is missing")
    found = re.search("(virus|spp?)$", name.lower())
    return Finding("placeholder", WARNING, "no rule", f"-{found[0]} is no ending of a genus") if found else None


def epithet(name: str, _: Evidence) -> Verdict:
    """Does not end like the epithet of a species, in a genitive (-ii, -iae) or in -ensis, -ense: a genus is a noun in
    the nominative.  ICNP 10a; SeqCode 10; warning. False alarms: none."""
    if found := re.search("(ii|iae|ensis|ense)$", name.lower()):
        return Finding("epithet", WARNING, "ICNP 10a; SeqCode 10", f"ends in -{found[0]} like the epithet of a species")
    return None


def homonym(_: str, evidence: Evidence) -> Verdict:
    """No known genus of prokaryotes bears the name, whatever its capitals; a synonym or *Candidatus* counts too.
    ICNP 51b; SeqCode 9b; error."""
    if found := ", ".join(evidence.listed_in):
        return Finding("homonym", ERROR, "ICNP 51b; SeqCode 9b", f"stands in {found}: the name is taken")
    return None if evidence.lists else NotChecked("homonym")


def homonym_elsewhere(_: str, evidence: Evidence) -> Verdict:
    """No genus of plants, animals, fungi, algae or viruses bears the name.  SeqCode 9b (binding); ICNP 51b(4),
    Principle 2; error with a list given, else not checked."""
    if found := ", ".join(evidence.listed_elsewhere):
        says = f"stands in {found}: the name is taken there"
        return Finding("homonym-elsewhere", ERROR, "SeqCode 9b (binding); ICNP 51b(4), Principle 2", says)
    return None if evidence.elsewhere_checked else NotChecked("homonym-elsewhere")


def near(_: str, evidence: Evidence) -> Verdict:
    """More than two edits (insertion, deletion, substitution) from every known genus.  SeqCode Rec. 9.2; one edit is a
    warning, two are a note, since every fourth real name has a neighbour that near. The name itself is a homonym."""
    if evidence.edits is None:
        return None if evidence.near_checked else NotChecked("near")
    if evidence.edits == 1:
        says = f"a single edit from {evidence.nearest}: easily taken for it"
        return Finding("near", WARNING, "SeqCode Rec. 9.2", says)
    says = f"two edits from {evidence.nearest}"
    return Finding("near", NOTE, "SeqCode Rec. 9.2", says) if evidence.edits == 2 else None


def long(name: str, _: Evidence) -> Verdict:
    """Not very long.  ICNP Rec. 6(1); SeqCode Rec. 9.1; the figures are ours: a warning from 25 letters, as many as the
    longest of 2,410 real genera has, and a note above 17, their 95th percentile."""
    if len(name) >= VERY_LONG:
        return Finding("long", WARNING, SOUND, f"{len(name)} letters: hardly any genus has as many")
    says = f"{len(name)} letters: most genera have at most {LONG}"
    return Finding("long", NOTE, SOUND, says) if len(name) > LONG else None


def pronounce(name: str, _: Evidence) -> Verdict:
    """No four consonants and no four vowels in a row, where a diphthong, a digraph or a double letter is one, and y is
    a vowel except between two others.  ICNP Rec. 6(1); SeqCode Rec. 9.1; warning. A weak test: no real name fails."""
    kind = phonotactics.four_in_a_row(name)
    return Finding("pronounce", WARNING, SOUND, f"four {kind} in a row: hard to pronounce") if kind else None


def repeated(name: str, _: Evidence) -> Verdict:
    """No letter three times in a row, no two doubled consonants in a row.  ICNP Rec. 6(1); SeqCode Rec. 9.1; warning.
    False alarms: none."""
    row = phonotactics.repeated(name)
    return Finding("repeated", WARNING, SOUND, f"{row} in a row: hard to pronounce") if row else None


def beginning(name: str, evidence: Evidence) -> Verdict:
    """Begins with consonants that a known name begins with.  ICNP Rec. 6(1); SeqCode Rec. 9.1; error. Alarms: 0.3 %."""
    if evidence.sounds is None:
        return NotChecked("beginning")
    found = phonotactics.onset(name)
    says = f"no known name begins with {found}-"
    return None if found in evidence.sounds.onsets else Finding("beginning", ERROR, SOUND, says)


def end(name: str, evidence: Evidence) -> Verdict:
    """Ends with two letters that a known name ends with.  ICNP Rec. 6(1); SeqCode Rec. 9.1; error. False alarms:
    0.3 %."""
    if evidence.sounds is None:
        return NotChecked("end")
    found = "".join(filter(str.isprintable, name.lower()[-phonotactics.ENDS :]))
    return None if found in evidence.sounds.ends else Finding("end", ERROR, SOUND, f"no known name ends with -{found}")


def consonants(name: str, evidence: Evidence) -> Verdict:
    """Every row of four or more consonants stands in a known name.  ICNP Rec. 6(1); SeqCode Rec. 9.1; warning. False
    alarms: 0.3 %."""
    if evidence.sounds is None:
        return NotChecked("consonants")
    found = ", ".join(sorted(phonotactics.long_runs(name) - evidence.sounds.runs))
    return Finding("consonants", WARNING, SOUND, f"no known name has {found} in a row") if found else None


def bare_ending(name: str, evidence: Evidence) -> Verdict:
    """Is more than an ending that many known names share (Bacter, Monas): a suffix alone is no root.  SeqCode 26.5;
    error. False alarms: 0.2 %, names like Vibrio."""
    if evidence.sounds is None:
        return NotChecked("bare-ending")
    says = "is no more than an ending that many names share"
    return Finding("bare-ending", ERROR, "SeqCode 26.5", says) if name.lower() in evidence.sounds.endings else None


def doubled(_: str, evidence: Evidence) -> Verdict:
    """No element stands twice (Halohalobacter).  No rule asks for it; warning. False alarms: none."""
    if not evidence.doubled:
        return NotChecked("doubled") if evidence.doubled is None else None
    return Finding("doubled", WARNING, "no rule", f"the element {evidence.doubled} stands twice")


def rank_ending(name: str, _: Evidence) -> Verdict:
    """Does not end like a name of a higher rank.  SeqCode Rec. 10.1; -aceae (family) and -ales (order) are errors, -ota
    (phylum) is a warning, -ia (class) a note, since one real genus in ten ends so."""
    for ending, rank, severity in RANKS:
        if name.lower().endswith(ending):
            return Finding("rank-ending", severity, "SeqCode Rec. 10.1", f"ends in -{ending} like {rank}")
    return None


def rare_triple(name: str, evidence: Evidence) -> Verdict:
    """Every three letters in a row, the ends of the word counted, occur in a known name.  No rule asks for it; note,
    since one real name in six has three that no other has."""
    if evidence.triples is None:
        return NotChecked("rare-triple")
    text = f"^{name.lower()}$"
    rare = sorted(filter(str.isprintable, phonotactics.triples(name) - evidence.triples), key=text.index)
    shown = ", ".join("-" * (t[-1] == "$") + t.strip("^$") + "-" * (t[0] == "^") for t in rare)
    return Finding("rare-triple", NOTE, "no rule", f"no known name has the letters {shown} in a row") if rare else None


Rule = Callable[[str, Evidence], Verdict]
RULES: tuple[Rule, ...] = (
    *(letters, short, vowelless, placeholder, epithet, homonym, homonym_elsewhere, near, long, pronounce, repeated),
    *(beginning, end, consonants, bare_ending, doubled, rank_ending, rare_triple),
)


def judge(name: str, evidence: Evidence) -> tuple[list[Finding], list[str]]:
    """What all rules find in a name, in the order of RULES, and the codes of those that could not be checked."""
    verdicts = [rule(name, evidence) for rule in RULES]
    return [v for v in verdicts if isinstance(v, Finding)], [v.code for v in verdicts if isinstance(v, NotChecked)]


def status(findings: Iterable[Finding]) -> Status:
    """The worst of the findings in one word: an error is a conflict, notes are ok."""
    severities = {finding.severity for finding in findings}
    return "conflict" if ERROR in severities else "warn" if WARNING in severities else "ok"
