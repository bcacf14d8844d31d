"""JSON and JSON Lines: a list of names, or objects that are rows whose keys are columns."""

import json
import re
from collections.abc import Iterator
from typing import Any

from bacterio_cli.dataset import MOST_ENTRIES
from bacterio_cli.dataset.readers import plain_lists
from bacterio_cli.dataset.readers.genera import choices_of, gather, key_of, require_genera
from bacterio_cli.dataset.readers.sources import COLUMNS, GENUS_RANKS, Entry, Reading
from bacterio_cli.dataset.readers.text_files import Text
from bacterio_cli.errors import InputError

BEGINS = re.compile(r"(?:\{\s*[\"}]|\[\s*[\[{\"])")
STRING = re.compile(r'"((?:[^"\\]++|\\.)*+)"')
KEY = re.compile(r'"([^"\\]+)"\s*:')
SIGN = re.compile(r"\S")
LARGEST_JSON = 2**24  # bytes: all of it is held in memory


def read(text: Text) -> Reading | None:
    """The genera of the records that a known source has, or a list of strings; None if the text is no JSON.

    InputError for JSON that is damaged, too large, or has no genera.
    """
    if not BEGINS.match(text.start):
        return None
    if text.file.size > LARGEST_JSON:
        raise InputError(text.where, f"is JSON of more than {LARGEST_JSON // 2**20} MiB", "make it a table")
    text.longest = LARGEST_JSON
    lines = list(text)
    values = parse("\n".join(lines), text.where)
    numbered = reversed([*enumerate(lines, 1)])  # so that of each text the first line stays
    first = {string: number for number, line in numbered for string in STRING.findall(line)}
    names = values[0] if len(values) == 1 and isinstance(values[0], list) else []
    if names and all(isinstance(name, str) for name in names):
        entries = [Entry(first.get(name, 1), name) for name in names]
        return plain_lists.list_of(entries, text.where, blanks=False)._replace(label="JSON list")
    records = [*records_in(values)]
    columns = [*dict.fromkeys(key for record in records for key in record if key in COLUMNS)]
    if choices := choices_of(columns):
        name, rank = [[*columns, ""][place] for place in choices[0].places[:2]]
        rows = ([*(record.get(column, "") for column in columns), ""] for record in records_in(values, name, rank))
        found = gather(choices, ((first.get(row[columns.index(name)], 1), row) for row in rows), text.where)
        if found.entries:
            return require_genera(found, text.where)._replace(label=f"JSON, {found.label}")
    keys = dict.fromkeys(key for line in lines for key in KEY.findall(line))
    what = f"is JSON, but without genera (its keys: {', '.join(keys)[:80]})"
    raise InputError(text.where, what, "make it a list or a table")


def records_in(values: list[Any], name: str = "", rank: str = "") -> Iterator[dict[str, str]]:
    """Objects at any depth as rows, by `key_of` their keys.

    What is in one with a `name`, and the `rank` of a genus, belongs to it, such as its synonyms; hosts are no records.
    """
    waiting = list(values)
    for value in waiting:  # which grows by what each holds
        record: dict[str, str] = {}
        if isinstance(value, dict):
            cells = {key_of(key): cell_of(item) for key, item in value.items()}
            record = {key: str(cell) for key, cell in cells.items() if not isinstance(cell, dict | list | None)}
            yield record
        complete = record.get(name) and key_of(record.get(rank, "genus")) in GENUS_RANKS
        if isinstance(value, dict | list) and not complete:
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            waiting += [item for key, item in pairs if "host" not in str(key).lower()]


def cell_of(value: Any) -> Any:
    """A text or number as it is, the name or value of an object that has one, the ranks of a list as a lineage."""
    if isinstance(value, dict):
        return value.get("name", value.get("value"))
    ranks = isinstance(value, list) and all(isinstance(rank, str) and "__" in rank for rank in value)
    return ";".join(value) if value and ranks else value


def parse(text: str, where: str) -> list[Any]:
    """The values of a JSON text, one or several as of JSON Lines; InputError if they are too many, or damaged."""
    if sum(map(text.count, ",[{")) > MOST_ENTRIES:
        raise InputError(where, f"is JSON of more than {MOST_ENTRIES:,} values", "make it a table or a plain list")
    decoder = json.JSONDecoder(parse_int=float)  # Python refuses integers of 5,000 digits
    values, position = list[Any](), 0
    try:
        while begin := SIGN.search(text, position):
            position = begin.start()
            value, position = decoder.raw_decode(text, position)
            values.append(value)
        return values
    except (ValueError, RecursionError) as error:
        place = getattr(error, "lineno", text.count("\n", 0, position) + 1)
        what = "is JSON that is cut off, damaged or nested too deeply"
        raise InputError(f"{where}:{place}", what, "fetch it again, or make it a table") from error
