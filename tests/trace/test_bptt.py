"""`bacterio trace`: the steps held to the engine's own gradients, and the command as a process."""

from __future__ import annotations

import inspect
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from support.builders import RECURRENT, random_params
from support.processes import bacterio, begin, finish, on_terminal, only_error, small_model, strict_json

from bacterio_cli.cli.tables import short
from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.errors import BacterioError
from bacterio_cli.nn import gated
from bacterio_cli.nn.layers import Array, Params
from bacterio_cli.nn.loss import cross_entropy, softmax
from bacterio_cli.nn.models import CharRNN, loss_and_grads
from bacterio_cli.trace.bptt import Trace, trace
from bacterio_cli.trace.equations import ABOVE, BACK, EMBEDDED, FORTH, ONE_HOT, RETURN, SLOPES, equations_of
from bacterio_cli.training.trainer import snapshot

NAME, LETTERS = "Becacdb", Vocabulary("abcde", True)  # T = 8, and no chunk of 3 letters divides it
IDS = LETTERS.encode([NAME])
CELLS = {f"{cell}, {layers}": CharRNN(6, 3, 5, layers, cell) for cell in ("rnn", "gru", "lstm") for layers in (1, 2)}
models = pytest.mark.parametrize("model", {**RECURRENT, **CELLS}.values(), ids={**RECURRENT, **CELLS})


def traced(model: CharRNN, truncate: int | None = None) -> tuple[Params, Trace]:
    """Random parameters, and the trace of NAME with them."""
    params = random_params(model, np.random.default_rng(5))
    return params, trace(model, params, LETTERS, NAME, truncate=truncate)


def ones(n: int) -> Array:
    """The batch sizes of one name of n steps."""
    return np.ones(n, np.intp)


def assert_same(found: Params, wanted: Params) -> None:
    """The same parameters and, to the accuracy of float64, the same numbers."""
    assert set(found) == set(wanted)
    for name in wanted:
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-12, atol=1e-14, err_msg=name)


@models
def test_the_steps_add_up_to_the_gradient_of_the_name(model: CharRNN) -> None:
    """Loss and gradients summed over the steps are those of `loss_and_grads` on the whole name."""
    params, found = traced(model)
    whole = loss_and_grads(model, params, IDS[:-1], ones(8), IDS[1:])
    assert found.nats_per_char == pytest.approx(whole.loss, rel=1e-12)
    assert_same(found.back.grads, whole.grads)
    assert found.cut is None


@models
@pytest.mark.parametrize("K", [1, 3, 8])
def test_a_cut_is_that_of_training_in_chunks(model: CharRNN, K: int) -> None:
    """The truncated gradient is that of the chunks one by one, the state carried over and nothing coming back."""
    params, found = traced(model, K)
    state, total = None, {name: np.zeros_like(value) for name, value in params.items()}
    for begin_at in range(0, 8, K):
        x, y = IDS[:-1][begin_at : begin_at + K], IDS[1:][begin_at : begin_at + K]
        chunk = loss_and_grads(model, params, x, ones(len(x)), y, state=state, share=len(x) / 8)
        state = chunk.state
        for name, g in chunk.grads.items():
            total[name] += g
    assert found.cut is not None
    assert_same(found.cut.grads, total)


@models
def test_carry_is_the_gradient_of_the_state_that_the_rest_starts_from(model: CharRNN) -> None:
    """What comes back from step t+1 is dstate of the steps after t by themselves; nothing at the last."""
    params, found = traced(model)
    for t in range(1, 8):
        _, state, _ = model.forward(params, IDS[:t], ones(t), model.start(1, np.float64))
        rest = loss_and_grads(model, params, IDS[t:-1], ones(8 - t), IDS[t + 1 :], state=state, share=(8 - t) / 8)
        carry = [v for layer in found.back.layers[t - 1] for v in layer.carry]
        np.testing.assert_allclose(carry, [d[0] for d in rest.dstate], rtol=1e-12, atol=1e-14)
    assert not any(v.any() for layer in found.back.layers[7] for v in layer.carry)


@models
def test_the_last_loss_alone_is_followed_back(model: CharRNN) -> None:
    """∂L_T/∂(state after step t) is the complex-step derivative of the last letter's loss; at T, da = W_yaᵀ(ŷ − y)."""
    params, found = traced(model)
    exact = {name: value.astype(complex) for name, value in params.items()}
    for t in range(1, 8):
        _, state, _ = model.forward(params, IDS[:t], ones(t), model.start(1, np.float64))
        carry = [v for layer in found.last.layers[t - 1] for v in layer.carry]
        for k, came in enumerate(carry):
            moved = [s.astype(complex) for s in state]
            moved[k][0, 2] += 1e-30j
            z, _, _ = model.forward(exact, IDS[t:-1], ones(8 - t), tuple(moved))
            assert came[2] == pytest.approx(cross_entropy(z[-1:], IDS[-1:])[0].imag / 1e-30, rel=1e-10, abs=1e-18)
    top = found.last.layers[7][-1]
    np.testing.assert_allclose(top.dstate[0], (found.steps[7].y_hat - np.eye(6)[0]) @ params["W_ya"], rtol=1e-12)


@models
def test_the_way_forward_is_that_of_the_whole_name(model: CharRNN) -> None:
    """x_t, the values that the cells keep, ŷ and the loss at every step are those of one pass over the name."""
    params, found = traced(model)
    z, _, caches = model.forward(params, IDS[:-1], ones(8), model.start(1, np.float64))
    np.testing.assert_allclose([step.y_hat for step in found.steps], softmax(z), rtol=1e-12)
    assert [(step.t, step.x, step.y) for step in found.steps] == list(zip(range(1, 9), IDS[:-1], IDS[1:], strict=True))
    assert [step.nats for step in found.steps] == pytest.approx([-np.log(softmax(z)[t, IDS[t + 1]]) for t in range(8)])
    np.testing.assert_array_equal([step.x_t for step in found.steps], params.get("E", np.eye(6))[IDS[:-1]])
    for k, cell in enumerate(model.cells):
        cache, kept = caches[k + 1], [step.kept[k] for step in found.steps]
        wanted = {"a": cache.history[1:]}
        if model.cell != "rnn":
            wanted |= dict(zip({"gru": ("u", "r"), "lstm": ("i", "f", "o")}[model.cell], cache.gates, strict=False))
            wanted["c_tilde"] = cache.gates[-1]
        if model.cell == "gru":
            wanted["h"] = cache.recurrent
        if model.cell == "lstm":
            wanted |= {"c": cache.memory[1:], "tanh_c": cache.tanh_c}
        assert set(kept[0]) == set(wanted)
        for symbol, values in wanted.items():
            np.testing.assert_allclose([own[symbol] for own in kept], values, rtol=1e-12, err_msg=f"{cell} {symbol}")


@models
def test_dz_of_the_gates_makes_the_gradients(model: CharRNN) -> None:
    """db_a is the sum of the steps' dz, and dW_ax of the first layer that of their products with x_t."""
    _, found = traced(model)
    rows = [np.concatenate(step[0].dz) for step in found.back.layers]
    np.testing.assert_allclose(np.sum(rows, axis=0), found.back.grads["0.b_a"], rtol=1e-12, atol=1e-14)
    products = [np.outer(dz, step.x_t) for dz, step in zip(rows, found.steps, strict=True)]
    np.testing.assert_allclose(np.sum(products, axis=0), found.back.grads["0.W_ax"], rtol=1e-12, atol=1e-14)


def test_norms_are_those_of_the_vectors() -> None:
    """Each norm is that of the vector of its name, dz over all gates; last_a and last_c of ∂L_T, with what is above."""
    _, found = traced(CELLS["lstm, 2"], 3)
    for t in range(1, 9):
        vectors, norms = found.vectors(t), found.norms(t)
        for symbol in ("dz_y", "0.a", "1.a", "0.da", "1.da", "0.carry", "1.carry", "0.carry_c", "1.carry_c"):
            assert norms[symbol] == pytest.approx(np.sqrt((vectors[symbol] ** 2).sum()), abs=1e-15)
        for k in (0, 1):
            gates = np.concatenate([vectors[f"{k}.dz_{gate}"] for gate in "ifoc"])
            assert norms[f"{k}.dz"] == pytest.approx(np.sqrt((gates**2).sum()))
            last = found.last.layers[t - 1][k]
            assert norms[f"{k}.last_a"] == pytest.approx(np.sqrt(((last.da + last.carry[0]) ** 2).sum()))
            assert norms[f"{k}.last_c"] == pytest.approx(np.sqrt((last.carry[1] ** 2).sum()))
            assert found.cut is not None
            cut = found.cut.layers[t - 1][k].dz.ravel()
            assert norms[f"{k}.dz_truncated"] == pytest.approx(np.sqrt((cut**2).sum()))
            missing = np.sqrt(((gates - cut) ** 2).sum())
            assert norms[f"{k}.lost"] == pytest.approx(missing / norms[f"{k}.dz"], abs=1e-15)


def test_what_is_forgotten_of_each_gradient() -> None:
    """Norms, lost share and cosine of each parameter and of all; what lies above the cells loses nothing."""
    params, found = traced(CELLS["gru, 2"], 3)
    shares = {share.name: share for share in found.gradients()}
    assert list(shares) == [*params, "all"]
    assert found.cut is not None
    for name in params:
        whole, cut = found.back.grads[name].ravel(), found.cut.grads[name].ravel()
        n, m = np.sqrt(whole @ whole), np.sqrt(cut @ cut)
        wanted = (n, m, np.sqrt(((whole - cut) ** 2).sum()) / n, whole @ cut / (n * m))
        share = shares[name]
        assert (share.norm, share.truncated, share.lost, share.cosine) == pytest.approx(wanted)
    assert shares["W_ya"].lost == 0 < 0.01 < shares["0.W_aa"].lost
    assert shares["all"].norm == pytest.approx(np.sqrt(sum((g**2).sum() for g in found.back.grads.values())))


def test_a_gradient_of_zero_has_no_cosine() -> None:
    """Where nothing comes down from the logits, nothing is lost and there is no direction to compare."""
    model = CELLS["rnn, 1"]
    params = random_params(model, np.random.default_rng(5)) | {"W_ya": np.zeros((6, 5))}
    shares = {share.name: share for share in trace(model, params, LETTERS, NAME, truncate=3).gradients()}
    assert (shares["0.W_aa"].norm, shares["0.W_aa"].lost, shares["0.W_aa"].cosine) == (0, 0, None)


def test_float32_weights_are_traced_in_float64() -> None:
    """The weights of a checkpoint are taken as they are, and everything after them has float64."""
    model, params = CELLS["lstm, 1"], small_params(CELLS["lstm, 1"])
    found = trace(model, params, LETTERS, NAME)
    exact = {name: value.astype(np.float64) for name, value in params.items()}
    assert_same(found.back.grads, loss_and_grads(model, exact, IDS[:-1], ones(8), IDS[1:]).grads)
    assert {g.dtype for g in found.back.grads.values()} == {np.dtype(np.float64)}


def small_params(model: CharRNN) -> Params:
    """Random float32 parameters."""
    return {name: p.astype(np.float32) for name, p in random_params(model, np.random.default_rng(6)).items()}


def test_numbers_that_overflow_are_refused() -> None:
    """Weights so large that a number is not finite are an error of one line, not a NaN in the result."""
    model = RECURRENT["rnn, relu"]
    params = {name: np.abs(value) * 1e60 for name, value in random_params(model, np.random.default_rng(1)).items()}
    with pytest.raises(BacterioError, match="Becacdb: its numbers overflow"):
        trace(model, params, LETTERS, NAME)


def said(homes: Sequence[object]) -> str:
    """The docstrings of these objects, with single blanks."""
    return " ".join(" ".join((inspect.getdoc(home) or "").split()) for home in homes)


EQUATIONS = [
    EMBEDDED, ONE_HOT, *ABOVE, *BACK, *SLOPES.values(),
    *(e for part in (FORTH, RETURN) for equations in part.values() for e in equations),
]  # fmt: skip


@pytest.mark.parametrize("equation", EQUATIONS, ids=lambda e: e.text)
def test_equations_are_those_of_the_code(equation: object) -> None:
    """Each equation and each source that is shown stands in the docstring of the code that computes it."""
    text, sources = said(equation.homes), equation.source.split("; ")  # type: ignore[attr-defined]
    assert equation.text in text  # type: ignore[attr-defined]
    assert all(source in text for source in sources)


def test_shapes_are_those_of_the_numbers() -> None:
    """The shape beside an equation is that of the vector with that name."""
    for name in ("rnn, tanh, one-hot", "gru, one-hot", "lstm, 2 layers"):
        _, found = traced(RECURRENT[name])
        vectors = found.vectors(2)
        shapes = {equation.gives: shape for equation, shape in equations_of(RECURRENT[name])}
        symbols = {"x": "x_t", "ŷ": "y_hat", "dz_y": "dz_y", "a": "0.a", "da": "0.da", "carry": "0.carry"}
        for gives, symbol in symbols.items():
            assert shapes[gives] == str(len(vectors[symbol])), gives
        assert shapes.get("i, f, o", "3×5") == "3×5"


def test_every_cell_has_its_equations() -> None:
    """Whoever adds a cell is told here that `trace` has nothing to say of it."""
    assert set(FORTH) == set(RETURN) == set(gated.CELLS)


def test_a_plain_cell_has_the_slope_of_its_activation() -> None:
    """An RNN's equations have f′ of tanh, sigmoid or relu before dz, which needs it; gated cells have none."""
    for activation, slope in SLOPES.items():
        assert [e for e, _ in equations_of(CharRNN(6, 0, 5, 1, "rnn", activation))][-3] == slope
    assert not {e for e, _ in equations_of(CharRNN(6, 0, 5, 1, "gru"))} & set(SLOPES.values())


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small models: m.npz (GRU), two.npz (LSTM, two layers, two nets), mlp.npz."""
    folder = tmp_path_factory.mktemp("room")
    small_model().save(folder / "m.npz")
    two = snapshot(finish(begin(arch="lstm", layers=2, epochs=1)))
    first = two.nets[0]
    replace(two, nets=(first, {name: value + 1 for name, value in first.items()})).save(folder / "two.npz")
    snapshot(finish(begin(arch="mlp", epochs=1))).save(folder / "mlp.npz")
    return folder


def test_json_has_every_step(room: Path) -> None:
    """One strict JSON object, flat rows: the letters, null at the boundary, and the norms of the trace."""
    result = bacterio("trace", "BORIXA", "-c", "m.npz", "--json", cwd=room)
    model = small_model()
    found, shown = trace(model.model, model.params, model.vocabulary, "Borixa"), strict_json(result.stdout)
    assert (result.code, result.stderr) == (0, "")
    assert [shown[key] for key in ("name", "arch", "layers", "hidden", "T")] == ["BORIXA", "gru", 1, 16, 7]
    assert shown["nats_per_char"] == found.nats_per_char == pytest.approx(shown["bits_per_char"] * np.log(2))
    assert [(row["x"], row["y"]) for row in shown["steps"]] == list(pairwise([None, *"borixa", None]))
    for t, row in enumerate(shown["steps"], 1):
        assert row["t"] == t
        assert row["bits"] == pytest.approx(-np.log2(row["p"]))
        assert row.items() >= found.norms(t).items()
    assert shown["gradients"] == [{"name": g.name, "norm": g.norm} for g in found.gradients()]
    assert shown["truncate"] is None


def test_json_says_what_is_forgotten(room: Path) -> None:
    """With --truncate, each gradient and each step has what is left of it."""
    shown = strict_json(bacterio("trace", "Borixa", "-c", "m.npz", "--json", "--truncate", 2, cwd=room).stdout)
    model = small_model()
    found = trace(model.model, model.params, model.vocabulary, "Borixa", truncate=2)
    assert shown["truncate"] == 2
    assert [row["0.lost"] for row in shown["steps"]] == [found.norms(t)["0.lost"] for t in range(1, 8)]
    shares = [(g["name"], g["truncated"], g["lost"], g["cosine"]) for g in shown["gradients"]]
    assert shares == [(g.name, g.truncated, g.lost, g.cosine) for g in found.gradients()]


def test_a_step_in_full(room: Path) -> None:
    """--step prints every number of that step, a row a unit and a row a letter; with --json the same vectors."""
    words = ("trace", "Borixa", "-c", "m.npz", "--step", 3)
    result, shown = bacterio(*words, cwd=room), strict_json(bacterio(*words, "--json", cwd=room).stdout)
    model = small_model()
    found = trace(model.model, model.params, model.vocabulary, "Borixa")
    for symbol, vector in found.vectors(3).items():
        assert shown[symbol] == vector.tolist(), symbol
    assert (result.code, result.stderr, shown["x"], shown["y"]) == (0, "", "o", "r")
    tables = [result.stdout.partition(f"Layer 0, {way}\n")[2] for way in ("forward", "backward")]
    forth, back = (table.split("\n\n")[0].split("\n") for table in tables)
    assert (forth[0].split(), back[0].split()) == (
        ["unit", "u", "r", "c_tilde", "h", "a"],
        ["unit", "da", "carry", "dz_u", "dz_r", "dz_c"],
    )
    for lines in (forth, back):
        symbols = lines[0].split()[1:]
        rows = [[float(number) for number in line.split()] for line in lines[1:17]]
        assert [row[0] for row in rows] == list(range(1, 17))
        wanted = np.array([shown[f"0.{symbol}"] for symbol in symbols]).T
        np.testing.assert_allclose([row[1:] for row in rows], wanted, rtol=0.05, atol=5e-5)
    letters = result.stdout.partition("Letters\n")[2].split("\n\n")[0].split("\n")[1:]
    assert [line.split()[0] for line in letters if line] == ["$", *model.vocabulary.letters]


def test_the_page_shows_what_json_says(room: Path) -> None:
    """In a pipe plain text within 80 columns: a row a step forward, then a table a layer from the last step back."""
    result = bacterio("trace", "Borixa", "-c", "two.npz", cwd=room)
    steps = strict_json(bacterio("trace", "Borixa", "-c", "two.npz", "--json", cwd=room).stdout)["steps"]
    assert result.code == 0
    assert "\x1b" not in result.stdout
    assert max(map(width, result.stdout.splitlines())) <= 80
    forward = rows_of(result.stdout, "Forward")
    assert [row[:3] for row in forward] == [[str(s["t"]), s["x"] or "$", s["y"] or "$"] for s in steps]
    assert [row[3:5] for row in forward] == [[f"{s['p']:.4f}", f"{s['bits']:.2f}"] for s in steps]
    assert result.stdout.index("Layer 1") < result.stdout.index("Layer 0")
    for k, above in ((1, ["dz_y"]), (0, [])):
        keys = [*above, *(f"{k}.{symbol}" for symbol in ("da", "carry", "carry_c", "dz", "last_a"))]
        rows = rows_of(result.stdout, f"Layer {k}")
        assert [row[0] for row in rows] == ["7", "6", "5", "4", "3", "2", "1"]
        shown = [[float(number) for number in row[2 : 2 + len(keys)]] for row in rows]
        wanted = [[s[key] for key in keys] for s in reversed(steps)]
        np.testing.assert_allclose(shown, wanted, rtol=0.05, atol=5e-5)


def width(line: str) -> int:
    """How many columns a line takes: the tilde of c̃ takes none."""
    return sum(not unicodedata.combining(letter) for letter in line)


def rows_of(page: str, title: str) -> list[list[str]]:
    """The words of the numbered rows of a table that follows its title."""
    lines = re.split(rf"^{title}.*\n", page, flags=re.M)[1].split("\n\n")[0].splitlines()
    return [line.split() for line in lines if re.match(r" *\d", line)]


def test_bars_grow_with_the_logarithm(room: Path) -> None:
    """The bar beside ∂L_T/∂a is full at the largest norm on the page, and orders the others as their logarithms."""
    page = bacterio("trace", "Borixa", "-c", "m.npz", cwd=room).stdout
    eighths = [8 * row[7].count("█") + " ▏▎▍▌▋▊▉".find(row[7].strip("█") or " ") for row in rows_of(page, "Layer 0")]
    norms = [float(row[6]) for row in rows_of(page, "Layer 0")]
    decades = int(re.search(r"bars: (\d+) decades", page)[1])
    wanted = [64 * max(0, 1 + np.log10(norm / max(norms)) / decades) for norm in norms]
    assert eighths == pytest.approx(wanted, abs=0.7)
    assert max(eighths) == 64


def test_a_cut_is_marked(room: Path) -> None:
    """--truncate K writes `cut` at the steps K, 2K, … but the last, and per cent of dz and of each gradient."""
    page = bacterio("trace", "Borix", "-c", "m.npz", "--truncate", 2, cwd=room).stdout
    steps = strict_json(bacterio("trace", "Borix", "-c", "m.npz", "--truncate", 2, "--json", cwd=room).stdout)["steps"]
    rows = rows_of(page, "Layer 0")
    assert [row[0] for row in rows if row[-1] == "cut"] == ["4", "2"]
    assert [row[7] for row in rows] == [f"{100 * s['0.lost']:.0f}" for s in reversed(steps)]
    assert re.search(r"^0.W_aa +48×16 .* %  +0\.\d{4}$", page, flags=re.M)


def test_several_nets_and_a_table_are_said(room: Path) -> None:
    """Of an average the first net is traced, with a notice; so with a table beside the net."""
    result = bacterio("trace", "Borixa", "-c", "two.npz", "--json", cwd=room)
    alone = bacterio("trace", "Borixa", "-c", "m.npz", "--json", cwd=room)
    assert result.stderr == "bacterio: tracing the first of 2 nets; 'bacterio score' averages them\n"
    assert strict_json(result.stdout)["arch"] == "lstm"
    assert alone.stderr == ""
    shipped = bacterio("trace", "Bo", "--json", cwd=room).stderr
    assert shipped.endswith("bacterio: tracing the net alone; 'bacterio score' mixes it with its table\n")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["Borixa", "-c", "mlp.npz"], 1, "mlp.npz: its net reads a window of letters and has no state, "),
        (["Жук", "-c", "m.npz"], 1, "Жук: 'жук' is not in the model's alphabet, "),
        (["Bori xa", "-c", "m.npz"], 1, "Bori xa: ' ' is not in the model's alphabet, "),
        (["Borixa", "-c", "none.npz"], 1, "cannot read none.npz"),
        ([" ", "-c", "m.npz"], 2, "NAME is empty; "),
        (["Borixa", "-c", "m.npz", "--step", "8"], 2, "--step 8: Borixa has the steps 1 to 7"),
        (["Borixa", "-c", "m.npz", "--step", "0"], 2, "--step 0: Borixa has the steps 1 to 7"),
        (["Borixa", "-c", "m.npz", "--step", "1", "--truncate", "2"], 2, "--step shows the whole gradient"),
    ],
    ids=["window", "alphabet", "two words", "no file", "empty", "after the end", "before the first", "both"],
)
def test_what_cannot_be_traced_is_one_line(words: list[str], code: int, message: str, room: Path) -> None:
    """A window MLP, unknown letters, a missing file are exit 1; an empty name, a step out of range are exit 2."""
    result = bacterio("trace", *words, cwd=room)
    assert only_error(result, code).startswith(message)
    assert result.stdout == ""


def test_a_narrow_terminal_has_no_bars(room: Path) -> None:
    """80 columns hold every line with its bar; below that the bars go first."""
    words = ("trace", "Borixa", "-c", "two.npz")
    for columns, bars in ((80, True), (64, False)):
        code, shown = on_terminal(*words, cwd=room, COLUMNS=str(columns))
        lines = re.sub(r"\x1b\[[\d;]*m", "", shown).replace("\r", "").split("\n")
        tables = [line for line in lines if re.match(r"\d {2,3}[$a-z] {2,3}", line)]
        assert len(tables) == 3 * 7  # no row is folded
        assert code == 0
        assert ("█" in shown) is bars
        assert max(map(width, tables)) <= columns


def test_boundary_letters_in_json_are_null_at_both_ends(room: Path) -> None:
    """A name of one letter has two steps, from the boundary and to it."""
    steps = json.loads(bacterio("trace", "b", "-c", "m.npz", "--json", cwd=room).stdout)["steps"]
    assert [(row["x"], row["y"]) for row in steps] == [(None, "b"), ("b", None)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (0.5, "0.5000"), (-1.23456, "-1.2346"), (0.001, "0.0010"), (0.000999, "1.0e-3"),
        (-2.34e-11, "-2.3e-11"), (12.3456, "12.346"), (9999.4, "9999.4"), (12345.0, "1.2e4"),
    ],
)  # fmt: skip
def test_numbers_are_short(value: float, text: str) -> None:
    """Four decimals where they say something, else two digits and a power of ten without filling zeros."""
    assert short(value) == text
