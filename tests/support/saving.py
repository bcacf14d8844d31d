"""Trainings that are stopped, saved and taken up again."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from support.processes import NAMES

from bacterio_cli.checkpoint.checkpoint import load
from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.training.resume import resume, snapshot
from bacterio_cli.training.state import TrainingState
from bacterio_cli.training.trainer import train


def saved(state: TrainingState, path: Path) -> bytes:
    """The bytes of a training's checkpoint, written to `path`."""
    snapshot(state).save(path)
    return path.read_bytes()


def advanced(state: TrainingState, steps: int | None = None, **how: Any) -> TrainingState:
    """The training after so many steps more, or after all that are left; `how` is for `train`."""
    for _ in islice(train(state, **how), steps):
        pass
    return state


def reopened(path: Path, background: Corpus | None = None, epochs: int | None = None) -> TrainingState:
    """The training on NAMES that stands in a checkpoint, with more epochs if given."""
    return resume(load(path), Corpus(NAMES), str(path), background=background, epochs=epochs)
