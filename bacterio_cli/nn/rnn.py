"""The plain recurrent cell of the source texts T1 and T2 (see `bacterio_cli.nn`), forward beside backward."""

from dataclasses import dataclass

import numpy as np

from bacterio_cli.nn.cells import Cache, Cell, CellGradients, State, Step, last_rows, previous_rows
from bacterio_cli.nn.layers import ACTIVATIONS, Array, Input, Params


@dataclass(frozen=True)
class RNN(Cell):
    """The plain cell of T1 and T2, f = tanh, σ or relu. Columns are rows here, T1's p is z, T2's h is a. T1's numbers:

    (5) z⟨t⟩ = x⟨t⟩ W_axᵀ + a⟨t−1⟩ W_aaᵀ + b_a      (T1 eq. 5; T2)
    (4) a⟨t⟩ = f(z⟨t⟩)                              (T1 eq. 4; T2)
    """

    activation: str = "tanh"

    def forward(self, params: Params, x: Input, steps: list[Step], state: State) -> tuple[Array, State, Cache]:
        """a (N, n_a), the state after each name's last letter, and the cache."""
        f, _ = ACTIVATIONS[self.activation]
        (from_x,), (W_aa_T,), (hidden_states,) = self.prepare(params, x, steps, state)  # a plain cell is one gate
        a = hidden_states[-len(from_x) :]
        for step in steps:
            a[step.now] = f(from_x[step.now] + hidden_states[step.before] @ W_aa_T)  # (5), (4)
        return a, (last_rows(hidden_states, steps),), Cache(x, steps, {"a": hidden_states})

    def backward(self, params: Params, cache: Cache, da: Array, d_final_state: State) -> CellGradients:
        """dx (for letters dE, or None), the gradient of the initial state, and those of the parameters.

        With dh_next = ∂L/∂a⟨t⟩ through step t+1 (T2's name), which for a name's last letter is d_final_state:

        (4′) dz⟨t⟩ = (da⟨t⟩ + dh_next) ⊙ f′(z⟨t⟩)     (T2 eq. 7)
        (5′) dh_next ← dz⟨t⟩ W_aa                     (T1; T2 eq. 12–13)

        T1 writes f′ as a plain factor instead of diag(f′), T2 eq. 12 ∂u instead of ∂h. Later steps have not written to
        a name that ends at step t: its row of `dh_next` still holds d_final_state.
        """
        x, steps, values = cache
        hidden_states = values["a"]
        W_aa = params["W_aa"]
        _, derivative = ACTIVATIONS[self.activation]
        f_prime = derivative(hidden_states[-len(da) :])
        dz = np.empty_like(f_prime)
        dh_next = d_final_state[0].copy()
        for step in reversed(steps):
            dz[step.now] = (da[step.now] + dh_next[step.running]) * f_prime[step.now]  # (4′)
            dh_next[step.running] = dz[step.now] @ W_aa  # (5′)
        dx, grads = self.sums_over_time(params, x, dz[None], dz[None], previous_rows(hidden_states, steps))
        return dx, (dh_next,), grads
