"""Plain lists: a name a line, `#` comments."""

from __future__ import annotations

from collections.abc import Iterable

from bacterio_cli.dataset.readers.records import Entry


def entries(lines: Iterable[str]) -> list[Entry]:
    """Each line that is neither blank nor a comment, outer blanks removed."""
    stripped = enumerate(map(str.strip, lines), 1)
    return [Entry(number, text) for number, text in stripped if text and text[0] != "#"]
