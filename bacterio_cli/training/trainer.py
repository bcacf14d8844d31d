"""Training as a generator: a run goes in, a record comes out at every step, and nothing is printed.

A run can be saved after any record: the order of an epoch comes from the seed and the epoch, the dropout
masks of a step from the seed and the step, and what is summed since the last evaluation is part of the run.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from bacterio_cli.dataset.batching import Batch
from bacterio_cli.errors import DivergedError
from bacterio_cli.lm.base import Net
from bacterio_cli.lm.mixture import fit_weights
from bacterio_cli.lm.prefix_tree import likelihood
from bacterio_cli.nn import optim
from bacterio_cli.nn.layers import Params
from bacterio_cli.nn.models import Gradients
from bacterio_cli.training.batch_gradients import stage_gradients
from bacterio_cli.training.plan import Phase
from bacterio_cli.training.resume import resume
from bacterio_cli.training.state import TrainingState, begin, build_optimiser, fresh_params, snapshot

__all__ = ["Progress", "TrainingState", "begin", "resume", "snapshot", "train"]

LN2 = float(np.log(2))


class Progress(NamedTuple):
    """One step done. `row` is the history's new row where the step ended an epoch, else None.

    `loss` is in nats per character, against soft targets if there are any; `chars_per_second` over the training
    time alone since the last row.
    """

    step: int
    total: int
    epoch: int
    loss: float
    chars_per_second: float
    row: dict[str, Any] | None
    improved: bool


def train(run: TrainingState) -> Iterator[Progress]:
    """Go on from where the run stands to the end of its course; the run changes in place.

    Raises DivergedError when a loss, gradient or weight stops being finite; the run then stands before that step.
    """
    while not run.done:
        stage = run.course.stages[run.stage]
        yield from learn(run, stage)
        end_stage(run, stage)


def learn(run: TrainingState, stage: Phase) -> Iterator[Progress]:
    """The steps that are left of one stage, to its last epoch or until patience ends."""
    optimiser = build_optimiser(run.recipe)
    seconds, timed_chars = 0.0, 0
    with closing(stage_gradients(run, stage)) as gradients:
        while run.stage_step < stage.steps and not out_of_patience(run, stage):
            epoch, done = divmod(run.stage_step, stage.per_epoch)
            for _ in range(done, stage.per_epoch):
                rate = optim.learning_rate(
                    run.stage_step,
                    peak=stage.rate,
                    schedule=run.recipe.schedule,
                    warmup=run.recipe.warmup,
                    total=stage.steps,
                )
                row, improved, begun = None, False, time.perf_counter()
                batch, result = next(gradients)
                with all_or_nothing(run):
                    take_step(run, batch, result, optimiser, rate)
                    seconds += time.perf_counter() - begun
                    timed_chars += len(batch.x)
                    speed = timed_chars / seconds
                    if run.stage_step % stage.per_epoch == 0:
                        row, improved = end_epoch(run, stage, rate)
                        seconds, timed_chars = 0.0, 0
                yield Progress(run.step, run.total, epoch + 1, result.loss, speed, row, improved)


@contextmanager
def all_or_nothing(run: TrainingState) -> Iterator[None]:
    """A step to its end; where it diverges, the run is put back to where it stood, weights, moments and counters."""
    before = replace(run, params=copied(run.params), moments=copied(run.moments))
    try:
        yield
    except DivergedError:
        vars(run).update(vars(before))
        raise


def copied(arrays: Params) -> Params:
    """The same numbers in arrays of their own."""
    return {name: value.copy() for name, value in arrays.items()}


@np.errstate(all="ignore")  # what overflows is not finite, and is refused below with its step
def take_step(run: TrainingState, batch: Batch, result: Gradients, optimiser: optim.Optimiser, rate: float) -> None:
    """Clip and update."""
    recipe, N = run.recipe, len(batch.x)
    loss, grads, after, _ = result
    diverged = partial(DivergedError, run.step + 1, rate=rate, longest=len(batch.batch_sizes))
    if recipe.reduction == "sum":
        for g in grads.values():
            g *= N
    norm = optim.global_norm(grads)
    if not np.isfinite(loss) or not np.isfinite(norm):
        raise diverged("the gradient" if np.isfinite(loss) else "the loss")
    if recipe.clip and recipe.clip_mode == "norm":
        optim.clip_by_norm(grads, recipe.clip, norm)
    elif recipe.clip:
        optim.clip_by_element(grads, recipe.clip)
    optimiser.update(run.params, grads, run.moments, learning_rate=rate)
    if not np.isfinite(optim.global_norm(run.params)):
        raise diverged("a weight")
    if recipe.stream:
        run.carried = after
    run.step += 1
    run.stage_step += 1
    run.nats += loss * N
    run.chars += N
    run.norms += norm
    run.steps += 1


def end_epoch(run: TrainingState, stage: Phase, rate: float) -> tuple[dict[str, Any], bool]:
    """Evaluate, keep the weights if they are the best of the stage so far, and add a row to the history."""
    valid = None
    if run.course.held_out is not None and stage.kind != "refit":
        with np.errstate(all="ignore"):  # as in take_step
            p = likelihood(Net(run.model, run.params), run.course.held_out)
            valid = -float(np.log(p).mean())
        if not np.isfinite(valid):
            longest = int(run.course.held_out.lengths.max())
            raise DivergedError(run.step, "the validation loss", rate=rate, longest=longest)
    improved = valid is None or run.best_loss is None or valid < run.best_loss
    if improved:
        run.best = copied(run.params)
        run.best_loss, run.best_step = (run.nats / run.chars if valid is None else valid), run.step
        if valid is not None and stage.kind == "fit":
            run.likelihoods[stage.net :] = [p]
            run.weights = choose_weights(run)
    row = {
        "step": run.step,
        "epoch": run.stage_step // stage.per_epoch,
        "stage": stage.kind,
        "net": stage.net,
        "nats_per_char": run.nats / run.chars,
        "valid_nats_per_char": valid,
        "valid_bits_per_char": None if valid is None else valid / LN2,
        "gradient_norm": run.norms / run.steps,
        "learning_rate": rate,
    }
    run.history.append(row)
    run.nats, run.chars, run.norms, run.steps = 0.0, 0, 0.0, 0
    return row, improved


def choose_weights(run: TrainingState) -> tuple[float, float, float]:
    """The weights of nets, table and background: the net's as asked for, else all by the held-out letters."""
    tables = run.course.table_likelihoods
    if not tables:
        return (1.0, 0.0, 0.0)
    fixed = run.recipe.net_weight
    net = np.mean(run.likelihoods, axis=0)
    if fixed is None:
        weights = fit_weights(np.stack([net, *tables]))
    else:
        weights = (fixed, *((1 - fixed) * w for w in fit_weights(np.stack(tables))))
    return (weights[0], weights[1], weights[2] if len(weights) > 2 else 0.0)


def end_stage(run: TrainingState, stage: Phase) -> None:
    """Put the net of the stage where it belongs, and make ready for the next stage."""
    best = run.params if run.best is None else run.best
    if stage.kind == "fit":
        run.fitted.append(best)
    elif stage.kind == "refit":
        run.refitted.append(best)
    run.stage += 1
    if run.done:
        run.best = None
        return
    following = run.course.stages[run.stage]
    if following.kind == "refit":
        if run.recipe.nets == 1:
            run.fit_end = run.params, run.moments
        run.params = copied(run.fitted[following.net])
    elif stage.kind != "background":
        run.params = fresh_params(run.recipe, run.model, following.net)
    run.moments = build_optimiser(run.recipe).init(run.params)
    run.stage_step, run.best, run.best_loss = 0, None, None


def out_of_patience(run: TrainingState, stage: Phase) -> bool:
    """Whether the last `patience` evaluations of a fit brought no improvement."""
    rows = [row for row in run.history if (row["stage"], row["net"]) == ("fit", stage.net)]
    since_best = sum(row["step"] > run.best_step for row in rows)
    return stage.kind == "fit" and bool(run.recipe.patience) and since_best >= run.recipe.patience
