"""Recurrent cells over a packed batch: what they share, and the plain cell of the source texts.

A cell sees a whole packed batch (see `packed`) at once: x (N, n_x), a (N, n_a), a state (B, n_a). Where a product
does not depend on the previous step it is taken for all steps at once: x W_axᵀ before the loop, dW and
dx after it. In the loops stays only what step t needs of its neighbour.

State None is a⟨0⟩ = 0, a constant: what the first step would multiply by it is left out, and so is its gradient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from bacterio_cli.nn.layers import ACTIVATIONS, Array, GatheredRows, Params, Shapes, linear, linear_backward
from bacterio_cli.nn.packed import Step, carried, last_rows, previous_rows, steps_of
from bacterio_cli.nn.recurrent import transition

State = tuple[Array, ...]
InitialState = tuple[Array | GatheredRows, ...]  # a state to go on from, or rows chosen from one


def orthogonal(rng: np.random.Generator, n: int) -> Array:
    """A random orthogonal matrix (n, n), uniform: QR of a Gaussian with the signs of R's diagonal."""
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    return np.asarray(q * np.sign(np.diag(r)))


@dataclass(frozen=True)
class Cell:
    """What the cells share: sizes, the names and the start of W_ax, W_aa, b_a.

    Gates are blocks of n_a rows of these three, in the order of `gates`; `prefix` is the layer's
    number, as in "0.W_ax".
    """

    n_x: int
    n_a: int
    prefix: str = ""

    gates: ClassVar[tuple[str, ...]] = ("a",)
    states: ClassVar[int] = 1

    def names(self) -> tuple[str, str, str]:
        """The keys of W_ax, W_aa and b_a."""
        return self.prefix + "W_ax", self.prefix + "W_aa", self.prefix + "b_a"

    @property
    def shapes(self) -> Shapes:
        """The shapes of W_ax, W_aa and b_a."""
        rows = len(self.gates) * self.n_a
        return dict(zip(self.names(), ((rows, self.n_x), (rows, self.n_a), (rows,)), strict=True))

    def init(self, rng: np.random.Generator, dtype: DTypeLike) -> Params:
        """W_ax by Glorot's uniform bound a gate, W_aa orthogonal a gate (Saxe et al. 2014), b_a = 0."""
        W_ax, W_aa, b_a = self.names()
        bound = np.sqrt(6 / (self.n_x + self.n_a))
        return {
            W_ax: rng.uniform(-bound, bound, (len(self.gates) * self.n_a, self.n_x)).astype(dtype),
            W_aa: np.concatenate([orthogonal(rng, self.n_a) for _ in self.gates]).astype(dtype),
            b_a: np.zeros(len(self.gates) * self.n_a, dtype),
        }

    def start(self, n: int, dtype: DTypeLike) -> State:
        """The state before the first letter: zeros, (n, n_a) each."""
        return tuple(np.zeros((n, self.n_a), dtype) for _ in range(self.states))

    def histories(self, state: InitialState | None, batch_sizes: Array, dtype: DTypeLike) -> Array:
        """Room for each part of the state at all steps, its start on top, zeros if None.  (states, B + N, n_a)"""
        first = int(batch_sizes[0])
        histories = np.empty((self.states, first + int(batch_sizes.sum()), self.n_a), dtype)
        for history, start in zip(histories, state or (0,) * self.states, strict=True):
            if isinstance(start, GatheredRows):
                start.into(history[:first])
            else:
                history[:first] = start
        return histories

    def stacks(self, params: Params) -> tuple[Array, Array, Array]:
        """W_ax, W_aa and b_a gate by gate: (G, n_a, n_x), (G, n_a, n_a) and (G, n_a), views of the parameters."""
        W_ax, W_aa, b_a = (params[name] for name in self.names())
        G, n = len(self.gates), self.n_a
        return W_ax.reshape(G, n, self.n_x), W_aa.reshape(G, n, n), b_a.reshape(G, n)

    def project(self, params: Params, x: Array | GatheredRows) -> Array:
        """z = x W_axᵀ + b_a for all steps at once, (G, N, n_a).

        Gates come first, so that the rows of a step are one block a gate: elementwise functions then run over it
        without a pause at each row, and G small products are no slower than a wide one.
        """
        W_ax, _, b_a = self.stacks(params)
        return linear(x, W_ax, b_a)

    def gradients(
        self, params: Params, x: Array | GatheredRows, dz_x: Array, dz_a: Array, a_before: Array
    ) -> tuple[Array | None, Params]:
        """dx and the gradients that sum over time, one product a gate, from dz of all steps.

        dz_x is ∂L/∂(x W_axᵀ + b_a), dz_a is ∂L/∂(a⟨t−1⟩ W_aaᵀ), both (G, N, n_a):
        dW_ax = Σ_t dz_x⟨t⟩ᵀ x⟨t⟩, dW_aa = Σ_t dz_a⟨t⟩ᵀ a⟨t−1⟩, db_a = Σ_t dz_x⟨t⟩. This is the sum over
        time that T1 leaves out; T2 accumulates it with += in its loop.
        """
        names = self.names()
        dx, dW_ax, db_a = linear_backward(x, self.stacks(params)[0], dz_x)
        sums = (dW_ax, dz_a.swapaxes(1, 2) @ a_before, db_a)
        return dx, {name: d.reshape(params[name].shape) for name, d in zip(names, sums, strict=True)}


class RNNCache(NamedTuple):
    """What RNN.backward needs of its forward pass."""

    x: Array | GatheredRows
    batch_sizes: Array
    steps: list[Step]
    history: Array
    begun: bool  # whether a state was given


@dataclass(frozen=True)
class RNN(Cell):
    """The plain cell of T1 and T2, with f = tanh, sigmoid or relu:

    (5) z⟨t⟩ = W_ax x⟨t⟩ + W_aa a⟨t−1⟩ + b_a        (T1 5, there p; T2 z_t = u x_t + w h_{t−1})
    (4) a⟨t⟩ = f(z⟨t⟩)                              (T1 4)
    """

    activation: str = "tanh"

    def forward(
        self, params: Params, x: Array | GatheredRows, batch_sizes: Array, state: InitialState | None
    ) -> tuple[Array, State, RNNCache]:
        """a (N, n_a), the state after each name's last letter, and the cache."""
        f = ACTIVATIONS[self.activation].function
        (z,), (U,) = self.project(params, x), transition(self.stacks(params)[1], len(batch_sizes))
        (history,) = self.histories(state, batch_sizes, z.dtype)
        values, steps = history[-len(z) :], steps_of(batch_sizes)
        for t in steps:
            z_t = z[t.now]
            if state or t.now.start:
                z_t += history[t.before] @ U  # (5)
            f(z_t, out=values[t.now])  # (4)
        cache = RNNCache(x, batch_sizes, steps, history, bool(state))
        return values, (last_rows(history, batch_sizes),), cache

    def backward(self, params: Params, cache: RNNCache, da: Array, dstate: State) -> tuple[Array | None, State, Params]:
        """dx, the gradient of the initial state if one was given, and the gradients of the parameters.

        With `carry` = ∂L/∂a⟨t⟩ through step t+1, which for a name's last letter is dstate:

        (4′) dz⟨t⟩ = (da⟨t⟩ + carry) ⊙ f′(z⟨t⟩)       (T2 eq. 7; T1 leaves out diag(1 − a²))
        (5′) carry = dz⟨t⟩ W_aa                       (T1 ∂a⟨t⟩/∂a⟨t−1⟩; T2 eq. 12–13, ∂u there is ∂h)

        A name that ends at step t has not been written to by later steps, so its row of `carry`
        still holds dstate.
        """
        x, batch_sizes, steps, history, begun = cache
        W_aa = params[self.names()[1]]
        slope = ACTIVATIONS[self.activation].slope(history[-len(da) :])
        dz = np.empty_like(slope)
        carry = dstate[0].astype(slope.dtype)
        for t in reversed(steps):
            dz_t = np.add(da[t.now], carried(carry, t), out=dz[t.now])
            dz_t *= slope[t.now]  # (4′)
            if begun or t.now.start:
                np.matmul(dz_t, W_aa, out=carry[t.names])  # (5′)
        dx, grads = self.gradients(params, x, dz[None], dz[None], previous_rows(history, batch_sizes))
        return dx, (carry,) if begun else (), grads
