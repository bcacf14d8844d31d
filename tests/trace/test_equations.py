"""What `trace` and `gradcheck` print of gradients, evaluated as it is printed and held against the numbers."""

from __future__ import annotations

import re

import numpy as np
import pytest
from support.builders import random_params

from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.nn.models import CELLS, CharRNN
from bacterio_cli.trace.bptt import trace
from bacterio_cli.trace.equations import gradient_equations

NAME = "abcab"
SYMBOL = re.compile(r"(\[[^]]+\]|[a-z_]+)⟨(t−1|t|1)⟩(ᵀ?)")


def evaluated(
    text: str, numbers: dict[tuple[str, int], np.ndarray], weights: dict[str, np.ndarray], T: int
) -> np.ndarray:
    """The right side of an equation, its products and sums taken as they are written."""
    right = text.partition(" = ")[2].partition(" (")[0]
    over_time = right.startswith("Σ_t ")
    code = SYMBOL.sub(lambda m: f"V('{m[1]}', '{m[2]}'){'.T' if m[3] else ''}", right.removeprefix("Σ_t "))
    code = re.sub(r"(?<=\)|T) (?=V|W)", " @ ", code).replace("⊙", "*")

    def at(t: int) -> np.ndarray:
        def value(symbol: str, when: str) -> np.ndarray:
            place = {"t": t, "t−1": t - 1, "1": 1}[when]
            parts = [numbers[part, place] for part in symbol.strip("[]").split(", ")]
            return np.concatenate(parts)[None]

        return eval(code, {"V": value, **weights})

    return sum(at(t) for t in range(1, T + 1)) if over_time else at(1)


@pytest.mark.parametrize("cell", CELLS)
def test_printed_equations_give_the_gradients(cell: str) -> None:
    """dW_ax, dW_aa, db_a, dW_ya, db_y and the gradient of the initial state, from the numbers of the steps."""
    vocabulary = Vocabulary("abc", capitalised=False)
    model = CharRNN(vocabulary.n_y, 2, 3, 1, cell)
    params = random_params(model, np.random.default_rng(3))
    found, T = trace(model, params, vocabulary, NAME), len(NAME) + 1
    numbers: dict[tuple[str, int], np.ndarray] = {("a", 0): np.zeros(3)}
    for t in range(1, T + 1):
        own = {name.removeprefix("0."): value for name, value in found.vectors(t).items()}
        own |= {"x": own["x_t"], "dz_y": own["dz_y"], "da": own["da"] + own["dh_next"]}
        if cell == "gru":
            own["dh"] = own["dz_c"] * own["r"]  # (3′)
        if cell == "lstm":
            own["dc"] = own["dc_next"] + own["da"] * own["o"] * (1 - own["tanh_c"] ** 2)  # (4′)
        if cell != "rnn":
            own["dz"] = np.concatenate([own[f"dz_{gate}"] for gate in model.cells[0].gates])
        numbers |= {(name, t): value for name, value in own.items()}
    weights = {name.removeprefix("0."): value for name, value in params.items()}
    last = model.cells[0]
    layer = found.back.layers[0][0]
    initial = last.backward(params, found.steps[0].caches[0], layer.da[None], tuple(s[None] for s in layer.dh_next))[1]
    expected = {**found.back.grads, "0.a_0": initial[0]} | ({"0.c_0": initial[1]} if cell == "lstm" else {})
    equations = gradient_equations([name for name in expected if name != "E"], cell)
    for name, text in equations.items():
        np.testing.assert_allclose(
            evaluated(text, numbers, weights, T).reshape(expected[name].shape), expected[name], rtol=1e-10, atol=1e-14
        )


@pytest.mark.parametrize(("cell", "paper"), [("gru", "Cho et al. 2014"), ("lstm", "Gers et al. 2000")])
def test_gated_cells_cite_their_own_papers(cell: str, paper: str) -> None:
    """The rows of a gated cell name its paper, those of the output the source texts."""
    shown = gradient_equations(["0.W_ax", "0.W_aa", "0.b_a", "0.a_0", "W_ya"], cell)
    assert all(paper in text for name, text in shown.items() if name != "W_ya")
    assert "T2 eq. 5" in shown["W_ya"]
