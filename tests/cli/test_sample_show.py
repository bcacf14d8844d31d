"""`bacterio sample --show`: the probabilities of letters, as drawn and in the model."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from support.processes import inside, on_terminal, small_model

from bacterio_cli.cli.terminal import show_probabilities
from bacterio_cli.inference.sampler import keep

ANSI = re.compile(r"\x1b\[[\d;]*m")


def shown(room: Path, *words: object) -> dict[str, tuple[list[float], list[float]]]:
    """Each name with P of its letters as drawn and in the model, as `--show` prints them in a pipe."""
    result = inside("sample", "-c", "m.npz", "--seed", 1, "-n", 5, "--show", *words, cwd=room)
    assert (result.code, result.stderr) == (0, "")
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert len(rows) == 5
    return {name: ([*map(float, drawn.split(","))], [*map(float, plain.split(","))]) for name, drawn, plain in rows}


def test_the_names_are_those_of_the_seed_and_the_model_s_figures_those_of_score(room: Path) -> None:
    """Showing draws nothing; the product of P is e to the minus nats, one a letter, and one for the end."""
    rows = shown(room)
    assert [*rows] == inside("sample", "-c", "m.npz", "--seed", 1, "-n", 5, cwd=room).stdout.split()
    scored = inside("score", "-c", "m.npz", "--format", "tsv", *rows, cwd=room).stdout.splitlines()
    for (name, (drawn, plain)), line in zip(rows.items(), scored, strict=True):
        assert len(drawn) == len(plain) == len(name) + 1
        assert -np.log(plain).sum() == pytest.approx(float(line.split("\t")[1]), abs=0.01)


def test_as_drawn_is_what_temperature_and_top_k_make_of_the_model(room: Path) -> None:
    """p² of the model's p, rescaled, at temperature 0.5, and of it the three likeliest letters, rescaled."""
    lm, vocabulary = small_model().language_model, small_model().vocabulary
    for name, (drawn, plain) in shown(room, "--temp", 0.5, "--top-k", 3).items():
        state, wanted = lm.start(1), []
        ids = vocabulary.encode([vocabulary.fold(name)])
        for letter, following in pairwise(ids):
            p, state = lm.step(np.array([letter]), state)
            shaped = keep(p.astype(float) ** 2 / (p.astype(float) ** 2).sum(), 3)
            wanted.append((shaped[0, following], p[0, following]))
        assert np.allclose(wanted, np.transpose([drawn, plain]), rtol=2e-3)
        assert drawn != plain


@pytest.mark.parametrize(
    ("words", "certain"), [("--temp 1", False), ("--top-k 1", True), ("--temp 0", True), ("--top-p 1e-9", True)]
)
def test_what_has_no_choice_is_certain(words: str, certain: bool, room: Path) -> None:
    """Where only the likeliest letter is left it is drawn with P = 1; temperature 1 draws from the model as it is."""
    words = f"sample -c m.npz --seed 1 -n 1 --allow-known --show {words}"
    result = inside(*words.split(), cwd=room)
    _, drawn, plain = result.stdout.rstrip("\n").split("\t")
    assert drawn == (",".join(["1"] * len(drawn.split(","))) if certain else plain)


def test_a_prefix_is_given_not_drawn(room: Path) -> None:
    """Its letters have P = 1 as drawn, and their own in the model."""
    for drawn, plain in shown(room, "--prefix", "Kor", "--allow-known", "--allow-duplicates").values():
        assert drawn[:3] == [1, 1, 1]
        assert max(plain[:2]) < 1


def test_a_terminal_sees_bars(room: Path) -> None:
    """A name and two lines of bars below it, as many as letters and one for the end; the legend once."""
    words = ("sample", "-c", "m.npz", "--seed", 1, "-n", 5, "--show")
    code, seen = on_terminal(*words, cwd=room, size=(24, 50))
    lines = ANSI.sub("", seen).splitlines()
    begin = next(k for k, line in enumerate(lines) if set(line) <= set("▁▂▃▄▅▆▇█")) - 1
    assert code == 0
    assert lines[begin::3] == [*shown(room)]
    for name, drawn, plain in zip(lines[begin::3], lines[begin + 1 :: 3], lines[begin + 2 :: 3], strict=True):
        assert len(drawn) == len(plain) == len(name) + 1
        assert set(drawn + plain) <= set("▁▂▃▄▅▆▇█")
    assert " ".join(seen.split()).count("above as drawn, below in the model") == 1
    assert "\x1b[33m" in seen
    assert "\x1b[33m" not in on_terminal(*words, cwd=room, NO_COLOR="1")[1]


def test_a_bar_is_as_high_as_p_and_as_wide_as_its_letter(capsys: pytest.CaptureFixture[str]) -> None:
    """Eighths of 1 from ▁ to █, the end last; two columns for a letter that takes two."""
    show_probabilities("abcd", [0.0] * 5, list(-np.log2([0.01, 0.49, 0.51, 0.88, 1])))
    show_probabilities("ナ", [0.0, 0.0], [0.0, 1.0])
    assert capsys.readouterr().out.splitlines()[2::3] == ["▁▄▅██", "██▅"]


def test_what_is_shown_is_reported_too(room: Path) -> None:
    """More names than are looked at together: all are printed, and the report has seen them."""
    words = ("-n", 600, "--show", "--report", "--json", "--allow-known", "--allow-duplicates")
    result = inside("sample", "-c", "m.npz", "--seed", 1, *words, cwd=room)
    assert len(result.stdout.splitlines()) == 600
    assert '"compared": 600' in result.stderr
