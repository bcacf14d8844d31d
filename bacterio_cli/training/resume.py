"""A training as a checkpoint, and taken up again from it, to the same last byte."""

from copy import deepcopy
from dataclasses import asdict, replace
from itertools import islice
from typing import Any

import numpy as np

from bacterio_cli.checkpoint.checkpoint import Checkpoint
from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.errors import BacterioError, CheckpointError, UsageError
from bacterio_cli.nn.layers import Array, Params
from bacterio_cli.training.config import TrainingConfig
from bacterio_cli.training.evaluation import choose_weights, held_out_parts, mixed
from bacterio_cli.training.plan import TrainingPlan
from bacterio_cli.training.state import TrainingState, begin

ANEW = "start anew without --resume"


def snapshot(state: TrainingState) -> Checkpoint:
    """The state as a checkpoint: the nets and tables to use, and all that `resume` needs."""
    params, moments = deepcopy(state.params), deepcopy(state.moments)  # training goes on in place
    state = replace(state, params=params, moments=moments, history=[*state.history])
    plan, corpus = state.plan, state.plan.corpus
    kind = "refit" if state.done and state.kept["refit"] else "fit"
    parts = held_out_parts(state)
    weights = choose_weights(plan, parts)
    held_out_bits = np.empty(0)  # per character of each name, ascending
    if parts and plan.held_out:
        bits = np.add.reduceat(-np.log2(mixed(weights, parts)), plan.held_out.starts)
        held_out_bits = np.sort(bits / plan.held_out.lengths)
    facts = {
        "digest": corpus.digest, "names": len(corpus.names), "characters": corpus.characters, "date": corpus.date,
        "longest": max(map(len, corpus.names)), "profile": corpus.profile,
    }  # fmt: skip
    return Checkpoint(
        nets=tuple(map(plan.net, state.kept[kind] or [state.params])), vocabulary=plan.vocabulary,
        table=plan.table(kind), background=plan.table("background"), weights=weights,
        known=corpus.names, corpus=facts, held_out=held_out_bits.astype(np.float32),
        training=asdict(plan.config), history=state.history, progress=progress_of(state), resume=saved_arrays(state),
    )  # fmt: skip


def progress_of(state: TrainingState) -> dict[str, Any]:
    """The figures that only `resume` needs."""
    background = state.plan.background
    return {
        "step": state.step, "phase": state.phase_number, "phase_step": state.phase_step, "chars": state.chars,
        "nats": state.nats, "norms": state.norms, "finished": state.done,
        "background": background and background.digest,
    }  # fmt: skip


def saved_arrays(state: TrainingState) -> Params:
    """The arrays that only `resume` needs, under the names that a checkpoint gives them."""
    groups: dict[str, dict[Any, Array]] = {"current": state.params, "optimizer": state.moments}
    groups["state"] = dict(enumerate(state.hidden))
    if (end := state.fit_end) and state.phase.kind == "refit":
        groups |= {"end": end.params, "end_optimizer": end.moments, "end_state": dict(enumerate(end.hidden))}
    groups |= {f"{kind}{net}": params for kind, nets in state.kept.items() for net, params in enumerate(nets)}
    return {f"{group}.{name}": value for group, params in groups.items() for name, value in params.items()}


def config_of(checkpoint: Checkpoint, path: str) -> TrainingConfig:
    """The options that a checkpoint was trained with; CheckpointError if they are not this version's."""
    try:
        return TrainingConfig(**checkpoint.training).sized(checkpoint.corpus["characters"])
    except (TypeError, UsageError) as error:
        raise CheckpointError(path, f"its training options are not those of this version ({error})", ANEW) from error


def resume(
    checkpoint: Checkpoint, corpus: Corpus, path: str, *, background: Corpus | None = None, epochs: int | None = None
) -> TrainingState:
    """The training that a checkpoint was saved from; `epochs`, if given, is the new number of those of its fit.

    Raises BacterioError for another corpus, CheckpointError for a file that cannot go on.
    """
    progress = checkpoint.progress
    if progress is None:
        raise BacterioError(f"{path} is a model to use, without what --resume needs; train anew, with another --out")
    lists = (("corpus", corpus, checkpoint.corpus["digest"]), ("--background", background, progress.get("background")))
    for what, given, stored in lists:
        digest = given and given.digest
        if digest != stored:
            before, now = (f"digest {d[:12]}" if isinstance(d, str) else "none" for d in (stored, digest))
            raise BacterioError(
                f"--resume: {path} was trained on another {what} ({before}; given: {now}); give the same lists, in the "
                f"same order and read alike (--profile, --column, --encoding), or {ANEW}"
            )
    config = config_of(checkpoint, path)
    # The same names, perhaps read with another --profile: that of the checkpoint holds.
    state = begin(replace(corpus, profile=checkpoint.corpus["profile"]), config, background)
    try:
        restore(state, checkpoint, progress)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise CheckpointError(path, f"what --resume needs is damaged, or of another version ({what})", ANEW) from error
    if epochs not in (None, config.epochs):
        state = state.fit_end or state  # as if what came after the fit had never been
        state.plan = TrainingPlan(replace(config, epochs=epochs), state.plan.corpus, background)
    return state


def restore(state: TrainingState, checkpoint: Checkpoint, progress: dict[str, Any]) -> None:
    """Put a fresh state where the saved one stood: through its epochs and phases, with weights replaced at the end.

    Taken from the checkpoint are the rows of the history, two sums and the arrays of floats; history and progress must
    then be those that were saved. Raises KeyError, IndexError, TypeError or ValueError if something does not fit.
    """
    for row in checkpoint.history:
        go_on(state, later=row["stage"] != state.phase.kind)
        phase = state.phase
        state.step += phase.steps_per_epoch
        state.moments["k"] += phase.steps_per_epoch
        state.add_row(row | {"step": state.step, "epoch": state.epochs_done, "stage": phase.kind, "net": phase.net})
    if progress["phase"] > state.phase_number:
        go_on(state, later=True)
    steps = progress["phase_step"] % state.phase.steps_per_epoch
    state.chars = sum(len(batch.x) for batch in islice(state.batches(), steps))
    state.step += steps
    state.moments["k"] += steps
    state.nats, state.norms = float(progress["nats"]), float(progress["norms"])
    if (state.history, progress_of(state)) != (checkpoint.history, progress):
        raise ValueError("its history and progress are not those of its options")
    for name, array in saved_arrays(state).items():
        if array.dtype.kind == "f":  # updates were counted with the steps
            stored = checkpoint.resume[name]
            if stored.shape != array.shape or not np.isfinite(stored).all():
                raise ValueError(f"{name} is not what the options ask for")
            array[...] = stored  # in place: the end of the fit and the state share what was kept


def go_on(state: TrainingState, *, later: bool) -> None:
    """Begin the next phase if this one is over, or is a background and the saved training was `later`."""
    shorter = later and state.phase.kind == "background"  # of a training that was given more epochs when it was resumed
    if not state.done and (state.phase_is_over or shorter):
        state.end_phase()
