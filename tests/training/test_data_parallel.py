"""A batch in two shards: nothing changes but the time, whoever computes the second and whatever becomes of it."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import islice
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from support.builders import MODELS, Example, example

from bacterio_cli.dataset.batching import Batch
from bacterio_cli.nn.layers import Params
from bacterio_cli.nn.models import CharRNN, Gradients, loss_and_grads
from bacterio_cli.training.batch_gradients import gradients_of_shards, shards_of
from bacterio_cli.training.worker import Steps

both_ways = pytest.mark.parametrize("fork", [True, False], ids=["worker", "in turn"])


def shard_of(case: Example, params: Params, k: int, shards: int) -> Gradients:
    """`loss_and_grads` of shard k of an example, as a share of the whole."""
    shard = Batch(case.x, case.targets, case.batch_sizes, np.arange(len(case.x))).shard(k, shards)
    state, masks = tuple(s[k::shards] for s in case.state or ()), [mask[shard.position] for mask in case.masks or ()]
    share = len(shard.x) / len(case.x)
    return loss_and_grads(
        case.model, params, shard.x, shard.batch_sizes, shard.y, state=state, masks=masks, weight=share
    )


def in_two_shards(
    case: Example, *, fork: bool, steps: int, after: Callable[[int], object] = lambda _: None, timeout: float = 60
) -> list[Gradients]:
    """The gradients of an example at some steps; after each `after` is called and every parameter doubled."""
    params = dict(case.params)

    def same_batch(k: int, shards: int) -> Steps:
        while True:
            yield None, partial(shard_of, case, params, k, shards)

    found = []
    with closing(gradients_of_shards(same_batch, params, 2, fork=fork, timeout=timeout)) as gradients:
        for step, (_, result) in enumerate(islice(gradients, steps)):
            found.append(result._replace(grads={name: g.copy() for name, g in result.grads.items()}))
            after(step)
            for p in params.values():
                p *= 2
    return found


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
    """Loss, gradients and states are those of the whole batch, at the first step and after the parameters changed."""
    case = example(MODELS[name], 61, lengths=lengths, soft=True, masked=True)
    doubled = {parameter: 2 * p for parameter, p in case.params.items()}
    for together, params in zip(in_two_shards(case, fork=True, steps=2), (case.params, doubled), strict=True):
        assert together.grads.keys() == params.keys()
        assert_same(together, shard_of(case, params, 0, 1), atol=1e-12)
    assert np.abs(shard_of(case, params, 0, 2).loss - shard_of(case, params, 1, 2).loss) > 1e-3


def children() -> list[int | None]:
    """The processes that this one has started and not ended."""
    return [process.pid for process in multiprocessing.active_children()]


@pytest.mark.parametrize("fate", [None, signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGINT], ids=str)
def test_the_bits_are_the_same_whatever_becomes_of_the_worker(fate: signal.Signals | None) -> None:
    """Without a worker, with one, and with one that is killed, stopped, terminated or interrupted: the same bits."""
    case = example(MODELS["lstm, 2 layers"], 62, lengths=(7, 5, 5, 2, 2), masked=True)
    workers: list[list[Any]] = []

    def after(step: int) -> None:
        workers.append(children())
        if step == 0 and fate is not None:
            os.kill(workers[0][0], fate)

    beside = in_two_shards(case, fork=True, steps=3, after=after, timeout=0.2)
    assert len(workers[0]) == 1
    assert workers[1:] == [workers[0] if fate in (None, signal.SIGINT) else []] * 2
    assert children() == []
    for ours, expected in zip(beside, in_two_shards(case, fork=False, steps=3), strict=True):
        assert_same(ours, expected)
    assert beside[0].loss != beside[1].loss


def sums(work: Callable[[int], float], *, fork: bool, names: int = 2) -> Iterator[float]:
    """work(0) + work(1) at each step; work(0) alone where there is a single name."""

    def steps(k: int, _: int) -> Steps:
        while True:
            yield k, (lambda: Gradients(work(k), {}, (), ())) if k < names else None

    with closing(gradients_of_shards(steps, {}, 2, fork=fork)) as each:
        for item, result in each:
            assert item == 0
            yield result.loss


def pid_of_the_other(k: int) -> float:
    """This process's number in shard 1, nothing in shard 0."""
    return float(k * os.getpid())


@both_ways
@pytest.mark.parametrize("failing", [0, 1])
def test_what_a_shard_raises_is_raised(failing: int, fork: bool) -> None:
    """An exception in either shard reaches the caller, and ends the work and the worker."""

    def work(k: int) -> float:
        if k == failing:
            raise FloatingPointError(f"in {k}")
        return 1.0

    each = sums(work, fork=fork)
    with pytest.raises(FloatingPointError, match=f"in {failing}"):
        next(each)
    assert list(each) == children() == []


@both_ways
def test_a_single_name_has_no_second_shard(fork: bool) -> None:
    """The first shard is all, and the next step goes on."""
    assert list(islice(sums(lambda k: k + 1.0, fork=fork, names=1), 2)) == [1.0, 1.0]


def test_small_batches_stay_whole() -> None:
    """One shard is computed here and handed on as it is; the parameters are not moved."""
    result, before = Gradients(0.0, {}, (), ()), np.zeros(3)
    params = {"w": before}

    def steps(k: int, shards: int) -> Steps:
        assert (k, shards) == (0, 1)
        yield "first", lambda: result

    assert list(gradients_of_shards(steps, params, 1)) == [("first", result)]
    assert params["w"] is before


def test_where_no_process_can_start_it_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's limit of processes is no reason to fail."""
    monkeypatch.setattr(os, "fork", Mock(side_effect=BlockingIOError))
    assert next(sums(pid_of_the_other, fork=True)) == os.getpid()


@pytest.mark.parametrize(("n_a", "names", "shards"), [(64, 127, 1), (64, 128, 2), (2048, 1, 1), (2048, 2, 2)])
def test_a_batch_is_split_by_its_size_alone(n_a: int, names: int, shards: int) -> None:
    """From names × units² = 2¹⁹ on, but for a single name, whatever its net."""
    assert shards_of(CharRNN(30, 10, n_a), names) == shards
