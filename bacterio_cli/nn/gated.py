"""The gated cells, GRU and LSTM: as in `cells`, each time loop beside the loop that runs it backwards.

In both, every gradient dz of a gate is the gradient of the state times a factor K that is known once the
forward pass is done. K is computed for all steps at once; the backward loop multiplies and carries on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from bacterio_cli.nn.cells import RNN, Cell, State
from bacterio_cli.nn.layers import Array, Params, Rows, sigmoid, sigmoid_slope, tanh_slope
from bacterio_cli.nn.packed import last_rows, previous_rows, steps_of


class GRUCache(NamedTuple):
    """What GRU.backward needs of its forward pass."""

    x: Array | Rows
    batch_sizes: Array
    history: Array  # a, (B + N, n_a)
    gates: Array  # u and r, (N, 2, n_a)
    candidate: Array  # c̃, (N, n_a)
    recurrent: Array  # h = W_ca a⟨t−1⟩, (N, n_a)


@dataclass(frozen=True)
class GRU(Cell):
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
        self, params: Params, x: Array | Rows, batch_sizes: Array, state: State
    ) -> tuple[Array, State, GRUCache]:
        """a (N, n_a), the state after each name's last letter, and the cache."""
        z, U = self.project(params, x)
        n, N, B = self.n_a, len(z), len(state[0])
        history = np.empty((B + N, n), z.dtype)
        history[:B] = state[0]
        gates = np.empty((N, 2 * n), history.dtype)
        candidate, recurrent = np.empty((2, N, n), history.dtype)
        product = np.empty((B, 3 * n), history.dtype)
        for t in steps_of(batch_sizes):
            now = slice(t.start, t.stop)
            a_before = history[t.before : t.before + t.rows]
            h = self.recur(a_before, U, product[: t.rows])
            ur = np.add(z[now, : 2 * n], h[:, : 2 * n], out=gates[now])
            sigmoid(ur, out=ur)  # (1), (2)
            recurrent[now] = h[:, 2 * n :]
            c = np.multiply(ur[:, n:], recurrent[now], out=candidate[now])
            c += z[now, 2 * n :]
            np.tanh(c, out=c)  # (3)
            a = np.subtract(a_before, c, out=history[B + t.start : B + t.stop])
            a *= ur[:, :n]
            a += c  # (4)
        cache = GRUCache(x, batch_sizes, history, gates.reshape(N, 2, n), candidate, recurrent)
        return history[B:], (last_rows(history, batch_sizes),), cache

    def backward(self, params: Params, cache: GRUCache, da: Array, dstate: State) -> tuple[Array | None, State, Params]:
        """dx, the gradient of the initial state, and the gradients of the parameters.

        With da⟨t⟩ the whole gradient of a⟨t⟩, what comes back from step t+1 included:

        (4′) dc̃ = da ⊙ (1 − u), du = da ⊙ (a⟨t−1⟩ − c̃), carry = da ⊙ u
        (3′) dz_c = dc̃ ⊙ (1 − c̃²), dh = dz_c ⊙ r, dr = dz_c ⊙ h
        (2′) dz_r = dr ⊙ r (1 − r)
        (1′) dz_u = du ⊙ u (1 − u)
        carry += [dz_u, dz_r, dh] W_aa

        Every dz is da times a factor that is known before the loop, so the loop multiplies by
        K = [K_u, K_r, K_h] and carries on; K_c, for the input side, differs from K_h by r.
        """
        x, batch_sizes, history, gates, candidate, recurrent = cache
        W_aa = params[self.names()[1]]
        n, N, _B = self.n_a, len(candidate), len(dstate[0])
        a_before = previous_rows(history, batch_sizes)
        u, r = gates[:, 0], gates[:, 1]
        K_c = (1 - u) * tanh_slope(candidate)  # (4′), (3′)
        K = np.empty((N, 3, n), history.dtype)
        K[:, 0] = (a_before - candidate) * sigmoid_slope(u)  # (4′), (1′)
        K[:, 1] = K_c * recurrent * sigmoid_slope(r)  # (3′), (2′)
        K[:, 2] = K_c * r  # (3′)
        da = da.astype(history.dtype)
        carry = dstate[0].astype(history.dtype)
        for t in reversed(steps_of(batch_sizes)):
            now = slice(t.start, t.stop)
            da_t = da[now]
            da_t += carry[: t.rows]
            K[now] *= da_t[:, None]  # dz_u, dz_r, dh of this step
            back = np.matmul(K[now].reshape(t.rows, 3 * n), W_aa, out=carry[: t.rows])
            back += da_t * u[now]
        dz_a = K.reshape(N, 3 * n)
        dz_x = np.concatenate([dz_a[:, : 2 * n], da * K_c], axis=1)
        dx, grads = self.gradients(params, x, dz_x, dz_a, a_before)
        return dx, (carry,), grads


class LSTMCache(NamedTuple):
    """What LSTM.backward needs of its forward pass."""

    x: Array | Rows
    batch_sizes: Array
    history: Array  # a, (B + N, n_a)
    memory: Array  # c, (B + N, n_a)
    gates: Array  # i, f, o and c̃, (N, 4, n_a)
    tanh_c: Array  # tanh c⟨t⟩, (N, n_a)


@dataclass(frozen=True)
class LSTM(Cell):
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
        self, params: Params, x: Array | Rows, batch_sizes: Array, state: State
    ) -> tuple[Array, State, LSTMCache]:
        """a (N, n_a), the state (a, c) after each name's last letter, and the cache."""
        z, U = self.project(params, x)
        n, N, B = self.n_a, len(z), len(state[0])
        history = np.empty((B + N, n), z.dtype)
        memory = np.empty_like(history)
        history[:B], memory[:B] = state
        gates = np.empty((N, 4 * n), history.dtype)
        tanh_c = np.empty((N, n), history.dtype)
        product = np.empty((B, n), history.dtype)
        for t in steps_of(batch_sizes):
            now, before, after = (
                slice(t.start, t.stop),
                slice(t.before, t.before + t.rows),
                slice(B + t.start, B + t.stop),
            )
            ifoc = self.recur(history[before], U, gates[now])
            ifoc += z[now]
            sigmoid(ifoc[:, : 3 * n], out=ifoc[:, : 3 * n])  # (1)
            np.tanh(ifoc[:, 3 * n :], out=ifoc[:, 3 * n :])  # (2)
            c = np.multiply(ifoc[:, n : 2 * n], memory[before], out=memory[after])
            c += np.multiply(ifoc[:, :n], ifoc[:, 3 * n :], out=product[: t.rows])  # (3)
            np.tanh(c, out=tanh_c[now])
            np.multiply(ifoc[:, 2 * n : 3 * n], tanh_c[now], out=history[after])  # (4)
        cache = LSTMCache(x, batch_sizes, history, memory, gates.reshape(N, 4, n), tanh_c)
        return history[B:], (last_rows(history, batch_sizes), last_rows(memory, batch_sizes)), cache

    def backward(
        self, params: Params, cache: LSTMCache, da: Array, dstate: State
    ) -> tuple[Array | None, State, Params]:
        """dx, the gradients of the initial a and c, and the gradients of the parameters.

        With da and dc the whole gradients of a⟨t⟩ and c⟨t⟩, what comes back from step t+1 included:

        (4′) do = da ⊙ tanh c, dc += da ⊙ o (1 − tanh² c)
        (3′) di = dc ⊙ c̃, dc̃ = dc ⊙ i, df = dc ⊙ c⟨t−1⟩, carry_c = dc ⊙ f
        (2′) dz_c = dc̃ ⊙ (1 − c̃²)
        (1′) dz_• = d• ⊙ • (1 − •) for i, f, o
        carry = dz W_aa

        The factors of da and dc are known before the loop: K.
        """
        x, batch_sizes, history, memory, gates, tanh_c = cache
        W_aa = params[self.names()[1]]
        n, N, _B = self.n_a, len(tanh_c), len(dstate[0])
        i, f, o, c_tilde = (gates[:, k] for k in range(4))
        K = np.empty((N, 4, n), history.dtype)
        K[:, 0] = c_tilde * sigmoid_slope(i)  # (3′), (1′)
        K[:, 1] = previous_rows(memory, batch_sizes) * sigmoid_slope(f)  # (3′), (1′)
        K[:, 2] = tanh_c * sigmoid_slope(o)  # (4′), (1′)
        K[:, 3] = i * tanh_slope(c_tilde)  # (3′), (2′)
        K_c = o * tanh_slope(tanh_c)  # (4′)
        carry, carry_c = (d.astype(history.dtype) for d in dstate)
        for t in reversed(steps_of(batch_sizes)):
            now = slice(t.start, t.stop)
            da_t = da[now] + carry[: t.rows]
            dc_t = carry_c[: t.rows]
            dc_t += da_t * K_c[now]  # (4′)
            K[now, 2] *= da_t
            K[now, :2] *= dc_t[:, None]
            K[now, 3] *= dc_t
            np.matmul(K[now].reshape(t.rows, 4 * n), W_aa, out=carry[: t.rows])
            dc_t *= f[now]  # (3′)
        dz = K.reshape(N, 4 * n)
        dx, grads = self.gradients(params, x, dz, dz, previous_rows(history, batch_sizes))
        return dx, (carry, carry_c), grads


CELLS: dict[str, type[RNN | GRU | LSTM]] = {"rnn": RNN, "gru": GRU, "lstm": LSTM}
