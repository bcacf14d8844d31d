"""A training taken up again where a checkpoint left it, to the same last byte."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bacterio_cli.checkpoint.checkpoint import Checkpoint, encode, load
from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.errors import BacterioError, CheckpointError, UsageError
from bacterio_cli.nn.layers import Params
from bacterio_cli.training.config import TrainingConfig
from bacterio_cli.training.state import (
    TrainingState,
    begin,
    build_optimiser,
    copied,
    fresh_hidden,
    saved_arrays,
    snapshot,
)

Rows = list[dict[str, Any]]


def config_of(checkpoint: Checkpoint, path: str | Path) -> TrainingConfig:
    """The options that a checkpoint was trained with; CheckpointError if they are not this version's."""
    try:
        if checkpoint.training.keys() != {f.name for f in fields(TrainingConfig)}:
            raise UsageError("other options than this version has")
        config = TrainingConfig(**checkpoint.training)
        if None in (config.epochs, config.batch_size):
            raise UsageError("no epochs or no batch size")
    except UsageError as error:
        what = f"its training options are not those of this version ({error})"
        raise CheckpointError(path, what, "start anew without --resume") from error
    return config


def objection(path: Path) -> str:
    """Why a file should not be replaced by a new checkpoint; "" if it is a finished one."""
    try:
        checkpoint = load(path)
    except BacterioError:
        return "it is not a checkpoint of this version"
    progress, nets = checkpoint.progress, checkpoint.training.get("nets")
    if progress is None:
        return ""
    refits = checkpoint.training.get("refit") and progress.get("likelihoods")
    finished = progress.get("fitted") == nets and (not refits or progress.get("refitted") == nets)
    return "" if finished else "it is a training that has not ended; go on with --resume"


def resume(
    checkpoint: Checkpoint, corpus: Corpus, config: TrainingConfig, path: str, background: Corpus | None = None
) -> TrainingState:
    """The training that a checkpoint was saved from; BacterioError for another corpus, or a file that cannot go on."""
    progress = checkpoint.progress
    if progress is None:
        raise BacterioError(
            f"{path} is a model to use, without what --resume needs; train anew, to another file with --out"
        )
    stored = progress.get("background")
    if (stored is None) != (background is None):
        how = "without" if stored is None else "with"
        raise BacterioError(f"--resume: {path} was trained {how} --background; do the same")
    lists = [("corpus", corpus, checkpoint.corpus["digest"], f"{checkpoint.corpus['names']:,} names, ")]
    lists += [] if background is None else [("background", background, str(stored), "")]
    for what, given, digest, size in lists:
        if given.digest != digest:
            raise BacterioError(
                f"--resume: {path} was trained on another {what} ({size}digest {digest[:12]}; given: "
                f"{len(given.names):,} names, digest {given.digest[:12]}); give the same lists, in the same order and "
                "read alike (--profile, --column, --encoding), or start anew without --resume"
            )
    # The same names, but perhaps by other options: what was learned does not change its profile halfway.
    stored = config_of(checkpoint, path)
    state = begin(replace(corpus, profile=checkpoint.corpus["profile"]), stored, background)
    if state.model != checkpoint.model:
        raise CheckpointError(path, "its model is not that of its training options", "start anew without --resume")
    try:
        restore(state, checkpoint, progress)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        what = f"what --resume needs is damaged: {error}"
        raise CheckpointError(path, what, "start anew without --resume") from error
    if config.epochs != stored.epochs:
        state.config = state.plan.config = config
        state.plan.phases = state.plan.plan_phases()
        if state.done or state.current_phase.kind == "refit":
            reopen(state)
    return state


def restore(state: TrainingState, checkpoint: Checkpoint, progress: dict[str, Any]) -> None:
    """Put a fresh state where the saved one stood; KeyError, TypeError or ValueError if something does not fit.

    Taken from the checkpoint are the place in the plan, the history, two sums and the arrays; the rest follows from
    these. What the state would save must then be the checkpoint.
    """
    for name, kinds in {"phase": (int,), "phase_step": (int,), "nats": (int, float), "norms": (int, float)}.items():
        value = progress[name]
        if type(value) not in kinds or not 0 <= value < 2**53:
            raise ValueError(f"{name} is {value!r}")
        setattr(state, name, value)
    state.weights, state.history = checkpoint.weights, list(checkpoint.history)
    if state.phase > len(state.plan.phases):
        raise ValueError("its progress lies beyond its plan")
    phase, k = state.current_phase, min(state.phase, len(state.plan.phases) - 1)
    epochs, state.steps = divmod(state.phase_step, phase.steps_per_epoch)
    rows = rows_of_phases(state, epochs)
    state.step = state.steps + (state.history[-1]["step"] if state.history else 0)
    state.chars = sum(len(batch.x) for batch in islice(state.plan.batches(phase, epochs), state.steps))
    if epochs:
        state.best_epoch, state.best_loss = best_of(rows[k])
    elif k:
        state.best_epoch = best_of(rows[k - 1])[0]
    shape_arrays(state, epochs)
    for name, array in saved_arrays(state).items():
        saved, member = checkpoint.resume.get(name), f"its member 'resume.{name}'"
        if saved is None or (saved.shape, saved.dtype) != (array.shape, array.dtype):
            raise ValueError(f"{member} is missing or of the wrong shape")
        if not np.isfinite(saved).all():
            raise ValueError(f"{member} holds values that are not finite")
        array[...] = saved
    if not all(((p > 0) & (p <= 1)).all() for p in state.likelihoods):
        raise ValueError("its likelihoods are not those of the held-out names")
    check_moments(state, state.moments, state.phase_step)
    if state.fit_end is not None:
        check_moments(state, state.fit_end[1], len(rows[k - 1]) * state.plan.phases[k - 1].steps_per_epoch)
    refuse_difference(checkpoint, snapshot(state))


def rows_of_phases(state: TrainingState, epochs: int) -> list[Rows]:
    """The rows of each phase; `epochs` of the current one are done. ValueError if they do not lead to where it stands.

    Of a refit that is done again, since the fit before it went on, earlier rows are left out.
    """
    phases, step = state.plan.phases, 0
    rows: list[Rows] = [[] for _ in phases]
    for row in state.history:
        k = next((k for k, phase in enumerate(phases) if (phase.kind, phase.net) == (row["stage"], row["net"])), None)
        if k is None:
            raise ValueError(f"its history has {row['stage']!r}, net {row['net']}, and its plan has not")
        if row["stage"] == "refit" and row["epoch"] == 1:
            rows[k].clear()
        rows[k].append(row)
        step += phases[k].steps_per_epoch
        if (row["epoch"], row["step"]) != (len(rows[k]), step):
            raise ValueError("the steps and epochs of its history are not those of its plan")
    for k, (phase, found) in enumerate(zip(phases, rows, strict=True)):
        least = most = epochs if k == state.phase else 0
        if k < state.phase:
            # A background may have been planned when there were fewer epochs.
            early = phase.kind == "background" or (phase.kind == "fit" and state.config.patience)
            least, most = 1 if early else phase.epochs, phase.epochs
        done_again = phase.kind == "refit" and state.config.nets == 1 and most == 0
        if not least <= len(found) <= most and not done_again:
            raise ValueError("its progress is not where its history ends")
    if state.done and (state.steps or epochs != len(rows[-1])):
        raise ValueError("its progress is not where its history ends")
    return rows


def best_of(rows: Rows) -> tuple[int, float]:
    """(epoch, loss) of the first row with the least loss on held-out names; of the last row if there are none."""
    if rows[-1]["valid_nats_per_char"] is None:
        return len(rows), rows[-1]["nats_per_char"]
    losses = [row["valid_nats_per_char"] for row in rows]
    return losses.index(min(losses)) + 1, min(losses)


def shape_arrays(state: TrainingState, epochs: int) -> None:
    """Give a state the arrays that it has where it stands, with any values."""
    like, kind, held_out = state.params, state.current_phase.kind, state.plan.held_out
    fits, refits = ([p.kind for p in state.plan.phases[: state.phase]].count(name) for name in ("fit", "refit"))
    state.fitted, state.refitted = [copied(like) for _ in range(fits)], [copied(like) for _ in range(refits)]
    if epochs and not state.done:
        state.best = copied(like)
    if kind == "refit" and state.config.nets == 1:
        state.fit_end = copied(like), copied(state.moments)
    if held_out is not None:
        fits += kind == "fit" and epochs > 0 and not state.done
        state.likelihoods = [np.empty(len(held_out.ids) - 1) for _ in range(fits)]
    if state.phase_step:
        state.hidden = fresh_hidden(state)


def check_moments(state: TrainingState, moments: Params, updates: int) -> None:
    """ValueError unless an optimiser's state can be that after so many updates."""
    if moments["k"] != updates:
        raise ValueError(f"its optimiser made {moments['k']} updates, not {updates}")
    squares = build_optimiser(state.config).slots[-1:]  # the last slot of every rule sums or averages g²
    if any((value < 0).any() for name, value in moments.items() if name.startswith(squares)):
        raise ValueError("a sum of squares of its optimiser is negative")


def refuse_difference(stored: Checkpoint, again: Checkpoint) -> None:
    """ValueError unless a checkpoint is what would be saved again; where figures are computed anew, roughly."""
    if stored.progress != again.progress:
        raise ValueError("its progress is not that of its plan and history")
    found, wanted = encode(stored)[0], encode(again)[0]
    for name in sorted(found.keys() ^ wanted.keys()):
        raise ValueError(f"its member {name!r} is {'unexpected' if name in found else 'missing'}")
    for name, array in wanted.items():
        computed = name == "held_out" or (array.dtype.kind == "f" and "first" in name)
        same = np.allclose(found[name], array, rtol=0.1, atol=0.1) if computed else np.array_equal(found[name], array)
        if found[name].shape != array.shape or not same:
            raise ValueError(f"its member {name!r} is not that of its names, options and progress")


def reopen(state: TrainingState) -> None:
    """Go back to the end of the fit, which has more epochs now; what came after it is done again."""
    k, fit = next((k, phase) for k, phase in enumerate(state.plan.phases) if phase.kind == "fit")
    rows = [row for row in state.history if row["stage"] == "fit"]
    state.phase, state.phase_step = k, len(rows) * fit.steps_per_epoch
    if state.fit_end is not None:
        (state.params, state.moments), state.fit_end = state.fit_end, None
        state.hidden = fresh_hidden(state)  # that of the refit is of other letters
    state.best = state.fitted.pop()
    state.refitted.clear()
    state.best_epoch, state.best_loss = best_of(rows)
    state.step = state.history[-1]["step"]
    state.nats, state.chars, state.norms, state.steps = 0.0, 0, 0.0, 0
