"""Backpropagation through time, one step after the other: a name goes in, the numbers of every step come out.

Nothing is computed here that training does not compute. The model's own `forward` reads one letter at a time, and its
caches are kept; on the way back each layer's own `backward` takes one step, and the `dstate` that it returns for step
t+1 is what comes back to step t. Its db_a = Σ_t dz⟨t⟩ has a single term then, and so is dz⟨t⟩. Added up, the gradients
of the steps are those of `loss_and_grads` on the whole name.

Layers count from 0, as in the names of their parameters; T is the number of letters and the end mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from bacterio_cli.dataset.vocabulary import Ids, Vocabulary
from bacterio_cli.errors import BacterioError
from bacterio_cli.nn.cells import Cell, State
from bacterio_cli.nn.gru import GRUCache
from bacterio_cli.nn.layers import Array, Params, linear_backward
from bacterio_cli.nn.loss import cross_entropy, cross_entropy_backward
from bacterio_cli.nn.lstm import LSTMCache
from bacterio_cli.nn.models import CharRNN, shapes
from bacterio_cli.nn.optim import global_norm

ONE = np.array([1])  # the batch sizes of one name at one step
NEXTS = ("dh_next", "dc_next")  # what comes back of a and, in an LSTM, of c


@dataclass(frozen=True)
class Forward:
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


@dataclass(frozen=True)
class Layer:
    """One layer at step t on the way back: da (n_a,) from above, `dh_next` from step t+1, dz (G, n_a) of its gates.

    `dh_next` is ∂L/∂a⟨t⟩ and, of an LSTM, ∂L/∂c⟨t⟩ through step t+1, (n_a,) each; zeros at the last step and at a cut.
    """

    da: Array
    dh_next: State
    dz: Array

    @property
    def dstate(self) -> State:
        """The whole ∂L/∂a⟨t⟩, from above and from step t+1; behind it an LSTM's ∂L/∂c⟨t⟩ from step t+1."""
        return (self.da + self.dh_next[0], *self.dh_next[1:])


@dataclass(frozen=True)
class Backward:
    """One way back: dz (T, n_y) of the logits, the layers at each step, [t − 1][layer], and the gradients summed."""

    dz: Array
    layers: tuple[tuple[Layer, ...], ...]
    grads: Params


@dataclass(frozen=True)
class Share:
    """A gradient beside its truncated self: both norms, ‖whole − truncated‖/‖whole‖ and their cosine.

    Nothing is lost of a gradient that is 0; where either is, there is no cosine.
    """

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
    steps: tuple[Forward, ...]
    back: Backward
    last: Backward
    cut: Backward | None

    @property
    def nats_per_char(self) -> float:
        """L."""
        return sum(step.nats for step in self.steps) / len(self.steps)

    def vectors(self, t: int) -> dict[str, Array]:
        """All numbers of step t under the symbols of the equations; those of layer 0 as 0.a, as its parameters."""
        step, found = self.steps[t - 1], {"x_t": self.steps[t - 1].x_t}
        for k, kept in enumerate(step.kept):
            found |= {f"{k}.{symbol}": value for symbol, value in kept.items()}
        found |= {"z": step.z, "y_hat": step.y_hat, "dz_y": self.back.dz[t - 1]}
        for k, (cell, layer) in enumerate(zip(self.model.cells, self.back.layers[t - 1], strict=True)):
            gates = [f"dz_{gate}" for gate in cell.gates] if len(cell.gates) > 1 else ["dz"]
            values = (layer.da, *layer.dh_next, *layer.dz)
            names = ("da", *NEXTS[: cell.states], *gates)
            found |= {f"{k}.{symbol}": value for symbol, value in zip(names, values, strict=True)}
        return found

    def norms(self, t: int) -> dict[str, float]:
        """The norms of step t: dz_y, and for each layer a, da, dh_next (and dc_next), dz, last_a (and last_c).

        last_a and last_c are ∂L_T/∂a⟨t⟩ and, through step t+1, ∂L_T/∂c⟨t⟩. With a cut also dz_truncated, and lost, the
        share of dz that it takes away.
        """
        vectors = self.vectors(t)
        found = {"dz_y": norm(vectors["dz_y"])}
        for k, cell in enumerate(self.model.cells):
            found |= {f"{k}.{symbol}": norm(vectors[f"{k}.{symbol}"]) for symbol in ("a", "da", *NEXTS[: cell.states])}
            dz = self.back.layers[t - 1][k].dz
            found[f"{k}.dz"] = norm(dz)
            dstate = self.last.layers[t - 1][k].dstate
            found |= {f"{k}.{symbol}": norm(d) for symbol, d in zip(("last_a", "last_c"), dstate, strict=False)}
            if self.cut:
                share = compare("dz", dz, self.cut.layers[t - 1][k].dz)
                found |= {f"{k}.dz_truncated": share.truncated, f"{k}.lost": share.lost}
        return found

    def gradients(self) -> list[Share]:
        """The gradient of each parameter, and all of them together at the end, beside what truncation leaves of it."""
        whole, cut = self.back.grads, (self.cut or self.back).grads
        together = [np.concatenate([g.ravel() for g in grads.values()]) for grads in (whole, cut)]
        return [*(compare(name, whole[name], cut[name]) for name in whole), compare("all", *together)]


def norm(v: Array) -> float:
    """‖v‖ = √(Σ v²)."""
    return float(np.linalg.norm(v))


def compare(name: str, whole: Array, cut: Array) -> Share:
    """The two gradients, of one shape."""
    n, m = norm(whole), norm(cut)
    cosine = float(np.clip(np.vdot(whole / n, cut / m), -1, 1)) if n and m else None
    return Share(name, n, m, norm(whole - cut) / n if n else 0.0, cosine)


def trace(model: CharRNN, params: Params, vocabulary: Vocabulary, name: str, *, truncate: int | None = None) -> Trace:
    """Follow one name in float64; its targets are the letters themselves, and no unit is dropped.

    With `truncate`, a further way back is cut every so many letters, as training with --stream cuts it. Raises
    BacterioError for letters that the model does not know, and for numbers that overflow.
    """
    if missing := vocabulary.missing(name):
        raise BacterioError(f"{name}: {missing!r} is not in the model's alphabet, {vocabulary.sketch()}")
    ids = vocabulary.encode([name])
    params = {key: value.astype(np.float64) for key, value in params.items()}
    with np.errstate(all="ignore"):  # what overflows is not finite, and is refused
        steps = forward(model, params, ids)
        y_hat, targets = np.stack([step.y_hat for step in steps]), ids[1:]
        dz = cross_entropy_backward(y_hat, targets)
        alone = np.zeros_like(dz)
        alone[-1:] = cross_entropy_backward(y_hat[-1:], targets[-1:])
        back, last = backward(model, params, steps, dz), backward(model, params, steps, alone)
        cut = backward(model, params, steps, dz, truncate) if truncate else None
        refuse_overflow(name, steps, back, last, *([cut] if cut else []))
    return Trace(model, steps, back, last, cut)


def forward(model: CharRNN, params: Params, ids: Ids) -> tuple[Forward, ...]:
    """The model's forward pass, a letter at a time."""
    state, steps = model.start(1, params["W_ya"].dtype), []
    for t, (x, y) in enumerate(pairwise(ids), 1):
        z, state, caches = model.forward(params, np.array([x]), ONE, state)
        nats, y_hat = cross_entropy(z, np.array([y]))
        x_t = caches[0].x.dense(model.n_y, z.dtype)[0]
        kept = tuple(kept_by(cell, cache) for cell, cache in zip(model.cells, caches[:-1], strict=True))
        steps.append(Forward(t, int(x), int(y), x_t, z[0], y_hat[0], float(nats), kept, caches))
    return tuple(steps)


def kept_by(cell: Cell, cache: Any) -> dict[str, Array]:
    """What a cell keeps of one step, under the symbols of its equations."""
    kept: dict[str, Array] = {}
    if isinstance(cache, GRUCache | LSTMCache):
        kept = dict(zip((*cell.gates[:-1], "c_tilde"), cache.gates[:, 0], strict=True))
    if isinstance(cache, GRUCache):
        kept["h"] = cache.h[0]
    if isinstance(cache, LSTMCache):
        kept |= {"c": cache.cell_states[1], "tanh_c": cache.tanh_c[0]}
    return kept | {"a": cache.hidden_states[1]}


def backward(
    model: CharRNN, params: Params, steps: Sequence[Forward], dz: Array, truncate: int | None = None
) -> Backward:
    """The way back from dz (T, n_y), each layer's own backward one step at a time.

    The calls are those of the model's backward. With `truncate`, what comes back from step t+1 is zero where t is a
    multiple of it: the last step of a chunk.
    """
    cells = model.cells
    nothing = [cell.start(1, dz.dtype) for cell in cells]
    dh_next, trail = list(nothing), []
    grads = {name: np.zeros(shape, dz.dtype) for name, shape in shapes(model).items()}
    for step in reversed(steps):
        if truncate and step.t % truncate == 0:
            dh_next = list(nothing)
        layers: list[Layer] = []
        da: Any
        da, dW, db = linear_backward(step.caches[-1], params["W_ya"], dz[step.t - 1 : step.t])
        found = {"W_ya": dW, "b_y": db}
        for k, cell in reversed(list(enumerate(cells))):
            above, came = da, dh_next[k]
            da, dh_next[k], cell_grads = cell.backward(params, step.caches[k], above, came)
            dz_t = cell_grads[cell.names()[2]].reshape(len(cell.gates), -1)
            layers.insert(0, Layer(above[0], tuple(s[0] for s in came), dz_t))
            found |= cell_grads
        found |= {"E": da} if model.n_x else {}
        for name, g in found.items():
            grads[name] += g
        trail.append(tuple(layers))
    return Backward(dz, tuple(reversed(trail)), grads)


def refuse_overflow(name: str, steps: Sequence[Forward], *ways: Backward) -> None:
    """BacterioError if the norm of any vector or gradient is not finite."""
    vectors = [v for step in steps for v in (step.z, *(v for kept in step.kept for v in kept.values()))]
    layers = [layer for way in ways for step in way.layers for layer in step]
    vectors += [v for layer in layers for v in (*layer.dstate, layer.dz)]
    vectors += [np.array(global_norm(way.grads)) for way in ways]
    if not all(np.isfinite(norm(v)) for v in vectors):
        raise BacterioError(
            f"{name}: its numbers overflow, for the weights are too large; trace a shorter name or another net"
        )
