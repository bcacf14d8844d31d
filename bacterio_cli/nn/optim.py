"""Optimisers, clipping and schedules over `{name: array}`; a training step changes parameters here alone.

θ is a parameter, g its gradient, η the learning rate. Texts differ in the place of ε, in what decays and in bias
correction; each docstring states its choice. T2 and T4 are source texts, see `bacterio_cli.nn`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bacterio_cli.nn.layers import Array, Params

BLOCK = 2**15  # numbers of a parameter updated together: what a rule makes of them stays in the processor's cache
EPSILON = 1e-8
RHO = 0.99  # of RMSprop
BETA_1, BETA_2 = 0.9, 0.999  # of Adam


def sgd(p: Array, g: Array, _slots: list[Array], learning_rate: float, _k: int) -> None:
    """θ ← θ − η g.  (T4, whose component-wise form prints + for −.)

    Like every rule it changes the parameter and its slots in place, at update k = 1, 2, …
    """
    p -= learning_rate * g


def adagrad(p: Array, g: Array, slots: list[Array], learning_rate: float, _k: int) -> None:
    """s ← s + g², θ ← θ − η g / √(s + ε): ε inside the root, as T2 has it; Duchi et al. 2011, fig. 1, has δ + √s."""
    (s,) = slots
    s += g * g
    p -= learning_rate * g / np.sqrt(s + EPSILON)


def rmsprop(p: Array, g: Array, slots: list[Array], learning_rate: float, _k: int) -> None:
    """s ← ρ s + (1 − ρ) g², θ ← θ − η g / (√s + ε)  (Tieleman and Hinton 2012, lecture 6e, with ρ = 0.9 and no ε).

    ρ = 0.99 and ε outside the root are PyTorch's.
    """
    (s,) = slots
    s *= RHO
    s += (1 - RHO) * g * g
    p -= learning_rate * g / (np.sqrt(s) + EPSILON)


def adam(p: Array, g: Array, slots: list[Array], learning_rate: float, k: int) -> None:
    """m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², θ ← θ − η m̂ / (√v̂ + ε)  (Kingma and Ba 2015, algorithm 1).

    m̂ = m / (1 − β₁ᵏ) and v̂ = v / (1 − β₂ᵏ) correct at update k for starting at zero; η / (1 − β₁ᵏ) is taken as one
    number.
    """
    m, v = slots
    m *= BETA_1
    m += (1 - BETA_1) * g
    v *= BETA_2
    v += (1 - BETA_2) * (g * g)
    p -= learning_rate / (1 - BETA_1**k) * m / (np.sqrt(v / (1 - BETA_2**k)) + EPSILON)


@dataclass(frozen=True)
class Optimiser:
    """An update rule for one parameter, applied to all of them.

    `slots` names the arrays that the rule keeps for each parameter; the state holds them as "m.W_ya", and the number of
    updates done as "k". Weight decay λ is decoupled: before the step θ ← θ (1 − η λ) for matrices that multiply, not
    for biases and embeddings (Loshchilov and Hutter 2019, algorithm 2, with λ scaled by η as PyTorch does).
    """

    rule: Callable[[Array, Array, list[Array], float, int], None]
    slots: tuple[str, ...] = ()
    weight_decay: float = 0.0

    def init(self, params: Params) -> Params:
        """The state before the first update: zeros."""
        state = {f"{slot}.{name}": np.zeros_like(p) for slot in self.slots for name, p in params.items()}
        return {"k": np.zeros((), np.int64), **state}

    def update(self, params: Params, grads: Params, state: Params, *, learning_rate: float) -> None:
        """θ ← θ − step for every parameter; parameters and state change in place.

        Parameters stay finite if the norm of the gradients is (see `clip`) and rate and η λ are within the bounds of
        `training.config`: no square overflows, and a step is η ‖g‖ at most with `sgd`, about 10 η with the others.
        """
        state["k"] += 1
        for name, p in params.items():
            if self.weight_decay and name.rpartition(".")[2].startswith("W"):
                p *= 1 - learning_rate * self.weight_decay
            arrays = [p, grads[name], *(state[f"{slot}.{name}"] for slot in self.slots)]
            rows = max(1, BLOCK * len(p) // p.size)
            for begin in range(0, len(p), rows):
                block, g, *slots = (array[begin : begin + rows] for array in arrays)
                self.rule(block, g, slots, learning_rate, int(state["k"]))


OPTIMISERS = {
    "sgd": Optimiser(sgd),
    "adagrad": Optimiser(adagrad, ("m",)),  # s is "m" in checkpoints, here and below
    "rmsprop": Optimiser(rmsprop, ("m",)),
    "adam": Optimiser(adam, ("m", "v")),
    "adamw": Optimiser(adam, ("m", "v")),  # the same rule; only this one is given a weight decay
}


def clip(grads: Params, mode: str, limit: float) -> float:
    """The norm of all gradients together, which are then clipped in place, by the norm or by element; limit 0 is none.

    ‖g‖ = √(Σ g²), summed in float64 across arrays
    norm: g ← g · limit / ‖g‖ where ‖g‖ > limit: the direction stays (Pascanu et al. 2013, algorithm 1)
    element: g ← min(max(g, −limit), limit); T2 takes limit = 5
    """
    norm = math.sqrt(sum(float(np.vdot(g, g).real) for g in grads.values()))
    for g in grads.values() if limit else ():
        if mode == "element":
            np.clip(g, -limit, limit, out=g)
        elif norm > limit:
            g *= limit / norm
    return norm


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
