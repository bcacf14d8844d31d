"""The layers without time: linear maps in all their forms and how they start, and dropout."""

from __future__ import annotations

import numpy as np
import pytest

from bacterio_cli.nn.layers import (
    Array,
    EmbeddingLookup,
    dropout_mask,
    linear,
    linear_backward,
    segment_sum,
)

IDS = np.array([2, 0, 2, 4, 2, 0, 6])  # of 8 letters: some often, some never, the last never
MORE_IDS = np.append(IDS, [6, 1, 3, 4, 3, 1, 3])  # more than there are letters


def normal(seed: int, *shape: int) -> Array:
    """Random numbers of this shape."""
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize("gates", [(), (5,)], ids=["matrix", "stack"])
@pytest.mark.parametrize("ids", [IDS, MORE_IDS], ids=["few", "many"])
@pytest.mark.parametrize("kind", ["dense", "table", "one-hot"])
def test_linear_is_the_textbook_formula(kind: str, ids: Array, gates: tuple[int, ...]) -> None:
    """y_k = Σ_m W_nm x_m + b_n, and dx, dW, db are sums of the same products, however x is given; gates add up in dx.

    The gradient of a table is dx added up by id; one-hot input has none.
    """
    table = None if kind == "one-hot" else normal(1, 8, 3)
    rows = EmbeddingLookup(table, ids)
    written = rows.dense(8, np.float64)
    x = written if kind == "dense" else rows
    W, b, dy = normal(2, *gates, 4, written.shape[1]), normal(3, *gates, 4), normal(4, *gates, len(ids), 4)
    dx, dW, db = linear_backward(x, W, dy)
    np.testing.assert_allclose(
        linear(x, W, b), np.einsum("...nm,km->...kn", W, written) + b[..., None, :], rtol=0, atol=1e-12
    )
    np.testing.assert_allclose(dW, np.einsum("...kn,km->...nm", dy, written), rtol=0, atol=1e-12)
    np.testing.assert_allclose(db, np.einsum("...kn->...n", dy), rtol=0, atol=1e-12)
    expected = np.einsum("gkn,gnm->km", dy.reshape(-1, len(ids), 4), W.reshape(-1, 4, written.shape[1]))
    if kind == "dense":
        np.testing.assert_allclose(dx, expected, rtol=0, atol=1e-12)
    elif table is None:
        assert dx is None
    else:
        by_id = np.zeros_like(table)
        np.add.at(by_id, ids, expected)
        np.testing.assert_allclose(dx, by_id, rtol=0, atol=1e-12)


@pytest.mark.parametrize("gates", [(), (5,)], ids=["matrix", "stack"])
@pytest.mark.parametrize("n", [8, 128, 129, 200])  # beyond 128 not by a product with the one-hot matrix
@pytest.mark.parametrize("ids", [IDS, np.array([5]), np.array([3, 3, 3]), np.array([1, 4, 1]), np.arange(8)[::-1]])
def test_segment_sum_adds_up_by_id(ids: Array, n: int, gates: tuple[int, ...]) -> None:
    """Rows with the same id are added into the row of that id, and ids that do not occur get 0, in either way."""
    rows = normal(1, *gates, len(ids), 4)
    expected = np.zeros((*gates, n, 4))
    for k, v in enumerate(ids):
        expected[..., v, :] += rows[..., k, :]
    found = segment_sum(rows, ids, n)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_dropout_mask_has_mean_one() -> None:
    """A mask is 0 at the given rate and 1/(1 − rate) elsewhere, so that nothing changes on average."""
    mask = dropout_mask(np.random.default_rng(1), (200, 300), 0.375, np.float64)
    assert np.unique(mask).tolist() == [0, 1 / 0.625]
    assert (mask == 0).mean() == pytest.approx(0.375, abs=0.01)
    assert mask.mean() == pytest.approx(1, abs=0.02)


def test_dropout_never_drops_for_certain() -> None:
    """A rate within 2⁻¹⁷ of 1 is the largest multiple of 2⁻¹⁶ below it, and what is kept stays finite."""
    mask = dropout_mask(np.random.default_rng(1), (500, 600), 1 - 2**-18, np.float64)
    assert np.unique(mask).tolist() == [0, 2**16]
