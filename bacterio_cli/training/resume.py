"""A training as a checkpoint, and taken up again from it, to the same last byte."""

from dataclasses import asdict, fields, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bacterio_cli.checkpoint.checkpoint import Checkpoint, encode, load
from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.errors import BacterioError, CheckpointError, UsageError
from bacterio_cli.nn.layers import Params
from bacterio_cli.training.config import TrainingConfig
from bacterio_cli.training.evaluation import held_out_bits
from bacterio_cli.training.state import TrainingState, begin, copied

COUNTERS = ("step", "phase", "phase_step", "best_epoch", "chars", "steps", "best_loss", "nats", "norms")  # as stored
NOT_THE_PLAN = "its history and progress are not those of its plan"


def snapshot(state: TrainingState) -> Checkpoint:
    """The state as a checkpoint: the nets and tables to use, and all that `resume` needs."""
    plan, corpus, config = state.plan, state.plan.corpus, state.plan.config
    nets = state.refitted
    kind = "refit"
    if len(state.refitted) < config.nets:  # not all are refitted, or none is to be
        nets, kind = [*state.fitted], "fit"
        fitting = not state.done and state.current_phase.kind == "fit"
        if not nets or (fitting and state.best is not None):
            nets.append(state.params if state.best is None else state.best)
    facts = {
        "digest": corpus.digest,
        "names": len(corpus.names),
        "characters": corpus.characters,
        "date": corpus.date,
        "longest": max(map(len, corpus.names)),
        "profile": corpus.profile,
    }
    progress = {name: getattr(state, name) for name in COUNTERS}
    progress |= {name: len(getattr(state, name)) for name in ("fitted", "refitted", "likelihoods", "hidden")}
    progress |= {"best": state.best is not None, "fit_end": state.fit_end is not None}
    progress["background"] = None if plan.background is None else plan.background.digest
    return Checkpoint(
        nets=tuple(map(plan.net, nets)),
        vocabulary=plan.vocabulary,
        known=corpus.names,
        corpus=facts,
        training=asdict(config),
        history=state.history,
        table=plan.table(kind),
        background=plan.table("background"),
        weights=state.weights,
        progress=progress,
        resume=saved_arrays(state),
        held_out=held_out_bits(state),
    )


def saved_arrays(state: TrainingState) -> Params:
    """The arrays that only `resume` needs, under the names that a checkpoint gives them."""
    groups = {"current": state.params, "optimizer": state.moments, "best": state.best or {}}
    if state.fit_end is not None:
        groups |= {"end": state.fit_end[0], "end_optimizer": state.fit_end[1]}
    groups |= {f"fitted{k}": params for k, params in enumerate(state.fitted)}
    groups |= {f"refitted{k}": params for k, params in enumerate(state.refitted)}
    arrays = {f"{group}.{name}": value for group, params in groups.items() for name, value in params.items()}
    arrays |= {f"likelihoods{k}": value for k, value in enumerate(state.likelihoods)}
    return arrays | {f"state{k}": value for k, value in enumerate(state.hidden)}


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
    checkpoint: Checkpoint, corpus: Corpus, path: str, *, background: Corpus | None = None, epochs: int | None = None
) -> TrainingState:
    """The training that a checkpoint was saved from, with more `epochs` of its fit if they are given.

    Raises BacterioError for another corpus, CheckpointError for a file that cannot go on.
    """
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
    state = begin(replace(corpus, profile=checkpoint.corpus["profile"]), config_of(checkpoint, path), background)
    if state.plan.model != checkpoint.model:
        raise CheckpointError(path, "its model is not that of its training options", "start anew without --resume")
    try:
        restore(state, checkpoint, progress)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        what = f"what --resume needs is damaged: {error}"
        raise CheckpointError(path, what, "start anew without --resume") from error
    if epochs is not None and epochs != state.plan.config.epochs:
        state.plan.extend(epochs)
        if state.done or state.current_phase.kind == "refit":
            state.reopen_fit()
    return state


def restore(state: TrainingState, checkpoint: Checkpoint, progress: dict[str, Any]) -> None:
    """Put a fresh state where the saved one stood; KeyError, TypeError or ValueError if something does not fit.

    Taken from the checkpoint are the place in the plan, the history, two sums and the arrays of floats; the rest
    follows from these. What the state would save must then be the checkpoint.
    """
    replay(state, checkpoint.history)
    phases = state.plan.phases
    epochs, steps = divmod(progress["phase_step"], phases[min(progress["phase"], len(phases) - 1)].steps_per_epoch)
    go_on_at(state, progress["phase"], epochs)
    count_steps(state, steps)
    state.nats, state.norms = float(progress["nats"]), float(progress["norms"])
    state.chars = sum(len(batch.x) for batch in islice(state.plan.batches(state.current_phase, epochs), steps))
    state.hidden = state.plan.fresh_hidden(state.current_phase) if state.phase_step else ()
    state.weights = checkpoint.weights
    last = state.plan.optimiser.slots[-1:]  # the last slot of every rule sums or averages g²
    squares = tuple(f"{group}.{slot}" for group in ("optimizer", "end_optimizer") for slot in last)
    for name, array in saved_arrays(state).items():
        saved, member = checkpoint.resume.get(name), f"its member 'resume.{name}'"
        if saved is None or (saved.shape, saved.dtype) != (array.shape, array.dtype):
            raise ValueError(f"{member} is missing or of the wrong shape")
        if not np.isfinite(saved).all():
            raise ValueError(f"{member} holds values that are not finite")
        if name.startswith(squares) and (saved < 0).any():
            raise ValueError(f"{member} holds squares that are negative")
        if array.dtype.kind == "f":
            array[...] = saved
    if not all(((p > 0) & (p <= 1)).all() for p in state.likelihoods):
        raise ValueError("its likelihoods are not those of the held-out names")
    refuse_difference(checkpoint, snapshot(state))


def replay(state: TrainingState, history: list[dict[str, Any]]) -> None:
    """Take a fresh state through the epochs and phases of a history as training did, with any weights."""
    plan = state.plan
    phases = [(phase.kind, phase.net) for phase in plan.phases]
    for row in history:
        here = (row["stage"], row["net"])
        go_on_at(state, phases.index(here) if here in phases else -1, row["epoch"] - 1)
        phase = state.current_phase
        count_steps(state, phase.steps_per_epoch)
        if row["step"] != state.step or row["epoch"] > phase.epochs:
            raise ValueError(NOT_THE_PLAN)
        if state.add_row(row):
            state.best = state.best or copied(state.params)
            if plan.held_out is not None and phase.kind == "fit":
                state.likelihoods[phase.net :] = [np.empty(len(plan.held_out.ids) - 1)]


def go_on_at(state: TrainingState, phase: int, epochs: int) -> None:
    """Check that the training went on from where the replay stands, entering the next phase if it did; or ValueError.

    It stands at the end of so many epochs of a phase. A jump back means that a training that had come to its refit was
    resumed with more --epochs, which opens the fit again.
    """
    if state.fit_end is not None and (phase, epochs) < (state.phase, state.epochs):
        state.reopen_fit()
    if phase == state.phase + 1 and state.epochs:
        state.end_phase()
    if (state.phase, state.epochs) != (phase, epochs):
        raise ValueError(NOT_THE_PLAN)


def count_steps(state: TrainingState, steps: int) -> None:
    """Count so many steps as done."""
    state.step += steps
    state.moments["k"] = np.array(state.phase_step + steps, np.int64)


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
