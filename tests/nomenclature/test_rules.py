"""What the rules of nomenclature find: for each, names that pass, names that fail, and when it cannot tell."""

from __future__ import annotations

import pytest
from support.processes import ROOT

from bacterio_cli.dataset.corpus import read_corpus
from bacterio_cli.nomenclature import rules
from bacterio_cli.nomenclature.rules import Evidence, Finding, NotChecked

GENERA = read_corpus([str(ROOT / "data" / "genera.txt")]).names
NOTHING = Evidence()
COMPARED = Evidence(lists=("LPSN",), near_checked=True, triples=rules.triples_of(GENERA), elsewhere_checked=True)


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


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Chthonomonas", None),
        ("Hansschlegelia", None),
        ("Constrictibacter", None),
        ("Wenyingzhuangia", None),
        ("Leeia", None),
        ("Chiayiivirga", None),
        ("Actinosynnema", None),
        ("Bacqtrxum", "consonants"),
        ("Lbrkdella", "consonants"),
        ("Bacioaium", "vowels"),
        ("Bayioella", None),
        ("Bacyioaella", "vowels"),
        ("Bauaiyabacter", None),
        ("Bauaioabacter", "vowels"),
    ],
)
def test_hard_to_pronounce(name: str, expected: str | None) -> None:
    """Four vowels or consonants in a row are a warning; digraphs, diphthongs, doubles are one, y is a glide between."""
    finding = rules.pronounce(name, NOTHING)
    if expected is None:
        assert finding is None
    else:
        assert severity(finding) == "warning"
        assert expected in finding.says


def test_no_real_name_is_hard_to_pronounce_or_misspelled() -> None:
    """Of the genera that ship, none is flagged by its letters or its sounds."""
    assert [name for name in GENERA if rules.letters(name, NOTHING) or rules.pronounce(name, NOTHING)] == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Bacillus", None),
        ("Thermococcales", "error"),
        ("Vibrionaceae", "error"),
        ("Thermoplasmatota", "warning"),
        ("Escherichia", "note"),
        ("Pseudomonas", None),
    ],
)
def test_endings_of_higher_ranks(name: str, expected: str | None) -> None:
    """-aceae and -ales are conflicts, -ota a warning, -ia, which real genera have, a note."""
    assert severity(rules.rank_ending(name, NOTHING)) == expected


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


def test_triples_of_names() -> None:
    """The triples of a list are lowered, joined, and count the word's ends."""
    assert rules.triples_of(["Aba", "ab"]) == {"^ab", "aba", "ba$", "ab$"}
    assert rules.triples_of([]) == frozenset()


def test_a_sound_name_has_no_findings() -> None:
    """A new name that every rule passes, each of them checked, is ok."""
    assert rules.judge("Borivibrio", COMPARED) == ([], [])
    assert rules.status([]) == "ok"


def test_nothing_known_is_said_not_passed() -> None:
    """Without evidence the comparing rules are listed as not checked, and a name alone is still judged."""
    findings, unchecked = rules.judge("borivibriota", NOTHING)
    assert [finding.code for finding in findings] == ["letters", "rank-ending"]
    assert unchecked == ["homonym", "homonym-elsewhere", "near", "rare-triple"]


def test_every_rule_can_speak_at_once() -> None:
    """All eight rules are asked, each under a code of its own, and every finding has a source and words."""
    evidence = Evidence(("a",), ("b",), ("a",), "Bacillus", 1, frozenset(), True, True)
    findings, unchecked = rules.judge("qrxbaeioaiooooooooooooaceae", evidence)
    assert unchecked == []
    assert [finding.code for finding in findings] == [
        "letters", "homonym", "homonym-elsewhere", "near", "long", "pronounce", "rank-ending", "rare-triple",
    ]  # fmt: skip
    assert all(finding.rule and finding.says for finding in findings)


@pytest.mark.parametrize(
    ("severities", "expected"),
    [((), "ok"), (("note", "note"), "ok"), (("note", "warning"), "warn"), (("error", "warning", "note"), "conflict")],
)
def test_the_worst_finding_is_the_status(severities: tuple[rules.Severity, ...], expected: str) -> None:
    """An error makes a conflict, a warning makes warn, notes leave a name ok."""
    assert rules.status(Finding("x", severity, "", "") for severity in severities) == expected


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (NOTHING, "compared with no list"),
        (Evidence(lists=("GTDB", "LPSN")), "not found in the lists given (GTDB, LPSN)"),
        (Evidence(elsewhere_checked=True), "not found in the lists given"),
        (Evidence(listed_in=("LPSN",), listed_elsewhere=("plants",), lists=("LPSN",)), "found in LPSN, plants"),
    ],
)
def test_words_about_the_lists_promise_nothing(evidence: Evidence, expected: str) -> None:
    """A name is found, not found in the lists given, or was not compared."""
    assert rules.standing(evidence) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Methanobacter", "m"), ("Vibrio", "m"), ("Streptomyces", "m"), ("Thermus", "m"),
        ("Pseudomonas", "f"), ("Salmonella", "f"), ("Methylocystis", "f"), ("Sarcina", "f"), ("Escherichia", "f"),
        ("Mycobacterium", "n"), ("Treponema", "n"), ("Mycoplasma", "n"), ("Rhabdoderma", "n"), ("Herpetosiphon", "n"),
        ("Roseicola", ""), ("Alcaligenes", ""), ("Haloferax", ""), ("Hydrogenivirens", ""), ("Leptothrix", ""),
        ("Hafnir", ""), ("", ""),
    ],
)  # fmt: skip
def test_gender_by_the_longest_ending(name: str, expected: str) -> None:
    """-bacterium is neuter though -bacter is not, -nema although it ends in -a; -cola stays open in spite of its -a."""
    assert rules.gender(name) == expected


def test_the_caveat_is_about_the_revision() -> None:
    """What is printed beside rule numbers says which text they are not from."""
    assert "ICNP" in rules.CAVEAT
    assert "not from the 2022 revision" in rules.CAVEAT
