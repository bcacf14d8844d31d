"""Layers without time, each forward beside its backward.

Notation, for all of `nn/`. Rows are examples, as in T3, and weights are (to, from), as in T1, T2 and T4, so a formula
reads `x @ W.T`. `dv` is ∂L/∂v and has the shape of v. L is one number: the mean loss of a batch in nats per character.
Classes hold sizes and the names of their parameters, dicts hold the numbers; nothing here writes to a parameter. Every
function takes the dtype of its arguments: float32 to train, float64 and complex128 to be checked.

Sources are cited as T1 (bacterial name generator: derivatives), T2 (RNN derivatives and code sample, eq. 1–13), T3
(derivative of common modules), T4 (naive backprop for RNNs); where a text slips, the docstring says so and
`bacterio gradcheck` settles it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]
Params = dict[str, Array]
Shapes = dict[str, tuple[int, ...]]

ONE_HOT_IDS = 128  # up to so many ids, rows are added up by a matrix product


class GatheredRows(NamedTuple):
    """The matrix x = E[id], one row of a table per id, kept as its two factors.  (V, n_x), (N,) → (N, n_x).

    A letter occurs many times in a batch. Kept factored, a linear map multiplies each row of the table once instead
    of each occurrence. Without a `table`, x is one-hot: 1 at the letter, else 0 (T1), and x @ W.T is a choice of
    columns of W.
    """

    table: Array | None
    ids: Array

    def dense(self, n: int = 0, dtype: DTypeLike = float) -> Array:
        """x = table[ids], written out; one-hot rows of width n if there is no table.  (…, n_x)"""
        return np.eye(n, dtype=dtype)[self.ids] if self.table is None else self.table[self.ids]


Input = Array | GatheredRows


def sum_rows(rows: Array, ids: Array, n: int) -> Array:
    """S[v] = Σ of the rows whose id is v: the backward of table[ids].  (…, N, m), (N,) → (…, n, m)

    Up to 128 ids as a product with the one-hot matrix, S = onehot(ids)ᵀ rows, several times faster than adding row by
    row; beyond, the one-hot matrix would be too large.
    """
    if n <= ONE_HOT_IDS:
        one_hot = np.eye(n, dtype=rows.dtype)[ids]
        return one_hot.T @ rows
    total = np.zeros((n, *rows.shape[:-2], rows.shape[-1]), rows.dtype)
    np.add.at(total, ids, np.moveaxis(rows, -2, 0))
    return np.moveaxis(total, 0, -2)


def linear(x: Input, W: Array, b: Array) -> Array:
    """y = x Wᵀ + b.  x (k, m), W (n, m), b (n,) → y (k, n).  (T3, which has W the other way round.)

    A stack of gates is as good: W (G, n, m), b (G, n) → y (G, k, n).
    For x = table[ids] the product is taken once per row of the table: table[ids] Wᵀ + b = (table Wᵀ + b)[ids].
    """
    if isinstance(x, GatheredRows):
        per_id = W.swapaxes(-1, -2) + b[..., None, :] if x.table is None else linear(x.table, W, b)
        return np.take(per_id, x.ids, axis=-2)
    y: Array = x @ W.swapaxes(-1, -2)
    y += b[..., None, :]
    return y


def linear_backward(x: Input, W: Array, dy: Array) -> tuple[Array | None, Array, Array]:
    """(dx, dW, db) of `linear`.  (T3: dL/dx = dL/dy Wᵀ, dL/dW = xᵀ dL/dy for its y = xW + b.)

    dx = dy W       (k, m), summed over the gates of a stack, which all read the same x
    dW = dyᵀ x      (n, m) or (G, n, m)
    db = Σ_k dy     (n,) or (G, n)

    For x = table[ids], with S[v] = Σ_{k: ids_k = v} dy_k: dW = Sᵀ table, and the first value is the gradient of the
    table, S W. For one-hot input dW = Sᵀ, and there is no table to learn: None.
    """
    if not isinstance(x, GatheredRows):
        return product_back(dy, W), dy.swapaxes(-1, -2) @ x, dy.sum(axis=-2)
    S = sum_rows(dy, x.ids, W.shape[-1] if x.table is None else len(x.table))
    if x.table is None:
        return None, S.swapaxes(-1, -2), S.sum(axis=-2)
    return product_back(S, W), S.swapaxes(-1, -2) @ x.table, S.sum(axis=-2)


def product_back(dy: Array, W: Array) -> Array:
    """dy W; for a stack of gates Σ_g dy_g W_g.  (G, k, n), (G, n, m) → (k, m)"""
    return dy @ W if W.ndim == 2 else (dy @ W).sum(axis=0)


def glorot(rng: np.random.Generator, n_out: int, n_in: int) -> Array:
    """W ~ U(−√(6/(n_in + n_out)), +√(…)), (n_out, n_in).  (Glorot and Bengio 2010, eq. 16.)"""
    bound = np.sqrt(6 / (n_in + n_out))
    return rng.uniform(-bound, bound, (n_out, n_in))


def dropout_mask(rng: np.random.Generator, shape: tuple[int, ...], rate: float, dtype: DTypeLike) -> Array:
    """A mask m with 0 at probability `rate` and 1/(1 − rate) elsewhere, so that E[m] = 1.

    Inverted dropout (Srivastava et al. 2014, sec. 10): nothing is left to rescale at inference. Each number takes 16
    random bits, so that the rate is a multiple of 2⁻¹⁶.
    """
    dropped = min(round(rate * 2**16), 2**16 - 1)
    return np.multiply(rng.integers(0, 2**16, shape, np.uint16) >= dropped, 2**16 / (2**16 - dropped), dtype=dtype)


def dropout(x: Array, mask: Array | None) -> Array:
    """y = x ⊙ m; with no mask, y = x. Backward is the same function: dx = dy ⊙ m."""
    return x if mask is None else x * mask
