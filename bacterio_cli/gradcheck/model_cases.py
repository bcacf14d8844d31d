"""The cases: every layer, activation, cell, model and stack, at a scale where mistakes show.

Values are random at scale 0.5, biases and states included; lengths are unequal, and no two sizes
are the same, so that a transposed or forgotten factor cannot hide. At the customary scale of 0.01
tanh is the identity to four digits, and a slope that is wrong passes.
"""

from __future__ import annotations

from collections.abc import Iterator
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


def state_names(model: Model) -> list[str]:
    """The names of a model's initial states: 0.a_0, 0.c_0, 1.a_0, …; none for a window of ids."""
    if isinstance(model, WindowMLP):
        return []
    return [f"{k}.{s}" for k, cell in enumerate(model.cells) for s in ("a_0", "c_0")[: cell.states]]


def model_case(
    label: str,
    arch: str,
    model: Model,
    params: Params,
    x: Array,
    batch_sizes: Array,
    targets: Array,
    state: State | None,
    masks: Any,
) -> Case:
    """A whole model: the loss that training minimises, by the very function that training calls."""
    names = [] if state is None else state_names(model)
    values = {**params, **dict(zip(names, state or (), strict=True))} if names else dict(params)

    def split(v: Params) -> tuple[Params, State | None]:
        return {name: v[name] for name in params}, tuple(v[name] for name in names) if names else state

    def loss(v: Params) -> Any:
        parameters, start = split(v)
        return cross_entropy(model.forward(parameters, x, batch_sizes, start, masks)[0], targets)[0]

    def gradient(v: Params) -> Params:
        parameters, start = split(v)
        result = loss_and_grads(model, parameters, x, batch_sizes, targets, state=start, masks=masks)
        return {**result.grads, **(dict(zip(names, result.dstate, strict=True)) if names else {})}

    return Case(label, arch, values, loss, gradient, gradient_equations(values, arch))


def small_model_case(
    arch: str,
    what: str,
    model: Model,
    scale: float,
    *,
    regular: bool = False,
    stream: bool = False,
    fresh: bool = False,
) -> Case:
    """`model_case` with random values, letters and targets; `regular`: with dropout, and distributions as targets;
    `fresh`: names that begin with the boundary and from no state, as in training.
    """
    rng = np.random.default_rng(3)
    draw = normal(rng, scale)
    batch_sizes = np.array([3, 3, 3, 3]) if stream else BATCH_SIZES
    B, N = int(batch_sizes[0]), int(batch_sizes.sum())
    params = {name: draw(*shape) for name, shape in shapes(model).items()}
    x = rng.integers(0, model.n_y, N)
    targets = rng.dirichlet(np.ones(model.n_y), N) if regular else rng.integers(0, model.n_y, N)
    masks = [layers.dropout_mask(rng, (N, n), 0.3, np.float64) for n in model.mask_widths] if regular else None
    state: State | None
    if fresh:
        x[:B], state = 0, None
    elif isinstance(model, WindowMLP):
        state = (rng.integers(0, model.n_y, (B, model.window - 1)),)
    else:
        state = tuple(draw(*s.shape) for s in model.start(B, np.float64))
    return model_case(f"{arch}, {what}", arch, model, params, x, batch_sizes, targets, state, masks)


def model_cases(scale: float = SCALE) -> Iterator[Case]:
    """Whole models: one and two layers, embedding and one-hot, ids and distributions, with and without dropout."""
    for f in ACTIVATIONS:
        yield small_model_case("rnn", f"{f}, one-hot", CharRNN(4, 0, 3, 1, "rnn", f), scale)
        yield small_model_case("mlp", f"{f}, one-hot", WindowMLP(4, 0, 3, 1, 2, f), scale)
    stacked = "2 layers, dropout, soft targets"
    for arch in CELLS:
        yield small_model_case(arch, stacked, CharRNN(5, 2, 3, 2, arch), scale, regular=True)
        yield small_model_case(arch, "stream chunk", CharRNN(4, 2, 3, 1, arch), scale, stream=True)
        yield small_model_case(arch, "2 layers, from no state", CharRNN(4, 2, 3, 2, arch), scale, fresh=True)
    yield small_model_case("mlp", stacked, WindowMLP(5, 2, 3, 2, 3), scale, regular=True)


def all_cases(arch: str | None = None, scale: float = SCALE) -> Iterator[Case]:
    """All cases, or those of one architecture, with their values at this scale."""
    for family in (layer_cases, plain_cases, cell_cases, model_cases):
        for case in family(scale):
            if arch is None or case.arch == arch:
                yield case


def trained_case(trained: Checkpoint) -> Case:
    """A trained model at full size and in double precision, on three of its known names and a random start."""
    rng = np.random.default_rng(5)
    model, params = trained.model, {name: p.astype(np.float64) for name, p in trained.params.items()}
    names = [trained.known[k] for k in rng.choice(len(trained.known), min(3, len(trained.known)), replace=False)]
    batch = next(EncodedCorpus(names, trained.vocabulary).name_batches(3))
    state = model.start(len(names), np.float64)
    if not isinstance(model, WindowMLP):
        draw = normal(rng, SCALE)
        state = tuple(draw(*s.shape) for s in state)
    return model_case(
        f"trained {trained.arch}", trained.arch, model, params, batch.x, batch.batch_sizes, batch.y, state, None
    )
