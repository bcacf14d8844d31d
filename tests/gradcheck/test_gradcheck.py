"""The gradient check passes on the code as it is, covers all of it, and fails on every planted mistake."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.gradcheck import numerical
from bacterio_cli.gradcheck.bugs import BUGS, Bug
from bacterio_cli.gradcheck.cases import all_cases, trained_case
from bacterio_cli.gradcheck.numerical import METHODS, Case, central_difference, check, complex_step
from bacterio_cli.nn.layers import Array, Params
from bacterio_cli.training import trainer as training
from bacterio_cli.training.config import TrainingConfig

GENERA = ("Bacillus", "Vibrio", "Thermus", "Escherichia", "Nocardia", "Yersinia", "Kocuria", "Zoogloea", "Proteus")
TINY = TrainingConfig(hidden=5, layers=2, embedding=3, window=3, batch_size=4, epochs=3, weight_decay=0.0, dropout=0.0)


def square(gradient: Callable[[Array], Array]) -> Case:
    """L = Σ v² at a random point, with a gradient of the caller's choice."""
    v = np.random.default_rng(1).standard_normal((3, 4))
    return Case("square", "", {"v": v}, lambda p: (p["v"] ** 2).sum(), lambda p: {"v": gradient(p["v"])}, {"v": ""})


LAYER, OUTPUT = ("W_ax", "W_aa", "b_a"), ("W_ya", "b_y")
STATE = {"rnn": ("a_0",), "gru": ("a_0",), "lstm": ("a_0", "c_0")}
HOW = ("dropout, soft targets", "from no state")
COVERED: dict[str, set[str]] = {
    "linear": {"x", "W", "b"}, "linear of an embedding": {"E", "W", "b"}, "dropout": {"x"},
    **{case: {"z"} for case in ("tanh", "sigmoid", "relu", "softmax Jacobian", "cross-entropy")},
    **{f"cell rnn, {f}": {*LAYER, "x", "a_0"} for f in ("tanh", "sigmoid", "relu")},
    **{f"cell {arch}": {*LAYER, "x", *STATE[arch]} for arch in ("gru", "lstm")},
    **{f"rnn, {f}, one-hot": {"0.W_ax", "0.W_aa", "0.b_a", "0.a_0", *OUTPUT} for f in ("tanh", "sigmoid", "relu")},
    **{f"mlp, {f}, one-hot": {"0.W", "0.b", *OUTPUT} for f in ("tanh", "sigmoid", "relu")},
    "T2's loop": {"u", "v", "w", "b_h", "b_y"}, "T4's net": {"W_1", "W_2"},
    **{f"mlp, 2 layers, {how}": {"E", "0.W", "0.b", "1.W", "1.b", *OUTPUT} for how in HOW},
}  # fmt: skip
for arch, states in STATE.items():
    both = {f"{k}.{p}" for k in (0, 1) for p in LAYER}
    COVERED[f"{arch}, 2 layers, from no state"] = {"E", *both, *OUTPUT}
    COVERED[f"{arch}, 2 layers, dropout, soft targets"] = {
        "E", *both, *OUTPUT, *(f"{k}.{s}" for k in (0, 1) for s in states)
    }  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_check_covers_everything_and_passes(method: str) -> None:
    """These cases with a row for each parameter, state and input, none skipped, each with the equation that it proves:
    by complex step to ten digits, by central differences to five."""
    numerical.numeric_derivatives.cache_clear()  # mutmut plants faults in a process that has computed them
    rows = [row for case in all_cases() for row in check(case, method=method)]
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row.case, set()).add(row.parameter)
    assert found == COVERED
    assert max(row.max_relative_error for row in rows) < {"complex": 1e-10, "central": 1e-5}[method]
    assert [row for row in rows if not row.passed or row.skipped or not row.equation] == []


OWNERS = {"RNN": {"rnn"}, "GRU": {"gru"}, "LSTM": {"lstm"}, "WindowMLP": {"mlp"}}


@pytest.mark.parametrize("bug", BUGS.values(), ids=BUGS)
def test_planted_mistake_is_caught_where_it_is(bug: Bug) -> None:
    """With the mistake in it, cases fail, only those of its architecture if it is in one; without it, they pass.

    No mistake is in a loss, so that its numeric derivatives need not be computed anew.
    """
    losses = [case.loss(case.values) for case in all_cases()]
    with bug.planted():
        caught = [case for case in all_cases() if not all(row.passed for row in check(case))]
        assert [case.loss(case.values) for case in all_cases()] == losses
    assert caught
    archs = {case.arch for case in caught}
    assert archs == OWNERS.get(bug.function.__qualname__.split(".")[0], archs)
    assert all(row.passed for row in check(caught[0]))


def test_mistake_is_lifted_after_an_error() -> None:
    """The function is its own again after the block, even when the block raises."""
    bug = BUGS["missing-transpose"]
    healthy = bug.function.__code__
    with pytest.raises(TypeError), bug.planted():
        bug.function()
    assert bug.function.__code__ is healthy


@pytest.mark.parametrize("sampled", [False, True], ids=["all", "sampled"])
@pytest.mark.parametrize(
    ("gradient", "passes"),
    [
        (lambda v: 2 * v, True),
        (lambda v: 2.0000001 * v, False),
        (lambda v: -2 * v, False),
        (lambda v: 0 * v, False),
        (lambda v: np.where(v == v.max(), 2 * v + 1e-6, 2 * v), False),
        (lambda v: np.where(v == v.max(), np.nan, 2 * v), False),
        (lambda v: np.full_like(v, np.nan), False),
        (lambda v: np.full_like(v, 1e300), False),
    ],
    ids=["right", "eighth digit", "sign", "zero", "one entry", "one NaN", "all NaN", "huge"],
)
def test_a_wrong_gradient_fails(sampled: bool, gradient: Callable[[Array], Array], passes: bool) -> None:
    """A gradient wrong in any entry by more than the tolerance fails, NaN included; where the loss does not depend on
    a value, a gradient of zero proves nothing, and its row is skipped."""
    case = replace(square(gradient), sampled=sampled)
    assert [row.passed for row in check(case)] == [passes]
    blind = replace(
        case, values=case.values | {"w": np.ones(3)}, equations={"v": "", "w": ""},
        gradient=lambda p: {**case.gradient(p), "w": 0 * p["w"]},
    )  # fmt: skip
    assert [bool(row.skipped) for row in check(blind)] == [False, True]


def test_sampled_check_takes_entries_and_directions() -> None:
    """The sampled check differentiates 64 entries, each once, and 16 directions that move every entry."""
    v, moved = np.random.default_rng(3).standard_normal((9, 11)), []

    def loss(p: Params) -> Any:
        moved.append((p["v"].imag / 1e-30).round(12))
        return (p["v"] ** 2).sum()

    list(check(Case("square", "", {"v": v}, loss, lambda p: {"v": 2 * p["v"]}, {"v": ""}, sampled=True)))
    entries = [d for d in moved if np.count_nonzero(d) == 1]
    assert len({int(d.argmax()) for d in entries if d.max() == 1}) == len(entries) == 64
    assert [np.count_nonzero(d) for d in moved if np.count_nonzero(d) > 1] == [99] * 16
    assert np.linalg.matrix_rank([d.ravel() for d in moved if np.count_nonzero(d) > 1]) == 16


@pytest.mark.parametrize(("derivative", "digits"), [(complex_step, 1e-15), (central_difference, 1e-9)])
def test_numeric_derivative(derivative: Callable[..., float], digits: float) -> None:
    """Both methods differentiate e^v sin v along a direction; complex step to machine precision."""
    v, d = 0.7, -1.3
    exact = d * np.exp(v) * (np.sin(v) + np.cos(v))
    found = derivative(lambda p: np.exp(p["v"][0]) * np.sin(p["v"][0]), {"v": np.array([v])}, "v", np.array([d]))
    assert found == pytest.approx(exact, rel=digits)


@pytest.mark.parametrize("arch", ["rnn", "gru", "lstm", "mlp"])
def test_trained_model_passes_and_its_mistake_is_caught(arch: str) -> None:
    """A model that training left behind passes the sampled check, and fails it with a mistake planted."""
    state = training.begin(Corpus(GENERA), replace(TINY, arch=arch))
    assert list(training.train(state))
    case = trained_case(training.snapshot(state))
    rows = list(check(case))
    assert {row.parameter for row in rows} >= {"E", "W_ya", "b_y"}
    assert all(row.passed for row in rows)
    planted = {"rnn": "no-carry", "gru": "missing-gate-factor", "lstm": "lstm-no-forget-carry", "mlp": "slope-twice"}
    with BUGS[planted[arch]].planted():
        assert not all(row.passed for row in check(case))
