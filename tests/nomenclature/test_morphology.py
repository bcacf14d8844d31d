"""Names cut into words: what is explained, what is doubted, what chance does not pass for, and the gender."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.processes import ROOT, examples

from bacterio_cli.dataset.corpus import read_corpus
from bacterio_cli.nomenclature.gender import gender
from bacterio_cli.nomenclature.glossary import Glossary, Word, standard
from bacterio_cli.nomenclature.morphology import MOST_ELEMENTS, Morphology

GENERA = read_corpus([str(ROOT / "data" / "genera.txt")]).names
REAL = Morphology(standard(), GENERA)
ALONE = Morphology(standard())


def words(*lines: str) -> Morphology:
    """A glossary of a few made-up words, `stem links final` with blanks between and . for nothing."""
    made = []
    for k, line in enumerate(lines):
        stems, links, final = ("" if cell == "." else cell for cell in line.split())
        made.append(
            Word(f"word{'abcdefgh'[k]}", "L.", "masc. n.", stems, links, final and f"{final}:m", f"sense {k}", "")
        )
    return Morphology(Glossary(made))


@pytest.mark.parametrize(
    ("name", "shown", "answer"),
    [
        ("Thermofustis", "thermo+fustis", "explained"),
        ("Dethiosulfatarculus", "dethio+sulfat+arculus", "explained"),  # a vowel dropped before a vowel
        ("Thermibacter", "thermi+bacter", "explained"),
        ("Sarcina", "sarcina", "explained"),
        ("Rovibacterium", "[rovi]+bacterium", "partly"),
        ("Thermozorkus", "thermo+[zorkus]", "partly"),
        ("Oricola", "ori+cola", "explained"),
        ("Falsochrobactrum", "fals+ochrobactrum", "explained"),
        ("Mycoplasmopsis", "myco+plasm+opsis", "explained"),
        ("Chloropsis", "chlor+opsis", "partly"),  # like no genus
        ("Oligella", "olig+ella", "explained"),
        ("Belliella", "[bell]+iella", "eponym-like"),  # of a person, as -iella behind an adjective often is
        ("Dolichospermum", "dolicho+sperm+um", "partly"),  # ends names of plants
        ("Salinia", "salin+ia", "partly"),  # an inflection is no word
        ("Halohalobacter", "halo+halo+bacter", "partly"),
        ("Escherichia", "[escherich]+ia", "eponym-like"),
        ("Roseburia", "[rosebur]+ia", "eponym-like"),  # not rose + [buria]
        ("Zobellella", "[zobell]+ella", "eponym-like"),  # nor zo+bell+ella
        ("Dorea", "[dore]+a", "eponym-like"),
        ("Nostoc", "[nostoc]", "unexplained"),
        ("Ella", "[ella]", "unexplained"),  # a suffix alone is no root
        ("Xq", "[xq]", "unexplained"),
        ("THERMOFUSTIS", "thermo+fustis", "explained"),
        ("", "[]", "unexplained"),
    ],
)
def test_four_answers(name: str, shown: str, answer: str) -> None:
    """Words of the glossary explain a name; unknown stems, doubled elements and bare inflections do not."""
    analysis = REAL.analyse(name)
    assert (analysis.shown, analysis.answer) == (shown, answer)
    assert (REAL.explained(name) is not None) is (answer == "explained")


@pytest.mark.parametrize(
    ("name", "shown", "answer"),
    [
        ("Pararickettsia", "para+rickettsia", "explained"),
        ("Neoescherichia", "neo+escherichia", "explained"),
        ("Diplorickettsia", "diplo+rickettsia", "partly"),  # behind no relational prefix
        ("Zorkurickettsia", "[zorku]+rickettsia", "partly"),
    ],
)
def test_known_genera_as_elements(name: str, shown: str, answer: str) -> None:
    """A known genus explains a name behind a prefix that relates to it; elsewhere it is known, the name doubtful."""
    analysis = REAL.analyse(name)
    assert (analysis.shown, analysis.answer, analysis.parts[-1].kind) == (shown, answer, "genus")
    assert ALONE.analyse(name).answer != "explained"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Dethiosulfatarculus", ("Dethiosulfat", "arculus")),
        ("Rovibacterium", ("Rovi", "bacterium")),
        ("SMITHELLA", ("SMITH", "ELLA")),
        ("Sarcina", ("", "")),
        ("Nostoc", ("", "")),
        ("", ("", "")),
        ("İİbacter", ("", "")),  # four small letters, and no telling where they are in the name
    ],
)
def test_stem_and_ending_are_the_last_cut_in_the_letters_of_the_name(name: str, expected: tuple[str, str]) -> None:
    """The ending is the last part, known or not; a name of one part has neither."""
    assert REAL.analyse(name).stem_and_ending == expected


@examples
@given(st.one_of(st.text("abcdeilmnorstu", min_size=1, max_size=16), st.text(max_size=6), st.sampled_from(GENERA)))
def test_parts_are_the_name_letter_by_letter(name: str) -> None:
    """Whatever the text, the parts put together are its small letters; the quick answer is that of the whole."""
    analysis = REAL.analyse(name)
    assert "".join(part.form for part in analysis.parts) == name.lower()
    assert sum(part.kind == "unknown" for part in analysis.parts) <= 1
    assert all(len(part.form) > 3 for part in analysis.parts if part.kind == "unknown" and len(analysis.parts) > 1) or (
        analysis.answer == "eponym-like"
    )
    assert (REAL.explained(name) is not None) is (analysis.answer == "explained")


def test_half_of_real_names_are_explained_and_nonsense_is_not() -> None:
    """More than half of the genera that ship, and next to none of the same letters in another order."""
    rng = random.Random(5)
    shuffled = ["".join(rng.sample(name, len(name))) for name in GENERA]
    assert sum(map(bool, map(ALONE.explained, GENERA))) > 0.55 * len(GENERA)
    assert sum(map(bool, map(ALONE.explained, shuffled))) < 0.005 * len(GENERA)


def test_links_cost_what_they_are_worth() -> None:
    """The listed vowel is better than another, another better than none before a consonant; none is free before a
    vowel and after a prefix."""
    made = words("galin o .", "neo - .", ". . tactus", ". . actus", "galino o .")
    cost = {name: made.strict_path(name)[0] for name in ("galinotactus", "galinitactus", "galintactus", "galinactus")}
    assert cost["galinotactus"] < cost["galinactus"] < cost["galinitactus"] < cost["galintactus"]
    assert made.strict_path("neotactus")[0] == pytest.approx(2.5)
    assert made.strict_path("galinoactus")[0] == pytest.approx(2.1)  # galino with its vowel dropped
    assert made.explained("galinitactus")
    assert not made.explained("galintactus")
    assert made.strict_path("galinxtactus")[1] == ()


def test_short_elements_do_not_explain_by_chance() -> None:
    """A short word may begin a name; between others it is doubted, and so is one of a single letter anywhere."""
    made = words("ab i .", "cu i .", "galin o .", ". . tactus", "x - .")
    assert made.analyse("abitactus").answer == "explained"
    assert made.analyse("galinoabitactus").answer == "partly"
    assert made.analyse("abigalinotactus").answer == "explained"
    assert made.analyse("xgalinotactus").answer == "partly"


def test_more_than_five_elements_are_doubted() -> None:
    """The Registry takes five components: a cut into six is not believed."""
    stems = ("galin", "melor", "porid", "sumet", "ridov")
    made = words(*(f"{stem} o ." for stem in stems), ". . tactus")
    long = "o".join(stems) + "otactus"
    assert len(made.analyse(long).parts) == MOST_ELEMENTS + 1
    assert made.analyse(long).answer == "partly"
    assert made.analyse(long[6:]).answer == "explained"


def test_an_unknown_rest_of_few_letters_swallows_its_neighbour() -> None:
    """What is left of a wrong cut is no stem: two letters before tactus leave one unknown part."""
    made = words("galin o .", ". . tactus")
    assert made.analyse("xytactus").shown == "[xytactus]"
    assert made.analyse("galinoxytactus").shown in ("galino+[xytactus]", "[galinoxy]+tactus")
    assert made.analyse("xyzovtactus").shown == "[xyzov]+tactus"


def test_a_doubled_element_is_named() -> None:
    """The same word in two forms, or a word that begins with the other's stem, is an element twice."""
    assert REAL.analyse("Halohalophilus").doubled == "halophilus"
    assert REAL.analyse("Thermothermus").doubled == "thermus"
    assert REAL.analyse("Thermobacter").doubled == ""


def test_homographs_have_all_their_words() -> None:
    """A form of two words has both, that whose vowel it has alone if only one has it, and each sense once."""
    assert [word.sense for word in REAL.analyse("Solimonas").parts[0].words] == ["soil", "sun"]
    assert [word.word for word in REAL.analyse("Aeromonas").parts[0].words] == ["aer"]
    made = words("galin i .", "galin o .", ". . tactus")
    assert [word.word for word in made.analyse("galinotactus").parts[0].words] == ["wordb"]
    assert [word.word for word in made.analyse("galinutactus").parts[0].words] == ["worda", "wordb"]


def test_names_about_a_topic() -> None:
    """A name has a word of a topic if one of its parts may be it, a homograph too."""
    soil = frozenset(standard().about("soil"))
    assert REAL.analyse("Solimonas").has(soil)
    assert REAL.analyse("Monasoli").has(soil) is False
    assert not REAL.analyse("Thermofustis").has(soil)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *(("Dictyoglomus", "n"), ("Asticcacaulis", "m"), ("Xenorhabdus", "f"), ("Leptothrix", "f")),
        *(("Actinocorpus", "n"), ("Salinigenus", "n"), ("Roseicola", ""), ("Bacteroides", ""), ("Acidovorax", "")),
        *(("Aquifex", ""), ("Agarivorans", ""), ("Thermofustis", "m"), ("Rovibacterium", "n"), ("Escherichia", "f")),
        *(("Parathermofustis", "m"), ("Pararickettsia", "f"), ("Zorkus", "m"), ("Zorkul", "")),
    ],
)
def test_gender_of_the_last_component(name: str, expected: str) -> None:
    """The glossary's gender where it knows the last part, "" where the author decides, else by the ending."""
    assert REAL.analyse(name).gender == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Methanobacter", "m"), ("Vibrio", "m"), ("Streptomyces", "m"), ("Thermus", "m"),
        ("Pseudomonas", "f"), ("Salmonella", "f"), ("Methylocystis", "f"), ("Sarcina", "f"), ("Escherichia", "f"),
        ("Mycobacterium", "n"), ("Treponema", "n"), ("Mycoplasma", "n"), ("Rhabdoderma", "n"), ("Herpetosiphon", "m"),
        ("Roseicola", ""), ("Alcaligenes", ""), ("Haloferax", ""), ("Hydrogenivirens", ""), ("Leptothrix", "f"),
        ("Hafnir", ""), ("Dictyoglomus", "n"), ("Asticcacaulis", "m"), ("Xenorhabdus", "f"), ("Nitratireductor", "m"),
        ("Fibriforma", "f"), ("Actinocorpus", "n"), ("Salinigenus", "n"), ("Caryophanon", "n"), ("", ""),
    ],
)  # fmt: skip
def test_gender_by_the_longest_ending(name: str, expected: str) -> None:
    """-bacterium is neuter though -bacter is not, -nema although it ends in -a; -cola stays open in spite of its -a."""
    assert gender(name) == expected


def test_letters_that_grow_when_lowered() -> None:
    """İ has two small letters: the parts are those of the name in small letters."""
    assert REAL.analyse("Straßibacter").shown == "[straßi]+bacter"
    assert REAL.analyse("İİbacter").shown == "[i̇i̇]+bacter"
    assert not REAL.explained("İbacter")
