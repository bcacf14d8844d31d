"""The products with W_aa in the time loops of the cells: most of their time, so each size has a form of its own.

The plain formulas stand in the docstrings; a test holds every form to them.
"""

from __future__ import annotations

import numpy as np

from bacterio_cli.nn.layers import Array, transposed

LARGE = 512  # units
COLUMNS = 64
SMALL = 100**3  # multiplications: up to here OpenBLAS has kernels that leave the matrices as they lie


def transition(W: Array, steps: int) -> Array:
    """U = Wᵀ of each matrix of a stack, so that a @ U is a Wᵀ.  (G, n, n)

    For several steps a copy in one block of memory, which is read faster than W by columns.
    """
    return transposed(W) if steps > 1 else W.swapaxes(1, 2)


class RecurrentProduct:
    """h = a Wᵀ for each gate, and its gradient da = Σ_g dh_g W_g.  W (G, n, n), a (k, n), h and dh (G, k, n), k ≤ B.

    A LARGE W outgrows a core's cache: to read it takes longer than to multiply, and a copy costs more than it brings.
    Few rows then take it 64 columns at a time, in SMALL products, each of which reads W where it lies; a longer one
    would rearrange all of it at every call. More rows are multiplied turned, h = (W aᵀ)ᵀ with all gates at once,
    which needs no Wᵀ.
    """

    def __init__(self, W: Array, B: int, steps: int = 1) -> None:
        """For up to B rows, and so many steps forward. What `forward` returns holds until the next call."""
        G, n, _ = W.shape
        self.W, self.room = W, np.empty((G, B, n), W.dtype)
        self.turned = n >= LARGE and steps > 1
        self.few = SMALL // (n * COLUMNS) if n >= LARGE and n % COLUMNS == 0 else 0
        if self.turned:
            self.U, self.room_turned = W.reshape(G * n, n).T, np.empty((G, n, B), W.dtype)
        else:
            self.U = transition(W, steps)
        if self.few:
            blocks = (n // COLUMNS, COLUMNS)
            self.U_blocks = W.reshape(G, *blocks, n).swapaxes(2, 3)
            self.W_blocks = W.reshape(G, n, *blocks).swapaxes(1, 2)
            self.room_blocks = self.room.reshape(G, B, *blocks).swapaxes(1, 2)

    def forward(self, a: Array) -> Array:
        """h = a Wᵀ."""
        k = len(a)
        h = self.room[:, :k]
        if k <= self.few:
            np.matmul(a, self.U_blocks, out=self.room_blocks[:, :, :k])
        elif self.turned:
            np.matmul(a, self.U, out=self.room_turned.reshape(self.U.shape[1], -1).T[:k])
            h = self.room_turned[..., :k].swapaxes(1, 2)
        else:
            np.matmul(a, self.U, out=h)
        return h

    def backward(self, dh: Array, out: Array, *, trunk: bool = False) -> None:
        """da = Σ_g dh_g W_g, written to `out`.

        Of what goes back to a `trunk` only the sum over all rows is needed. It is multiplied once, Σ_k dh_k W =
        (Σ_k dh_k) W, and put into the first row; the others are 0.
        """
        if trunk:
            out[1:] = 0
            dh, out = dh.sum(axis=1, keepdims=True), out[:1]
        k = len(out)
        da = self.room[:, :k]
        if k <= self.few:
            np.matmul(dh[:, None], self.W_blocks, out=self.room_blocks[:, :, :k])
        else:
            np.matmul(dh, self.W, out=da)
        np.add.reduce(da, axis=0, out=out)
