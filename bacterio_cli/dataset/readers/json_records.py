"""JSON and JSON Lines: every object is a row, and its keys are the columns."""

from __future__ import annotations

import json
import re
from typing import Any

from bacterio_cli.dataset import MOST_ENTRIES
from bacterio_cli.dataset.readers import tables
from bacterio_cli.dataset.readers.lineages import gather
from bacterio_cli.dataset.readers.records import Entry, Reading
from bacterio_cli.dataset.readers.sources import SOURCES
from bacterio_cli.dataset.readers.text_files import Text
from bacterio_cli.errors import InputError

BEGINS = re.compile(r"(?:\{\s*[\"}]|\[\s*[\[{\"])")
STRING = re.compile(r'"((?:[^"\\]++|\\.)*+)"')
LARGEST = 2**24  # bytes: all of it is held in memory


def parse(lines: list[str], where: str) -> Any:
    """The value of a JSON text, or a list of those of its lines; InputError if these are too many, or damaged."""
    text = "\n".join(lines)
    if sum(map(text.count, ",[{")) > MOST_ENTRIES:
        raise InputError(where, f"is JSON of more than {MOST_ENTRIES:,} values", "make it a table or a plain list")
    errors: list[Exception] = []
    for load in (lambda: json.loads(text), lambda: [json.loads(line) for line in lines if line.strip()]):
        try:
            return load()
        except (ValueError, RecursionError) as error:
            errors.append(error)
    if any(isinstance(error, RecursionError) for error in errors):
        raise InputError(where, "is JSON that is nested too deeply", "make it a table or a plain list")
    if not all(isinstance(error, json.JSONDecodeError) for error in errors):
        raise InputError(where, "is JSON with a number that is too large", "put it in quotes, or leave it out")
    place = next(f":{error.lineno}" for error in errors if isinstance(error, json.JSONDecodeError))
    raise InputError(where + place, "is JSON that is cut off or damaged", "fetch it again")


def read(text: Text) -> Reading | None:
    """The genera of the records that a known source has, or a list of strings; None if the text is no JSON."""
    if not BEGINS.match(text.start):
        return None
    text.largest = min(text.largest, LARGEST)
    lines = list(text.lines(LARGEST))
    value = parse(lines, text.where)
    first: dict[str, int] = {}  # where each string stands first
    for number, line in enumerate(lines, 1):
        for string in STRING.findall(line):
            first.setdefault(string, number)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return Reading([Entry(first.get(item, 1), item) for item in value], "JSON list")
    records, waiting = [], [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            records.append({tables.bare(key): plain(cell) for key, cell in item.items()})
        if isinstance(item, dict | list):
            waiting += reversed(list(item.values() if isinstance(item, dict) else item))
    shapes = {tuple(record) for record in records}
    for source in SOURCES:
        known = {keys: places for keys in shapes if (places := tables.columns_of(source, keys))}
        if not known:
            continue
        placed = ((known[tuple(record)], [*record.values(), ""]) for record in records if tuple(record) in known)
        rows = ([cells[-1 if k is None else k] for k in places] for places, cells in placed)
        found = gather(source, ((first.get(cells[0], 1), cells) for cells in rows), text.where)
        if found.entries:
            return found._replace(label=f"JSON, {found.label}")
    keys = ", ".join(dict.fromkeys(key for record in records for key in record))
    raise InputError(text.where, f"is JSON, but without genera (its keys: {keys[:80]})", "make it a list or a table")


def plain(cell: Any) -> str:
    """A value as a cell of a table: that of an object is its name."""
    value = cell.get("name", "") if isinstance(cell, dict) else cell
    return "" if isinstance(value, dict | list) else str(value)
