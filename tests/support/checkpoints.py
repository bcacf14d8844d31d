"""Checkpoints for the tests: one altered in place, one used in every way that a command uses it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from support.processes import NAMES

from bacterio_cli.checkpoint import archive, checkpoint
from bacterio_cli.checkpoint.archive import Arrays
from bacterio_cli.cli.commands.info import info
from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.inference.sampler import SamplingParams, SamplingStats, sample
from bacterio_cli.training import trainer

Meta = dict[str, Any]
Change = Callable[[Arrays, Meta], object]


def at(*keys: str | int, **values: Any) -> Change:
    """Other values in a part of the metadata."""

    def change(_: Arrays, part: Any) -> None:
        for key in keys:
            part = part[key]
        part.update(values)

    return change


def array(values: Callable[[Any], object], member: str) -> Change:
    """Another array, made from the one that a member is."""
    return lambda a, _: a.update({member: np.asarray(values(a[member]))})


def entry(member: str, place: Any, value: Any) -> Change:
    """Other numbers in a member."""
    return lambda a, _: a[member].__setitem__(place, value)


def rewrite(path: Path, change: Change) -> None:
    """Change the arrays and the metadata of a checkpoint, and write it again in good order."""
    arrays, meta = archive.load(path)
    arrays = {name: array.copy() for name, array in arrays.items()}
    change(arrays, meta)
    archive.save(path, arrays, meta)


def resumed(path: Path, background: Corpus | None = None) -> trainer.TrainingState:
    """The training on NAMES that a checkpoint was saved from."""
    loaded = checkpoint.load(path)
    given = background if loaded.progress and loaded.progress.get("background") else None
    return trainer.resume(loaded, Corpus(NAMES), str(path), background=given)


def use(path: Path, background: Corpus | None = None) -> None:
    """Read all that commands read from a checkpoint: `info`, a name, and a step of the training resumed."""
    loaded = checkpoint.load(path)
    info(path)
    info(path, as_json=True)
    names = sample(
        loaded.language_model, loaded.vocabulary, frozenset(loaded.known), SamplingParams(seed=1, max_length=20),
        count=1, max_tries=50, stats=SamplingStats(),
    )  # fmt: skip
    next(names, None)
    next(trainer.train(resumed(path, background)), None)
