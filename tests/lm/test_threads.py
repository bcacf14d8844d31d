"""Rows in chunks on two threads: nothing changes but the time, and what happens in a thread is seen."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.processes import examples

from bacterio_cli.lm.threads import in_chunks


def chunks_of(count: int, size: int) -> list[slice]:
    """The chunks of `in_chunks`, in the order of their rows."""
    chunks: list[slice] = []
    in_chunks(chunks.append, count, size)
    return sorted(chunks, key=lambda rows: (rows.start, rows.stop))


@examples
@given(st.integers(0, 3000), st.integers(1, 400))
def test_chunks_hold_every_row_once(count: int, size: int) -> None:
    """Chunks of up to `size` follow on each other, in as few pairs as there can be; half a chunk stays whole."""
    chunks = chunks_of(count, size)
    assert [row for rows in chunks for row in range(count)[rows]] == list(range(count))
    lengths = [rows.stop - rows.start for rows in chunks]
    assert max(lengths) <= size
    assert max(lengths) - min(lengths) <= 1
    assert min(lengths) > 0 or count == 0
    assert len(chunks) <= 2 or count > (len(chunks) - 2) * size
    if size > 1:  # single rows may be an odd number
        assert len(chunks) % 2 == (count <= size // 2)
        assert len(chunks) > 1 or count <= size // 2


def test_every_second_chunk_is_the_helpers() -> None:
    """The chunks take turns between the two threads; a single one stays in the caller's."""
    here, owner = threading.get_ident(), {}
    in_chunks(lambda rows: owner.update({rows.start: threading.get_ident()}), 60, 10)
    assert [owner[start] == here for start in sorted(owner)] == [True, False] * 3
    owner.clear()
    in_chunks(lambda rows: owner.update({rows.start: threading.get_ident()}), 5, 10)
    assert owner == {0: here}


def test_the_helper_has_the_same_errstate() -> None:
    """What NumPy does on overflow is what the caller has said, in either thread."""
    found: dict[int, str] = {}
    for wanted in ("raise", "ignore"):
        with np.errstate(over=wanted):  # type: ignore[call-overload]
            in_chunks(lambda rows: found.update({rows.start: np.geterr()["over"]}), 2, 2)
        assert found == {0: wanted, 1: wanted}


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
