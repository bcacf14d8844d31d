"""Tables, by their header, by a column of ranks, as dumps of NCBI, or by the column that was asked for."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import chain, islice
from typing import Any, NamedTuple

from bacterio_cli.dataset.readers.lineages import GENUS_NAME, Rows, gather, genus_of, plain, rank_of
from bacterio_cli.dataset.readers.records import CANDIDATUS, Entry, Reading, counted
from bacterio_cli.dataset.readers.sources import DUMPS, GENUS, GENUS_RANKS, RANK_WORD, SCOPES, SOURCES, Source
from bacterio_cli.dataset.readers.text_files import Text, opened
from bacterio_cli.errors import InputError

DELIMITERS = "\t,;|"
SEARCHED = 30  # lines in which a header is looked for: banners and comments may stand above it
MOST_DUMPED = 10_000_000  # lines of a dump: they are many, and quickly passed over
BESIDE = "give names.dmp with the nodes.dmp that belongs to it beside it"
REPAIR = "repair the row; a quote inside quotes is doubled"
QUOTED = re.compile(r'"[^"]*"( "[^"]*")+')  # as R writes tables
HEADER_WORDS = {*"|".join(f"{source.name}|{source.rank}|{source.status}" for source in SOURCES).split("|")} - {""}


class Layout(NamedTuple):
    """How a table is built: the number of its header's line or 0, the delimiter, the columns as `bare` has them.

    `ids` are the first cells of the rows that count, None if all do: most of a dump are of no genus.
    """

    line: int
    delimiter: str
    columns: list[str]
    ids: set[str] | None = None


@lru_cache(64)  # cells may be long
def bare(column: str) -> str:
    """A column's name without case, prefix, blanks and marks: col:scientificName is scientificname."""
    return re.sub(r"^(?:col|dwc):|[\W_]", "", column.strip().lower())


def columns_of(source: Source, columns: Sequence[str]) -> list[int]:
    """The places of name, rank, status, scope and what is below, -1 for none; [] if these are other columns."""
    wanted = (source.name, source.rank, source.status, SCOPES, *source.below.split())
    places = [next((columns.index(n) for n in names.split("|") if n in columns), -1) for names in wanted]
    missing = places[0] < 0 or (source.rank and places[1] < 0) or not set(source.marks.split()) <= set(columns)
    return [] if missing else places


def fields(line: str, delimiter: str) -> list[str]:
    """The cells of a line that is a row by itself."""
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return line.split(delimiter)


def headers(head: Sequence[str], wanted: str | None = None) -> Iterator[Layout]:
    """By each of the first lines that could be a header: several cells, and no row of as many above; or one word.

    That is one for genera, or the `wanted`. As R writes tables, rows have a cell more than the header.
    """
    shown = [k for k, line in enumerate(head) if line.strip() and line[:4] != "sep="][:SEARCHED]
    above: set[tuple[str, int]] = set()
    for index, below in zip(shown, [*shown[1:], None], strict=False):
        line = head[index].lstrip("# ")
        genera = bare(line) in GENUS.split("|") and all(head[k].istitle() for k in shown if k > index)
        if not above and (genera or bare(line) == wanted):
            yield Layout(index + 1, "\t", [bare(line)])
        for delimiter in DELIMITERS + (" " if QUOTED.fullmatch(line) else ""):
            columns = [bare(cell) for cell in fields(line, delimiter)]
            row = columns if below is None else fields(head[below], delimiter)
            fits = len(row) > 1 or wanted in columns
            if len(columns) > 1 and fits and (delimiter, len(columns)) not in above:
                yield Layout(index + 1, delimiter, ["", *columns] if len(row) == len(columns) + 1 else columns)
            if head[index][0] != "#":
                above.add((delimiter, len(columns)))


def headless(text: Text) -> Iterator[Layout]:
    """By the number of fields in a dump of NCBI; else by a column that holds nothing but words for ranks."""
    lines = [line for line in text.head if line.strip()]
    if lines and "\t|\t" in lines[0] and lines[0].rstrip().endswith("|"):
        text.most_lines = MOST_DUMPED
        if not (columns := DUMPS.get(lines[0].count("\t|"), "")):
            raise InputError(text.where, "is a dump of NCBI, but not one of names", BESIDE)
        yield Layout(0, "|", columns.split(), genera_beside(text) if "nameclass" in columns else None)
        return
    for delimiter in DELIMITERS:
        table = list(zip(*(fields(line, delimiter) for line in lines), strict=False))
        for place, column in enumerate(table if len(table) > 2 else []):
            ranks = [rank_of(cell) for cell in column]
            genera = [k for k, rank in enumerate(ranks) if rank in GENUS_RANKS]
            if not (0 < len(genera) < len(ranks) and all(map(RANK_WORD.fullmatch, ranks))):
                continue
            names = [tuple(cells[k] for k in genera) for cells in table]
            named = {
                cells: len(set(cells))
                for cells in names
                if all(";" in cell or GENUS_NAME.fullmatch(cell) for cell in cells)
            }
            best = [cells for cells, distinct in named.items() if distinct == max(named.values())]
            if len(best) == 1:
                name = names.index(best[0])
                yield Layout(0, delimiter, [{name: "name", place: "rank"}.get(k, "") for k in range(len(table))])


def read(text: Text) -> Reading | None:
    """The genera of a table, by the first source that its layout shows; None if it shows none."""
    for layout in chain(headless(text), headers(text.head)) if text.start[:1] != ">" else ():
        first = None
        for source in SOURCES:
            if places := columns_of(source, layout.columns):
                found = read_rows(partial(gather, source, where=text.where), text, layout, places)
                if found.entries:
                    return found
                first = first or found
        if first:
            return first
    return None


def read_rows(take: Callable[[Rows], Reading], text: Text, layout: Layout, places: Sequence[int]) -> Reading:
    """What `take` makes of the rows; if quotes between tabs cannot be those of CSV, they are read as letters."""
    try:
        return take(rows(text, layout, places, csv.QUOTE_MINIMAL))
    except InputError:
        if layout.delimiter != "\t":
            raise
        return take(rows(text, layout, places, csv.QUOTE_NONE))


def rows(text: Text, layout: Layout, places: Sequence[int], quoting: Any) -> Rows:
    """(line, the cells at these places) of all rows below a header; a cell is "" where a row is short.

    InputError with the line for quotes that are not those of CSV, for a row with more cells than the header, and for a
    header without rows.
    """
    width, name, last, ids = len(layout.columns) if layout.line else 0, places[0], max(places), layout.ids
    lines: Iterator[str] = islice(text, layout.line, None)
    if ids is not None:
        lines = (line if line.partition("\t")[0] in ids else "" for line in lines)
    table = csv.reader((line + "\n" for line in lines), delimiter=layout.delimiter, quoting=quoting, strict=True)
    number, empty = layout.line + 1, True
    try:
        for row in table:
            cells = len(row)
            row += [""] * max(1, last + 2 - cells)  # of which the last, at -1, stands for what there is not
            if any(row):
                empty, word = False, bare(row[name]) if width else ""
                if width and (any(row[width:]) or name < cells <= last):
                    raise InputError(f"{text.where}:{number}", f"has {cells} cells below a header of {width}", REPAIR)
                if word in HEADER_WORDS and word != layout.columns[name]:
                    raise InputError(f"{text.where}:{number}", "is the header of another table", REPAIR)
                if cells < width and layout.line + table.line_num > number:
                    raise csv.Error
                if word not in HEADER_WORDS:
                    yield number, [row[place] for place in places]
            number = layout.line + table.line_num + 1
    except csv.Error as error:
        what = "a quote is opened and not closed, or followed by letters"
        if "limit" in str(error):
            what += f": a cell has more than {csv.field_size_limit():,} characters"
        raise InputError(f"{text.where}:{number}", what, REPAIR) from error
    if layout.line and empty:
        raise InputError(f"{text.where}:{layout.line}", "is a header without rows", "give the whole table")


def column(text: Text, wanted: str) -> Reading:
    """A column of any table, by its name in the header or by its number from 1, when every row counts.

    The cells as they are; of lineages, if most are some, the genera. InputError if there is no such column.
    """
    head = [line for line in text.head if line.strip() and line[0] != "#"][:SEARCHED]
    mark = max(DELIMITERS, key=lambda mark: sum(len(fields(line, mark)) for line in head))
    name, layouts = bare(wanted), headers(text.head, bare(wanted))
    if re.fullmatch("[1-9][0-9]{0,5}", wanted):
        layouts = iter([Layout(0, mark, [*[""] * (int(wanted) - 1), name])])
    layout = next((layout for layout in layouts if name and name in layout.columns), None)
    found = layout and read_rows(partial(listed, where=text.where), text, layout, [layout.columns.index(name)])
    if not found or not found.entries:
        first = ", ".join(cell[:30] for cell in fields(head[0], mark)[:12]) if head else "empty"
        what = f"has {'nothing in a' if found else 'no'} column {wanted!r}"
        raise InputError(text.where, what, f"its first row is: {first}")
    return found


def listed(rows: Rows, where: str) -> Reading:
    """The cells of a column, or the genera of its lineages."""
    found = counted((Entry(line, text) for line, (cell,) in rows if (text := plain(cell))), where)
    source = Source("column of a table", "", "", lineage=True)
    if 2 * sum(genus_of(entry.text) is not None for entry in found) > len(found):
        return gather(source, ((line, [text, "", "", ""]) for line, text, _ in found), where)
    return Reading([e._replace(kind="candidatus") if CANDIDATUS.match(e.text) else e for e in found], source.label)


def genera_beside(text: Text) -> set[str]:
    """The ids of the genera in the nodes of NCBI's names: in the same archive, else in the file beside it."""
    folder, file = os.path.split(text.source)
    nodes = text.source if text.member else os.path.join(folder, file.replace("names", "nodes"))
    if text.source == "-" or not (text.member or (nodes != text.source and os.path.exists(nodes))):
        what = "is a dump of NCBI, but nodes.dmp, which says what is a genus, is not beside it"
        raise InputError(text.where, what, BESIDE)
    with opened(nodes, member="nodes.dmp" if text.member else "") as tree:
        tree.most_lines = MOST_DUMPED
        found = (line.split("\t|\t") for line in tree if "\tgenus\t" in line)
        genera = {cells[0] for cells in found if cells[2:3] == ["genus"]}
    if not genera:
        raise InputError(text.where, "its nodes.dmp has no node of rank genus", BESIDE)
    return genera
