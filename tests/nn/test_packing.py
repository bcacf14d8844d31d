"""The geometry of a packed batch against a naive oracle: every row written as 100 · name + letter, by plain loops."""

import numpy as np
import pytest
from support.builders import pack

from bacterio_cli.nn.cells import last_rows, previous_rows, steps_of
from bacterio_cli.nn.layers import Array

LENGTHS = [(1,), (6,), (3, 3, 3), (6, 1), (7, 5, 5, 2), (4, 3, 2, 1), (2, 2, 1, 1, 1)]


def numbered(lengths: tuple[int, ...]) -> tuple[Array, Array]:
    """Hidden states (B + N, 1) that say whose they are: 100 · name + t after letter t, t = 0 on top; batch sizes."""
    packed, batch_sizes = pack([[[100 * name + t] for t in range(1, n + 1)] for name, n in enumerate(lengths)])
    return np.concatenate([[[100 * name] for name in range(len(lengths))], packed]), batch_sizes


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
def test_rows_of_a_packed_batch(lengths: tuple[int, ...]) -> None:
    """`last_rows` takes each name's row after its own last letter, in the type of the states; `previous_rows` sets
    beside each letter the row one letter back; at step t, `now` has letter t of each name that is as long, `before`
    its letter t − 1, `running` those names."""
    hidden_states, batch_sizes = numbered(lengths)
    steps = steps_of(batch_sizes)
    last = last_rows(hidden_states.astype(np.float32), steps)
    assert last.tolist() == [[100 * name + n] for name, n in enumerate(lengths)]
    assert last.dtype == np.float32
    assert previous_rows(hidden_states, steps).tolist() == (hidden_states[len(lengths) :] - 1).tolist()
    assert len(steps) == max(lengths)
    for t, step in enumerate(steps, 1):
        running = [name for name, n in enumerate(lengths) if n >= t]
        assert hidden_states[len(lengths) :][step.now].tolist() == [[100 * name + t] for name in running]
        assert hidden_states[step.before].tolist() == [[100 * name + t - 1] for name in running]
        assert list(range(len(lengths)))[step.running] == running
