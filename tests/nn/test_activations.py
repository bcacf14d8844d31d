"""The activations: their values, their slopes, and both at extremes."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest

from bacterio_cli.nn.activations import ACTIVATIONS


@pytest.mark.parametrize(
    ("name", "z", "value", "slope"),
    [
        ("tanh", 0.0, 0.0, 1.0),
        ("tanh", 0.5, (exp(0.5) - exp(-0.5)) / (exp(0.5) + exp(-0.5)), (2 / (exp(0.5) + exp(-0.5))) ** 2),  # 1 / cosh²
        ("tanh", -1.5, (exp(-1.5) - exp(1.5)) / (exp(-1.5) + exp(1.5)), (2 / (exp(1.5) + exp(-1.5))) ** 2),
        ("sigmoid", 0.0, 0.5, 0.25),
        ("sigmoid", 0.5, 1 / (1 + exp(-0.5)), exp(-0.5) / (1 + exp(-0.5)) ** 2),
        ("sigmoid", -1.5, 1 / (1 + exp(1.5)), exp(1.5) / (1 + exp(1.5)) ** 2),
        ("relu", 0.0, 0.0, 0.0),  # by choice
        ("relu", 0.5, 0.5, 1.0),
        ("relu", -1.5, 0.0, 0.0),
    ],
)
def test_value_and_slope(name: str, z: float, value: float, slope: float) -> None:
    """Each activation has the value of its definition, and its slope, given that value, is the derivative at z."""
    activation = ACTIVATIONS[name]
    a = activation.function(np.array([z]))
    assert a[0] == pytest.approx(value, abs=1e-15)
    assert activation.derivative(a)[0] == pytest.approx(slope, abs=1e-15)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_into_a_given_array(name: str) -> None:
    """With `out`, an activation fills that array, and the result is the same."""
    z, out = np.linspace(-2, 2, 12).reshape(3, 4), np.full((3, 4), np.nan)
    result = ACTIVATIONS[name].function(z, out=out)
    assert result is out
    np.testing.assert_array_equal(out, ACTIVATIONS[name].function(z))


@pytest.mark.parametrize(("name", "limits"), [("tanh", [-1, 1]), ("sigmoid", [0, 1]), ("relu", [0, 1e4])])
def test_extremes(name: str, limits: list[float]) -> None:
    """At z = ±10⁴ in float32 an activation has reached its limit without a warning; its slope there is 0, not NaN."""
    activation = ACTIVATIONS[name]
    a = activation.function(np.array([-1e4, 1e4], np.float32))
    assert a.dtype == np.float32
    assert a.tolist() == limits
    assert activation.derivative(a).tolist() == [0, 1 if name == "relu" else 0]
