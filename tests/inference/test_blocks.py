"""Blocks of draws: name k is the same however many names are asked for, and whatever is stepped together."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from support.processes import small_model
from support.sampling import Echo, drawn, sampled

from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.inference.decoding import choose
from bacterio_cli.inference.sampler import SamplingParams, block_sizes, draw_block, draws
from bacterio_cli.lm.base import Net


@pytest.mark.parametrize(
    ("n_y", "steps", "sizes"),
    [
        (30, 50, [320, 2560, 20_480, 65_536, 65_536]),
        (5501, 50, [320, 762, 762, 762]),
        (2**20, 50, [320, 320, 320, 320]),
        (30, 10_001, [320, 2560, 3355, 3355]),
        (30, 2**25, [320, 320, 320]),
    ],
)
def test_blocks_grow_eightfold(n_y: int, steps: int, sizes: list[int]) -> None:
    """From 320 draws to 65,536, and to no more than 2²² probabilities or 2²⁵ letters where these are many."""
    assert list(islice(block_sizes(n_y, steps), len(sizes))) == sizes


EDGES = (319, 320, 321, 2879, 2880, 2881)  # of blocks


def test_names_do_not_depend_on_the_count_across_blocks() -> None:
    """Fewer names are the first of more, also where the drawing goes from one block to the next."""
    every = sampled(3200, allow_duplicates=True)[0]
    for few in (1, 127, 128, 129, 511, 513, *EDGES):
        assert sampled(few, allow_duplicates=True)[0] == every[:few]


def test_names_do_not_depend_on_the_tries_across_blocks() -> None:
    """Where the draws end just before, at or behind the edge of a block, all that were accepted come."""
    params, model = SamplingParams(seed=1, temperature=1.0, max_length=9), small_model()
    every = list(islice(draws(model.language_model, model.vocabulary, params), 3000))
    for few in EDGES:
        found, stats = sampled(few, max_tries=few, max_length=9)
        assert found == list(dict.fromkeys(name for name in every[:few] if name))
        assert stats.drawn == few > len(found) > few / 4


def test_blocks_do_not_repeat_each_other() -> None:
    """Each block has its own numbers: no two of them draw the same first letters row by row."""
    heads = [(name or " ")[0] for name in drawn(14_080)]
    assert len({"".join(heads[edge : edge + 64]) for edge in (0, 320, 2880, 23_360)}) == 4


def test_each_name_goes_on_from_its_own_letters() -> None:
    """When others of its block end or branch off, a name keeps its own state: Echo's first letter returns in all."""
    params = SamplingParams(seed=1, temperature=1.0, max_length=60)
    found = [name or "" for name in islice(draws(Echo(), Vocabulary("abc", False), params), 1000)]
    assert all(set(name[::2]) == {name[0]} for name in found if name)
    assert {name[:3] for name in found if len(name) > 2} == {a + b + a for a in "abc" for b in "abc"}


@pytest.mark.parametrize(("prefixes", "count"), [([""], 300), (["bo"], 300), (["kal", "", "b"], 300), ([""], 4000)])
def test_stepping_each_prefix_once_draws_the_same_names(prefixes: list[str], count: int) -> None:
    """The names are those of stepping every row by itself, whether beginnings are stepped in one chunk or in many.

    Each row has its own prefix; letters that are given take a random number too.
    """
    model = small_model()
    lm = Net(model.model, {name: p.astype(np.float64) for name, p in model.params.items()})
    given = np.zeros((count, max(map(len, prefixes))), int)
    for row in range(count):
        prefix = prefixes[row % len(prefixes)]
        given[row, : len(prefix)] = model.vocabulary.encode([prefix])[1:-1] if prefix else []
    ids, lengths = draw_block(lm, given, 20, lambda p: p.cumsum(axis=1), np.random.default_rng(4))
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
    ids, lengths = draw_block(model.language_model, np.empty((64, 0), int), 9000, lambda p: p.cumsum(axis=1), rng)
    assert ids.shape == (64, lengths.max() + 1)
    assert lengths.max() < 1000
