"""The engine's side of the benchmarks: each function prepares a piece of work, ready to be timed."""

import os
from collections.abc import Iterator
from itertools import islice
from typing import Any

from bacterio_cli.cli.runtime import keep_freed_memory

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
keep_freed_memory()

import numpy as np
from turns import Work

from bacterio_cli.dataset.batching import Batch
from bacterio_cli.dataset.corpus import Corpus, read_corpus
from bacterio_cli.nn import plain
from bacterio_cli.training import trainer
from bacterio_cli.training.config import resolve

EMBEDDING = 32


def state_of(corpus: str, cell: str, n_x: int, n_a: int, layers: int, size: int) -> trainer.TrainingState:
    """A training of one net on plain targets, without dropout or names to validate on, as PyTorch's side has it."""
    options: dict[str, Any] = {
        "arch": cell, "embedding": n_x, "hidden": n_a, "layers": layers, "batch_size": size, "dropout": 0.0,
        "ngram": 0, "valid_fraction": 0.0, "refit": False, "epochs": 1000, "schedule": "constant", "lr": 1e-3,
    }  # fmt: skip
    return trainer.begin(Corpus(read_corpus([corpus]).names), resolve("default", options))


def batches_of(state: trainer.TrainingState) -> Iterator[Batch]:
    """The batches of this training, epoch after epoch."""
    return state.batches()


def steps(corpus: str, cell: str, n_x: int, n_a: int, layers: int, size: int, count: int) -> Work:
    """`count` steps of the generator that `bacterio train` consumes."""
    each = trainer.train(state_of(corpus, cell, n_x, n_a, layers, size))

    def work() -> None:
        for _ in islice(each, count):
            pass

    return work


def loop(corpus: str, n_a: int, count: int) -> Work:
    """`count` names through the second source text's program, `nn/plain.py`, a name at a time."""
    state = state_of(corpus, "rnn", 0, n_a, 1, 1)
    text, n_y = state.plan.texts["fit"], state.plan.vocabulary.n_y
    p = plain.init(n_a, n_y, np.random.default_rng(0))
    memory = {name: np.zeros_like(value) for name, value in p.items()}

    def work() -> None:
        for start, length in zip(text.starts[:count], text.lengths[:count], strict=True):
            _, d, _ = plain.loss_and_grads(p, text.ids[start : start + length + 1], np.zeros((n_a, 1)))
            plain.update(p, d, memory)

    return work
