"""Training as a generator: a state goes in, a record comes out at every step, and nothing is printed.

The state can be saved after any record: the order of an epoch comes from the seed and the epoch, the dropout masks of
a step from the seed and the step, and what is summed since the last evaluation is part of the state.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from bacterio_cli.dataset.batching import Batch
from bacterio_cli.errors import DivergedError
from bacterio_cli.lm.mixture import fit_weights
from bacterio_cli.lm.prefix_tree import likelihood
from bacterio_cli.nn import optim
from bacterio_cli.nn.models import Gradients
from bacterio_cli.training.batch_gradients import SPLIT_FROM, BatchShard, gradients_of_shards, work_estimate
from bacterio_cli.training.plan import Phase
from bacterio_cli.training.resume import resume
from bacterio_cli.training.state import TrainingState, begin, build_optimiser, copied, fresh_params, net_of, snapshot

__all__ = ["Progress", "TrainingState", "begin", "resume", "snapshot", "train"]

LN2 = float(np.log(2))


class Progress(NamedTuple):
    """One step done. `row` is the history's new row where the step ended an epoch, else None.

    `loss` is in nats per character, against soft targets if there are any; `chars_per_second` counts the training
    steps since the last row alone, not the evaluations.
    """

    step: int
    total: int
    epoch: int
    loss: float
    chars_per_second: float
    row: dict[str, Any] | None
    improved: bool


def train(
    state: TrainingState, *, split_from: int = SPLIT_FROM, fork: bool | None = None
) -> Generator[Progress, None, None]:
    """Go on from where the training stands to the end of its plan; the state changes in place.

    Only `split_from` can change bytes of the result: from names × units² on, a batch is computed in two shards. `fork`
    decides just who computes the second shard: a forked worker if True, or if None where the system allows it.

    Raises DivergedError when a loss, gradient or weight stops being finite; the state then stands before that step.
    """
    while not state.done:
        phase = state.current_phase
        optimiser = build_optimiser(state.config)
        shards = partial(BatchShard, state, phase)
        work = work_estimate(state.model, state.config.batch_size or 1)
        with closing(gradients_of_shards(shards, state.params, work, split_from=split_from, fork=fork)) as gradients:
            while state.phase_step < phase.steps and not out_of_patience(state, phase):
                yield from train_epoch(state, phase, optimiser, gradients)
        end_phase(state, phase)


def train_epoch(
    state: TrainingState, phase: Phase, optimiser: optim.Optimiser, gradients: Iterator[tuple[Batch, Gradients]]
) -> Iterator[Progress]:
    """The steps that are left of an epoch."""
    epoch, done = divmod(state.phase_step, phase.steps_per_epoch)
    seconds, chars = 0.0, 0
    for k in range(done, phase.steps_per_epoch):
        begun = time.perf_counter()
        last = k == phase.steps_per_epoch - 1
        before = replace(state, params=copied(state.params), moments=dict(state.moments)) if last else state
        rate = optim.learning_rate(
            state.phase_step,
            peak=phase.learning_rate,
            schedule=state.config.schedule,
            warmup=state.config.warmup,
            total=phase.steps,
        )
        with np.errstate(all="ignore"):  # what overflows is not finite, and is refused with its step
            batch, result = next(gradients)
            take_step(state, batch, result, optimiser, rate)
        seconds += time.perf_counter() - begun
        chars += len(batch.x)
        row, improved = None, False
        if last:
            try:
                row, improved = end_epoch(state, phase, rate)
            except DivergedError:  # the one way in which a step is refused after it was taken
                vars(state).update(vars(before))
                raise
        yield Progress(state.step, state.total, epoch + 1, result.loss, chars / seconds, row, improved)


def take_step(
    state: TrainingState, batch: Batch, result: Gradients, optimiser: optim.Optimiser, learning_rate: float
) -> None:
    """Clip and update; DivergedError before anything has changed."""
    config, N = state.config, len(batch.x)
    loss, grads, hidden, _ = result
    if config.reduction == "sum":
        for g in grads.values():
            g *= N
    norm = optim.global_norm(grads)
    what = "the loss" if not np.isfinite(loss) else "the gradient" if not np.isfinite(norm) else ""
    if not what:
        if config.clip and config.clip_mode == "norm":
            optim.clip_by_norm(grads, config.clip, norm)
        elif config.clip:
            optim.clip_by_value(grads, config.clip)
        try:
            optimiser.update(state.params, grads, state.moments, learning_rate=learning_rate)
        except FloatingPointError:
            what = "a weight"
    if what:
        raise DivergedError(state.step + 1, what, rate=learning_rate, longest=len(batch.batch_sizes))
    state.hidden = hidden
    state.step += 1
    state.phase_step += 1
    state.nats += loss * N
    state.chars += N
    state.norms += norm
    state.steps += 1


def end_epoch(state: TrainingState, phase: Phase, learning_rate: float) -> tuple[dict[str, Any], bool]:
    """Evaluate, keep the weights if they are the best of the phase so far, and add a row to the history."""
    epoch, valid = state.phase_step // phase.steps_per_epoch, None
    if state.plan.held_out is not None and phase.kind != "refit":
        with np.errstate(all="ignore"):  # as in train_epoch
            p = likelihood(net_of(state, state.params), state.plan.held_out)
            valid = -float(np.log(p).mean())
        if not np.isfinite(valid):
            longest = int(state.plan.held_out.lengths.max())
            raise DivergedError(state.step, "the validation loss", rate=learning_rate, longest=longest)
    improved = valid is None or state.best_loss is None or valid < state.best_loss
    if improved:
        state.best = copied(state.params)
        state.best_loss, state.best_epoch = (state.nats / state.chars if valid is None else valid), epoch
        if valid is not None and phase.kind == "fit":
            state.likelihoods[phase.net :] = [p]  # append, or replace this net's earlier best
            state.weights = choose_weights(state)
    row = {
        "step": state.step,
        "epoch": epoch,
        "stage": phase.kind,
        "net": phase.net,
        "nats_per_char": state.nats / state.chars,
        "valid_nats_per_char": valid,
        "valid_bits_per_char": None if valid is None else valid / LN2,
        "gradient_norm": state.norms / state.steps,
        "learning_rate": learning_rate,
    }
    state.history.append(row)
    state.nats, state.chars, state.norms, state.steps = 0.0, 0, 0.0, 0
    return row, improved


def choose_weights(state: TrainingState) -> tuple[float, float, float]:
    """The weights of nets, table and background: the net's as asked for, else all by the held-out letters."""
    tables = state.plan.table_likelihoods
    if not tables:
        return (1.0, 0.0, 0.0)
    fixed = state.config.net_weight
    net = np.mean(state.likelihoods, axis=0)
    if fixed is None:
        weights = fit_weights(np.stack([net, *tables]))
    else:
        weights = (fixed, *((1 - fixed) * w for w in fit_weights(np.stack(tables))))
    return (weights[0], weights[1], weights[2] if len(weights) > 2 else 0.0)


def end_phase(state: TrainingState, phase: Phase) -> None:
    """Put the phase's net where it belongs, and make ready for the next phase."""
    best = state.params if state.best is None else state.best
    if phase.kind == "fit":
        state.fitted.append(best)
    elif phase.kind == "refit":
        state.refitted.append(best)
    state.phase += 1
    if state.done:
        state.best = None
        return
    following = state.current_phase
    if following.kind == "refit":
        if state.config.nets == 1:
            state.fit_end = state.params, state.moments
        state.params = copied(state.fitted[following.net])
    elif phase.kind != "background":
        state.params = fresh_params(state.config, state.model, following.net)
    state.hidden = ()
    state.moments = build_optimiser(state.config).init(state.params)
    state.phase_step, state.best, state.best_loss = 0, None, None


def out_of_patience(state: TrainingState, phase: Phase) -> bool:
    """Whether the last `patience` epochs of a fit brought no improvement."""
    since_best = state.phase_step // phase.steps_per_epoch - state.best_epoch
    patient = state.config.patience and phase.kind == "fit" and state.best_loss is not None
    return bool(patient) and since_best >= state.config.patience
