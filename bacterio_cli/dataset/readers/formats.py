"""Which shape a text has, by its content; and its reading."""

import re
from collections.abc import Callable
from functools import partial

from bacterio_cli.dataset.readers import FORMATS, genera, json_records, tables, words
from bacterio_cli.dataset.readers.files import Watch
from bacterio_cli.dataset.readers.records import LEARNED, Reading
from bacterio_cli.dataset.readers.text_files import Text, opened
from bacterio_cli.errors import InputError, UsageError


def read(
    source: str,
    *,
    input_format: str | None = None,
    column: str | None = None,
    encoding: str | None = None,
    profile: str | None = None,
    watch: Watch | None = None,
) -> Reading:
    """All that a file holds, or standard input for `-`, in the shape that its content shows.

    `input_format` insists on one of FORMATS; `column` is the name or number of a table's column; with the `profile`
    any, the lines of a plain list may be of several words. Raises FileError, InputError for a text that is not what it
    should be, UsageError for words that mean nothing.
    """
    if input_format not in (None, *FORMATS):
        raise UsageError(f"--input-format {input_format}: no such format; it is one of {', '.join(FORMATS)}")
    if column is not None and input_format not in (None, "table"):
        raise UsageError(f"--column is for tables, and --input-format {input_format} has its own; leave one out")
    if column is not None and re.fullmatch("-[0-9]+|0*", column.strip()):
        raise UsageError(f"--column {column!r} is neither a name nor a number from 1")
    plain = words.lines if input_format == "lines" else partial(words.read, blanks=profile == "any")
    table = tables.read if column is None else partial(tables.column, wanted=column.strip())
    shapes: dict[str, Callable[[Text], Reading | None]]
    shapes = {"json": json_records.read, "table": table, "lineages": genera.read_lineages, "lines": plain}
    asked = "table" if column is not None else input_format
    with opened(source, encoding, watch=watch) as text:
        for name in [asked] if asked else FORMATS:
            if found := shapes[name](text):
                break
        else:
            what = f"is not in the format {input_format}: it has not {FORMATS[str(input_format)]}"
            raise InputError(text.where, what, "leave out --input-format")
        if not found.entries and name != "lines":
            remedy = (
                "give the whole table, or choose a column with --column NAME or N"
                if name == "table"
                else "give another file"
            )
            raise InputError(text.where, f"{found.label}, but without any genus", remedy)
        return found._replace(
            notes=(*text.notes, *found.notes),
            source=text.where,
            format=name,
            encoding=text.encoding,
            date=max(text.dates, default=None),
            insisted=input_format is not None,
        )


def describe(reading: Reading) -> str:
    """What a source was taken for: 'lpsn.csv: LPSN genus and species rows, UTF-8, 1,234 names'."""
    count = sum(entry.kind in LEARNED for entry in reading.entries)
    notes = "".join(f"; {note}" for note in reading.notes)
    return f"{reading.source}: {reading.label}, {reading.encoding}, {count:,} name{'s' * (count != 1)}{notes}"
