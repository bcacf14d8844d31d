"""A training as a checkpoint, and taken up again from it, to the same last byte."""

from dataclasses import asdict, fields, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bacterio_cli.checkpoint.checkpoint import Checkpoint, encode, load
from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.errors import BacterioError, CheckpointError, ContentsError, UsageError
from bacterio_cli.nn.layers import Params
from bacterio_cli.training.config import TrainingConfig
from bacterio_cli.training.evaluation import held_out_bits
from bacterio_cli.training.state import TrainingState, begin

NOT_THE_PLAN = "its history and progress are not those of its options"
ANEW = "start anew without --resume"


def snapshot(state: TrainingState) -> Checkpoint:
    """The state as a checkpoint: the nets and tables to use, and all that `resume` needs."""
    plan, corpus, config = state.plan, state.plan.corpus, state.plan.config
    nets, kind = state.refitted, "refit"
    if len(nets) < config.nets:  # not all are refitted, or none is to be
        nets, kind = state.fits or [state.best or state.params], "fit"
    facts = {
        "digest": corpus.digest,
        "names": len(corpus.names),
        "characters": corpus.characters,
        "date": corpus.date,
        "longest": max(map(len, corpus.names)),
        "profile": corpus.profile,
    }
    progress = {name: getattr(state, name) for name in ("step", "phase", "phase_step", "chars", "nats", "norms")}
    progress |= {"finished": state.done, "background": plan.background and plan.background.digest}
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
    hidden = {f"state{k}": value for k, value in enumerate(state.hidden)}
    if (end := state.fit_end) and end.params is not state.params:
        groups |= {"end": end.params, "end_optimizer": end.moments}
        hidden |= {f"end_state{k}": value for k, value in enumerate(end.hidden)}
    groups |= {f"fitted{k}": params for k, params in enumerate(state.fitted)}
    groups |= {f"refitted{k}": params for k, params in enumerate(state.refitted)}
    arrays = {f"{group}.{name}": value for group, params in groups.items() for name, value in params.items()}
    return arrays | hidden


def config_of(checkpoint: Checkpoint, path: str | Path) -> TrainingConfig:
    """The options that a checkpoint was trained with; CheckpointError if they are not this version's."""
    try:
        if checkpoint.training.keys() != {f.name for f in fields(TrainingConfig)}:
            raise UsageError("other options than this version has")
        config = TrainingConfig(**checkpoint.training)
        if config.epochs is None or config.batch_size is None:
            raise UsageError("without --epochs or --batch-size")
        return config
    except UsageError as error:
        what = f"its training options are not those of this version ({error})"
        raise CheckpointError(path, what, ANEW) from error


def objection(path: Path) -> str:
    """Why a file should not be replaced by a new checkpoint; "" if it is a finished one."""
    try:
        progress = load(path).progress
    except BacterioError:
        return "it is not a checkpoint of this version"
    finished = progress is None or progress.get("finished")
    return "" if finished else "it is a training that has not ended; go on with --resume"


def resume(
    checkpoint: Checkpoint, corpus: Corpus, path: str, *, background: Corpus | None = None, epochs: int | None = None
) -> TrainingState:
    """The training that a checkpoint was saved from; `epochs`, if given, is the new number of those of its fit.

    Raises BacterioError for another corpus, CheckpointError for a file that cannot go on.
    """
    progress = checkpoint.progress
    if progress is None:
        raise BacterioError(f"{path} is a model to use, without what --resume needs; train anew, with another --out")
    stored = progress.get("background")
    if (stored is None) != (background is None):
        how = "without" if stored is None else "with"
        raise BacterioError(f"--resume: {path} was trained {how} --background; do the same")
    for what, given, digest in (("corpus", corpus, checkpoint.corpus["digest"]), ("background", background, stored)):
        if given is not None and given.digest != digest:
            raise BacterioError(
                f"--resume: {path} was trained on another {what} (digest {str(digest)[:12]}; given: "
                f"{len(given.names):,} names, digest {given.digest[:12]}); give the same lists, in the same order and "
                f"read alike (--profile, --column, --encoding), or {ANEW}"
            )
    config = config_of(checkpoint, path)
    longer = config if epochs is None else replace(config, epochs=epochs)
    # The same names, perhaps read with another --profile: that of the checkpoint holds.
    state = begin(replace(corpus, profile=checkpoint.corpus["profile"]), longer, background)
    try:
        restore(state, checkpoint, progress)
    except (KeyError, IndexError, TypeError, ValueError, ContentsError) as error:
        raise CheckpointError(path, f"what --resume needs is damaged: {error}", ANEW) from error
    if longer != config and state.fit_end:  # back to that state, as if what came after it had never been
        vars(state).update(vars(state.fit_end) | {"likelihoods": state.likelihoods, "weights": state.weights})
    return state


def restore(state: TrainingState, checkpoint: Checkpoint, progress: dict[str, Any]) -> None:
    """Put a fresh state where the saved one stood.

    Taken from the checkpoint are the place in the plan, the history, two sums and the arrays of floats; the rest
    follows from these. A snapshot of the state must then equal the checkpoint; what is computed anew (likelihoods of
    the held-out names, states from which names begin) to 0.1. Raises KeyError, IndexError, TypeError, ValueError or
    ContentsError if something does not fit.
    """
    replay(state, checkpoint.history, progress)
    state.nats, state.norms, state.weights = float(progress["nats"]), float(progress["norms"]), checkpoint.weights
    for name, array in saved_arrays(state).items():
        saved = checkpoint.resume.get(name)
        if saved is None or (saved.shape, saved.dtype) != (array.shape, array.dtype) or not np.isfinite(saved).all():
            raise ValueError(f"its member 'resume.{name}' is missing, of another shape or not finite")
        if array.dtype.kind == "f":
            array[...] = saved  # in place: the end of the fit and what is fitted share arrays, as when they were saved
    if state.plan.held_out is not None:
        state.likelihoods = [state.plan.likelihoods(params, state.plan.held_out) for params in state.fits]
    with np.errstate(all="ignore"):  # of forged weights
        again = snapshot(state)
    if (again.model, again.progress) != (checkpoint.model, progress):
        raise ValueError(NOT_THE_PLAN)
    found, wanted = encode(checkpoint)[0], encode(again)[0]
    for name in sorted(found.keys() | wanted.keys()):
        before, now = found.get(name, np.empty(0)), wanted.get(name, np.empty(0))
        slack = 0.1 if name == "held_out" or (now.dtype.kind == "f" and "first" in name) else 0.0
        if before.shape != now.shape or not np.allclose(before, now, rtol=slack, atol=slack):
            raise ValueError(f"its member {name!r} is not that of its names, options and progress")


def replay(state: TrainingState, history: list[dict[str, Any]], progress: dict[str, Any]) -> None:
    """Take a fresh state through its epochs, phases and steps as training did, with any weights; or ValueError."""
    plan = state.plan
    for row in history:
        if state.epochs and (row["stage"], row["net"]) != (state.current_phase.kind, state.current_phase.net):
            state.end_phase()
        phase = state.current_phase
        count_steps(state, phase.steps_per_epoch)
        here = (phase.kind, phase.net, state.epochs, state.step)
        if (row["stage"], row["net"], row["epoch"], row["step"]) != here or state.epochs > phase.epochs:
            raise ValueError(NOT_THE_PLAN)
        state.add_row(row)
    if state.epochs and progress["phase"] == state.phase + 1:  # the plan may have more epochs than the file had
        state.end_phase()
    epoch, steps = state.epochs, progress["phase_step"] % state.current_phase.steps_per_epoch
    count_steps(state, steps)
    state.chars = sum(len(batch.x) for batch in islice(plan.batches(state.current_phase, epoch), steps))


def count_steps(state: TrainingState, steps: int) -> None:
    """Count so many steps as done."""
    state.step += steps
    state.moments["k"] = np.array(state.phase_step + steps, np.int64)
