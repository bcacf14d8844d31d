"""The gated recurrent unit, forward beside backward."""

import numpy as np

from bacterio_cli.nn.cells import Cache, Cell, CellGradients, State, Step, last_rows, previous_rows
from bacterio_cli.nn.layers import Array, Input, Params, sigmoid, sigmoid_derivative, tanh_derivative


class GRU(Cell):  # inherits the fields of Cell, adds none
    """The gated recurrent unit (Cho et al. 2014), reset after the recurrent product; u = 1 keeps the old state.

    The update gate u, the reset gate r, the candidate c̃; W_ux are the rows of W_ax that belong to u, and so on. All at
    step t but a⟨t−1⟩:

    (1) u = σ(x W_uxᵀ + a⟨t−1⟩ W_uaᵀ + b_u)
    (2) r = σ(x W_rxᵀ + a⟨t−1⟩ W_raᵀ + b_r)
    (3) c̃ = tanh(x W_cxᵀ + b_c + r ⊙ p), p = a⟨t−1⟩ W_caᵀ
    (4) a = u ⊙ a⟨t−1⟩ + (1 − u) ⊙ c̃ = c̃ + u ⊙ (a⟨t−1⟩ − c̃)

    Cho's own eq. 8 resets before the product; with the reset after it, one product per step serves all gates. With a
    zero recurrent bias this is torch.nn.GRU, whose blocks stand in the order r, u, c̃.
    """

    source = "Cho et al. 2014"
    gate_names = ("u", "r", "c")

    def forward(self, params: Params, x: Input, steps: list[Step], state: State) -> tuple[Array, State, Cache]:
        """a (N, n_a), the state after each name's last letter, and the cache."""
        # The gates hold x W_axᵀ + b_a until a step makes u, r and c̃ of it.
        gates, W_aa_T, (hidden_states,) = self.prepare(params, x, steps, state)
        a, p = hidden_states[-gates.shape[1] :], np.empty_like(gates[0])
        for step in steps:
            a_before = hidden_states[step.before]
            from_a = a_before @ W_aa_T
            p[step.now] = from_a[2]
            z_t = gates[:, step.now]
            z_t[:2] += from_a[:2]
            sigmoid(z_t[:2], out=z_t[:2])  # (1), (2)
            np.tanh(z_t[2] + z_t[1] * from_a[2], out=z_t[2])  # (3)
            u, _, c_tilde = z_t
            a[step.now] = c_tilde + u * (a_before - c_tilde)  # (4)
        u, r, c_tilde = gates
        values = {"u": u, "r": r, "c_tilde": c_tilde, "p": p, "a": hidden_states}
        return a, (last_rows(hidden_states, steps),), Cache(x, steps, values)

    def backward(self, params: Params, cache: Cache, da: Array, d_final_state: State) -> CellGradients:
        """dx (for letters dE, or None), the gradient of the initial state, and those of the parameters.

        `da` comes from above, dh_next from step t+1, at a name's last letter from `d_final_state`; ā is the whole:

        (4′) ā = da + dh_next, dh_next ← ā ⊙ u
        (4′) dc̃ = ā ⊙ (1 − u), du = ā ⊙ (a⟨t−1⟩ − c̃)
        (3′) dz_c = dc̃ ⊙ (1 − c̃²), dp = dz_c ⊙ r, dr = dz_c ⊙ p
        (2′) dz_r = dr ⊙ r (1 − r)
        (1′) dz_u = du ⊙ u (1 − u)
        (3′, 2′, 1′) dh_next ← dh_next + [dz_u, dz_r, dp] W_aa

        Each of dz_u, dz_r, dz_c and dp is ā times a factor that the forward pass has fixed, its local gradient. These
        are computed for all steps at once; the loop multiplies them by ā and takes dh_next along.
        """
        x, steps, values = cache
        u, r, c_tilde, p, hidden_states = values.values()
        W_ua, W_ra, W_ca = self.by_gate(params["W_aa"])
        a_before = previous_rows(hidden_states, steps)
        to_u, to_r, to_c = dz = np.empty((3, *u.shape), u.dtype)  # the local gradients, until a step multiplies them
        to_u[:] = (a_before - c_tilde) * sigmoid_derivative(u)  # (4′), (1′)
        to_c[:] = (1 - u) * tanh_derivative(c_tilde)  # (4′), (3′)
        to_r[:] = to_c * p * sigmoid_derivative(r)  # (3′), (2′)
        dp = to_c * r  # (3′)
        dh_next = d_final_state[0].copy()
        for step in reversed(steps):
            a_bar = da[step.now] + dh_next[step.running]  # (4′)
            dz[:, step.now] *= a_bar  # (4′) to (1′)
            dp[step.now] *= a_bar
            dz_u, dz_r, _ = dz[:, step.now]
            carried = dp[step.now] @ W_ca + dz_u @ W_ua + dz_r @ W_ra  # (3′, 2′, 1′)
            dh_next[step.running] = a_bar * u[step.now] + carried  # (4′)
        dx, grads = self.sums_over_time(params, x, dz, [dz[0], dz[1], dp], a_before)
        return dx, (dh_next,), grads
