"""Softmax and cross-entropy: from logits to the loss, and the gradient that starts the way back.

T1, T2 and T3 are source texts, see `bacterio_cli.nn`; notation as in `layers`.
"""

import numpy as np

from bacterio_cli.nn.layers import Array


def log_softmax(z: Array) -> Array:
    """log ŷ_i = z_i − log Σ_k e^{z_k} along the last axis.

    Subtracting max z changes nothing in exact arithmetic; without it exp overflows above 88 in float32. A probability
    that underflows to 0 still has a finite logarithm. In gradient checks z is complex: its real part is compared.
    """
    shifted = z - z.real.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def softmax(z: Array) -> Array:
    """ŷ_i = e^{z_i} / Σ_k e^{z_k}.  (T1 eq. 2; T2; T3)

    The sum is along the last axis.
    """
    return np.asarray(np.exp(log_softmax(z)))


def softmax_jacobian(y_hat: Array) -> Array:
    """J_ij = ∂ŷ_i/∂z_j, both cases at once.  (n,) → (n, n)  (T1 b; T2 eq. 1; T3.)

    i = j:  ŷ_i (1 − ŷ_i)        i ≠ j:  −ŷ_i ŷ_j        J = diag(ŷ) − ŷᵀ ŷ, ŷ a row
    """
    return np.diag(y_hat) - np.outer(y_hat, y_hat)


def distributions(targets: Array, n_y: int) -> Array:
    """y (N, n_y), rows that sum to 1: distributions as they are, ids (N,) as one-hot rows."""
    return targets if targets.ndim == 2 else targets[:, None] == np.arange(n_y)


def cross_entropy(z: Array, targets: Array) -> tuple[Array, Array]:
    """L = −(1/N) Σ_n Σ_i y_ni log ŷ_ni.  (T1 eq. 1; T2; T3)

    L, in nats per character, and ŷ = softmax(z_y) for the way back. The logits z_y are `z` (N, n_y); the targets y are
    ids or distributions.
    """
    log_y_hat = log_softmax(z)
    loss = -(distributions(targets, z.shape[1]) * log_y_hat).sum(axis=1).mean()
    return loss, np.exp(log_y_hat)


def cross_entropy_backward(y_hat: Array, targets: Array, weight: float = 1.0) -> Array:
    """dz_y = (ŷ − y) / N.  (T1; T2 eq. 3; T3)

    This, times the `weight` of the loss. For one letter

    ∂L/∂z_i = Σ_k ∂L/∂ŷ_k ∂ŷ_k/∂z_i = −y_i (1 − ŷ_i) + Σ_{k≠i} y_k ŷ_i = ŷ_i Σ_k y_k − y_i = ŷ_i − y_i.

    The last step uses Σ_k y_k = 1 and nothing else: y may be any distribution, not only one-hot.
    """
    dz = y_hat - distributions(targets, y_hat.shape[1])
    dz /= len(dz) / weight
    return dz
