"""The cases of the parts: every layer, activation and cell, made scalar by fixed random weights on its output."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bacterio_cli.gradcheck.numerical import Case
from bacterio_cli.nn import layers, loss
from bacterio_cli.nn.activations import ACTIVATIONS
from bacterio_cli.nn.layers import Array, GatheredRows, Params
from bacterio_cli.nn.models import CELLS

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


def normal(rng: np.random.Generator, scale: float) -> Callable[..., Array]:
    """What draws values N(0, scale²) of a shape."""
    return lambda *shape: scale * rng.standard_normal(shape)


GATED = {
    ("gru", "W_aa"): "dW_aa = Σ_t [dz_u, dz_r, dh]_tᵀ a_t−1 (Cho et al. 2014)",
    ("gru", "a_0"): "da_0 = da_1 ⊙ u_1 + [dz_u, dz_r, dh]_1 W_aa (Cho et al. 2014)",
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
    w = normal(np.random.default_rng(7), SCALE)(*forward(values).shape)
    return Case(
        case, "", values,
        lambda v: (w * forward(v)).sum(),
        lambda v: backward(v, w),
        dict.fromkeys(values, equation),
    )  # fmt: skip


def layer_cases(scale: float = SCALE) -> Iterator[Case]:
    """The layers without time."""
    rng = np.random.default_rng(1)
    draw = normal(rng, scale)
    ids = np.array([2, 0, 2, 3, 2, 0, 5])

    def linear_gradient(v: Params, dy: Array) -> Params:
        return dict(zip(("x", "W", "b"), layers.linear_backward(v["x"], v["W"], dy), strict=True))  # type: ignore[arg-type]

    def rows_gradient(v: Params, dy: Array) -> Params:
        rows = GatheredRows(v["E"], ids)
        return dict(zip(("E", "W", "b"), layers.linear_backward(rows, v["W"], dy), strict=True))  # type: ignore[arg-type]

    def one_hot_gradient(v: Params, dy: Array) -> Params:
        _, dW, db = layers.linear_backward(GatheredRows(None, ids), v["W"], dy)
        return {"W": dW, "b": db}

    yield weighted(
        "linear", {"x": draw(5, 3), "W": draw(4, 3), "b": draw(4)},
        lambda v: layers.linear(v["x"], v["W"], v["b"]), linear_gradient, "dx = dy W, dW = dyᵀ x, db = Σ dy (T3)",
    )  # fmt: skip
    yield weighted(
        "linear of an embedding", {"E": draw(6, 3), "W": draw(4, 3), "b": draw(4)},
        lambda v: layers.linear(GatheredRows(v["E"], ids), v["W"], v["b"]), rows_gradient,
        "S = Σ dy by letter: dE = S W, dW = Sᵀ E",
    )  # fmt: skip
    yield weighted(
        "linear of one-hot", {"W": draw(4, 6), "b": draw(4)},
        lambda v: layers.linear(GatheredRows(None, ids), v["W"], v["b"]), one_hot_gradient,
        "S = Σ dy by letter: dW = Sᵀ",
    )  # fmt: skip
    formulas = {
        "tanh": "tanh′ = 1 − a² (T1 a; T2 eq. 7)",
        "sigmoid": "σ′ = a (1 − a) (T3)",
        "relu": "relu′ = [z > 0] (T3)",
    }
    for name, activation in ACTIVATIONS.items():
        yield weighted(
            name, {"z": draw(5, 3)}, lambda v, f=activation.function: f(v["z"]),  # type: ignore[misc]
            lambda v, da, act=activation: {"z": da * act.slope(act.function(v["z"]))}, formulas[name],  # type: ignore[misc]
        )  # fmt: skip
    mask = layers.dropout_mask(rng, (5, 3), 0.4, np.float64)
    yield weighted(
        "dropout", {"x": draw(5, 3)}, lambda v: layers.dropout(v["x"], mask),
        lambda _, dy: {"x": layers.dropout(dy, mask)}, "dx = dy ⊙ m (Srivastava et al. 2014)",
    )  # fmt: skip
    yield weighted(
        "softmax", {"z": draw(5, 4)}, lambda v: loss.softmax(v["z"]),
        lambda v, dy: {"z": loss.softmax_backward(loss.softmax(v["z"]), dy)}, "dz = ŷ ⊙ (dŷ − Σ ŷ dŷ)",
    )  # fmt: skip
    yield weighted(
        "softmax Jacobian", {"z": draw(4)}, lambda v: loss.softmax(v["z"]),
        lambda v, dy: {"z": loss.softmax_jacobian(loss.softmax(v["z"])).T @ dy}, "J = diag(ŷ) − ŷ ŷᵀ (T1 b; T2 eq. 1)",
    )  # fmt: skip
    for case, targets in (
        ("ids", np.array([3, 0, 1, 1, 2])),
        ("distributions", rng.dirichlet(np.ones(4), 5)),
    ):
        z = draw(5, 4)
        yield Case(
            f"cross-entropy, {case}", "", {"z": z},
            lambda v, t=targets: loss.cross_entropy(v["z"], t)[0],  # type: ignore[misc]
            lambda v, t=targets: {"z": loss.cross_entropy_backward(loss.cross_entropy(v["z"], t)[1], t)},  # type: ignore[misc]
            {"z": "dz = (ŷ − t)/N (T1; T2 eq. 3; T3)"},
        )  # fmt: skip


def cell_cases(scale: float = SCALE) -> Iterator[Case]:
    """The cells alone: parameters, input and initial state, with weights on every output and on the final state."""
    variants: list[tuple[str, dict[str, Any]]] = [("rnn", {"activation": name}) for name in ACTIVATIONS]
    for arch, extra in [*variants, *((arch, {}) for arch in CELLS if arch != "rnn")]:
        draw = normal(np.random.default_rng(2), scale)
        cell = CELLS[arch](3, 2, "0.", **extra)
        B, N = int(BATCH_SIZES[0]), int(BATCH_SIZES.sum())
        states = ("a_0", "c_0")[: cell.states]
        values = {name: draw(*shape) for name, shape in cell.shapes.items()}
        values |= {"x": draw(N, 3)} | {name: draw(B, 2) for name in states}
        w, w_state = draw(N, 2), [draw(B, 2) for _ in states]

        def loss(v: Params, cell: Any = cell, states: Any = states, w: Array = w, w_state: Any = w_state) -> Any:
            a, after, _ = cell.forward(v, v["x"], BATCH_SIZES, tuple(v[s] for s in states))
            return (w * a).sum() + sum((d * s).sum() for d, s in zip(w_state, after, strict=True))

        def gradient(v: Params, cell: Any = cell, states: Any = states, w: Array = w, w_state: Any = w_state) -> Params:
            _, _, cache = cell.forward(v, v["x"], BATCH_SIZES, tuple(v[s] for s in states))
            dx, dstate, grads = cell.backward(v, cache, w, tuple(w_state))
            return {**grads, "x": dx, **dict(zip(states, dstate, strict=True))}

        label = ", ".join(["cell " + arch, *extra.values()])
        yield Case(label, arch, values, loss, gradient, equations(values, arch))
