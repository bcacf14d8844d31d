"""`trace --plot`: the net unrolled over one name, a column per step, with what flows forward and back on its arrows."""

import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from bacterio_cli.cli import plots, tables
from bacterio_cli.trace.bptt import NEXTS, Trace, norm

FORWARD, BACKWARD = "#2b7bba", "#c05a20"
MEANT = {FORWARD: "→ ↑ forward: norms of a and c", BACKWARD: "← ↓ backward: norms of ∂L/∂, L the mean over the steps"}
CELL, GAP, RISE, MARGIN, TOP = 104, 96, 48, 16, 66  # points: a cell, between cells, between layers, around, heading
LEAST, MOST, HEAD = 0.8, 9.0, 7.0  # widths of arrows, and how much wider their heads are
OUTLINE: dict[str, Any] = {"align": "edge", "fill": False, "edgecolor": "0.5", "linewidth": 0.8}
DECADES = 3  # from the least width to the greatest


def draw_unrolled(path: Path, found: Trace, letters: tuple[str, ...]) -> None:
    """Write the picture. Raises FileError."""
    drawing, model = Unrolled(found, letters), found.model
    title = f"{found.name}: {model.cell}, {model.layers} × {model.n_a} units"
    title += f", BPTT cut every {found.truncate} letters" if found.truncate else ""
    with plots.sheet(path, drawing.height / 72, title, width=drawing.width / 72) as figure:
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, drawing.width), ylim=(drawing.height, 0))
        axes.set_axis_off()
        drawing.draw(axes)


class Unrolled:
    """The unrolled net of a trace, on axes in points whose y goes down; its numbers are norms."""

    def __init__(self, found: Trace, letters: tuple[str, ...]) -> None:
        self.steps, self.letters, self.layers = found.steps, letters, found.model.layers
        self.states = found.model.cells[0].state_names
        back = found.cut or found.back
        self.norms = [replace(found, back=back, cut=None).norms(step.t) for step in found.steps]
        states = (f"{k}.{symbol}" for k in range(self.layers) for symbol in self.states)
        self.norms.append(dict(zip(states, map(norm, found.start), strict=True)))  # at t = −1
        forward = [value for own in self.norms for key, value in own.items() if key.endswith((".a", ".c"))]
        backward = [own[key] for own, step in zip(self.norms[:-1], back.steps, strict=True) for key in step]
        self.largest = {FORWARD: max(forward), BACKWARD: max(backward)}
        bands = math.ceil(len(found.steps) / 8)  # columns side by side; what follows stands below
        self.columns = math.ceil(len(found.steps) / bands)
        self.tall = 60 * len(self.states) + 8  # a cell
        self.band = self.layers * (self.tall + RISE) + 150
        self.width, self.height = max(560, 2 * MARGIN + GAP + self.columns * (CELL + GAP)), TOP + bands * self.band

    def draw(self, axes: Any) -> None:
        """All steps, as many side by side as there is room for, and what the arrows mean above them."""
        self.axes, self.text = axes, partial(axes.text, ha="center")
        for y, (colour, what) in zip((40, 54), MEANT.items(), strict=True):
            widths = f"widths: {DECADES} decades, full at {tables.short(self.largest[colour])}"
            self.text(MARGIN, y, f"{what}; {widths}", ha="left", color=colour)
        for t in range(len(self.steps)):
            band, column = divmod(t, self.columns)
            x, y = MARGIN + GAP + column * (CELL + GAP), TOP + band * self.band
            if column == 0:
                self.between(t - 1, x - GAP, y)
            self.column(t, x, y)
            self.between(t, x + CELL, y)

    def column(self, t: int, x: float, y: float) -> None:
        """Step t, from 0, with its left edge at x: from the letter to come at y down to the letter read."""
        step, norms, up, down = self.steps[t], self.norms[t], x + CELL / 2 - 26, x + CELL / 2 + 26
        self.text(x + CELL / 2, y + 12, f"y = {plots.letter_shown(self.letters[step.y])}", fontsize=12)
        self.falling(down, y + 18, y + 54, "dz_y", norms["dz_y"])
        self.axes.bar(x, 24, CELL, y + 54, **OUTLINE)
        self.text(x + CELL / 2, y + 70, f"P(y) = {step.vectors['y_hat'][step.y]:.4f}")
        for k in reversed(range(self.layers)):
            top = self.top_of(k, y)
            self.arrow(up, top, 0, -RISE, norms[f"{k}.a"], FORWARD)
            self.falling(down, top - RISE, top, "da", norms[f"{k}.da"])
            self.axes.bar(x, self.tall, CELL, top, **OUTLINE)
            self.text(x + 8, top + 15, f"layer {k}", ha="left")
            self.falling(down, top, top + self.tall, "dz", norms[f"{k}.dz"], inside=True)
        bottom = self.top_of(0, y) + self.tall
        self.arrow(up, bottom + 34, 0, -34, 0.0, FORWARD)
        self.text(x + CELL / 2, bottom + 42, f"x = {plots.letter_shown(self.letters[step.x])}", fontsize=12)
        self.text(x + CELL / 2, bottom + 56, f"t = {step.t}")

    def between(self, t: int, x: float, y: float) -> None:
        """What passes between the cells of step t, from 0, and the next: a (and c) on, dh_next (and dc_next) back."""
        for k in range(self.layers):
            for s, (symbol, back) in enumerate(zip(self.states, NEXTS, strict=False)):
                at = self.top_of(k, y) + 24 + 60 * s
                value = self.norms[t][f"{k}.{symbol}"]
                self.arrow(x, at, GAP, 0, value, FORWARD)
                self.text(x + GAP / 2, at - 9, f"‖{symbol}{'_0' * (t < 0)}‖ {tables.short(value)}", color=FORWARD)
                if t >= 0:
                    value = self.norms[t][f"{k}.{back}"]
                    self.arrow(x + GAP, at + 18, -GAP, 0, value, BACKWARD)
                    self.text(x + GAP / 2, at + 34, f"‖{back}‖ {tables.short(value)}", color=BACKWARD)

    def top_of(self, k: int, y: float) -> float:
        """Where the cells of layer k begin in the band at y; the output is above the last layer."""
        return y + 78 + RISE + (self.layers - 1 - k) * (self.tall + RISE)

    def falling(self, x: float, y: float, end: float, symbol: str, value: float, *, inside: bool = False) -> None:
        """A backward arrow downwards, its norm at its right, or inside a cell at its left."""
        self.arrow(x, y, 0, end - y, value, BACKWARD)
        at, side = (x - 12, "right") if inside else (x + 12, "left")
        self.text(at, (y + end) / 2 + 4, f"‖{symbol}‖ {tables.short(value)}", ha=side, color=BACKWARD)

    def arrow(self, x: float, y: float, along: float, down: float, value: float, colour: str) -> None:
        """An arrow as wide as its value is large among those of its colour, by its logarithm: gradients span decades."""
        share = max(0.0, 1 + math.log10(value / self.largest[colour]) / DECADES) if value else 0.0
        width = LEAST + (MOST - LEAST) * share
        head: dict[str, Any] = {"head_width": width + HEAD, "head_length": 0.7 * (width + HEAD), "linewidth": 0}
        self.axes.arrow(x, y, along, down, width=width, length_includes_head=True, color=colour, **head)
