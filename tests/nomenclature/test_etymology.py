"""The draft of an etymology: cited as the codes ask, with homographs, and silent where nothing is known."""

from __future__ import annotations

import json

import pytest
from support.processes import ROOT

from bacterio_cli.dataset.corpus import read_corpus
from bacterio_cli.nomenclature.etymology import draft
from bacterio_cli.nomenclature.glossary import Glossary, Word, standard
from bacterio_cli.nomenclature.morphology import Morphology

GENERA = read_corpus([str(ROOT / "data" / "genera.txt")]).names
REAL = Morphology(standard(), GENERA)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "Ferrivibrio",
            "L. neut. n. ferrum, iron; N.L. masc. n. vibrio, vibrating curved rod; N.L. masc. n. Ferrivibrio",
        ),
        (
            "Solimonas",
            "L. neut. n. solum, soil (or L. masc. n. sol, sun); L. fem. n. monas, unit, monad; N.L. fem. n. Solimonas",
        ),
        ("Aquicola", "L. fem. n. aqua, water; L. suff. -cola, dweller, inhabitant; N.L. n. Aquicola"),
        (
            "Rovibacterium",
            "[rovi] not in the glossary; N.L. neut. n. bacterium, small rod; N.L. neut. n. Rovibacterium",
        ),
        ("Escherichia", "[escherich] not in the glossary; [ia] an ending; N.L. fem. n. Escherichia"),
        (
            "Parabacteroides",
            "Gr. prep. para, beside; N.L. n. Bacteroides, a genus of prokaryotes; N.L. n. Parabacteroides",
        ),
        (
            "Diplorickettsia",
            "Gr. masc. adj. diploos, double; N.L. fem. n. Rickettsia, a genus of prokaryotes; "
            "N.L. fem. n. Diplorickettsia",
        ),
        ("Zorkul", "[zorkul] not in the glossary; N.L. n. Zorkul"),
    ],
)
def test_cited_as_the_codes_ask(name: str, text: str) -> None:
    """Language, grammar, dictionary form and meaning of each component, then the full word with its gender."""
    assert draft(REAL.analyse(name)).text == text


def test_ready_for_the_table_of_the_registry() -> None:
    """As a dict the draft has the components' six fields and the full word's four, without a meaning of the whole."""
    found = draft(REAL.analyse("Solibacter")).asdict()
    assert json.loads(json.dumps(found)) == {
        "components": [
            {"form": "soli", "language": "L.", "grammar": "neut. n.", "particle": "solum", "meaning": "soil",
             "note": "or L. masc. n. sol, sun"},
            {"form": "bacter", "language": "N.L.", "grammar": "masc. n.", "particle": "bacter", "meaning": "rod",
             "note": ""},
        ],
        "full": {"language": "N.L.", "grammar": "masc. n.", "particle": "Solibacter", "meaning": None},
    }  # fmt: skip


def test_an_unusual_linking_vowel_is_a_note() -> None:
    """A vowel that the word does not have in the glossary is a note, never an error; the last component has none."""
    assert draft(REAL.analyse("Methanibacter")).components[0].note == ""  # -i- is listed second
    first, last = draft(REAL.analyse("Limnebacter")).components
    assert first.note == "the usual linking vowel is -o-"
    assert last.note == ""


def test_a_doubled_element_is_noted() -> None:
    """The component that stands a second time says so."""
    assert "stands twice" in draft(REAL.analyse("Halohalobacter")).components[1].note


def test_more_than_five_components_are_none() -> None:
    """The Registry takes five: a name cut into more has no components, and still its full word."""
    stems = ("galin", "melor", "porid", "sumet", "ridov")
    words = [Word(stem, "L.", "masc. n.", stem, "o", "tactus:m", "sense", "") for stem in stems]
    made = Morphology(Glossary(words))
    assert draft(made.analyse("o".join(stems) + "otactus")).components == ()
    assert len(draft(made.analyse("o".join(stems[1:]) + "otactus")).components) == 5


def test_no_draft_claims_a_person_or_the_meaning_of_the_whole() -> None:
    """Nothing that is printed for real names speaks of persons, and the full word never has a meaning."""
    for name in GENERA[::7]:
        found = draft(REAL.analyse(name))
        assert found.full.meaning is None
        assert len(found.components) <= 5
        assert not {"person", "named", "honours"} & set(found.text.replace(",", " ").replace(";", " ").split())
        assert all(component.meaning or component.note for component in found.components)
