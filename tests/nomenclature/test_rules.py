"""What the rules of nomenclature find: for each, names that pass, names that fail, and when it cannot tell."""

from __future__ import annotations

import pytest
from support.processes import ROOT

from bacterio_cli.dataset.corpus import read_corpus
from bacterio_cli.nomenclature import rules
from bacterio_cli.nomenclature.phonotactics import Sounds, triples_of
from bacterio_cli.nomenclature.rules import Evidence, Finding, NotChecked

GENERA = read_corpus([str(ROOT / "data" / "genera.txt")]).names
NOTHING = Evidence()
COMPARED = Evidence(
    lists=("LPSN",), near_checked=True, triples=triples_of(GENERA), elsewhere_checked=True, sounds=Sounds.of(GENERA),
    doubled="",
)  # fmt: skip


def severity(verdict: rules.Verdict) -> str | None:
    """The severity of a finding, None for a pass; the third answer is an error here."""
    assert not isinstance(verdict, NotChecked)
    return verdict.severity if verdict else None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Escherichia", None),
        ("Wolbachia", None),
        ("Jeotgalibacillus", None),
        ("Bacillus subtilis", "one word"),
        ("bacillus", "capital"),
        ("BaCillus", "capital"),
        ("UBA", "capital"),
        ("AB", "capital"),
        ("Bacillus-like", "'-'"),
        ("Bacillus_A", "'_'"),
        ("Uba1234", "'1234'"),
        ("Ålesundia", "'Å'"),
        ("Bacillus\n", r"'\n'"),
        ("\x1b[31mAlba", r"'\x1b[31'"),
        ("Α", "'Α'"),  # a Greek capital
        ("A", "two letters"),
        ("", "two letters"),
    ],
)
def test_one_capitalised_word_of_latin_letters(name: str, words: str | None) -> None:
    """Anything but a capital and small letters a–z is an error that says what is wrong, printable in any case."""
    finding = rules.letters(name, NOTHING)
    if words is None:
        assert finding is None
    else:
        assert isinstance(finding, Finding)
        assert finding.severity == "error"
        assert words in finding.says
        assert finding.says.isprintable()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Thermodesulfobium", None),  # 17
        ("Thermodesulfovibrio", "note"),
        ("Thermodesulfobacterium", "note"),
        ("B" + "a" * 16, None),
        ("B" + "a" * 17, "note"),
        ("B" + "a" * 23, "note"),
        ("Sphingosinithalassobacter", "warning"),  # 25, the longest real one
    ],
)
def test_length(name: str, expected: str | None) -> None:
    """Above 17 letters there is a note, from 25 a warning; both say how many letters."""
    finding = rules.long(name, NOTHING)
    assert severity(finding) == expected
    assert finding is None or str(len(name)) in finding.says


def test_no_real_name_is_hard_to_pronounce_or_misspelled() -> None:
    """Of the genera that ship, none is flagged by its letters or its sounds."""
    assert [name for name in GENERA if rules.letters(name, NOTHING) or rules.pronounce(name, NOTHING)] == []


def test_homonym_of_a_prokaryote() -> None:
    """A name in a list of prokaryotes is an error that names the list; one in none passes, if there was a list."""
    found = rules.homonym("Bacillus", Evidence(listed_in=("LPSN",), lists=("GTDB", "LPSN")))
    assert severity(found) == "error"
    assert "LPSN" in found.says
    assert "GTDB" not in found.says
    assert rules.homonym("Borivibrio", COMPARED) is None
    assert rules.homonym("Borivibrio", NOTHING) == NotChecked("homonym")


def test_homonym_of_something_else() -> None:
    """A plant's or animal's name is an error with such a list and cannot be checked without one."""
    found = rules.homonym_elsewhere("Proteus", Evidence(listed_elsewhere=("amphibians",), elsewhere_checked=True))
    assert severity(found) == "error"
    assert "amphibians" in found.says
    assert rules.homonym_elsewhere("Borivibrio", COMPARED) is None
    assert rules.homonym_elsewhere("Borivibrio", Evidence(lists=("LPSN",))) == NotChecked("homonym-elsewhere")


@pytest.mark.parametrize(("edits", "expected"), [(0, None), (1, "warning"), (2, "note"), (3, None)])
def test_neighbours(edits: int, expected: str | None) -> None:
    """One edit is a warning and two are a note, both with the neighbour's name; the name itself is the homonym's."""
    finding = rules.near("Bacilus", Evidence(nearest="Bacillus", edits=edits))
    assert severity(finding) == expected
    assert finding is None or "Bacillus" in finding.says


def test_no_neighbour_is_told_from_not_looked_for() -> None:
    """Without a distance the rule passes if a neighbour was sought, and else was not checked."""
    assert rules.near("Borivibrio", Evidence(near_checked=True)) is None
    assert rules.near("Borivibrio", Evidence(lists=("LPSN",))) == NotChecked("near")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Bacillus", ""),
        ("bacillUS", ""),
        ("Qbacillus", "qb-, qba"),
        ("Bacillusq", "usq, -sq"),
        ("Bacqillus", "cqi"),
        ("ß", "letters -ß- in"),
        ("Bacqi\x1bllus\n", "acq, cqi in"),  # what cannot be printed is the first rule's
    ],
)
def test_rare_triples(name: str, shown: str) -> None:
    """Letters that no known name has in a row are a note that shows them in order, the word's ends as dashes."""
    finding = rules.rare_triple(name, COMPARED)
    if shown:
        assert severity(finding) == "note"
        assert shown in finding.says
    else:
        assert finding is None
    assert rules.rare_triple(name, NOTHING) == NotChecked("rare-triple")


@pytest.mark.parametrize(
    ("name", "code", "status"),
    [
        *(("Xq", "short", "conflict"), ("Rus", "short", "conflict"), ("Brrrr", "vowelless", "conflict")),
        *(("Bacter", "bare-ending", "conflict"), ("Monas", "bare-ending", "conflict")),
        *(("Microbium", "bare-ending", "conflict"), ("Rdia", "beginning", "conflict")),
        *(("Chdiogeniopsis", "beginning", "conflict"), ("Oceanicac", "end", "conflict")),
        *(("Unclassified", "placeholder", "conflict"), ("Incertae", "placeholder", "conflict")),
        *(("Bacillovirus", "placeholder", "warn"), ("Halobacsp", "placeholder", "warn")),
        *(("Smithii", "epithet", "warn"), ("Seoulensis", "epithet", "warn")),
        *(("Perellrris", "repeated", "warn"), ("Perelllis", "repeated", "warn")),
        *(("Halongsthria", "consonants", "warn"), ("Lbrkdella", "pronounce", "warn")),
        *(("Bacioaium", "pronounce", "warn"), ("Thermococcales", "rank-ending", "conflict")),
        *(("Vibrionaceae", "rank-ending", "conflict"), ("Thermoplasmatota", "rank-ending", "warn")),
        ("Escherichia", "rank-ending", "ok"),  # a note, since real genera end so
    ],
)
def test_what_no_genus_looks_like(name: str, code: str, status: str) -> None:
    """Too short, without vowel, a bare ending, an unheard-of beginning or end: a conflict; the rest warns."""
    findings, unchecked = rules.judge(name, COMPARED)
    assert code in [finding.code for finding in findings]
    assert rules.status(finding for finding in findings if finding.code == code) == status
    assert unchecked == []
    assert rules.judge("Thermofustis", COMPARED) == ([], [])


def test_a_doubled_element_is_a_warning() -> None:
    """The element that stands twice is named, none passes, and without a cut it was not checked."""
    assert severity(rules.doubled("Halohalobacter", Evidence(doubled="halo"))) == "warning"
    assert rules.doubled("Halobacter", Evidence(doubled="")) is None
    assert rules.doubled("Halobacter", NOTHING) == NotChecked("doubled")


def test_few_real_names_are_alarms() -> None:
    """Of the genera that ship, fewer than one in a hundred breaks a rule of form or sound that is more than a note."""
    evidence = Evidence(sounds=Sounds.of(GENERA))
    worse = [name for name in GENERA if rules.status(rules.judge(name, evidence)[0]) != "ok"]
    longest = [name for name in GENERA if len(name) >= rules.VERY_LONG]
    assert len(set(worse) - set(longest)) < 0.01 * len(GENERA)


def test_nothing_known_is_said_not_passed() -> None:
    """Without evidence the comparing rules are listed as not checked, and a name alone is still judged."""
    findings, unchecked = rules.judge("borivibriota", NOTHING)
    assert [finding.code for finding in findings] == ["letters", "rank-ending"]
    assert unchecked == [
        *("homonym", "homonym-elsewhere", "near", "beginning", "end", "consonants", "bare-ending", "doubled"),
        "rare-triple",
    ]


NONE_KNOWN = Sounds(frozenset(), frozenset(), frozenset(), frozenset({"qrxxbbaeioaiooooooooooooaceae"}))


def test_every_rule_can_speak() -> None:
    """Each rule is asked under a code of its own, and every finding has a source and words."""
    evidence = Evidence(("a",), ("b",), ("a",), "Bacillus", 1, frozenset(), True, True, NONE_KNOWN, "bac")
    found = {
        finding.code: finding
        for name in ("qrxxbbaeioaiooooooooooooaceae", "Xq", "Unclassified", "Smithii")
        for finding in rules.judge(name, evidence)[0]
    }
    assert rules.judge("Xq", evidence)[1] == []
    assert set(found) == {
        *("letters", "short", "vowelless", "placeholder", "epithet", "homonym", "homonym-elsewhere", "near", "long"),
        *("pronounce", "repeated", "beginning", "end", "consonants", "bare-ending", "doubled", "rank-ending"),
        "rare-triple",
    }
    assert len(found) == len(rules.RULES)
    assert all(finding.rule and finding.says for finding in found.values())


def test_the_worst_finding_is_the_status() -> None:
    """An error makes a conflict, a warning makes warn, notes leave a name ok."""
    note, warning, error = (Finding("x", severity, "", "") for severity in (rules.NOTE, rules.WARNING, rules.ERROR))
    found = ([], [note, note], [note, warning], [error, warning, note])
    assert [rules.status(findings) for findings in found] == ["ok", "ok", "warn", "conflict"]


def test_the_caveat_is_about_the_revision() -> None:
    """What is printed beside rule numbers says which text they are not from."""
    assert "ICNP" in rules.CAVEAT
    assert "not from the 2022 revision" in rules.CAVEAT
