"""--plot: what is in the pictures, read back from their SVG, and what is said where there is none."""

from __future__ import annotations

import importlib.util
import os
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.processes import NAMES, ROOT, Result, bacterio, begin, finish, only_error, small_model, write_names

from bacterio_cli.cli.plots import Letters, draw_model, draw_surprise
from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.inference.scorer import Scorer
from bacterio_cli.nomenclature.name_index import Lookup
from bacterio_cli.training import trainer as training

drawn = pytest.mark.skipif(
    importlib.util.find_spec("matplotlib") is None,
    reason="matplotlib, which pictures need, is not installed",
)
SVG = "{http://www.w3.org/2000/svg}"
Point = tuple[float, float]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small model as m.npz, without its history as none.npz, and one of katakana as kana.npz."""
    folder = tmp_path_factory.mktemp("room")
    small_model().save(folder / "m.npz")
    replace(small_model(), history=[]).save(folder / "none.npz")
    names = ("ピカチュウ", "カ メ", "ゼ$ニガ$", "ニ_ド_ク", "コラッタ", "ピジョン", "ニャース", "カメ")
    training.snapshot(finish(begin(Corpus(names)))).save(folder / "kana.npz")
    return folder


class Panel:
    """One of the axes of an SVG: its texts, bars and lines, in the units of its axes."""

    def __init__(self, group: ET.Element) -> None:
        self.group = group
        self.texts = [text.text or "" for text in group.iter(f"{SVG}text")]
        self.letters = [label for label, _ in self.ticks("x")]

    def ticks(self, axis: str) -> list[tuple[str, float]]:
        """The labels of an axis with their places in the picture."""
        found = []
        for tick in self.group.iter(f"{SVG}g"):
            if tick.get("id", "").startswith(f"{axis}tick_"):
                mark, text = tick.find(f".//{SVG}use"), tick.find(f".//{SVG}text")  # letters have no mark
                place = "nan" if mark is None else mark.get(axis, "nan")
                found.append(("" if text is None else str(text.text), float(place)))
        return found

    def scale(self, axis: str) -> tuple[float, float]:
        """(a, b) of value = a·place + b."""
        (low, at_low), *_, (high, at_high) = self.ticks(axis)
        low, high = (float(label.replace(",", "").replace("−", "-")) for label in (low, high))
        slope = (high - low) / (at_high - at_low)
        return slope, low - slope * at_low

    def paths(self, kind: str) -> list[tuple[list[Point], str]]:
        """The points of each patch or line that is clipped to the panel, and its style."""
        groups = [g for g in self.group.findall(f"{SVG}g") if g.get("id", "").startswith(kind)]
        paths = [path for g in groups for path in g.findall(f"{SVG}path") if path.get("clip-path")]
        ends = [re.findall(r"[ML] (\S+) (\S+)", path.get("d", "")) for path in paths]
        points = [[(float(x), float(y)) for x, y in pairs] for pairs in ends]
        return list(zip(points, [path.get("style", "") for path in paths], strict=True))

    def bars(self, like: Panel | None = None) -> list[float]:
        """The heights of the bars; `like` is the panel whose labelled axis this one shares."""
        slope = abs((like or self).scale("y")[0])
        return [slope * (max(y for _, y in points) - min(y for _, y in points)) for points, _ in self.paths("patch")]

    def fills(self) -> list[str]:
        """What each bar is filled with: hatched, black, or a grey."""
        found = [re.search("fill: ([^;]*)", style) for _, style in self.paths("patch")]
        fills = ["#000000" if fill is None else fill[1] for fill in found]
        return ["hatched" if fill.startswith("url") else fill.replace("#000000", "black") for fill in fills]

    def lines(self) -> list[list[Point]]:
        """The curves, in the units of both axes."""
        (a, b), (c, d) = self.scale("x"), self.scale("y")
        return [
            [(a * x + b, c * y + d) for x, y in points] for points, _ in self.paths("line2d") if not upright(points)
        ]

    def marks(self) -> list[float]:
        """Where the upright lines stand."""
        a, b = self.scale("x")
        return [a * points[0][0] + b for points, _ in self.paths("line2d") if upright(points)]


def upright(points: Sequence[Point]) -> bool:
    """Whether these are the two ends of a line from bottom to top."""
    return len(points) == 2 and points[0][0] == points[1][0]


def panels(path: Path) -> list[Panel]:
    """The axes of a picture in their order."""
    groups = ET.parse(path).getroot().iter(f"{SVG}g")
    return [Panel(group) for group in groups if re.fullmatch(r"axes_\d+", group.get("id", ""))]


def texts(path: Path) -> list[str]:
    """All texts of a picture."""
    return [text.text or "" for text in ET.parse(path).getroot().iter(f"{SVG}text")]


def score(room: Path, *words: object, stdin: str = "", **environment: str) -> Result:
    """`bacterio score` with the small model, in TSV."""
    return bacterio("score", "-c", "m.npz", *words, cwd=room, stdin=stdin.encode(), **environment)


@pytest.mark.parametrize("words", ["info m.npz", "score -c m.npz Boria"])
def test_without_matplotlib_the_extra_is_named(words: str, room: Path, tmp_path: Path) -> None:
    """One line, exit 1, no results and no picture; without --plot nothing is missed."""
    (tmp_path / "matplotlib.py").write_text("raise ModuleNotFoundError(name='matplotlib')\n", encoding="utf-8")
    blocked = f"{tmp_path}{os.pathsep}{ROOT}"
    result = bacterio(*words.split(), "--plot", tmp_path / "p.png", cwd=room, PYTHONPATH=blocked)
    assert only_error(result) == "--plot needs matplotlib, the extra 'plot'; install it with: pip install matplotlib"
    assert (result.stdout, (tmp_path / "p.png").exists()) == ("", False)
    assert bacterio(*words.split(), cwd=room, PYTHONPATH=blocked).code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("info m.npz --plot p.gif", "--plot p.gif: the name of a picture ends in .png, .svg, .pdf"),
        ("score -c m.npz Boria --plot p", "--plot p: the name of a picture ends in .png, .svg, .pdf"),
        ("info model.svg --plot linked.svg", "--plot linked.svg is one of the files to be read; choose another file"),
        ("score -c model.svg Boria --plot linked.svg", "--plot linked.svg is one of the files to be read"),
        ("score -c m.npz Boria --avoid list.svg --plot list.svg", "--plot list.svg is one of the files to be read"),
        ("score -c m.npz --plot list.svg", "--plot list.svg is one of the files to be read"),
    ],
)
def test_a_name_that_cannot_be_is_exit_2(words: str, message: str, room: Path, tmp_path: Path) -> None:
    """An unknown suffix, or a file that is read, by whatever name it goes: one line, and nothing is changed."""
    for name in ("m.npz", "model.svg"):
        (tmp_path / name).write_bytes((room / "m.npz").read_bytes())
    (tmp_path / "linked.svg").symlink_to("model.svg")
    write_names(tmp_path, file="list.svg")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    result = bacterio(*words.split(), cwd=tmp_path, shell='"$@" < list.svg')
    assert only_error(result, 2).startswith(message)
    assert (result.stdout, {path.name: path.read_bytes() for path in tmp_path.iterdir()}) == ("", before)


@drawn
@pytest.mark.parametrize(
    ("path", "reason"), [("no/p.png", "No such file or directory"), ("folder.pdf", "it is a directory")]
)
@pytest.mark.parametrize("words", ["info m.npz", "score -c m.npz Boria"])
def test_a_place_that_cannot_be_written_is_exit_1(words: str, path: str, reason: str, room: Path) -> None:
    """One line with the reason and the option to choose with, before any results."""
    (room / "folder.pdf").mkdir(exist_ok=True)
    result = bacterio(*words.split(), "--plot", path, cwd=room)
    assert only_error(result) == f"cannot write {path}: {reason}; choose another place with --plot"
    assert result.stdout == ""


@drawn
def test_the_surprise_of_each_letter_and_of_the_end(room: Path, tmp_path: Path) -> None:
    """A bar a letter and one, hatched, for $, each −log₂ P bits high; the highest is black and bears its value."""
    names = ["Borixis", "Koraa", "Gelimonas"]
    result = score(room, *names, "--plot", tmp_path / "p.svg")
    assert result.code == 0
    assert result.stderr.splitlines()[-1] == f"bacterio: drawn to {tmp_path / 'p.svg'}: 3 names"
    found = panels(tmp_path / "p.svg")[: len(names)]
    expected = Scorer(small_model(), Lookup([]), genus=False).surprises(names)
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
    result = score(room, "--plot", tmp_path / "p.svg", stdin=listed)
    notice = f"bacterio: drawn to {tmp_path / 'p.svg'}: the first 12 of 15 names, without 1 that the model cannot spell"
    assert result.stderr.splitlines()[-1] == notice
    assert [p.letters for p in panels(tmp_path / "p.svg")] == [[*name, "$"] for name in NAMES[:12]]
    assert result.stdout == score(room, stdin=listed).stdout


@drawn
@pytest.mark.parametrize("words", [["Жук"], []])
def test_nothing_to_draw_is_exit_1(words: list[str], room: Path, tmp_path: Path) -> None:
    """Where the model can spell no name there is no picture, and what stood there still does."""
    (tmp_path / "p.png").write_text("old", encoding="utf-8")
    result = score(room, *words, "--plot", tmp_path / "p.png")
    assert result.code == 1
    assert result.stderr.splitlines()[-1].endswith("p.png: there is no name to draw that the model can spell")
    assert (tmp_path / "p.png").read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["p.png"]


@drawn
def test_a_long_name_is_cut(tmp_path: Path) -> None:
    """After 60 letters, which its title says; its end is not shown then, and the mean is that of the whole name."""
    bits = [*np.linspace(1, 3, 70), 9.0]
    draw_surprise(tmp_path / "p.svg", "t", [("ab" * 35, bits), ("b", [1.0, 2.0])])
    long, short = panels(tmp_path / "p.svg")
    assert long.letters == ["a", "b"] * 30
    assert long.bars() == pytest.approx(bits[:60], abs=0.01)
    assert any(text.endswith("…, the first 60 of 70 letters") for text in long.texts)
    assert f"{np.mean(bits):.2f} bits per character" in long.texts
    assert short.letters == ["b", "$"]


@drawn
def test_the_course_of_training(room: Path, tmp_path: Path) -> None:
    """Curves of both losses in bits, of gradient norm and learning rate over steps, as the history has them."""
    result = bacterio("info", "m.npz", "--plot", tmp_path / "p.svg", cwd=room)
    assert (result.code, result.stderr) == (0, f"bacterio: drawn to {tmp_path / 'p.svg'}\n")
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
    assert {"loss (bits per character)", "training, an epoch's mean", "validation, net alone", "fit"} <= set(loss.texts)
    assert {"gradient norm (before clipping)", "steps"} <= set(norm.texts)
    assert {"learning rate (a step)", "steps"} <= set(rate.texts)


@drawn
def test_the_letters_of_corpus_and_draws(room: Path, tmp_path: Path) -> None:
    """Two bars a letter in per cent, the corpus's grey and most frequent first; what was drawn is hatched, and said."""
    bacterio("info", "m.npz", "--plot", tmp_path / "p.svg", cwd=room)
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
    draw_model(tmp_path / "p.svg", "t", [], False, Letters(shares, {}, "draws"))
    (letters,) = panels(tmp_path / "p.svg")
    assert letters.letters == list(shares)[:40]
    assert "the 40 most frequent of 100 letters" in letters.texts


@drawn
def test_a_checkpoint_without_a_history(room: Path, tmp_path: Path) -> None:
    """The letters alone, and the notice says why."""
    result = bacterio("info", "none.npz", "--plot", tmp_path / "p.svg", cwd=room)
    assert result.code == 0
    assert result.stderr.endswith("p.svg, without a course of training, of which the file holds none\n")
    (only,) = panels(tmp_path / "p.svg")
    assert "the corpus" in only.texts


def row(stage: str, net: int, step: int, valid: float | None = 1.0) -> dict[str, object]:
    """A row of a history."""
    return {
        "stage": stage, "net": net, "step": step, "nats_per_char": 1 + 1 / step, "valid_nats_per_char": valid,
        "gradient_norm": 0.5, "learning_rate": 0.1,
    }  # fmt: skip


@drawn
def test_stages_are_marked(tmp_path: Path) -> None:
    """Each ends at an upright line, curves stop there, and nets are numbered from 1 where there are several."""
    history = [row("background", 0, k) for k in (20, 40)]
    history += [row("fit", net, 40 + 30 * net + k) for net in (0, 1) for k in (10, 20, 30)]
    history += [row("refit", 0, 100 + k, None) for k in (20, 40)]
    draw_model(tmp_path / "p.svg", "t", history, True, Letters({"a": 1.0}, {"a": 1.0}, "draws"))
    loss, norm, rate, _ = panels(tmp_path / "p.svg")
    for panel in (loss, norm, rate):
        assert panel.marks() == pytest.approx([40, 70, 100], abs=0.5)
    assert [round(line[0][0]) for line in norm.lines()] == [20, 50, 80, 120]
    assert [len(line) for line in loss.lines()] == [2, 2, 3, 3, 3, 3, 2]
    assert [text for text in loss.texts if "fit" in text or "back" in text] == ["background", "fit 1", "fit 2", "refit"]
    assert loss.texts.count("training, an epoch's mean, against soft targets") == 1
    assert loss.texts.count("validation, net alone") == 1


@drawn
@pytest.mark.parametrize(("step", "value"), [(0, 0.0), (-5, -1e300), (2**999, 1e300)])
def test_absurd_numbers_are_drawn_somehow(step: int, value: float, tmp_path: Path) -> None:
    """A file may hold any number that a float can: no warning, no crash."""
    wild = (
        row("\x1b$x_1$\ud800", 0, 1) | dict.fromkeys(("step",), step) | {"nats_per_char": value, "gradient_norm": value}
    )
    draw_model(tmp_path / "p.svg", "t", [wild, wild], False, Letters({}, {}, "draws"))
    assert r"\x1b$x_1$\ud800" in texts(tmp_path / "p.svg")


@drawn
@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_names_in_any_script(suffix: str, room: Path, tmp_path: Path) -> None:
    """Katakana, blanks, $ and _ are letters like others, no warning; where the font lacks some a notice says so."""
    path, names = tmp_path / f"p.{suffix}", ["ピカチュウ", "ゼ$ニガ$", "カ メ", "ニ_ド_ク", "\x1bカ"]
    words = ("score", "-c", "kana.npz", *names, "--plot", path)
    result = bacterio(*words, cwd=room, PYTHONWARNINGS="error")
    assert result.code == 0
    boxes = f"bacterio: boxes stand in {path} for letters that its font lacks: ピカチュウゼニガメドク; "
    assert [line for line in result.stderr.splitlines() if boxes in line] == [
        line for line in result.stderr.splitlines() if "lacks" in line
    ]
    assert ("boxes" in result.stderr) == (suffix != "svg")
    assert all(line.startswith("bacterio: ") for line in result.stderr.splitlines())
    if suffix == "svg":
        assert [p.letters for p in panels(path)] == [[*"ピカチュウ$"], [*"ゼ$ニガ$$"], [*"カ␣メ$"], [*"ニ_ド_ク$"]]
        assert set(names[:4]) <= set(texts(path))


@drawn
@pytest.mark.parametrize("title", ["$x_1$.npz", "a\x1b[31m.npz", "\udcff\uffff.npz", "<&>.npz"])
def test_a_title_that_lies_is_shown_as_it_is(title: str, tmp_path: Path) -> None:
    """Mathematics, escapes, halves of characters and markup stay text, and the file can be read."""
    draw_surprise(tmp_path / "p.svg", title, [("b", [1.0, 2.0])])
    shown = {"a\x1b[31m.npz": r"a\x1b[31m.npz", "\udcff\uffff.npz": r"\udcff\uffff.npz"}
    assert shown.get(title, title) in texts(tmp_path / "p.svg")


@drawn
@pytest.mark.parametrize("suffix", ["PNG", "svg", "pdf"])
def test_the_same_bytes_twice(suffix: str, room: Path, tmp_path: Path) -> None:
    """Whatever stood there, whenever it is drawn, and however matplotlib is set up for its user."""
    (tmp_path / "matplotlibrc").write_text("axes.linewidth: 9\nsvg.hashsalt: x\n", encoding="utf-8")
    path, found = tmp_path / f"p.{suffix}", []
    for environment in ({"SOURCE_DATE_EPOCH": "0"}, {"MATPLOTLIBRC": str(tmp_path), "PYTHONHASHSEED": "7"}):
        assert bacterio("info", "m.npz", "--plot", path, cwd=room, **environment).code == 0
        found.append(path.read_bytes())
    assert found[0] == found[1]
    assert found[0].startswith({"PNG": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix])
    assert not re.search(rb"(?i)date|matplotlib v", found[0])


@drawn
@pytest.mark.parametrize(
    "words", ["info m.npz", "info m.npz --json", "score -c m.npz Boria", "score -c m.npz --summary Boria"]
)
def test_results_are_printed_as_always(words: str, room: Path, tmp_path: Path) -> None:
    """A picture changes nothing on stdout."""
    plain = bacterio(*words.split(), cwd=room)
    assert plain.stdout
    assert bacterio(*words.split(), "--plot", tmp_path / "p.png", cwd=room).stdout == plain.stdout


@drawn
def test_bad_settings_of_matplotlib_are_one_line(room: Path) -> None:
    """A backend that there is not stops matplotlib before it starts."""
    result = bacterio("info", "m.npz", "--plot", "a.png", cwd=room, MPLBACKEND="garbage")
    assert only_error(result).startswith("--plot: matplotlib does not start by its own settings: ")
    assert not (room / "a.png").exists()
