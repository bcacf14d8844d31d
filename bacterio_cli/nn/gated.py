"""The gated cells, GRU and LSTM: as in `cells`, each time loop beside the loop that runs it backwards.

In both, every gradient dz of a gate is the gradient of the state times a factor K that is known once the
forward pass is done. K is computed for all steps at once; the backward loop multiplies and carries on.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from bacterio_cli.nn.cells import RNN, Cell, InitialState, State
from bacterio_cli.nn.layers import Array, GatheredRows, Params, sigmoid, sigmoid_slope, tanh_slope
from bacterio_cli.nn.packed import Step, carried, last_rows, names_in, previous_rows, steps_of
from bacterio_cli.nn.recurrent import RecurrentProduct


class GRUCache(NamedTuple):
    """What GRU.backward needs of its forward pass."""

    x: Array | GatheredRows
    batch_sizes: Array
    steps: list[Step]
    history: Array  # a, (B + N, n_a)
    gates: Array  # u, r and c̃, (3, N, n_a)
    recurrent: Array  # h = W_ca a⟨t−1⟩, (N, n_a)
    begun: bool  # whether a state was given


class GRU(Cell):  # a dataclass by its base, as it has no fields of its own
    """The gated recurrent unit (Cho et al. 2014), reset after the recurrent product, u = 1 keeps the old state:

    (1) u⟨t⟩ = σ(W_ux x⟨t⟩ + W_ua a⟨t−1⟩ + b_u)
    (2) r⟨t⟩ = σ(W_rx x⟨t⟩ + W_ra a⟨t−1⟩ + b_r)
    (3) c̃⟨t⟩ = tanh(W_cx x⟨t⟩ + b_c + r⟨t⟩ ⊙ h⟨t⟩), h⟨t⟩ = W_ca a⟨t−1⟩
    (4) a⟨t⟩ = u⟨t⟩ ⊙ a⟨t−1⟩ + (1 − u⟨t⟩) ⊙ c̃⟨t⟩ = c̃⟨t⟩ + u⟨t⟩ ⊙ (a⟨t−1⟩ − c̃⟨t⟩)

    Cho's own eq. 8 resets before the product; after it, one product a step serves all three gates. With a zero
    recurrent bias this is torch.nn.GRU, whose blocks stand in the order r, u, c̃.
    """

    gates: ClassVar[tuple[str, ...]] = ("u", "r", "c")

    def forward(
        self, params: Params, x: Array | GatheredRows, batch_sizes: Array, state: InitialState | None
    ) -> tuple[Array, State, GRUCache]:
        """a (N, n_a), the state after each name's last letter, and the cache."""
        gates = self.project(params, x)  # z, until each step makes u, r and c̃ of it
        product = RecurrentProduct(self.stacks(params)[1], names_in(batch_sizes), len(batch_sizes))
        _, N, n = gates.shape
        (history,) = self.histories(state, batch_sizes, gates.dtype)
        values, steps = history[-N:], steps_of(batch_sizes)
        recurrent = np.empty((N, n), gates.dtype)
        for t in steps:
            a_before = history[t.before]
            h = product.forward(a_before) if state or t.now.start else np.zeros_like(gates[:, t.now])
            u, r, c = gates[:, t.now]
            ur = gates[:2, t.now]
            ur += h[:2]
            sigmoid(ur, out=ur)  # (1), (2)
            recurrent[t.now] = h[2]
            c += np.multiply(r, recurrent[t.now], out=values[t.now])
            np.tanh(c, out=c)  # (3)
            a = np.subtract(a_before, c, out=values[t.now])
            a *= u
            a += c  # (4)
        cache = GRUCache(x, batch_sizes, steps, history, gates, recurrent, bool(state))
        return values, (last_rows(history, batch_sizes),), cache

    def backward(self, params: Params, cache: GRUCache, da: Array, dstate: State) -> tuple[Array | None, State, Params]:
        """dx, the gradient of the initial state if one was given, and the gradients of the parameters.

        With da⟨t⟩ the whole gradient of a⟨t⟩, what comes back from step t+1 included:

        (4′) dc̃ = da ⊙ (1 − u), du = da ⊙ (a⟨t−1⟩ − c̃), carry = da ⊙ u
        (3′) dz_c = dc̃ ⊙ (1 − c̃²), dh = dz_c ⊙ r, dr = dz_c ⊙ h
        (2′) dz_r = dr ⊙ r (1 − r)
        (1′) dz_u = du ⊙ u (1 − u)
        carry += [dz_u, dz_r, dh] W_aa

        Every dz is da times a factor K that is known before the loop, so the loop multiplies and carries on. The
        blocks stand in the order h, u, r, c: the last three belong to x, the first three to a⟨t−1⟩.
        """
        x, batch_sizes, steps, history, (u, r, candidate), recurrent, begun = cache
        _, W_aa, _ = self.stacks(params)
        W_hur = W_aa[[2, 0, 1]]
        a_before = previous_rows(history, batch_sizes)
        K = np.empty((4, *u.shape), history.dtype)
        K_h, K_u, K_r, K_c = K
        np.subtract(1, u, out=K_c)
        K_c *= tanh_slope(candidate)  # (4′), (3′)
        np.subtract(a_before, candidate, out=K_u)
        K_u *= sigmoid_slope(u)  # (4′), (1′)
        np.multiply(K_c, recurrent, out=K_r)
        K_r *= sigmoid_slope(r)  # (3′), (2′)
        np.multiply(K_c, r, out=K_h)  # (3′)
        carry = dstate[0].astype(history.dtype)
        product = RecurrentProduct(W_hur, len(carry))
        for t in reversed(steps):
            da_t = da[t.now] + carried(carry, t)
            dz = K[:, t.now]
            dz *= da_t  # dh, dz_u, dz_r, dz_c of this step
            if begun or t.now.start:
                product.backward(dz[:3], out=carry[t.names], trunk=t.on_trunk)
                da_t *= u[t.now]
                carry[t.names] += da_t  # (4′)
        dx, grads = self.gradients(params, x, K[1:], K[:3], a_before)
        name = self.names()[1]
        grads[name] = np.roll(grads[name], -self.n_a, axis=0)  # h, u, r → u, r, h
        return dx, (carry,) if begun else (), grads


class LSTMCache(NamedTuple):
    """What LSTM.backward needs of its forward pass."""

    x: Array | GatheredRows
    batch_sizes: Array
    steps: list[Step]
    history: Array  # a, (B + N, n_a)
    memory: Array  # c, (B + N, n_a)
    gates: Array  # i, f, o and c̃, (4, N, n_a)
    tanh_c: Array  # tanh c⟨t⟩, (N, n_a)
    begun: bool  # whether a state was given


class LSTM(Cell):  # a dataclass by its base
    """Long short-term memory with a forget gate (Gers et al. 2000), without peepholes:

    (1) i, f, o = σ(W_•x x⟨t⟩ + W_•a a⟨t−1⟩ + b_•)
    (2) c̃⟨t⟩ = tanh(W_cx x⟨t⟩ + W_ca a⟨t−1⟩ + b_c)
    (3) c⟨t⟩ = f ⊙ c⟨t−1⟩ + i ⊙ c̃⟨t⟩
    (4) a⟨t⟩ = o ⊙ tanh c⟨t⟩

    This is torch.nn.LSTM, whose blocks stand in the order i, f, c̃, o. b_f starts at 1
    (Gers et al.; Jozefowicz et al. 2015), so that at first nothing is forgotten.
    """

    gates: ClassVar[tuple[str, ...]] = ("i", "f", "o", "c")
    states: ClassVar[int] = 2

    def init(self, rng: np.random.Generator, dtype: DTypeLike) -> Params:
        """As every cell, with b_f = 1."""
        params = super().init(rng, dtype)
        params[self.names()[2]][self.n_a : 2 * self.n_a] = 1
        return params

    def forward(
        self, params: Params, x: Array | GatheredRows, batch_sizes: Array, state: InitialState | None
    ) -> tuple[Array, State, LSTMCache]:
        """a (N, n_a), the state (a, c) after each name's last letter, and the cache."""
        gates = self.project(params, x)  # z, until each step makes i, f, o and c̃ of it
        product = RecurrentProduct(self.stacks(params)[1], names_in(batch_sizes), len(batch_sizes))
        _, N, n = gates.shape
        history, memory = self.histories(state, batch_sizes, gates.dtype)
        values, cells, steps = history[-N:], memory[-N:], steps_of(batch_sizes)
        tanh_c = np.empty((N, n), gates.dtype)
        for t in steps:
            ifoc = gates[:, t.now]
            if state or t.now.start:
                ifoc += product.forward(history[t.before])
            i, f, o, c_tilde = ifoc
            sigmoid(ifoc[:3], out=ifoc[:3])  # (1)
            np.tanh(c_tilde, out=c_tilde)  # (2)
            c = np.multiply(f, memory[t.before], out=cells[t.now])
            c += np.multiply(i, c_tilde, out=tanh_c[t.now])  # (3)
            tanh_c_t = np.tanh(c, out=tanh_c[t.now])
            np.multiply(o, tanh_c_t, out=values[t.now])  # (4)
        cache = LSTMCache(x, batch_sizes, steps, history, memory, gates, tanh_c, bool(state))
        return values, (last_rows(history, batch_sizes), last_rows(memory, batch_sizes)), cache

    def backward(
        self, params: Params, cache: LSTMCache, da: Array, dstate: State
    ) -> tuple[Array | None, State, Params]:
        """dx, the gradients of the initial a and c if these were given, and the gradients of the parameters.

        With da and dc the whole gradients of a⟨t⟩ and c⟨t⟩, what comes back from step t+1 included:

        (4′) do = da ⊙ tanh c, dc += da ⊙ o (1 − tanh² c)
        (3′) di = dc ⊙ c̃, dc̃ = dc ⊙ i, df = dc ⊙ c⟨t−1⟩, carry_c = dc ⊙ f
        (2′) dz_c = dc̃ ⊙ (1 − c̃²)
        (1′) dz_• = d• ⊙ • (1 − •) for i, f, o
        carry = dz W_aa

        The factors of da and dc are known before the loop: K.
        """
        x, batch_sizes, steps, history, memory, (i, f, o, c_tilde), tanh_c, begun = cache
        _, W_aa, _ = self.stacks(params)
        K = np.empty((4, *i.shape), history.dtype)
        K_i, K_f, K_o, K_c = K
        sigmoid_slope(i, out=K_i)
        K_i *= c_tilde  # (3′), (1′)
        sigmoid_slope(f, out=K_f)
        K_f *= previous_rows(memory, batch_sizes)  # (3′), (1′)
        sigmoid_slope(o, out=K_o)
        K_o *= tanh_c  # (4′), (1′)
        tanh_slope(c_tilde, out=K_c)
        K_c *= i  # (3′), (2′)
        through_tanh = tanh_slope(tanh_c)
        through_tanh *= o  # (4′)
        carry, carry_c = (d.astype(history.dtype) for d in dstate)
        product = RecurrentProduct(W_aa, len(carry))
        for t in reversed(steps):
            dz = K[:, t.now]
            da_t = da[t.now] + carried(carry, t)
            dc_t = carried(carry_c, t)
            dc_t += np.multiply(da_t, through_tanh[t.now], out=through_tanh[t.now])  # (4′)
            dz[:2] *= dc_t
            dz[2] *= da_t
            dz[3] *= dc_t
            if begun or t.now.start:
                product.backward(dz, out=carry[t.names], trunk=t.on_trunk)
                dc_t *= f[t.now]  # (3′)
        dx, grads = self.gradients(params, x, K, K, previous_rows(history, batch_sizes))
        return dx, (carry, carry_c) if begun else (), grads


Gated = GRU | LSTM
CELLS: dict[str, type[RNN | Gated]] = {"rnn": RNN, "gru": GRU, "lstm": LSTM}
