"""`trace --plot`: the net unrolled over one name, as SVG, with what flows forward and what comes back on its arrows.

A column per step: the letter read, a cell per layer, the output, the letter to come. Nothing is needed to draw it.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bacterio_cli.cli.plots import LONGEST_HEADING, SVG_SIGNATURE, letter_shown, shown
from bacterio_cli.cli.tables import LogScale, short

if TYPE_CHECKING:
    from bacterio_cli.trace.bptt import Trace

FORWARD, BACKWARD, PLAIN = "#2b7bba", "#c05a20", "#767676"  # seen on white and on black: contrast 4.4 and more
MOST_COLUMNS = 8  # side by side; what follows stands below
CELL, GAP, RISE, MARGIN, TOP = 104, 96, 48, 16, 66  # pixels: a cell, between cells, between layers, around, heading
GRADIENTS = ("dz_y", "da", "dz", "dh_next", "dc_next")  # that have arrows
LEAST, MOST = 0.8, 9.0  # widths of arrows


def draw_unrolled(path: Path, found: Trace, name: str, letters: Sequence[str], truncate: int | None) -> None:
    """Write the picture. Raises FileError."""
    from bacterio_cli.checkpoint.atomic_write import atomic_write

    with atomic_write(path, option="--plot") as file:
        file.write(Unrolled(found, letters).document(name, truncate).encode())


class Unrolled:
    """The unrolled net of a trace: shapes and texts by colour, each a piece of SVG.

    The numbers are norms. Forward arrows are as wide as ‖a‖ or ‖c‖ of the largest; gradients span decades, so that the
    width of backward arrows is logarithmic, and a hairline at the smallest and at 0.
    """

    def __init__(self, found: Trace, letters: Sequence[str]) -> None:
        from bacterio_cli.trace.bptt import norm

        self.found, self.letters, self.model = found, letters, found.model
        self.pieces: dict[str, list[str]] = {FORWARD: [], BACKWARD: [], PLAIN: []}
        self.states = ("a", "c")[: self.model.cells[0].states]
        self.tall = 60 * len(self.states) + 8  # a cell
        drawn = replace(found, back=found.cut or found.back, cut=None)
        self.forward = [
            {f"{k}.{s}": norm(kept[s]) for k, kept in enumerate(step.kept) for s in self.states} for step in found.steps
        ]
        self.backward = [
            {key: value for key, value in drawn.norms(step.t).items() if key.rpartition(".")[2] in GRADIENTS}
            for step in found.steps
        ]
        self.largest = max(value for norms in self.forward for value in norms.values()) or 1.0
        self.scale = LogScale([value for norms in self.backward for value in norms.values()])

    def document(self, name: str, truncate: int | None) -> str:
        """The whole picture."""
        T, layers = len(self.found.steps), self.model.layers
        bands = math.ceil(T / MOST_COLUMNS)
        columns = math.ceil(T / bands)
        tall = layers * (self.tall + RISE) + 150
        width, height = max(560, 2 * MARGIN + GAP + columns * (CELL + GAP)), TOP + bands * tall
        cut = f", BPTT cut every {truncate} letters" if truncate else ""
        units = f"{layers} {'layer' if layers == 1 else 'layers'} of {self.model.n_a} units"
        title = f"{shown(name, LONGEST_HEADING)}: {self.model.cell}, {units}{cut}"
        forward = f"→ ↑ forward: numbers are norms, widths in proportion, full at {short(self.largest)}"
        backward = f"← ↓ backward: norms of ∂L/∂, L the mean over the steps; widths: {self.scale.legend}"
        self.text(MARGIN, 20, title, anchor="start", size=13)
        self.text(MARGIN, 38, forward, FORWARD, anchor="start")
        self.text(MARGIN, 54, backward, BACKWARD, anchor="start")
        for t in range(T):
            band, column = divmod(t, columns)
            x, y = MARGIN + GAP + column * (CELL + GAP), TOP + band * tall
            if column == 0:
                self.between(t - 1, x - GAP, y)
            self.column(t, x, y)
            self.between(t, x + CELL, y)
        groups = "\n".join(
            f'<g fill="{colour}">\n' + "\n".join(pieces) + "\n</g>" for colour, pieces in self.pieces.items()
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="DejaVu Sans, Verdana, sans-serif">\n'
            f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">{SVG_SIGNATURE}</metadata>\n{groups}\n</svg>\n'
        )

    def column(self, t: int, x: float, y: float) -> None:
        """Step t, from 0, with its left edge at x: from the letter to come at y down to the letter read."""
        step, middle = self.found.steps[t], x + CELL / 2
        up, down = middle - 26, middle + 26
        self.text(middle, y + 12, f"y = {letter_shown(self.letters[step.y])}", size=13)
        self.falling(down, y + 18, y + 54, "dz_y", self.backward[t]["dz_y"])
        self.box(x, y + 54, 24)
        self.text(middle, y + 70, f"P(y) = {step.y_hat[step.y]:.4f}")
        for k in reversed(range(self.model.layers)):
            top = self.top_of(k, y)
            self.arrow(up, top, up, top - RISE, self.forward_width(self.forward[t][f"{k}.a"]), FORWARD)
            self.falling(down, top - RISE, top, "da", self.backward[t][f"{k}.da"])
            self.box(x, top, self.tall)
            self.text(x + 8, top + 15, f"layer {k}", anchor="start")
            self.falling(down, top, top + self.tall, "dz", self.backward[t][f"{k}.dz"], inside=True)
        bottom = self.top_of(0, y) + self.tall
        self.arrow(up, bottom + 34, up, bottom, LEAST, FORWARD)
        self.text(middle, bottom + 40, f"x = {letter_shown(self.letters[step.x])}", size=13)
        self.text(middle, bottom + 55, f"t = {step.t}")

    def between(self, t: int, x: float, y: float) -> None:
        """What passes between the cells of step t, from 0, and the next: a (and c) on, dh_next (and dc_next) back."""
        for k in range(self.model.layers):
            top = self.top_of(k, y)
            for s, symbol in enumerate(self.states):
                value = self.forward[t][f"{k}.{symbol}"] if t >= 0 else 0.0
                at = top + 24 + 60 * s
                self.arrow(x, at, x + GAP, at, self.forward_width(value), FORWARD)
                self.text(x + GAP / 2, at - 9, f"‖{symbol if t >= 0 else symbol + '_0'}‖ {short(value)}", FORWARD)
                if t >= 0:
                    back = ("dh_next", "dc_next")[s]
                    d = self.backward[t][f"{k}.{back}"]
                    self.arrow(x + GAP, at + 18, x, at + 18, self.backward_width(d), BACKWARD)
                    self.text(x + GAP / 2, at + 34, f"‖{back}‖ {short(d)}", BACKWARD)

    def top_of(self, k: int, y: float) -> float:
        """Where the cells of layer k begin in the band at y; the output is above the last layer."""
        return y + 78 + RISE + (self.model.layers - 1 - k) * (self.tall + RISE)

    def forward_width(self, value: float) -> float:
        """In proportion to the largest."""
        return LEAST + (MOST - LEAST) * value / self.largest

    def backward_width(self, value: float) -> float:
        """By its logarithm, over the decades there are."""
        return LEAST + (MOST - LEAST) * self.scale.share(value)

    def falling(self, x: float, y: float, end: float, symbol: str, value: float, *, inside: bool = False) -> None:
        """A backward arrow downwards, its norm at its right, or inside a cell at its left."""
        self.arrow(x, y, x, end, self.backward_width(value), BACKWARD)
        label, anchor = f"‖{symbol}‖ {short(value)}", "end" if inside else "start"
        self.text(x - 12 if inside else x + 12, (y + end) / 2 + 4, label, BACKWARD, anchor=anchor)

    def arrow(self, x: float, y: float, end_x: float, end_y: float, width: float, colour: str) -> None:
        """A straight arrow, upright or level."""
        length = abs(end_x - x) + abs(end_y - y)
        along_x, along_y = (end_x - x) / length, (end_y - y) / length
        half, wing = width / 2, width / 2 + 3.5
        neck = length - wing * 1.4
        outline = [(0, half), (neck, half), (neck, wing), (length, 0), (neck, -wing), (neck, -half), (0, -half)]
        points = (f"{x + u * along_x - v * along_y:.1f},{y + u * along_y + v * along_x:.1f}" for u, v in outline)
        self.pieces[colour].append(f'<polygon points="{" ".join(points)}"/>')

    def box(self, x: float, y: float, height: float) -> None:
        """The outline of a cell, or of an output."""
        self.pieces[PLAIN].append(
            f'<rect x="{x}" y="{y}" width="{CELL}" height="{height}" rx="5" fill="none" stroke="{PLAIN}"/>'
        )

    def text(
        self, x: float, y: float, words: str, colour: str = PLAIN, *, anchor: str = "middle", size: int = 10
    ) -> None:
        """A line of text with its baseline at y."""
        self.pieces[colour].append(
            f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}">{html.escape(words)}</text>'
        )
