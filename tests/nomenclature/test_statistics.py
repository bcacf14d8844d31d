"""Edit distances and the report on invented names."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.processes import NAMES, ROOT, bacterio, examples

from bacterio_cli.nomenclature.edit_distance import Neighbours, plain_distance
from bacterio_cli.nomenclature.statistics import compare, ending_distance, ks_distance, letter_shares, unattested

words = st.text("abcß", max_size=8)


@pytest.mark.parametrize(
    ("a", "b", "expected"), [("kitten", "sitting", 3), ("", "abc", 3), ("Bacillus", "Bacilus", 1), ("ab", "ba", 2)]
)
def test_distances_known_by_heart(a: str, b: str, expected: int) -> None:
    """Insertion, deletion and substitution cost one each; a swap of neighbours costs two."""
    assert plain_distance(a, b) == plain_distance(b, a) == expected
    assert Neighbours([b]).distances(a).tolist() == [expected]


@examples
@given(words, st.lists(words, min_size=1, max_size=12))
def test_bit_vectors_agree_with_the_textbook(name: str, others: list[str]) -> None:
    """All distances at once are those of the plain dynamic programme, one by one."""
    others = [other or "a" for other in others]
    assert Neighbours(others).distances(name).tolist() == [plain_distance(name, other) for other in others]


@pytest.mark.parametrize("length", [63, 64, 65, 120])
def test_names_as_long_as_a_word_and_longer(length: int) -> None:
    """The last bit of the machine word counts, and what does not fit into it is measured all the same."""
    rng = np.random.default_rng(length)
    name, other = ("".join(rng.choice(list("abcd"), length)) for _ in range(2))
    assert Neighbours([other, name]).distances(name).tolist() == [plain_distance(name, other), 0]


def test_the_nearest_is_the_first_of_equals() -> None:
    """Ties go to the list's order; the name itself can be passed over."""
    near = Neighbours(["Albia", "Alba", "Albaa"])
    assert near.nearest("Alba") == (0, "Alba")
    assert near.nearest("Alba", itself=False) == (1, "Albia")


def test_the_corpus_compared_with_itself_is_no_different() -> None:
    """Lengths and endings have distance 0 and nothing is new; only names of others' triples count as unattested."""
    figures = {figure.name: figure for figure in compare(NAMES, NAMES)}
    assert figures["new"].names == 0
    assert figures["lengths, KS distance"].names == figures["endings, variation"].names == 0
    assert figures["mean edits to the nearest"].names == 0
    assert figures["mean edits to the nearest"].corpus == pytest.approx(
        np.mean([min(plain_distance(a, b) for b in NAMES if b != a) for a in NAMES])
    )
    assert figures["share with an unattested triple"].names == 0


def test_mean_edits_count_what_is_near_and_what_is_far() -> None:
    """The mean is over all names, also over those beyond the edits that the index answers for."""
    figures = {figure.name: figure for figure in compare(["Alba", "Alb", "Rhizobium"], ["Alba", "Bacillus"])}
    far = min(plain_distance("Rhizobium", name) for name in ("Alba", "Bacillus"))
    assert far > 3
    assert figures["mean edits to the nearest"][1:] == ((0 + 1 + far) / 3, plain_distance("Alba", "Bacillus"))


def test_distances_between_lists_by_hand() -> None:
    """KS of lengths, half the sum of differences of endings, and triples with boundaries."""
    assert ks_distance(["a", "bb"], ["ccc", "ddd"]) == 1
    assert ks_distance(["a", "ccc"], ["bbb", "ddd"]) == 0.5
    assert ending_distance(["xbacter", "ymonas"], ["zbacter", "wella"]) == 0.5
    assert unattested(["aba", "abc"], ["aba", "abab"]) == (0.5, 1.0)


def test_report_on_stderr_leaves_the_names_alone(tmp_path: Path) -> None:
    """--report adds a table to stderr, --json makes it an object; stdout has the same names as without."""
    model = ("-c", ROOT / "data/model.npz", "--seed", 3, "-n", 40)
    plain = bacterio("sample", *model, cwd=tmp_path)
    table = bacterio("sample", *model, "--report", cwd=tmp_path)
    assert table.stdout == plain.stdout
    assert table.stderr.startswith("bacterio: ")
    assert "40 names beside the corpus" in table.stderr
    told = bacterio("sample", *model, "--report", "--json", cwd=tmp_path)
    report = json.loads(told.stderr)
    assert told.stdout == plain.stdout
    assert report["accepted"] == report["compared"] == 40
    assert report["drawn"] == 40 + sum(Counter(report["refused"]).values())
    assert report["figures"]["new"] == {"names": 1.0, "corpus": 0.0}


def test_letter_shares_are_of_all_letters() -> None:
    """Each letter's share of the letters of all names, the most frequent first, equal ones by alphabet."""
    assert letter_shares(["cada", "ab", "ac"]) == {"a": 4 / 8, "c": 2 / 8, "b": 1 / 8, "d": 1 / 8}
    assert list(letter_shares(["cada", "ab", "ac"])) == ["a", "c", "b", "d"]
    assert letter_shares([]) == {}
