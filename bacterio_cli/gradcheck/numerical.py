"""Derivatives without calculus: what the hand-derived gradients are held against."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from bacterio_cli.nn.layers import Array, Params

Loss = Callable[[Params], Any]

# Errors are relative to at least this share of the parameter's largest gradient: an entry that is nearly zero by
# cancellation carries the rounding of the large terms that cancelled.
FLOOR = 1e-3


@dataclass(frozen=True, eq=False)
class Case:
    """One function under test. A case equals itself alone."""

    name: str
    arch: str
    values: Params  # what is differentiated, by name, and where
    loss: Loss
    gradient: Callable[[Params], Params]  # as derived by hand
    equations: dict[str, str]  # what each row proves
    sampled: bool = False  # for models at full size, see `directions`


@dataclass(frozen=True)
class Row:
    """The verdict on one parameter of one case."""

    case: str
    parameter: str
    shape: tuple[int, ...]
    max_relative_error: float
    passed: bool
    equation: str
    skipped: str = ""  # why there was nothing to prove


def complex_step(loss: Loss, values: Params, name: str, direction: Array) -> float:
    """dL/dε along `direction` as Im L(v + i h d) / h, h = 1e-30  (Squire and Trapp 1998, eq. 2).

    L(v + i h d) = L(v) + i h dL/dε + O(h²): nothing is subtracted, and h can be so small that the error of second order
    is far below the rounding.
    """
    h = 1e-30
    moved = {key: value.astype(np.complex128) for key, value in values.items()}
    moved[name] += 1j * h * direction
    return float(loss(moved).imag / h)


def central_difference(loss: Loss, values: Params, name: str, direction: Array) -> float:
    """dL/dε along `direction` as (L(v + h d) − L(v − h d)) / 2h, h = 1e-5: right to about ten digits of L."""
    h = 1e-5
    up, down = (loss({**values, name: values[name] + step * direction}) for step in (h, -h))
    return float((up - down) / (2 * h))


METHODS = {"complex": (complex_step, 1e-10), "central": (central_difference, 1e-5)}


def directions(value: Array, *, sampled: bool) -> Iterator[Array]:
    """Each entry by itself; if `sampled` 64 random entries, and 16 directions with entries N(0, 1/size).

    A direction d of these tests all entries at once: dL/dε must be Σ g d.
    """
    rng, entries = np.random.default_rng(0), np.arange(value.size)
    if sampled:
        yield from rng.standard_normal((16, *value.shape)) / np.sqrt(value.size)
        entries = rng.choice(value.size, min(64, value.size), replace=False)
    for k in entries:
        direction = np.zeros(value.shape)
        direction.flat[k] = 1
        yield direction


@cache
def numeric_derivatives(case: Case, name: str, method: str) -> Array:
    """dL/dε along each of the directions of one value.

    Computed once: a mistake is planted in a gradient, and the loss knows nothing of it.
    """
    derivative, value = METHODS[method][0], case.values[name]
    return np.array([derivative(case.loss, case.values, name, d) for d in directions(value, sampled=case.sampled)])


def check(case: Case, *, method: str = "complex", tolerance: float | None = None) -> Iterator[Row]:
    """A row per value of the case, as it is done.

    The error is the largest |g − n| / max(|g|, |n|, FLOOR · max |n|). Where both are zero throughout, as for a unit
    that no input reaches, nothing is proved and the row is skipped.
    """
    tolerance = METHODS[method][1] if tolerance is None else tolerance
    grads = case.gradient(case.values)
    for name, value in case.values.items():
        g = np.array([np.vdot(grads[name], d) for d in directions(value, sampled=case.sampled)])
        n = numeric_derivatives(case, name, method)
        scale = np.maximum(np.maximum(abs(g), abs(n)), FLOOR * abs(n).max())
        error = float((abs(g - n) / np.where(scale > 0, scale, 1)).max())
        skipped = "" if g.any() or n.any() else "its gradient is zero here: nothing to prove"
        passed = error <= tolerance  # NaN compares false
        yield Row(case.name, name, value.shape, error, passed, case.equations[name], skipped)


def distance(case: Case) -> float:
    """‖g − n‖ / (‖g‖ + ‖n‖) over all gradients of the case at once, n by central differences: the customary check.

    Entry by entry, central differences fail right code at a scale of 0.01, where many gradients are no larger than
    their rounding. One number does not suffer from small entries, and does not see them either.
    """
    grads = case.gradient(case.values)
    g = np.concatenate([grads[name].ravel() for name in case.values])
    n = np.concatenate([numeric_derivatives(case, name, "central") for name in case.values])
    return float(np.linalg.norm(g - n) / (np.linalg.norm(g) + np.linalg.norm(n)))
