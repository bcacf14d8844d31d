"""The lists that names are compared with: where a name stands, and which listed name is nearest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.levenshtein import plain_distance
from support.processes import NAMES, examples

from bacterio_cli.nomenclature.name_index import Lookup, Reference

GENERA = Reference("genera", ("Salinia", "Rosa", "Bori"), "2020-12-31", prokaryotes=True)
PLANTS = Reference("plants.txt", ("ROSA", "rosa", "Quercus"))
LOOKUP = Lookup([GENERA, PLANTS])


def test_the_first_spelling_stands_for_the_name() -> None:
    """A name that several lists spell with other capitals is one, spelled as the first list has it."""
    assert LOOKUP.spellings == {"salinia": "Salinia", "rosa": "Rosa", "bori": "Bori", "quercus": "Quercus"}


@pytest.mark.parametrize(
    ("name", "lists"),
    [("rOSA", (GENERA, PLANTS)), ("salinia", (GENERA,)), ("QUERCUS", (PLANTS,)), ("Rosaa", ()), ("Ros", ()), ("", ())],
)
def test_a_name_stands_in_every_list_that_has_it(name: str, lists: tuple[Reference, ...]) -> None:
    """In whatever case, in the order of the lists; parts of names are not in them."""
    assert LOOKUP.listed(name) == lists


def test_the_nearest_name_comes_with_its_edits() -> None:
    """As its list spells it, from any of the lists; where none is within two edits it is 3 and None."""
    edits, nearest = LOOKUP.nearest(["SALINIA", "Salinja", "Qercuss", "Zzz", "Rrosae"])
    assert edits.tolist() == [0, 1, 2, 3, 2]
    assert nearest == ["Salinia", "Salinia", "Quercus", None, "Rosa"]


@pytest.mark.parametrize(("most", "edits", "nearest"), [(0, 1, None), (1, 1, "Rosa"), (2, 1, "Rosa")])
def test_what_is_farther_than_asked_for_is_not_found(most: int, edits: int, nearest: str | None) -> None:
    """`most` bounds the search: a name beyond it counts as most + 1 and has no neighbour."""
    found = LOOKUP.nearest(["Rose"], most)
    assert (found[0].tolist(), found[1]) == ([edits], [nearest])


def test_without_lists_nothing_is_near() -> None:
    """No lists, or no names at all: every name is most + 1 edits away, and none is listed."""
    edits, nearest = Lookup([]).nearest(["Rosa", "Bori"], 1)
    assert (edits.tolist(), nearest) == ([2, 2], [None, None])
    assert Lookup([]).listed("Rosa") == ()
    assert LOOKUP.nearest([])[1] == []


@examples
@given(st.lists(st.text("aAbBrio", max_size=7), min_size=1, max_size=8))
def test_the_nearest_is_that_of_the_textbook(names: list[str]) -> None:
    """Measured one by one in lower case, no listed name is nearer, and of equals it is the first."""
    lookup = Lookup([Reference("one", NAMES[:12]), Reference("other", ("Abr", "bOA", "Orib", "Ai"))])
    edits, nearest = lookup.nearest(names)
    for name, found, spelling in zip(names, edits.tolist(), nearest, strict=True):
        distances = np.array([plain_distance(name.casefold(), listed) for listed in lookup.spellings])
        assert found == min(int(distances.min()), 3)
        assert spelling == (list(lookup.spellings.values())[int(distances.argmin())] if found < 3 else None)
