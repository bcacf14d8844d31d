"""The equations that `trace` shows: those of the docstrings, with the shapes of the numbers."""

import re

import numpy as np
import pytest
from support.builders import RECURRENT, random_params

from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.nn.layers import ACTIVATIONS
from bacterio_cli.nn.models import CharRNN
from bacterio_cli.trace.bptt import trace
from bacterio_cli.trace.equations import NUMBER, equations_in, equations_of

ABOVE = ["z_y", "ŷ_i", "L", "dz_y", "da"]
STEPS = {
    "rnn": (["z⟨t⟩", "a⟨t⟩"], ["tanh′", "dz⟨t⟩", "dh_next"]),
    "gru": (["u", "r", "c̃", "a"], ["ā", "dc̃", "dz_c", "dz_r", "dz_u", "dh_next"]),
    "lstm": (["i,", "c̃", "c", "a"], ["ā", "c̄", "di", "df", "dz_c", "dz_k", "dh_next"]),
}


@pytest.mark.parametrize("cell", STEPS)
@pytest.mark.parametrize("n_x", [0, 3])
def test_all_equations_of_a_step_in_their_order(cell: str, n_x: int) -> None:
    """Forward and backward, each equation of the docstrings has a shape and a source, and no words around it."""
    found = equations_of(CharRNN(6, n_x, 5, 1, cell))
    forth, back = STEPS[cell]
    assert [NUMBER.sub("", e.text).split()[0] for e in found] == ["x", *forth, *ABOVE, *back]
    assert found[0].text == ("x = E[id]" if n_x else "x is one-hot: 1 at the letter, else 0")
    for equation in found[1:]:
        assert re.fullmatch(r"(\([^)]*\) )?\S.* [=←] [^`]*[^ .:,]", equation.text)
        assert re.fullmatch(r"T\d.*|(Cho|Gers) et al\. \d{4}", equation.source), equation.text


def test_an_equation_has_the_sources_beside_it() -> None:
    """What stands behind two spaces is its source, else the source is the cell's."""
    (a,) = (e for e in equations_of(CharRNN(6, 0, 5, 1, "rnn")) if "(4)" in e.text)
    (u,) = (e for e in equations_of(CharRNN(6, 0, 5, 1, "gru")) if "u = σ" in e.text)
    assert (a.text, a.source, u.source) == ("(4) a⟨t⟩ = f(z⟨t⟩)", "T1 eq. 4; T2", "Cho et al. 2014")


def test_shapes_are_those_of_the_numbers() -> None:
    """The shape beside an equation is that of the vector that it gives."""
    for name in ("rnn, tanh, one-hot", "gru, one-hot", "lstm, 2 layers"):
        model = RECURRENT[name]
        params = random_params(model, np.random.default_rng(5))
        vectors = trace(model, params, Vocabulary("abcde", True), "Becacdb").vectors(2)
        sizes = {"n_x": model.width, "n_a": model.n_a, "n_y": model.n_y}
        shapes = {re.split(" (?:=|is|←) |⟨", NUMBER.sub("", e.text))[0]: e.shape for e in equations_of(model)}
        symbols = {"x": "x_t", "z_y": "z", "ŷ_i": "y_hat", "dz_y": "dz_y"}
        symbols |= {gives: f"0.{gives}" for gives in ("a", "da", "dh_next")}
        for gives, symbol in symbols.items():
            assert sizes[shapes[gives]] == len(vectors[symbol]), gives
        assert shapes.get("i, f, o", "3 × n_a") == "3 × n_a"


def test_a_plain_cell_has_the_derivative_of_its_activation() -> None:
    """An RNN's equations have f′ of tanh, sigmoid or relu before dz, which needs it."""
    for activation, (_, derivative) in ACTIVATIONS.items():
        (slope,) = equations_in(derivative)
        assert equations_of(CharRNN(6, 0, 5, 1, "rnn", activation))[-3] == slope
