"""The equations of the nets with their shapes and sources, for `trace` and `gradcheck` to print.

Those of a step are read from the docstrings of nn/, which derive them. There an equation stands on a line of its own,
with its number before it or, behind two spaces or more, its sources in brackets.
"""

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from bacterio_cli.nn.layers import ACTIVATIONS
from bacterio_cli.nn.loss import cross_entropy, cross_entropy_backward, softmax
from bacterio_cli.nn.models import CELLS, CharRNN, LetterModel

NUMBER = re.compile(r"\(\d′?[^)]*\) ")
SHAPES = {"x": "n_x", "z_y": "n_y", "ŷ_i": "n_y", "L": "1", "dz_y": "n_y", "i, f, o": "3 × n_a", "dz_k": "3 × n_a"}


class Equation(NamedTuple):
    """The equation, the shape of its left side, n_a for most, and its source."""

    text: str
    shape: str
    source: str

    def __str__(self) -> str:
        return f"{self.text} ({self.source})"


def equations_in(documented: Any, source: str = "") -> Iterator[Equation]:
    """The equations that a docstring states; `source` is that of those with a number alone."""
    for line in (inspect.getdoc(documented) or "").splitlines():
        text, _, cited = line.strip().partition("  ")
        if cited or NUMBER.match(text):
            shape = SHAPES.get(NUMBER.sub("", text).split(" = ")[0], "n_a")
            yield Equation(text.removesuffix("."), shape, cited.strip(" ()") or source)


def equations_of(model: CharRNN) -> list[Equation]:
    """The equations of one step there and back, in the order of computation."""
    cell, (_, derivative) = CELLS[model.cell], ACTIVATIONS[model.activation]
    one_hot = Equation("x is one-hot: 1 at the letter, else 0", "n_x", "")
    logits, from_above = equations_in(LetterModel)
    return [
        Equation("x = E[id]", "n_x", "") if model.n_x else one_hot,
        *equations_in(cell, cell.source),
        logits,
        *(equation for step in (softmax, cross_entropy, cross_entropy_backward) for equation in equations_in(step)),
        from_above,
        *(equations_in(derivative) if model.cell == "rnn" else ()),
        *equations_in(cell.backward, cell.source),
    ]


# What the gradient of each parameter, input and initial state is, by the last part of its name. Gated cells have their
# own source for all of theirs, and these other equations.
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
    "gru": {"W_aa": "dW_aa = Σ_t [dz_u, dz_r, dp]⟨t⟩ᵀ a⟨t−1⟩", "a_0": "ā⟨0⟩ = ā⟨1⟩ ⊙ u⟨1⟩ + [dz_u, dz_r, dp]⟨1⟩ W_aa"},
    "lstm": {"c_0": "c̄⟨0⟩ = c̄⟨1⟩ ⊙ f⟨1⟩"},
}


def gradient_equations(names: Iterable[str], arch: str) -> dict[str, str]:
    """The equation of each gradient with its source, found by the part of its name behind the layer's number."""
    known = GRADIENTS
    if arch in GATED:
        plain = {name: known[name].partition(" (")[0] for name in ("W_ax", "W_aa", "b_a", "a_0")}
        own = (plain | GATED[arch]).items()
        known = known | {name: f"{equation} ({CELLS[arch].source})" for name, equation in own}
    return {name: known[name.rpartition(".")[2]] for name in names}
