"""`bacterio trace` as a process: its page, its JSON, and what it refuses."""

import re
import unicodedata
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from support.processes import advanced, begin, inside, on_terminal, only_error, small_model, strict_json

from bacterio_cli.api import score
from bacterio_cli.cli.tables import short
from bacterio_cli.trace.bptt import trace
from bacterio_cli.training.trainer import snapshot


def width(line: str) -> int:
    """How many columns a line takes: the tilde of c̃ takes none."""
    return sum(not unicodedata.combining(letter) for letter in line)


def rows_of(page: str, title: str) -> list[list[str]]:
    """The words of the numbered rows of a table that follows its title."""
    lines = re.split(rf"^{title}.*\n", page, flags=re.M)[1].split("\n\n")[0].splitlines()
    return [line.split() for line in lines if re.match(r" *\d", line)]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small models: m.npz (GRU), two.npz (LSTM, two layers, two nets), mlp.npz."""
    folder = tmp_path_factory.mktemp("room")
    small_model().save(folder / "m.npz")
    two = snapshot(advanced(begin(arch="lstm", layers=2, epochs=1)))
    other = replace(two.nets[0], params={name: value + 1 for name, value in two.nets[0].params.items()})
    replace(two, nets=(*two.nets, other)).save(folder / "two.npz")
    snapshot(advanced(begin(arch="mlp", epochs=1))).save(folder / "mlp.npz")
    return folder


@pytest.mark.parametrize("truncate", [None, 2])
def test_json_has_every_step(truncate: int | None, room: Path) -> None:
    """One strict JSON object, flat rows: the letters, null at the boundary, the norms, and what --truncate leaves."""
    flags = ("--truncate", truncate) if truncate else ()
    result = inside("trace", "BORIXA", "-c", "m.npz", "--json", *flags, cwd=room)
    model = small_model()
    found = trace(model.model, model.nets[0].params, model.vocabulary, "Borixa", truncate=truncate)
    shown = strict_json(result.stdout)
    assert (result.code, result.stderr) == (0, "")
    header = [shown[key] for key in ("name", "arch", "layers", "hidden", "T", "truncate")]
    assert header == ["BORIXA", "gru", 1, 16, 7, truncate]
    assert shown["nats_per_char"] == found.nats_per_char == pytest.approx(shown["bits_per_char"] * np.log(2))
    assert [(row["x"], row["y"]) for row in shown["steps"]] == list(pairwise([None, *"borixa", None]))
    for t, row in enumerate(shown["steps"], 1):
        assert row["t"] == t
        assert row["bits"] == pytest.approx(-np.log2(row["p"]))
        assert row.items() >= found.norms(t).items()
        assert ("0.lost" in row) is bool(truncate)
    assert shown["gradients"] == found.gradients()
    assert all(("lost" in row) is bool(truncate) for row in shown["gradients"])


def test_a_net_of_streams_begins_as_it_does_in_score(tmp_path: Path) -> None:
    """It was trained with the state carried on, and a name begins in such a state: the loss is that of `score`."""
    model = snapshot(advanced(begin(stream=True, bptt=5, batch_size=4, ngram=0, mix="1")))
    model.save(tmp_path / "m.npz")
    shown = strict_json(inside("trace", "Borixa", "-c", "m.npz", "--json", cwd=tmp_path).stdout)
    (row,) = score(model, ["Borixa"])
    assert any(s.any() for s in model.nets[0].initial_state)
    assert shown["nats_per_char"] * 7 == pytest.approx(row.nats, rel=1e-9)


def test_a_step_in_full(room: Path) -> None:
    """--step prints every number of that step, a row per unit and per letter; with --json the same vectors."""
    words = ("trace", "Borixa", "-c", "m.npz", "--step", 3, "--full")
    result, shown = inside(*words, cwd=room), strict_json(inside(*words, "--json", cwd=room).stdout)
    model = small_model()
    found = trace(model.model, model.nets[0].params, model.vocabulary, "Borixa")
    for symbol, vector in found.vectors(3).items():
        assert shown[symbol] == vector.tolist(), symbol
    assert (result.code, result.stderr, shown["x"], shown["y"]) == (0, "", "o", "r")
    tables = [result.stdout.partition(f"Layer 0, {way}\n")[2] for way in ("forward", "backward")]
    forth, back = (table.split("\n\n")[0].split("\n") for table in tables)
    assert forth[0].split() == ["unit", "u", "r", "c_tilde", "p", "a"]
    assert back[0].split() == ["unit", "da", "dh_next", "dz_u", "dz_r", "dz_c"]
    for lines in (forth, back):
        symbols = lines[0].split()[1:]
        rows = [[float(number) for number in line.split()] for line in lines[1:17]]
        assert [row[0] for row in rows] == list(range(1, 17))
        numbers = shown | {f"0.dz_{gate}": row for gate, row in zip("urc", shown["0.dz"], strict=True)}
        wanted = np.array([numbers[f"0.{symbol}"] for symbol in symbols]).T
        np.testing.assert_allclose([row[1:] for row in rows], wanted, rtol=0.05, atol=5e-5)
    letters = result.stdout.partition("Letters\n")[2].split("\n\n")[0].split("\n")[1:]
    assert [line.split()[0] for line in letters if line] == ["$", *model.vocabulary.letters]


def test_the_page_shows_what_json_says(room: Path) -> None:
    """In a pipe 80 columns of plain text: a row per step forward, then a table per layer from the last step back.

    Of an average the first net is traced, with a notice.
    """
    result = inside("trace", "Borixa", "-c", "two.npz", cwd=room)
    steps = strict_json(inside("trace", "Borixa", "-c", "two.npz", "--json", cwd=room).stdout)["steps"]
    said = "bacterio: tracing the first net alone; 'bacterio score' averages all nets and mixes them with the table\n"
    assert (result.code, result.stderr) == (0, said)
    assert "\x1b" not in result.stdout
    assert max(map(width, result.stdout.splitlines())) <= 80
    forward = rows_of(result.stdout, "Forward")
    assert [row[:3] for row in forward] == [[str(s["t"]), s["x"] or "$", s["y"] or "$"] for s in steps]
    assert [row[3:5] for row in forward] == [[short(s["p"]), short(s["bits"])] for s in steps]
    assert result.stdout.index("Layer 1") < result.stdout.index("Layer 0")
    for k, above in ((1, ["dz_y"]), (0, [])):
        keys = [*above, *(f"{k}.{symbol}" for symbol in ("da", "dh_next", "dc_next", "dz", "last_a"))]
        rows = rows_of(result.stdout, f"Layer {k}")
        assert [row[0] for row in rows] == ["7", "6", "5", "4", "3", "2", "1"]
        shown = [[float(number) for number in row[2 : 2 + len(keys)]] for row in rows]
        wanted = [[s[key] for key in keys] for s in reversed(steps)]
        np.testing.assert_allclose(shown, wanted, rtol=0.05, atol=5e-5)


def test_what_a_cut_loses_is_shown(room: Path) -> None:
    """--truncate K shows beside each norm what is left of dz, and the lost share of it and of each gradient."""
    page = inside("trace", "Borix", "-c", "m.npz", "--truncate", 2, cwd=room).stdout
    model = small_model()
    found = trace(model.model, model.nets[0].params, model.vocabulary, "Borix", truncate=2)
    wanted = [[short(found.norms(t)[f"0.{key}"]) for key in ("dz_truncated", "lost")] for t in range(6, 0, -1)]
    assert [row[6:] for row in rows_of(page, "Layer 0")] == wanted
    (gradient,) = (row for row in found.gradients() if row["name"] == "0.W_aa")
    shown = " +".join(["0.W_aa", "48×16", *(short(gradient[key]) for key in ("norm", "truncated", "lost"))])
    assert re.search(f"^{shown}  dW_aa = ", page, flags=re.M)


def test_a_table_is_said(room: Path) -> None:
    """With a table beside the net, a notice says that the net alone is traced."""
    shipped = inside("trace", "Bo", "--json", cwd=room).stderr
    assert shipped.splitlines()[-1].startswith("bacterio: tracing the first net alone; ")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["Borixa", "-c", "mlp.npz"], 1, "mlp.npz: its net reads a window of letters and has no state, "),
        (["Жук", "-c", "m.npz"], 1, "Жук: 'жук' is not in the model's alphabet, "),
        (["Borixa", "-c", "none.npz"], 1, "cannot read none.npz"),
        ([" ", "-c", "m.npz"], 2, "NAME is empty; "),
        (["a" * 1001, "-c", "m.npz"], 1, "names: aaaaaaaaaaaaaaaaaaaa… has 1,001 letters"),
        (["Borixa", "-c", "m.npz", "--step", "8"], 2, "--step 8: Borixa has the steps 1 to 7"),
        (["Borixa", "-c", "m.npz", "--step", "1", "--truncate", "2"], 2, "--step shows the whole gradient"),
    ],
)
def test_what_cannot_be_traced_is_one_line(words: list[str], code: int, message: str, room: Path) -> None:
    """A window MLP, unknown letters, a missing file are exit 1; an empty name, a step out of range are exit 2."""
    result = inside("trace", *words, cwd=room)
    assert only_error(result, code).startswith(message)
    assert result.stdout == ""


def test_a_terminal_of_80_columns_folds_no_row(room: Path) -> None:
    """Every row of the tables of an LSTM, which has the most columns, stands on a line of its own."""
    code, shown = on_terminal("trace", "Borixa", "-c", "two.npz", cwd=room, COLUMNS="80")
    lines = re.sub(r"\x1b\[[\d;]*m", "", shown).replace("\r", "").split("\n")
    rows = [line for line in lines if re.match(r"\d {2,3}[$a-z] {2,3}", line)]
    assert len(rows) == 3 * 7
    assert code == 0
    assert max(map(width, rows)) <= 80


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (0.5, "0.5000"), (-1.23456, "-1.2346"), (0.001, "0.0010"), (0.000999, "1.0e-3"),
        (-2.34e-11, "-2.3e-11"), (12.3456, "12.346"), (9999.4, "9999.4"), (12345.0, "1.2e4"),
        (float("-inf"), "-inf"), (float("nan"), "nan"),
    ],
)  # fmt: skip
def test_numbers_are_short(value: float, text: str) -> None:
    """Four decimals where they say something, else two digits and a power of ten without filling zeros."""
    assert short(value) == text
