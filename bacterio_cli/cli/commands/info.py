"""`bacterio info`: what a checkpoint holds."""

import sys
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from bacterio_cli.checkpoint.checkpoint import Checkpoint, default_checkpoint, load
from bacterio_cli.cli import options, plots, tables, terminal
from bacterio_cli.inference.sampler import SamplingParams, draws
from bacterio_cli.nomenclature.statistics import letter_shares

DRAWS = 2000  # whose letters a picture shows
WORDS = {"True": "yes", "False": "no", "None": "–"}  # as people write them


def info(
    file: Annotated[Path | None, Argument(metavar="FILE", autocompletion=options.checkpoints, help="The checkpoint. [default: bacterio.npz here, else the one that ships]", show_default=False)] = None,
    as_json: options.JsonOption = False,
    plot: Annotated[Path | None, Option(metavar="FILE", help=f"Draw the learning curves and the letters too, as {plots.PICTURES}; needs matplotlib. [default: none]", show_default=False)] = None,
) -> None:  # fmt: skip
    """Show what a checkpoint holds.

    Model, alphabet, corpus, the options of training and its learning curve.

    Example: bacterio info bacterio.npz --json
    """
    file = file or default_checkpoint()
    if plot:
        plots.ensure_drawable(plot)
    model = load(file)
    facts = describe(model)
    if plot:
        params = SamplingParams(seed=0, temperature=1.0, max_length=2 * model.corpus["longest"])
        drawn = islice(draws(model.language_model, model.vocabulary, params), DRAWS)
        names = [name for name in drawn if 0 < len(name) <= params.max_length]
        unended = "" if len(names) == DRAWS else f", {DRAWS - len(names):,} empty or endless ones left out"
        how = f"{DRAWS:,} draws from the model at temperature 1, seed 0{unended}"
        corpus, sampled = (letter_shares([*map(model.vocabulary.fold, some)]) for some in (model.known, names))
        title = f"{file.name}: {model.arch} {model.model.layers} × {model.model.n_a}, {len(model.known):,} names"
        soft = bool(model.training.get("ngram") and model.training.get("smoothing"))
        plots.draw_model(plot, title, history=model.history, soft=soft, corpus=corpus, sampled=sampled, how=how)
        lacking = "" if model.history else ", without learning curves: the file holds no history"
        terminal.notice(f"drawn to {plot}{lacking}")
    if as_json:
        sys.stdout.write(terminal.as_json(facts))
        return
    history, rows = facts.pop("history"), []
    for name, value in facts.items():
        for part, found in value.items() if isinstance(value, dict) else [("", value)]:
            text = f"{found:,}" if type(found) is int else str(found)
            rows.append((f"{name} {part}".rstrip(), WORDS.get(text, text)))
    phases = Counter(row["stage"] for row in history)
    rows.append(("epochs done", ", ".join(f"{count} {phase}" for phase, count in phases.items()) or "none"))
    if valid := tables.validation_curve(history):
        rows.append(("best validation", f"{min(valid):.4f} bits per character"))
        rows.append(("validation by epoch", tables.curve(valid)))
    tables.table(("what", "value"), rows)


def describe(model: Checkpoint) -> dict[str, Any]:
    """Everything but the numbers themselves, ready for JSON."""
    return {
        "weights": dict(zip(("nets", "table", "background"), model.weights, strict=True)),
        "arch": model.arch, "hidden": model.model.n_a, "layers": model.model.layers, "embedding": model.model.n_x,
        "parameters": sum(p.size for p in model.nets[0].params.values()), "vocabulary": model.vocabulary.letters,
        "nets": len(model.nets), "ngram_states": 0 if model.table is None else len(model.table.suffix),
        "capitalised": model.vocabulary.capitalised, "known_names": len(model.known),
        "resumable": model.progress is not None,
        "corpus": model.corpus, "training": model.training, "history": model.history,
    }  # fmt: skip
