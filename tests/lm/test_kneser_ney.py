"""The Kneser–Ney table: against a plain dictionary of counts, its two forms against each other, and its size."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.processes import NAMES, examples

from bacterio_cli.dataset.batching import EncodedCorpus
from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.lm.kneser_ney import LARGEST_DISCOUNTS, Discounts, NGram, estimated_discounts

D = (0.7, 1.1, 1.6)
VOCABULARY = Vocabulary.of(NAMES)


def plain(names: Sequence[str], letters: str, order: int, discounts: tuple[float, float, float]):  # type: ignore[no-untyped-def]
    """P(w | context) by dictionaries, letter by letter: the definition in ten lines; "^" begins and "$" ends a name."""
    seen: dict[int, Counter[str]] = defaultdict(Counter)
    for name in names:
        text = "^" + name + "$"
        for k in range(order):
            seen[k].update(text[i - k : i + 1] for i in range(max(1, k), len(text)))
    counts = {order - 1: seen[order - 1]}
    for k in range(order - 1):
        left = Counter(g[1:] for g in seen[k + 1])
        counts[k] = Counter({g: left[g] or seen[k][g] for g in seen[k]})

    def P(w: str, context: str, k: int) -> float:
        if k < 0:
            return 1 / (len(letters) + 1)
        row = {g[-1]: c for g, c in counts[k].items() if g[:k] == context[len(context) - k :]}
        if k > len(context) or not row:
            return P(w, context, k - 1)
        cut = {g: discounts[min(c, 3) - 1] for g, c in row.items()}
        first = max(row.get(w, 0) - cut.get(w, 0), 0) / sum(row.values())
        return first + sum(cut.values()) / sum(row.values()) * P(w, context, k - 1)

    return lambda w, context: P(w, context, min(order - 1, len(context)))


def counted(order: int, names: Sequence[str] = NAMES, vocabulary: Vocabulary = VOCABULARY, D: Discounts = D) -> NGram:
    """The table of these names."""
    return NGram.of(EncodedCorpus(names, vocabulary).ids, vocabulary.n_y, order, D)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize("discounts", [D, (0.8, 0.8, 0.8)])
@pytest.mark.parametrize("names", [NAMES[:12], NAMES[:1]], ids=len)
def test_it_is_the_definition(names: Sequence[str], order: int, discounts: tuple[float, float, float]) -> None:
    """After every prefix, seen or not, each letter has the probability that counting by hand gives it."""
    P = plain([n.lower() for n in names], VOCABULARY.letters, order, discounts)
    model = counted(order, names, D=discounts)
    for prefix in ("", "a", "alb", "alba", "albacocc", "xik", "boribacte"):
        state, p = model.start(1), np.empty(0)
        for letter in [0, *VOCABULARY.encode([prefix])[1:-1]]:
            p, state = model.step(np.array([letter]), state)
        expected = [P(w, "^" + prefix) for w in ["$", *VOCABULARY.letters]]
        np.testing.assert_allclose(p[0], expected, atol=1e-6)


@examples
@given(st.lists(st.text("abc", min_size=1, max_size=6), min_size=1, max_size=8, unique=True), st.integers(1, 6))
def test_states_along_a_text_are_those_of_its_steps(names: list[str], order: int) -> None:
    """Any list, any order: the state at each position of a text is the one that its name is stepped to."""
    vocabulary = Vocabulary("abc", capitalised=False)
    text, model = EncodedCorpus(names, vocabulary), counted(order, names, vocabulary)
    found, state = model.states_along(text), model.start(1)
    for position, letter in enumerate(text.ids[:-1]):
        _, state = model.step(np.array([letter]), state if letter else model.start(1))
        assert found[position] == state[0][0]


@pytest.mark.parametrize("rows", [1, 1000])
@pytest.mark.parametrize("names", [NAMES, NAMES[:1]], ids=len)
@pytest.mark.parametrize("order", [1, 2, 4, 7])
def test_a_table_that_is_not_written_out_has_the_same_bits(order: int, names: Sequence[str], rows: int) -> None:
    """From every state by every letter, in any order, many rows at once or one, or none; they sum to 1.

    The boundary leads from any state to the one in which every name begins: nothing of a name reaches the next.
    """
    dense, text = counted(order, names), EncodedCorpus(names, VOCABULARY)
    sparse = type("Large", (NGram,), {"most_written_out": 0}).of(text.ids, VOCABULARY.n_y, order, D)
    states, letters = (grid.ravel() for grid in np.indices((len(sparse.suffix), VOCABULARY.n_y)))
    P = dense.distributions(states)
    assert (sparse.written_out is None, dense.written_out is None) == (True, False)
    np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-6)
    assert P.min() > 0
    np.testing.assert_allclose(sparse.probabilities(states, letters), P[np.arange(len(P)), letters], atol=1e-7)
    np.testing.assert_array_equal(sparse.after(np.zeros(len(states), np.int64), states), min(1, order - 1))
    some = np.random.default_rng(order).permutation(len(states))[: 300 * rows]
    for chunk in [*np.array_split(some, -(-len(some) // rows)), some[:0]]:
        at, read = states[chunk], letters[chunk]
        found = sparse.distributions(at)
        assert (found.dtype, found.tobytes()) == (np.float32, P[chunk].tobytes())
        np.testing.assert_array_equal(sparse.after(read, at), dense.after(read, at))


def test_memory_is_that_of_what_was_seen() -> None:
    """With 5,500 letters the table of 2,000 names has as many pairs as n-grams at most, and is not written out."""
    rng = np.random.default_rng(0)
    letters = "".join(chr(0x4E00 + k) for k in range(5500))
    names = ["".join(letters[k] for k in rng.integers(0, 5500, 3)) for _ in range(2000)]
    model = counted(7, names, Vocabulary(letters, capitalised=False))
    assert len(model.letter) <= 4 * 4 * 2000
    assert model.written_out is None
    p, _ = model.step(np.zeros(3, np.intp), model.start(3))
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("occurring", "discounts"),
    [
        ((10, 4, 4, 3), (5 / 9, 1 / 3, 4 / 3)),
        ((1000, 100, 1000, 0), (5 / 6, 0.05, 2.9)),
        ((50, 1, 0, 0), (25 / 26, 0.05, 0.05)),
    ],
)
def test_discounts_are_estimated_from_how_many_counts_are_small(
    occurring: tuple[int, ...], discounts: tuple[float, ...]
) -> None:
    """n₁ … n₄ pairs occur once … four times; the bounds hold, and none that occurs counts as one."""
    assert estimated_discounts(np.repeat(np.arange(1, 5), occurring)) == pytest.approx(discounts)


def test_no_discounts_near_those_chosen_are_better() -> None:
    """On held-out names those that are chosen have less loss than the estimate and than any a step of 0.05 away."""
    table, held = counted(5, NAMES[::2], D=()), EncodedCorpus(NAMES[1::2], VOCABULARY)

    def loss(*discounts: float) -> float:
        model = replace(table, discounts=discounts)
        return -float(np.log(model.probabilities(model.states_along(held), held.ids[1:])).mean())

    chosen = table.fitted(held).discounts
    assert chosen == pytest.approx((0.98, 0.345238, 0.05), abs=1e-6)
    assert loss(*chosen) < loss(*table.fitted(None).discounts)
    for step in 0.05 * np.array([*np.eye(3), *-np.eye(3)]):
        assert loss(*np.clip(chosen + step, 0.05, LARGEST_DISCOUNTS)) > loss(*chosen) - 1e-6
