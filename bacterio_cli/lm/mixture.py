"""Several language models as one: P = Σ_k w_k P_k, with weights chosen on held-out letters."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bacterio_cli.lm.base import LanguageModel, Net
from bacterio_cli.nn.cells import State
from bacterio_cli.nn.layers import Array


@dataclass(frozen=True)
class Mixture:
    """P = Σ_k w_k P_k with Σ w = 1; an average of several nets is a mixture with equal weights."""

    parts: tuple[LanguageModel, ...]
    weights: tuple[float, ...]

    def start(self, n: int) -> State:
        """The states of all parts, one behind the other."""
        return tuple(s for part in self.parts for s in part.start(n))

    def step(self, ids: Array, state: State) -> tuple[Array, State]:
        """Each part steps its own state; the probabilities are added with their weights."""
        total: Array | float = 0.0
        after: State = ()
        for part, weight in zip(self.parts, self.weights, strict=True):
            begin, size = len(after), len(part.start(0))
            p, own = part.step(ids, state[begin : begin + size])
            total, after = total + weight * p, after + own
        return np.asarray(total), after


def mixture_of(parts: Sequence[LanguageModel | None], weights: Sequence[float]) -> LanguageModel:
    """The mixture, without the parts that have no weight; the part itself if only one is left."""
    used = [(part, weight) for part, weight in zip(parts, weights, strict=True) if part is not None and weight > 0]
    if len(used) == 1:
        return used[0][0]
    return Mixture(tuple(part for part, _ in used), tuple(weight for _, weight in used))


def in_double_precision(model: LanguageModel) -> LanguageModel:
    """The same nets in float64: their figures are the same to many digits, whatever is computed beside them.

    In float32 the last of eight digits depends on how many rows a matrix product has.
    """
    if isinstance(model, Mixture):
        return Mixture(tuple(map(in_double_precision, model.parts)), model.weights)
    if isinstance(model, Net):
        params = {name: p.astype(np.float64) for name, p in model.params.items()}
        return Net(model.model, params, tuple(s.astype(np.float64) for s in model.initial_state))
    return model


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
    w = np.ones(len(p))  # their proportions are all that counts
    for _ in range(1000):
        share = w[:, None] * p
        counts = (share / share.sum(axis=0)).sum(axis=1) + prior
        updated = counts / counts.sum()
        if np.abs(updated - w).max() < 1e-6:
            break
        w = updated
    return w
