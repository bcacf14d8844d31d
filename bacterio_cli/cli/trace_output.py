"""What `trace` prints for people: the way forward, the way back, the equations and the gradients; or one step."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from bacterio_cli.cli import tables, terminal

if TYPE_CHECKING:
    from bacterio_cli.dataset.vocabulary import Vocabulary
    from bacterio_cli.nn.layers import Array
    from bacterio_cli.trace.bptt import Trace

LN2 = math.log(2)
MOST_SHOWN = 8  # units or letters of a step
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
    cut = f"cut every {truncate} letters: there nothing is carried on; lost is ‖what dz loses‖ / ‖dz‖"
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
                row += [tables.short(n[f"{k}.dz_truncated"]), f"{lost:.2f}"]
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


def show_gradients(found: Trace, truncate: int | None) -> None:
    """The norm of each parameter's gradient, with its equation or with what truncation leaves of it."""
    from bacterio_cli.nn.models import shapes
    from bacterio_cli.trace.equations import gradient_equations

    sizes = shapes(found.model)
    sums = gradient_equations(found.back.grads, found.model.cell)
    rows = []
    for g in found.gradients():
        row = [g.name, "×".join(map(str, sizes.get(g.name, ()))), tables.short(g.norm)]
        left = [tables.short(g.truncated), f"{g.lost:.2f}", "–" if g.cosine is None else f"{g.cosine:.4f}"]
        rows.append(row + (left if truncate else [sums.get(g.name, "")]))
    heading("Gradients of the parameters, summed over time")
    columns = ("parameter", "shape", "norm", *(("truncated", "lost", "cosine") if truncate else ("equation",)))
    right = ("norm", "truncated", "lost", "cosine")
    tables.table(columns, rows, stream=sys.stdout, right=right)


def show_step(found: Trace, letters: Sequence[str], t: int, *, full: bool) -> None:
    """The numbers of one step: the input, each layer there and back, and the letters with the target.

    Of units and letters the eight with the largest gradients, unless all are wanted.
    """
    s, vectors = found.steps[t - 1], found.vectors(t)
    say(f"step {t} of {len(found.steps)}: {letters[s.x]} is read, {letters[s.y]} is to come")
    say(f"P(y) = {s.y_hat[s.y]:.6f}, {s.nats / LN2:.4f} bits")
    if found.model.n_x == 0:
        say(f"x_t is one-hot: 1 at {letters[s.x]}, else 0")
    else:
        shown = s.x_t if full else s.x_t[:MOST_SHOWN]
        more = "" if len(shown) == len(s.x_t) else f", … ({len(s.x_t)} numbers)"
        say(f"x_t = {', '.join(map(tables.short, shown))}{more}")
    for k in reversed(range(found.model.layers)):
        own = {n.partition(".")[2]: v for n, v in vectors.items() if n.startswith(f"{k}.")}
        if found.model.cell == "rnn":
            from bacterio_cli.nn.activations import ACTIVATIONS

            own["f′"] = ACTIVATIONS[found.model.activation].derivative(own["a"])
        units = [str(unit) for unit in range(1, found.model.n_a + 1)]
        largest = own["dz" if "dz" in own else "da"]
        back = list(own).index("da")
        for way, symbols in (("forward", list(own)[:back]), ("backward", list(own)[back:])):
            show_columns(
                f"Layer {k}, {way}", "unit", units, {name: own[name] for name in symbols}, by=largest, full=full
            )
    target = [float(letter == s.y) for letter in range(len(letters))]
    columns: dict[str, Iterable[float]] = {"z_y": s.z, "ŷ": s.y_hat, "y": target, "dz_y": vectors["dz_y"]}
    show_columns("Letters", "letter", letters, columns, by=vectors["dz_y"], full=full)


def show_columns(
    title: str, of: str, labels: Sequence[str], vectors: Mapping[str, Iterable[float]], *, by: Array, full: bool
) -> None:
    """Vectors of one length side by side, a row per unit or letter: all, or those that are largest by one of them."""
    shown = sorted(abs(by).argsort(kind="stable")[::-1][: None if full else MOST_SHOWN].tolist())
    heading(title if len(shown) == len(labels) else f"{title}: {len(shown)} of {len(labels)}; --full shows all")
    rows = [(label, *map(tables.short, values)) for label, *values in zip(labels, *vectors.values(), strict=True)]
    tables.table((of, *vectors), [rows[k] for k in shown], stream=sys.stdout, right=tuple(vectors))


def show_comparison(found: Trace, vocabulary: Vocabulary, name: str) -> None:
    """‖∂L_T/∂a⟨t⟩‖ as a share of what it is at the last step, in fresh nets of one layer and the same width."""
    import numpy as np

    from bacterio_cli.nn.models import CharRNN, init
    from bacterio_cli.trace.bptt import trace

    sizes, norms = (found.model.n_y, found.model.n_x, found.model.n_a, 1), {}
    for label, kind in (
        ("tanh", ("rnn", "tanh")),
        ("sigmoid", ("rnn", "sigmoid")),
        ("relu", ("rnn", "relu")),
        ("lstm", ("lstm",)),
    ):
        net = CharRNN(*sizes, *kind)
        steps = trace(net, init(net, np.random.default_rng(0), np.float64), vocabulary, name)
        for symbol in ("last_a", "last_c")[: net.cells[0].states]:
            norms[f"{label} {symbol[-1]}"] = [steps.norms(step.t)[f"0.{symbol}"] for step in steps.steps]
    heading("‖∂L_T/∂a⟨t⟩‖, and of an LSTM ‖∂L_T/∂c⟨t⟩‖, ÷ its largest; fresh nets, one layer, seed 0")
    rows = [
        (str(step.t), *(tables.short(values[step.t - 1] / max(values)) for values in norms.values()))
        for step in reversed(found.steps)
    ]
    tables.table(("t", *norms), rows, stream=sys.stdout, right=("t", *norms))
