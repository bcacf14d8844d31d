"""Names cut into words: what is explained, what is doubted, what chance does not pass for, and the gender."""

import random
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.lists import GENERA, SHIPPED, SURNAMES, TOWNS
from support.processes import NAMES, examples

from bacterio_cli.nomenclature.glossary import Glossary, Word, gender_by_ending, standard
from bacterio_cli.nomenclature.morphology import Morphology, look_like_genera

REAL = Morphology(standard(), SHIPPED)
ALONE = Morphology(standard())


def words(*lines: str) -> Morphology:
    """A glossary of a few made-up words, `stem links final` with blanks between and . for nothing."""
    made = []
    for k, line in enumerate(lines):
        stems, links, final = ("" if cell == "." else cell for cell in line.split())
        made.append(Word(f"word{k}", "L.", "masc. n.", stems, links, final and f"{final}:m", f"sense {k}", ""))
    return Morphology(Glossary(made))


ANSWERS = {
    "explained": [
        *("thermo+fustis", "thermi+bacter", "sarcina", "ori+cola", "fals+ochrobactrum", "myco+plasm+opsis"),
        "olig+ella",
        "clostridi+oides",  # like a genus
        "dethio+sulfat+arculus",  # a vowel dropped before a vowel
        *("para+rickettsia", "neo+escherichia", "para+spirillum"),  # a known genus, behind a prefix that relates to it
    ],
    "partly": [
        *("[rovi]+bacterium", "thermo+[zorkus]", "thermo+[zorkia]", "halo+halo+bacter", "[straßi]+bacter"),
        *("chlor+opsis", "chlor+oides"),  # like no genus
        "dolicho+sperm+um",  # ends names of plants
        "salin+ia",  # an inflection is no word
        *("diplo+rickettsia", "[zorku]+rickettsia"),
    ],
    "eponym-like": [
        *("[escherich]+ia", "[dore]+a", "[smith]+ella"),
        "[bell]+iella",  # of a person, as -iella behind an adjective often is
        *("[rosebur]+ia", "[zobell]+ella"),  # not rose+[buria], nor zo+bell+ella
    ],
    "unexplained": ["[nostoc]", "[xq]", "[]", "[ella]"],  # a suffix alone is no root
}


@pytest.mark.parametrize(("answer", "shown"), [(answer, shown) for answer in ANSWERS for shown in ANSWERS[answer]])
def test_four_answers(answer: str, shown: str) -> None:
    """Words of the glossary and known genera explain; unknown stems, doubled elements and bare inflections do not."""
    name = re.sub(r"[][+]", "", shown).capitalize()
    analysis = REAL.analyse(name)
    assert (analysis.shown, analysis.answer) == (shown, answer)
    assert (REAL.explained(name) is not None) is (answer == "explained")
    *_, last = shown.split("+")
    is_genus = last in ("rickettsia", "escherichia", "ochrobactrum", "spirillum")
    kind = "genus" if is_genus else "inflection" if last in ("a", "ia", "um") else "unknown" if "[" in last else "word"
    assert (analysis.parts[-1].kind, analysis.parts[-1].stem) == (kind, analysis.parts[-1].form)
    assert last not in ("rickettsia", "escherichia") or ALONE.analyse(name).answer != "explained"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *(("Dethiosulfatarculus", ("Dethiosulfat", "arculus")), ("SMITHELLA", ("SMITH", "ELLA"))),
        *(("Rovibacterium", ("Rovi", "bacterium")), ("Sarcina", ("", "")), ("Nostoc", ("", "")), ("", ("", ""))),
        ("İİbacter", ("İİ", "bacter")),  # counted from the end: in small letters there are four before it
    ],
)
def test_stem_and_ending_are_the_last_cut_in_the_letters_of_the_name(name: str, expected: tuple[str, str]) -> None:
    """The ending is the last part, known or not; a name of one part has neither."""
    assert REAL.analyse(name).stem_and_ending == expected


@examples
@example("İİbacter")
@given(st.one_of(st.text("abcdeilmnorstu", min_size=1, max_size=16), st.text(max_size=6), st.sampled_from(SHIPPED)))
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
    shuffled = ["".join(rng.sample(name, len(name))) for name in SHIPPED]
    assert sum(map(bool, map(ALONE.explained, SHIPPED))) > 0.55 * len(SHIPPED)
    assert sum(map(bool, map(ALONE.explained, shuffled))) < 0.005 * len(SHIPPED)


def test_links_cost_what_they_are_worth() -> None:
    """The listed vowel is better than another, another better than none before a consonant; none is free before a
    vowel and after a prefix."""
    varied = ("melor o .", "melor i,o .", "porid i,o .", "ridovi i .")  # with a vowel that not every word has first
    made = words("galin o .", "neo - .", ". . tactus", ". . actus", "galino o .", *varied)
    cost = {name: made.cheapest(name)[0] for name in ("galinotactus", "galinitactus", "galintactus", "galinactus")}
    assert cost["galinotactus"] < cost["galinactus"] < cost["galinitactus"] < cost["galintactus"]
    sure = {"neotactus": 2.5, "galinoactus": 2.1, "melorotactus": 2, "poridotactus": 2.3, "ridovitactus": 2.4}
    assert {name: made.cheapest(name)[0] for name in sure} == pytest.approx(sure)  # galino with its vowel dropped
    assert made.explained("galinitactus")
    assert not made.explained("galintactus")
    assert made.cheapest("galinxtactus")[1] == ()


MADE = words("ab i .", "x - .", ". . tactus", "galin o .", "melor o .", "porid o .", "sumet o .", "ridov o .")


@pytest.mark.parametrize(
    ("shown", "answer"),
    [
        *(("abi+tactus", "explained"), ("abi+galino+tactus", "explained")),
        ("galino+abi+tactus", "partly"),  # a short word between others
        ("x+galino+tactus", "partly"),  # one of a single letter anywhere
        ("meloro+porido+sumeto+ridovo+tactus", "explained"),
        ("galino+meloro+porido+sumeto+ridovo+tactus", "partly"),  # the Registry takes five
        ("[wyzov]+tactus", "partly"),
        ("[wytactus]", "unexplained"),  # an unknown rest of few letters swallows its neighbour
        *(("galino+[wytactus]", "partly"), ("[wyzovmelorosumetowyzov]", "unexplained")),  # one unknown stem, not two
    ],
)
def test_what_may_be_chance_is_doubted(shown: str, answer: str) -> None:
    """Short elements, many of them, and what is left of a wrong cut do not explain a name."""
    analysis = MADE.analyse(re.sub(r"[][+]", "", shown))
    assert (analysis.shown, analysis.answer) == (shown, answer)


def test_a_doubled_element_is_named() -> None:
    """The same word in two forms, or a word that begins with the other's stem, is an element twice."""
    doubled = {"Halohalophilus": "halophilus", "Thermothermus": "thermus", "Thermobacter": "", "Pseudopseudomonas": ""}
    assert {name: REAL.analyse(name).doubled for name in doubled} == doubled


def test_homographs_have_all_their_words() -> None:
    """A form of two words has both, that whose vowel it has alone if only one has it, and each sense once."""
    assert [word.sense for word in REAL.analyse("Solimonas").parts[0].words] == ["soil", "sun"]
    assert [word.word for word in REAL.analyse("Aeromonas").parts[0].words] == ["aer"]
    made = words("galin i .", "galin o .", ". . tactus")
    assert [word.word for word in made.analyse("galinotactus").parts[0].words] == ["word1"]
    assert [word.word for word in made.analyse("galinutactus").parts[0].words] == ["word0", "word1"]


def test_names_about_a_topic() -> None:
    """A name has a word of a topic if one of its parts may be it, a homograph too."""
    soil = standard().about("soil")
    names = ("Solimonas", "Monasoli", "Thermofustis", "Pararickettsia")
    assert [REAL.analyse(name).has(soil) for name in names] == [True, False, False, False]


BY_ENDING = {
    "m": "Methanobacter Vibrio Streptomyces Thermus Herpetosiphon Asticcacaulis Nitratireductor Zorkus",
    "f": "Pseudomonas Salmonella Methylocystis Sarcina Escherichia Leptothrix Xenorhabdus Fibriforma",
    "n": "Mycobacterium Treponema Mycoplasma Rhabdoderma Dictyoglomus Actinocorpus Salinigenus Caryophanon",
    "": "Roseicola Alcaligenes Haloferax Hydrogenivirens Hafnir Zorkul",
}
BY_WORDS = {
    "m": "Asticcacaulis Thermofustis Parathermofustis Zorkus",
    "f": "Xenorhabdus Leptothrix Escherichia Pararickettsia",
    "n": "Dictyoglomus Actinocorpus Salinigenus Rovibacterium",
    "": "Roseicola Bacteroides Parabacteroides Acidovorax Aquifex Agarivorans Zorkul",
}


@pytest.mark.parametrize("expected", BY_ENDING)
def test_gender(expected: str) -> None:
    """By the glossary's word for the last part, else by the longest ending; "" where the author decides."""
    assert [name for name in BY_ENDING[expected].split() if gender_by_ending(name) != expected] == []
    assert [name for name in BY_WORDS[expected].split() if REAL.analyse(name).gender != expected] == []
    assert gender_by_ending("") == ""


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (GENERA, True), (GENERA[:20], True), (SURNAMES, False), (TOWNS, False),
        (GENERA[:8] + SURNAMES, False), (SURNAMES * 40, False), (GENERA * 40, True), (NAMES, False),
        (("Thermofustis",) * 5 + SURNAMES[:15], True), (("Thermofustis",) * 5 + SURNAMES[:16], False),
    ],
    ids=("genera", "20", "surnames", "towns", "a few", "surnames*40", "genera*40", "own", "5/20", "5/21"),
)  # fmt: skip
def test_genera_are_known_by_the_words_in_them(names: tuple[str, ...], expected: bool) -> None:
    """A quarter of the names must split into words of the glossary."""
    assert look_like_genera(names) == expected
