"""The cases: every layer, activation, cell, model and stack, at a scale where mistakes show.

Values are random at scale 0.3–0.5, biases and states included; lengths are unequal, and no two sizes
are the same, so that a transposed or forgotten factor cannot hide. At the customary scale of 0.01
tanh is the identity to four digits, and half of the planted mistakes would pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bacterio_cli.gradcheck.numeric import Case
from bacterio_cli.names.batches import Text
from bacterio_cli.nn import layers, loss
from bacterio_cli.nn.cells import State
from bacterio_cli.nn.gated import CELLS
from bacterio_cli.nn.layers import ACTIVATIONS, Array, Params, Rows
from bacterio_cli.nn.models import CharRNN, Model, WindowMLP, loss_and_grads, mean_loss, shapes
from bacterio_cli.trained import Trained

SCALE = 0.5
BATCH_SIZES = np.array([4, 4, 3, 1, 1])
EQUATIONS = {
    "E": "dE[v] = Σ dx where the letter is v",
    "W_ax": "dW_ax = Σ_t dz_tᵀ x_t (T2 eq. 9, summed)",
    "W_aa": "dW_aa = Σ_t dz_tᵀ a_t−1 (T2 eq. 11, summed)",
    "b_a": "db_a = Σ_t dz_t (T1 ∂a/∂b_a, summed)",
    "W_ya": "dW_ya = Σ_t (ŷ_t − t_t)ᵀ a_t (T2 eq. 5)",
    "b_y": "db_y = Σ_t (ŷ_t − t_t) (T1 ∂L/∂b_y)",
    "x": "dx_t = dz_t W_ax (T3 dL/dx)",
    "a_0": "da_0 = dz_1 W_aa (T1 ∂a_t/∂a_t−1; T2 eq. 13)",
    "c_0": "dc_0 = dc_1 ⊙ f_1 (Gers et al. 2000)",
    "W": "dW_l = (δ ⊙ f′)ᵀ h_l−1 (T4)",
    "b": "db_l = Σ (δ ⊙ f′) (T4)",
}


def random(rng: np.random.Generator, *shape: int) -> Array:
    """Normal values at the scale of the check."""
    return SCALE * rng.standard_normal(shape)


GATED = {
    ("gru", "a_0"): "da_0 = da_1 ⊙ u_1 + dz_1 W_aa (Cho et al. 2014)",
    ("lstm", "a_0"): "da_0 = dz_1 W_aa (Gers et al. 2000)",
}


def equations(names: Params, arch: str) -> dict[str, str]:
    """What each parameter's row proves, found by the part of its key behind the layer's number."""
    last = {name: name.rpartition(".")[2] for name in names}
    return {name: GATED.get((arch, key), EQUATIONS[key]) for name, key in last.items()}


def weighted(
    case: str,
    values: Params,
    forward: Callable[[Params], Array],
    backward: Callable[[Params, Array], Params],
    equation: str,
) -> Case:
    """A layer made scalar: L = Σ w ⊙ y with fixed random weights w, which are then dL/dy."""
    w = random(np.random.default_rng(7), *forward(values).shape)
    return Case(
        case, "", values,
        lambda v: (w * forward(v)).sum(),
        lambda v: backward(v, w),
        dict.fromkeys(values, equation),
    )  # fmt: skip


def layer_cases() -> Iterator[Case]:
    """The layers without time."""
    rng = np.random.default_rng(1)
    ids = np.array([2, 0, 2, 3, 2, 0, 5])

    def linear_gradient(v: Params, dy: Array) -> Params:
        return dict(zip(("x", "W", "b"), layers.linear_backward(v["x"], v["W"], dy), strict=True))  # type: ignore[arg-type]

    def rows_gradient(v: Params, dy: Array) -> Params:
        rows = Rows(v["E"], ids)
        return dict(zip(("E", "W", "b"), layers.linear_backward(rows, v["W"], dy), strict=True))  # type: ignore[arg-type]

    def one_hot_gradient(v: Params, dy: Array) -> Params:
        _, dW, db = layers.linear_backward(Rows(None, ids), v["W"], dy)
        return {"W": dW, "b": db}

    yield weighted(
        "linear", {"x": random(rng, 5, 3), "W": random(rng, 4, 3), "b": random(rng, 4)},
        lambda v: layers.linear(v["x"], v["W"], v["b"]), linear_gradient, "dx = dy W, dW = dyᵀ x, db = Σ dy (T3)",
    )  # fmt: skip
    yield weighted(
        "linear of an embedding", {"E": random(rng, 6, 3), "W": random(rng, 4, 3), "b": random(rng, 4)},
        lambda v: layers.linear(Rows(v["E"], ids), v["W"], v["b"]), rows_gradient,
        "S = Σ dy by letter: dE = S W, dW = Sᵀ E",
    )  # fmt: skip
    yield weighted(
        "linear of one-hot", {"W": random(rng, 4, 6), "b": random(rng, 4)},
        lambda v: layers.linear(Rows(None, ids), v["W"], v["b"]), one_hot_gradient, "S = Σ dy by letter: dW = Sᵀ",
    )  # fmt: skip
    formulas = {
        "tanh": "tanh′ = 1 − a² (T1 a; T2 eq. 7)",
        "sigmoid": "σ′ = a (1 − a) (T3)",
        "relu": "relu′ = [z > 0] (T3)",
    }
    for name, activation in ACTIVATIONS.items():
        yield weighted(
            name, {"z": random(rng, 5, 3)}, lambda v, f=activation.function: f(v["z"]),  # type: ignore[misc]
            lambda v, da, act=activation: {"z": da * act.slope(act.function(v["z"]))}, formulas[name],  # type: ignore[misc]
        )  # fmt: skip
    mask = layers.dropout_mask(rng, (5, 3), 0.4, np.float64)
    yield weighted(
        "dropout", {"x": random(rng, 5, 3)}, lambda v: layers.dropout(v["x"], mask),
        lambda _, dy: {"x": layers.dropout(dy, mask)}, "dx = dy ⊙ m (Srivastava et al. 2014)",
    )  # fmt: skip
    yield weighted(
        "softmax", {"z": random(rng, 5, 4)}, lambda v: loss.softmax(v["z"]),
        lambda v, dy: {"z": loss.softmax_backward(loss.softmax(v["z"]), dy)}, "dz = ŷ ⊙ (dŷ − Σ ŷ dŷ)",
    )  # fmt: skip
    yield weighted(
        "softmax Jacobian", {"z": random(rng, 4)}, lambda v: loss.softmax(v["z"]),
        lambda v, dy: {"z": loss.softmax_jacobian(loss.softmax(v["z"])).T @ dy}, "J = diag(ŷ) − ŷ ŷᵀ (T1 b; T2 eq. 1)",
    )  # fmt: skip
    for case, targets in (
        ("ids", np.array([3, 0, 1, 1, 2])),
        ("distributions", rng.dirichlet(np.ones(4), 5)),
    ):
        z = random(rng, 5, 4)
        yield Case(
            f"cross-entropy, {case}", "", {"z": z},
            lambda v, t=targets: loss.cross_entropy(v["z"], t)[0],  # type: ignore[misc]
            lambda v, t=targets: {"z": loss.cross_entropy_backward(loss.cross_entropy(v["z"], t)[1], t)},  # type: ignore[misc]
            {"z": "dz = (ŷ − t)/N (T1; T2 eq. 3; T3)"},
        )  # fmt: skip


def cell_cases() -> Iterator[Case]:
    """The cells alone: parameters, input and initial state, with weights on every output and on the final state."""
    variants: list[tuple[str, dict[str, Any]]] = [("rnn", {"activation": name}) for name in ACTIVATIONS]
    for arch, extra in [*variants, ("gru", {}), ("lstm", {})]:
        rng = np.random.default_rng(2)
        cell = CELLS[arch](3, 2, "0.", **extra)
        B, N = int(BATCH_SIZES[0]), int(BATCH_SIZES.sum())
        states = ("a_0", "c_0")[: cell.states]
        values = {name: random(rng, *shape) for name, shape in cell.shapes.items()}
        values |= {"x": random(rng, N, 3)} | {name: random(rng, B, 2) for name in states}
        w, w_state = random(rng, N, 2), [random(rng, B, 2) for _ in states]

        def loss(v: Params, cell: Any = cell, states: Any = states, w: Array = w, w_state: Any = w_state) -> Any:
            a, after, _ = cell.forward(v, v["x"], BATCH_SIZES, tuple(v[s] for s in states))
            return (w * a).sum() + sum((d * s).sum() for d, s in zip(w_state, after, strict=True))

        def gradient(v: Params, cell: Any = cell, states: Any = states, w: Array = w, w_state: Any = w_state) -> Params:
            _, _, cache = cell.forward(v, v["x"], BATCH_SIZES, tuple(v[s] for s in states))
            dx, dstate, grads = cell.backward(v, cache, w, tuple(w_state))
            return {**grads, "x": dx, **dict(zip(states, dstate, strict=True))}

        label = ", ".join(["cell " + arch, *extra.values()])
        yield Case(label, arch, values, loss, gradient, equations(values, arch))


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
    state: State,
    masks: Any,
) -> Case:
    """A whole model: the loss that training minimises, by the very function that training calls."""
    names = state_names(model)
    values = {**params, **dict(zip(names, state, strict=True))} if names else dict(params)

    def split(v: Params) -> tuple[Params, State]:
        return {name: v[name] for name in params}, tuple(v[name] for name in names) if names else state

    def loss(v: Params) -> Any:
        parameters, start = split(v)
        return mean_loss(model, parameters, x, batch_sizes, targets, state=start, masks=masks)

    def gradient(v: Params) -> Params:
        parameters, start = split(v)
        result = loss_and_grads(model, parameters, x, batch_sizes, targets, state=start, masks=masks)
        return {**result.grads, **(dict(zip(names, result.dstate, strict=True)) if names else {})}

    return Case(label, arch, values, loss, gradient, equations(values, arch))


def small_model_case(label: str, arch: str, model: Model, *, soft: bool, masked: bool, stream: bool = False) -> Case:
    """`model_case` with random values, letters and targets."""
    rng = np.random.default_rng(3)
    batch_sizes = np.array([3, 3, 3, 3]) if stream else BATCH_SIZES
    B, N = int(batch_sizes[0]), int(batch_sizes.sum())
    params = {name: random(rng, *shape) for name, shape in shapes(model).items()}
    x = rng.integers(0, model.n_y, N)
    targets = rng.dirichlet(np.ones(model.n_y), N) if soft else rng.integers(0, model.n_y, N)
    masks = [layers.dropout_mask(rng, (N, width), 0.3, np.float64) for width in model.mask_widths] if masked else None
    state: State
    if isinstance(model, WindowMLP):
        state = (rng.integers(0, model.n_y, (B, model.window - 1)),)
    else:
        state = tuple(random(rng, *s.shape) for s in model.start(B, np.float64))
    return model_case(label, arch, model, params, x, batch_sizes, targets, state, masks)


def model_cases() -> Iterator[Case]:
    """Whole models: one and two layers, embedding and one-hot, ids and distributions, with and without dropout."""
    for activation in ACTIVATIONS:
        yield small_model_case(
            f"rnn, {activation}, one-hot",
            "rnn",
            CharRNN(4, 0, 3, 1, "rnn", activation),
            soft=False,
            masked=False,
        )
        yield small_model_case(
            f"mlp, {activation}, one-hot",
            "mlp",
            WindowMLP(4, 0, 3, 1, 2, activation),
            soft=False,
            masked=False,
        )
    for arch in CELLS:
        yield small_model_case(
            f"{arch}, 2 layers, dropout, soft targets",
            arch,
            CharRNN(5, 2, 3, 2, arch),
            soft=True,
            masked=True,
        )
        yield small_model_case(
            f"{arch}, stream chunk", arch, CharRNN(4, 2, 3, 1, arch), soft=False, masked=False, stream=True
        )
    yield small_model_case(
        "mlp, 2 layers, dropout, soft targets", "mlp", WindowMLP(5, 2, 3, 2, 3), soft=True, masked=True
    )


def all_cases(arch: str | None = None) -> Iterator[Case]:
    """All cases, or those of one architecture."""
    for family in (layer_cases, cell_cases, model_cases):
        for case in family():
            if arch is None or case.arch == arch:
                yield case


def trained_case(trained: Trained) -> Case:
    """A trained model at full size and in double precision, on three of its known names and a random start."""
    rng = np.random.default_rng(5)
    model, params = trained.model, {name: p.astype(np.float64) for name, p in trained.params.items()}
    names = [trained.known[k] for k in rng.choice(len(trained.known), min(3, len(trained.known)), replace=False)]
    batch = next(Text(names, trained.vocabulary).name_batches(3))
    state = model.start(len(names), np.float64)
    if not isinstance(model, WindowMLP):
        state = tuple(random(rng, *s.shape) for s in state)
    return model_case(
        f"trained {trained.arch}",
        trained.arch,
        model,
        params,
        batch.x,
        batch.batch_sizes,
        batch.y,
        state,
        None,
    )
