"""The draft of an etymology: cited as the codes ask, with homographs, and silent where nothing is known."""

import json

import pytest
from support.lists import SHIPPED

from bacterio_cli.nomenclature.etymology import draft, in_print
from bacterio_cli.nomenclature.glossary import Glossary, Word, standard
from bacterio_cli.nomenclature.morphology import Morphology

REAL = Morphology(standard(), SHIPPED)


@pytest.mark.parametrize(
    ("components", "full"),
    [
        ("L. neut. n. solum, soil (or L. masc. n. sol, sun); L. fem. n. monas, unit, monad", "fem. n. Solimonas"),
        ("L. fem. n. aqua, water; L. suff. -cola, dweller, inhabitant", "n. Aquicola"),
        ("[escherich] not in the glossary; [ia] an ending", "fem. n. Escherichia"),
        ("[rovi] not in the glossary; N.L. neut. n. bacterium, small rod", "neut. n. Rovibacterium"),
        ("Gr. prep. para, beside; N.L. n. Bacteroides, a genus of prokaryotes", "n. Parabacteroides"),
        ("Gr. prep. para, beside; N.L. fem. n. Rickettsia, a genus of prokaryotes", "fem. n. Pararickettsia"),
    ],
)
def test_cited_as_the_codes_ask(components: str, full: str) -> None:
    """Language, grammar, dictionary form and meaning of each component, then the full word with its gender."""
    assert in_print(draft(REAL.analyse(full.rsplit(maxsplit=1)[-1]))) == f"{components}; N.L. {full}"


def test_ready_for_the_table_of_the_registry() -> None:
    """As a dict the draft has the components' six fields and the full word's four, without a meaning of the whole."""
    found = draft(REAL.analyse("Solibacter"))
    assert json.loads(json.dumps(found)) == {
        "components": [
            {"form": "soli", "language": "L.", "grammar": "neut. n.", "particle": "solum", "meaning": "soil",
             "note": "or L. masc. n. sol, sun"},
            {"form": "bacter", "language": "N.L.", "grammar": "masc. n.", "particle": "bacter", "meaning": "rod",
             "note": ""},
        ],
        "full": {"language": "N.L.", "grammar": "masc. n.", "particle": "Solibacter", "meaning": None},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "notes"),
    [
        ("Methanibacter", ["", ""]),  # -i- is listed second
        ("Limnebacter", ["the usual linking vowel is -o-", ""]),
        ("Alkaliomonas", ["usually without a linking vowel", ""]),
        ("Halohalobacter", ["", "stands twice", ""]),
        ("Pararickettsia", ["", ""]),
        ("Solisolibacter", ["or L. masc. n. sol, sun", "or L. masc. n. sol, sun; stands twice", ""]),
    ],
)
def test_what_is_odd_is_a_note(name: str, notes: list[str]) -> None:
    """A vowel that the word does not have in the glossary, and the component that stands a second time."""
    assert [component["note"] for component in draft(REAL.analyse(name))["components"]] == notes
    assert (*draft(REAL.analyse("Escherichia"))["components"][0].values(),)[1:] == (
        "",
        "",
        "",
        None,
        "not in the glossary",
    )


def test_more_than_five_components_are_none() -> None:
    """The Registry takes five: a name cut into more has no components, and still its full word."""
    stems = ("galin", "melor", "porid", "sumet", "ridov")
    words = [Word(stem, "L.", "masc. n.", stem, "o", "tactus:m", "sense", "") for stem in stems]
    made = Morphology(Glossary(words))
    assert draft(made.analyse("o".join(stems) + "otactus"))["components"] == []
    assert len(draft(made.analyse("o".join(stems[1:]) + "otactus"))["components"]) == 5
