"""How the parameters of the recurrent cells start; what the cells compute, the oracles hold."""

import numpy as np
import pytest

from bacterio_cli.nn.models import CELLS


@pytest.mark.parametrize("arch", CELLS)
def test_a_cell_starts_with_orthogonal_gates_and_forgets_nothing(arch: str) -> None:
    """W_aa of each gate is orthogonal, so that a state keeps its length; biases are 0, but those of a forget gate 1."""
    cell = CELLS[arch](3, 5)
    params = cell.init(np.random.default_rng(1), np.float64)
    blocks = np.split(params["W_aa"], len(cell.gate_names))
    for k, block in enumerate(blocks):
        np.testing.assert_allclose(block @ block.T, np.eye(5), rtol=0, atol=1e-12)
        assert all(np.abs(block - other).max() > 0.1 for other in blocks[:k])
    assert params["b_a"].tolist() == ([0] * 5 + [1] * 5 + [0] * 10 if arch == "lstm" else [0] * 5 * len(blocks))
