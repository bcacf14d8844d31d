"""How the parameters of the recurrent cells start; what the cells compute, the oracles hold."""

from __future__ import annotations

import numpy as np
import pytest

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


def test_biases_start_at_zero_but_for_the_forget_gate() -> None:
    """Fresh biases are 0, and those of LSTM's forget gate 1, so that at first nothing is forgotten."""
    for arch in CELLS:
        b_a = CELLS[arch](N_X, N_A, "0.").init(np.random.default_rng(1), np.float64)["0.b_a"]
        expected = [0] * N_A + [1] * N_A + [0] * 2 * N_A if arch == "lstm" else [0] * len(b_a)
        assert b_a.tolist() == expected
