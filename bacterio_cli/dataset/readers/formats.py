"""Which shape a text has, by its content, and its reading; that of JSON, where objects are rows and keys columns."""

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from bacterio_cli.dataset import MOST_ENTRIES
from bacterio_cli.dataset.readers import FORMATS, tables, words
from bacterio_cli.dataset.readers.files import Watch
from bacterio_cli.dataset.readers.genera import choices_of, gather, genus_of, key_of, read_lineages
from bacterio_cli.dataset.readers.records import LEARNED, Entry, Reading
from bacterio_cli.dataset.readers.sources import COLUMNS, GENUS, RANK, STATUS
from bacterio_cli.dataset.readers.text_files import Text, opened
from bacterio_cli.errors import InputError, UsageError

BEGINS = re.compile(r"(?:\{\s*[\"}]|\[\s*[\[{\"])")  # JSON
STRING = re.compile(r'"((?:[^"\\]++|\\.)*+)"')
LARGEST_JSON = 2**24  # bytes: all of it is held in memory


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
    asked = input_format if column is None else "table"
    shapes: dict[str, Callable[[Text], Reading | None]] = {
        "json": read_json,
        "table": tables.read if column is None else partial(tables.column, wanted=column.strip()),
        "lineages": read_lineages,
        "lines": words.lines if asked == "lines" else partial(words.read, blanks=profile == "any"),
    }
    with opened(source, encoding, watch=watch) as text:
        found, name = None, ""
        for name in [asked] if asked else FORMATS:
            if found := shapes[name](text):
                break
        if not found:
            what = f"is not in the format {name}: it has not {FORMATS[name]}"
            raise InputError(text.where, what, "leave out --input-format")
        if not found.entries and name != "lines":
            what = f"{found.label}, but without any {'genus' if found.taxonomic else 'name'}"
            raise InputError(text.where, what, "give the whole table, or choose a column with --column NAME or N")
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


def read_json(text: Text) -> Reading | None:
    """The genera of the records that a known source has, or a list of strings; None if the text is no JSON."""
    if not BEGINS.match(text.start):
        return None
    text.longest = text.file.largest = min(text.file.largest, LARGEST_JSON)
    lines = list(text)
    values = [parse(lines, text.where)]
    numbered = reversed([*enumerate(lines, 1)])  # so that of each string the first line stays
    first = {string: number for number, line in numbered for string in STRING.findall(line)}
    if isinstance(values[0], list) and (names := cells_of(values[0])):
        entries = [Entry(first.get(name, 1), name) for name in names]
        return words.list_of(entries, text.where, blanks=False)._replace(label="JSON list")
    for value in values:  # which grows by what each holds
        values += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    objects = [{key_of(key): cells_of(cell) for key, cell in item.items()} for item in values if isinstance(item, dict)]
    records = [{key: cells[0] for key, cells in item.items() if len(cells) == 1} for item in objects]
    lists = [{key: cells for key, cells in item.items() if len(cells) > 1} for item in objects]
    lists = [item for item in lists if item.keys().isdisjoint(f"{RANK}|{STATUS}".split("|"))]  # which may reject some
    genera = [cells for item in lists for key, cells in item.items() if key in GENUS.split("|")]
    records += [{"genus": name} for cells in genera for name in cells]
    keys = dict.fromkeys(key for record in records for key, cell in record.items() if cell)
    columns = [key for key in keys if key in COLUMNS]  # so that few are held for each of many records
    if choices := choices_of(columns):
        rows = ([*(record.get(column, "") for column in columns), ""] for record in records if any(record.values()))
        reading = gather(choices, ((first.get(row[choices[0].places[0]], 1), row) for row in rows), text.where)
        if reading.entries:
            return reading._replace(label=f"JSON, {reading.label}")
    shown = dict.fromkeys(key for item in objects for key in item if not key.isdecimal())
    what = f"is JSON, but without genera (its keys: {', '.join(shown)[:80]})"
    raise InputError(text.where, what, "make it a list or a table")


def parse(lines: list[str], where: str) -> Any:
    """The value of a JSON text, or a list of those of its lines; InputError if these are too many, or damaged."""
    text, place = "\n".join(lines), 1
    if sum(map(text.count, ",[{")) > MOST_ENTRIES:
        raise InputError(where, f"is JSON of more than {MOST_ENTRIES:,} values", "make it a table or a plain list")
    decode = partial(json.loads, parse_int=float)  # Python refuses integers of 5,000 digits
    try:
        try:
            return decode(text)
        except json.JSONDecodeError as error:
            place = error.lineno
        return [decode(line) for line in lines if line.strip()]
    except (ValueError, RecursionError) as error:
        what = "is JSON that is cut off, damaged or nested too deeply"
        raise InputError(f"{where}:{place}", what, "fetch it again, or make it a table") from error


def cells_of(value: Any) -> list[str]:
    """A value as cells: of an object its name, of a list or a column of pandas its texts, or the lineage of these."""
    if isinstance(value, dict):
        value = [*value.values()] if all(map(str.isdecimal, value)) else value.get("name", "")
    if not isinstance(value, list):
        return [] if isinstance(value, dict) else [str(value)]
    texts = value if all(isinstance(item, str) for item in value) else []
    lineage = ";".join(texts)
    return [lineage] if lineage.count(";") < len(texts) and genus_of(lineage) else texts
