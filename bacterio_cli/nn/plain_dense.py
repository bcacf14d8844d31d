"""The fully connected net of T4 (see `bacterio_cli.nn`): σ layers, a quadratic cost C, error signals δ sent backward.

Columns, as in the text; h⁰ = x. Its algorithm updates W_l before it sends δ through it, which makes δ wrong: here δ
goes first.
"""

from collections.abc import Sequence

import numpy as np

from bacterio_cli.nn.activations import sigmoid, sigmoid_derivative
from bacterio_cli.nn.layers import Array


def forward(W: Sequence[Array], x: Array) -> list[Array]:
    """[h⁰, h¹, …]: z_l = W_l h_{l−1}, h_l = σ(z_l); the last is y."""
    h = [x]
    for W_l in W:
        h.append(sigmoid(W_l @ h[-1]))
    return h


def cost(W: Sequence[Array], x: Array, target: Array) -> Array:
    """C = ½ ‖y − target‖²."""
    return 0.5 * ((forward(W, x)[-1] - target) ** 2).sum()


def gradients(W: Sequence[Array], x: Array, target: Array) -> list[Array]:
    """∂C/∂W_l = (δ ⊙ σ′(z_l)) ⊗ h_{l−1} for every layer, in the order of W; computed from the last layer down."""
    h = forward(W, x)
    delta = h[-1] - target  # ∇C at y
    grads: list[Array] = []
    for l in reversed(range(len(W))):  # noqa: E741  as in the text, but from 0
        local = delta * sigmoid_derivative(h[l + 1])  # σ′ enters exactly once per layer
        grads.insert(0, local @ h[l].T)  # the outer product
        delta = W[l].T @ local  # with the weights that the forward pass used
    return grads


def update(W: list[Array], x: Array, target: Array, learning_rate: float) -> None:
    """W_l ← W_l − η ∂C/∂W_l. (The text's component-wise form prints + for −.)"""
    for W_l, g in zip(W, gradients(W, x, target), strict=True):
        np.subtract(W_l, learning_rate * g, out=W_l)
