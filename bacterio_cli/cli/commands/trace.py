"""`bacterio trace`: backpropagation through time, one name, step by step."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bacterio_cli.cli import loading, options, tables, terminal
from bacterio_cli.errors import CheckpointError, UsageError

if TYPE_CHECKING:
    from bacterio_cli.checkpoint.checkpoint import Checkpoint
    from bacterio_cli.nn.layers import Array
    from bacterio_cli.trace.bptt import Trace

Option = typer.Option
LN2 = math.log(2)
BOUNDARY = "$"  # as `score` writes it


def trace(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name to follow.")],
    step: Annotated[int | None, Option("--step", metavar="T", help="Print all numbers of this step instead; the first is 1, the last is that of the end mark. [default: the norms of all]")] = None,
    truncate: Annotated[int | None, Option("--truncate", metavar="K", min=1, help="Show what is forgotten if BPTT is cut every K letters, as by train --stream --bptt K. [default: no cut]")] = None,
    checkpoint: options.CheckpointOption = None,
    as_json: Annotated[bool, Option("--json", help="One JSON object, as described above.")] = False,
) -> None:  # fmt: skip
    """Follow one name forward and backward through time.

    Step by step: the letter read, the states and the loss; then, from the last step to the first, what comes down
    from the loss, what comes back from step t+1, and how the gradient of the last loss alone vanishes; the equations
    with shapes and sources; the gradients. The net alone is traced, in float64, with the letters as targets.

    --json: name, arch, layers, hidden, T, nats_per_char, bits_per_char, truncate; in `steps` t, x, y (null: the
    boundary), p, bits, and the norms dz_y and, of layer 0, 0.a, 0.da, 0.dh_next, 0.dz, 0.last_a (∂L_T/∂a), of an LSTM
    0.dc_next and 0.last_c, with --truncate 0.dz_truncated and 0.lost; in `gradients` name, norm, and with --truncate
    truncated, lost and cosine. With --step: name, t, x, y, p, bits and the vectors.

    Example: bacterio trace Escherichia --truncate 4
    """
    name = " ".join(name.split())
    if not name:
        raise UsageError("NAME is empty; give one, as in 'bacterio trace Escherichia'")
    if step is not None and truncate is not None:
        raise UsageError("--step shows the whole gradient and --truncate what is left of it; give one of them")
    path, trained = loading.open_model(checkpoint)
    T = len(trained.vocabulary.fold(name)) + 1
    if step is not None and not 1 <= step <= T:
        raise UsageError(f"--step {step}: {name} has the steps 1 to {T}")
    found = follow(path, trained, name, truncate)
    letters = (BOUNDARY, *trained.vocabulary.letters)
    if as_json:
        described = describe(found, (None, *letters[1:]), truncate, step)
        sys.stdout.write(terminal.as_json({"name": name, **described}))
    elif step is not None:
        show_step(found, letters, step)
    else:
        show(found, name, letters, truncate)


def follow(path: Path, trained: Checkpoint, name: str, truncate: int | None) -> Trace:
    """The trace of the first net, with a notice of what else the model has."""
    from bacterio_cli.nn.models import CharRNN  # the engine, which --help does without
    from bacterio_cli.trace.bptt import trace as trace_of

    if not isinstance(trained.model, CharRNN):
        what = "its net reads a window of letters and has no state, so that nothing goes back through time"
        raise CheckpointError(path, what, "train a recurrent net with 'bacterio train --arch rnn', gru or lstm")
    found = trace_of(trained.model, trained.params, trained.vocabulary, name, truncate=truncate)
    if len(trained.nets) > 1:
        terminal.notice(f"tracing the first of {len(trained.nets)} nets; 'bacterio score' averages them")
    if trained.weights[0] < 1:
        how = "mixes it with its table" if trained.weights[0] else "uses the table alone"
        terminal.notice(f"tracing the net alone; 'bacterio score' {how}")
    return found


def describe(found: Trace, letters: Sequence[str | None], truncate: int | None, step: int | None) -> dict[str, Any]:
    """The whole trace, or all numbers of one step, ready for JSON."""
    rows: list[dict[str, Any]] = []
    for s in found.steps:
        p = float(s.y_hat[s.y])
        rows.append({"t": s.t, "x": letters[s.x], "y": letters[s.y], "p": p, "bits": s.nats / LN2})
    if step is not None:
        return rows[step - 1] | {symbol: vector.tolist() for symbol, vector in found.vectors(step).items()}
    gradients = []
    for g in found.gradients():
        left = {"truncated": g.truncated, "lost": g.lost, "cosine": g.cosine} if truncate else {}
        gradients.append({"name": g.name, "norm": g.norm, **left})
    return {
        "arch": found.model.cell,
        "layers": found.model.layers,
        "hidden": found.model.n_a,
        "T": len(rows),
        "nats_per_char": found.nats_per_char,
        "bits_per_char": found.nats_per_char / LN2,
        "truncate": truncate,
        "steps": [row | found.norms(row["t"]) for row in rows],
        "gradients": gradients,
    }


def show(found: Trace, name: str, letters: Sequence[str], truncate: int | None) -> None:
    """The way forward, the way back layer by layer, the equations, and the gradients."""
    model, T = found.model, len(found.steps)
    layers = "1 layer" if model.layers == 1 else f"{model.layers} layers"
    say(f"{name}: T = {T} steps, {found.nats_per_char / LN2:.4f} bits a letter; {BOUNDARY} is the boundary")
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
    """A row a step: the letter read, the letter to come, its probability and loss, ‖a‖ of each layer, three letters."""
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
    """A table a layer from the top, as training goes back through them, each from the last step to the first."""
    T, layers = len(found.steps), found.model.layers
    norms = [found.norms(t) for t in range(1, T + 1)]
    fading = [symbol for symbol in ("last_a", "last_c") if f"0.{symbol}" in norms[0]]
    nexts = [symbol for symbol in ("dh_next", "dc_next") if f"0.{symbol}" in norms[0]]
    seen = [n[f"{k}.{symbol}"] for n in norms for k in range(layers) for symbol in fading]
    top, decades = scale(seen)
    widest = max(len(tables.short(value)) for value in seen)
    wide = terminal.columns_of(sys.stdout) >= 80
    bars = f"; bars: {decades} decades, full at {tables.short(top)}" if wide else ""
    cut = f"cut every {truncate} letters: there nothing is carried on, and of dz that share is lost"
    heading(
        "Backward: norms of ∂L/∂, L the mean over the steps; dz_y of the logits, da from above, dh_next from step t+1, "
        "dz of the gates before σ, tanh or f; "
        + (cut if truncate else f"∂L_T/∂a of the loss at the last letter alone{bars}")
    )
    for k in reversed(range(layers)):
        above = ["dz_y"] if k == layers - 1 else []
        keys = above + [f"{k}.{symbol}" for symbol in ("da", *nexts, "dz")]
        rows = []
        for s in reversed(found.steps):
            n = norms[s.t - 1]
            row = [str(s.t), letters[s.x], *(tables.short(n[key]) for key in keys)]
            if truncate:
                lost = n[f"{k}.lost"]
                row += [tables.short(n[f"{k}.dz_truncated"]), tables.percent(lost)]
                row.append(tables.bar(lost) if wide else "")
                row.append("cut" if s.t % truncate == 0 and s.t < T else "")
            else:
                for symbol in fading:
                    value = n[f"{k}.{symbol}"]
                    share = 1 + (math.log10(value) - math.log10(top)) / decades if value else 0.0
                    number = tables.short(value)
                    row.append(f"{number:<{widest}} {tables.bar(share)}" if wide else number)
            rows.append(row)
        numbers = [key.rpartition(".")[2] for key in keys]
        right = ["t", *numbers, "truncated", "lost"]
        behind = ["truncated", "lost", "", ""] if truncate else [f"∂L_T/∂{symbol[-1]}" for symbol in fading]
        heading(f"Layer {k}")
        tables.table(("t", "x", *numbers, *behind), rows, stream=sys.stdout, right=right)
        if not truncate:
            say(fate([n[f"{k}.last_a"] for n in norms]))


def fate(norms: Sequence[float]) -> str:
    """What became of ∂L_T/∂a⟨t⟩ on its way from the last step to the first, in words."""
    first, last = norms[0], norms[-1]
    said = f"∂L_T/∂a goes from {tables.short(last)} at t = {len(norms)} to {tables.short(first)} at t = 1"
    if not first or not last:
        return said
    return f"{said}, × {10 ** ((math.log10(first) - math.log10(last)) / (len(norms) - 1)):.2f} a step"


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
    """Vectors of one length side by side, a row a unit."""
    heading(title)
    rows = [(label, *map(tables.short, values)) for label, *values in zip(labels, *vectors.values(), strict=False)]
    tables.table((what, *vectors), rows, stream=sys.stdout, right=("unit", *vectors))


def scale(values: Sequence[float]) -> tuple[float, int]:
    """The largest of these norms, and how many decades, two at least, lie between it and the smallest above 0."""
    above = [value for value in values if value] or [1.0]
    return max(above), max(2, math.ceil(math.log10(max(above)) - math.log10(min(above))))
