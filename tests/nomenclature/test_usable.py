"""Which explained names are printed without being asked for, and why others are not."""

import pytest

from bacterio_cli.nomenclature.glossary import Glossary, Word, standard
from bacterio_cli.nomenclature.morphology import Morphology
from bacterio_cli.nomenclature.usable import REASONS, Usable

CORPUS = [
    "Parabacter", "Paramonas", "Thermobacter", "Thermomonas", "Marinibacter", "Marinicoccus", "Halobacter",
    "Halococcus", "Rhodococcus", "Meiothermus", "Desulfobacter", "Desulfococcus", "Desulfovibrio", "Desulforhabdus",
    "Thermodesulfobacter", "Thermodesulfococcus", "Thermodesulfovibrio", "Thermodesulforhabdus", "Longibacter",
    "Longimonas", "Carnibacter", "Carnimonas", "Marinicola", "Pontiphilus", "Desulfobacterium", "Thermophaeobacter",
    "Pontimarina", "Rhabdobacter", "Glaciecola", "Thermomarinum", "Sarcina", "Rhodobacterium",
]  # fmt: skip
USABLE = Usable(Morphology(standard(), CORPUS))

EXAMPLES = {
    "": [
        *("Thermococcus", "Marinimonas", "Halocola", "Halomonas"),
        "Thermomarinicoccus",  # behind the first element stands a genus, as behind that of others
        *("Parahalococcus", "Desulfosarcina"),  # a prefix before a genus
    ],
    "not explained": ["Perellrris", "Halohalobacter"],
    "oddly composed": [
        "Rhodomarinicoccus",  # which no genus of this corpus has
        *("Bacter", "Marina", "Thermohalomonas", "Margaritella"),
        *("Thermocaldus", "Pontimarina", "Thermoglaciecola"),  # hot and hot, sea and sea, hot and ice
        *("Rhabdococcus", "Longicoccus", "Desulforhabdobacter"),  # rod and sphere, a long sphere, rod and rod
        "Thermorhabdobacter",  # rod and rod again, behind another element
        *("Paracoccus", "Dehalococcus", "Hypercoccus"),  # a prefix before a common noun
        *("Prohalobacter", "Hypersarcina"),  # one that stands before no genus of this corpus
        *("Longiphilus", "Longicola", "Bactrotrophus", "Torrentivorans"),  # who loves, lives in or eats what cannot be
        "Mycoarcus",  # o before a vowel
        "Convexiaquatica",  # two adjectives
        "Vibrionicoccus",  # nobody's first element
    ],
    "ill formed": ["Myioarcus"],  # four vowels in a row
    "rare element": [
        "Rhodothermus",  # an adjective at the end, which one genus has
        *("Longispirillum", "Aceticivorans"),  # long as no sphere is, and who eats what an adjective names
        *("Sporothrix", "Aurantimonas", "Thermovirga"),  # no genus of this corpus begins so, or ends so
    ],
    "taken for another": ["Thermobacterium"],  # than Thermobacter
}


@pytest.mark.parametrize(("name", "reason"), [(name, reason) for reason in EXAMPLES for name in EXAMPLES[reason]])
def test_reasons(name: str, reason: str) -> None:
    """Two elements that genera of the corpus have in these places are usable; anything else has its reason."""
    assert USABLE.refusal(name) == reason
    assert reason in ("", *REASONS)


def test_another_gender_is_no_other_name() -> None:
    """Thermomarinus would be taken for Thermomarinum, -philus for -philium, and what ends in -bacter for -bacterium."""
    names = (
        "thermomarinus",
        "thermomarina",
        "pontimarinus",
        "pontimarinum",
        "pontiphilium",
        "rhodobacter",
        "sarcinium",
    )
    assert [*map(USABLE.is_variant, (*names, "thermomarinella"))] == [True] * 7 + [False]


def test_words_of_the_users_own_and_words_asked_for_need_no_genus() -> None:
    """An element that a glossary of one's own adds, or that `--about` names, is usable though no genus has it."""
    words = [Word("zorkum", "N.L.", "neut. n.", "zork", "i", "zorkum:n", "Zork, a city", "")]
    own = Usable(Morphology(Glossary([*words, *standard().words]), CORPUS), standard().about("violet"))
    assert [*map(own.refusal, ("Zorkimonas", "Thermozorkum", "Janthinomonas", "Aurantimonas"))] == [
        *[""] * 3,
        "rare element",
    ]
    assert Usable(USABLE.morphology, standard().about("violet")).refusal("Janthinomonas") == ""
    assert [*map(USABLE.refusal, ("Zorkimonas", "Janthinomonas"))] == ["not explained", "rare element"]
