"""Backpropagation through time, step by step: held to the engine's own gradients."""

import numpy as np
import pytest
from support.builders import RECURRENT, random_params

from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.errors import BacterioError
from bacterio_cli.nn.layers import Array, Params
from bacterio_cli.nn.loss import cross_entropy, softmax
from bacterio_cli.nn.models import CharRNN, loss_and_grads
from bacterio_cli.trace.bptt import Backward, Trace, trace

NAME, LETTERS = "Becacdb", Vocabulary("abcde", True)  # T = 8, and no chunk of 3 letters divides it
IDS = LETTERS.encode([NAME])
CELLS = {f"{cell}, {layers}": CharRNN(6, 3, 5, layers, cell) for cell in ("rnn", "gru", "lstm") for layers in (1, 2)}
models = pytest.mark.parametrize("model", {**RECURRENT, **CELLS}.values(), ids={**RECURRENT, **CELLS})


def traced(model: CharRNN, truncate: int | None = None) -> tuple[Params, Trace]:
    """Random parameters, and the trace of NAME with them."""
    params = random_params(model, np.random.default_rng(5))
    return params, trace(model, params, LETTERS, NAME, truncate=truncate)


def ones(n: int) -> Array:
    """The batch sizes of one name of n steps."""
    return np.ones(n, np.intp)


def came(back: Backward, t: int) -> list[Array]:
    """What comes back from step t+1, layer by layer."""
    gradients = sorted(back.steps[t - 1].items(), key=lambda item: item[0].partition(".")[0])
    return [d for symbol, d in gradients if symbol.endswith("_next")]


def assert_same(found: Params, wanted: Params) -> None:
    """The same parameters and, to the accuracy of float64, the same numbers."""
    assert set(found) == set(wanted)
    for name in wanted:
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-12, atol=1e-14, err_msg=name)


@models
@pytest.mark.parametrize("K", [None, 1, 3])
def test_the_steps_add_up_to_the_gradient_of_training(model: CharRNN, K: int | None) -> None:
    """Loss and gradients are those of `loss_and_grads` on the name; with a cut on chunks of it, each begun from the
    state of the one before and nothing coming back. db_a is the sum of the steps' dz, gate by gate."""
    params, found = traced(model, K)
    state, loss, total = None, 0.0, {name: np.zeros_like(value) for name, value in params.items()}
    for begin_at in range(0, 8, K or 8):
        x, y = (ids[begin_at : begin_at + (K or 8)] for ids in (IDS[:-1], IDS[1:]))
        chunk = loss_and_grads(model, params, x, ones(len(x)), y, state=state, weight=len(x) / 8)
        state, loss = chunk.state, loss + chunk.loss
        for name, g in chunk.grads.items():
            total[name] += g
    back = found.back if K is None else found.cut
    assert back is not None
    assert found.nats_per_char == pytest.approx(loss, rel=1e-12)
    assert_same(back.grads, total)
    for k in range(model.layers):
        dz = sum(step[f"{k}.dz"].ravel() for step in back.steps)
        np.testing.assert_allclose(dz, total[f"{k}.b_a"], rtol=1e-12, atol=1e-14)
    assert K or found.cut is None


@models
def test_dh_next_is_the_gradient_of_the_state_that_the_rest_starts_from(model: CharRNN) -> None:
    """What comes back from step t+1 is the gradient of the initial state of the steps after t; nothing at the last."""
    params, found = traced(model)
    for t in range(1, 8):
        _, state, _ = model.forward(params, IDS[:t], ones(t), model.start(1, np.float64))
        rest = loss_and_grads(model, params, IDS[t:-1], ones(8 - t), IDS[t + 1 :], state=state, weight=(8 - t) / 8)
        came_back = came(found.back, t)
        np.testing.assert_allclose(came_back, [d[0] for d in rest.d_initial_state], rtol=1e-12, atol=1e-14)
    assert not any(v.any() for v in came(found.back, 8))


@models
def test_the_last_loss_alone_is_followed_back(model: CharRNN) -> None:
    """∂L_T/∂(state after step t) is the complex-step derivative of the last letter's loss; at T, da = W_yaᵀ(ŷ − y)."""
    params, found = traced(model)
    exact = {name: value.astype(complex) for name, value in params.items()}
    for t in range(1, 8):
        _, state, _ = model.forward(params, IDS[:t], ones(t), model.start(1, np.float64))
        for k, d in enumerate(came(found.last, t)):
            moved = [s.astype(complex) for s in state]
            moved[k][0, 2] += 1e-30j
            z, _, _ = model.forward(exact, IDS[t:-1], ones(8 - t), tuple(moved))
            assert d[2] == pytest.approx(cross_entropy(z[-1:], IDS[-1:])[0].imag / 1e-30, rel=1e-10, abs=1e-18)
    top = found.last.steps[7][f"{model.layers - 1}.da"]
    np.testing.assert_allclose(top, (found.steps[7].vectors["y_hat"] - np.eye(6)[0]) @ params["W_ya"], rtol=1e-12)


@models
def test_the_way_forward_is_that_of_the_whole_name(model: CharRNN) -> None:
    """x_t, the values that the cells keep, ŷ and the loss at every step are those of one pass over the name."""
    params, found = traced(model)
    z, _, caches = model.forward(params, IDS[:-1], ones(8), model.start(1, np.float64))
    np.testing.assert_allclose([step.vectors["y_hat"] for step in found.steps], softmax(z), rtol=1e-12)
    assert [(step.t, step.x, step.y) for step in found.steps] == list(zip(range(1, 9), IDS[:-1], IDS[1:], strict=True))
    assert [step.nats for step in found.steps] == pytest.approx([-np.log(softmax(z)[t, IDS[t + 1]]) for t in range(8)])
    x = [step.vectors["x_t"] for step in found.steps]
    np.testing.assert_array_equal(x, params.get("E", np.eye(6))[IDS[:-1]])
    symbols = {"x_t", "z", "y_hat"}
    for k, cell in enumerate(model.cells):
        wanted = {symbol: values[-8:] for symbol, values in caches[k].values.items()}
        assert (
            " ".join(wanted) == {"rnn": "a", "gru": "u r c_tilde p a", "lstm": "i f o c_tilde c tanh_c a"}[model.cell]
        )
        for symbol, values in wanted.items():
            kept = [step.vectors[f"{k}.{symbol}"] for step in found.steps]
            np.testing.assert_allclose(kept, values, rtol=1e-12, err_msg=f"{cell} {symbol}")
        symbols |= {f"{k}.{symbol}" for symbol in wanted}
    assert set(found.steps[0].vectors) == symbols


def test_norms_are_those_of_the_vectors() -> None:
    """Each norm is that of the vector of its name, dz over all gates; last_a and last_c of ∂L_T, with what is above."""
    _, found = traced(CELLS["lstm, 2"], 3)
    for t in range(1, 9):
        vectors, norms = found.vectors(t), found.norms(t)
        for symbol in (
            "dz_y",
            "0.a",
            "1.a",
            "0.c",
            "1.c",
            "0.da",
            "1.da",
            "0.dh_next",
            "1.dh_next",
            "0.dc_next",
            "1.dc_next",
        ):
            assert norms[symbol] == pytest.approx(np.sqrt((vectors[symbol] ** 2).sum()), abs=1e-15)
        for k in (0, 1):
            gates = vectors[f"{k}.dz"].ravel()
            assert norms[f"{k}.dz"] == pytest.approx(np.sqrt((gates**2).sum()))
            last_da, last_h, last_c = (found.last.steps[t - 1][f"{k}.{s}"] for s in ("da", "dh_next", "dc_next"))
            assert norms[f"{k}.last_a"] == pytest.approx(np.sqrt(((last_da + last_h) ** 2).sum()))
            assert norms[f"{k}.last_c"] == pytest.approx(np.sqrt((last_c**2).sum()))
            assert found.cut is not None
            cut = found.cut.steps[t - 1][f"{k}.dz"].ravel()
            assert norms[f"{k}.dz_truncated"] == pytest.approx(np.sqrt((cut**2).sum()))
            missing = np.sqrt(((gates - cut) ** 2).sum())
            assert norms[f"{k}.lost"] == pytest.approx(missing / norms[f"{k}.dz"], abs=1e-15)


def test_what_is_forgotten_of_each_gradient() -> None:
    """Norms and lost share of each parameter; what lies above the cells loses nothing."""
    params, found = traced(CELLS["gru, 2"], 3)
    shares = {share["name"]: share for share in found.gradients()}
    assert list(shares) == [*params]
    assert found.cut is not None
    for name in params:
        whole, cut = found.back.grads[name].ravel(), found.cut.grads[name].ravel()
        n, m = np.sqrt(whole @ whole), np.sqrt(cut @ cut)
        wanted = (n, m, np.sqrt(((whole - cut) ** 2).sum()) / n)
        assert [*shares[name].values()][1:] == pytest.approx(wanted)
    assert shares["W_ya"]["lost"] == 0 < 0.01 < shares["0.W_aa"]["lost"]


def test_a_gradient_of_zero_loses_nothing() -> None:
    """Where nothing comes down from the logits, the lost share is 0."""
    model = CELLS["rnn, 1"]
    params = random_params(model, np.random.default_rng(5)) | {"W_ya": np.zeros((6, 5))}
    (share,) = (s for s in trace(model, params, LETTERS, NAME, truncate=3).gradients() if s["name"] == "0.W_aa")
    assert share == {"name": "0.W_aa", "norm": 0, "truncated": 0, "lost": 0}


def test_float32_weights_are_traced_in_float64() -> None:
    """The weights of a checkpoint are taken as they are, and everything after them has float64."""
    model = CELLS["lstm, 1"]
    params = {name: p.astype(np.float32) for name, p in random_params(model, np.random.default_rng(6)).items()}
    exact = {name: p.astype(np.float64) for name, p in params.items()}
    found = trace(model, params, LETTERS, NAME)
    assert_same(found.back.grads, trace(model, exact, LETTERS, NAME).back.grads)
    assert {g.dtype for g in found.back.grads.values()} == {np.dtype(np.float64)}


def test_numbers_that_overflow_are_refused() -> None:
    """Weights so large that a number is not finite are an error of one line, not a NaN in the result."""
    model = RECURRENT["rnn, relu"]
    params = {name: np.abs(value) * 1e60 for name, value in random_params(model, np.random.default_rng(1)).items()}
    with pytest.raises(BacterioError, match="Becacdb: its numbers overflow"):
        trace(model, params, LETTERS, NAME)
