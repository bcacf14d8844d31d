"""What can be stepped letter by letter: the interface, and a net behind it.

`start(n)` gives the state of n names, `step(ids, state)` the probabilities of the next letter and the next state. A
state is a flat tuple of arrays whose axis 0 is the row, so that dropping finished names is
`tuple(s[rows] for s in state)` for every kind of model. Probabilities are (n, n_y), rows sum to 1.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bacterio_cli.nn.cells import State
from bacterio_cli.nn.layers import Array, Params
from bacterio_cli.nn.loss import softmax
from bacterio_cli.nn.models import Model


class LanguageModel(Protocol):
    """What the sampler and the scorer know of a model."""

    def start(self, n: int) -> State:
        """The state of n names before their first letter."""

    def step(self, ids: Array, state: State) -> tuple[Array, State]:
        """P(next | letters so far) after reading `ids` (n,), and the state that includes them."""


@dataclass(frozen=True)
class Net:
    """A model together with its parameters. The forward pass is the one that trains."""

    model: Model
    params: Params
    # The state (1, …) from which a name begins, if not from zeros: a net that was trained on a text, with the state
    # carried from name to name, has hardly ever seen zeros.
    initial_state: State = ()

    def start(self, n: int) -> State:
        """`initial_state` for each name; without one zeros, or a window of boundaries."""
        if self.initial_state:
            return tuple(np.repeat(s, n, axis=0) for s in self.initial_state)
        return self.model.start(n, self.params["W_ya"].dtype)

    def step(self, ids: Array, state: State) -> tuple[Array, State]:
        """softmax of the logits of a single step."""
        z, after, _ = self.model.forward(self.params, ids, np.array([len(ids)]), state)
        return softmax(z), after
