"""From a distribution to a letter: temperature, top-k, top-p, and the choice of the letter.

Distributions are (n, n_y), rows sum to 1.
"""

import numpy as np

from bacterio_cli.nn.layers import Array
from bacterio_cli.nn.loss import softmax


def choose(cumulative: Array, row: Array, uniform: Array) -> Array:
    """The letter in which each number u ∈ [0, 1) falls in its row: the first i with Σ_{k≤i} p_k > u.

    cumulative (m, n_y) holds these sums, row and u (n,) → (n,). The last sum stands for 1, whatever float32 made of it;
    a letter of probability 0 is never chosen.
    """
    sums = np.take(cumulative, row, axis=0)  # faster than cumulative[row]
    total = sums[:, -1]
    below = np.minimum(uniform.astype(sums.dtype) * total, np.nextafter(total, 0))
    return np.asarray((sums > below[:, None]).argmax(axis=1))


def temper(p: Array, temperature: float) -> Array:
    """p_i^{1/τ} / Σ_k p_k^{1/τ} = softmax(log p / τ): the distribution sharpened (τ < 1) or flattened (τ > 1).

    τ = 0 leaves the likeliest letter. Beyond 10^±30, where float32 would make τ 0 or infinite, τ changes nothing.
    """
    if temperature in (0, 1):
        return p if temperature else keep(p, 1)
    with np.errstate(divide="ignore"):
        return softmax(np.log(p) / min(max(temperature, 1e-30), 1e30))


def keep(p: Array, k: int | None = None, mass: float = np.inf) -> Array:
    """The k likeliest letters of each row, and of them the fewest that hold this share together, rescaled; of equal
    ones the first in the alphabet.  (Holtzman et al. 2020, eq. 2)"""
    order = np.argsort(-p, kind="stable")[:, :k]
    ranked = np.take_along_axis(p, order, axis=1)
    before = np.cumsum(ranked, axis=1) - ranked
    before[:, 0] = -np.inf  # the likeliest stays, whatever the mass
    kept = np.zeros_like(p)
    enough = before >= mass * ranked.sum(axis=1, keepdims=True)
    np.put_along_axis(kept, order, np.where(enough, 0, ranked), axis=1)
    return np.asarray(kept / kept.sum(axis=1, keepdims=True))
