"""Training as a generator: a run goes in, a record comes out at every step, and nothing is printed.

A run can be saved after any record and resumed from there to the same last byte: the order of an epoch
comes from (seed, epoch), the dropout masks of a step from (seed, step), and what is summed
since the last evaluation is part of the run.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from bacterio_cli.errors import BacterioError, CheckpointError, DivergedError
from bacterio_cli.names.batches import Batch, Text
from bacterio_cli.names.corpus import Corpus, Vocabulary, split
from bacterio_cli.nn import optim
from bacterio_cli.nn.cells import State
from bacterio_cli.nn.layers import Array, Params, dropout_mask
from bacterio_cli.nn.models import CharRNN, Model, WindowMLP, init, loss_and_grads, mean_loss
from bacterio_cli.recipe import Recipe
from bacterio_cli.trained import Trained

EVALUATION_BATCH = 256
LN2 = float(np.log(2))
# What each stream of random numbers is for: default_rng([seed, purpose, …]).
SPLIT, INIT, ORDER, MASKS = range(4)


@dataclass
class Run:
    """A training run between two steps: everything that the next step depends on."""

    recipe: Recipe
    corpus: Corpus
    vocabulary: Vocabulary
    model: Model
    params: Params
    moments: Params
    step: int = 0
    carried: State = ()
    best: Params | None = None
    best_step: int = 0
    best_loss: float | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    # Sums since the last row of the history.
    nats: float = 0.0
    chars: int = 0
    norms: float = 0.0
    steps: int = 0


class Progress(NamedTuple):
    """One step done. `row` is the history's new row where the step ended an epoch, else None.

    `loss` is in nats per character, `chars_per_second` over the training time alone since the last row.
    """

    step: int
    total: int
    epoch: int
    loss: float
    chars_per_second: float
    row: dict[str, Any] | None
    improved: bool


def build_model(recipe: Recipe, n_y: int) -> Model:
    """The model that a recipe describes, for n_y letters with the boundary."""
    if recipe.arch == "mlp":
        return WindowMLP(n_y, recipe.embedding, recipe.hidden, recipe.layers, recipe.window, recipe.activation)
    return CharRNN(n_y, recipe.embedding, recipe.hidden, recipe.layers, recipe.arch, recipe.activation)


def build_optimiser(recipe: Recipe) -> optim.Optimiser:
    """The optimiser that a recipe describes."""
    if recipe.optimizer == "adamw":
        return optim.AdamW(weight_decay=recipe.weight_decay)
    return optim.OPTIMISERS[recipe.optimizer]()


def begin(corpus: Corpus, recipe: Recipe) -> Run:
    """A new run: fresh weights from the seed."""
    vocabulary = Vocabulary.of(corpus.names)
    model = build_model(recipe, vocabulary.n_y)
    params = init(model, np.random.default_rng([recipe.seed, INIT]), np.float32, recipe.init_scale)
    return Run(recipe, corpus, vocabulary, model, params, build_optimiser(recipe).init(params))


def resume(trained: Trained, corpus: Corpus, recipe: Recipe, path: str) -> Run:
    """The run that a checkpoint was saved from; BacterioError for another corpus or a file without a run."""
    progress = trained.progress
    if progress is None:
        raise BacterioError(
            f"{path} is a model to use, without what --resume needs; train anew, to another file with --out"
        )
    if corpus.digest != trained.corpus["digest"]:
        raise BacterioError(
            f"--resume: {path} was trained on another corpus ({trained.corpus['names']:,} names, digest "
            f"{trained.corpus['digest'][:12]}; given: {len(corpus.names):,} names, digest {corpus.digest[:12]}); "
            "give the same lists in the same order, or start anew without --resume"
        )
    run = begin(corpus, recipe)

    def restore(group: str, like: Params) -> Params:
        stored = {name: trained.resume.get(f"{group}.{name}") for name in like}
        for name, value in stored.items():
            if value is None or value.shape != like[name].shape or value.dtype != like[name].dtype:
                raise CheckpointError(path, f"its member 'resume.{group}.{name}' is missing or of the wrong shape")
        return {name: value.copy() for name, value in stored.items() if value is not None}

    run.params = restore("current", run.params)
    run.moments = restore("optimizer", run.moments)
    run.carried = tuple(trained.resume[f"state.{k}"] for k in range(progress["carried"]))
    run.best = dict(trained.params) if progress["best_loss"] is not None else None
    run.history = list(trained.history)
    for name in ("step", "best_step", "best_loss", "nats", "chars", "norms", "steps"):
        setattr(run, name, progress[name])
    return run


def snapshot(run: Run) -> Trained:
    """The run as a checkpoint: the best weights to use, and all that `resume` needs."""
    corpus = run.corpus
    facts = {
        "digest": corpus.digest,
        "names": len(corpus.names),
        "characters": corpus.characters,
        "date": corpus.date,
        "longest": max(map(len, corpus.names)),
    }
    scalars = ("step", "best_step", "best_loss", "nats", "chars", "norms", "steps")
    return Trained(
        run.model,
        run.params if run.best is None else run.best,
        run.vocabulary,
        corpus.names,
        facts,
        asdict(run.recipe),
        run.history,
        {**{name: getattr(run, name) for name in scalars}, "carried": len(run.carried)},
        {
            **{f"current.{name}": value for name, value in run.params.items()},
            **{f"optimizer.{name}": value for name, value in run.moments.items()},
            **{f"state.{k}": value for k, value in enumerate(run.carried)},
        },
    )


def evaluate(model: Model, params: Params, text: Text) -> float:
    """The mean loss over all letters of all names, each from a fresh state, in nats per character."""
    nats, chars = 0.0, 0
    for batch in text.name_batches(EVALUATION_BATCH):
        nats += float(mean_loss(model, params, batch.x, batch.batch_sizes, batch.y)) * len(batch.x)
        chars += len(batch.x)
    return nats / chars


def train(run: Run) -> Iterator[Progress]:
    """Go on from where the run stands to its last epoch, or until patience ends; the run changes in place.

    Raises DivergedError when a loss, gradient or weight stops being finite; the run then holds
    the weights of the step before.
    """
    recipe = run.recipe
    training, validation = split(run.corpus.names, recipe.valid_fraction, np.random.default_rng([recipe.seed, SPLIT]))
    text = Text(training, run.vocabulary)
    held_out = Text(validation, run.vocabulary) if validation else None
    per_epoch = text.batches_per_epoch(recipe.batch_size, recipe.bptt if recipe.stream else None)
    total = per_epoch * recipe.epochs
    optimiser = build_optimiser(recipe)
    seconds, timed_chars = 0.0, 0
    while run.step < total and not out_of_patience(run):
        epoch, done = divmod(run.step, per_epoch)
        for batch in islice(epoch_batches(text, recipe, epoch), done, None):
            begun = time.perf_counter()
            if recipe.stream and run.step % per_epoch == 0:
                run.carried = run.model.start(int(batch.batch_sizes[0]), np.float32)
            rate = optim.learning_rate(
                run.step, peak=recipe.lr, schedule=recipe.schedule, warmup=recipe.warmup, total=total
            )
            loss = take_step(run, batch, optimiser, rate)
            seconds += time.perf_counter() - begun
            timed_chars += len(batch.x)
            speed = timed_chars / seconds
            row, improved = None, False
            if run.step % per_epoch == 0:
                row, improved = end_epoch(run, held_out, run.step // per_epoch, rate)
                seconds, timed_chars = 0.0, 0
            yield Progress(run.step, total, epoch + 1, loss, speed, row, improved)


def epoch_batches(text: Text, recipe: Recipe, epoch: int) -> Iterator[Batch]:
    """The batches of one epoch: names in a fresh order, or the stream from its beginning."""
    if recipe.stream:
        return text.chunks(recipe.batch_size, recipe.bptt)
    return text.name_batches(recipe.batch_size, np.random.default_rng([recipe.seed, ORDER, epoch]))


@np.errstate(all="ignore")  # what overflows is not finite, and is refused below with its step
def take_step(run: Run, batch: Batch, optimiser: optim.Optimiser, rate: float) -> float:
    """Forward, backward, clip, update; the loss in nats per character."""
    recipe, N = run.recipe, len(batch.x)
    masks: list[Array] | None = None
    if recipe.dropout:
        rng = np.random.default_rng([recipe.seed, MASKS, run.step])
        masks = [dropout_mask(rng, (N, width), recipe.dropout, np.float32) for width in run.model.mask_widths]
    state = tuple(s[: batch.batch_sizes[0]] for s in run.carried) if recipe.stream else None
    loss, grads, after, _ = loss_and_grads(
        run.model, run.params, batch.x, batch.batch_sizes, batch.y, state=state, masks=masks
    )
    if recipe.reduction == "sum":
        for g in grads.values():
            g *= N
    norm = optim.global_norm(grads)
    if not np.isfinite(loss) or not np.isfinite(norm):
        raise DivergedError(run.step + 1, "the gradient" if np.isfinite(loss) else "the loss")
    if recipe.clip and recipe.clip_mode == "norm":
        optim.clip_by_norm(grads, recipe.clip, norm)
    elif recipe.clip:
        optim.clip_by_element(grads, recipe.clip)
    before = {name: value.copy() for name, value in run.params.items()}
    optimiser.update(run.params, grads, run.moments, learning_rate=rate)
    if not np.isfinite(optim.global_norm(run.params)):
        run.params = before
        raise DivergedError(run.step + 1, "a weight")
    if recipe.stream:
        run.carried = after
    run.step += 1
    run.nats += loss * N
    run.chars += N
    run.norms += norm
    run.steps += 1
    return loss


def end_epoch(run: Run, held_out: Text | None, epoch: int, rate: float) -> tuple[dict[str, Any], bool]:
    """Evaluate, keep the weights if they are the best so far, and add a row to the history."""
    valid = evaluate(run.model, run.params, held_out) if held_out else None
    improved = valid is None or run.best_loss is None or valid < run.best_loss
    if improved:
        run.best = {name: value.copy() for name, value in run.params.items()}
        run.best_loss, run.best_step = (run.nats / run.chars if valid is None else valid), run.step
    row = {
        "step": run.step,
        "epoch": epoch,
        "nats_per_char": run.nats / run.chars,
        "valid_nats_per_char": valid,
        "valid_bits_per_char": None if valid is None else valid / LN2,
        "gradient_norm": run.norms / run.steps,
        "learning_rate": rate,
    }
    run.history.append(row)
    run.nats, run.chars, run.norms, run.steps = 0.0, 0, 0.0, 0
    return row, improved


def out_of_patience(run: Run) -> bool:
    """Whether the last `patience` evaluations brought no improvement."""
    since_best = sum(row["step"] > run.best_step for row in run.history)
    return bool(run.recipe.patience) and since_best >= run.recipe.patience
