"""The cases: every layer, activation, cell, model and stack, at a scale where mistakes show.

Values are random at scale 0.5, biases and states included, lengths unequal, and sizes mostly different: a transposed or
forgotten factor cannot hide. At the customary 0.01 tanh is the identity to four digits, and a wrong slope passes.
T1–T4 are source texts, see `bacterio_cli.nn`.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from bacterio_cli.checkpoint.checkpoint import Checkpoint
from bacterio_cli.dataset.batching import EncodedCorpus
from bacterio_cli.gradcheck.numerical import Case
from bacterio_cli.nn import layers, loss, plain
from bacterio_cli.nn.cells import State, steps_of
from bacterio_cli.nn.layers import ACTIVATIONS, Array, EmbeddingLookup, Params, Shapes
from bacterio_cli.nn.models import CELLS, CharRNN, Model, WindowMLP, loss_and_grads, shapes
from bacterio_cli.trace.equations import equations_in, gradient_equations

SCALE = 0.5
BATCH_SIZES = np.array([4, 4, 3, 1, 1])


def random_values(rng: np.random.Generator, shapes: Shapes) -> Params:
    """Values N(0, SCALE²) of these shapes."""
    return {name: SCALE * rng.standard_normal(shape) for name, shape in shapes.items()}


def layer_case(
    name: str, shapes: Shapes, equations: dict[str, str],
    forward: Callable[[Params], Array], backward: Callable[[Params, Array], dict[str, Any]], arch: str = "",
) -> Case:  # fmt: skip
    """A layer made scalar: L = Σ w ⊙ y with fixed random weights w, which are then dL/dy."""
    rng = np.random.default_rng(1)
    values = random_values(rng, shapes)
    w = SCALE * rng.standard_normal(forward(values).shape)
    return Case(name, arch, values, lambda v: (w * forward(v)).sum(), lambda v: backward(v, w), equations)


def layer_cases() -> Iterator[Case]:
    """The layers without time."""
    yield layer_case(
        "linear", {"x": (5, 3), "W": (4, 3), "b": (4,)},
        {"x": "dx = dy W (T3)", "W": "dW = dyᵀ x (T3)", "b": "db = Σ dy (T3)"},
        lambda v: layers.linear(v["x"], v["W"], v["b"]),
        lambda v, dy: dict(zip(v, layers.linear_backward(v["x"], v["W"], dy), strict=True)),
    )  # fmt: skip
    ids = np.array([2, 0, 2, 3, 2, 0, 5])
    yield layer_case(
        "linear of an embedding", {"E": (6, 3), "W": (4, 3), "b": (4,)},
        {"E": "dE = S W, S = Σ dy by letter", "W": "dW = Sᵀ E", "b": "db = Σ S"},
        lambda v: layers.linear(EmbeddingLookup(v["E"], ids), v["W"], v["b"]),
        lambda v, dy: dict(zip(v, layers.linear_backward(EmbeddingLookup(v["E"], ids), v["W"], dy), strict=True)),
    )  # fmt: skip
    for name, (f, derivative) in ACTIVATIONS.items():
        yield layer_case(
            name, {"z": (5, 3)}, {"z": str(next(equations_in(derivative)))},
            lambda v, f=f: f(v["z"]), lambda v, da, f=f, d=derivative: {"z": da * d(f(v["z"]))},  # type: ignore[misc]
        )  # fmt: skip
    mask = layers.dropout_mask(np.random.default_rng(1), (5, 3), 0.4, np.float64)
    yield layer_case(
        "dropout", {"x": (5, 3)}, {"x": "dx = dy ⊙ m (Srivastava et al. 2014)"},
        lambda v: layers.dropout(v["x"], mask), lambda _, dy: {"x": layers.dropout(dy, mask)},
    )  # fmt: skip
    yield layer_case(
        "softmax Jacobian", {"z": (4,)}, {"z": "J = diag(ŷ) − ŷᵀ ŷ (T1 b; T2 eq. 1)"},
        lambda v: loss.softmax(v["z"]), lambda v, dy: {"z": loss.softmax_jacobian(loss.softmax(v["z"])).T @ dy},
    )  # fmt: skip
    y = np.random.default_rng(1).dirichlet(np.ones(4), 5)
    yield layer_case(
        "cross-entropy", {"z": (5, 4)}, {"z": str(next(equations_in(loss.cross_entropy_backward)))},
        lambda v: loss.cross_entropy(v["z"], y)[0],
        lambda v, dL: {"z": loss.cross_entropy_backward(loss.cross_entropy(v["z"], y)[1], y, float(dL))},
    )  # fmt: skip


def plain_cases() -> Iterator[Case]:
    """The programs of T2 and T4, which stand on a page."""
    rng, ids = np.random.default_rng(6), np.array([0, 3, 1, 3, 2, 0])
    h, x, target = rng.standard_normal((3, 1)), rng.standard_normal((3, 1)), np.array([[0.2], [0.9]])
    values = random_values(rng, {name: value.shape for name, value in plain.init(3, 4, rng).items()})
    yield Case(
        "T2's loop", "", values,
        lambda v: plain.loss_and_grads(v, ids, h)[0], lambda v: plain.loss_and_grads(v, ids, h)[1],
        {"u": "eq. 9 (T2)", "w": "eq. 11 (T2)", "v": "eq. 5 (T2)", "b_h": "(T2)", "b_y": "(T2)"},
    )  # fmt: skip
    yield Case(
        "T4's net", "", random_values(rng, {"W_1": (4, 3), "W_2": (2, 4)}),
        lambda v: plain.cost_and_grads(list(v.values()), x, target)[0],
        lambda v: dict(zip(v, plain.cost_and_grads(list(v.values()), x, target)[1], strict=True)),
        {"W_1": "(δ ⊙ σ′) ⊗ h_0 (T4)", "W_2": "(δ ⊙ σ′) ⊗ h_1 (T4)"},
    )  # fmt: skip


def cell_case(arch: str, **extra: str) -> Case:
    """A cell alone: parameters, input and initial state, with weights on every output and on the final state."""
    cell, B, N = CELLS[arch](3, 2, **extra), int(BATCH_SIZES[0]), int(BATCH_SIZES.sum())
    initial = [f"{s}_0" for s in cell.state_names]
    shapes: Shapes = cell.shapes | {"x": (N, 3)} | dict.fromkeys(initial, (B, 2))

    def run(v: Params) -> tuple[Array, State, Any]:
        return cell.forward(v, v["x"], steps_of(BATCH_SIZES), tuple(v[name] for name in initial))

    def forward(v: Params) -> Array:
        a, after, _ = run(v)
        return np.concatenate([a, *after])

    def backward(v: Params, dy: Array) -> dict[str, Any]:
        da, *d_final_state = np.split(dy, [N, N + B][: len(initial)])
        dx, d_initial_state, grads = cell.backward(v, run(v)[2], da, tuple(d_final_state))
        return {**grads, "x": dx, **dict(zip(initial, d_initial_state, strict=True))}

    name = ", ".join(["cell " + arch, *extra.values()])
    return layer_case(name, shapes, gradient_equations(shapes, arch), forward, backward, arch)


class Example(NamedTuple):
    """A model with everything that its loss depends on."""

    model: Model
    params: Params
    x: Array
    batch_sizes: Array
    targets: Array
    state: State | None
    masks: list[Array] | None


def random_example(
    model: Model, rng: np.random.Generator, batch_sizes: Array, *, soft: bool = False, masked: bool = False
) -> Example:
    """Random values, letters and states; targets are ids, or distributions if `soft`; with dropout if `masked`."""
    N, window = int(batch_sizes.sum()), isinstance(model, WindowMLP)
    state = tuple(
        rng.integers(0, model.n_y, s.shape) if window else SCALE * rng.standard_normal(s.shape)
        for s in model.start(int(batch_sizes[0]), np.float64)
    )
    targets = rng.dirichlet(np.ones(model.n_y), N) if soft else rng.integers(0, model.n_y, N)
    masks = [layers.dropout_mask(rng, (N, model.n_a), 0.3, np.float64) for _ in range(model.layers)] if masked else None
    params, x = random_values(rng, shapes(model)), rng.integers(0, model.n_y, N)
    return Example(model, params, x, batch_sizes, targets, state, masks)


def model_case(name: str, example: Example) -> Case:
    """A whole model: the loss that training minimises, by the very function that training calls.

    Its initial states, 0.a_0, 0.c_0, 1.a_0, …, are differentiated too, if there are any and they are no ids.
    """
    model, params, x, batch_sizes, targets, state, masks = example
    initial = [f"{k}.{s}_0" for k, cell in enumerate(model.cells) for s in cell.state_names if state]
    values = params | dict(zip(initial, state or (), strict=False))

    def start(v: Params) -> State | None:
        return tuple(v[name] for name in initial) or state

    def loss_of(v: Params) -> Any:
        return loss.cross_entropy(model.forward(v, x, batch_sizes, start(v), masks)[0], targets)[0]

    def gradient(v: Params) -> Params:
        found = loss_and_grads(model, v, x, batch_sizes, targets, state=start(v), masks=masks)
        return found.grads | dict(zip(initial, found.d_initial_state, strict=False))

    return Case(f"{model.cell}, {name}", model.cell, values, loss_of, gradient, gradient_equations(values, model.cell))


def model_cases() -> Iterator[Case]:
    """Whole models: one and two layers, embedding and one-hot, ids and distributions, with and without dropout."""
    rng = np.random.default_rng(18)  # no gradient is so small that central differences fail by their rounding
    for f in ACTIVATIONS:
        yield model_case(f"{f}, one-hot", random_example(CharRNN(4, 0, 3, 1, "rnn", f), rng, BATCH_SIZES))
        yield model_case(f"{f}, one-hot", random_example(WindowMLP(4, 0, 3, 1, 2, f), rng, BATCH_SIZES))
    stacks: list[Model] = [*(CharRNN(5, 2, 3, 2, arch) for arch in CELLS), WindowMLP(5, 2, 3, 2, 3)]
    for model in stacks:
        regular = random_example(model, rng, BATCH_SIZES, soft=True, masked=True)
        yield model_case("2 layers, dropout, soft targets", regular)
        yield model_case("2 layers, from no state", random_example(model, rng, BATCH_SIZES)._replace(state=None))


@cache
def all_cases(scale: float = SCALE) -> list[Case]:
    """All cases, with their values at this scale."""
    cells = [cell_case("rnn", activation=f) for f in ACTIVATIONS] + [cell_case("gru"), cell_case("lstm")]
    cases = [*layer_cases(), *plain_cases(), *cells, *model_cases()]
    return [replace(c, values={name: scale / SCALE * value for name, value in c.values.items()}) for c in cases]


def trained_case(trained: Checkpoint) -> Case:
    """A trained model at full size and in double precision, on three of its known names and a random start."""
    rng = np.random.default_rng(5)
    params = {name: p.astype(np.float64) for name, p in trained.nets[0].params.items()}
    names = [trained.known[k] for k in rng.choice(len(trained.known), min(3, len(trained.known)), replace=False)]
    batch = next(EncodedCorpus(names, trained.vocabulary).name_batches(3, np.random.default_rng(0)))
    example = random_example(trained.model, rng, batch.batch_sizes)
    return replace(model_case("trained", example._replace(params=params, x=batch.x, targets=batch.y)), sampled=True)
