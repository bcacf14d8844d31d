"""Optimisers by their formulas, clipping, and schedules."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from math import cos, pi, sqrt
from typing import Any

import numpy as np
import pytest

from bacterio_cli.nn import optim
from bacterio_cli.nn.layers import Params
from bacterio_cli.nn.optim import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Optimiser,
    RMSprop,
    clip_by_element,
    clip_by_norm,
    global_norm,
    learning_rate,
)

LR, START = 0.1, 0.7
GRADIENTS = (0.5, -0.3, 0.8)


def sgd() -> Iterator[float]:
    """θ ← θ − η g."""
    theta = START
    for g in GRADIENTS:
        theta -= LR * g
        yield theta


def adagrad(epsilon: float = 0.01) -> Iterator[float]:
    """m ← m + g², θ ← θ − η g / √(m + ε)."""
    theta, m = START, 0.0
    for g in GRADIENTS:
        m += g**2
        theta -= LR * g / sqrt(m + epsilon)
        yield theta


def rmsprop(rho: float = 0.9, epsilon: float = 0.01) -> Iterator[float]:
    """m ← ρ m + (1 − ρ) g², θ ← θ − η g / (√m + ε)."""
    theta, m = START, 0.0
    for g in GRADIENTS:
        m = rho * m + (1 - rho) * g**2
        theta -= LR * g / (sqrt(m) + epsilon)
        yield theta


def adam(beta1: float = 0.8, beta2: float = 0.9, epsilon: float = 0.01, weight_decay: float = 0.0) -> Iterator[float]:
    """First the decay; then the step by the two moments, each corrected for its start at zero."""
    theta, m, v = START, 0.0, 0.0
    for k, g in enumerate(GRADIENTS, 1):
        theta -= LR * weight_decay * theta
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        theta -= LR * (m / (1 - beta1**k)) / (sqrt(v / (1 - beta2**k)) + epsilon)
        yield theta


# ε is large, so that a step shows where it stands.
@pytest.mark.parametrize(
    ("optimiser", "by_hand"),
    [
        (SGD(), list(sgd())),
        (Adagrad(epsilon=0.01), list(adagrad())),
        (RMSprop(rho=0.9, epsilon=0.01), list(rmsprop())),
        (Adam(beta1=0.8, beta2=0.9, epsilon=0.01), list(adam())),
        (AdamW(beta1=0.8, beta2=0.9, epsilon=0.01, weight_decay=0.2), list(adam(weight_decay=0.2))),
    ],
    ids=["sgd", "adagrad", "rmsprop", "adam", "adamw"],
)
def test_three_steps_by_the_formula(optimiser: Optimiser, by_hand: list[float]) -> None:
    """Three steps of each optimiser land where its formula, written out for one number, lands."""
    params = {"W": np.array([[START]])}
    state = optimiser.init(params)
    for g, expected in zip(GRADIENTS, by_hand, strict=True):
        optimiser.update(params, {"W": np.array([[g]])}, state, learning_rate=LR)
        assert params["W"].item() == pytest.approx(expected, abs=1e-14)


def test_constants_are_those_of_the_papers() -> None:
    """Kingma and Ba's β₁ = 0.9, β₂ = 0.999, ε = 1e-8; Loshchilov and Hutter's decay; Hinton's mean of the last 100."""
    assert Adam() == Adam(beta1=0.9, beta2=0.999, epsilon=1e-8)
    assert AdamW() == AdamW(beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.01)
    assert RMSprop() == RMSprop(rho=0.99, epsilon=1e-8)
    assert Adagrad() == Adagrad(epsilon=1e-8)


@pytest.mark.parametrize("optimiser", [SGD(), Adagrad(), RMSprop(), Adam(), AdamW()], ids=lambda o: type(o).__name__)
def test_update_works_in_place(optimiser: Optimiser) -> None:
    """An update writes into the arrays of params, keeps float32, and leaves the gradients as they were."""
    rng = np.random.default_rng(1)
    params = {"W": rng.standard_normal((3, 4)).astype(np.float32), "b": rng.standard_normal(3).astype(np.float32)}
    grads = {name: rng.standard_normal(p.shape).astype(np.float32) for name, p in params.items()}
    arrays = dict(params)
    before, given = ({name: a.copy() for name, a in group.items()} for group in (params, grads))
    optimiser.update(params, grads, optimiser.init(params), learning_rate=LR)
    for name, p in params.items():
        assert p is arrays[name]
        assert p.dtype == np.float32
        assert (p != before[name]).all()
        np.testing.assert_array_equal(grads[name], given[name])


@pytest.mark.parametrize(
    ("name", "decays"),
    [
        *[(name, True) for name in ("0.W_ax", "0.W_aa", "1.W_ax", "W_ya", "0.W")],
        *[(name, False) for name in ("E", "0.b_a", "1.b_a", "b_y", "0.b")],
    ],
)
def test_adamw_decays_only_matrices_that_multiply(name: str, decays: bool) -> None:
    """With a zero gradient, a matrix W… shrinks by η λ, and biases and embeddings stay."""
    params = {name: np.array([[0.5, -2.0]])}
    optimiser = AdamW(weight_decay=0.2)
    optimiser.update(params, {name: np.zeros((1, 2))}, optimiser.init(params), learning_rate=0.1)
    np.testing.assert_allclose(params[name], np.array([[0.5, -2.0]]) * (0.98 if decays else 1), rtol=0, atol=1e-15)


def three_steps(optimiser: Adam, *, backwards: bool = False) -> tuple[Params, Params]:
    """Parameters and moments after three steps in float32 on 31 numbers; `backwards`: gradients in another order."""
    rng = np.random.default_rng(5)
    shapes = {"E": (3, 4), "0.b": (5,), "W_ya": (2, 7)}
    params = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    state = optimiser.init(params)
    for _ in range(3):
        grads = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
        if backwards:
            grads = dict(reversed(grads.items()))
        optimiser.update(params, grads, state, learning_rate=LR)
    return params, state


def same_bits(ours: tuple[Params, Params], theirs: tuple[Params, Params]) -> bool:
    """Whether all arrays of both are equal."""
    return all(
        a.keys() == b.keys() and all(np.array_equal(a[n], b[n]) for n in a) for a, b in zip(ours, theirs, strict=True)
    )


@pytest.mark.parametrize("block", [1, 7, 30, 31, 32])
@pytest.mark.parametrize("optimiser", [Adam(), AdamW(weight_decay=0.2)], ids=lambda o: type(o).__name__)
@pytest.mark.parametrize("threads", [1, 2])
def test_blocks_change_no_bit(optimiser: Adam, block: int, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many numbers an update works on at once, in one thread or two, all comes out the same."""
    whole = three_steps(optimiser)
    if threads == 2:
        monkeypatch.setattr(optim, "THREADS_FROM", 1)
    monkeypatch.setattr(optim, "BLOCK", block)
    monkeypatch.setattr(optim, "LONG_BLOCK", block)
    assert same_bits(three_steps(optimiser), whole)


def test_large_nets_update_in_two_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """From `THREADS_FROM` numbers on, and not below."""
    threads: set[int] = set()
    move = Adam.move

    def watched(*arguments: Any) -> None:
        threads.add(threading.get_ident())
        move(*arguments)

    monkeypatch.setattr(Adam, "move", watched)
    monkeypatch.setattr(optim, "LONG_BLOCK", 8)
    monkeypatch.setattr(optim, "THREADS_FROM", 32)  # there are 31
    three_steps(Adam())
    assert threads == {threading.get_ident()}
    monkeypatch.setattr(optim, "THREADS_FROM", 31)
    three_steps(Adam())
    assert len(threads) == 2


@pytest.mark.parametrize("optimiser", [Adam(), AdamW()], ids=lambda o: type(o).__name__)
def test_parameters_that_are_no_one_block_are_refused(optimiser: Adam) -> None:
    """A block of a parameter must be a view: of one laid out by columns it would be a copy, and the step lost."""
    params = {"E": np.ones((2, 3)), "0.W_ax": np.ones((2, 3)).T, "0.b_a": np.ones(2)}
    with pytest.raises(ValueError, match=r"C order, which 0\.W_ax are not"):
        optimiser.init(params)


@pytest.mark.parametrize("optimiser", [Adam(), AdamW(weight_decay=0.2)], ids=lambda o: type(o).__name__)
def test_the_order_of_the_gradients_does_not_matter(optimiser: Adam) -> None:
    """Each parameter gets its own gradient by name, whichever order the backward pass left them in."""
    assert same_bits(three_steps(optimiser, backwards=True), three_steps(optimiser))


def test_one_vector_is_each_parameter_by_itself() -> None:
    """The update of several parameters is, bit for bit, that of each of them alone."""
    params, state = three_steps(Adam())
    rng, moments = np.random.default_rng(5), {}
    shapes = {name: p.shape for name, p in params.items()}
    alone = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    for _ in range(3):
        for name, shape in shapes.items():
            own = moments.setdefault(name, Adam().init({name: alone[name]}))
            g = {name: rng.standard_normal(shape).astype(np.float32)}
            Adam().update({name: alone[name]}, g, own, learning_rate=LR)
    for name, p in params.items():
        np.testing.assert_array_equal(p, alone[name])
    for m in ("m", "v"):
        np.testing.assert_array_equal(state[m], np.concatenate([moments[name][m] for name in params]))


def test_global_norm_is_of_all_parameters_together() -> None:
    """The norm is the root of the squares of all arrays, as if they were one vector."""
    assert global_norm({"W": np.array([[1.0, -2], [2, 4]]), "b": np.array([0.0, 12, -5]), "c": np.array(-1.0)}) == (
        pytest.approx(sqrt(1 + 4 + 4 + 16 + 144 + 25 + 1), abs=1e-14)
    )


def test_clip_by_element_cuts_each_element() -> None:
    """Each element is cut to ±limit by itself, and elements within stay as they are."""
    grads = {"W": np.array([[-7.0, 5.0], [4.5, 0.0]]), "b": np.array([6.0, -0.25])}
    clip_by_element(grads, 5)
    assert grads["W"].tolist() == [[-5, 5], [4.5, 0]]
    assert grads["b"].tolist() == [5, -0.25]


def test_clip_by_norm_keeps_the_direction() -> None:
    """Above the limit, all arrays are scaled by one factor so that the common norm is the limit."""
    grads = {"W": np.array([[3.0, -4.0]]), "b": np.array([12.0])}
    clip_by_norm(grads, 2, global_norm(grads))
    assert global_norm(grads) == pytest.approx(2, abs=1e-14)
    np.testing.assert_allclose(grads["W"], [[6 / 13, -8 / 13]], atol=1e-14)
    np.testing.assert_allclose(grads["b"], [24 / 13], atol=1e-14)


def test_clip_by_norm_leaves_a_smaller_gradient() -> None:
    """At or below the limit, nothing changes, not even the last bit."""
    for limit in (13, 14):
        grads = {"W": np.array([[3.0, -4.0]]), "b": np.array([12.0])}
        clip_by_norm(grads, limit, 13.0)
        assert grads["W"].tolist() == [[3, -4]]
        assert grads["b"].tolist() == [12]


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
def test_warm_up_rises_linearly_to_the_peak(schedule: str) -> None:
    """Over the warm-up the rate rises in equal parts, and its last step is at the peak."""
    rates = [learning_rate(k, peak=0.4, schedule=schedule, warmup=5, total=25) for k in range(6)]
    assert rates[:5] == pytest.approx([0.08, 0.16, 0.24, 0.32, 0.4], abs=1e-15)
    assert rates[5] == 0.4
    assert learning_rate(5, peak=0.4, schedule=schedule, warmup=5, total=5) == 0.4  # all of it is the rise


@pytest.mark.parametrize(
    ("schedule", "formula"),
    [
        ("constant", lambda tau: 1.0),  # noqa: ARG005
        ("linear", lambda tau: 1 - tau),
        ("cosine", lambda tau: (1 + cos(pi * tau)) / 2),
    ],
)
def test_schedule_follows_its_formula(schedule: str, formula: Callable[[float], float]) -> None:
    """After the warm-up, the rate is the peak times the schedule at the share of the way done."""
    rates = [learning_rate(k, peak=0.4, schedule=schedule, warmup=5, total=25) for k in range(5, 25)]
    assert rates == pytest.approx([0.4 * formula(k / 20) for k in range(20)], abs=1e-15)


@pytest.mark.parametrize(("schedule", "last"), [("constant", 0.4), ("linear", 0.0), ("cosine", 0.0)])
def test_schedule_ends(schedule: str, last: float) -> None:
    """At the end of a long run linear and cosine have come down to nothing, and constant has not moved."""
    assert learning_rate(9999, peak=0.4, schedule=schedule, warmup=7, total=10000) == pytest.approx(last, abs=1e-4)
    assert learning_rate(30, peak=0.4, schedule=schedule, warmup=5, total=25) == pytest.approx(last)  # and stay there
