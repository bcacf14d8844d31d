"""Softmax and cross-entropy against the textbook, and where numbers underflow."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest

from bacterio_cli.nn.layers import Array
from bacterio_cli.nn.loss import cross_entropy, cross_entropy_backward, softmax, softmax_jacobian


def normal(seed: int, *shape: int) -> Array:
    """Random numbers of this shape."""
    return np.random.default_rng(seed).standard_normal(shape)


def test_softmax_is_the_textbook_formula() -> None:
    """ŷ_i is e^{z_i} over the sum of its row."""
    z = normal(1, 5, 4)
    expected = [[exp(v) / sum(exp(w) for w in row) for v in row] for row in z.tolist()]
    np.testing.assert_allclose(softmax(z), expected, atol=1e-15)


def test_softmax_at_extremes() -> None:
    """Logits of ±10⁴ in float32 give exact zeros and shares, without overflow and without a warning."""
    z = np.array([[1e4, -1e4, 0], [-1e4, -1e4, -1e4], [1e4, 1e4, -1e4]], np.float32)
    np.testing.assert_allclose(softmax(z), [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0]], rtol=1e-7)


def test_softmax_jacobian_is_the_derivative() -> None:
    """J_ij is ∂ŷ_i/∂z_j by complex step."""
    z = normal(1, 4)
    columns = [softmax(z + 1e-30j * one_hot).imag / 1e-30 for one_hot in np.eye(4)]
    np.testing.assert_allclose(softmax_jacobian(softmax(z)), np.stack(columns, axis=1), rtol=0, atol=1e-15)


def test_cross_entropy_backward_is_the_chain_rule_through_the_jacobian() -> None:
    """(ŷ − y) / N is Jᵀ ∂L/∂ŷ with ∂L/∂ŷ = −y/ŷ / N written out."""
    y_hat, y = softmax(normal(1, 5, 4)), np.random.default_rng(2).dirichlet(np.ones(4), 5)
    expected = [softmax_jacobian(p).T @ (-t / p / 5) for p, t in zip(y_hat, y, strict=True)]
    np.testing.assert_allclose(cross_entropy_backward(y_hat, y), expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("kind", ["ids", "distributions"])
def test_cross_entropy_backward_is_the_derivative(kind: str) -> None:
    """dz_y is ∂L/∂z_y by complex step, for either kind of target, and a part of a batch has its share of it."""
    z_y, rng = normal(1, 5, 4), np.random.default_rng(2)
    y = rng.integers(0, 4, 5) if kind == "ids" else rng.dirichlet(np.ones(4), 5)
    expected = np.zeros((5, 4))
    for at in np.ndindex(5, 4):
        moved = z_y.astype(complex)
        moved[at] += 1e-30j
        expected[at] = cross_entropy(moved, y)[0].imag / 1e-30
    np.testing.assert_allclose(cross_entropy_backward(softmax(z_y), y), expected, rtol=0, atol=1e-15)
    np.testing.assert_allclose(cross_entropy_backward(softmax(z_y), y, 0.3), 0.3 * expected, rtol=0, atol=1e-15)


def test_cross_entropy_is_the_mean_of_minus_log() -> None:
    """The loss is the mean of −log ŷ weighted by the target distribution, in nats; ids stand for one-hot rows."""
    z, targets, ids = normal(1, 5, 4), np.random.default_rng(2).dirichlet(np.ones(4), 5), np.array([3, 0, 1, 1, 2])
    loss, y_hat = cross_entropy(z, targets)
    np.testing.assert_allclose(y_hat, softmax(z), atol=1e-15)
    assert loss == pytest.approx(-sum(float(t @ np.log(y)) for t, y in zip(targets, y_hat, strict=True)) / 5, abs=1e-14)
    assert cross_entropy(z, ids)[0] == pytest.approx(-sum(log(y_hat[n, k]) for n, k in enumerate(ids)) / 5, abs=1e-14)
    of_ids, of_rows = (cross_entropy_backward(y_hat, t) for t in (ids, np.eye(4)[ids]))
    np.testing.assert_allclose(of_ids, of_rows, atol=1e-15)


@pytest.mark.parametrize("targets", [np.array([1, 0]), np.array([[0, 1.0], [1, 0]], np.float32)], ids=["ids", "rows"])
def test_cross_entropy_survives_underflow(targets: Array) -> None:
    """A target whose probability is 0 in float32 still has a finite loss: the distance of the logits."""
    loss, y_hat = cross_entropy(np.array([[200, -200], [300, 300]], np.float32), targets)
    assert y_hat[0, 1] == 0
    assert loss == pytest.approx((400 + log(2)) / 2, rel=1e-6)
