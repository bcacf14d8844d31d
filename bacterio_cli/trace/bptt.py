"""Backpropagation through time, one step after the other: a name goes in, the numbers of every step come out.

The model's own `forward` reads one letter at a time; on the way back each layer's own `backward` takes one step, and
the gradient of the initial state that it returns for step t+1 is what comes back to step t. Its db_a = Σ_t dz⟨t⟩ has a
single term then, and so is dz⟨t⟩. Layers count from 0; T is the number of letters and the end mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.errors import BacterioError
from bacterio_cli.nn.cells import Cell, State
from bacterio_cli.nn.layers import Array, Params, linear_backward
from bacterio_cli.nn.loss import cross_entropy, cross_entropy_backward
from bacterio_cli.nn.models import CharRNN, shapes

NEXTS = ("dh_next", "dc_next")  # what comes back of a and, in an LSTM, of c


class Forward(NamedTuple):
    """Step t: the id x is read, the id y is to come.

    x_t (n_x,), logits z (n_y,), ŷ (n_y,), the loss −ln ŷ_y in nats; `kept` has for each layer what its cell keeps
    for the way back, (n_a,) each; `caches` are these as training has them.
    """

    t: int
    x: int
    y: int
    x_t: Array
    z: Array
    y_hat: Array
    nats: float
    kept: tuple[dict[str, Array], ...]
    caches: list[Any]


class Layer(NamedTuple):
    """One layer at step t on the way back: da (n_a,) from above, `dh_next` from step t+1, dz (G, n_a) of its gates.

    `dh_next` is ∂L/∂a⟨t⟩ and, of an LSTM, ∂L/∂c⟨t⟩ through step t+1, (n_a,) each; zeros at the last step and at a cut.
    """

    da: Array
    dh_next: State
    dz: Array


class Backward(NamedTuple):
    """One way back: dz (T, n_y) of the logits, the layers at each step, [t − 1][layer], and the gradients summed."""

    dz: Array
    layers: list[list[Layer]]
    grads: Params


class Comparison(NamedTuple):
    """A gradient beside its truncated self: both norms, ‖whole − truncated‖/‖whole‖ (of a gradient of 0: 0), and their
    cosine (where either is 0: None)."""

    name: str
    norm: float
    truncated: float
    lost: float
    cosine: float | None


@dataclass(frozen=True)
class Trace:
    """One name, there and back. L is the mean of the steps' losses, in nats per character.

    `back` starts from L, `last` from the last step's loss L_T alone, `cut` from L with nothing coming back over the
    borders of chunks of so many letters; None if nothing is to be truncated.
    """

    model: CharRNN
    steps: list[Forward]
    back: Backward
    last: Backward
    cut: Backward | None

    @property
    def nats_per_char(self) -> float:
        """L."""
        return sum(step.nats for step in self.steps) / len(self.steps)

    def vectors(self, t: int) -> dict[str, Array]:
        """All numbers of step t under the symbols of the equations; those of layer 0 as 0.a, as its parameters."""
        step = self.steps[t - 1]
        found = {"x_t": step.x_t}
        found |= {f"{k}.{symbol}": value for k, kept in enumerate(step.kept) for symbol, value in kept.items()}
        found |= {"z": step.z, "y_hat": step.y_hat, "dz_y": self.back.dz[t - 1]}
        for k, (cell, layer) in enumerate(zip(self.model.cells, self.back.layers[t - 1], strict=True)):
            gates = [f"dz_{gate}" for gate in cell.gate_names] if len(cell.gate_names) > 1 else ["dz"]
            names = ("da", *NEXTS[: cell.states], *gates)
            values = (layer.da, *layer.dh_next, *layer.dz)
            found |= {f"{k}.{symbol}": value for symbol, value in zip(names, values, strict=True)}
        return found

    def norms(self, t: int) -> dict[str, float]:
        """The norms of step t: dz_y, and for each layer a, da, dh_next (and dc_next), dz, last_a (and last_c).

        last_a and last_c are ∂L_T/∂a⟨t⟩ and, through step t+1, ∂L_T/∂c⟨t⟩. With a cut also dz_truncated and lost.
        """
        vectors = self.vectors(t)
        found = {"dz_y": norm(vectors["dz_y"])}
        for k, cell in enumerate(self.model.cells):
            found |= {f"{k}.{symbol}": norm(vectors[f"{k}.{symbol}"]) for symbol in ("a", "da", *NEXTS[: cell.states])}
            dz, last = self.back.layers[t - 1][k].dz, self.last.layers[t - 1][k]
            found |= {f"{k}.dz": norm(dz), f"{k}.last_a": norm(last.da + last.dh_next[0])}
            found |= {f"{k}.last_c": norm(dc_next) for dc_next in last.dh_next[1:]}
            if self.cut:
                left = compare("dz", dz, self.cut.layers[t - 1][k].dz)
                found |= {f"{k}.dz_truncated": left.truncated, f"{k}.lost": left.lost}
        return found

    def gradients(self) -> list[Comparison]:
        """The gradient of each parameter, and all of them together at the end, beside what truncation leaves of it."""
        whole, cut = self.back.grads, (self.cut or self.back).grads
        together = [np.concatenate([g.ravel() for g in grads.values()]) for grads in (whole, cut)]
        return [*(compare(name, whole[name], cut[name]) for name in whole), compare("all", *together)]


def norm(v: Array) -> float:
    """‖v‖ = √(Σ v²)."""
    return float(np.linalg.norm(v))


def compare(name: str, whole: Array, cut: Array) -> Comparison:
    """The two gradients, of one shape."""
    n, m = norm(whole), norm(cut)
    cosine = float(np.clip(np.vdot(whole / n, cut / m), -1, 1)) if n and m else None
    return Comparison(name, n, m, norm(whole - cut) / n if n else 0.0, cosine)


def trace(model: CharRNN, params: Params, vocabulary: Vocabulary, name: str, *, truncate: int | None = None) -> Trace:
    """Follow one name in float64; its targets are the letters themselves, and no unit is dropped.

    With `truncate`, a further way back is cut every so many letters, as training with --stream cuts it. Raises
    BacterioError for letters that the model does not know, and for numbers that overflow.
    """
    vocabulary.require(name, where=name)
    params, steps = {key: value.astype(np.float64) for key, value in params.items()}, []
    state = model.start(1, np.float64)
    with np.errstate(all="ignore"):  # what overflows is not finite, and is refused
        for t, (x, y) in enumerate(pairwise(vocabulary.encode([name])), 1):
            z, state, caches = model.forward(params, np.array([x]), np.array([1]), state)
            nats, y_hat = cross_entropy(z, np.array([y]))
            x_t = caches[0].x.dense(model.n_y, z.dtype)[0]
            kept = tuple(kept_by(cell, cache) for cell, cache in zip(model.cells, caches[:-1], strict=True))
            steps.append(Forward(t, int(x), int(y), x_t, z[0], y_hat[0], float(nats), kept, caches))
        y_hats, targets = np.stack([step.y_hat for step in steps]), np.array([step.y for step in steps])
        dz = cross_entropy_backward(y_hats, targets)
        alone = np.zeros_like(dz)
        alone[-1:] = cross_entropy_backward(y_hats[-1:], targets[-1:])
        cut = backward(model, params, steps, dz, truncate) if truncate else None
        found = Trace(model, steps, backward(model, params, steps, dz), backward(model, params, steps, alone), cut)
        shown = [[*found.vectors(step.t).values(), *found.norms(step.t).values()] for step in steps]
        shown.append([number for left in found.gradients() for number in (left.norm, left.truncated)])
        if not all(np.isfinite(norm(np.asarray(value))) for values in shown for value in values):
            why = "its numbers overflow, for the weights are too large; trace a shorter name or another net"
            raise BacterioError(f"{name}: {why}")
    return found


def kept_by(cell: Cell, cache: Any) -> dict[str, Array]:
    """What a cell keeps of one step, under the symbols of its equations."""
    own, kept = cache._asdict(), {}
    if "gates" in own:
        kept = dict(zip((*cell.gate_names[:-1], "c_tilde"), own["gates"][:, 0], strict=True))
    rows = (("p", "p", 0), ("c", "cell_states", 1), ("tanh_c", "tanh_c", 0), ("a", "hidden_states", 1))
    return kept | {symbol: own[name][row] for symbol, name, row in rows if name in own}


def backward(
    model: CharRNN, params: Params, steps: Sequence[Forward], dz: Array, truncate: int | None = None
) -> Backward:
    """The way back from dz (T, n_y): the calls of the model's backward, one step at a time.

    With `truncate`, what comes back from step t+1 is zero where t is a multiple of it: the last step of a chunk.
    """
    nothing = [cell.start(1, dz.dtype) for cell in model.cells]
    dh_next, trail = list(nothing), list[list[Layer]]()
    grads = {name: np.zeros(shape, dz.dtype) for name, shape in shapes(model).items()}
    for step in reversed(steps):
        if truncate and step.t % truncate == 0:
            dh_next = list(nothing)
        layers: list[Layer] = []
        da: Any
        da, dW, db = linear_backward(step.caches[-1], params["W_ya"], dz[step.t - 1 : step.t])
        found = {"W_ya": dW, "b_y": db}
        for k, cell in reversed(list(enumerate(model.cells))):
            above, came = da, dh_next[k]
            da, dh_next[k], cell_grads = cell.backward(params, step.caches[k], above, came)
            dz_t = cell_grads[cell.names()[2]].reshape(len(cell.gate_names), -1)
            layers.insert(0, Layer(above[0], tuple(s[0] for s in came), dz_t))
            found |= cell_grads
        found |= {"E": da} if model.n_x else {}
        for name in found:
            grads[name] += found[name]
        trail.insert(0, layers)
    return Backward(dz, trail, grads)
