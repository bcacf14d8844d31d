"""Stems and endings learned from a list: what real names teach, what stays arbitrary, and where a cut may stand."""

from __future__ import annotations

import random

import pytest
from support.processes import ROOT

from bacterio_cli.dataset.corpus import read_corpus
from bacterio_cli.nomenclature.roots import Roots, cuts

GENERA = read_corpus([str(ROOT / "data" / "genera.txt")]).names
REAL = Roots.of(GENERA)
STEMS = ("Alba", "Bori", "Cale", "Dura", "Ferro", "Kora")
TAUGHT = [stem + ending for stem in STEMS for ending in ("bacter", "coccus", "monas")]


@pytest.mark.parametrize(
    "ending",
    [
        *("bacter", "coccus", "monas", "bacterium", "spira", "vibrio", "bacillus", "plasma", "soma", "ella"),
        *("nema", "thrix", "myces", "sarcina", "archaeum"),
    ],
)
def test_real_endings_are_found(ending: str) -> None:
    """The endings that every microbiologist knows are learned from the genera that ship."""
    assert ending in REAL.endings


@pytest.mark.parametrize(
    "stem", ["methano", "thermo", "halo", "desulfo", "rhodo", "actino", "geo", "azo", "pseudo", "litori"]
)
def test_real_stems_are_found(stem: str) -> None:
    """So are the stems, with their linking vowel."""
    assert stem in REAL.stems


@pytest.mark.parametrize(
    "ending",
    [
        *("obacter", "ibacter", "acter", "ter", "bacte", "occus", "omonas", "illus", "nella", "idibacter"),
        *("libacter", "rhizobium", "desulfovibrio", "osarcina", "omusa", "ovirgula"),
    ],
)
def test_pieces_of_morphemes_are_no_endings(ending: str) -> None:
    """Endings with a linking vowel, with a scrap of the stem or a second stem, or short of a letter are not learned."""
    assert ending not in REAL.endings


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Methanobacter", ("Methano", "bacter")),
        ("Methanococcus", ("Methano", "coccus")),
        ("Halobacillus", ("Halo", "bacillus")),
        ("Litoribacterium", ("Litori", "bacterium")),
        ("Pseudodesulfovibrio", ("Pseudodesulfo", "vibrio")),  # two stems in a row
        ("Azorhizobium", ("Azorhizo", "bium")),
        ("Methanosarcina", ("Methano", "sarcina")),
        ("METHANOBACTER", ("METHANO", "BACTER")),
        ("thermoglobus", ("thermo", "globus")),
        ("Escherichia", None),
        ("Bacter", None),  # a suffix alone is no root
        ("Ella", None),
        ("Zorkubacter", None),
        ("Methanofoo", None),
        ("İstanbacter", None),
        ("", None),
    ],
)
def test_splits(name: str, expected: tuple[str, str] | None) -> None:
    """A known stem before the longest known ending, in the name's own letters; anything else is arbitrary."""
    assert REAL.split(name) == expected


def test_stem_and_ending_make_the_name() -> None:
    """Of the genera that ship more than a third is split, each into two sides that make the name and that are known."""
    splits = {name: split for name in GENERA if (split := REAL.split(name))}
    assert len(splits) > len(GENERA) / 3
    assert all("".join(split) == name for name, split in splits.items())
    assert all(ending in REAL.endings for _, ending in splits.values())


def test_nonsense_is_arbitrary() -> None:
    """Real names with their letters shuffled have no known root."""
    rng = random.Random(3)
    assert [name for name in GENERA if REAL.split("".join(rng.sample(name, len(name))))] == []


def test_learned_from_the_list_alone() -> None:
    """Invented stems and endings are learned as well as real ones, and real ones are unknown to such a list."""
    stems, endings = ("Xu", "Zovi", "Wipo", "Quno", "Kyxi"), ("frumm", "zabel", "pling")
    roots = Roots.of([stem + ending for stem in stems for ending in endings])
    assert roots.endings == set(endings)
    assert roots.stems == {"zovi", "wipo", "quno", "kyxi"}  # xu has two letters
    assert roots.split("Methanobacter") is None


def test_a_stem_needs_two_endings_and_an_ending_three_stems() -> None:
    """A stem of one name is unknown, and so is an ending with four votes of which only two are of known stems."""
    sphaerae = [f"{stem}sphaera" for stem in ("Alba", "Bori", "Muvi", "Neda")]
    roots = Roots.of([*TAUGHT, "Zeribacter", *sphaerae, "Muvixolt", "Nedaxolt"])
    assert roots.stems == {stem.lower() for stem in STEMS}
    assert roots.endings == {"bacter", "coccus", "monas"}
    assert roots.split("Zerimonas") is None


def test_three_letters_are_an_inflection() -> None:
    """An ending of three letters is not learned, be it as frequent as the others."""
    assert Roots.of([*TAUGHT, *(f"{stem}xum" for stem in STEMS)]).endings == {"bacter", "coccus", "monas"}


def test_the_longest_ending_wins_a_tie() -> None:
    """Where all endings begin alike, what they share stays with them."""
    roots = Roots.of([stem + ending for stem in STEMS for ending in ("bacter", "baculum")])
    assert roots.endings == {"bacter", "baculum"}


def test_letters_that_grow_when_lowered_do_not_shift_the_cut() -> None:
    """A name with İ, whose small form is two characters, is arbitrary even to a list of such names."""
    roots = Roots.of([*TAUGHT, *(f"İxo{ending}" for ending in ("bacter", "coccus", "monas"))])
    assert roots.split("Albabacter") == ("Alba", "bacter")
    assert roots.split("İxobacter") is None


def test_order_and_capitals_do_not_matter() -> None:
    """The same list backwards and in capitals teaches the same."""
    assert Roots.of([name.upper() for name in reversed(TAUGHT)]) == Roots.of(TAUGHT)


def test_a_long_list_asks_for_more_votes() -> None:
    """Six votes make an ending in a short list and none in one of 28,000 names."""
    crowd = [f"{k:06d}" for k in range(28_000)]
    assert Roots.of([*TAUGHT, *crowd[:1000]]).endings == {"bacter", "coccus", "monas"}
    assert not Roots.of([*TAUGHT, *crowd]).endings & {"bacter", "coccus", "monas"}


@pytest.mark.parametrize(
    ("word", "words", "onset", "ending", "expected"),
    [
        ("seribacter", (), "bac", "ibacter", False),
        ("seribacter", (), "bac", "bacter", True),
        ("seribacter", (), "xxx", "ibacter", True),  # no word begins with bac-
        ("seroacter", (), "act", "oacter", True),  # two vowels: not linking
        ("pseudochrobactrum", (), "chr", "ochrobactrum", False),
        ("pseudochrobactrum", (), "chr", "chrobactrum", True),
        ("pseudochrobactrum", ("ochrobactrum",), "chr", "ochrobactrum", True),
        ("pseudochrobactrum", ("ochrobactrum",), "chr", "chrobactrum", False),
    ],
)
def test_linking_vowel_belongs_to_the_stem(
    word: str, words: tuple[str, ...], onset: str, ending: str, expected: bool
) -> None:
    """No cut stands before o or i if what follows begins some name; but a name that begins with o or i keeps it."""
    assert (ending in [word[cut:] for cut in cuts(word, words, (onset,))]) is expected


def test_few_names_teach_nothing() -> None:
    """No name, one name and names without a cut are no error."""
    for names in ([], ["Bacillus"], ["A", "Ab", "Abc", ""]):
        assert Roots.of(names).endings == frozenset()
        assert Roots.of(names).split("Bacillus") is None
