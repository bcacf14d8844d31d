"""Layers and activations, each forward beside its backward; none knows time.  T1–T4 are texts, see `bacterio_cli.nn`.

Notation, for all of `nn/`. Rows are examples, as in T3, and weights are (to, from), as in T1, T2 and T4, so a formula
reads `x @ W.T`. `dv` is ∂L/∂v and has the shape of v; of a hidden state a, da is only what comes from above, ā all of
it. L is one number: the mean loss of a batch in nats per character.
Cells and models hold sizes and the names of their parameters, dicts the numbers. Within `nn/`, after `init`, only
`optim` and the page `plain` write to parameters.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]
Params = dict[str, Array]
Shapes = dict[str, tuple[int, ...]]

MAX_ONE_HOT = 128  # the largest number of different ids for which segment_sum multiplies by a one-hot matrix


class EmbeddingLookup(NamedTuple):
    """The matrix x = E[id], one row of the table (n_y, n_x) per id, not written out.  ids (N,) → (N, n_x).

    A letter occurs many times in a batch, and a linear map of the lookup multiplies each row of the table only once.
    Without a `table`, x is one-hot: 1 at the letter, else 0, and x @ W.T is a choice of columns of W.
    """

    table: Array | None
    ids: Array

    def dense(self, n: int, dtype: DTypeLike) -> Array:
        """x = table[ids] written out, (…, n_x) for ids (…); one-hot rows (…, n) if there is no table."""
        return np.eye(n, dtype=dtype)[self.ids] if self.table is None else self.table[self.ids]


Input = Array | EmbeddingLookup


def segment_sum(rows: Array, ids: Array, n: int) -> Array:
    """S[v] = Σ of the rows whose id is v: the backward of table[ids].  (…, N, m), (N,) → (…, n, m)

    For small n as onehot(ids)ᵀ rows, several times faster than row by row; for a larger one that matrix is too large.
    """
    if n <= MAX_ONE_HOT:
        one_hot = np.eye(n, dtype=rows.dtype)[ids]
        return one_hot.T @ rows
    total = np.zeros((n, *rows.shape[:-2], rows.shape[-1]), rows.dtype)
    np.add.at(total, ids, np.moveaxis(rows, -2, 0))
    return np.moveaxis(total, 0, -2)


def linear(x: Input, W: Array, b: Array) -> Array:
    """y = x Wᵀ + b.  x (k, m), W (n, m), b (n,) → y (k, n).  (T3, which has W the other way round.)

    W may be a stack of gates: W (G, n, m), b (G, n) → y (G, k, n).
    For x = table[ids] the product is taken once per row of the table: table[ids] Wᵀ + b = (table Wᵀ + b)[ids].
    """
    if isinstance(x, EmbeddingLookup):
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

    For x = table[ids], with S[v] = Σ_{k: ids_k = v} dy_k: dW = Sᵀ table, db = Σ_v S, and the first value is the
    gradient of the table, S W. For one-hot input dW = Sᵀ, and there is no table to learn: None.
    """
    if isinstance(x, EmbeddingLookup):
        S = segment_sum(dy, x.ids, W.shape[-1] if x.table is None else len(x.table))
        if x.table is None:
            return None, S.swapaxes(-1, -2), S.sum(axis=-2)
        x, dy = x.table, S
    dx = dy @ W
    return dx if W.ndim == 2 else dx.sum(axis=0), dy.swapaxes(-1, -2) @ x, dy.sum(axis=-2)


def tanh_derivative(a: Array) -> Array:
    """tanh′ z = 1 − tanh² z = 1 − a².  (T1 a; T2 eq. 7)

    T3 prints tanh z = (eᶻ − e⁻ᶻ) / (eᶻ + e⁻ᶻ) upside down, and 1 + tan² for its derivative. The function takes the
    value a, not z: `1 - np.tanh(a) ** 2` is the classic slip, wrong by about 2a⁴/3, which hides while a is small
    (`bacterio gradcheck --inject tanh-twice --explain`).
    """
    return 1 - a * a


def sigmoid(z: Array, out: Array | None = None) -> Array:
    """a = σ(z) = 1 / (1 + e⁻ᶻ) = ½ + ½ tanh(z/2), which cannot overflow (exp does above 88 in float32).  (T3.)"""
    out = np.multiply(z, 0.5, out=out)
    np.tanh(out, out=out)
    out *= 0.5
    out += 0.5
    return out


def sigmoid_derivative(a: Array) -> Array:
    """σ′(z) = σ(z) (1 − σ(z)) = a (1 − a).  (T3)

    T3 leaves out the outer minus and later loses the inner one; the two cancel.
    """
    return a * (1 - a)


def relu(z: Array) -> Array:
    """a = max(0, z); of a complex z, as a gradient check has it, by the sign of the real part.  (T3.)"""
    return z * (z.real > 0)


def relu_derivative(a: Array) -> Array:
    """relu′(z) = 1 where z > 0, else 0.  (T3)

    relu′(0) = 0 by choice.
    """
    return (a.real > 0).astype(a.dtype)


ACTIVATIONS: dict[str, tuple[Callable[..., Array], Callable[..., Array]]] = {  # f, and f′ as a function of the value a
    "tanh": (np.tanh, tanh_derivative),
    "sigmoid": (sigmoid, sigmoid_derivative),
    "relu": (relu, relu_derivative),
}


def dropout_mask(rng: np.random.Generator, shape: tuple[int, ...], rate: float, dtype: DTypeLike) -> Array:
    """A mask m with 0 at probability `rate` and 1/(1 − rate) elsewhere, so that E[m] = 1.

    Inverted dropout (Srivastava et al. 2014, sec. 10): nothing is left to rescale at inference. The rate is rounded to
    a multiple of 2⁻¹⁶.
    """
    dropped = min(round(rate * 2**16), 2**16 - 1)
    return np.multiply(rng.integers(0, 2**16, shape, np.uint16) >= dropped, 2**16 / (2**16 - dropped), dtype=dtype)


def dropout(x: Array, mask: Array | None) -> Array:
    """y = x ⊙ m; with no mask, y = x. Backward is the same function: dx = dy ⊙ m."""
    return x if mask is None else x * mask
