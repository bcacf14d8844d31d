"""The alphabet of a list: names come back from their ids as they were."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.processes import examples

from bacterio_cli.dataset import nfc
from bacterio_cli.dataset.cleaning import clean
from bacterio_cli.dataset.readers.sources import Entry
from bacterio_cli.dataset.vocabulary import Vocabulary


@pytest.mark.parametrize(
    ("names", "capitalised", "letters"),
    [
        (["Abano", "Bac"], True, "abcno"), (["Abano", "McDo"], False, "ADMabcno"), (["abano"], False, "abno"),
        (["Abano", "New York"], False, " ANYabeknorw"), (["İzmir"], False, "imrzİ"), (["Йод", "Ад"], True, "адйо"),
        (["ピカ", "カピ"], True, "カピ"), (["Ünal", "Émil"], True, "ailmnéü"),
    ],
)  # fmt: skip
def test_names_are_lowered_only_if_that_can_be_undone(names: list[str], capitalised: bool, letters: str) -> None:
    """Lower-case letters if lowering and capitalising gives back every name exactly, else the letters as they are."""
    assert Vocabulary.of(names) == Vocabulary(letters, capitalised)


names_of_any_kind = st.lists(
    st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"]), min_size=1, max_size=8)
    .map(lambda text: clean(Entry(1, text), "x"))
    .filter(bool),
    min_size=1,
    max_size=5,
)
capitalised_names = names_of_any_kind.map(lambda names: [nfc(name.lower().capitalize()) for name in names])


@examples
@given(names_of_any_kind | capitalised_names)
@example(["ピカチュウ", "フシギダネ"])
@example(["McDonald", "O'Brien", "Ñandú"])
@example(["Straße", "Σίσυφος"])
@example(["𝔄𝔟", "😀a"])
def test_decoding_undoes_encoding(names: list[str]) -> None:
    """Whatever `clean` lets through comes back from its own vocabulary unchanged, capitalised or not."""
    vocabulary = Vocabulary.of(names)
    ids = vocabulary.encode(names)
    edges = np.flatnonzero(ids == 0)
    assert (edges[0], edges[-1]) == (0, len(ids) - 1)
    assert [vocabulary.spell(ids[None, a + 1 : b])[0] for a, b in pairwise(edges)] == names


ODD_CAPITALS = "abzßŉǆΐ𐐨"  # of ß, ŉ and ΐ the capital is several letters; of ǆ it is ǅ; 𐐨 is beyond the first plane


@pytest.mark.parametrize("capitalised", [True, False])
@examples
@given(st.lists(st.lists(st.integers(1, len(ODD_CAPITALS)), max_size=6), max_size=8), st.integers(0, 3))
def test_spelling_rows_is_decoding_each(capitalised: bool, names: list[list[int]], room: int) -> None:
    """Rows filled up with zeros spell what their letters do one by one, however they lie in memory, or none do."""
    vocabulary = Vocabulary("".join(sorted(ODD_CAPITALS)), capitalised)
    width = max(map(len, names), default=0) + room
    ids = np.array([name + [0] * (width - len(name)) for name in names], np.intp).reshape(len(names), width)
    for laid_out in (ids, np.asfortranarray(ids)):
        letters = ["".join(vocabulary.letters[k - 1] for k in name) for name in names]
        assert vocabulary.spell(laid_out) == [*map(vocabulary.restore, letters)]


def test_decoded_names_have_their_capitals() -> None:
    """Only where names are capitalised, only the first letter, and only where the capital is a single letter."""
    letters, names = "".join(sorted(ODD_CAPITALS)), ["ab", "", "ßa", "ŉb", "ǆa", "𐐨b", "b", "ΐ"]
    assert [*map(Vocabulary(letters, True).restore, names)] == ["Ab", "", "ßa", "ŉb", "ǅa", "𐐀b", "B", "ΐ"]
    assert [*map(Vocabulary(letters, False).restore, names)] == names
