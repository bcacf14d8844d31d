"""Sampling: that names are drawn as the model says, why others are refused, and that the count changes none."""

from collections import Counter
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.processes import NAMES, small_model
from support.sampling import AB, TABLE, Table, drawn, greedy, sampled

from bacterio_cli.dataset.corpus import read_corpus
from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.errors import BacterioError
from bacterio_cli.inference.sampler import SamplingParams, SamplingStats, block_size, choose, draw_block, draws, sample
from bacterio_cli.lm.base import Net


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
        found, _ = sampled(200, known=known, allow_known=allow_known, allow_duplicates=allow_duplicates)
        assert len(found) == 200
        assert bool(known & set(found)) is allow_known
        assert (len(set(found)) < 200) is allow_duplicates


def test_a_prefix_is_composed_like_a_name() -> None:
    """A prefix typed with a combining accent meets the vocabulary's composed letter."""
    found, _ = of_table("é", [[0.0, 1.0], [0.5, 0.5]], prefixes=("e\u0301",))
    assert found[0].startswith("É")
    assert set("".join(found)) == {"É", "é"}
    found, _ = of_table("j\u030c", ANY_OF_TWO, prefixes=("J\u030c",))  # in lower case they compose: to ǰ
    assert {name[:2] for name in found} == {"J\u030c"}
    with pytest.raises(BacterioError, match="--prefix oЖ: 'ж' is not in the model's alphabet, oé"):
        of_table("oé", ANY_OF_TWO, prefixes=("oЖ",))


@pytest.mark.parametrize("prefix", ["", "Bo", "kora"])
@pytest.mark.parametrize("how", [{"temperature": 0}, {"top_k": 1}, {"top_p": 1e-9}, {"temperature": 1e-6}])
def test_the_likeliest_name(how: dict[str, float], prefix: str) -> None:
    """Temperature 0 or near it, top-k 1 and a small top-p all take the likeliest letters behind the prefix, as the
    model knows it: with a capital."""
    for count in (1, 3):
        found, _ = sampled(count, prefixes=(prefix,) if prefix else (), allow_duplicates=count > 1, **how)
        assert found == [greedy(prefix)] * count


def test_temperature_0_has_an_answer_with_a_prefix_and_one_without() -> None:
    """One draw gives one of them, and the other is looked for; there is no third, which is soon said."""
    how: dict[str, Any] = {"temperature": 0.0, "prefixes": ("Du",), "allow_known": True}
    for count in (2, 3):
        names, stats = sampled(count, unprefixed=0.25, **how)
        assert {*names} == {greedy("Du"), greedy()}
        assert 2 <= stats.drawn <= 320
    assert sampled(2, **how)[1].drawn == 1


def test_lengths_are_those_asked_for() -> None:
    """From --min-length to --max-length, the prefix counted; with no room behind it a draw is the prefix, or none."""
    found, _ = sampled(100, prefixes=("Bo",), min_length=7, max_length=9)
    assert {len(name) for name in found} == {7, 8, 9}
    for prefix in ("a", "ab", "aba"):
        assert set(drawn(200, prefixes=(prefix,), max_length=len(prefix))) == {prefix, None}


def test_no_name_is_cut() -> None:
    """A shorter longest length refuses draws and changes none: what fits in 4 of 40 letters is what was drawn."""
    free, tight = drawn(2000), drawn(2000, max_length=4)
    assert tight == [None if len(name or "") > 4 else name for name in free]
    assert 0 < tight.count(None) < 1000


@pytest.mark.parametrize("temperature", [0.5, 1.0])
@pytest.mark.parametrize(
    ("prefixes", "unprefixed"), [((), 0), (("b",), 0.25), *((("ab", "b", "bab", "b"), share) for share in (0, 0.25))]
)
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
    begun = p[0, 2] + p[0, 1] * p[1, 2] * ("ab" in prefixes) if prefixes else 1.0  # P(b…) + P(ab…)
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


def test_prefixes_that_the_model_never_begins_with() -> None:
    """Their shares are in proportion however small: P(b…) = 0.3 and P(ab…) = 0.18, both times ten of what vanishes."""
    begun = Counter(name[0] for name in drawn(400, prefixes=("b" * 11, "a" + "b" * 11)) if name)
    assert begun.total() > 390
    assert 0.55 < begun["b"] / begun.total() < 0.7


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


def test_so_many_letters_in_vain_are_the_last() -> None:
    """Each draw counts with its end mark, one that is cut off with as many letters as there may be and one."""
    letters = sum(5 if name is None else len(name) + 1 for name in drawn(50, max_length=4))
    params, refuse = SamplingParams(seed=1, temperature=1.0, max_length=4), lambda names: ["no"] * len(names)
    for hopeless, tries in ((letters, 50), (letters + 1, 51)):
        stats = SamplingStats()
        found = sample(TABLE, AB, (), params, count=1, max_tries=99, stats=stats, filters=[refuse], hopeless=hopeless)
        assert (list(found), stats.drawn) == ([], tries)


def test_a_name_that_is_no_clean_line_is_refused(tmp_path: Path) -> None:
    """What a list would not give back unchanged is malformed: outer or double blanks, comments, joiners of letters."""
    for letters, well in ((" a", "A a"), ("#a", "A#a"), ("\u200d\u0905", "\u0905\u200d\u0905"), ("\u200da", "Aa")):
        found, refused = of_table(letters, ANY_OF_TWO, max_length=5)
        assert refused["malformed"] > 0
        assert well in found
        (tmp_path / "again.txt").write_text("\n".join(found))
        assert list(read_corpus([str(tmp_path / "again.txt")], profile="any").names) == found


def test_a_letter_whose_capital_is_two_letters_stays_as_it_is() -> None:
    """'ß' would be 'SS': a name that begins with it keeps its length, and is within --max-length."""
    found, _ = of_table("aß", ANY_OF_TWO, max_length=3)
    assert {"ß", "ßa", "Aß"} <= set(found)
    assert max(map(len, found)) <= 3


@pytest.mark.parametrize(
    ("n_y", "steps", "sizes"),
    [
        (30, 50, [320, 2560, 20_480, 65_536, 65_536]),
        *((5501, 50, [320, 762, 762, 762]), (2**20, 50, [320, 320, 320, 320])),
        *((30, 4001, [320, 1048, 1048]), (30, 2**22, [320, 320, 320])),
    ],
)
def test_blocks_grow_eightfold(n_y: int, steps: int, sizes: list[int]) -> None:
    """From 320 draws to 65,536, and to no more than 2²² probabilities or letters where these are many."""
    assert [block_size(block, n_y, steps) for block in range(len(sizes))] == sizes


EDGES = (319, 320, 321, 2879, 2880, 2881)  # of blocks


def test_names_do_not_depend_on_the_count_or_the_tries_across_blocks() -> None:
    """Where they end just before, at or behind the edge of a block, the names are the first of all that are drawn."""
    params, model = SamplingParams(seed=1, temperature=1.0, max_length=9), small_model()
    every = [name * (len(name) <= 9) for name in islice(draws(model.language_model, model.vocabulary, params), 9000)]
    for few in (1, 128, 513, *EDGES):
        assert sampled(few, max_length=9, allow_duplicates=True)[0] == [name for name in every if name][:few]
        found, stats = sampled(few, max_tries=few, max_length=9)
        assert found == list(dict.fromkeys(name for name in every[:few] if name))
        assert stats.drawn == few >= len(found) > few / 4


def test_a_seed_keeps_its_names() -> None:
    """What it draws today it drew in every version: in each block by other numbers."""
    every = drawn(2885)
    assert every[:5] == ["aba", "ba", "a", "", "b"]
    assert every[320:325] == ["a", "ba", "aba", "ba", "a"]
    assert every[2880:] == ["ba", "b", "baba", "ba", "a"]


@pytest.mark.parametrize(("prefixes", "count"), [([""], 300), (["bo"], 300), (["kal", "", "b"], 300), ([""], 4000)])
def test_stepping_each_prefix_once_draws_the_same_names(prefixes: list[str], count: int) -> None:
    """As by stepping every row by itself, in one chunk or many; given letters take a random number too."""
    model = small_model()
    lm = Net(model.model, {name: p.astype(np.float64) for name, p in model.nets[0].params.items()})
    given = np.zeros((count, max(map(len, prefixes))), int)
    for row in range(count):
        prefix = prefixes[row % len(prefixes)]
        given[row, : len(prefix)] = model.vocabulary.encode([prefix])[1:-1] if prefix else []
    ids = draw_block(lm, given, 20, lambda p: p.cumsum(axis=1), np.random.default_rng(4))
    lengths = (ids > 0).sum(axis=1)
    rng, state = np.random.default_rng(4), lm.start(count)
    last, ended = np.zeros(count, int), np.zeros(count, bool)
    for t in range(20):
        p, state = lm.step(last, state)
        last = choose(p.cumsum(axis=1), np.arange(count), rng.random(count))
        if t < given.shape[1]:
            last = np.where(given[:, t], given[:, t], last)
        alive = ~ended & (last > 0)
        np.testing.assert_array_equal(lengths[~ended & (last == 0)], t)
        np.testing.assert_array_equal(ids[alive, t], last[alive])
        ended |= last == 0
        if ended.all():
            break
    assert ended.sum() > 0.8 * count
    assert count < 1024 or len(np.unique(ids[:, :5], axis=0)) > 1024, "all beginnings fit in one chunk"


def test_a_block_has_only_the_letters_that_were_drawn() -> None:
    """However long names may be, a block is as wide as the longest of its draws: memory goes by that."""
    model = small_model()
    rng = np.random.default_rng(4)
    ids = draw_block(model.language_model, np.empty((64, 0), int), 9000, lambda p: p.cumsum(axis=1), rng)
    lengths = (ids > 0).sum(axis=1)
    assert ids.shape == (64, lengths.max() + 1)
    assert lengths.max() < 1000
