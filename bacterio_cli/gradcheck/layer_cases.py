"""The cases of the parts: every layer, activation and cell, made scalar by fixed random weights on its output."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bacterio_cli.gradcheck.numerical import Case
from bacterio_cli.nn import layers, loss, plain, plain_dense
from bacterio_cli.nn.activations import ACTIVATIONS
from bacterio_cli.nn.layers import Array, GatheredRows, Params
from bacterio_cli.nn.models import CELLS
from bacterio_cli.trace.equations import gradient_equations

SCALE = 0.5
BATCH_SIZES = np.array([4, 4, 3, 1, 1])


def normal(rng: np.random.Generator, scale: float) -> Callable[..., Array]:
    """What draws values N(0, scale²) of a shape."""
    return lambda *shape: scale * rng.standard_normal(shape)


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
            {"z": "dz_y = (ŷ − y) / N (T1; T2 eq. 3; T3)"},
        )  # fmt: skip


def plain_cases(scale: float = SCALE) -> Iterator[Case]:
    """The programs of T2 and T4, which stand on a page each."""
    draw = normal(np.random.default_rng(6), scale)
    ids, h = np.array([0, 3, 1, 3, 2, 0]), draw(3, 1)
    values = {name: draw(*value.shape) for name, value in plain.start(3, 4, np.random.default_rng(0)).items()}
    yield Case(
        "T2's loop", "", values,
        lambda v: plain.loss_and_grads(v, ids, h)[0], lambda v: plain.loss_and_grads(v, ids, h)[1],
        {"u": "eq. 9 (T2)", "w": "eq. 11 (T2)", "v": "eq. 5 (T2)", "b_h": "(T2)", "b_y": "(T2)"},
    )  # fmt: skip
    x, target = draw(3, 1), np.array([[0.2], [0.9]])
    yield Case(
        "T4's net", "", {"W_1": draw(4, 3), "W_2": draw(2, 4)},
        lambda v: plain_dense.cost([v["W_1"], v["W_2"]], x, target),
        lambda v: dict(zip(v, plain_dense.gradients(list(v.values()), x, target), strict=True)),
        {"W_1": "(δ ⊙ σ′) ⊗ h_0 (T4)", "W_2": "(δ ⊙ σ′) ⊗ h_1 (T4)"},
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
        yield Case(label, arch, values, loss, gradient, gradient_equations(values, arch))
