"""What `trace` prints for people: the way forward, the way back, the equations and the gradients; or one step."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bacterio_cli.cli import tables, terminal

if TYPE_CHECKING:
    from bacterio_cli.nn.layers import Array
    from bacterio_cli.trace.bptt import Trace

LN2 = math.log(2)
BOUNDARY = "$"  # as `score` writes it


def show(found: Trace, name: str, letters: Sequence[str], truncate: int | None) -> None:
    """The way forward, the way back layer by layer, the equations, and the gradients."""
    model, T = found.model, len(found.steps)
    layers = "1 layer" if model.layers == 1 else f"{model.layers} layers"
    say(f"{name}: T = {T} steps, {found.nats_per_char / LN2:.4f} bits per letter; {BOUNDARY} is the boundary")
    say(f"{model.cell}, {layers} of {model.n_a} units, float64")
    show_forward(found, letters)
    show_backward(found, letters, truncate)
    show_equations(found)
    show_gradients(found, truncate)


def say(text: str) -> None:
    """A line of the result, or a few."""
    terminal.paragraph(text, stream=sys.stdout)


def heading(text: str) -> None:
    """A line after an empty one."""
    sys.stdout.write("\n")
    say(text)


def show_forward(found: Trace, letters: Sequence[str]) -> None:
    """A row per step: the letter read, the letter to come, its probability and loss, ‖a‖ of each layer, three letters."""
    heading("Forward: x is read, y is to come")
    rows = []
    for s in found.steps:
        likeliest = (-s.y_hat).argsort(kind="stable")[:3]
        norms = found.norms(s.t)
        rows.append((
            str(s.t),
            letters[s.x],
            letters[s.y],
            f"{s.y_hat[s.y]:.4f}",
            f"{s.nats / LN2:.2f}",
            " ".join(f"{norms[f'{k}.a']:.3f}" for k in range(found.model.layers)),
            "  ".join(f"{letters[i]} {s.y_hat[i]:.2f}" for i in likeliest),
        ))  # fmt: skip
    state = "‖a‖" if found.model.layers == 1 else "‖a‖ by layer"
    columns = ("t", "x", "y", "P(y)", "bits", state, "likeliest")
    tables.table(columns, rows, stream=sys.stdout, right=("t", "P(y)", "bits"))


def show_backward(found: Trace, letters: Sequence[str], truncate: int | None) -> None:
    """A table per layer from the top, as training goes back through them, each from the last step to the first."""
    norms = [found.norms(step.t) for step in found.steps]
    fading = [symbol for symbol in ("last_a", "last_c") if f"0.{symbol}" in norms[0]]
    scale = Scale([n[f"{k}.{symbol}"] for n in norms for k in range(found.model.layers) for symbol in fading])
    cut = f"cut every {truncate} letters: there nothing is carried on, and of dz that share is lost"
    alone = f"∂L_T/∂a of the loss at the last letter alone{scale.legend}"
    heading(
        "Backward: norms of ∂L/∂, L the mean over the steps; dz_y of the logits, da from above, dh_next from step t+1, "
        f"dz of the gates before σ, tanh or f; {cut if truncate else alone}"
    )
    for k in reversed(range(found.model.layers)):
        own = ["da", *(symbol for symbol in ("dh_next", "dc_next") if f"0.{symbol}" in norms[0]), "dz"]
        keys = ["dz_y"] * (k == found.model.layers - 1) + [f"{k}.{symbol}" for symbol in own]
        rows = []
        for s, n in zip(reversed(found.steps), reversed(norms), strict=True):
            row = [str(s.t), letters[s.x], *(tables.short(n[key]) for key in keys)]
            if truncate:
                lost = n[f"{k}.lost"]
                row += [tables.short(n[f"{k}.dz_truncated"]), tables.percent(lost)]
                row.append(tables.bar(lost) if scale.drawn else "")
                row.append("cut" if s.t % truncate == 0 and s.t < len(norms) else "")
            else:
                row += [scale.number(n[f"{k}.{symbol}"]) for symbol in fading]
            rows.append(row)
        numbers = [key.rpartition(".")[2] for key in keys]
        behind = ["truncated", "lost", "", ""] if truncate else [f"∂L_T/∂{symbol[-1]}" for symbol in fading]
        heading(f"Layer {k}")
        right = ("t", *numbers, "truncated", "lost")
        tables.table(("t", "x", *numbers, *behind), rows, stream=sys.stdout, right=right)
        if not truncate:
            say(fate([n[f"{k}.last_a"] for n in norms]))


class Scale:
    """A logarithmic scale for norms that vanish: bars of two decades at least, full at the largest, where there is room."""

    def __init__(self, values: Sequence[float]) -> None:
        above = [value for value in values if value] or [1.0]
        self.top = max(above)
        self.decades = max(2, math.ceil(math.log10(max(above)) - math.log10(min(above))))
        self.widest = max(len(tables.short(value)) for value in values)
        self.drawn = terminal.columns_of(sys.stdout) >= 80
        self.legend = f"; bars: {self.decades} decades, full at {tables.short(self.top)}" if self.drawn else ""

    def number(self, value: float) -> str:
        """The norm, and its bar."""
        if not self.drawn:
            return tables.short(value)
        share = 1 + (math.log10(value) - math.log10(self.top)) / self.decades if value else 0.0
        return f"{tables.short(value):<{self.widest}} {tables.bar(share)}"


def fate(norms: Sequence[float]) -> str:
    """What became of ∂L_T/∂a⟨t⟩ on its way from the last step to the first, in words."""
    first, last = norms[0], norms[-1]
    said = f"∂L_T/∂a goes from {tables.short(last)} at t = {len(norms)} to {tables.short(first)} at t = 1"
    if not first or not last:
        return said
    return f"{said}, × {10 ** ((math.log10(first) - math.log10(last)) / (len(norms) - 1)):.2f} per step"


def show_equations(found: Trace) -> None:
    """The equations of a step, their shapes and sources, in the order in which they are computed."""
    from bacterio_cli.trace.equations import equations_of

    heading("Equations of a step")
    rows = [(e.gives, e.text, shape, e.source) for e, shape in equations_of(found.model)]
    tables.table(("gives", "equation", "shape", "source"), rows, stream=sys.stdout)
    if found.model.cell != "rnn":
        say("on the way back, da in these is all of it: da from above + dh_next")


def show_gradients(found: Trace, truncate: int | None) -> None:
    """The norm of each parameter's gradient, with its equation or with what truncation leaves of it."""
    from bacterio_cli.nn.models import shapes
    from bacterio_cli.trace.equations import gradient_equations

    sizes = shapes(found.model)
    sums = gradient_equations(found.back.grads, found.model.cell)
    rows = []
    for g in found.gradients():
        row = [g.name, "×".join(map(str, sizes.get(g.name, ()))), tables.short(g.norm)]
        left = [tables.short(g.truncated), tables.percent(g.lost), "–" if g.cosine is None else f"{g.cosine:.4f}"]
        rows.append(row + (left if truncate else [sums.get(g.name, "")]))
    heading("Gradients of the parameters, summed over time")
    columns = ("parameter", "shape", "norm", *(("truncated", "lost", "cosine") if truncate else ("equation",)))
    right = ("norm", "truncated", "lost", "cosine")
    tables.table(columns, rows, stream=sys.stdout, right=right)


def show_step(found: Trace, letters: Sequence[str], t: int) -> None:
    """All numbers of one step: x_t, each layer unit by unit, and the letters."""
    s, vectors = found.steps[t - 1], found.vectors(t)
    say(f"step {t} of {len(found.steps)}: {letters[s.x]} is read, {letters[s.y]} is to come")
    say(f"P(y) = {s.y_hat[s.y]:.6f}, {s.nats / LN2:.4f} bits")
    layers = range(found.model.layers)
    of_layer = [{n.partition(".")[2]: v for n, v in vectors.items() if n.startswith(f"{k}.")} for k in layers]
    units = [str(unit) for unit in range(1, max(len(s.x_t), found.model.n_a) + 1)]
    show_columns("Input", units, {"x_t": vectors["x_t"]})
    for k, own in enumerate(of_layer):
        show_columns(f"Layer {k}, forward", units, {n: own[n] for n in s.kept[k]})
    show_columns("Letters", letters, {n: vectors[n] for n in ("z", "y_hat", "dz_y")}, "y")
    for k, own in reversed(list(enumerate(of_layer))):
        show_columns(f"Layer {k}, backward", units, {n: v for n, v in own.items() if n not in s.kept[k]})


def show_columns(title: str, labels: Sequence[str], vectors: dict[str, Array], what: str = "unit") -> None:
    """Vectors of one length side by side, a row per unit."""
    heading(title)
    rows = [(label, *map(tables.short, values)) for label, *values in zip(labels, *vectors.values(), strict=False)]
    tables.table((what, *vectors), rows, stream=sys.stdout, right=("unit", *vectors))
