"""What the rules of nomenclature find, and the sounds that they look for: names that pass, and names that fail."""

from typing import Any

import pytest
from support.lists import SHIPPED

from bacterio_cli.nomenclature import rules
from bacterio_cli.nomenclature.phonotactics import TAUGHT, Sounds, four_in_a_row, sounds_of, unheard
from bacterio_cli.nomenclature.rules import Finding, compare_proposals

COMPARED: dict[str, Any] = {"listed": "", "elsewhere": "", "near": "None None", "doubled": ""}
KNOWN = sounds_of(SHIPPED) or {}
NONE_KNOWN = dict.fromkeys(TAUGHT, frozenset[str]()) | {"bare-ending": frozenset({"qrxxbbaeioaiooooooooooooaceae"})}


def compared(name: str, sounds: Sounds = KNOWN, **evidence: str) -> tuple[list[Finding], list[str]]:
    """What the rules find in a name that is compared with lists, and with names that teach all `sounds`."""
    return rules.judge(name, **COMPARED | evidence, **unheard(name, sounds))


def found(code: str, name: str, evidence: dict[str, Any] | None = None) -> tuple[str, str]:
    """The severity and the words of what a rule finds, blank if it passes, the severity 'not checked' if it cannot."""
    findings, unchecked = compared(name) if evidence is None else rules.judge(name, **evidence)
    severities = {finding.code: (finding.severity, finding.says) for finding in findings}
    return ("not checked", "") if code in unchecked else severities.get(code, ("", ""))


@pytest.mark.parametrize(
    "name",
    ["Bacillus subtilis", "bacillus", "BaCillus", "AB", "Bacillus-like", "Uba_1234", "Bacillus\n", "Αlba", "A", ""],
)  # the Α of Αlba is Greek
def test_one_capitalised_word_of_latin_letters(name: str) -> None:
    """Anything but a capital and small letters a–z is an error that says so."""
    assert found("letters", name) == ("error", "is not one capital and small letters a to z")


@pytest.mark.parametrize(
    ("code", "evidence", "expected", "words"),
    [
        ("homonym", {"listed": "LPSN, GTDB"}, "error", "stands in LPSN, GTDB: the name is taken"),
        *(("homonym", {"listed": ""}, "", ""), ("homonym", {"listed": None}, "not checked", "")),
        ("homonym", {"elsewhere": "Index"}, "not checked", ""),
        ("homonym-elsewhere", {"elsewhere": "Index"}, "error", "stands in Index"),
        ("homonym-elsewhere", {"elsewhere": ""}, "", ""),
        ("homonym-elsewhere", {"listed": "LPSN"}, "not checked", ""),
        ("historical", {"historical": "old names"}, "warning", "stands in old names"),
        *(("near", {"near": near}, "", "") for near in ("0 Bacillus", "None None")),
        ("near", {"near": "1 Bacillus"}, "warning", "a single edit from Bacillus: easily taken for it"),
        ("near", {"near": "2 Bacillus"}, "note", "two edits from Bacillus"),
        ("doubled", {"doubled": "halo"}, "warning", "the element halo stands twice"),
    ],
)
def test_what_evidence_says(code: str, evidence: dict[str, Any], expected: str, words: str) -> None:
    """A listed name, a neighbour and a doubled element are named; without a list of that kind there is no telling."""
    severity, says = found(code, "Bacilus", evidence)
    assert severity == expected
    assert words in says


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        *(("bacillUS", ""), ("Qbacillus", "has ^qb, qba in"), ("Bacillusq", "has usq, sq$ in"), ("ß", "has ^ß$ in")),
    ],
)
def test_rare_triples(name: str, shown: str) -> None:
    """Letters that no known name has in a row are a note that shows them in order, with ^ and $ for the word's ends."""
    severity, says = found("rare-triple", name)
    assert severity == ("note" if shown else "")
    assert shown in says


@pytest.mark.parametrize(
    ("name", "code", "severity"),
    [
        *(("Thermodesulfobium", "long", ""), ("Thermodesulfovibrio", "long", "note")),  # 17 and 19 letters
        *(("B" + "a" * 17, "long", "note"), ("B" + "a" * 23, "long", "note")),
        ("Sphingosinithalassobacter", "long", "warning"),  # 25, the longest real one
        *(("Xq", "short", "error"), ("Rus", "short", "error"), ("Brrrr", "vowelless", "error")),
        *(("Bacter", "bare-ending", "error"), ("Monas", "bare-ending", "error")),
        *(("Microbium", "bare-ending", "error"), ("Rdia", "beginning", "error")),
        *(("Chdiogeniopsis", "beginning", "error"), ("Oceanicac", "end", "error")),
        *(("Unclassified", "placeholder", "error"), ("Incertae", "placeholder", "error")),
        *(("Bacillovirus", "placeholder", "warning"), ("Halobacsp", "placeholder", "warning")),
        *(("Smithii", "epithet", "warning"), ("Seoulensis", "epithet", "warning")),
        *(("Perellrris", "repeated", "warning"), ("PERELLLIS", "repeated", "warning"), ("Mattessella", "repeated", "")),
        *(("Halongsthria", "consonants", "warning"), ("Lbrkdella", "pronounce", "warning")),
        *(("Bacioaium", "pronounce", "warning"), ("Thermococcales", "rank-ending", "error")),
        *(("Vibrionaceae", "rank-ending", "error"), ("Thermoplasmatota", "rank-ending", "warning")),
        ("Escherichia", "rank-ending", "note"),  # since real genera end so
    ],
)
def test_what_no_genus_looks_like(name: str, code: str, severity: str) -> None:
    """Short, vowelless, a bare ending, an unheard-of beginning or end are errors; the rest is a warning or a note."""
    assert found(code, name)[0] == severity
    assert code != "long" or not severity or f"{len(name)} letters" in found(code, name)[1]


def test_few_real_names_are_alarms() -> None:
    """Fewer than one in a hundred real genera breaks a rule, and none by its letters or by four sounds in a row."""
    findings = {name: compared(name)[0] for name in SHIPPED}
    worse = [name for name in SHIPPED if rules.status(findings[name]) != "ok" and len(name) < rules.VERY_LONG]
    assert len(worse) < 0.01 * len(SHIPPED)
    assert {"letters", "pronounce"}.isdisjoint(finding.code for some in findings.values() for finding in some)


def test_nothing_known_is_said_not_passed() -> None:
    """Without evidence the comparing rules are listed as not checked, and a name alone is still judged."""
    findings, unchecked = rules.judge("borivibriota")
    assert [finding.code for finding in findings] == ["letters", "rank-ending"]
    comparing = "homonym homonym-elsewhere near beginning end consonants bare-ending doubled rare-triple"
    assert unchecked == comparing.split()
    assert compared("Thermofustis") == ([], [])


def test_every_rule_can_speak() -> None:
    """Each rule is asked under a code of its own, and every finding has a source and words."""
    evidence = {"listed": "a", "elsewhere": "b", "historical": "c", "doubled": "bac", "near": "1 Bacillus"}
    names = ("qrxxbbaeioaiooooooooooooaceae", "Xq", "Unclassified", "Smithii")
    spoken = {finding.code: finding for name in names for finding in compared(name, NONE_KNOWN, **evidence)[0]}
    codes = """letters short vowelless placeholder epithet homonym homonym-elsewhere historical near long pronounce
        repeated beginning end consonants bare-ending doubled rank-ending rare-triple"""
    assert [*dict.fromkeys(rule.code for rule in rules.RULES)] == codes.split()
    assert set(spoken) == set(codes.split())
    assert all(finding.rule and finding.says for finding in spoken.values())


def test_the_worst_finding_is_the_status() -> None:
    """An error makes a conflict, a warning makes warn, notes leave a name ok."""
    note, warning, error = (Finding("x", severity, "", "") for severity in ("note", "warning", "error"))
    lists = ([], [note, note], [note, warning], [error, warning, note])
    assert [rules.status(findings) for findings in lists] == ["ok", "ok", "warn", "conflict"]


def test_equal_and_near_proposals_are_found() -> None:
    """An equal name is an error, whatever its capitals, one a single edit away a warning that names it; others pass."""
    names = ["Borivibrio", "Borivibria", "Thermofustis", "Rovibacterium", "thermofustis", "Rovibacteria"]
    twice = Finding("proposed-twice", "error", rules.HOMONYM, "is proposed twice")
    says = "a single edit from {}, proposed with it: easily taken for it".format
    near = [Finding("proposed-near", "warning", rules.NEAR, says(names[k])) for k in (1, 0)]
    assert compare_proposals(names) == [*near, twice, None, twice, None]
    assert (compare_proposals(["Thermofustis"]), compare_proposals([])) == ([None], [])


def test_four_sounds_in_a_row() -> None:
    """Vowels or consonants; digraphs, diphthongs and doubles are one sound, y is a glide between vowels."""
    few = "Chthonomonas Hansschlegelia Constrictibacter Wenyingzhuangia Leeia Chiayiivirga Bayioella Bauaiyabacter"
    assert [name for name in few.split() if four_in_a_row(name)] == []
    assert {four_in_a_row(name) for name in ("Bacqtrxum", "Lbrkdella")} == {"consonants"}
    assert {four_in_a_row(name) for name in ("Bacioaium", "Bacyioaella", "Bauaioabacter")} == {"vowels"}


def test_a_list_teaches_beginnings_ends_rows_and_endings() -> None:
    """Onsets, last two letters and rows of four consonants are those of any name; an ending is shared by ten."""
    names = [*(f"{head}{vowel}bactxqzter" for head in ("Kl", "B") for vowel in "aeiou"), "Alba", "alba", "YBCDFABCDAB"]
    names += ["Oxite", *(f"{letter}oxite" for letter in "BCDFGHJKL")]  # nine end so, and one is that alone
    sounds = sounds_of(names, enough=22)
    assert sounds is not None
    assert sounds["beginning"] == {"kl", *"bcdfghjkl", ""}
    assert sounds["end"] == {"er", "ba", "ab", "te"}
    assert sounds["consonants"] == {"ctxqzt", "bcdf"}
    assert {"^al", "alb", "lba", "ba$", "^kl", "er$"} <= sounds["rare-triple"]
    assert not {"a$b", "$^a"} & sounds["rare-triple"]
    assert {"bactxqzter", "zter"} <= sounds["bare-ending"]
    assert not {"abactxqzter", "oxite", "ter"} & sounds["bare-ending"]
    assert sounds_of(names, enough=23) is None
