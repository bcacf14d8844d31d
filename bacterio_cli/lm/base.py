"""What can be stepped letter by letter: a net, a table (see `ngram`), or a mixture of them.

`start(n)` gives a state, `step(ids, state)` probabilities and the next state, `read` the probabilities of
a whole packed batch. A state is a flat tuple of arrays whose axis 0 is the row, so that dropping finished rows is
`tuple(s[rows] for s in state)` for every kind of model, or `tuple(GatheredRows(s, rows) for s in state)` where the
model is to choose the rows itself, which saves a copy. Probabilities are (n, n_y), rows sum to 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bacterio_cli.nn.cells import InitialState, State
from bacterio_cli.nn.layers import Array, Params
from bacterio_cli.nn.loss import softmax
from bacterio_cli.nn.models import Model


class LanguageModel(Protocol):
    """All that the sampler and the scorer know."""

    def start(self, n: int) -> State:
        """The state of n names before their first letter."""
        ...

    def step(self, ids: Array, state: InitialState) -> tuple[Array, State]:
        """P(next | letters so far) after reading `ids` (n,), and the state that includes them."""
        ...

    def read(self, x: Array, batch_sizes: Array) -> Array:
        """P(next | letters so far) at every row of a packed batch, (N, n_y)."""
        ...


@dataclass(frozen=True)
class Net:
    """A model together with its parameters. The forward pass is the one that trains."""

    model: Model
    params: Params

    def start(self, n: int) -> State:
        """Zeros, or a window of boundaries."""
        return self.model.start(n, self.params["W_ya"].dtype)

    def step(self, ids: Array, state: InitialState) -> tuple[Array, State]:
        """softmax of the logits of a single step."""
        z, after, _ = self.model.forward(self.params, ids, np.array([len(ids)]), state)
        return softmax(z), after

    def read(self, x: Array, batch_sizes: Array) -> Array:
        """softmax of the logits, every name from a fresh state."""
        return softmax(self.model.forward(self.params, x, batch_sizes)[0])
