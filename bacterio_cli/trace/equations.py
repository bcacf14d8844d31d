"""The equations of the nets, each with its shape and source: the one place that `trace` and `gradcheck` print from.

z are the pre-activations of a cell, z_y the logits, y the target, L the mean loss of N letters; ⟨t⟩ is time, and what
has no such mark is of step t; da comes from above, ā and c̄ are the whole ∂L/∂a and ∂L/∂c. T1–T4 are source texts, see
`bacterio_cli.nn`.
"""

from collections.abc import Iterable
from typing import NamedTuple

from bacterio_cli.nn.models import CharRNN


class Equation(NamedTuple):
    """The equation, the shape of its left side, and its source; one docstring in nn/ states both."""

    text: str
    shape: str
    source: str

    def __str__(self) -> str:
        return f"{self.text} ({self.source})" if self.source else self.text


CHO, GERS = "Cho et al. 2014", "Gers et al. 2000"
EMBEDDED = Equation("x = E[id]", "n_x", "")
ONE_HOT = Equation("x is one-hot: 1 at the letter, else 0", "n_x", "T1")
ABOVE = (
    Equation("z_y = a W_yaᵀ + b_y", "n_y", "T1 eq. 3; T2"),
    Equation("ŷ_i = e^{z_i} / Σ_k e^{z_k}", "n_y", "T1 eq. 2; T2; T3"),
    Equation("L = −(1/N) Σ_n Σ_i y_ni log ŷ_ni", "1", "T1 eq. 1; T2; T3"),
)
BACK = (
    Equation("dz_y = (ŷ − y) / N", "n_y", "T1; T2 eq. 3; T3"),
    Equation("da = dz_y W_ya", "n_a", "T1; T2 eq. 6; T3"),
)
DERIVATIVES = {
    "tanh": Equation("tanh′ z = 1 − tanh² z = 1 − a²", "n_a", "T1 a; T2 eq. 7"),
    "sigmoid": Equation("σ′(z) = σ(z) (1 − σ(z)) = a (1 − a)", "n_a", "T3"),
    "relu": Equation("relu′(z) = 1 where z > 0, else 0", "n_a", "T3"),
}
FORTH: dict[str, tuple[Equation, ...]] = {
    "rnn": (
        Equation("(5) z⟨t⟩ = x⟨t⟩ W_axᵀ + a⟨t−1⟩ W_aaᵀ + b_a", "n_a", "T1 eq. 5; T2"),
        Equation("(4) a⟨t⟩ = f(z⟨t⟩)", "n_a", "T1 eq. 4; T2"),
    ),
    "gru": (
        Equation("(1) u = σ(x W_uxᵀ + a⟨t−1⟩ W_uaᵀ + b_u)", "n_a", CHO),
        Equation("(2) r = σ(x W_rxᵀ + a⟨t−1⟩ W_raᵀ + b_r)", "n_a", CHO),
        Equation("p = a⟨t−1⟩ W_caᵀ", "n_a", CHO),
        Equation("(3) c̃ = tanh(x W_cxᵀ + b_c + r ⊙ p)", "n_a", CHO),
        Equation("(4) a = u ⊙ a⟨t−1⟩ + (1 − u) ⊙ c̃", "n_a", CHO),
    ),
    "lstm": (
        Equation("(1) i, f, o = σ(x W_•xᵀ + a⟨t−1⟩ W_•aᵀ + b_•)", "3 × n_a", GERS),
        Equation("(2) c̃ = tanh(x W_cxᵀ + a⟨t−1⟩ W_caᵀ + b_c)", "n_a", GERS),
        Equation("(3) c = f ⊙ c⟨t−1⟩ + i ⊙ c̃", "n_a", GERS),
        Equation("(4) a = o ⊙ tanh c", "n_a", GERS),
    ),
}
RETURN: dict[str, tuple[Equation, ...]] = {
    "rnn": (
        Equation("(4′) dz⟨t⟩ = (da⟨t⟩ + dh_next) ⊙ f′(z⟨t⟩)", "n_a", "T2 eq. 7"),
        Equation("(5′) dh_next = dz⟨t⟩ W_aa", "n_a", "T1; T2 eq. 12–13"),
    ),
    "gru": (
        Equation("ā = da + dh_next", "n_a", CHO),
        Equation("(4′) dc̃ = ā ⊙ (1 − u), du = ā ⊙ (a⟨t−1⟩ − c̃)", "n_a", CHO),
        Equation("dh_next = ā ⊙ u", "n_a", CHO),
        Equation("(3′) dz_c = dc̃ ⊙ (1 − c̃²)", "n_a", CHO),
        Equation("dp = dz_c ⊙ r, dr = dz_c ⊙ p", "n_a", CHO),
        Equation("(2′) dz_r = dr ⊙ r (1 − r)", "n_a", CHO),
        Equation("(1′) dz_u = du ⊙ u (1 − u)", "n_a", CHO),
        Equation("dh_next += [dz_u, dz_r, dp] W_aa", "n_a", CHO),
    ),
    "lstm": (
        Equation("ā = da + dh_next", "n_a", GERS),
        Equation("(4′) do = ā ⊙ tanh c", "n_a", GERS),
        Equation("c̄ = dc_next + ā ⊙ o (1 − tanh² c)", "n_a", GERS),
        Equation("(3′) di = c̄ ⊙ c̃, dc̃ = c̄ ⊙ i", "n_a", GERS),
        Equation("df = c̄ ⊙ c⟨t−1⟩, dc_next = c̄ ⊙ f", "n_a", GERS),
        Equation("(2′) dz_c = dc̃ ⊙ (1 − c̃²)", "n_a", GERS),
        Equation("(1′) dz_• = d• ⊙ • (1 − •) for i, f, o", "3 × n_a", GERS),
        Equation("dh_next = dz W_aa", "n_a", GERS),
    ),
}


def equations_of(model: CharRNN) -> list[Equation]:
    """The equations of one step there and back, in the order of computation."""
    slope = (DERIVATIVES[model.activation],) if model.cell == "rnn" else ()
    below = EMBEDDED if model.n_x else ONE_HOT
    return [below, *FORTH[model.cell], *ABOVE, *BACK, *slope, *RETURN[model.cell]]


# What the gradient of each parameter, input and initial state is, by the last part of its name; then where a gated cell
# has another equation, or its own source.
GRADIENTS = {
    "E": "dE[v] = Σ_t dx⟨t⟩ where the letter is v",
    "W_ax": "dW_ax = Σ_t dz⟨t⟩ᵀ x⟨t⟩ (T1 ∂a/∂W_ax; T2 eq. 9)",
    "W_aa": "dW_aa = Σ_t dz⟨t⟩ᵀ a⟨t−1⟩ (T1 ∂a/∂W_aa; T2 eq. 11)",
    "b_a": "db_a = Σ_t dz⟨t⟩ (T1 ∂a/∂b_a)",
    "W_ya": "dW_ya = Σ_t dz_y⟨t⟩ᵀ a⟨t⟩ (T1 ∂L/∂W_ya; T2 eq. 5)",
    "b_y": "db_y = Σ_t dz_y⟨t⟩ (T1 ∂L/∂b_y)",
    "x": "dx⟨t⟩ = dz⟨t⟩ W_ax (T3 dL/dx)",
    "a_0": "ā⟨0⟩ = dz⟨1⟩ W_aa (T1 ∂a⟨t⟩/∂a⟨t−1⟩; T2 eq. 13)",
    "W": "dW_l = (δ ⊙ f′)ᵀ h_l−1 (T4)",
    "b": "db_l = Σ (δ ⊙ f′) (T4)",
}
GATED = {
    "gru": {
        "W_ax": f"dW_ax = Σ_t dz⟨t⟩ᵀ x⟨t⟩ ({CHO})",
        "W_aa": f"dW_aa = Σ_t [dz_u, dz_r, dp]⟨t⟩ᵀ a⟨t−1⟩ ({CHO})",
        "b_a": f"db_a = Σ_t dz⟨t⟩ ({CHO})",
        "a_0": f"ā⟨0⟩ = ā⟨1⟩ ⊙ u⟨1⟩ + [dz_u, dz_r, dp]⟨1⟩ W_aa ({CHO})",
    },
    "lstm": {
        "W_ax": f"dW_ax = Σ_t dz⟨t⟩ᵀ x⟨t⟩ ({GERS})",
        "W_aa": f"dW_aa = Σ_t dz⟨t⟩ᵀ a⟨t−1⟩ ({GERS})",
        "b_a": f"db_a = Σ_t dz⟨t⟩ ({GERS})",
        "a_0": f"ā⟨0⟩ = dz⟨1⟩ W_aa ({GERS})",
        "c_0": f"c̄⟨0⟩ = c̄⟨1⟩ ⊙ f⟨1⟩ ({GERS})",
    },
}


def gradient_equations(names: Iterable[str], arch: str) -> dict[str, str]:
    """The equation of each gradient with its source, found by the part of its name behind the layer's number."""
    known = GRADIENTS | GATED.get(arch, {})
    return {name: known[name.rpartition(".")[2]] for name in names}
