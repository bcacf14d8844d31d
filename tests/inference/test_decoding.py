"""From a distribution to a letter: temperature, top-k, top-p, and the choice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.processes import examples

from bacterio_cli.errors import BacterioError
from bacterio_cli.inference.sampler import SamplingParams, choose, keep, temper

probabilities = st.lists(
    st.lists(st.one_of(st.just(0.0), st.floats(1e-30, 1.0)), min_size=4, max_size=4).filter(any),
    min_size=1, max_size=5,
)  # fmt: skip
numbers = st.sampled_from([0.0, 1e-9, 0.3, 0.999999999, 1 - 2**-53])


@examples
@given(probabilities, st.sampled_from([np.float32, np.float64]), numbers)
def test_a_letter_without_probability_is_never_chosen(p: list[list[float]], dtype: type, u: float) -> None:
    """Not for the smallest number that a generator gives, nor for the largest, which float32 rounds to 1."""
    table = np.array(p)
    table = (table / table.sum(axis=1, keepdims=True)).astype(dtype)
    table = table[table.any(axis=1)]
    letters = choose(table.cumsum(axis=1), np.arange(len(table)), np.full(len(table), u))
    assert (np.take_along_axis(table, letters[:, None], axis=1) > 0).all()


def test_choose_inverts_the_distribution() -> None:
    """Evenly spaced numbers fall on the letters of their own row in proportion to the probabilities."""
    p = np.array([[0.0, 0.0, 0.0, 1.0], [0.125, 0.0, 0.5, 0.375]])
    letters = choose(p.cumsum(axis=1), np.repeat([1, 0], 1000), np.tile((np.arange(1000) + 0.5) / 1000, 2))
    assert np.bincount(letters[:1000]).tolist() == [125, 0, 500, 375]
    assert (np.diff(letters[:1000]) >= 0).all()
    assert (letters[1000:] == 3).all()
    assert choose(np.array([[0.25, 0.5]]), np.zeros(2, int), np.array([0.4, 0.6])).tolist() == [0, 1]  # 0.5 is all


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_temperature_has_the_right_limits(dtype: type) -> None:
    """Cold is the likeliest letter alone, hot all possible letters alike, and what is impossible stays impossible."""
    p = np.array([[0.2, 0.7, 0.1, 0.0]], dtype)
    for temperature in (1e-6, 1e-50, 1e-300):
        assert temper(p, temperature)[0] == pytest.approx([0, 1, 0, 0], abs=1e-5)
        assert temper(p, 1 / temperature)[0] == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0], abs=1e-5)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.0])
def test_each_row_is_tempered_by_itself(temperature: float) -> None:
    """p^{1/τ} over its own row's sum, whatever stands in the other rows; a letter of probability 0 keeps it."""
    p = np.random.default_rng(60).dirichlet(np.ones(5), 4)
    p[2] = [0, 0.5, 0, 0.25, 0.25]
    powers = p ** (1 / temperature)
    np.testing.assert_allclose(temper(p, temperature), powers / powers.sum(axis=1, keepdims=True), rtol=1e-12)
    assert temper(p, 1e-6).tolist() == (p == p.max(axis=1, keepdims=True)).tolist()


def test_top_k_keeps_the_likeliest() -> None:
    """The k likeliest letters in their proportions; all if k is large."""
    p = np.array([[0.1, 0.4, 0.1, 0.4], [0.7, 0.1, 0.1, 0.1]])
    assert keep(p, 1) == pytest.approx(np.array([[0, 1, 0, 0], [1, 0, 0, 0]]))
    assert keep(p, 3) == pytest.approx(np.array([[1 / 9, 4 / 9, 0, 4 / 9], [7 / 9, 1 / 9, 1 / 9, 0]]))
    assert keep(p, 4) == pytest.approx(p)
    assert keep(p, 9) == pytest.approx(p)


def test_of_equal_letters_the_first_in_the_alphabet_are_kept() -> None:
    """Of 20 letters that are likelier than 20 others, the first ten, in either way of cutting."""
    p = np.tile([0.02, 0.03], (2, 20))
    for kept in (keep(p, 10), keep(p, mass=0.29)):
        assert kept == pytest.approx(np.tile([0, 0.1] * 10 + [0] * 20, (2, 1)))


@pytest.mark.parametrize(
    ("mass", "kept"),
    [(0.0, [0, 1, 0, 0]), (0.49, [0, 1, 0, 0]), (0.51, [0, 5 / 8, 3 / 8, 0]), (1.0, [0.15, 0.5, 0.3, 0.05])],
)
def test_top_p_keeps_the_fewest_that_hold_the_mass(mass: float, kept: list[float]) -> None:
    """The likeliest letters up to and with the one that reaches the mass, at least one, in their proportions."""
    assert keep(np.array([[0.15, 0.5, 0.3, 0.05]]), mass=mass)[0] == pytest.approx(kept)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"temperature": 0.0}, [0, 0, 1]),
        ({"temperature": 0.5}, [0.04 / 0.38, 0.09 / 0.38, 0.25 / 0.38]),
        ({"temperature": 0.5, "top_k": 2}, [0, 0.09 / 0.34, 0.25 / 0.34]),
        ({"temperature": 1.0, "top_p": 0.5}, [0, 0, 1]),
        ({"temperature": 1.0, "top_k": 2, "top_p": 0.62}, [0, 0, 1]),  # of 0.8 that top-k left, 0.5 is 0.625
    ],
)
def test_temperature_comes_before_top_k_and_top_k_before_top_p(how: dict[str, float], expected: list[float]) -> None:
    """Each works on what the one before has left; temperature 0 is the likeliest letter."""
    p = SamplingParams(seed=1, **how).shape(np.array([[0.2, 0.3, 0.5]]))  # type: ignore[arg-type]
    assert p[0] == pytest.approx(expected)


def test_a_distribution_that_is_not_finite_is_an_error() -> None:
    """Weights that overflow give no names, but a message."""
    says = "the model's probabilities are not finite: its weights are beyond use; train anew"
    for bad in (np.nan, np.inf):
        with pytest.raises(BacterioError, match=f"^{says}$"):
            SamplingParams(seed=1).shape(np.array([[0.5, bad]]))
