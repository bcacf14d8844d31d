"""An independent oracle: the models written plainly, one name and one letter at a time, derived by `autograd`.

Nothing here is shared with the engine but the names of the parameters: no packed batch, no gate blocks computed at
once, no factored rows. `autograd` traces the arithmetic and derives it; it knows no derivation of ours.
"""

from typing import Any

import autograd.numpy as np
import numpy
import pytest
from autograd import value_and_grad
from support.builders import LENGTHS, MODELS, RECURRENT, WINDOWED, Example, example, unpack

from bacterio_cli.nn.layers import Array, Params
from bacterio_cli.nn.models import CharRNN, Model, WindowMLP, loss_and_grads


def sigmoid(z: Any) -> Any:
    """1 / (1 + e⁻ᶻ)."""
    return 1 / (1 + np.exp(-z))


def relu(z: Any) -> Any:
    """The larger of z and 0."""
    return np.where(z > 0, z, 0)


FUNCTIONS = {"tanh": np.tanh, "sigmoid": sigmoid, "relu": relu}


def weights_of(p: Any, k: int, gates: int) -> Any:
    """W_ax, W_aa and b_a of layer k, each cut into the blocks of its gates."""
    return [np.split(p[f"{k}.{name}"], gates) for name in ("W_ax", "W_aa", "b_a")]


def rnn_step(model: CharRNN, p: Any, k: int, x: Any, state: Any) -> Any:
    """One letter through the plain cell."""
    (a,) = state
    f = FUNCTIONS[model.activation]
    return (f(np.dot(p[f"{k}.W_ax"], x) + np.dot(p[f"{k}.W_aa"], a) + p[f"{k}.b_a"]),)


def gru_step(model: CharRNN, p: Any, k: int, x: Any, state: Any) -> Any:  # noqa: ARG001
    """One letter through a gated recurrent unit."""
    (a,) = state
    (W_u, W_r, W_c), (R_u, R_r, R_c), (b_u, b_r, b_c) = weights_of(p, k, 3)
    u = sigmoid(np.dot(W_u, x) + np.dot(R_u, a) + b_u)
    r = sigmoid(np.dot(W_r, x) + np.dot(R_r, a) + b_r)
    candidate = np.tanh(np.dot(W_c, x) + r * np.dot(R_c, a) + b_c)
    return (u * a + (1 - u) * candidate,)


def lstm_step(model: CharRNN, p: Any, k: int, x: Any, state: Any) -> Any:  # noqa: ARG001
    """One letter through a long short-term memory."""
    a, c = state
    (W_i, W_f, W_o, W_c), (R_i, R_f, R_o, R_c), (b_i, b_f, b_o, b_c) = weights_of(p, k, 4)
    i = sigmoid(np.dot(W_i, x) + np.dot(R_i, a) + b_i)
    f = sigmoid(np.dot(W_f, x) + np.dot(R_f, a) + b_f)
    o = sigmoid(np.dot(W_o, x) + np.dot(R_o, a) + b_o)
    c = f * c + i * np.tanh(np.dot(W_c, x) + np.dot(R_c, a) + b_c)
    return o * np.tanh(c), c


STEPS = {"rnn": (rnn_step, ("a_0",)), "gru": (gru_step, ("a_0",)), "lstm": (lstm_step, ("a_0", "c_0"))}


def letter(model: Model, p: Any, id: int) -> Any:
    """What a letter is to the network: its row of E, or its one-hot row."""
    return p["E"][id] if model.n_x else np.eye(model.n_y)[id]


def recurrent_logits(model: CharRNN, p: Any, ids: Array, name: int, masks: list[Array]) -> list[Any]:
    """The logits after each letter of one name; `masks` has a row per letter for each layer."""
    step, states = STEPS[model.cell]
    state = [tuple(p[f"{k}.{s}"][name] for s in states) for k in range(model.layers)]
    logits = []
    for t, id in enumerate(ids):
        h = letter(model, p, id)
        for k in range(model.layers):
            state[k] = step(model, p, k, h, state[k])
            h = state[k][0] * masks[k][t] if masks else state[k][0]
        logits.append(np.dot(p["W_ya"], h) + p["b_y"])
    return logits


def window_logits(model: WindowMLP, p: Any, ids: Array, before: Array, masks: list[Array]) -> list[Any]:
    """The logits after each letter of one name, from its last few letters and those before it."""
    line = [*before, *ids]
    logits = []
    for t in range(len(ids)):
        h = np.concatenate([letter(model, p, id) for id in line[t : t + model.window]])
        for k in range(model.layers):
            h = FUNCTIONS[model.activation](np.dot(p[f"{k}.W"], h) + p[f"{k}.b"])
            h = h * masks[k][t] if masks else h
        logits.append(np.dot(p["W_ya"], h) + p["b_y"])
    return logits


def state_keys(model: CharRNN) -> list[str]:
    """The names of the initial states, layer by layer."""
    return [f"{k}.{s}" for k in range(model.layers) for s in STEPS[model.cell][1]]


def oracle(case: Example) -> tuple[float, Params]:
    """The mean loss over all letters and its gradients, the initial state's among them."""
    model, params, x, batch_sizes, targets, state, masks = case
    names, wanted = unpack(x, batch_sizes), unpack(targets, batch_sizes)
    masks_of = [unpack(mask, batch_sizes) for mask in masks or ()]
    values = dict(params)
    if isinstance(model, CharRNN):
        values |= dict(zip(state_keys(model), state, strict=True))

    def loss(p: Any) -> Any:
        total = 0.0
        for name, (ids, answers) in enumerate(zip(names, wanted, strict=True)):
            masked = [rows[name] for rows in masks_of]
            if isinstance(model, CharRNN):
                logits = recurrent_logits(model, p, ids, name, masked)
            else:
                logits = window_logits(model, p, ids, state[0][name], masked)
            for z, answer in zip(logits, answers, strict=True):
                log_y = z - np.log(np.sum(np.exp(z)))
                total = total - (log_y[answer] if targets.ndim == 1 else np.sum(answer * log_y))
        return total / len(x)

    return value_and_grad(loss)(values)


FEW = ["rnn, tanh, one-hot", "gru, 2 layers", "lstm, 2 layers", "mlp, sigmoid"]


@pytest.mark.parametrize(
    ("name", "lengths", "regular"),
    [
        *((name, LENGTHS, regular) for name in MODELS for regular in (False, True)),
        *((name, lengths, False) for name in FEW for lengths in ((1,), (4,), (3, 3, 3), (4, 1, 1))),
    ],
    ids=str,
)
def test_autograd_agrees(name: str, lengths: tuple[int, ...], regular: bool) -> None:
    """Loss and gradients, those of initial states too, are autograd's: for every model, and batches of any shape.

    Where it is `regular`, targets are distributions and the output of each layer is masked.
    """
    case = example(MODELS[name], 11, lengths=lengths, soft=regular, masked=regular)
    model, params, x, batch_sizes, targets, state, masks = case
    loss, grads = oracle(case)
    ours = loss_and_grads(model, params, x, batch_sizes, targets, state=state, masks=masks)
    assert ours.loss == pytest.approx(loss, abs=1e-10)
    derived = dict(ours.grads)
    if isinstance(model, CharRNN):
        derived |= dict(zip(state_keys(model), ours.d_initial_state, strict=True))
    assert derived.keys() == grads.keys()
    for parameter, gradient in grads.items():
        assert numpy.abs(gradient).max() > 1e-4, f"{parameter} proves nothing"
        numpy.testing.assert_allclose(derived[parameter], gradient, rtol=0, atol=1e-10, err_msg=parameter)


def test_oracle_covers_every_architecture() -> None:
    """The models held against the oracle include each cell, each activation in both models, one and two layers."""
    assert {model.cell for model in RECURRENT.values()} == set(STEPS)
    assert {m.activation for m in RECURRENT.values() if m.cell == "rnn"} == set(FUNCTIONS)
    assert {model.activation for model in WINDOWED.values()} == set(FUNCTIONS)
    assert {(model.layers, bool(model.n_x)) for model in MODELS.values()} == {(1, False), (1, True), (2, True)}
