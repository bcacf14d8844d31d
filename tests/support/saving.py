"""Trainings that are stopped, saved and taken up again."""

from pathlib import Path

from support.processes import NAMES

from bacterio_cli.checkpoint.checkpoint import load
from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.training.resume import resume, snapshot
from bacterio_cli.training.state import TrainingState


def saved(state: TrainingState, path: Path) -> bytes:
    """The bytes of a training's checkpoint, written to `path`."""
    snapshot(state).save(path)
    return path.read_bytes()


def reopened(path: Path, background: Corpus | None = None, epochs: int | None = None) -> TrainingState:
    """The training on NAMES that stands in a checkpoint, with more epochs if given."""
    return resume(load(path), Corpus(NAMES), str(path), background=background, epochs=epochs)
