"""Which shape a text has, by its content, and its reading."""

import re
from collections.abc import Callable
from functools import partial

from bacterio_cli.dataset.readers import FORMATS, json_records, plain_lists, tables
from bacterio_cli.dataset.readers.genera import read_lineages
from bacterio_cli.dataset.readers.sources import LEARNED, Reading
from bacterio_cli.dataset.readers.text_files import Text, Watch, opened
from bacterio_cli.errors import InputError, refuse


def read(
    source: str,
    *,
    input_format: str | None = None,
    column: str | None = None,
    encoding: str | None = None,
    profile: str | None = None,
    any_lines: bool = False,
    watch: Watch | None = None,
) -> Reading:
    """All that a file holds, or standard input for `-`, in the shape that its content shows.

    `input_format` insists on one of FORMATS; `column` is the name or number of a table's column; with the `profile`
    any, the lines of a plain list may be of several words, with `any_lines` whatever they like. Raises FileError,
    InputError for a text that is not what it should be, UsageError for words that mean nothing.
    """
    known, asked = ", ".join(FORMATS), input_format if column is None else "table"
    wanted = "1" if column is None else column.strip()
    refuse(
        (not source, "the name of a list is empty; name a file"),
        (input_format not in (None, *FORMATS), f"--input-format {input_format}: no such format; it is one of {known}"),
        (input_format not in (None, asked), f"--column is for tables, and not for --input-format {input_format}"),
        (re.fullmatch("-[0-9]+|0*", wanted), f"--column {column!r} is neither a name nor a number from 1"),
    )
    shapes: dict[str, Callable[[Text], Reading | None]] = {
        "json": json_records.read,
        "table": tables.read if column is None else partial(tables.column, wanted=wanted),
        "lineages": read_lineages,
        "lines": plain_lists.lines if asked == "lines" else partial(plain_lists.read, blanks=profile == "any"),
    }
    with opened(source, encoding, watch=watch) as text:
        for name in [asked] if asked else FORMATS:
            try:
                found = shapes[name](text)
            except InputError:
                if not any_lines:
                    raise
                found = plain_lists.lines(text)
            if found:
                break
        else:
            what = f"is not in the format {name}: it has not {FORMATS[name]}"
            raise InputError(text.where, what, "leave out --input-format")
        if name != "lines" and all(entry.kind == "species" for entry in found.entries):
            what = f"{found.label}, but without any {'genus' if found.taxonomic else 'name'}"
            raise InputError(text.where, what, "give the whole table, or choose a column with --column NAME or N")
        found = found._replace(format=name, insisted=input_format is not None, notes=(*text.notes, *found.notes))
        return found._replace(source=text.where, encoding=text.encoding, date=max(text.dates, default=None))


def describe(reading: Reading) -> str:
    """What a source was taken for: 'lpsn.csv: LPSN genus and species rows, UTF-8, 1,234 names'."""
    count = sum(entry.kind in LEARNED for entry in reading.entries)
    notes = "".join(f"; {note}" for note in reading.notes)
    return f"{reading.source}: {reading.label}, {reading.encoding}, {count:,} name{'s' * (count != 1)}{notes}"
