"""The cases: every layer, activation, cell, model and stack, at a scale where mistakes show.

Values are random at scale 0.5, biases and states included, lengths unequal, and no two sizes the same: a transposed or
forgotten factor cannot hide. At the customary 0.01 tanh is the identity to four digits, and a wrong slope passes.
T1–T4 are source texts, see `bacterio_cli.nn`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from bacterio_cli.checkpoint.checkpoint import Checkpoint
from bacterio_cli.dataset.batching import EncodedCorpus
from bacterio_cli.gradcheck.numerical import Case
from bacterio_cli.nn import layers, loss, plain, plain_dense
from bacterio_cli.nn.activations import ACTIVATIONS
from bacterio_cli.nn.cells import State
from bacterio_cli.nn.layers import Array, EmbeddingLookup, Params
from bacterio_cli.nn.models import CELLS, CharRNN, Model, WindowMLP, loss_and_grads, shapes
from bacterio_cli.trace.equations import BACK, DERIVATIVES, gradient_equations

Data = tuple[Array, Array, Array]  # x, batch sizes, targets

SCALE = 0.5
BATCH_SIZES = np.array([4, 4, 3, 1, 1])


def normal(rng: np.random.Generator, scale: float) -> Callable[..., Array]:
    """What draws values N(0, scale²) of a shape."""
    return lambda *shape: scale * rng.standard_normal(shape)


def weighted(case: str, values: Params, equation: str, forward: Any, backward: Any) -> Case:
    """A layer made scalar: L = Σ w ⊙ y with fixed random weights w, which are then dL/dy."""
    w = normal(np.random.default_rng(7), SCALE)(*forward(values).shape)
    equations = dict.fromkeys(values, equation)
    return Case(case, "", values, lambda v: (w * forward(v)).sum(), lambda v: backward(v, w), equations)


def layer_cases(scale: float = SCALE) -> Iterator[Case]:
    """The layers without time."""
    rng = np.random.default_rng(1)
    draw, ids = normal(rng, scale), np.array([2, 0, 2, 3, 2, 0, 5])

    def x_of(v: Params) -> layers.Input:
        return v["x"] if "x" in v else EmbeddingLookup(v.get("E"), ids)

    def linear_gradient(v: Params, dy: Array) -> dict[str, Array | None]:
        dx, dW, db = layers.linear_backward(x_of(v), v["W"], dy)
        return {"x": dx, "E": dx, "W": dW, "b": db}

    shapes: Mapping[str, tuple[int, ...]]
    for case, shapes, equation in (
        ("linear", {"x": (5, 3), "W": (4, 3)}, "dx = dy W, dW = dyᵀ x, db = Σ dy (T3)"),
        ("linear of an embedding", {"E": (6, 3), "W": (4, 3)}, "S = Σ dy by letter: dE = S W, dW = Sᵀ E"),
        ("linear of one-hot", {"W": (4, 6)}, "S = Σ dy by letter: dW = Sᵀ"),
    ):
        values = {name: draw(*shape) for name, shape in shapes.items()} | {"b": draw(4)}
        yield weighted(case, values, equation, lambda v: layers.linear(x_of(v), v["W"], v["b"]), linear_gradient)
    for name, (f, derivative) in ACTIVATIONS.items():
        equation = f"{DERIVATIVES[name].text} ({DERIVATIVES[name].source})"
        yield weighted(
            name, {"z": draw(5, 3)}, equation,
            lambda v, f=f: f(v["z"]), lambda v, da, f=f, d=derivative: {"z": da * d(f(v["z"]))},
        )  # fmt: skip
    mask = layers.dropout_mask(rng, (5, 3), 0.4, np.float64)
    yield weighted(
        "dropout", {"x": draw(5, 3)}, "dx = dy ⊙ m (Srivastava et al. 2014)",
        lambda v: layers.dropout(v["x"], mask), lambda _, dy: {"x": layers.dropout(dy, mask)},
    )  # fmt: skip
    yield weighted(
        "softmax Jacobian", {"z": draw(4)}, "J = diag(ŷ) − ŷ ŷᵀ (T1 b; T2 eq. 1)",
        lambda v: loss.softmax(v["z"]), lambda v, dy: {"z": loss.softmax_jacobian(loss.softmax(v["z"])).T @ dy},
    )  # fmt: skip
    for case, targets in (("ids", np.array([3, 0, 1, 1, 2])), ("distributions", rng.dirichlet(np.ones(4), 5))):
        yield Case(
            f"cross-entropy, {case}", "", {"z": draw(5, 4)},
            lambda v, t=targets: loss.cross_entropy(v["z"], t)[0],  # type: ignore[misc]
            lambda v, t=targets: {"z": loss.cross_entropy_backward(loss.cross_entropy(v["z"], t)[1], t)},  # type: ignore[misc]
            {"z": f"{BACK[0].text} ({BACK[0].source})"},
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
    """The cells alone."""
    yield from (cell_case("rnn", scale, activation=name) for name in ACTIVATIONS)
    yield from (cell_case(arch, scale) for arch in ("gru", "lstm"))


def cell_case(arch: str, scale: float, **extra: str) -> Case:
    """A cell: parameters, input and initial state, with weights on every output and on the final state."""
    draw, cell = normal(np.random.default_rng(2), scale), CELLS[arch](3, 2, "0.", **extra)
    B, N = int(BATCH_SIZES[0]), int(BATCH_SIZES.sum())
    states = ("a_0", "c_0")[: cell.states]
    values = {name: draw(*shape) for name, shape in cell.shapes.items()}
    values |= {"x": draw(N, 3)} | {name: draw(B, 2) for name in states}
    w, w_state = draw(N, 2), tuple(draw(B, 2) for _ in states)

    def forward(v: Params) -> tuple[Array, Any, Any]:
        return cell.forward(v, v["x"], BATCH_SIZES, tuple(v[s] for s in states))

    def loss_of(v: Params) -> Any:
        a, after, _ = forward(v)
        return (w * a).sum() + sum((d * s).sum() for d, s in zip(w_state, after, strict=True))

    def gradient(v: Params) -> Params:
        dx, d_initial_state, grads = cell.backward(v, forward(v)[2], w, w_state)
        return {**grads, "x": np.asarray(dx), **dict(zip(states, d_initial_state, strict=True))}

    label = ", ".join(["cell " + arch, *extra.values()])
    return Case(label, arch, values, loss_of, gradient, gradient_equations(values, arch))


def model_case(label: str, model: Model, params: Params, data: Data, state: State | None, masks: Any = None) -> Case:
    """A whole model: the loss that training minimises, by the very function that training calls.

    Its initial states, 0.a_0, 0.c_0, 1.a_0, …, are differentiated too, if there are any and they are no ids.
    """
    x, batch_sizes, targets = data
    names = [f"{k}.{s}" for k, cell in enumerate(model.cells) for s in ("a_0", "c_0")[: cell.states] if state]
    values = params | dict(zip(names, state or (), strict=False))

    def start(v: Params) -> State | None:
        return tuple(v[name] for name in names) if names else state

    def loss_of(v: Params) -> Any:
        return loss.cross_entropy(model.forward(v, x, batch_sizes, start(v), masks)[0], targets)[0]

    def gradient(v: Params) -> Params:
        found = loss_and_grads(model, v, x, batch_sizes, targets, state=start(v), masks=masks)
        return found.grads | dict(zip(names, found.d_initial_state, strict=False))

    return Case(label, model.cell, values, loss_of, gradient, gradient_equations(values, model.cell))


def random_state(model: Model, rng: np.random.Generator, names: int, scale: float) -> State:
    """A state for so many names, N(0, scale²), or random ids for a window."""
    if isinstance(model, WindowMLP):
        return (rng.integers(0, model.n_y, (names, model.window - 1)),)
    return tuple(normal(rng, scale)(*s.shape) for s in model.start(names, np.float64))


def small_model_case(what: str, model: Model, scale: float, kind: str = "") -> Case:
    """`model_case` with random values, letters and targets; `kind` is regular: with dropout, and distributions as
    targets; stream: names of one length; fresh: names from no state, as in training."""
    rng, regular = np.random.default_rng(3), kind == "regular"
    batch_sizes = np.array([3, 3, 3, 3]) if kind == "stream" else BATCH_SIZES
    B, N = int(batch_sizes[0]), int(batch_sizes.sum())
    params = {name: normal(rng, scale)(*shape) for name, shape in shapes(model).items()}
    x = rng.integers(0, model.n_y, N)
    targets = rng.dirichlet(np.ones(model.n_y), N) if regular else rng.integers(0, model.n_y, N)
    each = range(model.layers) if regular else ()
    masks = [layers.dropout_mask(rng, (N, model.n_a), 0.3, np.float64) for _ in each] or None
    state = None if kind == "fresh" else random_state(model, rng, B, scale)
    return model_case(f"{model.cell}, {what}", model, params, (x, batch_sizes, targets), state, masks)


def model_cases(scale: float = SCALE) -> Iterator[Case]:
    """Whole models: one and two layers, embedding and one-hot, ids and distributions, with and without dropout."""
    for f in ACTIVATIONS:
        yield small_model_case(f"{f}, one-hot", CharRNN(4, 0, 3, 1, "rnn", f), scale)
        yield small_model_case(f"{f}, one-hot", WindowMLP(4, 0, 3, 1, 2, f), scale)
    stacked = "2 layers, dropout, soft targets"
    for arch in CELLS:
        yield small_model_case(stacked, CharRNN(5, 2, 3, 2, arch), scale, "regular")
        yield small_model_case("stream chunk", CharRNN(4, 2, 3, 1, arch), scale, "stream")
        yield small_model_case("2 layers, from no state", CharRNN(4, 2, 3, 2, arch), scale, "fresh")
    yield small_model_case(stacked, WindowMLP(5, 2, 3, 2, 3), scale, "regular")


@cache
def all_cases(scale: float = SCALE) -> list[Case]:
    """All cases, with their values at this scale."""
    return [case for family in (layer_cases, plain_cases, cell_cases, model_cases) for case in family(scale)]


def trained_case(trained: Checkpoint) -> Case:
    """A trained model at full size and in double precision, on three of its known names and a random start."""
    rng = np.random.default_rng(5)
    params = {name: p.astype(np.float64) for name, p in trained.params.items()}
    names = [trained.known[k] for k in rng.choice(len(trained.known), min(3, len(trained.known)), replace=False)]
    batch = next(EncodedCorpus(names, trained.vocabulary).name_batches(3, np.random.default_rng(0)))
    state = random_state(trained.model, rng, len(names), SCALE)
    data = (batch.x, batch.batch_sizes, batch.y)
    return replace(model_case(f"trained {trained.arch}", trained.model, params, data, state), sampled=True)
