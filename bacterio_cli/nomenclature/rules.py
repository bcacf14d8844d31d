"""What the two codes let a program check of a genus name: a table of rules, each with its severity and its source.

The codes are the ICNP (International Code of Nomenclature of Prokaryotes) and the SeqCode (names from sequence data).
A rule finds something, or passes, or is not checked since there was nothing to compare with. No answer says that a name
is free to use: at best it was not found in the lists given.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from bacterio_cli.nomenclature.edit_distance import Neighbours
from bacterio_cli.nomenclature.phonotactics import REPEATED, four_in_a_row

Severity = Literal["error", "warning", "note"]
CAVEAT = (  # to be printed beside them
    "Rule numbers of the ICNP come from older texts and quotations, not from the 2022 revision: "
    "look them up there before citing them."
)
SOUND, OURS = "ICNP Rec. 6(1); SeqCode Rec. 9.1", "no rule"
HOMONYM, NEAR = "ICNP 51b; SeqCode 9b", "SeqCode Rec. 9.2"
ELSEWHERE, RANK = "SeqCode 9b (binding); ICNP 51b(4), Principle 2", "SeqCode Rec. 10.1"
MISSPELT = "is not one capital and small letters a to z"  # j, k, w, y are allowed
PLACEHOLDER = "^(unclassified|uncultured|unidentified|unknown|incertae|candidatus)"
EPITHET = "(ii|iae|ensis|ense)$"  # genitives and the like: a genus is a noun in the nominative
LONG = 17  # the 95th percentile of 2,410 real genera
VERY_LONG = 25  # the longest of them


class Finding(NamedTuple):
    """One thing found in a name."""

    code: str  # stable and made for programs
    severity: Severity
    rule: str  # its source
    says: str  # made for people


class Rule(NamedTuple):
    """A rule; of several with one code the first that finds something speaks."""

    code: str  # stable
    source: str
    severity: Severity
    find: str  # the regular expression that finds something in what is known of a name
    says: str  # the finding in words, with what was `found` and the `length` of the name
    known: str = "small letters"  # what is looked at, a key of what `judge` knows


ANY = ".+"
RULES = (
    Rule("letters", "SeqCode 8, 10, 46; ICNP 10a, 12a, 64", "error", r"^(?![A-Z][a-z]+\Z)", MISSPELT, "name"),
    Rule("short", OURS, "error", "^.{2,3}$", "{length} letters: no known genus has fewer than four"),
    Rule("vowelless", SOUND, "error", "^[^aeiouy]+$", "has no vowel"),
    Rule("placeholder", OURS, "error", PLACEHOLDER, "{found} stands where a name is missing"),
    Rule("placeholder", OURS, "warning", "(virus|spp?)$", "-{found} is no ending of a genus"),
    Rule("epithet", "ICNP 10a; SeqCode 10", "warning", EPITHET, "ends in -{found} like the epithet of a species"),
    Rule("homonym", HOMONYM, "error", ANY, "stands in {found}: the name is taken", "listed"),
    Rule("homonym-elsewhere", ELSEWHERE, "error", ANY, "stands in {found}: the name is taken there", "elsewhere"),
    Rule("historical", "ICNP 24a, 28a", "warning", ANY, "stands in {found}: look up what became of it", "historical"),
    Rule("near", NEAR, "warning", "(?<=^1 ).+", "a single edit from {found}: easily taken for it", "near"),
    Rule("near", NEAR, "note", "(?<=^2 ).+", "two edits from {found}", "near"),
    Rule("long", SOUND, "warning", f".{{{VERY_LONG}}}", "{length} letters: hardly any genus has as many"),
    Rule("long", SOUND, "note", f".{{{LONG + 1}}}", f"{{length}} letters: most genera have at most {LONG}"),
    Rule("pronounce", SOUND, "warning", ANY, "four {found} in a row: hard to pronounce", "four in a row"),
    Rule("repeated", SOUND, "warning", REPEATED, "{found} in a row: hard to pronounce"),
    Rule("beginning", SOUND, "error", ANY, "no known name begins with {found}-", "beginning"),
    Rule("end", SOUND, "error", ANY, "no known name ends with -{found}", "end"),
    Rule("consonants", SOUND, "warning", ANY, "no known name has {found} in a row", "consonants"),
    Rule("bare-ending", "SeqCode 26.5", "error", ANY, "is no more than an ending that many names share", "bare-ending"),
    Rule("doubled", OURS, "warning", ANY, "the element {found} stands twice", "doubled"),
    Rule("rank-ending", RANK, "error", "aceae$", "ends in -{found} like a family"),
    Rule("rank-ending", RANK, "error", "ales$", "ends in -{found} like an order"),
    Rule("rank-ending", RANK, "warning", "ota$", "ends in -{found} like a phylum"),
    Rule("rank-ending", RANK, "note", "ia$", "ends in -{found} like a class, as many genera do"),
    Rule("rare-triple", OURS, "note", ANY, "no known name has {found} in a row", "rare-triple"),
)


def judge(name: str, **known: str | None) -> tuple[list[Finding], list[str]]:
    """What all rules find in a name, in the order of RULES, and the codes of those that could not be checked.

    `known` is what they look at besides the letters: the labels of the lists of prokaryotes in which the name is
    `listed`, of those of plants, animals, … (`elsewhere`) and of those of names in use before 1980 (`historical`); the
    edits to the nearest listed name and that name (`near`); the element that is `doubled`; and what is `unheard`. ""
    is none of it; what is None or missing is not known, and what needs it is not checked.
    """
    letters = {"name": name, "small letters": name.lower(), "four in a row": four_in_a_row(name)}
    known = {"historical": "", **letters, **known}
    findings: dict[str, Finding] = {}
    unchecked: dict[str, None] = {}
    for code, source, severity, find, says, what in RULES:
        if (text := known.get(what)) is None:
            unchecked[code] = None
        elif code not in findings and (found := re.search(find, text)):
            findings[code] = Finding(code, severity, source, says.format(found=found[0], length=len(name)))
    return [*findings.values()], [*unchecked]


def status(findings: Iterable[Finding]) -> Literal["ok", "warn", "conflict"]:
    """The worst of the findings in one word: an error is a conflict, notes are ok."""
    severities = {finding.severity for finding in findings}
    return "conflict" if "error" in severities else "warn" if "warning" in severities else "ok"


def compare_proposals(names: Sequence[str]) -> list[Finding | None]:
    """What the other names say of each that are proposed together: one equal to it, whatever its capitals, is an error,
    one a single edit from it a warning."""
    words = [name.casefold() for name in names]
    counts = Counter(words)
    _, nearest = Neighbours(words).within(words, 1, itself=False)

    def beside(word: str, place: int) -> Finding | None:
        if counts[word] > 1:
            return Finding("proposed-twice", "error", HOMONYM, "is proposed twice")
        says = f"a single edit from {names[place]}, proposed with it: easily taken for it"
        return Finding("proposed-near", "warning", NEAR, says) if place >= 0 else None

    return [*map(beside, words, nearest.tolist())]
