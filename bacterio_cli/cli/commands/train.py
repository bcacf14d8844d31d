"""`bacterio train`: learn names from lists."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bacterio_cli.cli import tables, terminal
from bacterio_cli.cli.commands.corpus import InputFormat, Profile
from bacterio_cli.errors import UsageError

if TYPE_CHECKING:
    from bacterio_cli.dataset.corpus import Corpus
    from bacterio_cli.training.trainer import TrainingState

Choice = typer.Option  # shortens the table below


def train(
    corpus: Annotated[list[str], typer.Argument(metavar="CORPUS", help="Lists of names, or files of genera as 'bacterio corpus' reads them; '-' is standard input; several are joined.")],
    arch: Annotated[Literal["rnn", "gru", "lstm", "mlp"] | None, Choice(help="Kind of network. [default: lstm]")] = None,
    activation: Annotated[Literal["tanh", "sigmoid", "relu"] | None, Choice(help="Activation of an rnn or mlp. [default: tanh]")] = None,
    hidden: Annotated[int | None, Choice(help="Units a layer. [default: 128; rnn 192]")] = None,
    layers: Annotated[int | None, Choice(help="Stacked layers. [default: 2]")] = None,
    embedding: Annotated[int | None, Choice(help="Width of the letters' embedding; 0 is one-hot. [default: 32]")] = None,
    window: Annotated[int | None, Choice(help="Letters that an mlp sees. [default: 5]")] = None,
    dropout: Annotated[float | None, Choice(help="Share of each layer's output dropped. [default: 0.4; rnn 0.1]")] = None,
    optimizer: Annotated[Literal["sgd", "adagrad", "rmsprop", "adam", "adamw"] | None, Choice(help="Update rule. [default: adamw]")] = None,
    lr: Annotated[float | None, Choice(help="Peak learning rate a step. [default: 0.005; rnn 0.003, sgd 0.5, adagrad 0.05, rmsprop 0.002]")] = None,
    schedule: Annotated[Literal["constant", "linear", "cosine"] | None, Choice(help="Course of the learning rate. [default: cosine]")] = None,
    warmup: Annotated[int | None, Choice(help="Steps of linear rise before it. [default: 0]")] = None,
    weight_decay: Annotated[float | None, Choice(help="Decoupled decay of adamw, a unit of learning rate. [default: 0.15]")] = None,
    batch_size: Annotated[int | None, Choice(help="Names, or streams, a step. [default: 32; 128 from 300,000 characters]")] = None,
    epochs: Annotated[int | None, Choice(help="Passes over the corpus. [default: by its size, 45 for 43,000 characters; rnn 60]")] = None,
    clip: Annotated[float | None, Choice(help="Limit of the gradient; 0 is none. [default: 5]")] = None,
    clip_mode: Annotated[Literal["norm", "element"] | None, Choice(help="Clip the global norm, or each element. [default: norm]")] = None,
    stream: Annotated[bool | None, Choice("--stream", help="Read the corpus as one text, state carried on from chunk to chunk.", show_default=False)] = None,
    bptt: Annotated[int | None, Choice(help="Letters a chunk of --stream. [default: 25]")] = None,
    valid_fraction: Annotated[float | None, Choice(help="Share of the names held out to validate on. [default: 0.1]")] = None,
    patience: Annotated[int | None, Choice(help="Stop after so many epochs without improvement; 0 is never. [default: 0]")] = None,
    seed: Annotated[int | None, Choice(help="Seed of all random numbers. [default: 0]")] = None,
    ngram: Annotated[int | None, Choice(help="Order of the count table beside the net; 0 is none. [default: 7]")] = None,
    smoothing: Annotated[float | None, Choice(help="Weight of the table in the net's targets. [default: 0.45]")] = None,
    mix: Annotated[str | None, Choice(metavar="auto|W", help="Weight of the net beside the table; auto by validation, 1 is the net alone. [default: auto]")] = None,
    refit: Annotated[bool | None, Choice("--refit/--no-refit", help="After validation, go on with all names. [default: refit]", show_default=False)] = None,
    nets: Annotated[int | None, Choice(help="Nets to average. [default: 1]")] = None,
    background: Annotated[list[str] | None, Choice(metavar="FILE", help="A larger list of related names, to learn from first, read as CORPUS is, by the four options that follow; repeatable. [default: none]", show_default=False)] = None,
    profile: Annotated[Profile | None, Choice(help="What is learned of them: genus names, or any line. [default: by format]")] = None,
    input_format: Annotated[InputFormat | None, Choice(help="Insist on a format. [default: by content]")] = None,
    column: Annotated[str | None, Choice(help="Read this column of a table, by name or number from 1. [default: it is no table]")] = None,
    encoding: Annotated[str | None, Choice(help="Such as latin-1 or cp1252. [default: utf-8, or as the file announces]")] = None,
    preset: Annotated[Literal["fast", "default", "best", "seed"] | None, Choice(help="Options at once; 'seed' is the plain system of the first source text. A flag beside it wins. [default: default]")] = None,
    out: Annotated[Path, Choice("--out", "-o", help="The checkpoint to write.")] = Path("bacterio.npz"),
    save_every: Annotated[int | None, Choice(min=1, help="Save every so many steps too. [default: at each epoch's end]")] = None,
    log: Annotated[Path | None, Choice(help="Write a row an epoch to this file, as JSON Lines; a named pipe waits for its reader, as in a shell. [default: none]")] = None,
    resume: Annotated[bool, Choice("--resume", help="Go on with the run at --out; options left out come from the file, but for those that say how to read CORPUS.")] = False,
    compact: Annotated[bool, Choice("--compact", help="Write the finished file compressed and without what only --resume needs.")] = False,
    quiet: Annotated[bool, Choice("--quiet", "-q", help="No display, notices or report.")] = False,
) -> None:  # fmt: skip
    """Learn names and write a checkpoint.

    The best weights on the names held out are kept, and then go on with all names. Ctrl-C saves, and --resume goes on
    from there, bit for bit.

    Example: bacterio train names.txt --epochs 30 -o names.npz
    """
    options = locals()
    # Other commands start without these, and so do help and usage errors.
    from dataclasses import fields

    from bacterio_cli.checkpoint.atomic_write import probe
    from bacterio_cli.cli.train_session import Log, Session
    from bacterio_cli.dataset.corpus import read_corpus
    from bacterio_cli.training.config import TrainingConfig

    given = {f.name: options[f.name] for f in fields(TrainingConfig) if options.get(f.name) is not None}
    if [*corpus, *(background or [])].count("-") > 1:
        raise UsageError("'-' is given twice, and standard input can be read once")
    refuse_overwriting([*corpus, *(background or [])], out, log)
    goes_on = resume and out.exists()
    probe(out)
    if resume and not goes_on and not quiet:
        terminal.notice(f"{out} does not exist yet: a new run")
    how = {name: options[name] for name in ("profile", "input_format", "column", "encoding")}
    names = read_corpus(corpus, **how)
    related = read_corpus(background, **how) if background else None
    run = make_run(names, related, given, preset, out if goes_on else None)
    logger = Log(log, append=goes_on) if log else None
    if not quiet:
        for line in filter(None, map(provenance, (names, related))):
            terminal.notice(line)
        terminal.notice(describe(names, run))
    Session(run, out, save_every, logger, quiet=quiet).go()
    finish(run, out, compact=compact, quiet=quiet)


def refuse_overwriting(lists: list[str], out: Path, log: Path | None) -> None:
    """UsageError if --out or --log names a list that is read, or both name the same file."""
    from bacterio_cli.checkpoint.atomic_write import is_one_of

    for option, path in [("--out", out), ("--log", log)]:
        if path and is_one_of(path, lists):
            raise UsageError(f"{option} {path} is one of the lists to be read; choose another file")
    if log and (log.resolve() == out.resolve() or is_one_of(log, [out])):
        raise UsageError(f"--out and --log both name {out}; choose two files")


def make_run(
    names: Corpus, related: Corpus | None, given: dict[str, Any], preset: str | None, resumed: Path | None
) -> TrainingState:
    """A new run, or the one that stands in the file."""
    from bacterio_cli.checkpoint.checkpoint import load
    from bacterio_cli.training import trainer as training  # imports the engine
    from bacterio_cli.training.config import resolve, resolve_resumed
    from bacterio_cli.training.resume import config_of

    if resumed is None:
        return training.begin(names, resolve(preset or "default", given), related)
    trained = load(resumed)
    stored = config_of(trained, resumed)
    recipe = resolve_resumed(stored, given, preset, str(resumed))
    return training.resume(trained, names, recipe, str(resumed), related)


def provenance(corpus: Corpus | None) -> str:
    """What the sources were taken for, and what cleaning dropped; "" for plain lists that lost duplicates at most."""
    from bacterio_cli.dataset.cleaning import DUPLICATES  # --help does without the readers

    if corpus is None or (corpus.plain and set(corpus.dropped) <= {DUPLICATES}):
        return ""
    return "; ".join(filter(None, (*corpus.readings, corpus.losses)))


def describe(names: Corpus, run: TrainingState) -> str:
    """The corpus and the model in a line."""
    recipe = run.config
    size = sum(p.size for p in run.params.values())
    dropped = f" ({names.duplicates:,} duplicates dropped)" if names.duplicates else ""
    goes_on = f", from step {run.step:,}" if run.step else ""
    return (
        f"{len(names.names):,} names{dropped}, {run.vocabulary.n_y - 1:,} letters; "
        f"{recipe.arch} {recipe.layers} × {recipe.hidden}, {size:,} parameters, {recipe.epochs} epoch{'s' * (recipe.epochs != 1)}{goes_on}"
    )


def finish(run: TrainingState, out: Path, *, compact: bool, quiet: bool) -> None:
    """The final save if it is to be compact, and the report."""
    from bacterio_cli.training.evaluation import validation_scores
    from bacterio_cli.training.trainer import snapshot

    if compact:
        snapshot(run).compact().save(out, compress=True)
    if quiet:
        return
    scores = validation_scores(run)
    if scores:
        rows = [(score.model, f"{score.bits:.4f}") for score in scores]
        tables.table(
            ("on the names held out", "bits per character"), rows, stream=sys.stderr, right=("bits per character",)
        )
        counted = [score.bits for score in scores if score.model.startswith("n-gram")]
        net = next(score.bits for score in scores if "net" in score.model)
        if counted and net >= min(counted):
            unused = "" if run.weights[0] else ", and names will come from the table alone"
            terminal.notice(f"warning: the net is no better than the table{unused}; more --epochs or names may help it")
    terminal.notice(f"{what_was_done(run)}; saved to {out}")


def what_was_done(run: TrainingState) -> str:
    """Which names the saved model has learned."""
    total, fitted = len(run.corpus.names), len(run.plan.texts["fit"].starts)
    if run.refitted:
        return f"fitted on {fitted:,} names, then again on all {total:,}"
    return (
        f"fitted on {fitted:,} names, {total - fitted:,} held out"
        if fitted < total
        else f"fitted on all {total:,} names"
    )
