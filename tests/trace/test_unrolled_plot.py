"""`trace --plot`: the drawing of the unrolled net, read back from its SVG."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from support.builders import random_params
from support.processes import inside, small_model
from support.svg import drawn, texts

from bacterio_cli.cli.tables import short
from bacterio_cli.cli.unrolled_plot import BACKWARD, FORWARD, HEAD, LEAST, MOST, Unrolled
from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.nn.cells import State
from bacterio_cli.nn.models import CharRNN
from bacterio_cli.trace.bptt import Trace, norm, trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LETTERS = "&<ab"
pytestmark = drawn


def drawing(name: str, cell: str = "lstm", truncate: int | None = None, start: State = ()) -> tuple[Trace, Axes]:
    """A trace of two layers, and its drawing."""
    from matplotlib.figure import Figure

    model = CharRNN(5, 3, 4, 2, cell)
    params = random_params(model, np.random.default_rng(3))
    found = trace(model, params, Vocabulary(LETTERS, False), name, truncate=truncate, start=start)
    picture = Unrolled(found, ("$", *LETTERS))
    axes = Figure((picture.width / 72, picture.height / 72)).add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, picture.width), ylim=(picture.height, 0))
    picture.draw(axes)
    return found, axes


def widths(axes: Axes, colour: str) -> list[float]:
    """How wide the shafts of the arrows of a colour are, the narrowest first."""
    from matplotlib.colors import to_hex
    from matplotlib.patches import FancyArrow

    arrows = [patch for patch in axes.patches if isinstance(patch, FancyArrow)]
    heads = [np.ptp(arrow.get_xy(), axis=0).min() for arrow in arrows if to_hex(arrow.get_facecolor()) == colour]
    return sorted(float(head) - HEAD for head in heads)


@pytest.mark.parametrize(("cell", "truncate"), [("rnn", None), ("gru", 2), ("lstm", None)])
def test_arrows_bear_the_norms_of_this_name(cell: str, truncate: int | None) -> None:
    """Each norm of each step and layer stands once; widths are logarithmic."""
    found, axes = drawing("ab<&a", cell, truncate)
    back, states = found.cut or found.back, len(found.model.cells[0].state_names)
    kept = [(s, norm(step.vectors[f"{k}.{s}"])) for step in found.steps for k in (0, 1) for s in ("a", "c")[:states]]
    forward, up = [value for _, value in kept], [value for s, value in kept if s == "a"]
    backward = [norm(d) for here in back.steps for d in here.values()]
    wanted = Counter(f"‖{symbol.split('.')[-1]}‖ {short(norm(d))}" for here in back.steps for symbol, d in here.items())
    wanted += Counter(f"‖{s}‖ {short(value)}" for s, value in kept)
    wanted += Counter({"‖a_0‖ 0": 2, **({"‖c_0‖ 0": 2} if states == 2 else {})})
    said = [text.get_text() for text in axes.texts]
    assert Counter(text for text in said if "‖" in text and "L/" not in text) == wanted

    def width(values: list[float], largest: float) -> list[float]:
        """How wide arrows of these values are: three decades below the largest and at 0 a hairline."""
        shares = [max(0, 1 + np.log10(value / largest) / 3) if value else 0 for value in values]
        return sorted(LEAST + (MOST - LEAST) * share for share in shares)

    assert widths(axes, BACKWARD) == pytest.approx(width(backward, max(backward)), abs=0.001)
    nothing = [0.0] * (2 * states + len(found.steps))
    assert widths(axes, FORWARD) == pytest.approx(width(forward + up + nothing, max(forward)), abs=0.001)


def test_the_state_that_a_name_begins_from_has_its_norm() -> None:
    """A net that was trained on a text begins in a state other than zeros, and the first arrows bear it."""
    found, axes = drawing("ab", "lstm", start=tuple(np.full((1, 4), 0.5 * k) for k in (1, 2, 3, 4)))
    said = [text.get_text() for text in axes.texts if "_0‖" in text.get_text()]
    assert said == ["‖a_0‖ 1.0000", "‖c_0‖ 2.0000", "‖a_0‖ 3.0000", "‖c_0‖ 4.0000"]
    assert max(widths(axes, FORWARD)) == pytest.approx(MOST, abs=0.001)
    assert [norm(s) for s in found.start] == [1, 2, 3, 4]


def test_letters_stand_in_their_columns() -> None:
    """Below each column stands the letter read, above it the one to come."""
    found, axes = drawing("<&ab")
    said = [(text.get_text(), text.get_position()[0]) for text in axes.texts]
    for step, (read, to_come) in zip(found.steps, [*zip("$<&ab", "<&ab$", strict=True)], strict=True):
        (at,) = [x for text, x in said if text == f"t = {step.t}"]
        shown = [text for text, x in said if x == at and text[:4] in ("x = ", "y = ")]
        assert shown == [f"y = {to_come}", f"x = {read}"]


@pytest.mark.parametrize("letters", [1, 7, 8, 60])
def test_long_names_go_on_below(letters: int) -> None:
    """At most eight columns stand side by side, as many in each line; nothing leaves the picture or hides a text."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    _, axes = drawing("ab<" * (letters // 3) + "a" * (letters % 3))
    lines = Counter(text.get_position()[1] for text in axes.texts if text.get_text().startswith("t = "))
    assert lines.total() == letters + 1
    assert max(lines.values()) <= 8
    assert len(lines) == -(-(letters + 1) // 8)
    renderer = FigureCanvasAgg(axes.get_figure(root=True)).get_renderer()
    boxes = [text.get_window_extent(renderer) for text in axes.texts]
    assert all(axes.bbox.contains(*corner) for box in boxes for corner in (box.min, box.max))
    for k, box in enumerate(boxes):
        assert box.count_overlaps(boxes[k + 1 :]) == 0


def test_plot_is_written_beside_the_page(tmp_path: Path) -> None:
    """--plot says where it drew, changes nothing on stdout, and is the same bytes the next time."""
    small_model().save(tmp_path / "m.npz")
    words = ("trace", "Borixa", "-c", "m.npz")
    result = inside(*words, "--plot", "p.svg", "--truncate", 3, cwd=tmp_path)
    assert (result.code, result.stderr) == (0, "bacterio: drawn to p.svg\n")
    assert result.stdout == inside(*words, "--truncate", 3, cwd=tmp_path).stdout
    assert "Borixa: gru, 1 × 16 units, BPTT cut every 3 letters" in texts(tmp_path / "p.svg")
    first = (tmp_path / "p.svg").read_bytes()
    inside(*words, "--plot", "p.svg", "--truncate", 3, cwd=tmp_path)
    assert (tmp_path / "p.svg").read_bytes() == first
