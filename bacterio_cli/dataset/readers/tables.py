"""Tables, by their header, by a column of ranks, as dumps of NCBI, or by the column that was asked for."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

from bacterio_cli.dataset.readers import sources
from bacterio_cli.dataset.readers.lineages import GENUS_NAME, Rows, gather, genus_of, rank_of
from bacterio_cli.dataset.readers.records import Entry, Reading, counted, kind_of
from bacterio_cli.dataset.readers.sources import DUMPS, GENUS_RANKS, NAME_CLASSES, RANK_WORD, SOURCES, Source
from bacterio_cli.dataset.readers.text_files import Text, opened
from bacterio_cli.errors import InputError

DELIMITERS = "\t,;|"
SEARCHED = 30  # lines in which a header is looked for: banners and comments may stand above it
BESIDE = "give names.dmp with the nodes.dmp that belongs to it beside it"
MOST_DUMPED = 10_000_000  # lines of a dump: they are many, and quickly passed over
QUOTED = re.compile(r'"[^"]*"( "[^"]*")+')  # as R writes tables
HEADER_WORDS = {*"|".join(f"{source.name}|{source.rank}|{source.status}" for source in SOURCES).split("|")} - {""}


class Header(NamedTuple):
    """Where a table begins: the number of its header's line or 0, the delimiter, the columns as `bare` has them."""

    line: int
    delimiter: str
    columns: list[str]


@lru_cache(64)  # cells may be long
def bare(column: str) -> str:
    """A column's name without case, prefix, blanks and marks: col:scientificName is scientificname."""
    return re.sub(r"^(?:col|dwc):|[\W_]", "", column.strip().lower())


def columns_of(source: Source, columns: Sequence[str]) -> list[int | None] | None:
    """The places of name, rank, status, scope and what is below; None if these are not the columns of the source."""
    wanted = (source.name, source.rank, source.status, sources.SCOPES, *source.below.split())
    places = [next((columns.index(n) for n in names.split("|") if n in columns), None) for names in wanted]
    missing = places[0] is None or (source.rank and places[1] is None) or not set(source.marks.split()) <= set(columns)
    return None if missing else places


def fields(line: str, delimiter: str) -> list[str]:
    """The cells of a line that is a row by itself."""
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return line.split(delimiter)


def headers(head: Sequence[str], wanted: str | None = None) -> Iterator[Header]:
    """Each of the first lines that could be a header: several cells, and no row of as many above; or one word.

    That is one for genera, or the `wanted`. As R writes tables, rows have a cell more than the header.
    """
    shown = [k for k, line in enumerate(head) if line.strip() and line[:4] != "sep="][:SEARCHED]
    above: set[tuple[str, int]] = set()
    for index, below in zip(shown, [*shown[1:], None], strict=False):
        line = head[index].lstrip("# ")
        genera = bare(line) in sources.GENUS.split("|") and all(head[k].istitle() for k in shown if k > index)
        if not above and (genera or bare(line) == wanted):
            yield Header(index + 1, "\t", [bare(line)])
        for delimiter in DELIMITERS + (" " if QUOTED.fullmatch(line) else ""):
            columns = [bare(cell) for cell in fields(line, delimiter)]
            row = columns if below is None else fields(head[below], delimiter)
            fits = len(row) > 1 or wanted in columns
            if len(columns) > 1 and fits and (delimiter, len(columns)) not in above:
                yield Header(index + 1, delimiter, ["", *columns] if len(row) == len(columns) + 1 else columns)
            if head[index][0] != "#":
                above.add((delimiter, len(columns)))


def read(text: Text) -> Reading | None:
    """The genera of a table, by the first source that its header or its ranks show; None if they show none."""
    if text.start.startswith(">"):
        return None
    if ranked := read_ranked(text):
        return ranked
    for header in headers(text.head):
        known = [(source, places) for source in SOURCES if (places := columns_of(source, header.columns))]
        for source, places in known:
            found = read_rows(partial(gather, source, where=text.where), text, header, places)
            if found.entries:
                return found
        if known and not any(line.strip() for line in islice(text, header.line, None)):
            raise InputError(f"{text.where}:{header.line}", "is a header without rows", "give the whole table")
        if known:
            remedy = "choose another column with --column NAME or N"
            raise InputError(text.where, f"{known[0][0].label}, but without any genus", remedy)
    return None


def read_ranked(text: Text) -> Reading | None:
    """A table without a header, by the column that holds nothing but words for ranks; None if there is none."""
    for delimiter in DELIMITERS:
        columns = list(zip(*(fields(line, delimiter) for line in text.head if line.strip()), strict=False))
        for place, column in enumerate(columns if len(columns) > 2 else []):
            ranks = [rank_of(cell) for cell in column]
            genera = [k for k, rank in enumerate(ranks) if rank in GENUS_RANKS]
            if 0 < len(genera) < len(ranks) and all(map(RANK_WORD.fullmatch, ranks)):
                names = [tuple(cells[k] for k in genera) for cells in columns]
                named = [cells for cells in names if all(";" in cell or GENUS_NAME.fullmatch(cell) for cell in cells)]
                most = max((len(set(cells)) for cells in named), default=0)
                if len(best := {cells for cells in named if len(set(cells)) == most}) == 1:
                    source = Source("table without a header, by its ranks", "", "name", "rank")
                    wanted = [names.index(best.pop()), place, None, None]
                    return read_rows(partial(gather, source, where=text.where), text, Header(0, delimiter, []), wanted)
    return None


def read_rows(take: Callable[[Rows], Reading], text: Text, header: Header, wanted: Sequence[int | None]) -> Reading:
    """What `take` makes of the rows; if quotes between tabs cannot be those of CSV, they are read as letters."""
    try:
        return take(rows(text, header, wanted, csv.QUOTE_MINIMAL))
    except InputError:
        if header.delimiter != "\t":
            raise
        return take(rows(text, header, wanted, csv.QUOTE_NONE))


def rows(text: Text, header: Header, wanted: Sequence[int | None], quoting: Literal[0, 3]) -> Rows:
    """(line, the wanted cells) of all rows below a header; "" where a row is short, and a blank for a line end.

    InputError with the line for quotes that are not those of CSV, and for a row with more cells than the header.
    """
    width, name, last = len(header.columns), wanted[0] or 0, max(k or 0 for k in wanted)
    lines = (line + "\n" for line in islice(text, header.line, None))
    table = csv.reader(lines, delimiter=header.delimiter, quoting=quoting, strict=True)
    number, what = header.line + 1, "a quote is opened and not closed, or followed by letters"
    try:
        for row in table:
            word = bare(row[name]) if width and len(row) > name else ""
            if width and (any(row[width:]) or name < len(row) <= last):
                what = f"has {len(row)} cells below a header of {width}"
                raise csv.Error
            if word in HEADER_WORDS and word != header.columns[name]:
                what = "is the header of another table"
                raise csv.Error
            if any(row) and header.line + table.line_num > number and len(row) < width:
                raise csv.Error
            if any(row) and word not in HEADER_WORDS:
                yield number, [plain(row[k]) if k is not None and k < len(row) else "" for k in wanted]
            number = header.line + table.line_num + 1
    except csv.Error as error:
        if "limit" in str(error):
            what += f": a cell has more than {csv.field_size_limit():,} characters"
        raise InputError(f"{text.where}:{number}", what, "repair the row; a quote inside quotes is doubled") from error


def plain(cell: str) -> str:
    """A cell without blanks at its edges, line ends in it, and quotes around it that were read as letters."""
    cell = cell.strip().replace("\n", " ")
    return cell[1:-1] if len(cell) > 2 and cell[0] == cell[-1] == '"' else cell


def column(text: Text, wanted: str) -> Reading:
    """A column of any table, by its name in the header or by its number from 1, when every row counts.

    InputError if there is no such column.
    """
    head = [line for line in text.head if line.strip() and line[0] != "#"][:SEARCHED]
    mark = max(DELIMITERS, key=lambda mark: sum(len(fields(line, mark)) for line in head))
    first = "its first row is: " + (", ".join(cell[:30] for cell in fields(head[0], mark)[:12]) if head else "empty")
    header, place, name = Header(0, mark, []), int(wanted) - 1 if wanted.isdecimal() else -1, bare(wanted)
    if place < 0:
        known = next((header for header in headers(text.head, name) if name in header.columns), None)
        if known is None or not name:
            raise InputError(text.where, f"has no column {wanted!r}", first)
        header, place = known, known.columns.index(name)
    found = read_rows(partial(listed, where=text.where), text, header, [place])
    if not found.entries:
        bare_header = header.line and not any(line.strip() for line in islice(text, header.line, None))
        what = f"has a column {wanted!r} without rows" if bare_header else f"has nothing in a column {wanted!r}"
        raise InputError(text.where, what, first)
    return found


def listed(rows: Rows, where: str) -> Reading:
    """The cells of a column as they are; of lineages, if most are some, the genera."""
    entries = counted((Entry(line, cell) for line, (cell,) in rows if cell), where)
    genera = [genus_of(entry.text) for entry in entries]
    lineage = 2 * sum(genus is not None for genus in genera) > len(genera)
    texts = [genus or "" for genus in genera] if lineage else [entry.text for entry in entries]
    found = [Entry(line, text, kind_of(text)) for (line, *_), text in zip(entries, texts, strict=True) if text]
    return Reading(found, "column of a table", lineage)


def read_dump(text: Text) -> Reading | None:
    """The genera of a dump of NCBI, which has no header; those of names.dmp by the ranks of its nodes."""
    first = next((line.rstrip() for line in text.head if line.strip()), "")
    if "\t|\t" not in first or not first.endswith("|"):
        return None
    columns = DUMPS.get(first[:-1].count("\t|") + 1, "")
    if "genus" in columns:
        ranked = ((number, [row[3], "", "", ""]) for number, row in dumped(text) if len(row) > 3)
        return gather(Source("NCBI ranked lineages", "", "genus"), ranked, text.where)
    if not columns:
        raise InputError(text.where, "is a dump of NCBI, but not one of names", BESIDE)
    genera = genera_beside(text)
    named = (
        (number, [row[1], "", NAME_CLASSES[row[3]], ""])
        for number, row in dumped(text)
        if row[0] in genera and len(row) > 3 and row[3] in NAME_CLASSES
    )
    return gather(Source("NCBI taxonomy names", "", "name", correct=True), named, text.where)


def dumped(text: Text) -> Iterator[tuple[int, list[str]]]:
    """The number and the fields of each line."""
    return ((number, line.rstrip("\t |").split("\t|\t")) for number, line in enumerate(text.lines(most=MOST_DUMPED), 1))


def genera_beside(text: Text) -> set[str]:
    """The ids of the genera in the nodes of NCBI's names: in the same archive, else in the file beside it."""
    path = Path(text.source)
    nodes = path.with_name(path.name.replace("names", "nodes")) if path.name else path
    if text.source == "-" or not (text.member or (nodes != path and os.path.exists(nodes))):
        what = "is a dump of NCBI, but nodes.dmp, which says what is a genus, is not beside it"
        raise InputError(text.where, what, BESIDE)
    with opened(text.source, member="nodes.dmp") if text.member else opened(str(nodes)) as tree:
        genera = {row[0] for _, row in dumped(tree) if len(row) > 2 and row[2] == "genus"}
    if not genera:
        raise InputError(text.where, "its nodes.dmp has no node of rank genus", BESIDE)
    return genera
