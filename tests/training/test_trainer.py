"""What a step, an epoch and the best epoch are, and what is recorded of them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from support.processes import NAMES, SMALL, advanced, begin

from bacterio_cli.dataset.batching import EncodedCorpus
from bacterio_cli.dataset.corpus import Corpus, split
from bacterio_cli.lm.base import Net
from bacterio_cli.lm.prefix_tree import probabilities
from bacterio_cli.nn.layers import Params
from bacterio_cli.nn.models import loss_and_grads
from bacterio_cli.training import trainer as training
from bacterio_cli.training.config import resolve
from bacterio_cli.training.plan import SPLIT

ROW = "step epoch stage net nats_per_char valid_nats_per_char valid_bits_per_char gradient_norm learning_rate"


@pytest.mark.parametrize(("patience", "epochs"), [(2, 3), (0, 9)])
def test_patience_ends_a_training_that_no_longer_improves(patience: int, epochs: int) -> None:
    """At a rate of 0 the first epoch is the best, so patience 2 stops after the third, and patience 0 never."""
    assert len(advanced(begin(lr=0.0, patience=patience, epochs=9)).history) == epochs


def mean_loss(state: training.TrainingState, params: Params, names: Sequence[str]) -> float:
    """Nats per character of the net alone."""
    return -float(
        np.log(probabilities(Net(state.plan.model, params), EncodedCorpus(names, state.plan.vocabulary))).mean()
    )


def test_training_loss_of_an_epoch_weighs_its_letters() -> None:
    """At a rate of 0 and without dropout, the row's training loss is that of all training names together."""
    state = advanced(begin(lr=0.0, dropout=0.0, epochs=1))
    names, _ = split(NAMES, 0.1, np.random.default_rng([0, SPLIT]))
    expected = mean_loss(state, state.params, names)
    assert state.history[0]["nats_per_char"] == pytest.approx(expected, rel=1e-5)


def test_history_has_a_row_per_epoch() -> None:
    """Rows count steps and epochs; without names to validate on, validation is None."""
    history = advanced(begin(valid_fraction=0.0, schedule="linear", lr=0.01)).history
    assert [(row["step"], row["epoch"]) for row in history] == [(5, 1), (10, 2), (15, 3)]
    assert all(" ".join(row) == ROW for row in history)
    assert {row["valid_nats_per_char"] for row in history} == {None}
    assert [row["learning_rate"] for row in history] == pytest.approx([0.01 * (15 - k) / 15 for k in (4, 9, 14)])


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_step_descends_the_mean_or_the_sum(reduction: str) -> None:
    """The first step of SGD is −η times the gradient of the batch's mean loss, times its letters for the sum."""
    config = resolve("seed", {**SMALL, "embedding": 0, "batch_size": 64, "lr": 0.1, "clip": 0.0, "clip_mode": "norm"})
    state = training.begin(Corpus(NAMES), replace(config, reduction=reduction))
    before = {name: value.copy() for name, value in state.params.items()}
    progress = next(training.train(state))
    names, _ = split(NAMES, 0.1, np.random.default_rng([0, SPLIT]))
    batch = next(EncodedCorpus(names, state.plan.vocabulary).name_batches(64, np.random.default_rng(0)))
    grads = loss_and_grads(state.plan.model, before, batch.x, batch.batch_sizes, batch.y).grads
    scale = 0.1 * (len(batch.x) if reduction == "sum" else 1)
    assert progress.step == 1
    for name, value in state.params.items():
        assert value == pytest.approx(before[name] - scale * grads[name], rel=1e-4, abs=1e-6)


def test_progress_counts_steps() -> None:
    """A record per step, with the row where an epoch ends."""
    records = list(training.train(begin(epochs=2)))
    assert [(r.step, r.total, r.epoch) for r in records] == [(k, 10, 1 + (k > 5)) for k in range(1, 11)]
    assert [r.step for r in records if r.row] == [5, 10]


def test_the_file_holds_the_weights_that_validated_best() -> None:
    """When later epochs are worse, the weights to use are those of the best one, not of the last."""
    state = advanced(begin(optimizer="adam", lr=0.3, schedule="constant", epochs=8, dropout=0.0, seed=6))
    losses = [row["valid_nats_per_char"] for row in state.history]
    best = int(np.argmin(losses))
    assert best < 7, "the case must have worse epochs after the best"
    assert [row["valid_bits_per_char"] * np.log(2) for row in state.history] == pytest.approx(losses)
    _, held_out = split(NAMES, 0.1, np.random.default_rng([6, SPLIT]))
    assert state.best is state.history[best]
    assert mean_loss(state, training.snapshot(state).nets[0].params, held_out) == losses[best]
    assert mean_loss(state, state.params, held_out) == losses[-1] > losses[best]
