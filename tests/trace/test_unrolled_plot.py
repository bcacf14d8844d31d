"""`trace --plot`: the drawing of the unrolled net, read back from its SVG."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from support.builders import random_params
from support.processes import inside, small_model
from support.svg import SVG, texts

from bacterio_cli.cli.tables import short
from bacterio_cli.cli.unrolled_plot import BACKWARD, FORWARD, LEAST, MOST, PLAIN, Unrolled
from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.nn.models import CharRNN
from bacterio_cli.trace.bptt import Trace, norm, trace

LETTERS = "&<ab"


def drawing(name: str, cell: str = "lstm", truncate: int | None = None) -> tuple[Trace, ET.Element]:
    """A trace of two layers, and its drawing as parsed XML."""
    model = CharRNN(5, 3, 4, 2, cell)
    params = random_params(model, np.random.default_rng(3))
    found = trace(model, params, Vocabulary(LETTERS, False), name, truncate=truncate)
    return found, ET.fromstring(Unrolled(found, ("$", *LETTERS)).document(name, truncate))


def width_of(arrow: ET.Element) -> float:
    """How wide its shaft is: its ends are the first and the last corner."""
    (x, y), *_, (end_x, end_y) = (map(float, point.split(",")) for point in arrow.get("points", "").split())
    return abs(x - end_x) + abs(y - end_y)


@pytest.mark.parametrize(("cell", "truncate"), [("rnn", None), ("gru", 2), ("lstm", None)])
def test_arrows_bear_the_norms_of_this_name(cell: str, truncate: int | None) -> None:
    """Each norm of each step and layer stands once; widths are in proportion, and of gradients by their logarithm."""
    found, picture = drawing("ab<&a", cell, truncate)
    back, states = found.cut or found.back, found.model.cells[0].states
    forward = [norm(kept[s]) for step in found.steps for kept in step.kept for s in ("a", "c")[:states]]
    backward = [norm(d) for here in back.steps for d in here.values()]
    wanted = Counter(f"‖{symbol.split('.')[-1]}‖ {short(norm(d))}" for here in back.steps for symbol, d in here.items())
    for step in found.steps:
        wanted += Counter(f"‖{s}‖ {short(norm(kept[s]))}" for kept in step.kept for s in ("a", "c")[:states])
    wanted += Counter({"‖a_0‖ 0": 2, **({"‖c_0‖ 0": 2} if states == 2 else {})})
    said = [str(text.text) for text in picture.iter(f"{SVG}text")]
    assert Counter(text for text in said if "‖" in text and "L/" not in text) == wanted
    groups = {group.get("fill"): group for group in picture.iter(f"{SVG}g")}
    widths = {colour: [width_of(arrow) for arrow in group.iter(f"{SVG}polygon")] for colour, group in groups.items()}
    above = [v for v in backward if v]
    decades = max(2, int(np.ceil(np.log10(max(above) / min(above)))))
    shares = [1 + np.log10(v / max(above)) / decades if v else 0 for v in backward]
    assert sorted(widths[BACKWARD]) == pytest.approx(sorted(LEAST + (MOST - LEAST) * s for s in shares), abs=0.11)
    up = [norm(kept["a"]) for step in found.steps for kept in step.kept]
    shares = [v / max(forward) for v in forward + up] + [0.0] * (2 * states + len(found.steps))
    assert sorted(widths[FORWARD]) == pytest.approx(sorted(LEAST + (MOST - LEAST) * s for s in shares), abs=0.11)


def test_letters_are_escaped_and_in_their_columns() -> None:
    """Below each column stands the letter read, above it the one to come, whatever XML makes of them."""
    found, picture = drawing("<&ab")
    said = [(str(t.text), t.get("x")) for t in picture.iter(f"{SVG}text")]
    for step, (read, to_come) in zip(found.steps, [*zip("$<&ab", "<&ab$", strict=True)], strict=True):
        (at,) = [x for text, x in said if text == f"t = {step.t}"]
        shown = [text for text, x in said if x == at and text[:4] in ("x = ", "y = ")]
        assert shown == [f"y = {to_come}", f"x = {read}"]


@pytest.mark.parametrize("letters", [1, 7, 8, 60])
def test_long_names_go_on_below(letters: int) -> None:
    """At most eight columns stand side by side, as many in each line; nothing leaves the picture or hides a text."""
    _, picture = drawing("ab<" * (letters // 3) + "a" * (letters % 3))
    lines = Counter(text.get("y") for text in picture.iter(f"{SVG}text") if str(text.text).startswith("t = "))
    assert lines.total() == letters + 1
    assert max(lines.values()) <= 8
    assert len(lines) == -(-(letters + 1) // 8)
    width, height = float(picture.get("width", "")), float(picture.get("height", ""))
    boxes = []
    for text in picture.iter(f"{SVG}text"):
        size, x, y = (float(text.get(key, "")) for key in ("font-size", "x", "y"))
        wide = 0.6 * size * len(str(text.text))
        left = x - wide * {"start": 0, "middle": 0.5, "end": 1}[text.get("text-anchor", "")]
        boxes.append((left, left + wide, y - 0.75 * size, y))
    assert all(left >= 0 and right <= width and top >= 0 and foot <= height for left, right, top, foot in boxes)
    for k, (left, right, top, foot) in enumerate(boxes):
        hidden = [b for b in boxes[k + 1 :] if b[0] < right and left < b[1] and b[2] < foot and top < b[3]]
        assert hidden == []


@pytest.mark.parametrize("colour", [FORWARD, BACKWARD, PLAIN])
def test_colours_are_seen_on_white_and_on_black(colour: str) -> None:
    """The contrast (WCAG 2.1) with either background is 4.4 at least."""
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b
    assert min(1.05 / (luminance + 0.05), (luminance + 0.05) / 0.05) >= 4.4


def test_plot_is_written_beside_the_page(tmp_path: Path) -> None:
    """--plot says where it drew, changes nothing on stdout, and is the same bytes the next time."""
    small_model().save(tmp_path / "m.npz")
    words = ("trace", "Borixa", "-c", "m.npz")
    result = inside(*words, "--plot", "p.svg", "--truncate", 3, cwd=tmp_path)
    assert (result.code, result.stderr) == (0, "bacterio: drawn to p.svg\n")
    assert result.stdout == inside(*words, "--truncate", 3, cwd=tmp_path).stdout
    assert "Borixa: gru, 1 layer of 16 units, BPTT cut every 3 letters" in texts(tmp_path / "p.svg")
    first = (tmp_path / "p.svg").read_bytes()
    inside(*words, "--plot", "p.svg", "--truncate", 3, cwd=tmp_path)
    assert (tmp_path / "p.svg").read_bytes() == first
