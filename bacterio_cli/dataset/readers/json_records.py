"""JSON and JSON Lines: every object is a row, and its keys are the columns."""

from __future__ import annotations

import json
import re
from typing import Any

from bacterio_cli.dataset.readers import tables
from bacterio_cli.dataset.readers.records import Entry, Reading
from bacterio_cli.dataset.readers.sources import SOURCES
from bacterio_cli.errors import InputError

BEGINS = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*[\[{\"])")


def parse(text: str, where: str) -> Any:
    """The value of a JSON text, or a list of those of its lines; InputError if it is damaged."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        place = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
    try:
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    except (ValueError, RecursionError):
        raise InputError(where + place, "is JSON that is cut off or damaged", "fetch it again") from None


def read(text: str, where: str) -> Reading | None:
    """The genera of the records that a known source has, or a list of strings; None if the text is no JSON."""
    if not BEGINS.match(text):
        return None
    value = parse(text, where)
    lines: dict[str, int] = {}  # where each string first stands
    for number, line in enumerate(text.split("\n"), 1):
        for string in re.findall(r'"((?:[^"\\]|\\.)*)"', line):
            lines.setdefault(string, number)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return Reading([Entry(lines.get(item, 1), item) for item in value], "JSON list")
    records, waiting = [], [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            records.append({tables.bare(key): cell for key, cell in item.items()})
        if isinstance(item, dict | list):
            waiting += reversed(list(item.values() if isinstance(item, dict) else item))
    for source in SOURCES:
        rows = []
        for record in records:
            if places := tables.columns_of(source, list(record)):
                values = [cell.get("name", "") if isinstance(cell, dict) else cell for cell in record.values()]
                values = ["" if isinstance(cell, dict | list) else str(cell) for cell in values]
                cells = ["" if k is None else values[k] for k in places]
                rows.append((lines.get(cells[0], 1), cells))
        if (found := tables.gather(source, rows)).entries:
            return found._replace(label=f"JSON, {found.label}")
    keys = ", ".join(dict.fromkeys(key for record in records for key in record))
    raise InputError(where, f"is JSON, but without genera (its keys: {keys[:80]})", "make it a list or a table")
