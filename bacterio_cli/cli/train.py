"""`bacterio train`: learn names from lists."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, Literal, TextIO

import typer

from bacterio_cli.cli import terminal
from bacterio_cli.errors import DivergedError, FileError, UsageError

if TYPE_CHECKING:
    from bacterio_cli.names.corpus import Corpus
    from bacterio_cli.training import Progress, Run

Choice = typer.Option  # shortens the table below


def train(
    corpus: Annotated[list[str], typer.Argument(metavar="CORPUS", help="Lists of names, one a line; '-' is standard input; several are joined.")],
    arch: Annotated[Literal["rnn", "gru", "lstm", "mlp"] | None, Choice(help="Kind of network. [default: lstm]")] = None,
    activation: Annotated[Literal["tanh", "sigmoid", "relu"] | None, Choice(help="Activation of an rnn or mlp. [default: tanh]")] = None,
    hidden: Annotated[int | None, Choice(help="Units a layer. [default: 128; rnn 192]")] = None,
    layers: Annotated[int | None, Choice(help="Stacked layers. [default: 2]")] = None,
    embedding: Annotated[int | None, Choice(help="Width of the letters' embedding; 0 is one-hot. [default: 32]")] = None,
    window: Annotated[int | None, Choice(help="Letters that an mlp sees. [default: 5]")] = None,
    dropout: Annotated[float | None, Choice(help="Share of each layer's output dropped. [default: 0.3; rnn 0.1]")] = None,
    optimizer: Annotated[Literal["sgd", "adagrad", "rmsprop", "adam", "adamw"] | None, Choice(help="Update rule. [default: adamw]")] = None,
    lr: Annotated[float | None, Choice(help="Peak learning rate a step. [default: 0.005; rnn 0.003, sgd 0.5, adagrad 0.05, rmsprop 0.002]")] = None,
    schedule: Annotated[Literal["constant", "linear", "cosine"] | None, Choice(help="Course of the learning rate. [default: cosine]")] = None,
    warmup: Annotated[int | None, Choice(help="Steps of linear rise before it. [default: 0]")] = None,
    weight_decay: Annotated[float | None, Choice(help="Decoupled decay of adamw, a unit of learning rate. [default: 0.15]")] = None,
    batch_size: Annotated[int | None, Choice(help="Names, or streams, a step. [default: 32; 128 from 300,000 characters]")] = None,
    epochs: Annotated[int | None, Choice(help="Passes over the corpus. [default: by its size, 30 for 43,000 characters; rnn 60]")] = None,
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
    background: Annotated[list[str] | None, Choice(metavar="FILE", help="A larger list of related names, to learn from first.", show_default=False)] = None,
    preset: Annotated[Literal["fast", "default", "best", "seed"] | None, Choice(help="Options at once; 'seed' is the plain system of the first source text. A flag beside it wins.")] = None,
    out: Annotated[Path, Choice("--out", "-o", help="The checkpoint to write.")] = Path("bacterio.npz"),
    save_every: Annotated[int | None, Choice(min=1, help="Save every so many steps too. [default: at each epoch's end]")] = None,
    log: Annotated[Path | None, Choice(help="Write a row an epoch to this file, as JSON Lines.")] = None,
    resume: Annotated[bool, Choice("--resume", help="Go on with the run at --out; options left out come from the file.")] = False,
    compact: Annotated[bool, Choice("--compact", help="Write the finished file compressed and without what only --resume needs.")] = False,
    quiet: Annotated[bool, Choice("--quiet", "-q", help="No bar, notices or report.")] = False,
) -> None:  # fmt: skip
    """Learn names and write a checkpoint.

    The best weights on the names held out are kept. Ctrl-C saves, and --resume goes on from there, bit for bit.

    Example: bacterio train names.txt --epochs 30 -o names.npz
    """
    options = locals()
    # The engine takes 0.1 s to import; help and usage errors do without.
    from dataclasses import fields

    from bacterio_cli.checkpoint import probe
    from bacterio_cli.names.corpus import read_corpus
    from bacterio_cli.recipe import Recipe

    given = {f.name: options[f.name] for f in fields(Recipe) if options.get(f.name) is not None}
    if corpus.count("-") > 1:
        raise UsageError("'-' is given twice, and standard input can be read once")
    refuse_overwriting([*corpus, *(background or [])], out, log)
    goes_on = resume and out.exists()
    probe(out)
    if resume and not goes_on and not quiet:
        terminal.notice(f"{out} does not exist yet: a new run")
    names = read_corpus(corpus)
    related = read_corpus(background) if background else None
    run = make_run(names, related, given, preset, out if goes_on else None)
    logger = Log(log, append=goes_on) if log else None
    if not quiet:
        terminal.notice(describe(names, run))
    Session(run, out, save_every, logger, quiet=quiet).go()
    finish(run, out, compact=compact, quiet=quiet)


def refuse_overwriting(lists: list[str], out: Path, log: Path | None) -> None:
    """UsageError if --out or --log names a list that is read, or both name the same file."""
    writes = [("--out", out)] + ([("--log", log)] if log else [])
    for option, path in writes:
        for source in lists:
            stdin = source == "-" and sys.stdin is not None
            if path.exists() and (
                os.path.samestat(path.stat(), os.fstat(sys.stdin.fileno()))
                if stdin
                else Path(source).exists() and path.samefile(source)
            ):
                raise UsageError(f"{option} {path} is one of the lists to be read; choose another file")
    if log and (log.resolve() == out.resolve() or (log.exists() and out.exists() and log.samefile(out))):
        raise UsageError(f"--out and --log both name {out}; choose two files")


def make_run(
    names: Corpus, related: Corpus | None, given: dict[str, Any], preset: str | None, resumed: Path | None
) -> Run:
    """A new run, or the one that stands in the file."""
    from bacterio_cli import training  # imports the engine
    from bacterio_cli.recipe import resolve, resolve_resumed
    from bacterio_cli.trained import load

    if resumed is None:
        return training.begin(names, resolve(preset or "default", given), related)
    trained = load(resumed)
    stored = trained.recipe(resumed)
    recipe = resolve_resumed(stored, given, preset, str(resumed))
    return training.resume(trained, names, recipe, str(resumed), related)


def describe(names: Corpus, run: Run) -> str:
    """The corpus and the model in a line."""
    recipe = run.recipe
    size = sum(p.size for p in run.params.values())
    dropped = f" ({names.duplicates:,} duplicates dropped)" if names.duplicates else ""
    goes_on = f", from step {run.step:,}" if run.step else ""
    return (
        f"{len(names.names):,} names{dropped}, {run.vocabulary.n_y - 1:,} letters; "
        f"{recipe.arch} {recipe.layers} × {recipe.hidden}, {size:,} parameters, {recipe.epochs} epochs{goes_on}"
    )


class Log:
    """The rows of the history as JSON Lines; on resume a row that already stands there is not written again."""

    def __init__(self, path: Path, *, append: bool) -> None:
        self.path, self.last = path, 0
        try:
            if path.is_file():  # a log may be replaced by a new one; any other file is somebody's
                rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
                self.last = max((row["step"] for row in rows), default=0) if append else 0
            self.file: TextIO = path.open("a" if append else "w", encoding="utf-8")
        except OSError as failure:
            raise FileError(path, "write", failure) from failure
        except (ValueError, KeyError, TypeError) as failure:
            raise FileError(path, "write", "it is not a log of this program", "choose another --log") from failure

    def write(self, progress: Progress) -> None:
        """One row, on the disk before the checkpoint that follows it."""
        if progress.row is None or progress.step <= self.last:
            return
        try:
            self.file.write(json.dumps({**progress.row, "chars_per_second": round(progress.chars_per_second)}) + "\n")
            self.file.flush()
        except OSError as failure:
            raise FileError(self.path, "write", failure) from failure


class Session:
    """The loop around the run: bar, log, saves, and a clean stop when a signal asks for it."""

    def __init__(self, run: Run, out: Path, save_every: int | None, log: Log | None, *, quiet: bool) -> None:
        self.run, self.out, self.save_every, self.log, self.quiet = run, out, save_every, log, quiet
        self.signal: int | None = None

    def go(self) -> None:
        """Train to the end; Ctrl-C and SIGTERM save and leave with 130 and 143, divergence saves and raises."""
        from bacterio_cli.training import train as steps

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.remember)
        bar, nothing_to_do = None, self.run.done
        try:
            for progress in steps(self.run):
                bar = bar or terminal.training_bar(progress.total, progress.step - 1, quiet=self.quiet)
                self.show(bar, progress)
                if self.log:
                    self.log.write(progress)
                due = self.save_every and progress.step % self.save_every == 0
                if due or progress.row or self.signal:
                    self.save()
                if self.signal:
                    bar.close()
                    self.leave(self.signal)
        except DivergedError:
            self.save()
            raise
        finally:
            if bar is not None:
                bar.close()
        if not nothing_to_do:  # the last save was made before the last stage had ended
            self.save()

    def remember(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """The signal handler: the loop looks after each step."""
        self.signal = number

    def leave(self, number: int) -> None:
        """Say that the run can be resumed, and exit."""
        word = "interrupted" if number == signal.SIGINT else "terminated"
        if not self.quiet:
            terminal.notice(f"{word} at step {self.run.step:,}; saved to {self.out}, go on with --resume")
        raise SystemExit(128 + number)

    def save(self) -> None:
        """The run as it stands."""
        from bacterio_cli.training import snapshot

        snapshot(self.run).save(self.out)

    def show(self, bar: Any, progress: Progress) -> None:
        """Move the bar; a few names when validation improves."""
        if bar.disable:
            return
        bar.update()
        if progress.row is None:
            if progress.step % 10 == 0:
                bar.set_postfix_str(self.figures(progress), refresh=False)
            return
        bar.set_postfix_str(self.figures(progress), refresh=False)
        if progress.improved:
            bar.write(
                f"{progress.row['stage']} {progress.row['epoch']:>3}  {', '.join(self.few_names())}", file=sys.stderr
            )

    def figures(self, progress: Progress) -> str:
        """Loss, validation loss (nats per character) and characters per second."""
        last = self.run.history[-1]["valid_nats_per_char"] if self.run.history else None
        valid = "" if last is None else f", valid {last:.3f}"
        return f"loss {progress.loss:.3f}{valid}, {progress.chars_per_second:,.0f} char/s"

    def few_names(self) -> list[str]:
        """Five draws from the net as it is, known ones too."""
        from bacterio_cli.language_model import Net
        from bacterio_cli.sampling import Request, Tally, sample

        longest = 2 * max(map(len, self.run.corpus.names))
        request = Request(seed=self.run.step, max_length=longest, allow_known=True)
        net = Net(self.run.model, self.run.params)
        names = sample(net, self.run.vocabulary, (), request, count=5, max_tries=64, tally=Tally())
        return [terminal.printable(name) for name in names]


def finish(run: Run, out: Path, *, compact: bool, quiet: bool) -> None:
    """The final save if it is to be compact, and the report."""
    from bacterio_cli.evaluation import validation_scores
    from bacterio_cli.training import snapshot

    if compact:
        snapshot(run).compact().save(out, compress=True)
    if quiet:
        return
    scores = validation_scores(run)
    if scores:
        rows = [(score.model, f"{score.bits:.4f}") for score in scores]
        terminal.table(
            ("on the names held out", "bits per character"), rows, stream=sys.stderr, right=("bits per character",)
        )
        tables = [score.bits for score in scores if score.model.startswith("n-gram")]
        net = next(score.bits for score in scores if "net" in score.model)
        if tables and net >= min(tables):
            terminal.notice("warning: the net is no better than the table; more --epochs or names may help it")
    terminal.notice(f"{what_was_done(run)}; saved to {out}")


def what_was_done(run: Run) -> str:
    """Which names the saved model has learned."""
    total, fitted = len(run.corpus.names), len(run.course.texts["fit"].starts)
    if run.refitted:
        return f"fitted on {fitted:,} names, then again on all {total:,}"
    return (
        f"fitted on {fitted:,} names, {total - fitted:,} held out"
        if fitted < total
        else f"fitted on all {total:,} names"
    )
