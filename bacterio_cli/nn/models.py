"""The two models: letters in, logits out, and the gradient of the loss for every parameter.

A model is a frozen dataclass of sizes; `asdict` of it is what a checkpoint stores. Parameters are
one flat dict: E, 0.W_ax, 0.W_aa, 0.b_a, 1.W_ax, …, W_ya, b_y. Id 0 is the boundary before and
after a name; x, y and the batch sizes are those of a packed batch (see `packed`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from bacterio_cli.nn.activations import ACTIVATIONS
from bacterio_cli.nn.cells import State
from bacterio_cli.nn.gru import GRU
from bacterio_cli.nn.layers import Array, Embedding, Linear, Params, Shapes, dropout, sum_rows
from bacterio_cli.nn.loss import cross_entropy, cross_entropy_backward
from bacterio_cli.nn.lstm import LSTM
from bacterio_cli.nn.rnn import RNN

CELLS: dict[str, type[RNN | GRU | LSTM]] = {"rnn": RNN, "gru": GRU, "lstm": LSTM}
Masks = Sequence[Array] | None


@dataclass(frozen=True)
class LetterModel:
    """What both models have below and above their hidden layers.

    n_y letters with the boundary, n_x the embedding's width (0: one-hot), n_a units in each of `layers` layers.
    """

    n_y: int
    n_x: int
    n_a: int
    layers: int = 1

    @property
    def embedding(self) -> Embedding:
        """The layer that turns ids into x."""
        return Embedding(self.n_y, self.n_x)

    @property
    def output(self) -> Linear:
        """z = a W_yaᵀ + b_y, with a the values of the last hidden layer."""
        return Linear(self.n_a, self.n_y, "W_ya", "b_y")

    @property
    def mask_widths(self) -> tuple[int, ...]:
        """The widths of the dropout masks: one on the output of each hidden layer."""
        return (self.n_a,) * self.layers


@dataclass(frozen=True)
class CharRNN(LetterModel):
    """Embedding → stacked cells → linear.  (T1's system is one tanh cell on one-hot input.)

    `cell` is rnn, gru or lstm, and `activation` belongs to rnn.
    """

    cell: str = "gru"
    activation: str = "tanh"

    @cached_property
    def cells(self) -> list[RNN | GRU | LSTM]:
        """The stack, from the input upwards."""
        widths = [self.embedding.width] + [self.n_a] * (self.layers - 1)
        extra = {"activation": self.activation} if self.cell == "rnn" else {}
        return [CELLS[self.cell](n, self.n_a, f"{k}.", **extra) for k, n in enumerate(widths)]

    @property
    def parts(self) -> list[Embedding | RNN | GRU | LSTM | Linear]:
        """Everything that has parameters, from the input upwards."""
        return [self.embedding, *self.cells, self.output]

    def start(self, n: int, dtype: DTypeLike) -> State:
        """The state before the first letter of n names: zeros."""
        return tuple(s for cell in self.cells for s in cell.start(n, dtype))

    def forward(
        self, params: Params, x: Array, batch_sizes: Array, state: State | None = None, masks: Masks = None
    ) -> tuple[Array, State, list[Any]]:
        """Logits z (N, n_y) for ids x (N,), the state after each name's last letter, and the caches."""
        h: Any
        cache: Any
        h, cache = self.embedding.forward(params, x)
        caches = [cache]
        after: list[Array] = []
        for k, cell in enumerate(self.cells):
            initial = None if state is None else state[k * cell.states : (k + 1) * cell.states]
            h, last, cache = cell.forward(params, h, batch_sizes, initial)
            h = dropout(h, masks[k] if masks else None)
            caches.append(cache)
            after += last
        z, cache = self.output.forward(params, h)
        return z, tuple(after), [*caches, cache]

    def backward(
        self, params: Params, caches: list[Any], dz: Array, dstate: State, masks: Masks = None
    ) -> tuple[State, Params]:
        """The gradient of the initial state and of every parameter: forward's calls in mirrored order."""
        dinitial: State = ()
        dh: Any
        dh, grads = self.output.backward(params, caches[-1], dz)
        for k, cell in reversed(list(enumerate(self.cells))):
            dh = dropout(dh, masks[k] if masks else None)
            dlast = dstate[k * cell.states : (k + 1) * cell.states]
            dh, dfirst, cell_grads = cell.backward(params, caches[k + 1], dh, dlast)
            grads |= cell_grads
            dinitial = dfirst + dinitial
        _, embedding_grads = self.embedding.backward(params, caches[0], dh)
        return dinitial, grads | embedding_grads


@dataclass(frozen=True)
class WindowMLP(LetterModel):
    """The fully connected network of T4 on the last `window` letters, instead of a state:

    (1) h⁰ = x⟨t−w+1⟩ … x⟨t⟩ side by side, boundaries before the name
    (2) hˡ = f(W_l hˡ⁻¹ + b_l)
    (3) z = W_ya h + b_y

    In T4's words, backward is δ = W_lᵀ (δ ⊙ f′), f′ exactly once per layer, and W_l ← W_l − η (δ ⊙ f′) ⊗ hˡ⁻¹
    (its component-wise update prints + for −). The 'state' to be stepped is the window's ids, (n, window − 1).
    """

    window: int = 5
    activation: str = "tanh"

    @property
    def hidden(self) -> list[Linear]:
        """The layers below the output, from the input upwards."""
        widths = [self.embedding.width * self.window] + [self.n_a] * (self.layers - 1)
        return [Linear(n, self.n_a, f"{k}.W", f"{k}.b") for k, n in enumerate(widths)]

    @property
    def parts(self) -> list[Embedding | Linear]:
        """Everything that has parameters, from the input upwards."""
        return [self.embedding, *self.hidden, self.output]

    def start(self, n: int, dtype: DTypeLike) -> State:  # noqa: ARG002
        """The window before the first letter of n names: boundaries."""
        return (np.zeros((n, self.window - 1), np.intp),)

    def windows(self, x: Array, batch_sizes: Array, state: State | None) -> tuple[Array, State]:
        """The last `window` ids at every row of the batch, (N, window), and what follows as state."""
        B, w = int(batch_sizes[0]), self.window
        row = np.concatenate([np.arange(size) for size in batch_sizes])
        column = np.repeat(np.arange(len(batch_sizes)), batch_sizes)
        line = np.zeros((B, w - 1 + len(batch_sizes)), np.intp)
        line[:, : w - 1] = state[0] if state else 0
        line[row, w - 1 + column] = x
        lengths = np.bincount(row, minlength=B)
        return (
            line[row[:, None], column[:, None] + np.arange(w)],
            (line[np.arange(B)[:, None], lengths[:, None] + np.arange(w - 1)],),
        )

    def forward(
        self, params: Params, x: Array, batch_sizes: Array, state: State | None = None, masks: Masks = None
    ) -> tuple[Array, State, list[Any]]:
        """Logits z (N, n_y) for ids x (N,), the windows after each name's last letter, and the caches."""
        windows, after = self.windows(x, batch_sizes, state)
        rows, _ = self.embedding.forward(params, windows)
        h = rows.dense(self.n_y, params["W_ya"].dtype).reshape(len(windows), -1)  # (1)
        caches: list[Any] = [windows]
        for k, layer in enumerate(self.hidden):
            s, below = layer.forward(params, h)
            value = ACTIVATIONS[self.activation].function(s)  # (2)
            h = dropout(value, masks[k] if masks else None)
            caches.append((below, value))
        z, cache = self.output.forward(params, h)  # (3)
        return z, after, [*caches, cache]

    def backward(
        self, params: Params, caches: list[Any], dz: Array, dstate: State, masks: Masks = None
    ) -> tuple[State, Params]:
        """The gradient of every parameter. The window's ids have none: the state comes back as it went in."""
        dh: Any
        dh, grads = self.output.backward(params, caches[-1], dz)  # (3′)
        for k, layer in reversed(list(enumerate(self.hidden))):
            below, value = caches[k + 1]
            dh = dropout(dh, masks[k] if masks else None)
            dh, layer_grads = layer.backward(params, below, dh * ACTIVATIONS[self.activation].slope(value))  # (2′)
            grads |= layer_grads
        if self.n_x:
            grads["E"] = sum_rows(dh.reshape(-1, self.n_x), caches[0].ravel(), self.n_y)  # (1′)
        return dstate, grads


Model = CharRNN | WindowMLP


def init(model: Model, rng: np.random.Generator, dtype: DTypeLike, scale: float | None = None) -> Params:
    """Fresh parameters, each part by its own rule; with `scale`, weights N(0, scale²) and biases 0 (T1: 0.01)."""
    params = {name: value for part in model.parts for name, value in part.init(rng, dtype).items()}
    if scale is not None:
        for value in params.values():
            value[...] = scale * rng.standard_normal(value.shape) if value.ndim == 2 else 0
    return params


def shapes(model: Model) -> Shapes:
    """The shape of every parameter, by name."""
    return {name: shape for part in model.parts for name, shape in part.shapes.items()}


class Gradients(NamedTuple):
    """L, ∂L/∂θ under the keys of the parameters, the state after each name, and ∂L/∂(initial state)."""

    loss: float
    grads: Params
    state: State
    dstate: State


def mean_loss(
    model: Model,
    params: Params,
    x: Array,
    batch_sizes: Array,
    targets: Array,
    *,
    state: State | None = None,
    masks: Masks = None,
) -> Any:
    """L alone, in nats per character: forward only; complex if the parameters are."""
    z, _, _ = model.forward(params, x, batch_sizes, state, masks)
    return cross_entropy(z, targets)[0]


def loss_and_grads(
    model: Model,
    params: Params,
    x: Array,
    batch_sizes: Array,
    targets: Array,
    *,
    state: State | None = None,
    masks: Masks = None,
    share: float = 1.0,
) -> Gradients:
    """L in nats per character, forward and backward over one packed batch; both times `share` for a part of a batch.

    x (N,) ids, targets (N,) ids or (N, n_y) distributions. `state` None starts every name
    afresh. A given state is carried in as a constant, and nothing comes back from the steps after
    the batch: that cut is what makes BPTT truncated (T2 starts each chunk with dhnext = 0).
    """
    z, after, caches = model.forward(params, x, batch_sizes, state, masks)
    loss, y_hat = cross_entropy(z, targets)
    dz = cross_entropy_backward(y_hat, targets, share)
    nothing = tuple(np.zeros_like(s) for s in after)
    dstate, grads = model.backward(params, caches, dz, nothing, masks)
    return Gradients(share * float(loss), grads, after, dstate)
