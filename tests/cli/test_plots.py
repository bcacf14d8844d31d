"""--plot: what is in the pictures, read back from their SVG."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.processes import NAMES, inside, small_model
from support.svg import drawn, panels, texts

from bacterio_cli.cli.plots import draw_model, draw_surprise
from bacterio_cli.inference.scorer import Scorer


@drawn
def test_the_surprise_of_each_letter_and_of_the_end(room: Path, tmp_path: Path) -> None:
    """A bar a letter and one, hatched, for $, each −log₂ P bits high; the highest is black and bears its value."""
    names = ["Borixis", "Koraa", "Gelimonas"]
    result = inside("score", "-c", "m.npz", *names, "--plot", tmp_path / "p.svg", cwd=room)
    assert result.code == 0
    assert (
        result.stderr.splitlines()[-1]
        == f"bacterio: drawn to {tmp_path / 'p.svg'}: 3 of 3 names, the first that the model can spell"
    )
    found = panels(tmp_path / "p.svg")[: len(names)]
    expected = Scorer(small_model(), genus=False).surprises(names)
    for panel, name, bits in zip(found, names, expected, strict=True):
        assert panel.letters == [*name, "$"]
        assert panel.bars(found[0]) == pytest.approx(bits.tolist(), abs=0.01)
        assert {name, f"{bits.mean():.2f} bits per character", f"{bits.max():.1f}"} <= set(panel.texts)
        assert panel.fills().index("black") == bits.argmax()
        assert panel.fills()[-1] == "hatched"
    assert {"surprise, −log₂ P (bits)", "surprise under m.npz"} <= set(texts(tmp_path / "p.svg"))


@drawn
def test_twelve_names_at_most(room: Path, tmp_path: Path) -> None:
    """Of a list the first twelve that can be spelled, which the notice says; the rows are all there."""
    listed = "Жук\n" + "".join(name + "\n" for name in NAMES[:15])
    words, text = ("score", "-c", "m.npz"), listed.encode()
    result = inside(*words, "--plot", tmp_path / "p.svg", cwd=room, stdin=text)
    notice = f"bacterio: drawn to {tmp_path / 'p.svg'}: 12 of 16 names, the first that the model can spell"
    assert result.stderr.splitlines()[-1] == notice
    assert [p.letters for p in panels(tmp_path / "p.svg")] == [[*name, "$"] for name in NAMES[:12]]
    assert result.stdout == inside(*words, cwd=room, stdin=text).stdout


@drawn
def test_a_long_name_has_all_its_bars(tmp_path: Path) -> None:
    """All of its letters have bars; the mean is that of the whole name."""
    bits = [*np.linspace(1, 3, 70), 9.0]
    draw_surprise(tmp_path / "p.svg", "t", [("ab" * 35, bits), ("b", [1.0, 2.0])])
    long, short = panels(tmp_path / "p.svg")
    assert long.letters == [*"ab" * 35, "$"]
    assert long.bars() == pytest.approx(bits, abs=0.01)
    assert {"ab" * 35, f"{np.mean(bits):.2f} bits per character"} <= set(long.texts)
    assert short.letters == ["b", "$"]


@drawn
def test_learning_curves(room: Path, tmp_path: Path) -> None:
    """Curves of both losses in bits, of gradient norm and learning rate over steps, as the history has them."""
    result = inside("info", "m.npz", "--plot", tmp_path / "p.svg", cwd=room)
    assert result == (0, inside("info", "m.npz", cwd=room).stdout, f"bacterio: drawn to {tmp_path / 'p.svg'}\n")
    loss, norm, rate, _ = panels(tmp_path / "p.svg")
    history = small_model().history
    steps = [row["step"] for row in history]
    for curve, values in [
        (loss.lines()[0], [row["nats_per_char"] / np.log(2) for row in history]),
        (loss.lines()[1], [row["valid_bits_per_char"] for row in history]),
        (norm.lines()[0], [row["gradient_norm"] for row in history]),
        (rate.lines()[0], [row["learning_rate"] for row in history]),
    ]:
        assert [x for x, _ in curve] == pytest.approx(steps, abs=0.01 * max(steps))
        assert [y for _, y in curve] == pytest.approx(values, rel=0.01, abs=1e-5)
    assert [len(panel.lines()) for panel in (loss, norm, rate)] == [2, 1, 1]
    assert {"loss (bits per character)", "training, an epoch's mean", "validation, net alone", "fit 1"} <= set(
        loss.texts
    )
    assert {"gradient norm (before clipping)", "steps"} <= set(norm.texts)
    assert {"learning rate (per step)", "steps"} <= set(rate.texts)


@drawn
def test_the_letters_of_corpus_and_draws(room: Path, tmp_path: Path) -> None:
    """Two bars a letter in per cent, the corpus's grey and most frequent first; what was drawn is hatched, and said."""
    inside("info", "m.npz", "--plot", tmp_path / "p.svg", cwd=room)
    letters = panels(tmp_path / "p.svg")[-1]
    counts = Counter("".join(NAMES).lower())
    expected = sorted(counts, key=lambda letter: (-counts[letter], letter))
    heights = letters.bars()
    assert letters.letters == expected
    assert len(heights) == 2 * len(expected)
    assert heights[: len(expected)] == pytest.approx([100 * counts[v] / counts.total() for v in expected], abs=0.02)
    assert letters.fills() == ["#8c8c8c"] * len(expected) + ["hatched"] * len(expected)
    assert sum(heights[len(expected) :]) == pytest.approx(100, abs=0.5)
    assert {"the corpus", "share of all letters (%)", "letters"} <= set(letters.texts)
    assert any(text.startswith("2,000 draws from the model at temperature 1, seed 0") for text in letters.texts)


@drawn
def test_many_letters_are_shown_in_part(tmp_path: Path) -> None:
    """Of an alphabet of a hundred the forty most frequent, as the axis says."""
    shares = {chr(0x4E00 + k): 1 / 100 for k in range(100)}
    draw_model(tmp_path / "p.svg", "t", history=[], soft=False, corpus=shares, sampled={}, how="draws")
    (letters,) = panels(tmp_path / "p.svg")
    assert letters.letters == list(shares)[:40]
    assert "the 40 most frequent of 100 letters" in letters.texts


@drawn
def test_a_checkpoint_without_a_history(tmp_path: Path) -> None:
    """The letters alone, and the notice says why."""
    replace(small_model(), history=[]).save(tmp_path / "none.npz")
    result = inside("info", "none.npz", "--plot", "p.svg", cwd=tmp_path)
    assert (result.code, len(panels(tmp_path / "p.svg"))) == (0, 1)
    assert result.stderr.endswith("p.svg, without learning curves: the file holds no history\n")


def row(stage: str, net: int, step: int, valid: float | None = 1.0) -> dict[str, object]:
    """A row of a history."""
    return {
        "stage": stage, "net": net, "step": step, "nats_per_char": 1 + 1 / step, "valid_nats_per_char": valid,
        "gradient_norm": 0.5, "learning_rate": 0.1,
    }  # fmt: skip


@drawn
def test_phases_are_marked(tmp_path: Path) -> None:
    """Each begins at an upright line and is named there with its net, from 1; curves stop at its end."""
    history = [row("background", 0, k) for k in (20, 40)]
    history += [row("fit", net, 40 + 30 * net + k) for net in (0, 1) for k in (10, 20, 30)]
    history += [row("refit", 0, 100 + k, None) for k in (20, 40)]
    shares = {"a": 1.0}
    draw_model(tmp_path / "p.svg", "t", history=history, soft=True, corpus=shares, sampled=shares, how="draws")
    loss, norm, rate, _ = panels(tmp_path / "p.svg")
    for panel in (loss, norm, rate):
        assert panel.marks() == pytest.approx([0, 40, 70, 100], abs=0.5)
    assert [round(line[0][0]) for line in norm.lines()] == [20, 50, 80, 120]
    assert [len(line) for line in loss.lines() if line] == [2, 2, 3, 3, 3, 3, 2]
    phases = ["background 1", "fit 1", "fit 2", "refit 1"]
    assert [text for text in loss.texts if "fit" in text or "back" in text] == phases
    assert loss.texts.count("training, an epoch's mean, against soft targets") == 1
    assert loss.texts.count("validation, net alone") == 1


@drawn
@pytest.mark.parametrize(("step", "value"), [(0, 0.0), (-5, -1e300), (2**999, 1e300)])
def test_absurd_numbers_are_drawn_somehow(step: int, value: float, tmp_path: Path) -> None:
    """A file may hold any number that a float can: no warning, no crash."""
    wild = row("\x1b$x_1$\ud800", 0, 1) | {"step": step, "nats_per_char": value, "gradient_norm": value}
    draw_model(tmp_path / "p.svg", "t", history=[wild, wild], soft=False, corpus={}, sampled={}, how="draws")
    assert r"\x1b$x_1$\ud800 1" in texts(tmp_path / "p.svg")
