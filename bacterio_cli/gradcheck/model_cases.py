"""The cases: every layer, activation, cell, model and stack, at a scale where mistakes show.

Values are random at scale 0.5, biases and states included, lengths unequal, and no two sizes the same: a transposed or
forgotten factor cannot hide. At the customary 0.01 tanh is the identity to four digits, and a wrong slope passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from bacterio_cli.checkpoint.checkpoint import Checkpoint
from bacterio_cli.dataset.batching import EncodedCorpus
from bacterio_cli.gradcheck.layer_cases import BATCH_SIZES, SCALE, cell_cases, layer_cases, normal, plain_cases
from bacterio_cli.gradcheck.numerical import Case
from bacterio_cli.nn import layers
from bacterio_cli.nn.activations import ACTIVATIONS
from bacterio_cli.nn.cells import State
from bacterio_cli.nn.layers import Array, Params
from bacterio_cli.nn.loss import cross_entropy
from bacterio_cli.nn.models import CELLS, CharRNN, Model, WindowMLP, loss_and_grads, shapes
from bacterio_cli.trace.equations import gradient_equations

Data = tuple[Array, Array, Array]  # x, batch sizes, targets


def model_case(
    label: str, arch: str, model: Model, params: Params, data: Data, state: State | None, masks: Any = None
) -> Case:
    """A whole model: the loss that training minimises, by the very function that training calls.

    Its initial states, 0.a_0, 0.c_0, 1.a_0, …, are differentiated too, if there are any and they are no ids.
    """
    x, batch_sizes, targets = data
    names = [f"{k}.{s}" for k, cell in enumerate(model.cells) for s in ("a_0", "c_0")[: cell.states] if state]
    values = params | dict(zip(names, state or (), strict=False))

    def start(v: Params) -> State | None:
        return tuple(v[name] for name in names) if names else state

    def loss(v: Params) -> Any:
        return cross_entropy(model.forward(v, x, batch_sizes, start(v), masks)[0], targets)[0]

    def gradient(v: Params) -> Params:
        found = loss_and_grads(model, v, x, batch_sizes, targets, state=start(v), masks=masks)
        return found.grads | dict(zip(names, found.d_initial_state, strict=False))

    return Case(label, arch, values, loss, gradient, gradient_equations(values, arch))


def random_state(model: Model, rng: np.random.Generator, names: int, scale: float) -> State:
    """A state for so many names, N(0, scale²), or random ids for a window."""
    if isinstance(model, WindowMLP):
        return (rng.integers(0, model.n_y, (names, model.window - 1)),)
    return tuple(normal(rng, scale)(*s.shape) for s in model.start(names, np.float64))


def small_model_case(arch: str, what: str, model: Model, scale: float, kind: str = "") -> Case:
    """`model_case` with random values, letters and targets; `kind` is regular: with dropout, and distributions as
    targets; stream: names of one length; fresh: names from the boundary and no state, as in training."""
    rng = np.random.default_rng(3)
    batch_sizes = np.array([3, 3, 3, 3]) if kind == "stream" else BATCH_SIZES
    B, N = int(batch_sizes[0]), int(batch_sizes.sum())
    params = {name: normal(rng, scale)(*shape) for name, shape in shapes(model).items()}
    x, regular = rng.integers(0, model.n_y, N), kind == "regular"
    targets = rng.dirichlet(np.ones(model.n_y), N) if regular else rng.integers(0, model.n_y, N)
    masks = [layers.dropout_mask(rng, (N, n), 0.3, np.float64) for n in model.mask_widths] if regular else None
    state = None if kind == "fresh" else random_state(model, rng, B, scale)
    if kind == "fresh":
        x[:B] = 0
    return model_case(f"{arch}, {what}", arch, model, params, (x, batch_sizes, targets), state, masks)


def model_cases(scale: float = SCALE) -> Iterator[Case]:
    """Whole models: one and two layers, embedding and one-hot, ids and distributions, with and without dropout."""
    for f in ACTIVATIONS:
        yield small_model_case("rnn", f"{f}, one-hot", CharRNN(4, 0, 3, 1, "rnn", f), scale)
        yield small_model_case("mlp", f"{f}, one-hot", WindowMLP(4, 0, 3, 1, 2, f), scale)
    stacked = "2 layers, dropout, soft targets"
    for arch in CELLS:
        yield small_model_case(arch, stacked, CharRNN(5, 2, 3, 2, arch), scale, "regular")
        yield small_model_case(arch, "stream chunk", CharRNN(4, 2, 3, 1, arch), scale, "stream")
        yield small_model_case(arch, "2 layers, from no state", CharRNN(4, 2, 3, 2, arch), scale, "fresh")
    yield small_model_case("mlp", stacked, WindowMLP(5, 2, 3, 2, 3), scale, "regular")


@cache
def cases_at(scale: float) -> list[Case]:
    """All cases, with their values at this scale."""
    return [case for family in (layer_cases, plain_cases, cell_cases, model_cases) for case in family(scale)]


def all_cases(arch: str | None = None, scale: float = SCALE) -> list[Case]:
    """All cases, or those of one architecture, with their values at this scale."""
    return [case for case in cases_at(scale) if arch is None or case.arch == arch]


def trained_case(trained: Checkpoint) -> Case:
    """A trained model at full size and in double precision, on three of its known names and a random start."""
    rng = np.random.default_rng(5)
    params = {name: p.astype(np.float64) for name, p in trained.params.items()}
    names = [trained.known[k] for k in rng.choice(len(trained.known), min(3, len(trained.known)), replace=False)]
    batch = next(EncodedCorpus(names, trained.vocabulary).name_batches(3))
    state = random_state(trained.model, rng, len(names), SCALE)
    data = (batch.x, batch.batch_sizes, batch.y)
    return model_case(f"trained {trained.arch}", trained.arch, trained.model, params, data, state)
