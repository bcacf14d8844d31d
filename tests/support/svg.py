"""Pictures read back from their SVG: the texts, bars and lines of each panel."""

from __future__ import annotations

import importlib.util
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import pytest

drawn = pytest.mark.skipif(importlib.util.find_spec("matplotlib") is None, reason="pictures need matplotlib")
SVG = "{http://www.w3.org/2000/svg}"
Point = tuple[float, float]


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
