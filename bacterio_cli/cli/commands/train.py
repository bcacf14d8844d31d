"""`bacterio train`: learn names from lists."""

import os
import sys
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from bacterio_cli.checkpoint.atomic_write import is_one_of, reserved
from bacterio_cli.checkpoint.checkpoint import load, objection
from bacterio_cli.cli import options, progress, tables, terminal, train_session
from bacterio_cli.dataset.corpus import Corpus, read_corpus
from bacterio_cli.errors import refuse
from bacterio_cli.nomenclature.morphology import look_like_genera
from bacterio_cli.training import evaluation, trainer
from bacterio_cli.training.config import PRESETS, TrainingConfig, resolve, resolve_resumed
from bacterio_cli.training.resume import config_of


def train(
    corpus: Annotated[list[str], Argument(metavar="CORPUS", help="Lists of names, or files of genera as 'bacterio corpus' reads them; '-' is standard input; several are joined.")],
    arch: Annotated[str | None, options.field("arch", "Kind of network")] = None,
    activation: Annotated[str | None, options.field("activation", "Activation of an rnn or mlp")] = None,
    hidden: Annotated[int | None, options.field("hidden", "Units per layer")] = None,
    layers: Annotated[int | None, options.field("layers", "Stacked layers")] = None,
    embedding: Annotated[int | None, options.field("embedding", "Width of the letters' embedding; 0 is one-hot")] = None,
    window: Annotated[int | None, options.field("window", "Letters that an mlp sees")] = None,
    dropout: Annotated[float | None, options.field("dropout", "Share of each layer's output that is dropped")] = None,
    optimizer: Annotated[str | None, options.field("optimizer", "Update rule")] = None,
    lr: Annotated[float | None, options.field("lr", "Peak learning rate per step")] = None,
    schedule: Annotated[str | None, options.field("schedule", "How the learning rate changes over the steps")] = None,
    warmup: Annotated[int | None, options.field("warmup", "Steps of linear rise before the schedule, in each phase")] = None,
    weight_decay: Annotated[float | None, options.field("weight_decay", "Decoupled decay of adamw, per unit of learning rate")] = None,
    batch_size: Annotated[int | None, options.field("batch_size", "Names, or streams, per step")] = None,
    epochs: Annotated[int | None, options.field("epochs", "Passes over the names that are not held out; the refit goes on")] = None,
    clip: Annotated[float | None, options.field("clip", "Limit of the gradient; 0 is none")] = None,
    clip_mode: Annotated[str | None, options.field("clip_mode", "Clip the global norm, or each element")] = None,
    reduction: Annotated[str | None, options.field("reduction", "Descend the mean loss of a step's letters, or their sum, as --clip-mode element expects")] = None,
    init_scale: Annotated[float | None, options.field("init_scale", "Draw all weights from N(0, this²), biases 0")] = None,
    stream: Annotated[bool | None, options.field("stream", "Read the corpus as one text, keeping the state from chunk to chunk", "--stream")] = None,
    bptt: Annotated[int | None, options.field("bptt", "Letters per chunk of --stream")] = None,
    valid_fraction: Annotated[float | None, options.field("valid_fraction", "Share of the names held out to validate on")] = None,
    patience: Annotated[int | None, options.field("patience", "Stop after so many epochs without improvement; 0 is never")] = None,
    seed: Annotated[int | None, options.field("seed", "Seed of all random numbers")] = None,
    ngram: Annotated[int | None, options.field("ngram", "Order of the n-gram table beside the net; 0 is none")] = None,
    smoothing: Annotated[float | None, options.field("smoothing", "Weight of the table in the net's targets")] = None,
    mix: Annotated[str | None, options.field("mix", "Weight of the net beside the table; auto by validation, 1 is the net alone", metavar="auto|W")] = None,
    refit: Annotated[bool | None, options.field("refit", "After validation, go on with all names", "--refit/--no-refit")] = None,
    nets: Annotated[int | None, options.field("nets", "Nets to average")] = None,
    background: Annotated[list[str] | None, Option(metavar="FILE", help="A larger list of related names, to learn from first, read as CORPUS is, by the four options that follow; repeatable. [default: none]", show_default=False)] = None,
    profile: Annotated[options.Profile | None, Option(help="What is learned of them: genus names, or any line. [default: by format]")] = None,
    input_format: options.InputFormatOption = None,
    column: options.ColumnOption = None,
    encoding: options.EncodingOption = None,
    preset: Annotated[str | None, Option(**options.choices(PRESETS), help="Options at once; 'seed' and 'stream' are the plain nets of the derivation's first two texts. A flag beside it wins. [default: default]")] = None,
    out: Annotated[Path, Option("--out", "-o", metavar="FILE", help="The checkpoint to write.")] = Path("bacterio.npz"),
    save_every: Annotated[int | None, Option(min=1, help="Save every so many steps too. [default: where epochs end, short ones several at once]")] = None,
    log: Annotated[Path | None, Option(metavar="FILE", help="Write a row per epoch to this file, as JSON Lines; a named pipe waits for its reader, as in a shell. [default: none]")] = None,
    resume: Annotated[bool, Option("--resume", help="Go on with the training at --out; options left out come from the file, but for those that say how to read CORPUS.")] = False,
    compact: Annotated[bool, Option("--compact", help="Write the finished file compressed and without what only --resume needs.")] = False,
    force: Annotated[bool, Option("--force", help="Replace what stands at --out and --log, whatever it is. [default: only finished checkpoints and logs of bacterio]")] = False,
    quiet: Annotated[bool, Option("--quiet", "-q", help="No progress bar, notices or report.")] = False,
) -> None:  # fmt: skip
    """Learn names and write a checkpoint.

    The weights that are best on the names held out are kept, and training goes on from them with all names. Ctrl-C
    saves, and --resume goes on from there, bit for bit.

    Example: bacterio train names.txt --epochs 30 -o names.npz
    """
    typed = dict(locals())  # the options, by their names here
    lists = [*corpus, *(background or [])]
    both = log and (os.path.realpath(log) == os.path.realpath(out) or is_one_of(log, [out]))
    refuse(
        (is_one_of(out, lists), f"--out {out} is one of the lists to be read; choose another file"),
        (log and is_one_of(log, lists), f"--log {log} is one of the lists to be read; choose another file"),
        (both, f"--out and --log both name {out}; choose two files"),
    )
    goes_on, logger = resume and out.exists(), None
    with train_session.Signals(quiet=quiet) as signals, ExitStack() as stack:
        given = {f.name: typed[f.name] for f in fields(TrainingConfig) if typed.get(f.name) is not None}
        stack.enter_context(reserved(out, objection=(lambda _: "") if goes_on else objection, force=force))
        trained = load(out) if goes_on else None
        if trained:  # options that contradict each other are refused before the lists are read
            config = resolve_resumed(config_of(trained, str(out)), given, preset, str(out))
        else:
            config = resolve(preset or "default", given)
        if resume and not goes_on and not quiet:
            terminal.notice(f"{out} does not exist yet: a new training")
        how = {"profile": profile, **options.how_to_read(typed)}
        with progress.progress_bar("reading", 0, quiet=quiet) as bar:
            names = read_corpus(corpus, **how, watch=progress.reading_on(bar), look_like_genera=look_like_genera)
            related = read_corpus(background, **how, watch=progress.reading_on(bar)) if background else None
        if trained:
            state = trainer.resume(trained, names, str(out), background=related, epochs=config.epochs)
        else:
            state = trainer.begin(names, config, related)
        if log:
            history = state.history if trained else None
            logger = stack.enter_context(train_session.open_log(log, history, force=force, quiet=quiet))
        if not quiet:
            if names.plain and names.profile == "genus" and profile is None:
                terminal.notice("the names are built like those of genera: profile genus; --profile any takes any line")
            for read in filter(None, (names, related)):
                terminal.notice("; ".join(filter(None, (*read.readings, read.losses))))
            terminal.notice(describe(names, state))
        train_session.Session(state, out, save_every, logger, signals=signals).go()
        if compact:
            trainer.snapshot(state).compact().save(out, compress=True, force=True)
        if not quiet:
            show_outcome(state, out)
    if logger and logger.failure:
        raise logger.failure


def describe(names: Corpus, state: trainer.TrainingState) -> str:
    """The corpus and the model in a line."""
    config, letters = state.plan.config, state.plan.vocabulary.n_y - 1
    size = sum(p.size for p in state.params.values())
    goes_on = f", from step {state.step:,}" if state.step else ""
    epochs = f"{config.epochs} epoch{'s' * (config.epochs != 1)}{goes_on}"
    net = f"{config.arch} {config.layers} × {config.hidden}, {size:,} parameters"
    return f"{len(names.names):,} names, {letters:,} letter{'s' * (letters != 1)}; {net}, {epochs}"


def show_outcome(state: trainer.TrainingState, out: Path) -> None:
    """What was reached on the names held out, with a warning if the net is of no use; which names were learned."""
    if scores := evaluation.validation_scores(state):
        rows: list[tuple[str, str | float]] = [*scores]
        valid = tables.validation_curve(state.history)
        rows.append((f"epochs, {max(valid):.2f} to {min(valid):.2f}", tables.curve(valid)))
        tables.table(("on the names held out", "bits per character"), rows, stream=sys.stderr)
        counted = [bits for model, bits in scores if model.startswith("n-gram")]
        net = next(bits for model, bits in scores if "net" in model)
        if counted and net >= min(counted):
            terminal.notice("warning: the net is no better than the table; more --epochs or names may help it")
    total, fitted = len(state.plan.corpus.names), len(state.plan.texts["fit"].starts)
    learned = f"all {total:,} names"
    if fitted < total:
        then = f"then again on all {total:,}" if state.kept["refit"] else f"{total - fitted:,} held out"
        learned = f"{fitted:,} name{'s' * (fitted != 1)}, {then}"
    terminal.notice(f"fitted on {learned}; saved to {out}")
