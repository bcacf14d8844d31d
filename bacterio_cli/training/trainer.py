"""Training as a generator: a state goes in, a record comes out at every step, after which the state can be saved."""

import math
import time
from collections.abc import Generator
from contextlib import closing
from copy import deepcopy
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from bacterio_cli.dataset.batching import Batch
from bacterio_cli.errors import DivergedError
from bacterio_cli.nn import optim
from bacterio_cli.nn.models import Gradients
from bacterio_cli.training.batch_gradients import SPLIT_FROM, gradients_of_phase
from bacterio_cli.training.resume import resume, snapshot
from bacterio_cli.training.state import TrainingState, begin

__all__ = ["Progress", "TrainingState", "begin", "resume", "snapshot", "train"]


class Progress(NamedTuple):
    """One step done, the speed of the steps since the last row, and the history's new row where it ended an epoch."""

    step: int
    total: int
    epoch: int
    chars_per_second: float
    row: dict[str, Any] | None


def train(
    state: TrainingState, *, split_from: int = SPLIT_FROM, fork: bool | None = None
) -> Generator[Progress, None, None]:
    """Go on from where the training stands to the end of its plan; the state changes in place.

    `split_from` and `fork` say where batches are computed in two shards, and by whom, see `batch_gradients`.

    Raises DivergedError if a loss, a gradient or, at an epoch's end, a letter's probability is not finite, or that is 0
    in a name held out; the state is that before the step.
    """
    schedule: dict[str, Any] = {"schedule": state.plan.config.schedule, "warmup": state.plan.config.warmup}
    while not state.done:
        phase, seconds, chars = state.phase, 0.0, 0
        with closing(gradients_of_phase(state, split_from=split_from, fork=fork)) as gradients:
            while not state.phase_is_over:
                begun, epoch = time.perf_counter(), state.epochs_done + 1
                rate = optim.learning_rate(state.phase_step, **schedule, peak=phase.peak_rate, total=phase.steps)
                last = state.phase_step + 1 == epoch * phase.steps_per_epoch
                if last:
                    before = replace(state, params=deepcopy(state.params), moments=deepcopy(state.moments))
                with np.errstate(all="ignore"):  # what overflows is not finite, and is refused with its step
                    batch, result = next(gradients)
                    take_step(state, batch, result, rate)
                seconds += time.perf_counter() - begun
                chars += len(batch.x)
                if last:
                    end_epoch(state, before, rate)
                yield Progress(state.step, state.total, epoch, chars / seconds, state.history[-1] if last else None)
                if last:
                    seconds, chars = 0.0, 0
        state.end_phase()


def take_step(state: TrainingState, batch: Batch, result: Gradients, learning_rate: float) -> None:
    """Clip and update; DivergedError before the state has changed."""
    config, N = state.plan.config, len(batch.x)
    loss, grads, hidden, _ = result
    if config.reduction == "sum":
        for g in grads.values():
            g *= N
    norm = optim.clip(grads, config.clip_mode, config.clip)
    if not np.isfinite(loss + norm):
        raise DivergedError(state.step + 1, rate=learning_rate, longest=len(batch.batch_sizes))
    state.plan.optimiser.update(state.params, grads, state.moments, learning_rate=learning_rate)
    state.hidden = hidden
    state.step += 1
    state.nats += loss * N
    state.chars += N
    state.norms += norm


def can_be_used(state: TrainingState) -> bool:
    """Whether names can be drawn: kept weights were evaluated; else each letter of the first names has P > 0."""
    return bool(state.kept["fit"] or (state.plan.likelihood(state.params, state.plan.probe) > 0).all())  # NaN is not


def end_epoch(state: TrainingState, before: TrainingState, learning_rate: float) -> None:
    """Evaluate, and add a row to the history; DivergedError for a letter's probability, as in `train`."""
    plan, phase = state.plan, state.phase
    held_out = None if phase.kind == "refit" else plan.held_out
    text = held_out or plan.probe
    p = plan.likelihood(state.params, text)
    if not np.isfinite(p).all() or (held_out and p.min() == 0):
        vars(state).update(vars(before))  # the one way in which a step is refused after it was taken
        raise DivergedError(state.step + 1, rate=learning_rate, longest=int(text.lengths.max()))
    valid = -float(np.log(p).mean()) if held_out else None
    state.add_row({
        "step": state.step, "epoch": state.epochs_done, "stage": phase.kind, "net": phase.net,
        "nats_per_char": state.nats / state.chars,
        "valid_nats_per_char": valid, "valid_bits_per_char": None if valid is None else valid / math.log(2),
        "gradient_norm": state.norms / phase.steps_per_epoch, "learning_rate": learning_rate,
    })  # fmt: skip
