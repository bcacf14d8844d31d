"""Rows in chunks on two threads: nothing changes but the time, and what happens in a thread is seen."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.processes import examples

from bacterio_cli.lm.threads import HELPER, helper, in_chunks


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
        (0, 10, [0]), (5, 10, [5]), (6, 10, [3, 3]), (20, 10, [10, 10]), (21, 10, [5, 5, 5, 6]),
        (5, 11, [5]), (6, 11, [3, 3]), (2, 2, [1, 1]),
    ],
)  # fmt: skip
def test_half_a_chunk_stays_whole(count: int, size: int, lengths: list[int]) -> None:
    """Up to half of `size` rows are one chunk; more are parted into 2, 4, 6, … as evenly as it goes."""
    assert [rows.stop - rows.start for rows in chunks_of(count, size)] == lengths


def test_every_second_chunk_is_the_helpers() -> None:
    """The chunks take turns between the two threads; a single one stays in the caller's."""
    here, owner = threading.get_ident(), {}
    in_chunks(lambda rows: owner.update({rows.start: threading.get_ident()}), 60, 10)
    assert [owner[start] == here for start in sorted(owner)] == [True, False] * 3
    owner.clear()
    in_chunks(lambda rows: owner.update({rows.start: threading.get_ident()}), 5, 10)
    assert owner == {0: here}


def test_the_helper_has_the_same_errstate() -> None:
    """What NumPy does on overflow is what the caller has said, in either thread, and there are two of them."""
    found: dict[int, tuple[str, int]] = {}
    for wanted in ("raise", "ignore"):
        with np.errstate(over=wanted):  # type: ignore[call-overload]
            in_chunks(lambda rows: found.update({rows.start: (np.geterr()["over"], threading.get_ident())}), 2, 2)
        assert [found[k][0] for k in (0, 1)] == [wanted, wanted]
        assert found[0][1] == threading.get_ident() != found[1][1]


@pytest.mark.parametrize("failing", [0, 1])
def test_what_a_chunk_raises_is_raised(failing: int) -> None:
    """An exception in either thread reaches the caller, and the next work is done as if nothing had been."""
    done = []

    def work(rows: slice) -> None:
        if rows.start == failing:
            raise FloatingPointError(f"in {failing}")

    with pytest.raises(FloatingPointError, match=f"in {failing}"):
        in_chunks(work, 2, 2)
    in_chunks(lambda rows: done.append(rows.start), 2, 2)
    assert sorted(done) == [0, 1]


def test_the_helper_can_be_told_by_its_name() -> None:
    """Training forks although it is there, since it holds no lock, and knows it by this name."""
    assert helper().submit(lambda: threading.current_thread().name).result().startswith(HELPER)
