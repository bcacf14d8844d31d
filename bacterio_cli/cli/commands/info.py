"""`bacterio info`: what a checkpoint holds."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bacterio_cli.cli import completion, loading, options, tables, terminal

if TYPE_CHECKING:
    from bacterio_cli.checkpoint.checkpoint import Checkpoint

DRAWS = 2000  # whose letters a picture shows


def info(
    file: Annotated[Path | None, typer.Argument(autocompletion=completion.checkpoints, help="The checkpoint. [default: bacterio.npz here, else the one that ships]", show_default=False)] = None,
    as_json: options.JsonOption = False,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the learning curves and the letters too, as .png, .svg or .pdf; needs matplotlib. [default: none]", show_default=False)] = None,
) -> None:  # fmt: skip
    """Show what a checkpoint holds.

    Model, alphabet, corpus, the options of training and its learning curve.

    Example: bacterio info bacterio.npz --json
    """
    from bacterio_cli.checkpoint.checkpoint import default_checkpoint, load  # imports numpy

    file = file or default_checkpoint()
    if plot:
        from bacterio_cli.cli.plots import ensure_drawable

        ensure_drawable(plot, [file])
    trained = load(file)
    if plot:
        draw(plot, file.name, trained)
    facts = describe(trained)
    if as_json:
        sys.stdout.write(terminal.as_json(facts))
        return
    history = facts.pop("history")
    corpus = facts.pop("corpus")
    training = facts.pop("training")
    rows = [(name, show(value)) for name, value in facts.items()]
    rows += [(f"corpus {name}", show(value)) for name, value in corpus.items()]
    rows += [(f"training {name}", show(value)) for name, value in training.items()]
    stages = Counter(row["stage"] for row in history)
    rows.append(("epochs done", ", ".join(f"{count} {stage}" for stage, count in stages.items()) or "none"))
    if valid := loading.validation_curve(history):
        rows.append(("best validation", f"{min(valid):.4f} bits per character"))
        rows.append(("validation by epoch", tables.curve(valid)))
    tables.table(("what", "value"), rows, stream=sys.stdout)


def draw(path: Path, name: str, trained: Checkpoint) -> None:
    """The picture of a checkpoint: its history, and the letters of its names beside those of names drawn from it."""
    from itertools import islice

    from bacterio_cli.cli.plots import Letters, draw_model
    from bacterio_cli.inference.sampler import SamplingParams, draws
    from bacterio_cli.nomenclature.statistics import letter_shares

    request = SamplingParams(seed=0, temperature=1.0, max_length=2 * trained.corpus["longest"])
    drawn = islice(draws(trained.language_model, trained.vocabulary, request), DRAWS)
    names = [name for name in drawn if name]
    unended = "" if len(names) == DRAWS else f", {DRAWS - len(names):,} empty or endless ones left out"
    how = f"{DRAWS:,} draws from the model at temperature 1, seed 0{unended}"
    corpus, sampled = (
        letter_shares([trained.vocabulary.fold(name) for name in list_]) for list_ in (trained.known, names)
    )
    model = f"{name}: {trained.arch} {trained.model.layers} × {trained.model.n_a}, {len(trained.known):,} names"
    soft = bool(trained.training.get("ngram") and trained.training.get("smoothing"))
    draw_model(path, model, trained.history, soft, Letters(corpus, sampled, how))
    without = "" if trained.history else ", without learning curves: the file holds no history"
    terminal.notice(f"drawn to {path}{without}")


def show(value: Any) -> str:
    """A value as people write it."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {show(part)}" for name, part in value.items())
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    return f"{value:,}" if isinstance(value, int) else str(value)


def describe(trained: Checkpoint) -> dict[str, Any]:
    """Everything but the numbers themselves, ready for JSON."""
    sizes = trained.model
    return {
        "arch": trained.arch,
        "hidden": sizes.n_a,
        "layers": sizes.layers,
        "embedding": sizes.n_x,
        "parameters": sum(p.size for p in trained.params.values()),
        "vocabulary": trained.vocabulary.letters,
        "nets": len(trained.nets),
        "weights": dict(zip(("nets", "table", "background"), trained.weights, strict=True)),
        "ngram_states": 0 if trained.table is None else len(trained.table.counts.suffix),
        "capitalised": trained.vocabulary.capitalised,
        "known_names": len(trained.known),
        "resumable": trained.progress is not None,
        "corpus": trained.corpus,
        "training": trained.training,
        "history": trained.history,
    }
