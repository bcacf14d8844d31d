"""Sums by letter, activations at extremes, and dropout; the oracles and `gradcheck` hold the other layers."""

import numpy as np
import pytest

from bacterio_cli.nn.layers import ACTIVATIONS, Array, dropout_mask, relu_derivative, segment_sum, sigmoid


@pytest.mark.parametrize("gates", [(), (5,)], ids=["matrix", "stack"])
@pytest.mark.parametrize("n", [8, 128, 129])  # beyond 128 not by a product with the one-hot matrix
@pytest.mark.parametrize("ids", [np.array([2, 0, 2, 4, 2, 0, 6]), np.array([5])], ids=str)
def test_segment_sum_adds_up_by_id(ids: Array, n: int, gates: tuple[int, ...]) -> None:
    """Rows with the same id are added into the row of that id, and ids that do not occur get 0, in either way."""
    rows = np.random.default_rng(1).standard_normal((*gates, len(ids), 4), np.float32)
    expected = np.zeros((*gates, n, 4))
    for k, v in enumerate(ids):
        expected[..., v, :] += rows[..., k, :]
    found = segment_sum(rows, ids, n)
    assert (found.shape, found.dtype) == (expected.shape, np.float32)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(("name", "limits"), [("tanh", [-1, 1]), ("sigmoid", [0, 1]), ("relu", [0, 1e4])])
def test_extremes(name: str, limits: list[float]) -> None:
    """At z = ±10⁴ in float32 an activation has reached its limit without a warning; its derivative there is 0."""
    function, derivative = ACTIVATIONS[name]
    a = function(np.array([-1e4, 1e4], np.float32))
    assert (a.tolist(), a.dtype) == (limits, np.float32)
    assert derivative(a).tolist() == [0, 1 if name == "relu" else 0]


def test_sigmoid_writes_where_it_is_told() -> None:
    """Into the array that is given, be it its own input."""
    z = np.array([0.0, 2, -3])
    wanted = 1 / (1 + np.exp(-z))
    assert sigmoid(z, out=z) is z
    np.testing.assert_allclose(z, wanted, rtol=1e-15)


def test_relu_has_no_derivative_at_0() -> None:
    """It is 0 there by choice."""
    assert relu_derivative(np.zeros(1)) == 0


def test_dropout_mask_has_mean_one() -> None:
    """A mask is 0 at the given rate and 1/(1 − rate) elsewhere, so that nothing changes on average."""
    mask = dropout_mask(np.random.default_rng(1), (200, 300), 0.375, np.float32)
    assert mask.dtype == np.float32
    assert np.unique(mask).tolist() == [0, np.float32(1 / 0.625)]
    assert (mask == 0).mean() == pytest.approx(0.375, abs=0.01)
    assert mask.mean() == pytest.approx(1, abs=0.02)


def test_dropout_never_drops_for_certain() -> None:
    """A rate within 2⁻¹⁷ of 1 is the largest multiple of 2⁻¹⁶ below it, and what is kept stays finite."""
    mask = dropout_mask(np.random.default_rng(1), (500, 600), 1 - 2**-18, np.float64)
    assert np.unique(mask).tolist() == [0, 2**16]
