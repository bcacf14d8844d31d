"""A whole training with its batches in two shards: the same numbers, whatever becomes of the worker."""

import multiprocessing
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from support.processes import advanced, begin
from support.saving import reopened, saved

from bacterio_cli.nn.models import loss_and_grads
from bacterio_cli.training import batch_gradients
from bacterio_cli.training.batch_gradients import gradients_of_phase
from bacterio_cli.training.trainer import train

KINDS: list[dict[str, Any]] = [
    {"ngram": 3, "refit": True},
    {"arch": "mlp", "reduction": "sum"},
    {"arch": "lstm", "stream": True, "bptt": 5, "batch_size": 7, "layers": 2},
]
every_kind = pytest.mark.parametrize("options", KINDS, ids=str)


@every_kind
def test_two_shards_are_the_training(options: dict[str, Any]) -> None:
    """Without dropout, batches in two shards give the losses, gradients and weights of whole ones."""
    fresh, whole, split = (begin(dropout=0.0, optimizer="sgd", **options) for _ in range(3))
    advanced(whole)
    advanced(split, split_from=1)
    for ours, expected in zip(split.history, whole.history, strict=True):
        for key in ("nats_per_char", "gradient_norm"):
            assert ours[key] == pytest.approx(expected[key], rel=1e-4)
    for name, p in whole.params.items():
        np.testing.assert_allclose(split.params[name], p, rtol=0, atol=1e-4)
    assert max(np.abs(p - fresh.params[name]).max() for name, p in whole.params.items()) > 1e-2


@every_kind
def test_the_bytes_are_the_same_whoever_computes_the_second_shard(options: dict[str, Any], tmp_path: Path) -> None:
    """A worker, none, one that is killed on the way, or a training that was stopped and resumed: the same bytes."""
    killed = begin(dropout=0.3, **options)
    for progress in train(killed, split_from=1, fork=True):
        workers = multiprocessing.active_children()
        if progress.step == 3:
            assert len(workers) == 1
            workers[0].kill()
        elif killed.phase_number == 0 and progress.step > 3:
            assert workers == []
    assert multiprocessing.active_children() == []
    worker, alone = (advanced(begin(dropout=0.3, **options), split_from=1, fork=fork) for fork in (True, False))
    saved(advanced(begin(dropout=0.3, **options), 4, split_from=1), tmp_path / "part")
    resumed = advanced(reopened(tmp_path / "part"), split_from=1)
    bytes_of = [saved(state, tmp_path / "m") for state in (worker, alone, killed, resumed)]
    assert bytes_of == [bytes_of[0]] * 4


def test_each_shard_has_masks_of_its_own() -> None:
    """The dropout of shard 1 is not that of shard 0 over again."""
    state = begin(dropout=0.5)
    with (
        closing(gradients_of_phase(state, split_from=1, fork=False)) as gradients,
        patch.object(batch_gradients, "loss_and_grads", wraps=loss_and_grads) as computed,
    ):
        next(gradients)
    first, second = (call.kwargs["masks"][0] for call in computed.call_args_list)
    rows = min(len(first), len(second))
    assert rows > 10
    assert 0.3 < (first[:rows] == second[:rows]).mean() < 0.7
