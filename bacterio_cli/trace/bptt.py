"""Backpropagation through time, one step after the other: a name goes in, the numbers of every step come out.

The model's own `forward` reads one letter at a time, and its `backward` goes back over one step at a time: the gradient
of the initial state that it returns for step t+1 is what comes back to step t, and its db_a = Σ_t dz⟨t⟩, which has a
single term then, is dz⟨t⟩. Layers count from 0; T is the number of letters and the end mark.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.errors import BacterioError
from bacterio_cli.nn.cells import State
from bacterio_cli.nn.layers import Array, Params
from bacterio_cli.nn.loss import cross_entropy, cross_entropy_backward
from bacterio_cli.nn.models import CharRNN, shapes

NEXTS = ("dh_next", "dc_next")  # what comes back of a and, in an LSTM alone, of c


class Forward(NamedTuple):
    """One step of the way forward."""

    t: int
    x: int  # the id that is read
    y: int  # the id to come
    nats: float  # the loss, −ln ŷ_y
    # By symbol: x_t (n_x,), logits z (n_y,), y_hat (n_y,), and of each layer what its cell keeps, (n_a,) each, as 0.a.
    vectors: dict[str, Array]


class Backward(NamedTuple):
    """One way back."""

    # By symbol the gradients at each step: dz_y (n_y,) of the logits and, of layer 0, 0.da (n_a,) from above, 0.dh_next
    # and of an LSTM 0.dc_next (n_a,) from step t+1, zeros at the last step and at a cut, and 0.dz (G, n_a) of gates.
    steps: list[dict[str, Array]]
    grads: Params  # those of the parameters, summed


@dataclass(frozen=True)
class Trace:
    """One name, there and back. L is the mean of the steps' losses, in nats per character."""

    name: str
    model: CharRNN
    start: State  # before step 1
    steps: list[Forward]
    back: Backward  # from L
    last: Backward  # from the last step's loss L_T alone
    truncate: int | None
    cut: Backward | None  # from L, with nothing coming back over the borders of chunks of `truncate` letters

    @property
    def nats_per_char(self) -> float:
        """L, the mean of the steps' losses."""
        return sum(step.nats for step in self.steps) / len(self.steps)

    def vectors(self, t: int) -> dict[str, Array]:
        """All numbers of step t by symbol, forward and backward."""
        return self.steps[t - 1].vectors | self.back.steps[t - 1]

    def norms(self, t: int) -> dict[str, float]:
        """The norms of step t: dz_y, and for each layer a (and c), da, dh_next (and dc_next), dz, last_a (and last_c).

        last_a and last_c are ∂L_T/∂a⟨t⟩ and, through step t+1, ∂L_T/∂c⟨t⟩. With a cut also dz_truncated and lost.
        """
        forward, here, last = self.steps[t - 1].vectors, self.back.steps[t - 1], self.last.steps[t - 1]
        found = {symbol: norm(value) for symbol, value in here.items()}
        for k, cell in enumerate(self.model.cells):
            found |= {f"{k}.{symbol}": norm(forward[f"{k}.{symbol}"]) for symbol in cell.state_names}
            found[f"{k}.last_a"] = norm(last[f"{k}.da"] + last[f"{k}.dh_next"])
            if "c" in cell.state_names:
                found[f"{k}.last_c"] = norm(last[f"{k}.dc_next"])
            if self.cut:
                left = self.cut.steps[t - 1][f"{k}.dz"]
                found |= {f"{k}.dz_truncated": norm(left), f"{k}.lost": lost(here[f"{k}.dz"], left)}
        return found

    def gradients(self) -> list[dict[str, Any]]:
        """Name and norm of each parameter's gradient; with a cut also the norm of what is left, and what is lost."""
        rows: list[dict[str, Any]] = []
        for name, whole in self.back.grads.items():
            rows.append({"name": name, "norm": norm(whole)})
            if self.cut:
                left = self.cut.grads[name]
                rows[-1] |= {"truncated": norm(left), "lost": lost(whole, left)}
        return rows


def norm(v: Array) -> float:
    """‖v‖ = √(Σ v²)."""
    return float(np.linalg.norm(v))


def lost(whole: Array, truncated: Array) -> float:
    """‖whole − truncated‖ / ‖whole‖, of a gradient of 0 nothing."""
    return norm(whole - truncated) / norm(whole) if whole.any() else 0.0


def trace(
    model: CharRNN, params: Params, vocabulary: Vocabulary, name: str, *, truncate: int | None = None, start: State = ()
) -> Trace:
    """Follow one name in float64, from the state `start`, (1, n_a) each, or zeros; no unit is dropped.

    Its targets are the letters themselves. With `truncate`, a further way back is cut every so many letters, as by
    training with --stream. Raises BacterioError for letters that the model does not know, and numbers that overflow.
    """
    vocabulary.require(name, where=name)
    params = {key: value.astype(np.float64) for key, value in params.items()}
    start = tuple(s.astype(np.float64) for s in start) or model.start(1, np.float64)
    ids, state = vocabulary.encode([name]), start
    steps, caches = [], []
    with np.errstate(all="ignore"):  # what overflows is not finite, and is refused
        for t, (x, y) in enumerate(pairwise(ids), 1):
            z, state, own = model.forward(params, np.array([x]), np.array([1]), state)
            nats, y_hat = cross_entropy(z, np.array([y]))
            vectors = {"x_t": own[0].x.dense(model.n_y, z.dtype)[0]}
            for k in range(model.layers):
                vectors |= {f"{k}.{symbol}": values[-1] for symbol, values in own[k].values.items()}
            steps.append(Forward(t, int(x), int(y), float(nats), vectors | {"z": z[0], "y_hat": y_hat[0]}))
            caches.append(own)
        dz = cross_entropy_backward(np.stack([step.vectors["y_hat"] for step in steps]), ids[1:])
        alone = np.zeros_like(dz)
        alone[-1] = len(dz) * dz[-1]
        back, last = backward(model, params, caches, dz), backward(model, params, caches, alone)
        cut = backward(model, params, caches, dz, truncate) if truncate else None
        found = Trace(name, model, start, steps, back, last, truncate, cut)
        numbers = [value for step in steps for value in found.norms(step.t).values()]
        if not np.isfinite([*numbers, *map(norm, back.grads.values())]).all():
            why = "its numbers overflow, for the weights are too large; trace a shorter name or another net"
            raise BacterioError(f"{name}: {why}")
    return found


def backward(model: CharRNN, params: Params, caches: list[Any], dz: Array, truncate: int | None = None) -> Backward:
    """The way back from dz (T, n_y): the model's backward, one step at a time, on the caches of each.

    With `truncate`, what comes back from step t+1 is zero where t is a multiple of it: the last step of a chunk.
    """
    came_back = nothing = model.start(1, dz.dtype)
    steps: list[dict[str, Array]] = []
    grads = {name: np.zeros(shape, dz.dtype) for name, shape in shapes(model).items()}
    for t in reversed(range(len(dz))):
        if truncate and (t + 1) % truncate == 0:
            came_back = nothing
        d_initial_state, own = model.backward(params, caches[t], dz[t : t + 1], came_back)
        here, da = {"dz_y": dz[t]}, dz[t] @ params["W_ya"]
        for k, cell in reversed(list(enumerate(model.cells))):
            dz_k = own[f"{k}.b_a"]
            here[f"{k}.da"] = da
            here |= {f"{k}.{symbol}": d[0] for symbol, d in zip(NEXTS, model.state_of(k, came_back), strict=False)}
            here[f"{k}.dz"] = cell.by_gate(dz_k)
            da = dz_k @ params[f"{k}.W_ax"]
        for name, g in own.items():
            grads[name] += g
        steps.insert(0, here)
        came_back = d_initial_state
    return Backward(steps, grads)
