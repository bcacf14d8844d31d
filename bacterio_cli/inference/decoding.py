"""From a distribution to a letter: temperature, top-k, top-p, and the draw itself.

Distributions are (n, n_y), rows sum to 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from bacterio_cli.errors import BacterioError
from bacterio_cli.lm.threads import in_chunks
from bacterio_cli.nn.layers import Array
from bacterio_cli.nn.loss import softmax

if TYPE_CHECKING:
    from bacterio_cli.inference.sampler import SamplingParams

CHOSEN = 8_192  # names that choose a letter at once


def shaper(request: SamplingParams) -> Callable[[Array], Array]:
    """What temperature, top-k and top-p, in this order, make of the final distribution, from which letters are drawn.

    Raises BacterioError where that is not finite.
    """

    def shape(p: Array) -> Array:
        if not np.isfinite(p).all():
            raise BacterioError("the model's probabilities are not finite: its weights are beyond use; train anew")
        p = temper(p, request.temperature) if request.temperature else keep_likeliest(p)
        if request.top_k is not None:
            p = keep_top_k(p, request.top_k)
        if request.top_p is not None:
            p = keep_top_p(p, request.top_p)
        return p

    return shape


def keep_likeliest(p: Array) -> Array:
    """All weight on the likeliest letter of each row, the first in the alphabet of equal ones."""
    return np.asarray(np.arange(p.shape[1]) == p.argmax(axis=1)[:, None], p.dtype)


def choose(cumulative: Array, row: Array, uniform: Array) -> Array:
    """The letter in which each number u ∈ [0, 1) falls in its row: the first i with Σ_{k≤i} p_k > u.

    cumulative (m, n_y) holds these sums, row and u (n,) → (n,). The last sum stands for 1, whatever float32 made of it;
    a letter of probability 0 is never chosen.
    """
    chosen = np.empty(len(row), np.intp)

    def work(names: slice) -> None:
        sums = np.take(cumulative, row[names], axis=0)  # faster than cumulative[row]
        whole = sums[:, -1]
        below = np.minimum(uniform[names].astype(sums.dtype) * whole, np.nextafter(whole, 0, dtype=sums.dtype))
        chosen[names] = (sums > below[:, None]).argmax(axis=1)

    in_chunks(work, len(row), CHOSEN)
    return chosen


def temper(p: Array, temperature: float) -> Array:
    """p_i^{1/τ} / Σ_k p_k^{1/τ} = softmax(log p / τ): the distribution sharpened (τ < 1) or flattened (τ > 1).

    Beyond 10^±30, where float32 would make τ 0 or infinite, τ changes nothing any more.
    """
    if temperature == 1:
        return p
    with np.errstate(divide="ignore"):
        return softmax(np.log(p) / min(max(temperature, 1e-30), 1e30))


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
