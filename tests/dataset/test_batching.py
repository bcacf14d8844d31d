"""Packed batches and the streams of the text regime: nothing lost, nothing twice, everything in its place."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.builders import unpack
from support.processes import NAMES, examples

from bacterio_cli.dataset.batching import POOL, Batch, EncodedCorpus
from bacterio_cli.dataset.vocabulary import Vocabulary

VOCABULARY = Vocabulary.of(NAMES)
TEXT = EncodedCorpus(NAMES, VOCABULARY)


def rows(batch: Batch, values: np.ndarray) -> list[list[int]]:
    """The packed `values` of each row of a batch."""
    assert batch.batch_sizes.sum() == len(values)
    return [row.tolist() for row in unpack(values, batch.batch_sizes)]


def packed_rows(batch: Batch) -> list[tuple[list[int], list[int], list[int]]]:
    """x, y and position of each row of a batch, which must be packed as the cells expect it."""
    assert (batch.batch_sizes > 0).all()
    assert (np.diff(batch.batch_sizes) <= 0).all()
    return list(zip(*(rows(batch, values) for values in (batch.x, batch.y, batch.position)), strict=True))


@pytest.mark.parametrize("batch_size", [1, 3, 7, 40, 64])
def test_every_name_is_in_the_batches_once(batch_size: int) -> None:
    """A row reads boundary and letters and predicts letters and boundary; all batches of all pools but one are full."""
    batches = list(TEXT.name_batches(batch_size, np.random.default_rng(1)))
    pairs = [pair for b in batches for pair in zip(rows(b, b.x), rows(b, b.y), strict=True)]
    assert Counter(VOCABULARY.spell(np.array([y[:-1]]))[0] for _, y in pairs) == Counter(NAMES)
    assert all([*x, 0] == [0, *y] for x, y in pairs)
    assert sorted(len(rows(b, b.y)) for b in batches)[1:] == [batch_size] * (len(batches) - 1)
    assert TEXT.batches_per_epoch(batch_size, None) == len(batches)
    assert batch_size > 1 or len(batches) > POOL
    for b in batches:
        assert (b.x == TEXT.ids[b.position]).all()
        assert (b.y == TEXT.ids[b.position + 1]).all()


def test_names_of_similar_length_go_together() -> None:
    """Within a pool the lengths of batches, which come in any order, do not overlap."""
    assert len(NAMES) <= POOL * 7
    shuffled = [[len(row) for row in rows(batch, batch.x)] for batch in TEXT.name_batches(7, np.random.default_rng(1))]
    ordered = sorted(shuffled, key=lambda lengths: (min(lengths), max(lengths)))
    assert all(max(before) <= min(after) for before, after in pairwise(ordered))
    assert ordered not in (shuffled, shuffled[::-1])


def test_the_order_depends_on_the_generator_alone() -> None:
    """The same seed gives the same epoch, another seed another one, in batches and in the text regime."""
    for epoch in (lambda rng: [batch.position.tolist() for batch in TEXT.name_batches(7, rng)], TEXT.shuffled):
        one, same, other = ([*epoch(np.random.default_rng(seed))] for seed in (1, 1, 2))
        assert one == same != other


texts = st.lists(st.text("abc", min_size=1, max_size=9), min_size=1, max_size=12).map(
    lambda names: EncodedCorpus(names, Vocabulary("abc", False))
)


@examples
@given(texts, st.integers(0, 99), st.one_of(st.none(), st.integers(1, 12)))
def test_shuffled_names_stay_whole(text: EncodedCorpus, seed: int, most: int | None) -> None:
    """Each name stands once, its boundary first, with all its letters, or as many names as are asked for."""
    order = text.shuffled(np.random.default_rng(seed), most)
    starts = [place for place in order.tolist() if place in text.starts]
    whole = [place + k for place in starts for k in range(text.lengths[text.starts.tolist().index(place)])]
    assert order.tolist() == whole
    assert len(set(starts)) == len(starts) == min(len(text.starts), most or len(text.starts))


@examples
@given(texts, st.integers(1, 150), st.integers(1, 12), st.integers(0, 99))
def test_streams_hold_the_text_once_and_in_order(text: EncodedCorpus, batch_size: int, bptt: int, seed: int) -> None:
    """Row k of each chunk goes on where row k of the last one stopped; streams are as many as asked, equally long."""
    streams: list[list[int]] = []
    order = text.shuffled(np.random.default_rng(seed))
    place = {at: k for k, at in enumerate(order.tolist())}
    batches = list(text.chunks(batch_size, bptt, order))
    for batch in batches:
        assert 1 <= len(batch.batch_sizes) <= bptt
        for k, (x, y, position) in enumerate(packed_rows(batch)):
            if k == len(streams):
                streams.append([])
            streams[k] += [place[at] for at in position]
            assert (x, y) == (text.ids[position].tolist(), text.ids[np.add(position, 1)].tolist())
    assert all(stream == list(range(stream[0], stream[-1] + 1)) for stream in streams)
    assert sorted(p for stream in streams for p in stream) == list(range(len(order)))
    assert len(streams) == min(batch_size, len(order))
    assert max(map(len, streams)) - min(map(len, streams)) <= 1
    assert text.batches_per_epoch(batch_size, bptt) == len(batches)


@examples
@given(texts, st.integers(1, 150), st.integers(1, 12), st.sampled_from([2, 3]))
def test_shards_are_the_batch(text: EncodedCorpus, size: int, bptt: int, shards: int) -> None:
    """Shard k of a batch is its rows k, k + shards, …, packed again, in both regimes; together they are the batch."""
    for batch in [
        *text.name_batches(size, np.random.default_rng(0)),
        *text.chunks(size, bptt, np.arange(len(text.ids) - 1)),
    ]:
        whole = packed_rows(batch)
        for k in range(min(shards, len(whole))):
            assert packed_rows(batch.shard(k, shards)) == whole[k::shards]
