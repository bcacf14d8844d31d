"""`bacterio trace`: backpropagation through time, one name, step by step."""

import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from typer import Argument, Option

from bacterio_cli.cli import loading, options, plots, tables, terminal, unrolled_plot
from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.errors import CheckpointError, refuse
from bacterio_cli.inference.scorer import LN2, refuse_overlong
from bacterio_cli.nn import layers, models
from bacterio_cli.trace import bptt, equations

MOST_SHOWN = 8  # units or letters of a step
BOUNDARY = "$"  # as `score` writes it


def trace(
    name: Annotated[str, Argument(metavar="NAME", help="The name to follow.")],
    step: Annotated[int | None, Option("--step", metavar="T", help="Print all numbers of this step instead; the first is 1, the last is that of the end mark. [default: the norms of all]")] = None,
    truncate: Annotated[int | None, Option("--truncate", metavar="K", min=1, help="Show what is forgotten if BPTT is cut every K letters, as by train --stream --bptt K. [default: no cut]")] = None,
    full: Annotated[bool, Option("--full", help="With --step: every unit and letter, not the eight that matter most.")] = False,
    compare: Annotated[bool, Option("--compare", help="Show instead how ∂L_T/∂a fades in fresh nets of this size: tanh, sigmoid, relu, and an LSTM, whose c carries it.")] = False,
    checkpoint: options.CheckpointOption = None,
    plot: Annotated[Path | None, Option(metavar="FILE", help=f"Draw the unrolled net too, with the norms on its arrows, as {plots.PICTURES}; needs matplotlib. [default: none]", show_default=False)] = None,
    as_json: Annotated[bool, Option("--json", help="One JSON object, as described above.")] = False,
) -> None:  # fmt: skip
    """Follow one name forward and backward through time.

    Step by step: the letter read, the states and the loss; then, from the last step to the first, what comes down
    from the loss, what comes back from step t+1, and how the gradient of the last loss alone vanishes; the equations
    with shapes and sources; the gradients. The net alone is traced, in float64, with the letters as targets.

    --json: name, arch, layers, hidden, T, nats_per_char, bits_per_char, truncate; in `steps` t, x, y (null: the
    boundary), p, bits, and the norms dz_y and, of layer 0, 0.a, 0.da, 0.dh_next, 0.dz, 0.last_a (∂L_T/∂a), of an LSTM
    0.c, 0.dc_next and 0.last_c, with --truncate 0.dz_truncated and 0.lost; in `gradients` name, norm, and with --truncate
    truncated and lost. With --step: name, t, x, y, p, bits and the vectors, of 0.dz one per gate.

    Example: bacterio trace Escherichia --truncate 4
    """
    name = " ".join(name.split())
    others = step is not None or truncate or plot or as_json
    refuse_overlong([name])
    refuse(
        (not name, "NAME is empty; give one, as in 'bacterio trace Escherichia'"),
        (step is not None and truncate, "--step shows the whole gradient, --truncate what is left of it; give one"),
        (full and step is None, "--full is for --step T; give both"),
        (compare and others, "--compare prints a table of its own; leave out --step, --truncate, --plot and --json"),
    )
    path, trained = loading.open_model(checkpoint)
    if plot:
        plots.ensure_drawable(plot)
    T = len(trained.vocabulary.fold(name)) + 1
    refuse((step is not None and not 1 <= step <= T, f"--step {step}: {name} has the steps 1 to {T}"))
    if not isinstance(trained.model, models.CharRNN):
        what = "its net reads a window of letters and has no state, so that nothing goes back through time"
        raise CheckpointError(path, what, "train a recurrent net with 'bacterio train --arch rnn', gru or lstm")
    start = trained.nets[0].initial_state
    found = bptt.trace(trained.model, trained.nets[0].params, trained.vocabulary, name, truncate=truncate, start=start)
    if len(trained.nets) > 1 or trained.weights[0] < 1:
        terminal.notice("tracing the first net alone; 'bacterio score' averages all nets and mixes them with the table")
    letters = (BOUNDARY, *trained.vocabulary.letters)
    if plot:
        unrolled_plot.draw_unrolled(plot, found, letters)
        terminal.notice(f"drawn to {plot}")
    if compare:
        show_comparison(found, trained.vocabulary)
    elif as_json:
        sys.stdout.write(terminal.as_json(describe(found, (None, *letters[1:]), step)))
    elif step is not None:
        show_step(found, letters, step, full=full)
    else:
        print_trace(found, letters)


def describe(found: bptt.Trace, letters: Sequence[str | None], step: int | None) -> dict[str, Any]:
    """The whole trace, or all numbers of one step, ready for JSON."""
    rows: list[dict[str, Any]] = []
    for s in found.steps:
        rows.append({"t": s.t, "x": letters[s.x], "y": letters[s.y], "p": math.exp(-s.nats), "bits": s.nats / LN2})
    if step is not None:
        vectors = {symbol: vector.tolist() for symbol, vector in found.vectors(step).items()}
        return {"name": found.name, **rows[step - 1], **vectors}
    model, nats = found.model, found.nats_per_char
    sizes = {"arch": model.cell, "layers": model.layers, "hidden": model.n_a, "T": len(rows)}
    loss = {"nats_per_char": nats, "bits_per_char": nats / LN2}
    steps = [row | found.norms(row["t"]) for row in rows]
    whole = {"truncate": found.truncate, "steps": steps, "gradients": found.gradients()}
    return {"name": found.name, **sizes, **loss, **whole}


def print_trace(found: bptt.Trace, letters: Sequence[str]) -> None:
    """The way forward, the way back layer by layer, the equations in the order of computation, and the gradients."""
    model, bits = found.model, found.nats_per_char / LN2
    terminal.paragraph(f"{found.name}: T = {len(found.steps)} steps, {bits:.4f} bits per letter")
    sizes = f"{model.layers} × {model.n_a} units; n_x = {model.width}, n_a = {model.n_a}, n_y = {model.n_y}"
    terminal.paragraph(f"{model.cell}, {sizes}; float64; {BOUNDARY} is the boundary")
    terminal.paragraph("Forward: x is read, y is to come", apart=True)
    rows: list[Sequence[str | float]] = []
    for s in found.steps:
        norms, y_hat = found.norms(s.t), s.vectors["y_hat"]
        states = " ".join(f"{norms[f'{k}.a']:.3f}" for k in range(model.layers))
        best = "  ".join(f"{letters[i]} {y_hat[i]:.2f}" for i in (-y_hat).argsort(kind="stable")[:3])
        rows.append((s.t, letters[s.x], letters[s.y], float(y_hat[s.y]), s.nats / LN2, states, best))
    columns = ("t", "x", "y", "P(y)", "bits", "‖a‖" if model.layers == 1 else "‖a‖ by layer", "likeliest")
    tables.table(columns, rows)
    show_backward(found, letters)
    terminal.paragraph("Equations of a step", apart=True)
    tables.table(("equation", "shape", "source"), equations.equations_of(model))
    grads, gradients = found.back.grads, found.gradients()
    sums, rows = equations.gradient_equations(grads, model.cell), []
    for name, *numbers in (row.values() for row in gradients):
        rows.append((name, "×".join(map(str, grads[name].shape)), *numbers, sums[name]))
    terminal.paragraph("Gradients of the parameters, summed over time", apart=True)
    tables.table(("parameter", "shape", *list(gradients[0])[1:], "equation"), rows)


def show_backward(found: bptt.Trace, letters: Sequence[str]) -> None:
    """A table per layer from the top, as training goes back through them, each from the last step to the first."""
    back = found.steps[::-1]
    norms = [found.norms(step.t) for step in back]
    columns = {symbol: symbol for symbol in ("da", "dh_next", "dc_next", "dz") if f"0.{symbol}" in norms[0]}
    if found.truncate:
        behind = f"cut every {found.truncate} letters: there nothing is carried on; lost is ‖what dz loses‖ / ‖dz‖"
        columns |= {"dz_truncated": "truncated", "lost": "lost"}
    else:
        behind = "∂L_T/∂a of the loss at the last letter alone"
        columns |= {f"last_{state}": f"∂L_T/∂{state}" for state in found.model.cells[0].state_names}
    terminal.paragraph(
        "Backward: norms of ∂L/∂, L the mean over the steps; dz_y of the logits, da from above, dh_next from step t+1, "
        f"dz of the gates before σ, tanh or f; {behind}",
        apart=True,
    )
    for k in reversed(range(found.model.layers)):
        top = {"dz_y": "dz_y"} if k == found.model.layers - 1 else {}
        shown = top | {f"{k}.{symbol}": title for symbol, title in columns.items()}
        steps: dict[str, Any] = {"t": [step.t for step in back], "x": [letters[step.x] for step in back]}
        show_columns(f"Layer {k}", steps | {title: [own[key] for own in norms] for key, title in shown.items()})
        first, last = norms[-1][f"{k}.last_a"], norms[0][f"{k}.last_a"]
        if last and not found.truncate:
            terminal.paragraph(f"∂L_T/∂a at t = 1 is {tables.short(first / last)} of what it is at t = {len(norms)}")


def show_step(found: bptt.Trace, letters: Sequence[str], t: int, *, full: bool) -> None:
    """The numbers of one step: the input, each layer there and back, and the letters with the target."""
    s, vectors, model = found.steps[t - 1], found.vectors(t), found.model
    terminal.paragraph(f"step {t} of {len(found.steps)}: {letters[s.x]} is read, {letters[s.y]} is to come")
    terminal.paragraph(f"P(y) = {vectors['y_hat'][s.y]:.6f}, {s.nats / LN2:.4f} bits")
    x_t = [tables.short(value) for value in vectors["x_t"][: None if full else MOST_SHOWN]]
    embedded = f"x_t = {', '.join(x_t)}" + f", … ({model.n_x} numbers)" * (len(x_t) < model.n_x)
    terminal.paragraph(embedded if model.n_x else f"x_t is one-hot: 1 at {letters[s.x]}, else 0")
    for k in reversed(range(model.layers)):
        own = {name.partition(".")[2]: v for name, v in vectors.items() if name.startswith(f"{k}.")}
        if model.cell == "rnn":
            _, derivative = layers.ACTIVATIONS[model.activation]
            own["f′"] = derivative(own["a"])
        own |= {f"dz_{gate}": row for gate, row in zip(model.cells[k].gate_names, own.pop("dz"), strict=True)}
        back = list(own).index("da")
        for way, symbols in (("forward", list(own)[:back]), ("backward", list(own)[back:])):
            columns: dict[str, Any] = {"unit": range(1, model.n_a + 1)} | {symbol: own[symbol] for symbol in symbols}
            show_columns(f"Layer {k}, {way}", columns, None if full else own["da"])
    target = [float(letter == s.y) for letter in range(len(letters))]
    columns = {"letter": letters, "z_y": vectors["z"], "ŷ": vectors["y_hat"], "y": target, "dz_y": vectors["dz_y"]}
    show_columns("Letters", columns, None if full else vectors["dz_y"])


def show_columns(title: str, columns: Mapping[str, Any], by: layers.Array | None = None) -> None:
    """Labels and vectors of one length side by side: all their rows, or those that are largest by one vector."""
    rows = list(zip(*columns.values(), strict=True))
    if by is not None and len(rows) > MOST_SHOWN:
        title += f": {MOST_SHOWN} of {len(rows)}; --full shows all"
        rows = [rows[k] for k in sorted(abs(by).argsort(kind="stable")[-MOST_SHOWN:])]
    terminal.paragraph(title, apart=True)
    tables.table(tuple(columns), rows)


def show_comparison(found: bptt.Trace, vocabulary: Vocabulary) -> None:
    """‖∂L_T/∂a⟨t⟩‖ as a share of what it is at the last step, in fresh nets of one layer and the same width."""
    columns: dict[str, Any] = {"t": [step.t for step in reversed(found.steps)]}
    for kind in (("rnn", "tanh"), ("rnn", "sigmoid"), ("rnn", "relu"), ("lstm",)):
        net = models.CharRNN(found.model.n_y, found.model.n_x, found.model.n_a, 1, *kind)
        fresh = bptt.trace(net, models.init(net, np.random.default_rng(0), np.float64), vocabulary, found.name)
        for symbol in net.cells[0].state_names:
            norms = [fresh.norms(step.t)[f"0.last_{symbol}"] for step in reversed(fresh.steps)]
            columns[f"{kind[-1]} {symbol}"] = [value / max(norms) for value in norms]
    show_columns("‖∂L_T/∂a⟨t⟩‖, and of an LSTM ‖∂L_T/∂c⟨t⟩‖, ÷ its largest; fresh nets, one layer, seed 0", columns)
