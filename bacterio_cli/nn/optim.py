"""Optimisers, clipping and schedules over `{name: array}`; the only place where parameters change.

`update` works in place: params ← params − learning_rate · step(grads, state). θ is a parameter,
g its gradient, η the learning rate. Where ε stands, what decays and what is corrected for its start
differs between texts; each docstring says which it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bacterio_cli.lm.threads import in_chunks
from bacterio_cli.nn.layers import Array, Params

BLOCK = 2**16  # numbers that an update works on at once: 256 KiB an array
THREADS_FROM = 2**19  # numbers from which on two threads are faster
LONG_BLOCK = 2**18  # what each then works on at once: between any two operations it has to wait for the other


def spans(arrays: Params, begin: int, end: int) -> Iterator[tuple[str, Array]]:
    """Numbers begin to end of all arrays laid end to end: name by name, views where an array is in C order."""
    for name, array in arrays.items():
        part = array.reshape(-1)[max(begin, 0) : max(end, 0)]
        if part.size:
            yield name, part
        begin, end = begin - array.size, end - array.size


def decays(name: str) -> bool:
    """Weight decay is for matrices that multiply; biases and embeddings keep their size."""
    return name.rpartition(".")[2].startswith("W")


@dataclass(frozen=True)
class SGD:
    """θ ← θ − η g.  (T4, whose component-wise form prints + for −.)"""

    def init(self, params: Params) -> Params:  # noqa: ARG002
        """No state."""
        return {}

    def update(self, params: Params, grads: Params, state: Params, *, learning_rate: float) -> None:  # noqa: ARG002
        """One step, in place."""
        for name, g in grads.items():
            params[name] -= learning_rate * g


@dataclass(frozen=True)
class Adagrad:
    """m ← m + g², θ ← θ − η g / √(m + ε): ε inside the root, as T2 has it (Duchi et al. 2011 has none)."""

    epsilon: float = 1e-8

    def init(self, params: Params) -> Params:
        """m = 0 for every parameter."""
        return {f"m.{name}": np.zeros_like(p) for name, p in params.items()}

    def update(self, params: Params, grads: Params, state: Params, *, learning_rate: float) -> None:
        """One step, in place."""
        for name, g in grads.items():
            m = state[f"m.{name}"]
            m += g * g
            params[name] -= learning_rate * g / np.sqrt(m + self.epsilon)


@dataclass(frozen=True)
class RMSprop:
    """m ← ρ m + (1 − ρ) g², θ ← θ − η g / (√m + ε): ε outside the root (Tieleman and Hinton 2012, lecture 6e)."""

    rho: float = 0.99
    epsilon: float = 1e-8

    def init(self, params: Params) -> Params:
        """m = 0 for every parameter."""
        return {f"m.{name}": np.zeros_like(p) for name, p in params.items()}

    def update(self, params: Params, grads: Params, state: Params, *, learning_rate: float) -> None:
        """One step, in place."""
        for name, g in grads.items():
            m = state[f"m.{name}"]
            m *= self.rho
            m += (1 - self.rho) * g * g
            params[name] -= learning_rate * g / (np.sqrt(m) + self.epsilon)


@dataclass(frozen=True)
class Adam:
    """m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², θ ← θ − η m̂ / (√v̂ + ε)  (Kingma and Ba 2015, algorithm 1).

    m̂ = m / (1 − β₁ᵏ), v̂ = v / (1 − β₂ᵏ) at step k correct for starting at zero. With s = √(1 − β₂ᵏ) and
    η̂ = η s / (1 − β₁ᵏ) the update is η̂ m / (√v + ε s), which makes no copies of m and v.

    m and v are one vector over all parameters, in the order of the dict: fewer and longer operations, a block at a
    time so that what lies between them stays in the cache, of large nets in two threads. Gradients and parameters
    join as views.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def init(self, params: Params) -> Params:
        """m = v = 0 for every parameter, and the count of steps k; ValueError for one that is not in C order."""
        if turned := [name for name, p in params.items() if not p.flags.c_contiguous]:
            raise ValueError(f"parameters must be in C order, which {', '.join(turned)} are not: copy them")
        total = sum(p.size for p in params.values())
        dtype = np.result_type(*params.values())
        return {"k": np.zeros((), np.int64), "m": np.zeros(total, dtype), "v": np.zeros(total, dtype)}

    def update(self, params: Params, grads: Params, state: Params, *, learning_rate: float) -> None:
        """One step, in place."""
        state["k"] += 1
        k = int(state["k"])
        s = math.sqrt(1 - self.beta2**k)
        eta = learning_rate * s / (1 - self.beta1**k)
        in_order = {name: grads[name] for name in params}

        def update(block: slice) -> None:
            m, v = state["m"][block], state["v"][block]
            g = np.concatenate([part for _, part in spans(in_order, block.start, block.stop)])
            m *= self.beta1
            m += (1 - self.beta1) * g
            v *= self.beta2
            g *= g
            g *= 1 - self.beta2
            v += g
            root = np.sqrt(v, out=g)
            root += self.epsilon * s
            step = np.divide(m, root, out=g)
            step *= eta
            for name, p in spans(params, block.start, block.stop):
                self.move(name, p, step[: p.size], learning_rate)
                step = step[p.size :]

        total = len(state["m"])
        if total >= THREADS_FROM:
            in_chunks(update, total, LONG_BLOCK)
        else:
            for begin in range(0, total, BLOCK):
                update(slice(begin, begin + BLOCK))

    def move(self, name: str, p: Array, step: Array, learning_rate: float) -> None:  # noqa: ARG002
        """θ ← θ − step, in place."""
        p -= step


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled decay: first θ ← θ − η λ θ for matrices that multiply, then Adam's step
    (Loshchilov and Hutter 2019, algorithm 2, with λ scaled by η as PyTorch does)."""

    weight_decay: float = 0.01

    def move(self, name: str, p: Array, step: Array, learning_rate: float) -> None:
        """θ ← θ − η λ θ where it decays, then θ ← θ − step, in place."""
        if decays(name):
            p *= 1 - learning_rate * self.weight_decay
        super().move(name, p, step, learning_rate)


Optimiser = SGD | Adagrad | RMSprop | Adam | AdamW
OPTIMISERS: dict[str, type[Optimiser]] = {
    "sgd": SGD,
    "adagrad": Adagrad,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
}


def global_norm(grads: Params) -> float:
    """‖g‖ = √(Σ g²) over all parameters together, summed in float64 across arrays."""
    return math.sqrt(sum(float(np.vdot(g, g).real) for g in grads.values()))


def clip_by_element(grads: Params, limit: float) -> None:
    """g ← min(max(g, −limit), limit), each element by itself, in place; the texts take limit = 5.  (T2)"""
    for g in grads.values():
        np.clip(g, -limit, limit, out=g)


def clip_by_norm(grads: Params, limit: float, norm: float) -> None:
    """g ← g · limit / ‖g‖ where ‖g‖ > limit, in place: the direction stays (Pascanu et al. 2013, algorithm 1)."""
    if norm > limit:
        for g in grads.values():
            g *= limit / norm


def constant(progress: float) -> float:  # noqa: ARG001
    """η(τ) = η₀."""
    return 1.0


def linear(progress: float) -> float:
    """η(τ) = η₀ (1 − τ)."""
    return 1 - progress


def cosine(progress: float) -> float:
    """η(τ) = η₀ ½ (1 + cos πτ)  (Loshchilov and Hutter 2017, eq. 5, without restarts, η_min = 0)."""
    return 0.5 * (1 + math.cos(math.pi * progress))


SCHEDULES = {"constant": constant, "linear": linear, "cosine": cosine}


def learning_rate(step: int, *, peak: float, schedule: str, warmup: int, total: int) -> float:
    """η of step 0, 1, …, total − 1: a linear rise over `warmup` steps, then the schedule over the rest."""
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * SCHEDULES[schedule](min(1.0, (step - warmup) / max(1, total - warmup)))


__all__ = [
    "OPTIMISERS", "SCHEDULES", "SGD", "Adagrad", "Adam", "AdamW", "Optimiser", "RMSprop",
    "clip_by_element", "clip_by_norm", "global_norm", "learning_rate",
]  # fmt: skip
