"""The two models: letters in, logits out, and the gradient of the loss for every parameter.

A model is a frozen dataclass of sizes; `asdict` of it is what a checkpoint stores. Parameters are one flat dict: E,
0.W_ax, 0.W_aa, 0.b_a, 1.W_ax, …, W_ya, b_y. Id 0 is the boundary before and after a name (batches: see `cells`).
T1–T4 are source texts, see `bacterio_cli.nn`.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from bacterio_cli.nn import layers
from bacterio_cli.nn.cells import State, glorot, last_rows, steps_of
from bacterio_cli.nn.gru import GRU
from bacterio_cli.nn.layers import Array, EmbeddingLookup, Params, Shapes, dropout, linear, linear_backward, segment_sum
from bacterio_cli.nn.loss import cross_entropy, cross_entropy_backward
from bacterio_cli.nn.lstm import LSTM
from bacterio_cli.nn.rnn import RNN

CELLS: dict[str, type[RNN | GRU | LSTM]] = {"rnn": RNN, "gru": GRU, "lstm": LSTM}
Masks = list[Array] | None


@dataclass(frozen=True)
class LetterModel:
    """What both models have: ids in, embedded or one-hot, hidden layers, and logits; `a` is the last one's output:

        z_y = a W_yaᵀ + b_y     (T1 eq. 3; T2)
        da = dz_y W_ya          (T1; T2 eq. 6; T3)

    n_y letters with the boundary, n_x the embedding's width (0: one-hot), n_a units in each of `layers` layers.
    """

    n_y: int
    n_x: int
    n_a: int
    layers: int = 1

    @property
    def width(self) -> int:
        """The width of x: n_x, or n_y for one-hot input."""
        return self.n_x or self.n_y


@dataclass(frozen=True)
class CharRNN(LetterModel):
    """Embedding → stacked cells → linear.  (T1's system is one tanh cell, here on one-hot input.)

    `cell` is rnn, gru or lstm, and `activation` belongs to rnn.
    """

    cell: str = "gru"
    activation: str = "tanh"

    @cached_property
    def cells(self) -> list[RNN | GRU | LSTM]:
        """The stack, from the input upwards."""
        widths = [self.width] + [self.n_a] * (self.layers - 1)
        extra = {"activation": self.activation} if self.cell == "rnn" else {}
        return [CELLS[self.cell](n, self.n_a, **extra) for n in widths]

    @property
    def hidden_shapes(self) -> Shapes:
        """The shapes of the cells' parameters."""
        return {f"{k}.{name}": shape for k, cell in enumerate(self.cells) for name, shape in cell.shapes.items()}

    def start(self, n: int, dtype: DTypeLike) -> State:
        """The state before the first letter of n names: zeros."""
        return tuple(np.zeros((n, self.n_a), dtype) for cell in self.cells for _ in cell.state_names)

    def params_of(self, k: int, params: Params) -> Params:
        """The parameters of layer k, without its number: W_ax, W_aa and b_a."""
        return {name: params[f"{k}.{name}"] for name in self.cells[k].shapes}

    def state_of(self, k: int, state: State) -> State:
        """The part of a state, or of its gradient, that belongs to layer k."""
        each = len(self.cells[k].state_names)
        return state[k * each : (k + 1) * each]

    def forward(
        self, params: Params, x: Array, batch_sizes: Array, state: State | None = None, masks: Masks = None
    ) -> tuple[Array, State, list[Any]]:
        """Logits z (N, n_y) for ids x (N,), the state after each name's last letter, and the caches: one per cell, and
        the input of the output layer."""
        h: Any = EmbeddingLookup(params.get("E"), x)
        steps, state = steps_of(batch_sizes), state or self.start(int(batch_sizes[0]), params["W_ya"].dtype)
        after: State = ()
        caches: list[Any] = []
        for k, cell in enumerate(self.cells):
            h, last, cache = cell.forward(self.params_of(k, params), h, steps, self.state_of(k, state))
            h = dropout(h, masks[k] if masks else None)
            after += last
            caches.append(cache)
        return linear(h, params["W_ya"], params["b_y"]), after, [*caches, h]

    def backward(
        self, params: Params, caches: list[Any], dz: Array, d_final_state: State | None = None, masks: Masks = None
    ) -> tuple[State, Params]:
        """The gradient of the initial state and of every parameter: forward's calls in mirrored order.

        Without `d_final_state` nothing comes back from beyond the batch: whole names need nothing more, and for chunks
        of a text this cut is what makes BPTT truncated (T2's dhnext = 0).
        """
        d_final_state = d_final_state or self.start(caches[0].steps[0].running.stop, dz.dtype)
        d_initial_state: State = ()
        d_below: Any  # the gradient of a layer's input: dh, and below all cells, as `linear_backward` has it, dE
        d_below, dW, db = linear_backward(caches[-1], params["W_ya"], dz)
        grads = {"W_ya": dW, "b_y": db}
        for k, cell in reversed(list(enumerate(self.cells))):
            da = dropout(d_below, masks[k] if masks else None)
            own, d_final = self.params_of(k, params), self.state_of(k, d_final_state)
            d_below, d_initial, cell_grads = cell.backward(own, caches[k], da, d_final)
            grads |= {f"{k}.{name}": g for name, g in cell_grads.items()}
            d_initial_state = d_initial + d_initial_state
        return d_initial_state, grads | ({"E": d_below} if self.n_x else {})


@dataclass(frozen=True)
class WindowMLP(LetterModel):
    """The fully connected network of T4 on the last w = `window` letters; W_1 is named 0.W:

    (1) h_0 = x⟨t−w+1⟩ … x⟨t⟩ side by side, boundaries before the name
    (2) h_l = f(h_{l−1} W_lᵀ + b_l)
    (3) z_y = h W_yaᵀ + b_y

    Backward is T4's δ ← W_lᵀ (δ ⊙ f′) in rows: dz_l = dh_l ⊙ f′, once per layer, dW_l = dz_lᵀ h_{l−1} and
    dh_{l−1} = dz_l W_l. Its state, to be stepped, is the ids of the window, (n, window − 1).
    """

    window: int = 5
    activation: str = "tanh"

    cell: ClassVar[str] = "mlp"
    cells: ClassVar[list[RNN]] = []

    @property
    def hidden_shapes(self) -> Shapes:
        """The shapes of W_l and b_l below the output, from the input upwards."""
        widths = [self.width * self.window] + [self.n_a] * (self.layers - 1)
        weights: Shapes = {f"{k}.W": (self.n_a, n) for k, n in enumerate(widths)}
        return weights | {f"{k}.b": (self.n_a,) for k in range(self.layers)}

    def start(self, n: int, dtype: DTypeLike) -> State:  # noqa: ARG002
        """The window before the first letter of n names: boundaries."""
        return (np.zeros((n, self.window - 1), np.intp),)

    def forward(
        self, params: Params, x: Array, batch_sizes: Array, state: State | None = None, masks: Masks = None
    ) -> tuple[Array, State, list[Any]]:
        """Logits z (N, n_y) for ids x (N,), the windows after each name's last letter, and the caches: the ids, h_{l−1}
        and h_l of each layer, and the input of the output layer."""
        B, steps = int(batch_sizes[0]), steps_of(batch_sizes)
        windows = np.zeros((B + len(x), self.window), np.intp)  # on top those that end before the first letter
        windows[:B, 1:] = state[0] if state else 0
        for step in steps:
            windows[B:][step.now] = np.column_stack([windows[step.before, 1:], x[step.now]])
        rows = EmbeddingLookup(params.get("E"), windows[B:])
        h = rows.dense(self.n_y, params["W_ya"].dtype).reshape(len(x), -1)  # (1)
        caches: list[Any] = [rows.ids]
        f, _ = layers.ACTIVATIONS[self.activation]
        for k in range(self.layers):
            value = f(linear(h, params[f"{k}.W"], params[f"{k}.b"]))  # (2)
            caches.append((h, value))
            h = dropout(value, masks[k] if masks else None)
        return linear(h, params["W_ya"], params["b_y"]), (last_rows(windows, steps)[:, 1:],), [*caches, h]  # (3)

    def backward(self, params: Params, caches: list[Any], dz: Array, masks: Masks = None) -> tuple[State, Params]:
        """The gradient of every parameter; the window's ids have none."""
        dh: Any
        dh, dW, db = linear_backward(caches[-1], params["W_ya"], dz)  # (3′)
        grads = {"W_ya": dW, "b_y": db}
        _, derivative = layers.ACTIVATIONS[self.activation]
        for k in reversed(range(self.layers)):
            below, value = caches[k + 1]
            dh = dropout(dh, masks[k] if masks else None)
            dz_l = dh * derivative(value)
            dh, grads[f"{k}.W"], grads[f"{k}.b"] = linear_backward(below, params[f"{k}.W"], dz_l)  # (2′)
        if self.n_x:
            grads["E"] = segment_sum(dh.reshape(-1, self.n_x), caches[0].ravel(), self.n_y)  # (1′)
        return (), grads


Model = CharRNN | WindowMLP


def shapes(model: Model) -> Shapes:
    """The shape of every parameter, by name."""
    embedding = {"E": (model.n_y, model.n_x)} if model.n_x else {}
    return {**embedding, **model.hidden_shapes, "W_ya": (model.n_y, model.n_a), "b_y": (model.n_y,)}


def init(model: Model, rng: np.random.Generator, dtype: DTypeLike, scale: float | None = None) -> Params:
    """E ~ N(0, 1), matrices by Glorot's rule, biases 0, and the cells by their own; with `scale`, all weights
    N(0, scale²) and all biases 0."""
    params = {name: np.zeros(shape, dtype) for name, shape in shapes(model).items()}
    for name, value in params.items():
        if value.ndim == 2:
            value[...] = rng.standard_normal(value.shape) if name == "E" else glorot(rng, *value.shape)
    for k, cell in enumerate(model.cells):  # drawn anew: what a seed gives depends on the draws above, too
        params |= {f"{k}.{name}": value for name, value in cell.init(rng, dtype).items()}
    if scale is not None:
        for value in params.values():
            value[...] = scale * rng.standard_normal(value.shape) if value.ndim == 2 else 0
    return params


class Gradients(NamedTuple):
    """L; ∂L/∂θ under the keys of the parameters; the state after each name's last letter; and the gradient of the state
    that the names began from."""

    loss: float
    grads: Params
    state: State
    d_initial_state: State


def loss_and_grads(
    model: Model, params: Params, x: Array, batch_sizes: Array, targets: Array, *,
    state: State | None = None, masks: Masks = None, weight: float = 1.0,
) -> Gradients:  # fmt: skip
    """L in nats per character, forward and backward over one packed batch.

    x (N,) ids, targets (N,) ids or (N, n_y) distributions. `state` None starts every name afresh; no gradient goes
    further back than a given state, and its own is returned. The loss is multiplied by `weight`: with the share that
    this batch has of a larger one's letters, loss and gradients of the parts add up.
    """
    z, after, caches = model.forward(params, x, batch_sizes, state, masks)
    loss, y_hat = cross_entropy(z, targets)
    dz = cross_entropy_backward(y_hat, targets, weight)
    d_initial_state, grads = model.backward(params, caches, dz, masks=masks)
    return Gradients(weight * float(loss), grads, after, d_initial_state)
