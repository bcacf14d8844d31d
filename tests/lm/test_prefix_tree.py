"""Many names in step: each distinct beginning is stepped once, on two threads, and each name gets its own."""

import threading
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.builders import random_params
from support.processes import NAMES, examples

from bacterio_cli.dataset.batching import EncodedCorpus
from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.lm.base import LanguageModel, Net
from bacterio_cli.lm.kneser_ney import NGram
from bacterio_cli.lm.mixture import Mixture
from bacterio_cli.lm.prefix_tree import LARGEST_TABLE, PrefixBatch, in_chunks, largest_block, probabilities
from bacterio_cli.nn.cells import State
from bacterio_cli.nn.layers import Array
from bacterio_cli.nn.models import CharRNN, Model, WindowMLP

VOCABULARY = Vocabulary.of(NAMES)
N_Y = VOCABULARY.n_y
LIST = [*NAMES[::-1], *NAMES[::3], "Alba", "Alba"]  # out of order, and some of them again


class Spelling:
    """A language model that knows what it has read, as one number, and writes down how many rows it has stepped."""

    def __init__(self, n_y: int = 4) -> None:
        self.n_y, self.stepped = n_y, list[int]()

    def start(self, n: int) -> State:
        """Nothing is read."""
        return (np.zeros(n, np.int64),)

    def step(self, ids: Array, state: State) -> tuple[Array, State]:
        """The beginning's own number as the 'probability' of every letter."""
        self.stepped.append(len(ids))
        spelled = 10 * state[0] + ids
        return np.repeat(spelled[:, None], self.n_y, axis=1).astype(float), (spelled,)


@pytest.mark.parametrize("at_once", [2, 5, 1024])
@examples
@given(st.lists(st.text("123", max_size=6), min_size=1, max_size=40))
def test_any_words_are_read_letter_by_letter(at_once: int, words: list[str]) -> None:
    """Whatever the words and however many go at once, a row's state is its own, and no beginning is stepped twice."""
    model, rows = Spelling(), words
    batch = PrefixBatch(model, len(rows), at_once=at_once)
    for t in range(max(map(len, words))):
        batch.node = batch.node[np.array([len(word) > t for word in rows])]
        rows = [word for word in rows if len(word) > t]
        p = batch.read(np.array([int(word[t]) for word in rows]), lambda p: p + 1)
        own = np.array([int(word[: t + 1]) for word in rows])
        np.testing.assert_array_equal(p[batch.node, 0], own + 1)
        np.testing.assert_array_equal(batch.state[0][batch.node], own)
    assert sum(model.stepped) == len({word[:k] for word in words for k in range(1, len(word) + 1)})
    assert max(model.stepped, default=0) <= at_once


def net(model: Model) -> Net:
    """A random net in float32, at a scale where letters differ."""
    params = random_params(model, np.random.default_rng(71))
    return Net(model, {name: (2 * p).astype(np.float32) for name, p in params.items()})


TABLE = NGram.of(EncodedCorpus(NAMES[:20], VOCABULARY).ids, N_Y, 4, (0.7, 1.1, 1.6))
LSTM = net(CharRNN(N_Y, 4, 9, 2, "lstm"))
WINDOW = net(WindowMLP(N_Y, 4, 9, 1, 3))
KINDS: dict[str, LanguageModel] = {
    "net": LSTM,
    "window": WINDOW,
    "table": TABLE,
    "mixture": Mixture((LSTM, WINDOW, TABLE), (0.3, 0.3, 0.4)),
}


def alone(model: LanguageModel, names: list[str]) -> Array:
    """P of every letter by reading one name after the other, letter by letter."""
    found = []
    for name in names:
        state = model.start(1)
        for x, y in pairwise(VOCABULARY.encode([name])):
            p, state = model.step(np.array([x]), state)
            found.append(p[0, y])
    return np.array(found)


@pytest.mark.parametrize("n_y", [N_Y, LARGEST_TABLE // 3, LARGEST_TABLE])
@pytest.mark.parametrize("kind", KINDS)
def test_likelihood_is_that_of_each_name_alone(kind: str, n_y: int) -> None:
    """In the order of the text, one that stands in it twice included; of many letters, three or one side by side."""
    text = EncodedCorpus(LIST, VOCABULARY)
    text.n_y = n_y
    p = probabilities(KINDS[kind], text)
    half = probabilities(KINDS[kind], text, lambda p: p / 2)
    np.testing.assert_array_equal(half, p / 2)
    assert p.dtype == np.float64
    np.testing.assert_allclose(p, alone(KINDS[kind], LIST), rtol=0, atol=1e-6)
    assert p.std() > 0.02


def test_a_block_is_smaller_for_many_letters() -> None:
    """65,536 names side by side, but no more than 2²² probabilities, and at least one name."""
    assert [largest_block(n_y) for n_y in (2, 128, 129, 5501, 2**23)] == [65_536, 32_768, 32_513, 762, 1]
    assert all(high >= low for high, low in pairwise(largest_block(n_y) for n_y in range(2, 3000)))


@examples
@given(st.integers(0, 3000), st.integers(1, 400))
def test_chunks_hold_every_row_once(count: int, size: int) -> None:
    """Chunks of up to `size` follow on each other, in as few pairs as there can be; half a chunk stays whole."""
    chunks = list[slice]()
    in_chunks(chunks.append, count, size)
    chunks.sort(key=lambda rows: (rows.start, rows.stop))
    assert [row for rows in chunks for row in range(count)[rows]] == list(range(count))
    lengths = [rows.stop - rows.start for rows in chunks]
    assert max(lengths) <= size
    assert max(lengths) - min(lengths) <= 1
    assert min(lengths) > 0 or count == 0
    assert len(chunks) <= 2 or count > (len(chunks) - 2) * size
    if size > 1:  # single rows may be an odd number
        assert len(chunks) % 2 == (count <= size // 2)
        assert len(chunks) > 1 or count <= size // 2


def test_every_second_chunk_goes_to_the_helper() -> None:
    """The chunks take turns between the two threads; a single one stays in the caller's."""
    here, owner = threading.get_ident(), {}
    in_chunks(lambda rows: owner.update({rows.start: threading.get_ident()}), 60, 10)
    assert [owner[start] == here for start in sorted(owner)] == [True, False] * 3
    owner.clear()
    in_chunks(lambda rows: owner.update({rows.start: threading.get_ident()}), 5, 10)
    assert owner == {0: here}


def test_the_helper_has_the_same_errstate() -> None:
    """What NumPy does on overflow is what the caller has said, in either thread."""
    found: dict[int, str] = {}
    for wanted in ("raise", "ignore"):
        with np.errstate(over=wanted):  # type: ignore[call-overload]
            in_chunks(lambda rows: found.update({rows.start: np.geterr()["over"]}), 2, 2)
        assert found == {0: wanted, 1: wanted}


@pytest.mark.parametrize("failing", [0, 1])
def test_what_a_chunk_raises_is_raised(failing: int) -> None:
    """An exception in either thread reaches the caller, and the next work is done as if nothing had been."""
    done = []

    def work(rows: slice) -> None:
        if rows.start == failing:
            raise FloatingPointError(f"in {failing}")

    with pytest.raises(FloatingPointError, match=f"in {failing}"):
        in_chunks(work, 2, 2)
    in_chunks(lambda rows: done.append(rows.start), 2, 2)
    assert sorted(done) == [0, 1]
