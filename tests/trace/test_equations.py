"""The equations that `trace` shows: those of the code, with the shapes of its numbers."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import numpy as np
import pytest
from support.builders import RECURRENT, random_params

from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.nn.models import CELLS, CharRNN
from bacterio_cli.trace.bptt import trace
from bacterio_cli.trace.equations import (
    ABOVE,
    BACK,
    EMBEDDED,
    FORTH,
    ONE_HOT,
    RETURN,
    SLOPES,
    Equation,
    equations_of,
)


def said(homes: Sequence[object]) -> str:
    """The docstrings of these objects, with single blanks."""
    return " ".join(" ".join((inspect.getdoc(home) or "").split()) for home in homes)


EQUATIONS = [
    EMBEDDED, ONE_HOT, *ABOVE, *BACK, *SLOPES.values(),
    *(e for part in (FORTH, RETURN) for equations in part.values() for e in equations),
]  # fmt: skip


@pytest.mark.parametrize("equation", EQUATIONS, ids=lambda e: e.text)
def test_equations_are_those_of_the_code(equation: Equation) -> None:
    """Each equation and each source that is shown stands in the docstring of the code that computes it."""
    text, sources = said(equation.homes), equation.source.split("; ")
    assert equation.text in text
    assert all(source in text for source in sources)


def test_shapes_are_those_of_the_numbers() -> None:
    """The shape beside an equation is that of the vector with that name."""
    for name in ("rnn, tanh, one-hot", "gru, one-hot", "lstm, 2 layers"):
        model = RECURRENT[name]
        params = random_params(model, np.random.default_rng(5))
        vectors = trace(model, params, Vocabulary("abcde", True), "Becacdb").vectors(2)
        shapes = {equation.gives: shape for equation, shape in equations_of(model)}
        symbols = {"x": "x_t", "ŷ": "y_hat", "dz_y": "dz_y", "a": "0.a", "da": "0.da", "dh_next": "0.dh_next"}
        for gives, symbol in symbols.items():
            assert shapes[gives] == str(len(vectors[symbol])), gives
        assert shapes.get("i, f, o", "3×5") == "3×5"


def test_every_cell_has_its_equations() -> None:
    """Whoever adds a cell is told here that `trace` has nothing to say of it."""
    assert set(FORTH) == set(RETURN) == set(CELLS)


def test_a_plain_cell_has_the_slope_of_its_activation() -> None:
    """An RNN's equations have f′ of tanh, sigmoid or relu before dz, which needs it; gated cells have none."""
    for activation, slope in SLOPES.items():
        assert [e for e, _ in equations_of(CharRNN(6, 0, 5, 1, "rnn", activation))][-3] == slope
    assert not {e for e, _ in equations_of(CharRNN(6, 0, 5, 1, "gru"))} & set(SLOPES.values())
