"""A training run taken up again where a checkpoint left it, to the same last byte."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bacterio_cli.checkpoint.checkpoint import Checkpoint
from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.errors import BacterioError, CheckpointError
from bacterio_cli.nn.layers import Params
from bacterio_cli.training.config import TrainingConfig
from bacterio_cli.training.config import restore as restore_config
from bacterio_cli.training.state import COUNTERS, REALS, TrainingState, begin


def resume(
    trained: Checkpoint, corpus: Corpus, recipe: TrainingConfig, path: str, background: Corpus | None = None
) -> TrainingState:
    """The run that a checkpoint was saved from; BacterioError for another corpus or a file without a run."""
    progress = trained.progress
    if progress is None:
        raise BacterioError(
            f"{path} is a model to use, without what --resume needs; train anew, to another file with --out"
        )
    refuse_another(path, corpus, trained.corpus["digest"], f"{trained.corpus['names']:,} names", "corpus")
    stored = progress.get("background")
    if (stored is None) != (background is None):
        how = "without" if stored is None else "with"
        raise BacterioError(f"--resume: {path} was trained {how} --background; do the same")
    if background is not None:
        refuse_another(path, background, str(stored), "", "background")
    # The same names, but perhaps by other options: what was learned does not change its profile halfway.
    run = begin(replace(corpus, profile=trained.corpus["profile"]), recipe, background)
    if run.model != trained.model:
        raise CheckpointError(path, "its model is not that of its training options", "start anew without --resume")
    try:
        restore(run, trained, progress)
        fitting = not run.done and run.course.stages[run.stage].kind != "refit"
        if not fitting and recipe.epochs is not None and recipe.epochs > trained.training["epochs"]:
            reopen(run)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        what = f"what --resume needs is damaged: {error}"
        raise CheckpointError(path, what, "start anew without --resume") from error
    return run


def config_of(trained: Checkpoint, path: str | Path) -> TrainingConfig:
    """The options that a checkpoint was trained with; CheckpointError if they are not this version's."""
    try:
        return restore_config(trained.training)
    except (TypeError, ValueError) as error:
        what = f"its training options are not those of this version ({error})"
        raise CheckpointError(path, what, "start anew without --resume") from error


def refuse_another(path: str, given: Corpus, digest: str, size: str, what: str) -> None:
    """BacterioError unless the list is the one that the run was begun with."""
    if given.digest != digest:
        stored = ", ".join(part for part in (size, f"digest {digest[:12]}") if part)
        raise BacterioError(
            f"--resume: {path} was trained on another {what} ({stored}; given: {len(given.names):,} names, "
            f"digest {given.digest[:12]}); give the same lists, in the same order and read alike (--profile, "
            "--column, --encoding), or start anew without --resume"
        )


def restore(run: TrainingState, trained: Checkpoint, progress: dict[str, Any]) -> None:
    """Put a new run where the saved one stood; KeyError, TypeError or ValueError if something does not fit."""
    like = run.params

    def group(name: str, like: Params) -> Params:
        found = {}
        for key, wanted in like.items():
            value = trained.resume.get(f"{name}.{key}")
            if value is None or value.shape != wanted.shape or value.dtype != wanted.dtype:
                raise ValueError(f"its member 'resume.{name}.{key}' is missing or of the wrong shape")
            if value.dtype.kind == "i" and not ((value >= 0) & (value < 2**53)).all():
                raise ValueError(f"its member 'resume.{name}.{key}' counts no steps")
            if not np.isfinite(value).all():
                raise ValueError(f"its member 'resume.{name}.{key}' holds values that are not finite")
            found[key] = value.copy()
        return found

    for name in COUNTERS:
        value = progress[name]
        missing = name == "best_loss" and value is None
        if not missing and (type(value) not in ((int, float) if name in REALS else (int,)) or not 0 <= value < 2**53):
            raise ValueError(f"{name} is {value!r}")
        setattr(run, name, value)
    if run.stage > len(run.course.stages) or (not run.done and run.stage_step > run.course.stages[run.stage].steps):
        raise ValueError("its progress lies beyond its course")
    run.params, run.moments = group("current", like), group("optimizer", run.moments)
    run.best = group("best", like) if progress["best"] else None
    if progress["fit_end"]:
        run.fit_end = group("end", like), group("end_optimizer", run.moments)
    run.fitted = [group(f"fitted{k}", like) for k in range(progress["fitted"])]
    run.refitted = [group(f"refitted{k}", like) for k in range(progress["refitted"])]
    run.likelihoods = [trained.resume[f"likelihoods{k}"] for k in range(progress["likelihoods"])]
    run.carried = tuple(trained.resume[f"state{k}"] for k in range(progress["carried"]))
    letters = 0 if run.course.held_out is None else len(run.course.held_out.ids) - 1
    if any(p.shape != (letters,) or not ((p > 0) & (p <= 1)).all() for p in run.likelihoods):
        raise ValueError("its likelihoods are not those of the held-out names")
    like_state = run.model.start(1, np.float32)
    if run.carried and [s.shape[1:] for s in run.carried] != [s.shape[1:] for s in like_state]:
        raise ValueError("its carried state has another shape")
    run.weights, run.history = trained.weights, list(trained.history)
    done = [stage.kind for stage in run.course.stages[: run.stage]]
    if (len(run.fitted), len(run.refitted)) != (done.count("fit"), done.count("refit")):
        raise ValueError("its progress lies beyond its course")


def reopen(run: TrainingState) -> None:
    """Go back to the end of the fit, which has more epochs now; what came after it is done again."""
    rows = [row for row in run.history if row["stage"] == "fit"]
    if run.fit_end is not None:
        run.params, run.moments = run.fit_end
    run.stage = next(k for k, stage in enumerate(run.course.stages) if stage.kind == "fit")
    run.stage_step = len(rows) * run.course.stages[run.stage].per_epoch
    run.best = run.fitted.pop()
    run.refitted.clear()
    losses = [
        (row["nats_per_char"] if row["valid_nats_per_char"] is None else row["valid_nats_per_char"]) for row in rows
    ]
    run.best_loss = min(losses)
    run.best_step = rows[losses.index(run.best_loss)]["step"]
    run.nats, run.chars, run.norms, run.steps = 0.0, 0, 0.0, 0
