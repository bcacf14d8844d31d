"""The activations at extremes; elsewhere the oracles hold their values, and `gradcheck` their derivatives."""

import numpy as np
import pytest

from bacterio_cli.nn.activations import ACTIVATIONS, relu_derivative, sigmoid


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
