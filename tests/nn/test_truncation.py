"""A stream in chunks: what goes on from one to the next, and what the cut leaves out of the gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.builders import MODELS, RECURRENT, random_params, random_state

from bacterio_cli.nn.cells import State
from bacterio_cli.nn.layers import Array, Params
from bacterio_cli.nn.loss import cross_entropy
from bacterio_cli.nn.models import Model, loss_and_grads


def stream(model: Model, seed: int) -> tuple[Params, State, Array]:
    """Parameters, a state, and 9 letters of each of 4 streams, to be cut after letter 5."""
    rng = np.random.default_rng(seed)
    return random_params(model, rng), random_state(model, rng, 4), rng.integers(0, model.n_y, (9, 4))


@pytest.mark.parametrize("name", MODELS)
def test_a_chunk_goes_on_from_the_state_of_the_one_before(name: str) -> None:
    """Two chunks of a stream, the second from the state of the first, give the logits and state of one long chunk."""
    model = MODELS[name]
    params, state, letters = stream(model, 54)
    z, after, _ = model.forward(params, letters.ravel(), np.full(9, 4), state)
    first, between, _ = model.forward(params, letters[:5].ravel(), np.full(5, 4), state)
    second, last, _ = model.forward(params, letters[5:].ravel(), np.full(4, 4), between)
    np.testing.assert_allclose(np.concatenate([first, second]), z, rtol=0, atol=1e-12)
    for ours, whole in zip(last, after, strict=True):
        np.testing.assert_allclose(ours, whole, rtol=0, atol=1e-12)


def derivative(loss: Callable[[Params], Any], params: Params, parameter: str, direction: Array) -> float:
    """dL/dε of params + ε · direction by complex step, exact to rounding."""
    moved = {key: p.astype(complex) for key, p in params.items()}
    moved[parameter] += 1e-30j * direction
    return loss(moved).imag / 1e-30


@pytest.mark.parametrize("name", RECURRENT)
def test_truncated_gradient_stops_at_the_cut(name: str) -> None:
    """The gradient of chunk 2 takes its state as a constant: what chunk 1 did to reach it does not enter."""
    model = RECURRENT[name]
    params, state, letters = stream(model, 55)
    targets = np.random.default_rng(56).integers(0, model.n_y, 16)
    chunk_1, chunk_2 = (letters[:5].ravel(), np.full(5, 4)), (letters[5:].ravel(), np.full(4, 4))
    between = loss_and_grads(model, params, *chunk_1, letters[1:6].ravel(), state=state).state
    grads = loss_and_grads(model, params, *chunk_2, targets, state=between).grads

    def cut(p: Params) -> Any:
        z_y, _, _ = model.forward(p, *chunk_2, between)
        return cross_entropy(z_y, targets)[0]

    def uncut(p: Params) -> Any:
        _, reached, _ = model.forward(p, *chunk_1, state)
        z_y, _, _ = model.forward(p, *chunk_2, reached)
        return cross_entropy(z_y, targets)[0]

    direction = np.random.default_rng(57).standard_normal(params["0.W_aa"].shape)
    ours = (grads["0.W_aa"] * direction).sum()
    assert ours == pytest.approx(derivative(cut, params, "0.W_aa", direction), abs=1e-12)
    assert abs(ours - derivative(uncut, params, "0.W_aa", direction)) > 1e-4
