"""Random models and packed batches for the tests, at a scale where a wrong factor shows.

No two sizes agree: B = 4 names of up to T = 7 letters, 6 letters in the alphabet, embedding 3, 5 units.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bacterio_cli.gradcheck.cases import Example, random_example, random_values
from bacterio_cli.nn.layers import Array, Params
from bacterio_cli.nn.models import CharRNN, Model, WindowMLP, shapes

LENGTHS = (7, 5, 5, 2)  # longest first, as a packed batch has them

MODELS: dict[str, Model] = {
    "rnn, tanh, one-hot": CharRNN(6, 0, 5, 1, "rnn", "tanh"),
    "rnn, sigmoid, 2 layers": CharRNN(6, 3, 5, 2, "rnn", "sigmoid"),
    "rnn, relu": CharRNN(6, 3, 5, 1, "rnn", "relu"),
    "gru, one-hot": CharRNN(6, 0, 5, 1, "gru"),
    "gru, 2 layers": CharRNN(6, 3, 5, 2, "gru"),
    "lstm, one-hot": CharRNN(6, 0, 5, 1, "lstm"),
    "lstm, 2 layers": CharRNN(6, 3, 5, 2, "lstm"),
    "mlp, tanh, one-hot": WindowMLP(6, 0, 5, 1, 3, "tanh"),
    "mlp, sigmoid": WindowMLP(6, 3, 5, 1, 4, "sigmoid"),
    "mlp, relu, 2 layers": WindowMLP(6, 3, 5, 2, 3, "relu"),
}
RECURRENT: dict[str, CharRNN] = {name: model for name, model in MODELS.items() if isinstance(model, CharRNN)}
WINDOWED: dict[str, WindowMLP] = {name: model for name, model in MODELS.items() if isinstance(model, WindowMLP)}


def random_params(model: Model, rng: np.random.Generator) -> Params:
    """Every parameter random and in float64, biases included."""
    return random_values(rng, shapes(model))


def pack(rows: Sequence[Any]) -> tuple[Array, Array]:
    """Sequences, longest first, as one array in packed order and its batch sizes."""
    steps = [[row[t] for row in rows if len(row) > t] for t in range(len(rows[0]))]
    return np.array([value for step in steps for value in step]), np.array([len(step) for step in steps])


def unpack(packed: Array, batch_sizes: Array) -> list[Array]:
    """The sequences that `pack` laid side by side."""
    edges = np.concatenate([[0], np.cumsum(batch_sizes)])
    return [
        np.array([packed[edges[t] + k] for t in range(len(batch_sizes)) if batch_sizes[t] > k])
        for k in range(batch_sizes[0])
    ]


def example(
    model: Model, seed: int, *, lengths: tuple[int, ...] = LENGTHS, soft: bool = False, masked: bool = False
) -> Example:
    """A random batch for a model: targets are ids, or distributions if `soft`."""
    _, batch_sizes = pack([range(n) for n in lengths])
    return random_example(model, np.random.default_rng(seed), batch_sizes, soft=soft, masked=masked)
