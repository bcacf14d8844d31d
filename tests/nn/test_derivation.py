"""The derivation page, bacterio_cli/nn/README.md: what it names exists, and its formulas give what the code gives."""

import importlib
import re
from functools import reduce
from pathlib import Path

import numpy as np
import pytest

from bacterio_cli.nn import plain
from bacterio_cli.nn.loss import cross_entropy_backward, log_softmax, softmax, softmax_jacobian
from bacterio_cli.nn.models import CharRNN, Gradients, loss_and_grads, shapes

FOLDER = Path(__file__).parents[2] / "bacterio_cli" / "nn"
PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")
PROSE = re.sub(r"```.*?```|`[^`\n]*`", "", PAGE, flags=re.DOTALL)
N_X, N_A, N_Y = 3, 4, 6


def example(cell: str, T: int) -> tuple[Gradients, dict[str, np.ndarray], np.ndarray, np.ndarray, list[np.ndarray]]:
    """What the code finds for one sequence; its parameters, x and targets by step, and the first state."""
    rng = np.random.default_rng(3)
    model = CharRNN(N_Y, N_X, N_A, 1, cell)
    params = {name: 0.7 * rng.standard_normal(shape) for name, shape in shapes(model).items()}
    state = [rng.standard_normal((1, N_A)) for _ in model.cells[0].state_names]
    ids, targets = np.array([0, 2, 5, 2, 1])[:T], rng.dirichlet(np.ones(N_Y), T)
    found = loss_and_grads(model, params, ids, np.ones(T, int), targets, state=tuple(state))
    return found, params, params["E"][ids], targets, [s[0] for s in state]


def from_above(p: dict[str, np.ndarray], a: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """dz_y = (ŷ − t)/N and da = dz_y W_ya for all steps."""
    dz_y = (softmax(a @ p["W_ya"].T + p["b_y"]) - targets) / len(a)
    return dz_y, dz_y @ p["W_ya"]


def test_formulas_survive_markdown() -> None:
    """Dollars and braces are paired, and no formula has what GitHub's Markdown takes for its own."""
    assert PROSE.count("$$") % 2 == 0
    inline = re.sub(r"\$\$.*?\$\$", "", PROSE, flags=re.DOTALL)
    assert all(line.count("$") % 2 == 0 for line in inline.splitlines())
    formulas = re.findall(r"\$\$(.*?)\$\$", PROSE, re.DOTALL) + re.findall(r"\$([^$\n]+)\$", inline)
    assert len(formulas) > 100
    for formula in formulas:
        assert formula.count("{") == formula.count("}"), formula
        assert not re.search(r"[^A-Za-z0-9]_|\\[^A-Za-z\s]|[*<>|]|\\operatorname", formula), formula


def test_every_file_and_function_of_the_table_exists() -> None:
    """Each link leads to a file, and each row's functions are in its module."""
    assert all((FOLDER / target).is_file() for target in re.findall(r"\]\(([^)#]+)\)", PAGE))
    rows = re.findall(r"\| ([\d, ]+) \| \[(\w+)\.py\]\(\2\.py\) \| (.*) \|$", PAGE, re.MULTILINE)
    assert {module for _, module, _ in rows} == {p.stem for p in FOLDER.glob("*.py")} - {"__init__"}
    sections = set(re.findall(r"^## (\d+) ", PAGE, re.MULTILINE))
    for numbers, module, functions in rows:
        assert set(numbers.split(", ")) <= sections
        for name in re.findall(r"`([\w.]+)`", functions):
            assert callable(reduce(getattr, name.split("."), importlib.import_module(f"bacterio_cli.nn.{module}")))


@pytest.mark.parametrize(("text", "last"), [("T1", 5), ("T2", 13)])
def test_every_numbered_equation_is_in_a_heading_and_in_the_table(text: str, last: int) -> None:
    """T1 eq. 1–5 and T2 eq. 1–13 are each in the title of a section and in the table of files."""
    for start in ("#", "|"):
        parts = [part for line in PAGE.splitlines() if line.startswith(start) for part in re.split(r"[;|(]", line)]
        numbers = {int(n) for p in parts if p.strip().startswith(text) for n in re.findall(r"eq\. (\d+)", p)}
        assert numbers == set(range(1, last + 1))


def test_sections_3_and_4() -> None:
    """Both cases of the Jacobian, and dz = (ŷ − t)/N for targets that are not one-hot, equal the code."""
    z, t = np.random.default_rng(1).standard_normal((2, N_Y)), np.random.default_rng(2).dirichlet(np.ones(N_Y), 2)
    y = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    J = np.array([[y[0, i] * (1 - y[0, i]) if i == j else -y[0, i] * y[0, j] for j in range(N_Y)] for i in range(N_Y)])
    np.testing.assert_allclose(softmax_jacobian(y[0]), J, rtol=1e-12)
    np.testing.assert_allclose([softmax(z[0] + 1e-30j * unit).imag / 1e-30 for unit in np.eye(N_Y)], J.T, rtol=1e-12)
    np.testing.assert_allclose(cross_entropy_backward(y, t), (y - t) / 2, rtol=1e-12)


def is_right(found: Gradients, by_hand: dict[str, np.ndarray]) -> set[bool]:
    """Whether gradients by name, and those of the first state as da and dc, agree with the code to twelve digits."""
    theirs = found.grads | {name: d[0] for name, d in zip(("da", "dc"), found.d_initial_state, strict=False)}
    return {np.allclose(theirs[name], value, rtol=1e-12, atol=1e-15) for name, value in by_hand.items()}


@pytest.mark.parametrize(("T", "returns", "right"), [(5, 1, True), (5, 0, False), (1, 0, True)])
def test_sections_5_to_8(T: int, returns: int, right: bool) -> None:
    """The loop backward and the sums over time give the gradients; eq. 9, 11, 13 alone, only those of a last step."""
    found, p, x, targets, (a_0,) = example("rnn", T)
    a, dz, dh_next = [a_0], np.zeros((T, N_A)), np.zeros(N_A)
    for t in range(T):
        a.append(np.tanh(x[t] @ p["0.W_ax"].T + a[t] @ p["0.W_aa"].T + p["0.b_a"]))
    dz_y, da = from_above(p, np.array(a[1:]), targets)
    for t in reversed(range(T)):
        dz[t] = (da[t] + returns * dh_next) * (1 - a[t + 1] ** 2)
        dh_next = dz[t] @ p["0.W_aa"]
    dW_ya, dW_ax, dW_aa = (sum(map(np.outer, d, v)) for d, v in ((dz_y, a[1:]), (dz, x), (dz, a[:-1])))
    assert is_right(found, {"W_ya": dW_ya, "b_y": dz_y.sum(axis=0)}) == {True}
    assert is_right(found, {"0.W_ax": dW_ax, "0.W_aa": dW_aa, "0.b_a": dz.sum(axis=0), "da": dh_next}) == {right}


def test_section_8_on_equation_13() -> None:
    """Eq. 13 is the derivative of one step's loss by the state before; for the whole loss that state's da is added."""
    _, p, x, targets, (a_1,) = example("rnn", 2)

    def after(a: np.ndarray) -> np.ndarray:
        return np.tanh(x[1] @ p["0.W_ax"].T + a @ p["0.W_aa"].T + p["0.b_a"])

    def losses(a: np.ndarray) -> np.ndarray:
        z_y = np.array([a, after(a)]) @ p["W_ya"].T + p["b_y"]
        return -(targets * log_softmax(z_y)).sum(axis=1) / 2

    da = from_above(p, np.array([a_1, after(a_1)]), targets)[1]
    eq_13 = da[1] * (1 - after(a_1) ** 2) @ p["0.W_aa"]
    d_losses = np.array([losses(a_1 + 1e-30j * unit).imag / 1e-30 for unit in np.eye(N_A)])
    np.testing.assert_allclose(d_losses[:, 1], eq_13, rtol=1e-12)
    np.testing.assert_allclose(d_losses.sum(axis=1), da[0] + eq_13, rtol=1e-12)


def test_section_10() -> None:
    """The cost, half the square of the distance, and the gradients of two layers, entry by entry and as outer products
    with e_1 and e_2, are those of the code."""
    rng = np.random.default_rng(4)
    W_1, W_2, x, t = (rng.standard_normal(shape) for shape in ((4, 3), (2, 4), (3, 1), (2, 1)))
    h_1 = 1 / (1 + np.exp(-W_1 @ x))
    y = 1 / (1 + np.exp(-W_2 @ h_1))
    e_2, slope = (y - t) * y * (1 - y), h_1 * (1 - h_1)
    dW_1 = [[sum(e_2[u, 0] * W_2[u, i] for u in range(2)) * slope[i, 0] * x[j, 0] for j in range(3)] for i in range(4)]
    cost, found = plain.cost_and_grads([W_1, W_2], x, t)
    assert cost == pytest.approx(np.linalg.norm(y - t) ** 2 / 2)
    np.testing.assert_allclose(found[0], dW_1, rtol=1e-12)
    np.testing.assert_allclose(found[0], ((W_2.T @ e_2) * slope) @ x.T, rtol=1e-12)
    np.testing.assert_allclose(found[1], e_2 @ h_1.T, rtol=1e-12)


def test_section_11_lstm() -> None:
    """The LSTM's equations (1) to (4) give the gradients by every gate, by the first a (dh_next) and c (dc_next)."""
    found, p, x, targets, (a_0, c_0) = example("lstm", 5)
    a, c, gates, dz, dh_next, dc_next = [a_0], [c_0], [], np.zeros((5, 4 * N_A)), np.zeros(N_A), np.zeros(N_A)
    for t in range(5):
        z = np.split(x[t] @ p["0.W_ax"].T + a[t] @ p["0.W_aa"].T + p["0.b_a"], 4)
        i, f, o, c_tilde = (*(1 / (1 + np.exp(-z_k)) for z_k in z[:3]), np.tanh(z[3]))
        gates.append((i, f, o, c_tilde))
        c.append(f * c[t] + i * c_tilde)
        a.append(o * np.tanh(c[t + 1]))
    da = from_above(p, np.array(a[1:]), targets)[1]
    for t in reversed(range(5)):
        (i, f, o, c_tilde), tanh_c, da_t = gates[t], np.tanh(c[t + 1]), da[t] + dh_next
        dc = dc_next + da_t * o * (1 - tanh_c**2)
        gated = (dc * c_tilde * i * (1 - i), dc * c[t] * f * (1 - f), da_t * tanh_c * o * (1 - o))
        dz[t] = np.concatenate([*gated, dc * i * (1 - c_tilde**2)])
        dh_next, dc_next = dz[t] @ p["0.W_aa"], dc * f
    by_hand = {"0.W_ax": dz.T @ x, "0.W_aa": dz.T @ np.array(a[:-1]), "0.b_a": dz.sum(axis=0)}
    assert is_right(found, {**by_hand, "da": dh_next, "dc": dc_next}) == {True}
