"""The activations at extremes; elsewhere the oracles hold their values, and `gradcheck` their derivatives."""

import numpy as np
import pytest

from bacterio_cli.nn.activations import ACTIVATIONS, relu_derivative


@pytest.mark.parametrize(("name", "limits"), [("tanh", [-1, 1]), ("sigmoid", [0, 1]), ("relu", [0, 1e4])])
def test_extremes(name: str, limits: list[float]) -> None:
    """At z = ±10⁴ in float32 an activation has reached its limit without a warning, in the array that is given; its
    derivative there is 0, not NaN."""
    function, derivative = ACTIVATIONS[name]
    out = np.empty(2, np.float32)
    assert function(np.array([-1e4, 1e4], np.float32), out=out) is out
    assert out.tolist() == limits
    assert derivative(out).tolist() == [0, 1 if name == "relu" else 0]


def test_relu_has_no_derivative_at_0() -> None:
    """It is 0 there by choice."""
    assert relu_derivative(np.zeros(1)) == 0
