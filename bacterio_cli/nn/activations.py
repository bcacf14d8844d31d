"""The elementwise functions tanh, σ and relu, each beside its derivative in terms of the value a = f(z).

T1, T2 and T3 are source texts, see `bacterio_cli.nn`.
"""

from collections.abc import Callable

import numpy as np

from bacterio_cli.nn.layers import Array


def tanh_derivative(a: Array) -> Array:
    """tanh′ z = 1 − tanh² z = 1 − a².  (T1 a; T2 eq. 7)

    Of tanh z = (eᶻ − e⁻ᶻ) / (eᶻ + e⁻ᶻ), which T3 prints upside down; it prints 1 + tan² for this. The function takes
    the value a, not z: `1 - np.tanh(a) ** 2` is the classic slip, wrong by 2a⁴/3, which hides while a is small
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
