"""Tables, by their header, by a column of ranks, as dumps of NCBI, or by the column that was asked for."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from bacterio_cli.dataset.readers import layouts
from bacterio_cli.dataset.readers.layouts import HEADER_WORDS, Layout, key_of
from bacterio_cli.dataset.readers.lineages import Choice, Rows, attested, gather, genus_of, plain
from bacterio_cli.dataset.readers.records import CANDIDATUS, Entry, Reading, counted, require_genera
from bacterio_cli.dataset.readers.sources import NO_NAMES, Source
from bacterio_cli.dataset.readers.text_files import Text
from bacterio_cli.errors import InputError

REPAIR = "repair the row; a quote inside quotes is doubled"
ANY = Source("column of a table", "", "")
Taker = Callable[[Rows, Sequence[Choice], str], Reading]  # of rows, with the source's name for errors
LINEAGES = Choice(ANY._replace(lineage=True), (0, -1, -1, -1))


def read(text: Text) -> Reading | None:
    """The genera of a table, by the first source that its layout shows; None if it shows none."""
    for layout in chain(layouts.headless(text), layouts.headers(text.head)) if text.start[:1] != ">" else ():
        if choices := layouts.choices_of(layout.columns):
            name = layout.columns[choices[0].places[0]]
            if name and layout.columns.count(name) > 1:
                raise InputError(text.where, f"has two columns {name!r}", "choose one with --column and its number")
            found = read_rows(genera, text, layout, choices)
            if not (layout.line and (choices[0].source.rank or choices[0].source.lineage)):  # nothing else tells
                require_genera(found, text.where)
            return found
    return None


def column(text: Text, wanted: str) -> Reading:
    """A column of any table, by its name in the header or by its number from 1, when every row counts.

    The cells as they are; of lineages, if most are some, the genera. InputError if there is no such column.
    """
    head = [line for line in text.head if line.strip() and line[0] != "#"][: layouts.SEARCHED]
    mark, name, found = layouts.delimiter_of(head), key_of(wanted), None
    possible = layouts.headers(text.head, name)
    if re.fullmatch("[1-9][0-9]{0,5}", wanted):
        possible = iter([Layout(0, mark, [*[""] * (int(wanted) - 1), name])])
    if layout := next((layout for layout in possible if name and name in layout.columns), None):
        found = read_rows(listed, text, layout, [Choice(ANY, [layout.columns.index(name), -1, -1, -1])])
    if not found or not found.entries:
        first = ", ".join(cell[:30] for cell in layouts.fields(head[0], mark)[:12]) if head else "empty"
        what = f"has {'nothing in a' if found else 'no'} column {wanted!r}"
        raise InputError(text.where, what, f"its first row is: {first}")
    return found


def genera(rows: Rows, choices: Sequence[Choice], where: str) -> Reading:
    """The genera of rows."""
    return gather(choices[0].source, ((line, attested(choices, row)) for line, row in rows), where)


def listed(rows: Rows, choices: Sequence[Choice], where: str) -> Reading:
    """The cells of a column, or the genera of its lineages."""
    cells = ((line, plain(row[choices[0].places[0]]).strip("*")) for line, row in rows)
    found = counted((Entry(line, cell) for line, cell in cells if cell.strip(":-")), where)
    if 2 * sum(genus_of(entry.text) is not None for entry in found) > len(found):
        return genera(((line, [text, ""]) for line, text, _ in found), [LINEAGES], where)
    return Reading([e._replace(kind="candidatus") if CANDIDATUS.match(e.text) else e for e in found], ANY.label)


def read_rows(take: Taker, text: Text, layout: Layout, choices: Sequence[Choice]) -> Reading:
    """What `take` makes of the rows; if quotes between tabs cannot be those of CSV, they are read as letters."""
    try:
        return take(rows(text, layout, choices[0], csv.QUOTE_MINIMAL), choices, text.where)
    except InputError:
        if layout.delimiter != "\t":
            raise
        return take(rows(text, layout, choices[0], csv.QUOTE_NONE), choices, text.where)


def rows(text: Text, layout: Layout, choice: Choice, quoting: Any) -> Rows:
    """(line, cells) of all rows below a header, filled up with "", of which one stands for what there is not, at -1.

    InputError with the line for quotes that are not those of CSV, for a row that does not fit the header, and for a
    header without rows.
    """
    columns, ids, width = layout.columns, layout.ids, len(layout.columns)
    name, rank, _, _, *below = choice.places
    last = max(name, rank, *below)  # of a row that is cut off behind it nothing is missing
    heading = {*columns, *NO_NAMES, *HEADER_WORDS} - {""} if layout.line else set()
    lines: Iterator[str] = islice(text, layout.line, None)
    if ids is not None:
        lines = (line if line.partition("\t")[0] in ids else "" for line in lines)
    table = csv.reader((line + "\n" for line in lines), delimiter=layout.delimiter, quoting=quoting, strict=True)
    number, empty = layout.line + 1, True
    try:
        for row in table:
            cells = len(row)
            row += [""] * max(1, width + 1 - cells)
            if any(row):
                empty = False
                if layout.line and (any(row[width:]) or name < cells <= last):
                    raise InputError(f"{text.where}:{number}", f"has {cells} cells below a header of {width}", REPAIR)
                if key_of(row[name]) not in heading or not is_header(row, columns, choice, f"{text.where}:{number}"):
                    yield number, row
                if layout.line and cells < width and layout.line + table.line_num > number:
                    raise csv.Error
            number = layout.line + table.line_num + 1
    except csv.Error as error:
        what = "a quote is opened and not closed, or followed by letters"
        if "limit" in str(error):
            what += f": a cell has more than {csv.field_size_limit():,} characters"
        raise InputError(f"{text.where}:{number}", what, REPAIR) from error
    if layout.line and empty:
        raise InputError(f"{text.where}:{layout.line}", "is a header without rows", "give the whole table")


def is_header(row: Sequence[str], columns: Sequence[str], choice: Choice, where: str) -> bool:
    """Whether a row is the header again; InputError for another header or a list of keys."""
    name = choice.places[0]
    word = key_of(row[name])
    again = word in columns and sum(key_of(cell) in columns for cell in row if cell) > 1
    alone = word in NO_NAMES and choice.source is not ANY and not choice.source.rank
    if not (again or alone or word in HEADER_WORDS):
        return False
    if word != columns[name]:
        what = f"has {row[name][:30]!r} where a name should stand, as a header or a list of keys has"
        raise InputError(where, what, "give one table alone, without footnotes")
    return True
