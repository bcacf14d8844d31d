"""The report on invented names."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from support.levenshtein import plain_distance
from support.processes import NAMES, inside, small_model
from support.sampling import sampled

from bacterio_cli.nomenclature.statistics import compare, ending_distance, ks_distance, letter_shares, unattested

NEAR = "share within two edits"
OF_ITSELF = {
    "distinct": (1, 1), "new": (0, 0), NEAR: (1, 0), "mean length": (8.45, 8.45), "lengths, KS distance": (0, 0.2),
    "endings, variation": (0, 0.55), "share with an unattested triple": (0, 0.725),
}  # fmt: skip


def test_the_corpus_compared_with_itself_is_no_different() -> None:
    """Lengths and endings have distance 0 and nothing is new; only names of others' triples count as unattested."""
    figures = compare(NAMES, NAMES)
    near = np.mean([min(plain_distance(a, b) for b in NAMES if b != a) <= 2 for a in NAMES])
    assert [*figures] == [*OF_ITSELF]
    assert figures == {name: pytest.approx(pair) for name, pair in (OF_ITSELF | {NEAR: (1, near)}).items()}


def test_share_of_near_names() -> None:
    """Names within two edits of a known one are counted, and those of the corpus within two edits of another."""
    figures = compare(["Alba", "Al", "Albanii", "Albanii"], ["Alba", "Bacillus"])
    assert [figures[name] for name in ("distinct", "new")] == [(0.75, 1), (0.75, 0)]
    assert figures["mean length"] == (5, 6)
    assert figures["lengths, KS distance"] == (0.5, 1)  # of the corpus: either name alone against the other
    assert figures["endings, variation"] == (0.75, 1)
    assert figures["share within two edits"] == (0.5, 0.0)
    assert compare([], NAMES) == {}


def test_distances_between_lists_by_hand() -> None:
    """KS of lengths, half the sum of differences of endings, and triples with boundaries."""
    assert ks_distance(["a", "bb"], ["ccc", "ddd"]) == 1
    assert ks_distance(["a", "ccc"], ["bbb", "ddd"]) == 0.5
    assert ending_distance(["xbacter", "ymonas"], ["zbacter", "wella"]) == 0.5
    assert unattested(["aba", "abc"], ["aba", "aba", "abab"]) == (0.5, 1 / 3)


def test_the_order_of_endings_changes_no_digit() -> None:
    """Endings are a set, whose order no seed decides; the sum over them is exact."""
    rng = np.random.default_rng(0)
    names = [f"a{rng.integers(700):04}" for _ in range(900)]
    assert len({ending_distance(rng.permutation(names).tolist(), names[:300]) for _ in range(30)}) == 1


def test_report_on_stderr_leaves_the_names_alone(tmp_path: Path) -> None:
    """--report adds a table to stderr, --json makes it an object; stdout has the same names as without."""
    small_model().save(tmp_path / "m.npz")
    names, _ = sampled(40, known=NAMES, seed=3, temperature=0.8, max_length=22)
    table, told = (
        inside("sample", "-c", "m.npz", "--seed", 3, "-n", 40, "--report", *words, cwd=tmp_path)
        for words in ((), ("--json",))
    )
    assert table.stdout.split() == told.stdout.split() == names
    assert table.stderr.startswith("bacterio: ")
    assert "40 names beside the corpus" in table.stderr
    assert "draws accepted" not in table.stderr, "the report says so"
    report = json.loads(told.stderr)
    assert report["accepted"] == report["compared"] == 40
    assert report["drawn"] == 40 + sum(Counter(report["refused"]).values())
    assert report["figures"]["new"] == {"names": 1.0, "corpus": 0.0}


def test_letter_shares_are_of_all_letters() -> None:
    """Each letter's share of the letters of all names, the most frequent first, equal ones by alphabet."""
    assert letter_shares(["cada", "ab", "ac"]) == {"a": 4 / 8, "c": 2 / 8, "b": 1 / 8, "d": 1 / 8}
    assert list(letter_shares(["cada", "ab", "ac"])) == ["a", "c", "b", "d"]
    assert letter_shares([]) == {}
