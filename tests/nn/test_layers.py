"""The layers without time: values, slopes, extremes, and the fast forms against the plain ones."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest

from bacterio_cli.nn import layers
from bacterio_cli.nn.layers import (
    ACTIVATIONS,
    Array,
    Embedding,
    GatheredRows,
    Linear,
    distinct,
    dropout,
    dropout_mask,
    linear,
    linear_backward,
    sum_rows,
    transposed,
)
from bacterio_cli.nn.loss import (
    cross_entropy,
    cross_entropy_backward,
    softmax,
    softmax_backward,
    softmax_jacobian,
)

IDS = np.array([2, 0, 2, 4, 2, 0, 6])  # of 8 letters: some often, some never, the last never
MORE_IDS = np.append(IDS, [6, 1, 3, 4, 3, 1, 3])  # more than there are letters


def normal(seed: int, *shape: int) -> Array:
    """Random numbers of this shape."""
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize(
    ("name", "z", "value"),
    [
        ("tanh", 0.0, 0.0),
        ("tanh", 0.5, (exp(0.5) - exp(-0.5)) / (exp(0.5) + exp(-0.5))),
        ("tanh", -1.5, (exp(-1.5) - exp(1.5)) / (exp(-1.5) + exp(1.5))),
        ("sigmoid", 0.0, 0.5),
        ("sigmoid", 0.5, 1 / (1 + exp(-0.5))),
        ("sigmoid", -1.5, 1 / (1 + exp(1.5))),
        ("relu", 0.0, 0.0),
        ("relu", 0.5, 0.5),
        ("relu", -1.5, 0.0),
    ],
)
def test_activation_value(name: str, z: float, value: float) -> None:
    """Each activation has the value of its definition."""
    assert ACTIVATIONS[name].function(np.array([z]))[0] == pytest.approx(value, abs=1e-15)


@pytest.mark.parametrize(
    ("name", "z", "slope"),
    [
        ("tanh", 0.0, 1.0),
        ("tanh", 0.5, (2 / (exp(0.5) + exp(-0.5))) ** 2),  # 1 / cosh²
        ("tanh", -1.5, (2 / (exp(1.5) + exp(-1.5))) ** 2),
        ("sigmoid", 0.0, 0.25),
        ("sigmoid", 0.5, exp(-0.5) / (1 + exp(-0.5)) ** 2),
        ("sigmoid", -1.5, exp(1.5) / (1 + exp(1.5)) ** 2),
        ("relu", 0.0, 0.0),  # by choice
        ("relu", 0.5, 1.0),
        ("relu", -1.5, 0.0),
    ],
)
def test_activation_slope(name: str, z: float, slope: float) -> None:
    """Each slope, given the value f(z), is the derivative of f at z; that of relu at 0 is 0."""
    activation = ACTIVATIONS[name]
    assert activation.slope(activation.function(np.array([z])))[0] == pytest.approx(slope, abs=1e-15)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_into_a_given_array(name: str) -> None:
    """With `out`, an activation fills that array, and the result is the same."""
    z, out = normal(1, 3, 4), np.full((3, 4), np.nan)
    result = ACTIVATIONS[name].function(z, out=out)
    assert result is out
    np.testing.assert_array_equal(out, ACTIVATIONS[name].function(z))


@pytest.mark.parametrize(
    ("name", "below", "above"), [("tanh", -1, 1), ("sigmoid", 0, 1), ("relu", 0, 1e4)], ids=["tanh", "sigmoid", "relu"]
)
def test_activation_at_extremes(name: str, below: float, above: float) -> None:
    """At z = ±10⁴ in float32 an activation has reached its limit, without overflow and without a warning."""
    a = ACTIVATIONS[name].function(np.array([-1e4, 1e4], np.float32))
    assert a.dtype == np.float32
    assert a.tolist() == [below, above]


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_slope_at_extremes(name: str) -> None:
    """Where an activation has reached its limit its slope is 0, not NaN."""
    activation = ACTIVATIONS[name]
    assert activation.slope(activation.function(np.array([-1e4, 1e4], np.float32))).tolist() == [0, 0]


def test_linear_is_the_textbook_formula() -> None:
    """y_k = Σ_m W_nm x_m + b_n, and dx, dW, db are sums of the same products."""
    x, W, b, dy = normal(1, 5, 3), normal(2, 4, 3), normal(3, 4), normal(4, 5, 4)
    dx, dW, db = linear_backward(x, W, dy)
    np.testing.assert_allclose(linear(x, W, b), np.einsum("nm,km->kn", W, x) + b, atol=1e-12)
    np.testing.assert_allclose(dx, np.einsum("kn,nm->km", dy, W), atol=1e-12)
    np.testing.assert_allclose(dW, np.einsum("kn,km->nm", dy, x), atol=1e-12)
    np.testing.assert_allclose(db, np.einsum("kn->n", dy), atol=1e-12)


def test_linear_of_embedded_ids_is_the_dense_formula() -> None:
    """Rows of a table by id give the y, dW and db of the rows written out, and dtable is dx added up by id."""
    table, W, b, dy = normal(1, 8, 3), normal(2, 4, 3), normal(3, 4), normal(4, len(IDS), 4)
    x = table[IDS]
    dtable, dW, db = linear_backward(GatheredRows(table, IDS), W, dy)
    expected = np.zeros_like(table)
    np.add.at(expected, IDS, dy @ W)
    np.testing.assert_allclose(linear(GatheredRows(table, IDS), W, b), x @ W.T + b, atol=1e-12)
    np.testing.assert_allclose(dtable, expected, atol=1e-12)
    np.testing.assert_allclose(dW, dy.T @ x, atol=1e-12)
    np.testing.assert_allclose(db, dy.sum(axis=0), atol=1e-12)


def test_linear_of_one_hot_ids_is_the_dense_formula() -> None:
    """One-hot ids give the y, dW and db of the one-hot rows written out, and no gradient for the input."""
    W, b, dy = normal(2, 4, 8), normal(3, 4), normal(4, len(IDS), 4)
    x = np.eye(8)[IDS]
    dx, dW, db = linear_backward(GatheredRows(None, IDS), W, dy)
    assert dx is None
    np.testing.assert_allclose(linear(GatheredRows(None, IDS), W, b), x @ W.T + b, atol=1e-12)
    np.testing.assert_allclose(dW, dy.T @ x, atol=1e-12)
    np.testing.assert_allclose(db, dy.sum(axis=0), atol=1e-12)


@pytest.mark.parametrize("ids", [IDS, MORE_IDS], ids=["few", "many"])
@pytest.mark.parametrize("kind", ["dense", "table", "one-hot"])
def test_linear_of_a_stack_is_each_gate_by_itself(kind: str, ids: Array) -> None:
    """With W (G, n, m) each gate has the y, dW and db that it has alone, and dx is the sum over the gates."""
    table = None if kind == "one-hot" else normal(1, 8, 3)
    rows = GatheredRows(table, ids)
    written = rows.dense(8, np.float64)
    x = written if kind == "dense" else rows
    W, b, dy = normal(2, 5, 4, written.shape[1]), normal(3, 5, 4), normal(4, 5, len(ids), 4)
    y, (dx, dW, db) = linear(x, W, b), linear_backward(x, W, dy)
    expected = np.zeros_like(written)
    for g in range(5):
        np.testing.assert_allclose(y[g], written @ W[g].T + b[g], atol=1e-12)
        np.testing.assert_allclose(y[g], linear(x, W[g], b[g]), atol=1e-12)
        np.testing.assert_allclose(dW[g], dy[g].T @ written, atol=1e-12)
        np.testing.assert_allclose(db[g], dy[g].sum(axis=0), atol=1e-12)
        expected += dy[g] @ W[g]
    if kind == "dense":
        np.testing.assert_allclose(dx, expected, atol=1e-12)
    elif table is None:
        assert dx is None
    else:
        dtable = np.zeros_like(table)
        np.add.at(dtable, ids, expected)
        np.testing.assert_allclose(dx, dtable, atol=1e-12)


@pytest.mark.parametrize("kind", ["dense", "table", "one-hot"])
def test_a_linear_map_leaves_its_arguments_alone(kind: str) -> None:
    """Forward and backward over a stack write to none of x, W, b and dy."""
    table, W, b = normal(1, 8, 3), normal(2, 5, 4, 8 if kind == "one-hot" else 3), normal(3, 5, 4)
    x = table[MORE_IDS] if kind == "dense" else GatheredRows(None if kind == "one-hot" else table, MORE_IDS)
    dy = normal(4, 5, len(MORE_IDS), 4)
    given = [table, W, b, dy, *([x] if isinstance(x, np.ndarray) else [MORE_IDS])]
    before = [array.copy() for array in given]
    linear(x, W, b)
    linear_backward(x, W, dy)
    for array, copy in zip(given, before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize(
    ("gates", "n", "m"), [(1, 1, 1), (2, 15, 5), (3, 16, 7), (2, 17, 33), (4, 40, 3), (3, 1, 18), (1, 33, 16)]
)
def test_transposed_is_a_copy_of_each_transpose(gates: int, n: int, m: int) -> None:
    """Every matrix of a stack is transposed whole, its rows a multiple of 16 or not, into memory of its own."""
    W = normal(1, gates, n, m).astype(np.float32)
    U = transposed(W)
    np.testing.assert_array_equal(U, W.swapaxes(1, 2))
    assert U.dtype == np.float32
    assert U.flags.c_contiguous
    assert not np.shares_memory(U, W)


@pytest.mark.parametrize("n", [7, 8, 15, 400])
def test_distinct_ids_give_back_the_ids(n: int) -> None:
    """`used[where]` is the ids, for a batch that may use all letters and for one that uses few of many."""
    used, where = distinct(IDS, n)
    np.testing.assert_array_equal(used[where], IDS)
    assert used.tolist() == (list(range(7)) if n == 7 else [0, 2, 4, 6])


@pytest.mark.parametrize("table", [normal(1, 8, 3), None], ids=["table", "one-hot"])
def test_dense_writes_the_rows_out(table: Array | None) -> None:
    """`dense` gives row id of the table, or the one-hot row, for every id."""
    dense = GatheredRows(table, IDS).dense(8, np.float64)
    expected = [table[i] if table is not None else [float(j == i) for j in range(8)] for i in IDS]
    np.testing.assert_array_equal(dense, expected)


@pytest.mark.parametrize("one_hot", [layers.ONE_HOT_IDS, 0], ids=["product", "runs"])
@pytest.mark.parametrize("gates", [(), (5,)], ids=["matrix", "stack"])
@pytest.mark.parametrize("n", [8, 128, 129])
@pytest.mark.parametrize("ids", [IDS, np.array([5]), np.array([3, 3, 3]), np.array([1, 4, 1]), np.arange(8)[::-1]])
def test_sum_rows_adds_up_by_id(
    ids: Array, n: int, gates: tuple[int, ...], one_hot: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows with the same id are added into the row of that id, and ids that do not occur get 0; in either way."""
    monkeypatch.setattr(layers, "ONE_HOT_IDS", one_hot)
    rows = normal(1, *gates, len(ids), 4)
    expected = np.zeros((*gates, n, 4))
    for k, v in enumerate(ids):
        expected[..., v, :] += rows[..., k, :]
    found = sum_rows(rows, ids, n)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_softmax_is_the_textbook_formula() -> None:
    """ŷ_i is e^{z_i} over the sum of its row."""
    z = normal(1, 5, 4)
    expected = [[exp(v) / sum(exp(w) for w in row) for v in row] for row in z.tolist()]
    np.testing.assert_allclose(softmax(z), expected, atol=1e-15)


def test_softmax_rows_sum_to_one() -> None:
    """The rows of a softmax are distributions."""
    y_hat = softmax(10 * normal(1, 5, 4))
    assert (y_hat > 0).all()
    np.testing.assert_allclose(y_hat.sum(axis=1), 1, atol=1e-15)


def test_softmax_at_extremes() -> None:
    """Logits of ±10⁴ in float32 give exact zeros and shares, without overflow and without a warning."""
    z = np.array([[1e4, -1e4, 0], [-1e4, -1e4, -1e4], [1e4, 1e4, -1e4]], np.float32)
    np.testing.assert_allclose(softmax(z), [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0]], rtol=1e-7)


def test_softmax_backward_is_its_jacobian() -> None:
    """The row form ŷ ⊙ (dŷ − Σ ŷ dŷ) is the product with the Jacobian written out."""
    y_hat, dy_hat = softmax(normal(1, 5, 4)), normal(2, 5, 4)
    expected = [softmax_jacobian(p).T @ d for p, d in zip(y_hat, dy_hat, strict=True)]
    np.testing.assert_allclose(softmax_backward(y_hat, dy_hat), expected, atol=1e-15)


def test_cross_entropy_is_the_mean_of_minus_log() -> None:
    """The loss of ids is the mean of −log ŷ of the target, in nats."""
    z = normal(1, 3, 4)
    loss, y_hat = cross_entropy(z, np.array([3, 0, 2]))
    np.testing.assert_allclose(y_hat, softmax(z), atol=1e-15)
    assert loss == pytest.approx(-(log(y_hat[0, 3]) + log(y_hat[1, 0]) + log(y_hat[2, 2])) / 3, abs=1e-15)


def test_cross_entropy_of_distributions_is_the_expected_loss() -> None:
    """The loss of a target distribution is the mean of −log ŷ weighted by it."""
    z, targets = normal(1, 5, 4), np.random.default_rng(2).dirichlet(np.ones(4), 5)
    expected = -(targets * np.log(softmax(z))).sum() / 5
    assert cross_entropy(z, targets)[0] == pytest.approx(expected, abs=1e-14)


def test_ids_are_one_hot_distributions() -> None:
    """Ids as targets give the loss and the gradient of the one-hot rows that they stand for."""
    z, ids = normal(1, 5, 4), np.array([3, 0, 1, 1, 2])
    (loss, y_hat), (loss_of_rows, _) = cross_entropy(z, ids), cross_entropy(z, np.eye(4)[ids])
    assert loss == pytest.approx(loss_of_rows, abs=1e-14)
    np.testing.assert_allclose(
        cross_entropy_backward(y_hat, ids), cross_entropy_backward(y_hat, np.eye(4)[ids]), atol=1e-15
    )


@pytest.mark.parametrize("targets", [np.array([1, 0]), np.array([[0, 1.0], [1, 0]], np.float32)], ids=["ids", "rows"])
def test_cross_entropy_survives_underflow(targets: Array) -> None:
    """A target whose probability is 0 in float32 still has a finite loss: the distance of the logits."""
    loss, y_hat = cross_entropy(np.array([[200, -200], [300, 300]], np.float32), targets)
    assert y_hat[0, 1] == 0
    assert loss == pytest.approx((400 + log(2)) / 2, rel=1e-6)


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


def test_dropout_multiplies_by_the_mask() -> None:
    """Dropout multiplies by its mask, and does nothing without one."""
    x, mask = normal(1, 3, 4), normal(2, 3, 4)
    np.testing.assert_array_equal(dropout(x, mask), x * mask)
    np.testing.assert_array_equal(dropout(x, None), x)


def test_linear_starts_within_glorots_bound() -> None:
    """Fresh weights fill ±√(6/(n_in + n_out)) and fresh biases are 0."""
    params = Linear(30, 20, "W", "b").init(np.random.default_rng(1), np.float64)
    bound = np.sqrt(6 / 50)
    assert params["W"].shape == (20, 30)
    assert -bound <= params["W"].min() < -0.95 * bound
    assert 0.95 * bound < params["W"].max() <= bound
    assert not params["b"].any()


def test_embedding_starts_normal() -> None:
    """A fresh embedding is N(0, 1), and one-hot input has none."""
    E = Embedding(40, 30).init(np.random.default_rng(1), np.float64)["E"]
    assert E.mean() == pytest.approx(0, abs=0.1)
    assert E.std() == pytest.approx(1, abs=0.1)
    assert Embedding(40, 0).init(np.random.default_rng(1), np.float64) == {}
