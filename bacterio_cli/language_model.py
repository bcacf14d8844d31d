"""What can be stepped letter by letter: a net, a table (see `ngram`), or a mixture of them.

`start(n)` gives a state, `step(ids, state)` probabilities and the next state, `read` the probabilities of
a whole packed batch. A state is a flat tuple of arrays whose axis 0 is the row, so that dropping finished rows is
`tuple(s[rows] for s in state)` for every kind of model, or `tuple(Rows(s, rows) for s in state)` where the model is
to choose the rows itself, which saves a copy. Probabilities are (n, n_y), rows sum to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from bacterio_cli.nn.cells import Given, State
from bacterio_cli.nn.layers import Array, Params
from bacterio_cli.nn.loss import softmax
from bacterio_cli.nn.models import Model


class LanguageModel(Protocol):
    """All that the sampler and the scorer know."""

    def start(self, n: int) -> State:
        """The state of n names before their first letter."""
        ...

    def step(self, ids: Array, state: Given) -> tuple[Array, State]:
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

    def step(self, ids: Array, state: Given) -> tuple[Array, State]:
        """softmax of the logits of a single step."""
        z, after, _ = self.model.forward(self.params, ids, np.array([len(ids)]), state)
        return softmax(z), after

    def read(self, x: Array, batch_sizes: Array) -> Array:
        """softmax of the logits, every name from a fresh state."""
        return softmax(self.model.forward(self.params, x, batch_sizes)[0])


@dataclass(frozen=True)
class Mixture:
    """P = Σ_k w_k P_k with Σ w = 1; an average of several nets is a mixture with equal weights."""

    parts: tuple[LanguageModel, ...]
    weights: tuple[float, ...]

    @cached_property
    def cuts(self) -> list[tuple[int, int]]:
        """Where each part's arrays stand in the state."""
        ends = np.cumsum([len(part.start(0)) for part in self.parts]).tolist()
        return list(zip([0, *ends], ends, strict=False))

    def start(self, n: int) -> State:
        """The states of all parts, one behind the other."""
        return tuple(s for part in self.parts for s in part.start(n))

    def step(self, ids: Array, state: Given) -> tuple[Array, State]:
        """Each part steps its own state; the probabilities are added with their weights."""
        total: Array | float = 0.0
        after: State = ()
        for part, weight, (begin, end) in zip(self.parts, self.weights, self.cuts, strict=True):
            p, own = part.step(ids, state[begin:end])
            total, after = total + np.float32(weight) * p, after + own
        return np.asarray(total), after

    def read(self, x: Array, batch_sizes: Array) -> Array:
        """The same over a packed batch."""
        return np.asarray(
            sum(np.float32(w) * part.read(x, batch_sizes) for part, w in zip(self.parts, self.weights, strict=True))
        )


def mixture_of(parts: Sequence[LanguageModel], weights: Sequence[float]) -> LanguageModel:
    """The mixture, without the parts that have no weight; the part itself if only one is left."""
    used = [(part, weight) for part, weight in zip(parts, weights, strict=True) if weight > 0]
    if len(used) == 1:
        return used[0][0]
    return Mixture(tuple(part for part, _ in used), tuple(weight for _, weight in used))


def average(nets: Sequence[LanguageModel]) -> LanguageModel:
    """Several nets with equal weights."""
    return mixture_of(nets, [1 / len(nets)] * len(nets))


def fit_weights(p: Array) -> tuple[float, ...]:
    """The weights w of a mixture that make held-out letters likeliest; p (K, N) is what each part gives them.

    Expectation maximisation (Dempster et al. 1977, sec. 4.3): w_k ∝ √N + Σ_n w_k p_kn / Σ_j w_j p_jn. The √N is a
    prior for equal shares, of the size of a count's standard error; it vanishes beside N letters, and it is left out
    where the mixture would be worse than its best part.
    """
    weights = maximise(p, prior=np.sqrt(p.shape[1]))
    if np.log(weights @ p).mean() < np.log(p).mean(axis=1).max():  # one part is so much better that any share costs
        weights = maximise(p, prior=0.0)
    *others, _ = (round(float(w), 4) for w in weights)
    return (*others, round(1 - sum(others), 4))


def maximise(p: Array, prior: float) -> Array:
    """The fixed point of w_k ∝ prior + Σ_n w_k p_kn / Σ_j w_j p_jn, from equal shares."""
    w = np.full(len(p), 1 / len(p))
    for _ in range(1000):
        share = w[:, None] * p
        counts = (share / share.sum(axis=0)).sum(axis=1) + prior
        updated = counts / counts.sum()
        if np.abs(updated - w).max() < 1e-6:
            break
        w = updated
    return w


def temper(p: Array, temperature: float) -> Array:
    """p_i^{1/τ} / Σ_k p_k^{1/τ}, the final distribution sharpened (τ < 1) or flattened (τ > 1).

    In logarithms less the row's largest, so that no τ > 0 overflows: the likeliest letter has exponent 0.
    Beyond 10^±30, where float32 would make τ 0 or infinite, τ changes nothing any more. Letters come first on the
    way, as in `softmax`.
    """
    if temperature == 1:
        return p
    temperature = min(max(temperature, 1e-30), 1e30)
    with np.errstate(divide="ignore", over="ignore"):
        log_p = np.log(np.ascontiguousarray(p.T))
        powers: Array = np.exp((log_p - log_p.max(axis=0)) / temperature)
    powers /= powers.sum(axis=0)
    return powers.T


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
    before[:, 0] = -1  # the likeliest stays, whatever the mass
    kept = np.zeros_like(p)
    np.put_along_axis(kept, order, np.where(before < mass, ranked, 0), axis=1)
    return np.asarray(kept / kept.sum(axis=1, keepdims=True))
