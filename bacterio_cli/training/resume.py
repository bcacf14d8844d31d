"""A training taken up again where a checkpoint left it, to the same last byte."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bacterio_cli.checkpoint.checkpoint import Checkpoint, load
from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.errors import BacterioError, CheckpointError
from bacterio_cli.nn.layers import Params
from bacterio_cli.training.config import TrainingConfig
from bacterio_cli.training.config import restore as restore_config
from bacterio_cli.training.state import COUNTERS, REALS, TrainingState, begin


def config_of(checkpoint: Checkpoint, path: str | Path) -> TrainingConfig:
    """The options that a checkpoint was trained with; CheckpointError if they are not this version's."""
    try:
        return restore_config(checkpoint.training)
    except (TypeError, ValueError) as error:
        what = f"its training options are not those of this version ({error})"
        raise CheckpointError(path, what, "start anew without --resume") from error


def objection(path: Path) -> str:
    """Why a file should not be replaced by a new checkpoint; "" if it is a finished one."""
    try:
        checkpoint = load(path)
    except BacterioError:
        return "it is not a checkpoint of this version"
    progress, nets = checkpoint.progress, checkpoint.training.get("nets")
    if progress is None:
        return ""
    refitted = not checkpoint.training.get("refit") or not progress.get("likelihoods") or progress["refitted"] == nets
    finished = progress.get("fitted") == nets and refitted
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
    state = begin(replace(corpus, profile=checkpoint.corpus["profile"]), config, background)
    if state.model != checkpoint.model:
        raise CheckpointError(path, "its model is not that of its training options", "start anew without --resume")
    try:
        restore(state, checkpoint, progress)
        fitting = not state.done and state.plan.phases[state.phase].kind != "refit"
        if not fitting and config.epochs is not None and config.epochs > checkpoint.training["epochs"]:
            reopen(state)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        what = f"what --resume needs is damaged: {error}"
        raise CheckpointError(path, what, "start anew without --resume") from error
    return state


def saved_group(checkpoint: Checkpoint, name: str, like: Params) -> Params:
    """A group of saved arrays with the keys and shapes of `like`; ValueError if one is missing, misshapen or odd."""
    found = {}
    for key, wanted in like.items():
        member = f"its member 'resume.{name}.{key}'"
        value = checkpoint.resume.get(f"{name}.{key}")
        if value is None or value.shape != wanted.shape or value.dtype != wanted.dtype:
            raise ValueError(f"{member} is missing or of the wrong shape")
        if value.dtype.kind == "i" and not ((value >= 0) & (value < 2**53)).all():
            raise ValueError(f"{member} is no count of steps")
        if not np.isfinite(value).all():
            raise ValueError(f"{member} holds values that are not finite")
        found[key] = value.copy()
    return found


def restore(state: TrainingState, checkpoint: Checkpoint, progress: dict[str, Any]) -> None:
    """Put a fresh state where the saved one stood; KeyError, TypeError or ValueError if something does not fit."""
    group, like = partial(saved_group, checkpoint), state.params
    for name in COUNTERS:
        value = progress[name]
        missing = name == "best_loss" and value is None
        if not missing and (type(value) not in ((int, float) if name in REALS else (int,)) or not 0 <= value < 2**53):
            raise ValueError(f"{name} is {value!r}")
        setattr(state, name, value)
    phases = state.plan.phases
    if state.phase > len(phases) or (not state.done and state.phase_step > phases[state.phase].steps):
        raise ValueError("its progress lies beyond its plan")
    state.params, state.moments = group("current", like), group("optimizer", state.moments)
    state.best = group("best", like) if progress["best"] else None
    if progress["fit_end"]:
        state.fit_end = group("end", like), group("end_optimizer", state.moments)
    state.fitted = [group(f"fitted{k}", like) for k in range(progress["fitted"])]
    state.refitted = [group(f"refitted{k}", like) for k in range(progress["refitted"])]
    state.likelihoods = [checkpoint.resume[f"likelihoods{k}"] for k in range(progress["likelihoods"])]
    state.hidden = tuple(checkpoint.resume[f"state{k}"] for k in range(progress["hidden"]))
    letters = 0 if state.plan.held_out is None else len(state.plan.held_out.ids) - 1
    if any(p.shape != (letters,) or not ((p > 0) & (p <= 1)).all() for p in state.likelihoods):
        raise ValueError("its likelihoods are not those of the held-out names")
    like_state = state.model.start(1, np.float32)
    if state.hidden and [s.shape[1:] for s in state.hidden] != [s.shape[1:] for s in like_state]:
        raise ValueError("its hidden state has another shape")
    state.weights, state.history = checkpoint.weights, list(checkpoint.history)
    done = [phase.kind for phase in phases[: state.phase]]
    if (len(state.fitted), len(state.refitted)) != (done.count("fit"), done.count("refit")):
        raise ValueError("its progress lies beyond its plan")


def reopen(state: TrainingState) -> None:
    """Go back to the end of the fit, which has more epochs now; what came after it is done again."""
    rows = [row for row in state.history if row["stage"] == "fit"]
    if state.fit_end is not None:
        state.params, state.moments = state.fit_end
        state.hidden = ()  # that of the refit is of other letters
    state.phase = next(k for k, phase in enumerate(state.plan.phases) if phase.kind == "fit")
    state.phase_step = len(rows) * state.plan.phases[state.phase].steps_per_epoch
    state.best = state.fitted.pop()
    state.refitted.clear()
    losses = [
        row["nats_per_char"] if row["valid_nats_per_char"] is None else row["valid_nats_per_char"] for row in rows
    ]
    state.best_loss = min(losses)
    state.best_epoch = rows[losses.index(state.best_loss)]["epoch"]
    state.nats, state.chars, state.norms, state.steps = 0.0, 0, 0.0, 0
