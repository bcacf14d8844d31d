"""Optimisers, clipping and schedules over `{name: array}`; nothing else in training changes parameters.

θ is a parameter, g its gradient, η the learning rate. Texts differ in the place of ε, in what decays and in bias
correction; each docstring states its choice. T2 and T4 are source texts, see `bacterio_cli.nn`.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bacterio_cli.nn.layers import Array, Params


class Optimiser(ABC):
    """An update rule for one parameter, applied to all of them at once or not at all.

    `slots` names the arrays that the rule keeps for each parameter; the state holds them as "m.W_ya", and the number of
    updates done as "k".
    """

    slots: ClassVar[tuple[str, ...]] = ()

    def init(self, params: Params) -> Params:
        """The state before the first update: zeros."""
        state = {f"{slot}.{name}": np.zeros_like(p) for slot in self.slots for name, p in params.items()}
        return {"k": np.zeros((), np.int64), **state}

    def update(self, params: Params, grads: Params, state: Params, *, learning_rate: float) -> None:
        """θ ← θ − step for every parameter, in place.

        FloatingPointError if a parameter would not be finite; then nothing has changed.
        """
        k = int(state["k"]) + 1
        new_params, new_state = {}, {"k": np.array(k, np.int64)}
        for name, g in grads.items():
            before = [state[f"{slot}.{name}"] for slot in self.slots]
            step, after = self.rule(g, before, learning_rate, k)
            new_params[name] = self.decayed(name, params[name], learning_rate) - step
            if not np.isfinite(new_params[name]).all():
                raise FloatingPointError(f"{name} would not be finite")
            new_state |= {f"{slot}.{name}": value for slot, value in zip(self.slots, after, strict=True)}
        for name, p in new_params.items():
            params[name][...] = p
        state |= new_state

    def decayed(self, name: str, p: Array, learning_rate: float) -> Array:
        """What the step is subtracted from: θ itself, or θ after weight decay."""
        return p

    @abstractmethod
    def rule(self, g: Array, slots: list[Array], learning_rate: float, k: int) -> tuple[Array, list[Array]]:
        """(step, new slots) of update k = 1, 2, …, all new arrays."""


@dataclass(frozen=True)
class SGD(Optimiser):
    """θ ← θ − η g.  (T4, whose component-wise form prints + for −.)"""

    def rule(self, g: Array, slots: list[Array], learning_rate: float, k: int) -> tuple[Array, list[Array]]:
        """step = η g"""
        return learning_rate * g, []


@dataclass(frozen=True)
class Adagrad(Optimiser):
    """s ← s + g², θ ← θ − η g / √(s + ε): ε inside the root, as T2 has it; Duchi et al. 2011, fig. 1, has δ + √s."""

    epsilon: float = 1e-8
    slots: ClassVar[tuple[str, ...]] = ("m",)  # s, under the name that checkpoints know

    def rule(self, g: Array, slots: list[Array], learning_rate: float, k: int) -> tuple[Array, list[Array]]:
        """step = η g / √(s + ε)"""
        s = slots[0] + g * g
        return learning_rate * g / np.sqrt(s + self.epsilon), [s]


@dataclass(frozen=True)
class RMSprop(Optimiser):
    """s ← ρ s + (1 − ρ) g², θ ← θ − η g / (√s + ε)  (Tieleman and Hinton 2012, lecture 6e, with ρ = 0.9 and no ε).

    ρ = 0.99 and ε outside the root are PyTorch's.
    """

    rho: float = 0.99
    epsilon: float = 1e-8
    slots: ClassVar[tuple[str, ...]] = ("m",)  # s

    def rule(self, g: Array, slots: list[Array], learning_rate: float, k: int) -> tuple[Array, list[Array]]:
        """step = η g / (√s + ε)"""
        s = self.rho * slots[0] + (1 - self.rho) * g * g
        return learning_rate * g / (np.sqrt(s) + self.epsilon), [s]


@dataclass(frozen=True)
class Adam(Optimiser):
    """m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², θ ← θ − η m̂ / (√v̂ + ε)  (Kingma and Ba 2015, algorithm 1).

    m̂ = m / (1 − β₁ᵏ) and v̂ = v / (1 − β₂ᵏ) correct at update k for starting at zero.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    slots: ClassVar[tuple[str, ...]] = ("m", "v")

    def rule(self, g: Array, slots: list[Array], learning_rate: float, k: int) -> tuple[Array, list[Array]]:
        """step = η m̂ / (√v̂ + ε), with η/(1 − β₁ᵏ) taken as one number"""
        m = self.beta1 * slots[0] + (1 - self.beta1) * g
        v = self.beta2 * slots[1] + (1 - self.beta2) * (g * g)
        root = np.sqrt(v / (1 - self.beta2**k)) + self.epsilon
        return learning_rate / (1 - self.beta1**k) * m / root, [m, v]


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled decay: θ ← θ (1 − η λ) for matrices that multiply, then Adam's step
    (Loshchilov and Hutter 2019, algorithm 2, with λ scaled by η as PyTorch does)."""

    weight_decay: float = 0.01

    def decayed(self, name: str, p: Array, learning_rate: float) -> Array:
        """θ (1 − η λ) for a matrix; biases and embeddings are not decayed."""
        multiplies = name.rpartition(".")[2].startswith("W")
        return p * (1 - learning_rate * self.weight_decay) if multiplies else p


OPTIMISERS: dict[str, type[Optimiser]] = {
    "sgd": SGD, "adagrad": Adagrad, "rmsprop": RMSprop, "adam": Adam, "adamw": AdamW,
}  # fmt: skip


def global_norm(grads: Params) -> float:
    """‖g‖ = √(Σ g²) over all parameters together, summed in float64 across arrays."""
    return math.sqrt(sum(float(np.vdot(g, g).real) for g in grads.values()))


def clip_by_value(grads: Params, limit: float) -> None:
    """g ← min(max(g, −limit), limit), each element by itself, in place; T2 takes limit = 5."""
    for g in grads.values():
        np.clip(g, -limit, limit, out=g)


def clip_by_norm(grads: Params, limit: float, norm: float) -> None:
    """g ← g · limit / ‖g‖ where ‖g‖ > limit, in place: the direction stays (Pascanu et al. 2013, algorithm 1)."""
    if norm > limit:
        for g in grads.values():
            g *= limit / norm


# η(τ)/η₀ as a function of progress τ from 0 to 1; cosine is Loshchilov and Hutter 2017, eq. 5, without restarts.
SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda _: 1.0,
    "linear": lambda progress: 1 - progress,
    "cosine": lambda progress: 0.5 * (1 + math.cos(math.pi * progress)),
}


def learning_rate(step: int, *, peak: float, schedule: str, warmup: int, total: int) -> float:
    """η of step 0, 1, …, total − 1: a linear rise over `warmup` steps, then the schedule over the rest."""
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * SCHEDULES[schedule](min(1.0, (step - warmup) / max(1, total - warmup)))
