"""Long short-term memory, forward beside backward."""

import numpy as np

from bacterio_cli.nn.cells import Cache, Cell, CellGradients, State, Step, last_rows, previous_rows
from bacterio_cli.nn.layers import Array, Input, Params, sigmoid, sigmoid_derivative, tanh_derivative


class LSTM(Cell):  # inherits the fields of Cell, adds none
    """Long short-term memory with a forget gate (Gers et al. 2000), without peepholes.

    The input, forget and output gates i, f, o, the candidate c̃; W_kx are the rows of W_ax that belong to k, one of
    these. All at step t but a⟨t−1⟩ and c⟨t−1⟩:

    (1) i, f, o = σ(x W_kxᵀ + a⟨t−1⟩ W_kaᵀ + b_k)
    (2) c̃ = tanh(x W_cxᵀ + a⟨t−1⟩ W_caᵀ + b_c)
    (3) c = f ⊙ c⟨t−1⟩ + i ⊙ c̃
    (4) a = o ⊙ tanh c

    This is torch.nn.LSTM, whose blocks stand in the order i, f, c̃, o. b_f starts at 1
    (Gers et al.; Jozefowicz et al. 2015), so that f starts near σ(1) ≈ 0.73, and c fades more slowly.
    """

    source = "Gers et al. 2000"
    gate_names = ("i", "f", "o", "c")
    starts_open = "f"
    state_names = ("a", "c")

    def forward(self, params: Params, x: Input, steps: list[Step], state: State) -> tuple[Array, State, Cache]:
        """a (N, n_a), the state (a, c) after each name's last letter, and the cache."""
        # The gates hold x W_axᵀ + b_a until a step makes i, f, o and c̃ of it: in z_t, contiguous and so faster.
        gates, W_aa_T, (hidden_states, cell_states) = self.prepare(params, x, steps, state)
        N = gates.shape[1]
        a, c, tanh_c = hidden_states[-N:], cell_states[-N:], np.empty_like(gates[0])
        for step in steps:
            z_t = hidden_states[step.before] @ W_aa_T
            z_t += gates[:, step.now]
            sigmoid(z_t[:3], out=z_t[:3])  # (1)
            np.tanh(z_t[3], out=z_t[3])  # (2)
            i, f, o, c_tilde = gates[:, step.now] = z_t
            c[step.now] = f * cell_states[step.before] + i * c_tilde  # (3)
            tanh_c[step.now] = np.tanh(c[step.now])
            a[step.now] = o * tanh_c[step.now]  # (4)
        i, f, o, c_tilde = gates
        values = {"i": i, "f": f, "o": o, "c_tilde": c_tilde, "c": cell_states, "tanh_c": tanh_c, "a": hidden_states}
        return a, (last_rows(hidden_states, steps), last_rows(cell_states, steps)), Cache(x, steps, values)

    def backward(self, params: Params, cache: Cache, da: Array, d_final_state: State) -> CellGradients:
        """dx (for letters dE, or None), the gradients of the initial a and c, and those of the parameters.

        `da` comes from above, dh_next and dc_next from step t+1, at a name's last letter from `d_final_state`; ā and c̄
        are the whole gradients of a⟨t⟩ and c⟨t⟩:

        (4′) ā = da + dh_next, do = ā ⊙ tanh c
        (4′) c̄ = dc_next + ā ⊙ o (1 − tanh² c)
        (3′) di = c̄ ⊙ c̃, dc̃ = c̄ ⊙ i
        (3′) df = c̄ ⊙ c⟨t−1⟩, dc_next ← c̄ ⊙ f
        (2′) dz_c = dc̃ ⊙ (1 − c̃²)
        (1′) dz_k = dk ⊙ k (1 − k) for k = i, f, o
        (2′, 1′) dh_next ← dz W_aa

        Each dz is ā or c̄ times a factor that the forward pass has fixed, its local gradient: these are computed for
        all steps at once, and the loop multiplies them by ā or c̄.
        """
        x, steps, values = cache
        i, f, o, c_tilde, cell_states, tanh_c, hidden_states = values.values()
        W_aa = self.by_gate(params["W_aa"])
        dz = np.empty((4, *i.shape), i.dtype)  # the local gradients, until a step multiplies them
        dz[0] = sigmoid_derivative(i) * c_tilde  # (3′), (1′)
        dz[1] = sigmoid_derivative(f) * previous_rows(cell_states, steps)  # (3′), (1′)
        dz[2] = sigmoid_derivative(o) * tanh_c  # (4′), (1′)
        dz[3] = tanh_derivative(c_tilde) * i  # (3′), (2′)
        through_tanh = tanh_derivative(tanh_c) * o  # (4′)
        dh_next, dc_next = (d.copy() for d in d_final_state)
        for step in reversed(steps):
            a_bar = da[step.now] + dh_next[step.running]  # (4′)
            c_bar = dc_next[step.running] + a_bar * through_tanh[step.now]  # (4′)
            dz_t = dz[:, step.now]
            dz_t[:2] *= c_bar
            dz_t[2] *= a_bar
            dz_t[3] *= c_bar
            dh_next[step.running] = (dz_t @ W_aa).sum(axis=0)  # (2′, 1′)
            dc_next[step.running] = c_bar * f[step.now]  # (3′)
        dx, grads = self.sums_over_time(params, x, dz, dz, previous_rows(hidden_states, steps))
        return dx, (dh_next, dc_next), grads
