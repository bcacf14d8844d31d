"""The engine's side of the benchmarks: each function makes a piece of work, ready to be timed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from itertools import cycle, islice
from typing import Any
from unittest import mock

from bacterio_cli.cli.runtime import keep_freed_memory, one_blas_thread

one_blas_thread()
if "PLAIN_MEMORY" not in os.environ:
    keep_freed_memory()

import numpy as np
from turns import Work

from bacterio_cli.checkpoint.checkpoint import load, shipped
from bacterio_cli.dataset.batching import Batch, EncodedCorpus
from bacterio_cli.dataset.corpus import read_corpus
from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.inference.sampler import SamplingParams, draws
from bacterio_cli.lm.prefix_tree import likelihood
from bacterio_cli.nn import optim
from bacterio_cli.nn.layers import Params
from bacterio_cli.nn.models import CharRNN, Gradients, Model, init, loss_and_grads
from bacterio_cli.training.data_parallel import in_step, size_of
from bacterio_cli.training.worker import Steps

EMBEDDING = 32


def batches_of(corpus: str, size: int, count: int) -> tuple[int, list[Batch]]:
    """(n_y, the first batches of an epoch): the same for every side."""
    names, vocabulary = names_and_vocabulary(corpus)
    return vocabulary.n_y, list(
        islice(EncodedCorpus(names, vocabulary).name_batches(size, np.random.default_rng(0)), count)
    )


def names_and_vocabulary(corpus: str) -> tuple[tuple[str, ...], Vocabulary]:
    """A list and its letters."""
    names = read_corpus([corpus]).names
    return names, Vocabulary.of(names)


def steps(corpus: str, cell: str, n_x: int, n_a: int, layers: int, size: int, count: int) -> Work:
    """One optimiser step a batch: forward, backward, clip, AdamW."""
    n_y, batches = batches_of(corpus, size, count)
    model = CharRNN(n_y, n_x, n_a, layers, cell)
    params = init(model, np.random.default_rng(0), np.float32)
    optimiser = optim.AdamW()
    moments = optimiser.init(params)

    each = in_step(partial(parts_of, model, params, batches), params, size_of(model, size))

    def work() -> None:
        for _, result in islice(each, count):
            optim.clip_by_norm(result.grads, 5.0, optim.global_norm(result.grads))
            optimiser.update(params, result.grads, moments, learning_rate=1e-3)

    return work


def parts_of(model: Model, params: Params, batches: list[Batch], k: int, parts: int) -> Steps:
    """Part k of each of the batches, over and over."""
    for batch in cycle(batches):
        x, y, batch_sizes, _ = batch.part(k, parts)
        yield batch, partial(gradients, model, params, x, batch_sizes, y, len(x) / len(batch.x))


def gradients(model: Model, params: Params, x: Any, batch_sizes: Any, y: Any, share: float) -> Gradients:
    """As in training."""
    return loss_and_grads(model, params, x, batch_sizes, y, share=share)._replace(state=())


def loop(corpus: str, n_a: int, count: int) -> Work:
    """`count` names through the loop of the second source text."""
    names, vocabulary = names_and_vocabulary(corpus)
    text = EncodedCorpus(names, vocabulary)

    def work() -> None:
        for _ in islice(plain_loop(text, vocabulary.n_y, n_a), count):
            pass

    return work


def plain_loop(text: EncodedCorpus, n_y: int, n_a: int) -> Iterator[int]:
    """T2's loop as it stands there: a name at a time, column vectors, += at every step, Adagrad; yields characters."""
    rng = np.random.default_rng(0)
    U, W, V = (0.01 * rng.standard_normal(s) for s in ((n_a, n_y), (n_a, n_a), (n_y, n_a)))
    bh, by = np.zeros((n_a, 1)), np.zeros((n_y, 1))
    params = [U, W, V, bh, by]
    memory = [np.zeros_like(p) for p in params]
    for start, length in zip(text.starts, text.lengths, strict=True):
        ids = text.ids[start : start + length + 1]
        hs: dict[int, Any] = {-1: np.zeros((n_a, 1))}
        xs, ps = {}, {}
        for t in range(length):
            xs[t] = np.zeros((n_y, 1))
            xs[t][ids[t]] = 1
            hs[t] = np.tanh(U @ xs[t] + W @ hs[t - 1] + bh)
            e = np.exp(V @ hs[t] + by)
            ps[t] = e / e.sum()
        dU, dW, dV, dbh, dby = grads = [np.zeros_like(p) for p in params]
        dh_next = np.zeros((n_a, 1))
        for t in reversed(range(length)):
            dy = ps[t].copy()
            dy[ids[t + 1]] -= 1
            dV += dy @ hs[t].T
            dby += dy
            raw = (1 - hs[t] ** 2) * (V.T @ dy + dh_next)
            dbh += raw
            dU += raw @ xs[t].T
            dW += raw @ hs[t - 1].T
            dh_next = W.T @ raw
        for p, g, m in zip(params, grads, memory, strict=True):
            np.clip(g, -5, 5, out=g)
            m += g * g
            p -= 0.1 * g / np.sqrt(m + 1e-8)
        yield int(length)


def sampler(count: int) -> Work:
    """`count` draws at temperature 0.8 from the model that ships, with its table."""
    trained = load(shipped("model.npz"))
    model, request = trained.language_model, SamplingParams(seed=1, max_length=50)

    def work() -> None:
        for _ in islice(draws(model, trained.vocabulary, request), count):
            pass

    return work


def drawn_names(count: int) -> list[str]:
    """The names of these draws."""
    trained = load(shipped("model.npz"))
    found = islice(draws(trained.language_model, trained.vocabulary, SamplingParams(seed=1, max_length=50)), count)
    return [name for name in found if name]


class EveryRow:
    """As `prefixes.PrefixBatch`, but each row has a state of its own and is stepped by itself."""

    def __init__(self, model: Any, rows: int) -> None:
        self.model, self.state = model, model.start(rows)
        self.node = np.arange(rows)

    def read(self, letters: Any, shape: Any) -> Any:
        """The shaped distributions, a row each."""
        p, self.state = self.model.step(letters, self.state)
        return shape(p)

    def keep(self, rows: Any) -> None:
        """Go on with these rows alone."""
        self.state = tuple(s[rows] for s in self.state)
        self.node = np.arange(int(rows.sum()))


def changed_by_sharing(count: int) -> int:
    """How many of these draws differ from those of rows that share no states: ties in the last bit of a product."""
    shared = drawn_names(count)
    with mock.patch("bacterio_cli.inference.sampler.PrefixBatch", EveryRow):
        alone = drawn_names(count)
    return sum(a != b for a, b in zip(shared, alone, strict=False)) + abs(len(shared) - len(alone))


def scorer(names: list[str]) -> Work:
    """The probability of every letter of these names by the net alone."""
    trained = load(shipped("model.npz"))
    text = EncodedCorpus(names, trained.vocabulary)

    def work() -> None:
        likelihood(trained.net, text)

    return work


def products(count: int) -> Work:
    """`count` products of 1024 × 1024 matrices in each of two threads: the peak of this machine."""
    from bacterio_cli.lm.threads import in_chunks

    a, b = np.random.default_rng(0).random((2, 1024, 1024), np.float32)

    def product(_: slice) -> None:
        np.matmul(a, b)

    return lambda: in_chunks(product, 2 * count, 1)
