"""Which shape a text has, by its content; and its reading."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from bacterio_cli.dataset.readers import FORMATS, json_records, lineages, ncbi, tables, words
from bacterio_cli.dataset.readers.records import LEARNED, Reading, newest_date
from bacterio_cli.dataset.readers.text_files import lines_of, read_text, source_name
from bacterio_cli.errors import InputError, UsageError

# What --input-format can insist on, in the order in which it is tried, and what a text in that shape has.
# Joiners mean something in Persian or Hindi, and nothing between Latin letters.
INVISIBLE = re.compile(
    "[\xad\u180e\u200b\u200e\u200f\u2060]|(?<=[A-Za-z])[\u200c\u200d]|[\u200c\u200d](?=[A-Za-z])|[\xa0\u2007\u202f]"
)


def read(
    source: str,
    *,
    input_format: str | None = None,
    column: str | None = None,
    encoding: str | None = None,
    profile: str | None = None,
) -> Reading:
    """All that a file holds, or standard input for `-`, in the shape that its content shows.

    `input_format` insists on one of FORMATS; `column` is the name or number of a table's column; with the `profile`
    any, the lines of a plain list may be of several words. Raises FileError, InputError for a text that is not what it
    should be, UsageError for words that mean nothing.
    """
    refuse_words(input_format, column)
    where = source_name(source)
    text, label, member = read_text(source, encoding)
    text, removed = visible(text)
    lines = lines_of(text)
    shapes: dict[str, Callable[[], Reading | None]] = {
        "json": lambda: json_records.read("\n".join(lines), where),
        "ncbi": lambda: ncbi.read(lines, source, member),
        "table": lambda: None if lines[0].startswith(">") else tables.read(lines, where),
        "lineages": lambda: lineages.read(lines, where),
        "lines": lambda: words.read(lines, where, blanks=profile == "any"),
    }
    if column is not None:
        shapes = {"table": lambda: tables.column(lines, column.strip(), where)}
    elif input_format == "lines":
        shapes = {"lines": lambda: Reading(words.entries_of(lines))}
    elif input_format:
        shapes = {input_format: shapes[input_format]}
    tried = ((name, shape()) for name, shape in shapes.items())
    name, found = next((pair for pair in tried if pair[1]), ("", None))
    if found is None:
        what = f"is not in the format {input_format}: it has not {FORMATS[str(input_format)]}"
        raise InputError(where, what, "leave out --input-format")
    if not found.entries and name != "lines":
        raise InputError(where, f"{found.label}, but without any genus", "give another file")
    notes = (*removed, *found.notes, *([f"from {member}"] if member else []))
    found = found._replace(source=where, format=name, encoding=label, date=newest_date(lines))
    return found._replace(notes=notes, insisted=input_format is not None)


def refuse_words(input_format: str | None, column: str | None) -> None:
    """UsageError for a format that is unknown, or does not go with the column."""
    if input_format is not None and input_format not in FORMATS:
        raise UsageError(f"--input-format {input_format}: no such format; it is one of {', '.join(FORMATS)}")
    if column is not None and input_format not in (None, "table"):
        raise UsageError(f"--column is for tables, and --input-format {input_format} has its own; leave one out")
    number = re.fullmatch("-?[0-9]+", column.strip()) if column is not None else None
    if column is not None and (not column.strip() or (number and not 0 < int(number[0][:9]) < 10**6)):
        raise UsageError(f"--column {column!r} is neither a name nor a number from 1")


def visible(text: str) -> tuple[str, tuple[str, ...]]:
    """The text without invisible characters, no-break spaces made spaces, and a note of which there were."""
    found = [] if text.isascii() else INVISIBLE.findall(text)
    if not found:
        return text, ()
    text = INVISIBLE.sub(lambda match: " " if match[0].isspace() else "", text)
    kinds = ", ".join(unicodedata.name(mark, "").lower() for mark in dict.fromkeys(found))
    return text, (f"{len(found):,} invisible character{'s' * (len(found) != 1)} removed ({kinds})",)


def describe(reading: Reading) -> str:
    """What a source was taken for: 'lpsn.csv: LPSN genus and species rows, UTF-8, 1,234 names'."""
    count = sum(entry.kind in LEARNED for entry in reading.entries)
    notes = "".join(f"; {note}" for note in reading.notes)
    return f"{reading.source}: {reading.label}, {reading.encoding}, {count:,} name{'s' * (count != 1)}{notes}"
