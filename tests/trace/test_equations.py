"""The equations that `trace` shows: those of the code, with the shapes of its numbers."""

import inspect
import re

import numpy as np
import pytest
from support.builders import RECURRENT, random_params

from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.nn import activations, cells, gru, layers, loss, lstm, models, rnn
from bacterio_cli.nn.models import CELLS, CharRNN
from bacterio_cli.trace import equations
from bacterio_cli.trace.bptt import trace
from bacterio_cli.trace.equations import DERIVATIVES, FORTH, RETURN, Equation, equations_of


def docstrings() -> list[str]:
    """Those of nn/, with single blanks: of each function, each class, and each method behind that of its class."""
    found = []
    for module in (activations, cells, gru, layers, loss, lstm, models, rnn):
        for own in vars(module).values():
            if getattr(own, "__module__", None) == module.__name__:
                doc = inspect.getdoc(own) or ""
                methods = vars(own).values() if inspect.isclass(own) else ()
                found += [doc, *(f"{inspect.getdoc(method)} {doc}" for method in methods if inspect.isfunction(method))]
    return [" ".join(doc.split()) for doc in found]


EQUATIONS = [
    equations.EMBEDDED, equations.ONE_HOT, *equations.ABOVE, *equations.BACK, *DERIVATIVES.values(),
    *(e for part in (FORTH, RETURN) for own in part.values() for e in own),
]  # fmt: skip


@pytest.mark.parametrize("equation", EQUATIONS, ids=lambda e: e.text)
def test_equations_are_those_of_the_code(equation: Equation) -> None:
    """Each equation and its sources stand together in the docstring of the code that computes it."""
    sources = equation.source.split("; ")
    assert any(equation.text in doc and all(source in doc for source in sources) for doc in docstrings())


def test_shapes_are_those_of_the_numbers() -> None:
    """The shape beside an equation is that of the vector that it gives."""
    for name in ("rnn, tanh, one-hot", "gru, one-hot", "lstm, 2 layers"):
        model = RECURRENT[name]
        params = random_params(model, np.random.default_rng(5))
        vectors = trace(model, params, Vocabulary("abcde", True), "Becacdb").vectors(2)
        sizes = {"n_x": model.width, "n_a": model.n_a, "n_y": model.n_y}
        shapes = {re.match(r"(\(\d′?\) )?([^\s⟨]+)", e.text)[2]: e.shape for e in equations_of(model)}
        symbols = {"x": "x_t", "z_y": "z", "ŷ_i": "y_hat", "dz_y": "dz_y"}
        symbols |= {gives: f"0.{gives}" for gives in ("a", "da", "dh_next")}
        for gives, symbol in symbols.items():
            assert sizes[shapes[gives]] == len(vectors[symbol]), gives
        assert shapes.get("i,", "3 × n_a") == "3 × n_a"


def test_every_cell_has_its_equations() -> None:
    """Whoever adds a cell is told here that `trace` has nothing to say of it."""
    assert set(FORTH) == set(RETURN) == set(CELLS)


def test_a_plain_cell_has_the_derivative_of_its_activation() -> None:
    """An RNN's equations have f′ of tanh, sigmoid or relu before dz, which needs it; gated cells have none."""
    for activation, slope in DERIVATIVES.items():
        assert equations_of(CharRNN(6, 0, 5, 1, "rnn", activation))[-3] == slope
    assert not set(equations_of(CharRNN(6, 0, 5, 1, "gru"))) & set(DERIVATIVES.values())
