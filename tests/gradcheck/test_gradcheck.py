"""The gradient check passes on the code as it is, covers all of it, and fails on every planted mistake."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from bacterio_cli.checkpoint.checkpoint import Checkpoint
from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.gradcheck.bugs import BUGS, Bug, find
from bacterio_cli.gradcheck.model_cases import all_cases, trained_case
from bacterio_cli.gradcheck.numerical import Case, Row, central_difference, check, check_sampled, complex_step
from bacterio_cli.nn import activations
from bacterio_cli.nn.layers import Array, Params
from bacterio_cli.training import trainer as training
from bacterio_cli.training.config import TrainingConfig

GENERA = ("Bacillus", "Vibrio", "Thermus", "Escherichia", "Nocardia", "Yersinia", "Kocuria", "Zoogloea", "Proteus")
TINY = TrainingConfig(hidden=5, layers=2, embedding=3, window=3, batch_size=4, epochs=3, weight_decay=0.0, dropout=0.0)


def square(gradient: Callable[[Array], Array]) -> Case:
    """L = Σ v² at a random point, with a gradient of the caller's choice."""
    v = np.random.default_rng(1).standard_normal((3, 4))
    return Case("square", "", {"v": v}, lambda p: (p["v"] ** 2).sum(), lambda p: {"v": gradient(p["v"])})


@cache
def complex_rows() -> tuple[Row, ...]:
    """All rows of the whole check by complex step."""
    return tuple(row for case in all_cases() for row in check(case, tolerance=1e-10))


def trained(arch: str) -> Checkpoint:
    """A model trained in memory for a few steps."""
    state = training.begin(Corpus(GENERA), replace(TINY, arch=arch))
    assert list(training.train(state))
    return training.snapshot(state)


def test_every_row_passes_by_complex_step() -> None:
    """Every gradient agrees with the complex-step derivative to ten digits."""
    assert [(row.case, row.parameter, row.max_relative_error) for row in complex_rows() if not row.passed] == []
    assert max(row.max_relative_error for row in complex_rows()) < 1e-10


def test_every_row_passes_by_central_differences() -> None:
    """Every gradient agrees with central differences at their own tolerance."""
    rows = [row for case in all_cases() for row in check(case, method="central")]
    assert [(row.case, row.parameter, row.max_relative_error) for row in rows if not row.passed] == []
    assert len(rows) == len(complex_rows())


LAYER, OUTPUT = ("W_ax", "W_aa", "b_a"), ("W_ya", "b_y")
STATE = {"rnn": ("a_0",), "gru": ("a_0",), "lstm": ("a_0", "c_0")}
COVERED: dict[str, set[str]] = {
    "linear": {"x", "W", "b"}, "linear of an embedding": {"E", "W", "b"}, "linear of one-hot": {"W", "b"},
    "dropout": {"x"},
    **{case: {"z"} for case in ("tanh", "sigmoid", "relu", "softmax Jacobian")},
    **{f"cross-entropy, {targets}": {"z"} for targets in ("ids", "distributions")},
    **{f"cell rnn, {f}": {"0.W_ax", "0.W_aa", "0.b_a", "x", "a_0"} for f in ("tanh", "sigmoid", "relu")},
    **{f"cell {arch}": {"0.W_ax", "0.W_aa", "0.b_a", "x", *STATE[arch]} for arch in ("gru", "lstm")},
    **{f"rnn, {f}, one-hot": {"0.W_ax", "0.W_aa", "0.b_a", "0.a_0", *OUTPUT} for f in ("tanh", "sigmoid", "relu")},
    **{f"mlp, {f}, one-hot": {"0.W", "0.b", *OUTPUT} for f in ("tanh", "sigmoid", "relu")},
    "T2's loop": {"u", "v", "w", "b_h", "b_y"}, "T4's net": {"W_1", "W_2"},
    "mlp, 2 layers, dropout, soft targets": {"E", "0.W", "0.b", "1.W", "1.b", *OUTPUT},
}  # fmt: skip
for arch, states in STATE.items():
    bottom, both = ({f"{k}.{p}" for k in range(n) for p in LAYER} for n in (1, 2))
    COVERED[f"{arch}, stream chunk"] = {"E", *bottom, *OUTPUT, *(f"0.{s}" for s in states)}
    COVERED[f"{arch}, 2 layers, from no state"] = {"E", *both, *OUTPUT}
    COVERED[f"{arch}, 2 layers, dropout, soft targets"] = {
        "E", *both, *OUTPUT, *(f"{k}.{s}" for k in (0, 1) for s in states)
    }  # fmt: skip


def test_check_covers_everything() -> None:
    """The whole check has these cases, each with a row for each of its parameters, states and inputs."""
    found: dict[str, set[str]] = {}
    for row in complex_rows():
        found.setdefault(row.case, set()).add(row.parameter)
    assert found == COVERED
    assert not [row for row in complex_rows() if row.skipped]


@pytest.mark.parametrize("arch", ["rnn", "gru", "lstm", "mlp"])
def test_one_architecture_can_be_checked_alone(arch: str) -> None:
    """The cases of one architecture are all cases of that kind and no other."""
    chosen = [case.name for case in all_cases(arch)]
    assert chosen == [case.name for case in all_cases() if case.arch == arch]
    assert all(arch in name for name in chosen)
    assert chosen


def test_every_row_says_what_it_proves() -> None:
    """Each row carries the equation that it holds the code to."""
    assert [(row.case, row.parameter) for row in complex_rows() if not row.equation] == []


OWNERS = {"RNN": {"rnn"}, "GRU": {"gru"}, "LSTM": {"lstm"}, "WindowMLP": {"mlp"}}


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_planted_mistake_is_caught_where_it_is(bug: Bug) -> None:
    """With the mistake in it, cases fail, only those of its architecture if it is in one; without it, they pass."""
    with bug.planted():
        caught = [case for case in all_cases() if not all(row.passed for row in check(case))]
    assert caught
    assert {case.arch for case in caught} == OWNERS.get(
        bug.function.__qualname__.split(".")[0], {case.arch for case in caught}
    )
    assert all(row.passed for row in check(caught[0]))


def test_all_passes_after_all_mistakes() -> None:
    """When every mistake has been planted and lifted, the whole check passes as before."""
    for bug in BUGS:
        with bug.planted():
            assert bug.function.__code__.co_filename == f"<{bug.name}>"
    assert tuple(row for case in all_cases() for row in check(case)) == complex_rows()


def test_mistake_is_lifted_after_an_error() -> None:
    """The function is its own again after the block, even when the block raises."""
    bug = BUGS[0]
    healthy = bug.function.__code__
    with pytest.raises(TypeError), bug.planted():
        bug.function()
    assert bug.function.__code__ is healthy


def test_mistakes_have_names_of_their_own() -> None:
    """There are at least twelve mistakes, each with a kebab-case name and a summary that no other has."""
    names = [bug.name for bug in BUGS]
    assert len(names) >= 12
    assert len(set(names)) == len({bug.summary for bug in BUGS}) == len(names)
    assert all(re.fullmatch("[a-z]+(-[a-z]+)+", name) for name in names)


def test_find_by_name() -> None:
    """`find` gives the mistake of that name, and None for a name that there is not."""
    assert find("tanh-twice") in BUGS
    assert find("tanh-twice").function is activations.tanh_slope
    assert find("tanh-thrice") is None


def test_mistake_that_fits_nowhere_is_refused() -> None:
    """A mistake whose line is not in the function, or not just once, cannot be planted."""
    for right in ("return 2 - a * a", "a"):
        bug = Bug("moved-line", "", activations.tanh_slope, right, "return a")
        with pytest.raises(AssertionError, match="moved-line"), bug.planted():
            pass


@pytest.mark.parametrize("checker", [check, check_sampled])
def test_right_gradient_passes(checker: Callable[[Case], list[Row]]) -> None:
    """The control of the tests below: 2v is the gradient of v²."""
    assert [row.passed for row in checker(square(lambda v: 2 * v))] == [True]


@pytest.mark.parametrize("checker", [check, check_sampled])
@pytest.mark.parametrize(
    "gradient",
    [
        lambda v: 2.0000001 * v,
        lambda v: -2 * v,
        lambda v: 0 * v,
        lambda v: np.where(v == v.max(), 2 * v + 1e-6, 2 * v),
        lambda v: np.where(v == v.max(), np.nan, 2 * v),
        lambda v: np.full_like(v, np.nan),
        lambda v: np.full_like(v, 1e300),
    ],
    ids=["eighth digit", "sign", "zero", "one entry", "one NaN", "all NaN", "huge"],
)
def test_wrong_gradient_fails(checker: Callable[[Case], list[Row]], gradient: Callable[[Array], Array]) -> None:
    """A gradient wrong in any entry by more than the tolerance fails, NaN included."""
    assert [row.passed for row in checker(square(gradient))] == [False]


@pytest.mark.parametrize("checker", [check, check_sampled])
def test_gradient_zero_throughout_is_skipped(checker: Callable[[Case], list[Row]]) -> None:
    """Where the loss does not depend on a value, a gradient of zero agrees but proves nothing, and the row says so."""
    v, w = np.random.default_rng(2).standard_normal((2, 3))
    case = Case(
        "blind", "", {"v": v, "w": w}, lambda p: (p["v"] ** 2).sum(), lambda p: {"v": 2 * p["v"], "w": 0 * p["w"]}
    )
    assert {row.parameter: bool(row.skipped) for row in checker(case)} == {"v": False, "w": True}


def test_sampled_check_takes_entries_and_directions() -> None:
    """The sampled check differentiates 64 entries, each once, and 16 directions that move every entry."""
    v, moved = np.random.default_rng(3).standard_normal((9, 11)), []

    def loss(p: Params) -> Any:
        moved.append((p["v"].imag / 1e-30).round(12))
        return (p["v"] ** 2).sum()

    check_sampled(Case("square", "", {"v": v}, loss, lambda p: {"v": 2 * p["v"]}))
    entries = [d for d in moved if np.count_nonzero(d) == 1]
    assert len({int(d.argmax()) for d in entries if d.max() == 1}) == len(entries) == 64
    assert [np.count_nonzero(d) for d in moved if np.count_nonzero(d) > 1] == [99] * 16
    assert np.linalg.matrix_rank([d.ravel() for d in moved if np.count_nonzero(d) > 1]) == 16


def test_tolerance_decides() -> None:
    """An error of 1e-7 passes at 1e-6 and not at 1e-8."""
    case = square(lambda v: 2 * (1 + 1e-7) * v)
    assert check(case, tolerance=1e-6)[0].passed
    assert not check(case, tolerance=1e-8)[0].passed
    assert check(case)[0].max_relative_error == pytest.approx(1e-7, rel=1e-5)


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
    case = trained_case(trained(arch))
    rows = check_sampled(case)
    assert {row.parameter for row in rows} >= {"E", "W_ya", "b_y"}
    assert all(row.passed for row in rows)
    planted = {"rnn": "no-carry", "gru": "gru-no-skip-path", "lstm": "lstm-no-forget-carry", "mlp": "slope-twice"}
    with find(planted[arch]).planted():
        assert not all(row.passed for row in check_sampled(case))
