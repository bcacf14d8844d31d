"""What can be stepped letter by letter: `start(n)` gives a state, `step(ids, state)` probabilities and the next state.

A state is a flat tuple of arrays whose axis 0 is the row, so that dropping finished rows is
`tuple(s[rows] for s in state)` for every kind of model. Probabilities are (n, n_y), rows sum to 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bacterio_cli.nn.cells import State
from bacterio_cli.nn.layers import Array, Params
from bacterio_cli.nn.loss import softmax
from bacterio_cli.nn.models import Model


class LanguageModel(Protocol):
    """All that the sampler and the scorer know."""

    def start(self, n: int) -> State:
        """The state of n names before their first letter."""
        ...

    def step(self, ids: Array, state: State) -> tuple[Array, State]:
        """P(next | letters so far) after reading `ids` (n,), and the state that includes them."""
        ...


@dataclass(frozen=True)
class Net:
    """A model together with its parameters. The forward pass is the one that trains, on a single step."""

    model: Model
    params: Params

    def start(self, n: int) -> State:
        """Zeros, or a window of boundaries."""
        return self.model.start(n, self.params["W_ya"].dtype)

    def step(self, ids: Array, state: State) -> tuple[Array, State]:
        """softmax of the logits."""
        z, state, _ = self.model.forward(self.params, ids, np.array([len(ids)]), state)
        return softmax(z), state


def temper(p: Array, temperature: float) -> Array:
    """p_i^{1/τ} / Σ_k p_k^{1/τ}, the final distribution sharpened (τ < 1) or flattened (τ > 1).

    In logarithms less the row's largest, so that no τ > 0 overflows: the likeliest letter has exponent 0.
    """
    if temperature == 1:
        return p
    with np.errstate(divide="ignore", over="ignore"):
        log_p = np.log(p)
        powers: Array = np.exp((log_p - log_p.max(axis=1, keepdims=True)) / temperature)
    powers /= powers.sum(axis=1, keepdims=True)
    return powers


def keep_top_k(p: Array, k: int) -> Array:
    """The k likeliest letters of each row, rescaled; of equal ones the first in the alphabet."""
    if k >= p.shape[1]:
        return p
    chosen = np.argsort(-p, axis=1, kind="stable")[:, :k]
    kept = np.zeros_like(p)
    np.put_along_axis(kept, chosen, np.take_along_axis(p, chosen, axis=1), axis=1)
    return np.asarray(kept / kept.sum(axis=1, keepdims=True))


def keep_top_p(p: Array, mass: float) -> Array:
    """The fewest likeliest letters of each row that hold `mass` together, rescaled (Holtzman et al. 2020, eq. 2)."""
    order = np.argsort(-p, axis=1, kind="stable")
    ranked = np.take_along_axis(p, order, axis=1)
    before = np.cumsum(ranked, axis=1) - ranked
    kept = np.zeros_like(p)
    np.put_along_axis(kept, order, np.where(before < mass, ranked, 0), axis=1)
    return np.asarray(kept / kept.sum(axis=1, keepdims=True))
