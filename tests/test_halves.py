"""A batch in two halves and rows in chunks: nothing changes but the time, and what happens in a thread is seen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from builders import MODELS, Example, example
from hypothesis import given
from hypothesis import strategies as st
from process import examples

from bacterio_cli.names.batches import Batch
from bacterio_cli.nn import halves
from bacterio_cli.nn.halves import in_chunks, in_parts, interleaved, parts_of
from bacterio_cli.nn.models import CharRNN, Gradients, loss_and_grads

NOTHING = Gradients(0.0, {}, (), ())


def part_of(case: Example, k: int, parts: int) -> Gradients:
    """`loss_and_grads` of part k of an example, as a share of the whole."""
    whole = Batch(case.x, case.targets, case.batch_sizes, np.arange(len(case.x)))
    part = whole.part(k, parts)
    return loss_and_grads(
        case.model,
        case.params,
        part.x,
        part.batch_sizes,
        part.y,
        state=tuple(s[k::parts] for s in case.state or ()),
        masks=[mask[part.position] for mask in case.masks or ()],
        share=len(part.x) / len(case.x),
    )


def in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the second thread by a call on the spot."""

    class Done:
        """What comes of a call that has been made."""

        def __init__(self, work: Callable[..., Any], *arguments: Any) -> None:
            self.value = work(*arguments)

        def result(self) -> Any:
            return self.value

    class Caller:
        """A pool of threads without threads."""

        submit = staticmethod(Done)

    monkeypatch.setattr(halves, "helper", Caller)


@pytest.mark.parametrize("lengths", [(7, 5, 5, 2), (7, 5, 5, 2, 2), (6, 1), (3, 3, 3)], ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_two_halves_are_the_batch(name: str, lengths: tuple[int, ...]) -> None:
    """Loss, gradients and states of the halves together are those of the whole batch, its names in their order."""
    case = example(MODELS[name], 61, lengths=lengths, soft=True, masked=True)
    together, whole = in_parts(lambda k: part_of(case, k, 2), 2), part_of(case, 0, 1)
    assert together.loss == pytest.approx(whole.loss, abs=1e-12)
    assert together.grads.keys() == whole.grads.keys() == case.params.keys()
    for parameter, g in whole.grads.items():
        np.testing.assert_allclose(together.grads[parameter], g, rtol=0, atol=1e-12, err_msg=parameter)
    for ours, expected in zip(together.state + together.dstate, whole.state + whole.dstate, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-12)
    assert np.abs(part_of(case, 0, 2).loss - part_of(case, 1, 2).loss) > 1e-3


@pytest.mark.parametrize("name", MODELS)
def test_one_after_the_other_gives_the_same_bits(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a second thread the two halves are added up to the same bits."""
    case = example(MODELS[name], 62, lengths=(7, 5, 5, 2, 2), masked=True)
    side_by_side = in_parts(lambda k: part_of(case, k, 2), 2)
    in_turn(monkeypatch)
    one_by_one = in_parts(lambda k: part_of(case, k, 2), 2)
    assert side_by_side.loss == one_by_one.loss
    for parameter, g in one_by_one.grads.items():
        np.testing.assert_array_equal(side_by_side.grads[parameter], g)
    for ours, expected in zip(side_by_side.state, one_by_one.state, strict=True):
        np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("count", [2, 5, 8])
def test_interleaved_is_the_order_before_the_parting(count: int) -> None:
    """Every second row and the others go back to where they were, in their own type."""
    rows = np.arange(3 * count, dtype=np.float32).reshape(count, 3)
    back = interleaved(rows[::2], rows[1::2])
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, rows)


@pytest.mark.parametrize(
    ("n_a", "names", "parts"),
    [
        (64, 511, 1),
        (64, 512, 2),
        (64, 999, 2),
        (2048, 1, 1),
        (2048, 2, 2),
        (1024, 1, 1),
        (8, 32_767, 1),
        (8, 32_768, 2),
    ],
)
def test_a_batch_is_parted_by_its_size_alone(n_a: int, names: int, parts: int) -> None:
    """Two parts from names × units² = 2²¹, and one for a single name whatever its net."""
    assert parts_of(CharRNN(30, 10, n_a), names) == parts


def test_the_size_from_which_a_batch_is_parted_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """SPLIT_FROM is read when a batch comes: at 100, 4 names of 5 units are parted and 3 are not."""
    monkeypatch.setattr(halves, "SPLIT_FROM", 100)
    assert [parts_of(MODELS["rnn, relu"], names) for names in (3, 4)] == [1, 2]


def test_one_part_stays_in_its_thread() -> None:
    """One part is work(0), and its result is handed on as it is."""
    called: list[tuple[int, int]] = []

    def work(k: int) -> Gradients:
        called.append((k, threading.get_ident()))
        return NOTHING

    assert in_parts(work, 1) is NOTHING
    assert called == [(0, threading.get_ident())]


def by_parts(work: Callable[[int], object]) -> None:
    """work(0) and work(1) by `in_parts`."""

    def part(k: int) -> Gradients:
        work(k)
        return NOTHING

    in_parts(part, 2)


def by_chunks(work: Callable[[int], object]) -> None:
    """work(0) and work(1) by `in_chunks`."""

    def chunk(rows: slice) -> None:
        work(rows.start)

    in_chunks(chunk, 2, 2)


@pytest.mark.parametrize("both", [by_parts, by_chunks])
def test_the_second_thread_has_the_same_errstate(both: Callable[[Callable[[int], object]], None]) -> None:
    """What NumPy does on overflow is what the caller has said, in either thread, and there are two of them."""
    found: dict[int, tuple[str, int]] = {}
    for wanted in ("raise", "ignore"):
        with np.errstate(over=wanted):  # type: ignore[call-overload]
            both(lambda k: found.update({k: (np.geterr()["over"], threading.get_ident())}))
        assert [found[k][0] for k in (0, 1)] == [wanted, wanted]
        assert found[0][1] == threading.get_ident() != found[1][1]


@pytest.mark.parametrize("both", [by_parts, by_chunks])
@pytest.mark.parametrize("failing", [0, 1])
def test_what_a_half_raises_is_raised(failing: int, both: Callable[[Callable[[int], object]], None]) -> None:
    """An exception in either thread reaches the caller, and the next work is done as if nothing had been."""
    done = []

    def work(k: int) -> None:
        if k == failing:
            raise FloatingPointError(f"in {k}")

    with pytest.raises(FloatingPointError, match=f"in {failing}"):
        both(work)
    both(done.append)
    assert sorted(done) == [0, 1]


def chunks_of(count: int, size: int) -> list[slice]:
    """The chunks of `in_chunks`, in the order of their rows."""
    chunks: list[slice] = []
    in_chunks(chunks.append, count, size)
    return sorted(chunks, key=lambda rows: (rows.start, rows.stop))


@examples
@given(st.integers(1, 3000), st.integers(1, 400))
def test_chunks_hold_every_row_once(count: int, size: int) -> None:
    """Whatever the count and the size, chunks follow on each other, are at most `size` long, and come in pairs."""
    chunks = chunks_of(count, size)
    assert [row for rows in chunks for row in range(count)[rows]] == list(range(count))
    lengths = [rows.stop - rows.start for rows in chunks]
    assert max(lengths) <= size
    assert max(lengths) - min(lengths) <= (1 if len(lengths) > 1 else 0)
    assert min(lengths) > 0
    if size > 1:  # single rows may be an odd number
        assert len(chunks) % 2 == (count <= size // 2)


@pytest.mark.parametrize(
    ("count", "size", "lengths"),
    [
        (0, 10, [0]),
        (5, 10, [5]),
        (6, 10, [3, 3]),
        (20, 10, [10, 10]),
        (21, 10, [5, 5, 5, 6]),
        (5, 11, [5]),
        (6, 11, [3, 3]),
        (2, 2, [1, 1]),
    ],
)
def test_half_a_chunk_stays_whole(count: int, size: int, lengths: list[int]) -> None:
    """Up to half of `size` rows are one chunk; more are parted into 2, 4, 6, … as evenly as it goes."""
    assert [rows.stop - rows.start for rows in chunks_of(count, size)] == lengths


def test_every_second_chunk_is_the_second_threads() -> None:
    """The chunks take turns between the two threads; a single one stays in the caller's."""
    here, owner = threading.get_ident(), {}
    in_chunks(lambda rows: owner.update({rows.start: threading.get_ident()}), 60, 10)
    assert [owner[start] == here for start in sorted(owner)] == [True, False] * 3
    owner.clear()
    in_chunks(lambda rows: owner.update({rows.start: threading.get_ident()}), 5, 10)
    assert owner == {0: here}
