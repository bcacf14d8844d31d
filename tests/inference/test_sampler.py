"""Sampling: which names come out, that they are drawn as the model says, and why others are refused."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from support.processes import NAMES
from support.sampling import AB, TABLE, Table, drawn, greedy, sampled

from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.inference.sampler import SamplingParams, SamplingStats, sample


def names(count: int, **options: object) -> list[str]:
    """Names of the small model."""
    return sampled(count, **options)[0]  # type: ignore[arg-type]


def of_table(letters: str, p: list[list[float]], **wanted: object) -> tuple[list[str], Counter[str]]:
    """Names that the table P(next | this letter) gives, of 500 draws, and how many were refused for which reasons."""
    stats, vocabulary = SamplingStats(), Vocabulary(letters, capitalised=True)
    params = SamplingParams(**{"seed": 1, "temperature": 1.0} | wanted)  # type: ignore[arg-type]
    found = sample(Table(np.array(p)), vocabulary, (), params, count=99, max_tries=500, stats=stats)
    return list(found), stats.refused


ANY_OF_TWO = [[0.0, 0.5, 0.5], [0.5, 0.25, 0.25], [0.5, 0.25, 0.25]]


def test_names_are_new_and_distinct_unless_allowed_otherwise() -> None:
    """The small model knows many names by heart; --allow-known and --allow-duplicates let them through."""
    known = frozenset(NAMES)
    for allow_known, allow_duplicates in product([False, True], repeat=2):
        found = names(200, known=known, allow_known=allow_known, allow_duplicates=allow_duplicates)
        assert len(found) == 200
        assert bool(known & set(found)) is allow_known
        assert (len(set(found)) < 200) is allow_duplicates


def test_every_name_begins_with_the_prefix() -> None:
    """In whatever case it was typed, since this model knows capitalised names."""
    for prefix in ("Bori", "boRI", "B", "Albab"):
        found = names(30, prefixes=(prefix,))
        assert len(found) == 30
        assert all(name.startswith(prefix.capitalize()) for name in found)


def test_a_prefix_is_composed_like_a_name() -> None:
    """A prefix typed with a combining accent meets the vocabulary's composed letter."""
    found, _ = of_table("é", [[0.0, 1.0], [0.5, 0.5]], prefixes=("e\u0301",))
    assert found[0].startswith("É")
    assert set("".join(found)) == {"É", "é"}
    found, _ = of_table("j\u030c", ANY_OF_TWO, prefixes=("J\u030c",))  # in lower case they compose: to ǰ
    assert {name[:2] for name in found} == {"J\u030c"}


@pytest.mark.parametrize("prefix", ["", "Bo", "kora"])
@pytest.mark.parametrize("how", [{"temperature": 0}, {"top_k": 1}, {"temperature": 1e-6}])
def test_the_likeliest_name(how: dict[str, float], prefix: str) -> None:
    """Temperature 0, a temperature near 0 and top-k 1 all walk from the prefix along the likeliest letters."""
    assert names(1, prefixes=(prefix,) if prefix else (), **how) == [greedy(prefix)]


def test_lengths_are_those_asked_for() -> None:
    """Names have from --min-length to --max-length letters, the prefix counted.

    With no room for another letter a draw is the prefix, or none where the model does not end there.
    """
    assert {len(name) for name in names(100, prefixes=("Bo",), min_length=7, max_length=9)} == {7, 8, 9}
    for prefix in ("a", "ab", "aba"):
        assert set(drawn(200, prefixes=(prefix,), max_length=len(prefix))) == {prefix, None}


def test_no_name_is_cut() -> None:
    """A shorter longest length refuses draws and changes none: what fits in 4 of 40 letters is what was drawn."""
    free, tight = drawn(2000), drawn(2000, max_length=4)
    assert tight == [None if len(name or "") > 4 else name for name in free]
    assert 0 < tight.count(None) < 1000


PREFIXES = ("aa", "b", "bab", "b")


@pytest.mark.parametrize("temperature", [0.5, 1.0])
@pytest.mark.parametrize(("prefixes", "unprefixed"), [((), 0.0), (PREFIXES, 0.0), (PREFIXES, 0.25)])
def test_draws_are_distributed_as_the_model_says(
    prefixes: tuple[str, ...], unprefixed: float, temperature: float
) -> None:
    """The counts of whole names agree with the product of the table's probabilities (χ², 8 degrees, seed fixed).

    With several prefixes that holds among the names that begin so, but for a share of the draws that may begin in any
    way. A prefix that goes on another one is part of it, and one that is given twice counts once.
    """
    n = 20_000
    p = TABLE.p ** (1 / temperature)
    p /= p.sum(axis=1, keepdims=True)
    begun = p[0, 1] * p[1, 1] + p[0, 2] if prefixes else 1.0  # P(aa…) + P(b…)
    expected = {}
    for name in ("a", "b", "ab", "ba", "aa", "aba", "baa", "bab", "bb"):
        ids = AB.encode([name])
        whole = float(np.prod(p[ids[:-1], ids[1:]]))
        begins = not prefixes or name.startswith(prefixes)
        expected[name] = n * whole * (unprefixed + begins * (1 - unprefixed) / begun)
    draws = drawn(n, prefixes=prefixes, unprefixed=unprefixed, temperature=temperature)
    found = Counter(name for name in draws if name in expected)
    assert all(found[name] == 0 for name in expected if expected[name] == 0)
    rest, expected_rest = n - found.total(), n - sum(expected.values())
    chi2 = sum((found[name] - e) ** 2 / e for name, e in expected.items() if e)
    chi2 += (rest - expected_rest) ** 2 / expected_rest
    assert chi2 < 26.1, "P(χ² > 26.1) = 0.001 for 8 degrees"


def test_top_k_and_top_p_reach_the_draws() -> None:
    """With top-k 2 or top-p 0.5 the table's rarer letters do not come."""
    assert "" in drawn(500)
    assert "" not in drawn(500, top_k=2)
    assert {(name or "?")[0] for name in drawn(500, top_p=0.5)} == {"a"}


def test_what_is_refused_is_counted_by_reason() -> None:
    """Every draw is either accepted or refused for one reason, and each reason is the true one."""
    stats = SamplingStats()
    params = SamplingParams(seed=1, temperature=1.0, min_length=2, max_length=4)
    found = list(sample(TABLE, AB, {"ab", "aa"}, params, count=999, max_tries=500, stats=stats))
    every = Counter(drawn(500, max_length=4))
    assert (stats.drawn, stats.accepted) == (500, len(found))
    assert stats.refused == {
        "too long": every.pop(None),
        "empty": every.pop(""),
        "too short": every.pop("a") + every.pop("b"),
        "known": every.pop("ab") + every.pop("aa"),
        "duplicate": every.total() - len(every),
    }
    assert all(stats.refused.values())
    assert set(found) == set(every)


def test_a_name_that_is_no_clean_line_is_refused() -> None:
    """What the corpus would not give back unchanged, outer or double blanks, is malformed."""
    found, refused = of_table(" a", ANY_OF_TWO, max_length=5)
    assert refused["malformed"] > 0
    assert all(name == " ".join(name.split()) for name in found)
    assert "A a" in found


def test_a_letter_whose_capital_is_two_letters_stays_as_it_is() -> None:
    """'ß' would be 'SS': a name that begins with it keeps its length, and is within --max-length."""
    found, _ = of_table("aß", ANY_OF_TWO, max_length=3)
    assert {"ß", "ßa", "Aß"} <= set(found)
    assert max(map(len, found)) <= 3
