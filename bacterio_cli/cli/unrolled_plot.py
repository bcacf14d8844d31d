"""`trace --plot`: the net unrolled over one name, with what flows forward and what comes back on its arrows.

A column per step: the letter read, a cell per layer, the output, the letter to come.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bacterio_cli.cli.plots import letter_shown, sheet, shown
from bacterio_cli.cli.tables import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bacterio_cli.trace.bptt import Trace

FORWARD, BACKWARD = "#2b7bba", "#c05a20"
MOST_COLUMNS = 8  # side by side; what follows stands below
CELL, GAP, RISE, MARGIN, TOP = 104, 96, 48, 16, 66  # points: a cell, between cells, between layers, around, heading
GRADIENTS = ("dz_y", ".da", ".dz", ".dh_next", ".dc_next")  # that have arrows
LEAST, MOST, HEAD = 0.8, 9.0, 7.0  # widths of arrows, and how much wider their heads are


def draw_unrolled(path: Path, found: Trace, letters: Sequence[str]) -> None:
    """Write the picture. Raises FileError."""
    drawing, model = Unrolled(found, letters), found.model
    units = f"{model.layers} {'layer' if model.layers == 1 else 'layers'} of {model.n_a} units"
    title = f"{shown(found.name)}: {model.cell}, {units}"
    title += f", BPTT cut every {found.truncate} letters" if found.truncate else ""
    with sheet(path, drawing.height / 72, title, width=drawing.width / 72) as figure:
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, drawing.width), ylim=(drawing.height, 0))
        axes.set_axis_off()
        drawing.draw(axes)


class LogScale:
    """A logarithmic scale for numbers that vanish: of two decades at least, full at the largest."""

    def __init__(self, values: Sequence[float]) -> None:
        above = [value for value in values if value] or [1.0]
        self.top = max(above)
        self.decades = max(2, math.ceil(math.log10(self.top) - math.log10(min(above))))
        self.legend = f"{self.decades} decades, full at {short(self.top)}"

    def share(self, value: float) -> float:
        """How much of the scale the value takes; nothing for 0."""
        return 1 + (math.log10(value) - math.log10(self.top)) / self.decades if value else 0.0


class Unrolled:
    """The unrolled net of a trace, on axes in points whose y goes down.

    The numbers are norms. Forward arrows are as wide as ‖a‖ or ‖c‖ of the largest; gradients span decades, so that the
    width of backward arrows is logarithmic, and a hairline at the smallest and at 0.
    """

    axes: Axes

    def __init__(self, found: Trace, letters: Sequence[str]) -> None:
        self.found, self.letters, self.layers = found, letters, found.model.layers
        self.states = ("a", "c")[: found.model.cells[0].states]
        drawn = replace(found, back=found.cut or found.back, cut=None)
        self.norms = [drawn.norms(step.t) for step in found.steps]
        every = [item for norms in self.norms for item in norms.items()]
        self.largest = max(value for key, value in every if key.endswith((".a", ".c"))) or 1.0
        self.scale = LogScale([value for key, value in every if key.endswith(GRADIENTS)])
        bands = math.ceil(len(found.steps) / MOST_COLUMNS)
        self.columns = math.ceil(len(found.steps) / bands)
        self.tall = 60 * len(self.states) + 8  # a cell
        self.band = self.layers * (self.tall + RISE) + 150
        self.width, self.height = max(560, 2 * MARGIN + GAP + self.columns * (CELL + GAP)), TOP + bands * self.band

    def draw(self, axes: Axes) -> None:
        """All steps, as many side by side as there is room for, and what the arrows mean above them."""
        self.axes = axes
        forward = f"→ ↑ forward: numbers are norms, widths in proportion, full at {short(self.largest)}"
        backward = f"← ↓ backward: norms of ∂L/∂, L the mean over the steps; widths: {self.scale.legend}"
        self.text(MARGIN, 40, forward, ha="left", color=FORWARD)
        self.text(MARGIN, 54, backward, ha="left", color=BACKWARD)
        for t in range(len(self.found.steps)):
            band, column = divmod(t, self.columns)
            x, y = MARGIN + GAP + column * (CELL + GAP), TOP + band * self.band
            if column == 0:
                self.between(t - 1, x - GAP, y)
            self.column(t, x, y)
            self.between(t, x + CELL, y)

    def column(self, t: int, x: float, y: float) -> None:
        """Step t, from 0, with its left edge at x: from the letter to come at y down to the letter read."""
        step, norms, middle = self.found.steps[t], self.norms[t], x + CELL / 2
        up, down = middle - 26, middle + 26
        self.text(middle, y + 12, f"y = {letter_shown(self.letters[step.y])}", fontsize=12)
        self.falling(down, y + 18, y + 54, "dz_y", norms["dz_y"])
        self.box(x, y + 54, 24)
        self.text(middle, y + 70, f"P(y) = {step.vectors['y_hat'][step.y]:.4f}")
        for k in reversed(range(self.layers)):
            top = self.top_of(k, y)
            self.arrow(up, top, 0, -RISE, norms[f"{k}.a"] / self.largest, FORWARD)
            self.falling(down, top - RISE, top, "da", norms[f"{k}.da"])
            self.box(x, top, self.tall)
            self.text(x + 8, top + 15, f"layer {k}", ha="left")
            self.falling(down, top, top + self.tall, "dz", norms[f"{k}.dz"], inside=True)
        bottom = self.top_of(0, y) + self.tall
        self.arrow(up, bottom + 34, 0, -34, 0.0, FORWARD)
        self.text(middle, bottom + 42, f"x = {letter_shown(self.letters[step.x])}", fontsize=12)
        self.text(middle, bottom + 56, f"t = {step.t}")

    def between(self, t: int, x: float, y: float) -> None:
        """What passes between the cells of step t, from 0, and the next: a (and c) on, dh_next (and dc_next) back."""
        norms, begins = self.norms[t], t < 0
        for k in range(self.layers):
            for s, symbol in enumerate(self.states):
                at, value = self.top_of(k, y) + 24 + 60 * s, 0.0 if begins else norms[f"{k}.{symbol}"]
                self.arrow(x, at, GAP, 0, value / self.largest, FORWARD)
                self.text(x + GAP / 2, at - 9, f"‖{symbol}{'_0' * begins}‖ {short(value)}", color=FORWARD)
                if not begins:
                    back = ("dh_next", "dc_next")[s]
                    value = norms[f"{k}.{back}"]
                    self.arrow(x + GAP, at + 18, -GAP, 0, self.scale.share(value), BACKWARD)
                    self.text(x + GAP / 2, at + 34, f"‖{back}‖ {short(value)}", color=BACKWARD)

    def top_of(self, k: int, y: float) -> float:
        """Where the cells of layer k begin in the band at y; the output is above the last layer."""
        return y + 78 + RISE + (self.layers - 1 - k) * (self.tall + RISE)

    def falling(self, x: float, y: float, end: float, symbol: str, value: float, *, inside: bool = False) -> None:
        """A backward arrow downwards, its norm at its right, or inside a cell at its left."""
        self.arrow(x, y, 0, end - y, self.scale.share(value), BACKWARD)
        at, side = (x - 12, "right") if inside else (x + 12, "left")
        self.text(at, (y + end) / 2 + 4, f"‖{symbol}‖ {short(value)}", ha=side, color=BACKWARD)

    def arrow(self, x: float, y: float, along: float, down: float, share: float, colour: str) -> None:
        """An arrow from (x, y), upright or level, of so much of the greatest width."""
        width = LEAST + (MOST - LEAST) * share
        head: dict[str, Any] = {"head_width": width + HEAD, "head_length": 0.7 * (width + HEAD), "linewidth": 0}
        self.axes.arrow(x, y, along, down, width=width, length_includes_head=True, color=colour, **head)

    def box(self, x: float, y: float, height: float) -> None:
        """The outline of a cell, or of an output."""
        self.axes.bar(x, height, CELL, y, align="edge", fill=False, edgecolor="0.5", linewidth=0.8)

    def text(self, x: float, y: float, words: str, *, ha: str = "center", **style: Any) -> None:
        """A line of text with its baseline at y."""
        self.axes.text(x, y, words, ha=ha, **style)
