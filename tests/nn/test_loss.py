"""Softmax and cross-entropy where numbers underflow; elsewhere the oracles and `gradcheck` hold them."""

from math import log

import numpy as np
import pytest

from bacterio_cli.nn.layers import Array
from bacterio_cli.nn.loss import cross_entropy, cross_entropy_backward, softmax


def test_softmax_at_extremes() -> None:
    """Logits of ±10⁴ in float32 give exact zeros and shares, without overflow and without a warning."""
    z = np.array([[1e4, -1e4, 0], [-1e4, -1e4, -1e4], [1e4, 1e4, -1e4]], np.float32)
    np.testing.assert_allclose(softmax(z), [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0]], rtol=1e-7)


def test_a_part_of_a_batch_has_its_share_of_the_gradient() -> None:
    """With a weight, dz_y is so many times what it is without."""
    y_hat, y = np.random.default_rng(2).dirichlet(np.ones(4), (2, 5))
    np.testing.assert_allclose(cross_entropy_backward(y_hat, y, 0.3), 0.3 * (y_hat - y) / 5, rtol=0, atol=1e-15)


@pytest.mark.parametrize("targets", [np.array([1, 0]), np.array([[0, 1.0], [1, 0]], np.float32)], ids=["ids", "rows"])
def test_cross_entropy_survives_underflow(targets: Array) -> None:
    """A target whose probability is 0 in float32 still has a finite loss: the distance of the logits."""
    loss, y_hat = cross_entropy(np.array([[200, -200], [300, 300]], np.float32), targets)
    assert y_hat[0, 1] == 0
    assert loss == pytest.approx((400 + log(2)) / 2, rel=1e-6)
