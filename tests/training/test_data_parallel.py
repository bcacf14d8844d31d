"""A batch in two shards: nothing changes but the time, whoever computes the second and whatever becomes of it."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from contextlib import closing
from itertools import islice
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from support.builders import MODELS, Example, example
from support.processes import begin

from bacterio_cli.dataset.batching import Batch
from bacterio_cli.nn.layers import Params
from bacterio_cli.nn.models import CharRNN, Gradients, loss_and_grads
from bacterio_cli.training import batch_gradients
from bacterio_cli.training.batch_gradients import added, gradients_of_phase, is_split
from bacterio_cli.training.state import TrainingState

both_ways = pytest.mark.parametrize("fork", [True, False], ids=["worker", "in turn"])


def shard_of(case: Example, params: Params, k: int, shards: int) -> Gradients:
    """`loss_and_grads` of shard k of an example, as a share of the whole."""
    shard = Batch(case.x, case.targets, case.batch_sizes, np.arange(len(case.x))).shard(k, shards)
    state, masks = tuple(s[k::shards] for s in case.state or ()), [mask[shard.position] for mask in case.masks or ()]
    share = len(shard.x) / len(case.x)
    return loss_and_grads(
        case.model, params, shard.x, shard.batch_sizes, shard.y, state=state, masks=masks, weight=share
    )


def assert_same(ours: Gradients, expected: Gradients, *, atol: float = 0) -> None:
    """Loss, every gradient and every state are equal, to `atol`."""
    assert ours.loss == pytest.approx(expected.loss, rel=0, abs=atol)
    assert ours.grads.keys() == expected.grads.keys()
    for parameter, g in expected.grads.items():
        np.testing.assert_allclose(ours.grads[parameter], g, rtol=0, atol=atol, err_msg=parameter)
    for state, wanted in zip(ours.state, expected.state, strict=True):
        np.testing.assert_allclose(state, wanted, rtol=0, atol=atol)


@pytest.mark.parametrize("lengths", [(7, 5, 5, 2), (6, 1), (3, 3, 3)], ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_two_shards_are_the_batch(name: str, lengths: tuple[int, ...]) -> None:
    """Loss, gradients and states are those of the whole batch."""
    case = example(MODELS[name], 61, lengths=lengths, soft=True, masked=True)
    whole = shard_of(case, case.params, 0, 1)
    parts = [shard_of(case, case.params, k, 2) for k in range(2)]
    assert np.abs(parts[0].loss - parts[1].loss) > 1e-3
    together = added(parts, tuple(np.zeros_like(s) for s in whole.state))
    assert together.grads.keys() == case.params.keys()
    assert_same(together, whole, atol=1e-12)


def gradients_at(
    state: TrainingState, steps: int, *, after: Callable[[int], object] = lambda _: None, **how: Any
) -> list[Gradients]:
    """The gradients of the first steps; after each `after` is called and every parameter doubled."""
    found = []
    with closing(gradients_of_phase(state, **how)) as gradients:
        for step, (_, result) in enumerate(islice(gradients, steps)):
            found.append(result._replace(grads={name: g.copy() for name, g in result.grads.items()}))
            after(step)
            for p in state.params.values():
                p *= 2
            state.step, state.hidden = step + 1, result.state
    return found


def children() -> list[int | None]:
    """The processes that this one has started and not ended."""
    return [process.pid for process in multiprocessing.active_children()]


@pytest.mark.parametrize("fate", [None, signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGINT], ids=str)
def test_the_bits_are_the_same_whatever_becomes_of_the_worker(fate: signal.Signals | None) -> None:
    """Without a worker, with one, and with one that is killed, stopped, terminated or interrupted: the same bits."""
    options: dict[str, Any] = {"arch": "lstm", "layers": 2, "dropout": 0.3, "stream": True, "bptt": 5}
    workers: list[list[Any]] = []

    def after(step: int) -> None:
        workers.append(children())
        if step == 0 and fate is not None:
            os.kill(workers[0][0], fate)

    beside = gradients_at(begin(**options), 3, after=after, split_from=1, fork=True, timeout=0.2)
    assert len(workers[0]) == 1
    assert workers[1:] == [workers[0] if fate in (None, signal.SIGINT) else []] * 2
    assert children() == []
    for ours, expected in zip(beside, gradients_at(begin(**options), 3, split_from=1, fork=False), strict=True):
        assert_same(ours, expected)
    assert beside[0].loss != beside[1].loss


@both_ways
@pytest.mark.parametrize("failing", [0, 1])
def test_what_a_shard_raises_is_raised(failing: int, fork: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception in either shard reaches the caller, and ends the work and the worker."""

    def shard_work(*given: Any) -> Callable[[object], Gradients]:
        *_, k, shards = given

        def work(_: object) -> Gradients:
            if k == failing:
                raise FloatingPointError(f"in {k} of {shards}")
            return Gradients(1.0, {}, (), ())

        return work

    monkeypatch.setattr(batch_gradients, "shard_work", shard_work)
    each = gradients_of_phase(begin(), split_from=1, fork=fork)
    with pytest.raises(FloatingPointError, match=f"in {failing} of 2"):
        next(each)
    assert list(each) == children() == []


@both_ways
@pytest.mark.parametrize("stream", [True, False])
def test_a_single_name_has_no_second_shard(stream: bool, fork: bool) -> None:
    """The first shard is all, and a stream that has ended keeps its hidden state."""
    letters = len(begin().plan.texts["fit"].ids) - 1
    options = {"stream": True, "batch_size": 2, "bptt": letters // 2} if stream else {"batch_size": 35}
    assert letters % 2 == 1
    split, whole = begin(dropout=0.0, **options), begin(dropout=0.0, **options)
    found = gradients_at(split, 2, split_from=1, fork=fork)
    for ours, expected in zip(found, gradients_at(whole, 2), strict=True):
        assert_same(ours, expected, atol=1e-5)
    assert [s.shape for s in split.hidden] == [s.shape for s in begin(**options).hidden]


def test_small_batches_stay_whole() -> None:
    """A training whose batches are small starts no worker and does not move its parameters."""
    state = begin()
    before = dict(state.params)
    gradients_at(state, 2, after=lambda _: children() == [] or pytest.fail("a worker"), fork=True)
    assert all(state.params[name] is p for name, p in before.items())


def test_where_no_process_can_start_it_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's limit of processes is no reason to fail."""
    monkeypatch.setattr(os, "fork", Mock(side_effect=BlockingIOError))
    (ours,) = gradients_at(begin(), 1, split_from=1, fork=True)
    assert_same(ours, *gradients_at(begin(), 1, split_from=1, fork=False))


@pytest.mark.parametrize(
    ("n_a", "names", "split"), [(64, 127, False), (64, 128, True), (2048, 1, False), (2048, 2, True)]
)
def test_a_batch_is_split_by_its_size_alone(n_a: int, names: int, split: bool) -> None:
    """From names × units² = 2¹⁹ on, but for a single name, whatever its net."""
    assert is_split(CharRNN(30, 10, n_a), names) == split
