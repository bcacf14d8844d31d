"""A batch in two halves: nothing changes but the time, whoever works on the second and whatever becomes of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from functools import partial
from itertools import islice

import numpy as np
import pytest
from support.builders import MODELS, Example, example

from bacterio_cli.dataset.batching import Batch
from bacterio_cli.lm import threads as chunks
from bacterio_cli.nn.layers import Params
from bacterio_cli.nn.models import CharRNN, Gradients, loss_and_grads
from bacterio_cli.training import data_parallel as halves
from bacterio_cli.training import worker as second
from bacterio_cli.training.data_parallel import in_step, interleaved, size_of
from bacterio_cli.training.worker import Steps, can_fork

WAYS = ["process", "thread", "turn"]
LARGE = 2**30


def by(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the second half be done in this way, whatever threads the tests themselves have."""
    monkeypatch.setattr(halves, "can_fork", lambda: way == "process")
    monkeypatch.setattr(halves, "THREAD_FROM", 0 if way == "thread" else 2 * LARGE)


def part_of(case: Example, params: Params, k: int, parts: int) -> Gradients:
    """`loss_and_grads` of part k of an example, as a share of the whole."""
    whole = Batch(case.x, case.targets, case.batch_sizes, np.arange(len(case.x)))
    part = whole.part(k, parts)
    return loss_and_grads(
        case.model,
        params,
        part.x,
        part.batch_sizes,
        part.y,
        state=tuple(s[k::parts] for s in case.state or ()),
        masks=[mask[part.position] for mask in case.masks or ()],
        share=len(part.x) / len(case.x),
    )


def parts_of(case: Example, params: Params, k: int, parts: int) -> Steps:
    """The same example at every step."""
    while True:
        yield None, partial(part_of, case, params, k, parts)


def halved(case: Example, steps: int = 1) -> list[Gradients]:
    """The sums of the two halves of an example at some steps, between which every parameter is doubled."""
    params = dict(case.params)
    sums = []
    with closing(in_step(partial(parts_of, case, params), params, LARGE)) as gradients:
        for _, (loss, grads, state, dstate) in islice(gradients, steps):
            sums.append(Gradients(loss, {name: g.copy() for name, g in grads.items()}, state, dstate))
            for p in params.values():
                p *= 2
    return sums


@pytest.mark.parametrize("lengths", [(7, 5, 5, 2), (7, 5, 5, 2, 2), (6, 1), (3, 3, 3)], ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_two_halves_are_the_batch(name: str, lengths: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Loss, gradients and states of the halves together are those of the whole batch, its names in their order."""
    by("process", monkeypatch)
    case = example(MODELS[name], 61, lengths=lengths, soft=True, masked=True)
    whole = part_of(case, case.params, 0, 1)
    (together,) = halved(case)
    assert together.loss == pytest.approx(whole.loss, abs=1e-12)
    assert together.grads.keys() == whole.grads.keys() == case.params.keys()
    for parameter, g in whole.grads.items():
        np.testing.assert_allclose(together.grads[parameter], g, rtol=0, atol=1e-12, err_msg=parameter)
    for ours, expected in zip(together.state + together.dstate, whole.state + whole.dstate, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-12)
    assert np.abs(part_of(case, case.params, 0, 2).loss - part_of(case, case.params, 1, 2).loss) > 1e-3


@pytest.mark.parametrize("way", ["thread", "turn"])
@pytest.mark.parametrize("name", MODELS)
def test_whoever_does_it_the_bits_are_the_same(name: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second process, a second thread, or neither: the same sums, at the first step and with other parameters."""
    case = example(MODELS[name], 62, lengths=(7, 5, 5, 2, 2), masked=True)
    by("process", monkeypatch)
    beside = halved(case, 2)
    by(way, monkeypatch)
    for ours, expected in zip(halved(case, 2), beside, strict=True):
        assert ours.loss == expected.loss
        for parameter, g in expected.grads.items():
            np.testing.assert_array_equal(ours.grads[parameter], g)
        for a, b in zip(ours.state + ours.dstate, expected.state + expected.dstate, strict=True):
            np.testing.assert_array_equal(a, b)
    assert beside[0].loss != beside[1].loss


def test_the_second_process_sees_the_parameters_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written to the parameters between two steps counts in both halves of the second."""
    by("process", monkeypatch)
    case = example(MODELS["lstm, 2 layers"], 63, lengths=(7, 5, 5, 2))
    doubled = part_of(case, {name: 2 * p for name, p in case.params.items()}, 0, 1)
    again = halved(case, 2)[1]
    for parameter, g in doubled.grads.items():
        np.testing.assert_allclose(again.grads[parameter], g, rtol=0, atol=1e-12, err_msg=parameter)


def sums(work: Callable[[int], float], names: int = 2) -> Generator[float, None, None]:
    """work(0) + work(1) at each step; work(0) alone where there is a single name."""

    def gradients(k: int) -> Gradients:
        found = work(k)
        return Gradients(found, {"w": np.full(3, found)}, (), ())

    def steps(k: int, parts: int) -> Steps:
        assert parts == 2
        while True:
            yield k, partial(gradients, k) if k < names else None

    with closing(in_step(steps, {"w": np.zeros(3)}, LARGE)) as each:
        for item, (loss, grads, _, _) in each:
            assert item == 0
            assert grads["w"].tolist() == [loss] * 3
            yield loss


def second_pid(k: int) -> float:
    """This process's number for the second half, nothing for the first."""
    return float(k * os.getpid())


def gone(pid: int) -> bool:
    """Whether there is no such process, a moment given."""
    for _ in range(500):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


def test_the_second_process_is_another_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second half is worked on elsewhere, by the same process at every step, which is gone when it is over."""
    by("process", monkeypatch)
    each = sums(second_pid)
    pid, same = int(next(each)), int(next(each))
    assert pid == same != os.getpid()
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()) & {signal.SIGINT, signal.SIGTERM}
    os.kill(pid, 0)
    each.close()
    assert gone(pid)


@pytest.mark.parametrize(("way", "same"), [("thread", False), ("turn", True)])
def test_without_a_second_process_it_is_done_here(way: str, same: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a second thread or in the same."""
    by(way, monkeypatch)
    threads: dict[int, int] = {}

    def work(k: int) -> float:
        threads[k] = threading.get_ident()
        return second_pid(k)

    assert next(sums(work)) == os.getpid()
    assert threads[0] == threading.get_ident()
    assert (threads[1] == threads[0]) is same


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("failing", [0, 1])
def test_what_a_half_raises_is_raised(failing: int, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception in either half reaches the caller, and ends the work."""
    by(way, monkeypatch)

    def work(k: int) -> float:
        if k == failing:
            raise FloatingPointError(f"in {k}")
        return 1.0

    each = sums(work)
    with pytest.raises(FloatingPointError, match=f"in {failing}"):
        next(each)
    assert list(each) == []


@pytest.mark.parametrize("way", WAYS)
def test_a_single_name_has_no_second_half(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first half is all, and the next step goes on."""
    by(way, monkeypatch)
    assert list(islice(sums(lambda k: k + 1.0, names=1), 2)) == [1.0, 1.0]


def test_the_next_step_is_made_ready_before_the_other_half_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first half of a batch, the next batch, then the second half; at the end nothing is left out."""
    by("turn", monkeypatch)
    done: list[str] = []

    def work(step: int, k: int) -> Gradients:
        done.append(f"work {step}.{k}")
        return Gradients(1.0, {"w": np.ones(3)}, (), ())

    def steps(k: int, parts: int) -> Steps:
        assert parts == 2
        for step in range(2):
            if not k:
                done.append(f"ready {step}")
            yield step, partial(work, step, k)

    items = [item for item, _ in in_step(steps, {"w": np.zeros(3)}, LARGE)]
    assert items == [0, 1]
    assert done == ["ready 0", "work 0.0", "ready 1", "work 0.1", "work 1.0", "work 1.1"]


def test_small_batches_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Below SPLIT_FROM there is one part, done here, and its result is handed on as it is; the parameters stay."""
    monkeypatch.setattr(halves, "SPLIT_FROM", 100)
    result, params = Gradients(0.0, {}, (), ()), {"w": np.zeros(3)}
    before = params["w"]

    def steps(k: int, parts: int) -> Steps:
        assert (k, parts) == (0, 1)
        yield "first", lambda: result

    assert list(in_step(steps, params, 99)) == [("first", result)]
    assert params["w"] is before
    with pytest.raises(AssertionError):
        next(in_step(steps, params, 100))


@pytest.mark.parametrize("when", ["between", "during"])
def test_a_killed_second_process_is_replaced(when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while it waits or works, it leaves its half to this process, and no step is lost."""
    by("process", monkeypatch)
    here = os.getpid()

    def work(k: int) -> float:
        if k and when == "during" and os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return second_pid(k)

    each = sums(work)
    if when == "between":
        pid = int(next(each))
        assert pid != here
        os.kill(pid, signal.SIGKILL)
    assert list(islice(each, 3)) == [here] * 3


def test_a_replacement_begins_with_the_step_that_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though the first half of the next one is made ready by then."""
    by("process", monkeypatch)
    here, losses = os.getpid(), []

    def work(step: int, k: int) -> Gradients:
        if k and step == 1 and os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return Gradients(10.0**step * (k + 1), {"w": np.ones(3)}, (), ())

    def steps(k: int, parts: int) -> Steps:
        assert parts == 2
        for step in range(len(losses), 4):
            yield step, partial(work, step, k)

    for item, result in in_step(steps, {"w": np.zeros(3)}, LARGE):
        assert item == len(losses)
        losses.append(result.loss)
    assert losses == [3, 30, 300, 3000]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_second_process_leaves_signals_to_the_first(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt of the terminal reaches both: the second goes on until the first has done with it."""
    by("process", monkeypatch)
    each = sums(second_pid)
    pid = int(next(each))
    os.kill(pid, number)
    assert list(islice(each, 3)) == [pid] * 3


ORPHAN = """
import os, signal
from test_data_parallel import second_pid, sums
for k, pid in enumerate(sums(second_pid)):
    if k == 1:
        print(int(pid), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_second_process_ends_with_the_first() -> None:
    """Even if that is killed."""
    path = os.pathsep.join(filter(None, sys.path))
    run = subprocess.run(
        [sys.executable, "-c", ORPHAN], env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, check=False
    )
    assert run.returncode == -signal.SIGKILL
    assert gone(int(run.stdout))


def test_where_no_process_can_begin_it_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's limit of processes is no reason to fail."""
    by("process", monkeypatch)

    def refused() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", refused)
    assert next(sums(second_pid)) == os.getpid()
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()) & {signal.SIGINT, signal.SIGTERM}


def test_a_process_with_other_threads_is_not_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them might hold a lock for ever in the copy; the thread of `chunks` waits and holds none."""
    only = [threading.current_thread()]
    monkeypatch.setattr(threading, "enumerate", lambda: only)
    assert can_fork()
    only.append(threading.Thread(name=f"{chunks.HELPER}_0"))
    assert can_fork()
    only.append(threading.Thread(name="another"))
    assert not can_fork()
    del only[1:]
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not can_fork()


def test_the_helper_is_the_thread_that_a_fork_may_leave_behind() -> None:
    """Its name begins as `can_fork` expects."""
    name = chunks.helper().submit(lambda: threading.current_thread().name).result()
    assert name.startswith(chunks.HELPER)


def test_shared_memory_holds_the_same_numbers() -> None:
    """Shapes, types and values are kept, and the originals are not written to."""
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(1)}
    moved = second.shared(arrays)
    for name, array in arrays.items():
        assert moved[name].dtype == array.dtype
        np.testing.assert_array_equal(moved[name], array)
        moved[name] += 1
    np.testing.assert_array_equal(arrays["a"], np.arange(6).reshape(2, 3))


@pytest.mark.parametrize("count", [2, 5, 8])
def test_interleaved_is_the_order_before_the_parting(count: int) -> None:
    """Every second row and the others go back to where they were, in their own type."""
    rows = np.arange(3 * count, dtype=np.float32).reshape(count, 3)
    back = interleaved(rows[::2], rows[1::2])
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, rows)


@pytest.mark.parametrize(
    ("n_a", "names", "parted"), [(64, 127, False), (64, 128, True), (2048, 1, False), (2048, 2, True)]
)
def test_a_batch_is_parted_by_its_size_alone(n_a: int, names: int, parted: bool) -> None:
    """From names × units² = 2¹⁹ on, but for a single name, whatever its net."""
    assert (size_of(CharRNN(30, 10, n_a), names) >= halves.SPLIT_FROM) is parted
