"""Optimisers by their formulas, clipping, and schedules."""

from collections.abc import Callable
from dataclasses import replace
from math import cos, pi, sqrt

import numpy as np
import pytest

from bacterio_cli.nn import optim
from bacterio_cli.nn.layers import Params
from bacterio_cli.nn.optim import OPTIMISERS, Optimiser
from bacterio_cli.training.config import RANGES

LR, START = 0.1, 0.7
GRADIENTS = (0.5, -0.3, 0.8)
every_optimiser = pytest.mark.parametrize("optimiser", OPTIMISERS.values(), ids=OPTIMISERS)


def copied(arrays: Params) -> Params:
    """The same numbers in arrays of their own."""
    return {name: value.copy() for name, value in arrays.items()}


@pytest.mark.parametrize("scale", [1.0, 1e-4, 1e-8])
@pytest.mark.parametrize("name", OPTIMISERS)
def test_three_steps_by_the_formula(name: str, scale: float) -> None:
    """Three steps of each optimiser land where its formula, written out for one number, lands: each parameter by its
    own gradient, in whatever order the gradients come, and also where they are as small as ε or its root.

    Kingma and Ba's β₁ = 0.9, β₂ = 0.999, ε = 1e-8; Hinton's mean of the last 100.
    """
    optimiser = replace(OPTIMISERS[name], weight_decay=0.2 * (name == "adamw"))
    params = {key: np.array([[START]]) for key in ("0.W", "W_ya")}
    state = optimiser.init(params)
    thetas, sums = dict.fromkeys(params, START), dict.fromkeys(params, (0.0, 0.0, 0.0, 0.0))
    for k, g in enumerate(GRADIENTS, 1):
        grads = {"W_ya": -2 * g * scale, "0.W": g * scale}
        optimiser.update(params, {key: np.array([[d]]) for key, d in grads.items()}, state, learning_rate=LR)
        for key, d in grads.items():
            total, mean, m, v = sums[key]
            total, mean, m, v = total + d**2, 0.99 * mean + 0.01 * d**2, 0.9 * m + 0.1 * d, 0.999 * v + 0.001 * d**2
            sums[key] = total, mean, m, v
            adam = m / (1 - 0.9**k) / (sqrt(v / (1 - 0.999**k)) + 1e-8)
            step = {"sgd": d, "adagrad": d / sqrt(total + 1e-8), "rmsprop": d / (sqrt(mean) + 1e-8)}.get(name, adam)
            thetas[key] -= LR * (step + 0.2 * thetas[key] * (name == "adamw"))
            assert params[key].item() == pytest.approx(thetas[key], abs=1e-14)


@every_optimiser
def test_update_works_in_place(optimiser: Optimiser) -> None:
    """An update writes into the arrays of params, keeps float32, and leaves the gradients as they were."""
    rng = np.random.default_rng(1)
    params = {"W": rng.standard_normal((3, 4)).astype(np.float32), "b": rng.standard_normal(3).astype(np.float32)}
    grads = {name: rng.standard_normal(p.shape).astype(np.float32) for name, p in params.items()}
    arrays = dict(params)
    before, given = copied(params), copied(grads)
    state = optimiser.init(params)
    assert (state["k"].dtype, state["k"].shape) == (np.int64, ())
    optimiser.update(params, grads, state, learning_rate=LR)
    for name, p in params.items():
        assert p is arrays[name]
        assert p.dtype == np.float32
        assert (p != before[name]).all()
        np.testing.assert_array_equal(grads[name], given[name])


def test_adamw_decays_only_matrices_that_multiply() -> None:
    """With a zero gradient, a matrix W… shrinks by η λ, and biases and embeddings stay."""
    decays = dict.fromkeys(("0.W_ax", "0.W_aa", "1.W_ax", "W_ya", "0.W"), 0.98)
    factors = decays | dict.fromkeys(("E", "0.b_a", "1.b_a", "b_y", "0.b"), 1.0)
    params = {name: np.array([[0.5, -2.0]]) for name in factors}
    optimiser = replace(OPTIMISERS["adamw"], weight_decay=0.2)
    optimiser.update(params, {name: np.zeros((1, 2)) for name in params}, optimiser.init(params), learning_rate=0.1)
    for name, factor in factors.items():
        np.testing.assert_allclose(params[name], [[0.5 * factor, -2 * factor]], rtol=0, atol=1e-15, err_msg=name)


@every_optimiser
def test_parameters_stay_finite_at_the_bounds(optimiser: Optimiser) -> None:
    """As long as the norm of the gradients is finite, so are the parameters, at the largest rate and decay too."""
    optimiser, rate = replace(optimiser, weight_decay=1 / RANGES["lr"][1]), RANGES["lr"][1]
    params = {"W": np.full((2, 3), 2, np.float32), "b": np.ones(2, np.float32)}
    state = optimiser.init(params)
    for sign in (1, 1, -1, 0) * 50:
        grads = {name: np.full(p.shape, sign * 7e18, np.float32) for name, p in params.items()}
        assert np.isfinite(optim.clip(grads, "norm", 0))
        with np.errstate(over="ignore"):  # adagrad's sum of squares, after which its steps are 0
            optimiser.update(params, grads, state, learning_rate=rate)
        assert all(np.isfinite(p).all() for p in params.values())
    with np.errstate(over="ignore"):
        assert optim.clip({"W": np.full((2, 3), 2e19, np.float32)}, "norm", 0) == np.inf


@every_optimiser
def test_a_large_parameter_is_updated_as_its_rows_are(optimiser: Optimiser) -> None:
    """Whatever the size of a parameter and the order of its numbers in memory, the same bits come out row by row."""
    rng, decaying = np.random.default_rng(1), replace(optimiser, weight_decay=0.1)
    values, gradients = rng.standard_normal((2, 3, 300, 301)).astype(np.float32)
    for order, size in (("F", 300), ("C", 300), ("C", 1)):
        whole = {"W": np.array(values[0, :size], order=order)}
        rows = {f"{k}.W": values[0, k].copy() for k in range(size)}
        states = decaying.init(whole), decaying.init(rows)
        for g in gradients[:, :size]:
            decaying.update(whole, {"W": g}, states[0], learning_rate=LR)
            decaying.update(rows, {f"{k}.W": g[k] for k in range(size)}, states[1], learning_rate=LR)
        np.testing.assert_array_equal(whole["W"], np.array(list(rows.values())))


def test_norm_is_of_all_parameters_together() -> None:
    """The norm is the root of the squares of all arrays, as if they were one vector."""
    grads = {"W": np.array([[1.0, -2], [2, 4]]), "b": np.array([0.0, 12, -5]), "c": np.array(-1.0)}
    assert optim.clip(grads, "norm", 0) == pytest.approx(sqrt(1 + 4 + 4 + 16 + 144 + 25 + 1), abs=1e-14)


def test_clip_of_elements_cuts_each_element() -> None:
    """Each element is cut to ±limit by itself, and elements within stay as they are."""
    grads = {"W": np.array([[-7.0, 5.0], [4.5, 0.0]]), "b": np.array([6.0, -0.25])}
    optim.clip(grads, "element", 5)
    assert grads["W"].tolist() == [[-5, 5], [4.5, 0]]
    assert grads["b"].tolist() == [5, -0.25]


@pytest.mark.parametrize(
    ("schedule", "formula"),
    [
        ("constant", lambda tau: 1.0),  # noqa: ARG005
        ("linear", lambda tau: 1 - tau),
        ("cosine", lambda tau: (1 + cos(pi * tau)) / 2),
    ],
)
def test_schedule_follows_its_formula(schedule: str, formula: Callable[[float], float]) -> None:
    """The warm-up rises in equal parts to the peak; then the rate is the peak times the schedule at the share of the
    way done, and stays at its end."""
    rates = [optim.learning_rate(k, peak=0.4, schedule=schedule, warmup=5, total=25) for k in range(31)]
    assert rates[:5] == pytest.approx([0.08, 0.16, 0.24, 0.32, 0.4], abs=1e-15)
    assert rates[5:] == pytest.approx([0.4 * formula(min(k, 20) / 20) for k in range(26)], abs=1e-15)
    assert optim.learning_rate(5, peak=0.4, schedule=schedule, warmup=5, total=5) == 0.4  # all of it is the rise


@pytest.mark.parametrize(("limit", "factor"), [(2, 2 / 13), (13, 1), (14, 1)])
def test_clip_of_the_norm_keeps_the_direction(limit: float, factor: float) -> None:
    """Above the limit, all arrays are scaled by one factor to a common norm of it; below, not a bit changes."""
    grads = {"W": np.array([[3.0, -4.0]]), "b": np.array([12.0])}
    optim.clip(grads, "norm", limit)
    np.testing.assert_allclose(grads["W"], [[3 * factor, -4 * factor]], rtol=0, atol=1e-14 if factor < 1 else 0)
    np.testing.assert_allclose(grads["b"], [12 * factor], rtol=0, atol=1e-14 if factor < 1 else 0)
