"""The gated recurrent unit, forward beside backward."""

from typing import ClassVar

import numpy as np

from bacterio_cli.nn.activations import sigmoid, sigmoid_derivative, tanh_derivative
from bacterio_cli.nn.cells import Cache, Cell, CellGradients, State
from bacterio_cli.nn.layers import Array, Input, Params
from bacterio_cli.nn.packing import Step, last_rows, previous_rows


class GRU(Cell):  # inherits the fields of Cell, adds none
    """The gated recurrent unit (Cho et al. 2014), reset after the recurrent product, u = 1 keeps the old state.

    The update gate u, the reset gate r, the candidate c̃; W_ux are the rows of W_ax that belong to u, and so on. All at
    step t but a⟨t−1⟩:

    (1) u = σ(x W_uxᵀ + a⟨t−1⟩ W_uaᵀ + b_u)
    (2) r = σ(x W_rxᵀ + a⟨t−1⟩ W_raᵀ + b_r)
    (3) c̃ = tanh(x W_cxᵀ + b_c + r ⊙ p), p = a⟨t−1⟩ W_caᵀ
    (4) a = u ⊙ a⟨t−1⟩ + (1 − u) ⊙ c̃ = c̃ + u ⊙ (a⟨t−1⟩ − c̃)

    Cho's own eq. 8 resets before the product; after it, one product per step serves all three gates. With a zero
    recurrent bias this is torch.nn.GRU, whose blocks stand in the order r, u, c̃.
    """

    source: ClassVar[str] = "Cho et al. 2014"
    gate_names: ClassVar[tuple[str, ...]] = ("u", "r", "c")
    kept_names: ClassVar[tuple[str, ...]] = ("u", "r", "c_tilde", "p")

    def forward(self, params: Params, x: Input, steps: list[Step], state: State) -> tuple[Array, State, Cache]:
        """a (N, n_a), the state after each name's last letter, and the cache."""
        # The gates are z until a step makes u, r and c̃ of it.
        gates, W_aa_T, states = self.prepare(params, x, steps, state)
        (hidden_states,) = states
        a, p = hidden_states[-gates.shape[1] :], np.empty_like(gates[0])
        for step in steps:
            a_before = hidden_states[step.before]
            from_a = a_before @ W_aa_T
            ur, c_tilde = gates[:2, step.now], gates[2, step.now]
            ur += from_a[:2]
            sigmoid(ur, out=ur)  # (1), (2)
            u, r = ur
            p[step.now] = from_a[2]
            c_tilde += r * from_a[2]
            np.tanh(c_tilde, out=c_tilde)  # (3)
            a_t = np.subtract(a_before, c_tilde, out=a[step.now])
            a_t *= u
            a_t += c_tilde  # (4)
        return a, (last_rows(hidden_states, steps),), Cache(x, steps, states, (*gates, p))

    def backward(self, params: Params, cache: Cache, da: Array, d_final_state: State) -> CellGradients:
        """dx (for letters dE), the gradient of the initial state, and those of the parameters.

        `da` comes from above, dh_next from step t+1, at a name's last letter from `d_final_state`; ā is the whole:

        (4′) ā = da + dh_next, dh_next ← ā ⊙ u
        (4′) dc̃ = ā ⊙ (1 − u), du = ā ⊙ (a⟨t−1⟩ − c̃)
        (3′) dz_c = dc̃ ⊙ (1 − c̃²), dp = dz_c ⊙ r, dr = dz_c ⊙ p
        (2′) dz_r = dr ⊙ r (1 − r)
        (1′) dz_u = du ⊙ u (1 − u)
        (3′, 2′, 1′) dh_next ← dh_next + [dz_u, dz_r, dp] W_aa

        Each of dz_u, dz_r, dz_c and dp is ā times a factor that the forward pass has fixed, its local gradient. These
        are computed for all steps at once; the loop multiplies them by ā and takes dh_next along. They stand in the
        order dp, dz_u, dz_r, dz_c: the first three belong to a⟨t−1⟩, the last three to x.
        """
        x, steps, (hidden_states,), (u, r, c_tilde, p) = cache
        W_aa = self.gate_weights(params)[1][[2, 0, 1]]  # c, u, r: the order of dp, dz_u, dz_r
        a_before = previous_rows(hidden_states, steps)
        local_grads = np.empty((4, *u.shape), u.dtype)
        to_p, to_u, to_r, to_c = local_grads
        np.subtract(1, u, out=to_c)
        to_c *= tanh_derivative(c_tilde)  # (4′), (3′)
        np.subtract(a_before, c_tilde, out=to_u)
        to_u *= sigmoid_derivative(u)  # (4′), (1′)
        np.multiply(to_c, p, out=to_r)
        to_r *= sigmoid_derivative(r)  # (3′), (2′)
        np.multiply(to_c, r, out=to_p)  # (3′)
        dh_next = d_final_state[0].copy()
        for step in reversed(steps):
            a_bar = da[step.now] + dh_next[step.running]
            dz_t = local_grads[:, step.now]
            dz_t *= a_bar  # dp, dz_u, dz_r and dz_c of this step
            a_bar *= u[step.now]  # (4′)
            a_bar += (dz_t[:3] @ W_aa).sum(axis=0)
            dh_next[step.running] = a_bar
        dz = local_grads  # which every step has multiplied by its ā
        dz_a, dz_x = dz[:3], dz[1:]  # views: that is why dp stands first, and W_aa was put in this order
        dx, grads = self.sums_over_time(params, x, dz_x, dz_a, a_before)
        name = self.names()[1]
        grads[name] = np.roll(grads[name], -self.n_a, axis=0)  # c, u, r → u, r, c
        return dx, (dh_next,), grads
