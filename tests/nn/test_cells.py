"""The recurrent cells alone: how they start, and what their gates do when fully open or shut."""

from __future__ import annotations

import numpy as np
import pytest
from support.builders import SCALE

from bacterio_cli.nn.gru import GRU
from bacterio_cli.nn.layers import Params
from bacterio_cli.nn.lstm import LSTM
from bacterio_cli.nn.models import CELLS

N_X, N_A = 3, 5


@pytest.mark.parametrize("arch", CELLS)
def test_recurrent_weights_start_orthogonal(arch: str) -> None:
    """W_aa of each gate starts as an orthogonal matrix of its own, so that a state keeps its length."""
    cell = CELLS[arch](N_X, N_A, "0.")
    blocks = np.split(cell.init(np.random.default_rng(1), np.float64)["0.W_aa"], len(cell.gate_names))
    for k, block in enumerate(blocks):
        np.testing.assert_allclose(block @ block.T, np.eye(N_A), rtol=0, atol=1e-12)
        assert all(np.abs(block - other).max() > 0.1 for other in blocks[:k])


@pytest.mark.parametrize("arch", CELLS)
def test_input_weights_start_within_glorots_bound(arch: str) -> None:
    """W_ax fills ±√(6/(n_x + n_a)), with the width of one gate and not of all."""
    W_ax = CELLS[arch](30, 20, "0.").init(np.random.default_rng(1), np.float64)["0.W_ax"]
    bound = np.sqrt(6 / 50)
    assert -bound <= W_ax.min() < -0.95 * bound
    assert 0.95 * bound < W_ax.max() <= bound
    assert W_ax.mean() == pytest.approx(0, abs=0.1 * bound)


def test_biases_start_at_zero_but_for_the_forget_gate() -> None:
    """Fresh biases are 0, and those of LSTM's forget gate 1, so that at first nothing is forgotten."""
    for arch in CELLS:
        b_a = CELLS[arch](N_X, N_A, "0.").init(np.random.default_rng(1), np.float64)["0.b_a"]
        expected = [0] * N_A + [1] * N_A + [0] * 2 * N_A if arch == "lstm" else [0] * len(b_a)
        assert b_a.tolist() == expected


def saturated(cell: GRU | LSTM, gate: str, bias: float) -> Params:
    """Random parameters, but with one gate driven to its limit by its bias."""
    rng = np.random.default_rng(37)
    params = {name: SCALE * rng.standard_normal(shape) for name, shape in cell.shapes.items()}
    k = cell.gate_names.index(gate)
    params["0.b_a"][k * N_A : (k + 1) * N_A] = bias
    return params


def test_open_update_gate_keeps_the_old_state() -> None:
    """In the GRU of this project u = 1 keeps the old state and u = 0 takes the candidate."""
    cell = GRU(N_X, N_A, "0.")
    rng = np.random.default_rng(38)
    x, a = rng.standard_normal((1, N_X)), rng.standard_normal((1, N_A))
    kept, _, _ = cell.forward(saturated(cell, "u", 1e3), x, np.array([1]), (a,))
    taken, _, cache = cell.forward(saturated(cell, "u", -1e3), x, np.array([1]), (a,))
    np.testing.assert_allclose(kept, a, rtol=0, atol=1e-15)
    np.testing.assert_allclose(taken, cache.gates[2], rtol=0, atol=1e-15)


def test_reset_gate_closes_the_recurrent_product() -> None:
    """With r = 0 the candidate does not depend on the state before."""
    cell = GRU(N_X, N_A, "0.")
    params = saturated(cell, "r", -1e3)
    rng = np.random.default_rng(39)
    x, a, other = rng.standard_normal((1, N_X)), rng.standard_normal((1, N_A)), rng.standard_normal((1, N_A))
    candidates = [cell.forward(params, x, np.array([1]), (s,))[2].gates[2] for s in (a, other)]
    np.testing.assert_array_equal(*candidates)
    open_gate = [cell.forward(saturated(cell, "r", 1e3), x, np.array([1]), (s,))[2].gates[2] for s in (a, other)]
    assert np.abs(open_gate[0] - open_gate[1]).max() > 0.1


@pytest.mark.parametrize(("bias", "kept"), [(1e3, True), (-1e3, False)], ids=["open", "closed"])
def test_forget_gate_keeps_or_drops_the_memory(bias: float, kept: bool) -> None:
    """In an LSTM with its input gate shut, f = 1 keeps c as it was and f = 0 empties it."""
    cell = LSTM(N_X, N_A, "0.")
    params = saturated(cell, "f", bias)
    params["0.b_a"][:N_A] = -1e3  # the input gate
    rng = np.random.default_rng(40)
    x, a, c = rng.standard_normal((1, N_X)), rng.standard_normal((1, N_A)), rng.standard_normal((1, N_A))
    _, (_, after), _ = cell.forward(params, x, np.array([1]), (a, c))
    np.testing.assert_allclose(after, c if kept else np.zeros_like(c), rtol=0, atol=1e-15)
