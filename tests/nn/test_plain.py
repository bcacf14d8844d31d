"""The programs of T2 and T4; `gradcheck` holds their gradients against the complex step and central differences."""

from pathlib import Path

import numpy as np
import pytest

from bacterio_cli.nn import plain
from bacterio_cli.nn.models import CharRNN, loss_and_grads

N_H, N_Y = 4, 5
KEYS = {"u": "0.W_ax", "w": "0.W_aa", "v": "W_ya", "b_h": "0.b_a", "b_y": "b_y"}


@pytest.fixture
def case() -> tuple[plain.Params, np.ndarray, np.ndarray]:
    """Weights and biases large enough for slopes to matter, a text with a recurring letter, and a first state."""
    rng = np.random.default_rng(4)
    params = {name: 0.5 * rng.standard_normal(value.shape) for name, value in plain.init(N_H, N_Y, rng).items()}
    return params, np.array([0, 3, 1, 3, 3, 2, 0]), 0.5 * rng.standard_normal((N_H, 1))


def test_the_page_equals_the_engine(case: tuple[plain.Params, np.ndarray, np.ndarray]) -> None:
    """Loss, gradients and last state are those of `loss_and_grads`, which has means for sums and rows for columns."""
    params, ids, h = case
    E, grads, last = plain.loss_and_grads(params, ids, h)
    T = len(ids) - 1
    theirs = {KEYS[name]: value if name in "uwv" else value[:, 0] for name, value in params.items()}
    model = CharRNN(N_Y, 0, N_H, 1, "rnn")
    result = loss_and_grads(model, theirs, ids[:-1], np.ones(T, int), ids[1:], state=(h.T.copy(),))
    assert pytest.approx(result.loss, rel=1e-12) == E / T
    np.testing.assert_allclose(last[:, 0], result.state[0][0], rtol=1e-12)
    for name, g in grads.items():
        np.testing.assert_allclose(g.reshape(result.grads[KEYS[name]].shape) / T, result.grads[KEYS[name]], rtol=1e-12)


def test_the_page_starts_with_small_weights() -> None:
    """Weights are N(0, 0.01²), biases 0."""
    params = plain.init(100, 30, np.random.default_rng(0))
    assert {name: value.std().round(3) for name, value in params.items()} == {
        "u": 0.01, "w": 0.01, "v": 0.01, "b_h": 0, "b_y": 0,
    }  # fmt: skip


def test_updates_are_clipped_and_divided() -> None:
    """Each update moves a weight by η g/√(Σ g² + ε), g clipped at ±5 and η = 0.1."""
    params, memory = {"u": np.array([1.0, 1, 1])}, {"u": np.zeros(3)}
    for g in ([80, -80, 1e-4], [3, 4, 1e-4]):
        plain.update(params, {"u": np.array(g)}, memory)
    steps = [1 + 3 / 34**0.5, -1 + 4 / 41**0.5, 1 / 2**0.5 + 1 / 3**0.5]
    np.testing.assert_allclose(params["u"], 1 - 0.1 * np.array(steps), rtol=1e-8)


def test_the_page_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From a list of one name over and over it learns to write that name."""
    (tmp_path / "names.txt").write_text("Bori\n" * 50, encoding="utf-8")
    plain.main(str(tmp_path / "names.txt"), 300)
    written = capsys.readouterr().out.split()
    assert len(written) > 30
    assert written.count("Bori") > 0.8 * len(written)


def test_a_step_down_the_gradients_of_the_dense_net_lowers_its_cost() -> None:
    """W_l ← W_l − η ∂C/∂W_l leads to a smaller cost, by η ‖∂C/∂W‖² where η is small."""
    rng = np.random.default_rng(5)
    W = [rng.standard_normal((4, 3)), rng.standard_normal((2, 4))]
    x, target = rng.standard_normal((3, 1)), rng.random((2, 1))
    cost, grads = plain.cost_and_grads(W, x, target)
    for eta in (0.1, 1e-6):
        lower, _ = plain.cost_and_grads([W_l - eta * g for W_l, g in zip(W, grads, strict=True)], x, target)
        assert lower < cost
    assert (cost - lower) / eta == pytest.approx(sum((g**2).sum() for g in grads), rel=1e-4)
