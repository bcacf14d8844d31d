"""Random models and packed batches for the tests, at a scale where a wrong factor shows.

No two sizes agree: B = 4 names of up to T = 7 letters, 6 letters in the alphabet, embedding 3, 5 units.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from bacterio_cli.gradcheck.cases import random_state
from bacterio_cli.nn.cells import State
from bacterio_cli.nn.layers import Array, Params, dropout_mask
from bacterio_cli.nn.models import CharRNN, Model, WindowMLP, shapes

LENGTHS = (7, 5, 5, 2)  # longest first, as a packed batch has them
SCALE = 0.5

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
    return {name: SCALE * rng.standard_normal(shape) for name, shape in shapes(model).items()}


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


class Example(NamedTuple):
    """A model with everything that its loss depends on."""

    model: Any  # CharRNN or WindowMLP
    params: Params
    x: Array
    batch_sizes: Array
    targets: Array
    state: State | None
    masks: list[Array] | None


def example(
    model: Model, seed: int, *, lengths: tuple[int, ...] = LENGTHS, soft: bool = False, masked: bool = False
) -> Example:
    """A random batch for a model: targets are ids, or distributions if `soft`."""
    rng = np.random.default_rng(seed)
    N = sum(lengths)
    x, batch_sizes = pack([rng.integers(0, model.n_y, n) for n in lengths])
    targets = rng.dirichlet(np.ones(model.n_y), N) if soft else rng.integers(0, model.n_y, N)
    masks = [dropout_mask(rng, (N, model.n_a), 0.3, np.float64) for _ in range(model.layers)] if masked else None
    state = random_state(model, rng, len(lengths), SCALE)
    return Example(model, random_params(model, rng), x, batch_sizes, targets, state, masks)
