"""`bacterio trace`: backpropagation through time, one name, step by step."""

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from bacterio_cli.cli import loading, options, terminal, trace_output
from bacterio_cli.cli.plots import PICTURES, ensure_drawable
from bacterio_cli.cli.unrolled_plot import draw_unrolled
from bacterio_cli.errors import CheckpointError, refuse
from bacterio_cli.inference.scorer import refuse_overlong
from bacterio_cli.nn.models import CharRNN
from bacterio_cli.trace import bptt


def trace(
    name: Annotated[str, Argument(metavar="NAME", help="The name to follow.")],
    step: Annotated[int | None, Option("--step", metavar="T", help="Print all numbers of this step instead; the first is 1, the last is that of the end mark. [default: the norms of all]")] = None,
    truncate: Annotated[int | None, Option("--truncate", metavar="K", min=1, help="Show what is forgotten if BPTT is cut every K letters, as by train --stream --bptt K. [default: no cut]")] = None,
    full: Annotated[bool, Option("--full", help="With --step: every unit and letter, not the eight that matter most.")] = False,
    compare: Annotated[bool, Option("--compare", help="Show instead how ∂L_T/∂a fades in fresh nets of this size: tanh, sigmoid, relu, and an LSTM, whose c carries it.")] = False,
    checkpoint: options.CheckpointOption = None,
    plot: Annotated[Path | None, Option(metavar="FILE", help=f"Draw the unrolled net too, with the norms on its arrows, as {PICTURES}; needs matplotlib. [default: none]", show_default=False)] = None,
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
    one_step, cut = step is not None, truncate is not None
    accompanied = compare and (one_step or cut or plot or as_json)
    refuse_overlong([name])
    refuse(
        (not name, "NAME is empty; give one, as in 'bacterio trace Escherichia'"),
        (one_step and cut, "--step shows the whole gradient and --truncate what is left of it; give one of them"),
        (full and not one_step, "--full is for --step T; give both"),
        (accompanied, "--compare prints a table of its own; give it without --step, --truncate, --plot and --json"),
    )
    path, trained = loading.open_model(checkpoint)
    if plot:
        ensure_drawable(plot)
    T = len(trained.vocabulary.fold(name)) + 1
    refuse((step is not None and not 1 <= step <= T, f"--step {step}: {name} has the steps 1 to {T}"))
    if not isinstance(trained.model, CharRNN):
        what = "its net reads a window of letters and has no state, so that nothing goes back through time"
        raise CheckpointError(path, what, "train a recurrent net with 'bacterio train --arch rnn', gru or lstm")
    first = trained.nets[0].first  # of a net that was trained with --stream
    found = bptt.trace(trained.model, trained.params, trained.vocabulary, name, truncate=truncate, first=first)
    if len(trained.nets) > 1 or trained.weights[0] < 1:
        terminal.notice("tracing the first net alone; 'bacterio score' averages all nets and mixes them with the table")
    if compare:
        trace_output.show_comparison(found, trained.vocabulary)
        return
    letters = (trace_output.BOUNDARY, *trained.vocabulary.letters)
    if plot:
        draw_unrolled(plot, found, letters)
        terminal.notice(f"drawn to {plot}")
    if as_json:
        sys.stdout.write(terminal.as_json(describe(found, (None, *letters[1:]), step)))
    elif step is not None:
        trace_output.show_step(found, letters, step, full=full)
    else:
        trace_output.print_trace(found, letters)


def describe(found: bptt.Trace, letters: Sequence[str | None], step: int | None) -> dict[str, Any]:
    """The whole trace, or all numbers of one step, ready for JSON."""
    rows: list[dict[str, Any]] = [
        {"t": s.t, "x": letters[s.x], "y": letters[s.y], "p": math.exp(-s.nats), "bits": s.nats / trace_output.LN2}
        for s in found.steps
    ]
    if step is not None:
        vectors = {symbol: vector.tolist() for symbol, vector in found.vectors(step).items()}
        return {"name": found.name, **rows[step - 1], **vectors}
    return {
        "name": found.name,
        "arch": found.model.cell,
        "layers": found.model.layers,
        "hidden": found.model.n_a,
        "T": len(rows),
        "nats_per_char": found.nats_per_char,
        "bits_per_char": found.nats_per_char / trace_output.LN2,
        "truncate": found.truncate,
        "steps": [row | found.norms(row["t"]) for row in rows],
        "gradients": found.gradients(),
    }
