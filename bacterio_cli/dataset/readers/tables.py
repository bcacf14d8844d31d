"""Tables: how they are built, told by their first lines, and the genera or the column that they hold."""

import csv
import os
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from bacterio_cli.dataset.readers.genera import (
    Choice,
    choices_of,
    gather,
    genus_of,
    key_of,
    plain,
    require_genera,
    taxon,
)
from bacterio_cli.dataset.readers.records import CANDIDATUS, LATIN_WORD, Entry, Reading, counted
from bacterio_cli.dataset.readers.sources import DUMPS, GENUS_RANKS, HEADER_WORDS, RANK_WORD, Source
from bacterio_cli.dataset.readers.text_files import Text, opened
from bacterio_cli.errors import InputError

Rows = Iterator[tuple[int, list[str]]]  # (line, cells)
Found = TypeVar("Found")
DELIMITERS = "\t,;|"
SEARCHED = 30  # lines in which a header is looked for: banners and comments may stand above it
MOST_DUMPED = 10_000_000  # lines of a dump: they are many, and quickly passed over
BESIDE = "give names.dmp with the nodes.dmp that belongs to it beside it"
REPAIR = "repair the row; a quote inside quotes is doubled"
QUOTED = re.compile(r'"[^"]*"( "[^"]*")+')  # as R writes tables
RANKED = Source("rows with ranks", "", "name", "rank")
HIGHER_NAME = re.compile("[A-Z][a-z]+(?:aceae|idae|ales|ota)")
SHARE = re.compile(r"(?<![^\t,;| \"])[\d.]*\d\.\d+(?![^\t,;|% \"])")  # of a whole
LINEAGES = Choice(Source("column of a table", "", "", lineage=True), (0, -1, -1, -1), ())


class Layout(NamedTuple):
    """How a table is built: the number of its header's line or 0, the delimiter, the columns as `key_of` has them."""

    line: int
    delimiter: str
    columns: list[str]
    ids: set[str] | None = None  # first cells of the rows that count, None for all: most of a dump are of no genus


def read(text: Text) -> Reading | None:
    """The genera of a table, by the first source that its columns show; None if they show none."""
    lines = [line for line in text.head if line.strip()]
    layout = dump(text, lines) or ranked(lines) or header(text.head)
    if not layout or text.start[:1] == ">":  # FASTA
        return None
    columns, choices = layout.columns, choices_of(layout.columns)
    source, (name, rank, _, _, *species) = choices[0].source, choices[0].places
    if columns.count(columns[name]) > 1:
        raise InputError(text.where, f"has two columns {columns[name]!r}", "choose one with --column and its number")
    found = read_rows(lambda table: gather(choices, table, text.where), text, layout, (name, rank, *species))
    told = not layout.line or source.rank != "" or source.lineage  # else nothing but the header tells
    return require_genera(found, text.where, {*columns}, told=told)


def column(text: Text, wanted: str) -> Reading:
    """A column of any table, by its name in the header or by its number from 1, when every row counts.

    The cells as they are; of lineages, if most are some, the genera. InputError if there is no such column.
    """
    head = [line for line in text.head if line.strip() and line[0] != "#"][:SEARCHED]
    name, mark = key_of(wanted), delimiter_of(head)
    table = [fields(line, mark) for line in head]
    layout = header(text.head, name) if name else None
    if wanted.isdecimal():
        layout = Layout(0, mark, [str(n + 1) for n in range(max(map(len, table), default=0))])
    if not layout or name not in layout.columns:
        first = ", ".join(cell[:30] for cell in table[0][:12]) if head else "empty"
        raise InputError(text.where, f"has no column {wanted!r}", f"its first row is: {first}")
    place = layout.columns.index(name)

    def listed(table: Rows) -> list[Entry]:
        cells = ((line, " ".join(row[place].split()).strip("*")) for line, row in table)
        cells = ((line, cell[1:-1] if re.fullmatch('".+"', cell) else cell) for line, cell in cells)
        return counted((Entry(line, cell) for line, cell in cells if cell.strip(":-")), text.where)

    found = read_rows(listed, text, layout, (place,))
    if 2 * sum(genus_of(entry.text) is not None for entry in found) > len(found):
        return gather([LINEAGES], ((line, [cell, ""]) for line, cell, _ in found), text.where)
    marked = [e._replace(kind="candidatus") if CANDIDATUS.match(e.text) else e for e in found]
    return Reading(marked, LINEAGES.source.label)


def delimiter_of(head: Sequence[str]) -> str:
    """The delimiter that all lines have as often, behind a word if it can be; else the most frequent one."""
    even = [mark for mark in DELIMITERS if mark in "".join(head[:1]) and len({line.count(mark) for line in head}) == 1]
    if even:
        return max(even, key=lambda mark: sum(line.partition(mark)[0].isalpha() for line in head))
    return max(DELIMITERS, key="".join(head).count)


def fields(line: str, delimiter: str) -> list[str]:
    """The cells of a line that is a row by itself, as far as csv allows a cell to go."""
    return [cell.strip() for cell in next(csv.reader([line[: csv.field_size_limit()]], delimiter=delimiter), [])]


def dump(text: Text, lines: Sequence[str]) -> Layout | None:
    """The layout of a dump of NCBI without a header, by the number of its fields; InputError if it holds no names.

    The genera are in nodes.dmp, in the same archive, else in the file beside it.
    """
    if not lines or "\t|\t" not in lines[0] or not lines[0].rstrip().endswith("|"):
        return None
    text.most_lines = MOST_DUMPED
    if any(choice.source.rank for choice in choices_of([key_of(cell) for cell in fields(lines[0], "|")])):
        return None  # in the same form, with a header
    columns = DUMPS.get(lines[0].count("\t|"), "").split()
    if not columns:
        raise InputError(text.where, "is a dump of NCBI, but not one of names", BESIDE)
    if "nameclass" not in columns:
        return Layout(0, "|", columns)
    folder, file = os.path.split(text.source)
    nodes = text.source if text.member else os.path.join(folder, file.replace("names", "nodes"))
    genera = set[str]()
    if text.source != "-" and os.path.exists(nodes):
        with opened(nodes, member="nodes.dmp" if text.member else "") as tree:
            tree.most_lines = MOST_DUMPED
            genera = {line.partition("\t")[0] for line in tree if line.split("\t|\t", 3)[2:3] == ["genus"]}
    if not genera:
        raise InputError(text.where, "is a dump of NCBI, but no nodes.dmp beside it says what is a genus", BESIDE)
    return Layout(0, "|", columns, genera)


def ranked(lines: Sequence[str]) -> Layout | None:
    """The layout of a table without a header, by a column that holds nothing but words for several ranks.

    The names stand in the column that fits the ranks best; none is taken where two do, with other genera.
    """
    for delimiter in DELIMITERS:
        table = list(zip(*(fields(line, delimiter) for line in lines), strict=False))
        for place, column in enumerate(table if len(table) > 2 else []):
            ranks = [key_of(cell) or cell for cell in column]
            if not GENUS_RANKS & {*ranks} or len({*ranks}) < 2 or not all(map(RANK_WORD.fullmatch, ranks)):
                continue
            found = [(*fit(cells, ranks), k) for k, cells in enumerate(table) if k != place]
            points, genera, name = max(found, key=itemgetter(0))
            if points[0] > 0 and all(other == genera for own, other, _ in found if own == points):
                columns = {place: "rank", name: "name"}
                return Layout(0, delimiter, [columns.get(k, "") for k in range(len(table))])
    return None


def fit(cells: Sequence[str], ranks: Sequence[str]) -> tuple[tuple[int, int], set[str]]:
    """How well a column holds the names of these ranks: (rows that do, less those that cannot; genera); the genera."""
    points, genera = 0, set[str]()
    for cell, rank in zip(cells, ranks, strict=True):
        if rank in GENUS_RANKS:
            genus = taxon(cell, RANKED)
            begins = CANDIDATUS.sub("", genus).strip("[]'\"")[:1]
            fits = not HIGHER_NAME.fullmatch(genus) and (begins.isupper() or (genus != "" and ";" in cell))
            genera |= {genus} if fits else set()
        elif rank in ("family", "f", "order", "o"):
            fits = HIGHER_NAME.fullmatch(re.sub("^[fo]__", "", cell)) is not None
        elif rank in ("species", "s"):
            fits = " " in plain(cell)
        else:
            continue
        points += 1 if fits else -1
    return (points, len(genera)), genera


def header(head: Sequence[str], wanted: str = "") -> Layout | None:
    """The layout by the first line with the columns of a source, or the `wanted`; above it no row has as many cells.

    A cell with a share is in no header.
    """
    shown = [k for k, line in enumerate(head) if line.strip("-+|=: ") and line[:4] != "sep="][:SEARCHED]
    above: set[tuple[str, int]] = set()
    for index in shown:
        line, comment = head[index].lstrip("# "), head[index][0] == "#"
        for delimiter in DELIMITERS + (" " if QUOTED.fullmatch(line) else ""):
            columns = [*map(key_of, fields(line, delimiter))]
            rows = [fields(head[k], delimiter) for k in shown if k > index]
            below = [*map(key_of, rows[0])] if rows else []
            again = any(a == b and a in HEADER_WORDS for a, b in zip(columns, below, strict=False))
            again = again or SHARE.search(line) is not None
            known = wanted in columns if wanted else len(columns) > 1 and len(below) != 1 and choices_of(columns)
            if known and (delimiter, len(columns)) not in above and not (again or (comment and choices_of(below))):
                return Layout(
                    index + 1, delimiter, ["", *columns] if has_names(rows, len(columns), delimiter) else columns
                )
            if not comment and len([*filter(None, columns)]) > 1:  # a banner may be filled up with empty cells
                above.add((delimiter, len(columns)))
    return None


def has_names(rows: Sequence[Sequence[str]], width: int, delimiter: str) -> bool:
    """Whether rows below a header of this width begin with names of their own, for which R writes no header.

    All have a cell more then, and they are counted, or the last is not empty. A comma too much makes one cell more too;
    there what would be names of rows look like genera.
    """
    if not rows or any(len(row) != width + 1 for row in rows):
        return False
    if [row[0] for row in rows] in ([str(k) for k in range(b, b + len(rows))] for b in (0, 1)):
        return True
    genera = [row for row in rows if LATIN_WORD.fullmatch(row[0])]
    return any(row[-1] for row in rows) and (delimiter in "\t " or 2 * len(genera) < len(rows))


def read_rows(take: Callable[[Rows], Found], text: Text, layout: Layout, places: Sequence[int]) -> Found:
    """What `take` makes of the rows; if quotes between tabs cannot be those of CSV, they are read as letters."""
    try:
        return take(rows(text, layout, places, csv.QUOTE_MINIMAL))
    except InputError:
        if layout.delimiter != "\t":
            raise
        return take(rows(text, layout, places, csv.QUOTE_NONE))


def rows(text: Text, layout: Layout, places: Sequence[int], quoting: Any) -> Rows:
    """(line, cells) of all rows below a header, filled up with "", of which one stands for what there is not, at -1.

    The first of the places has the names. An empty cell too much is none if all rows have one. InputError with the line
    for a row with quotes that are not those of CSV, or that does not fit the header.
    """
    top, ids, width, last = layout.line, layout.ids, len(layout.columns), max(places)
    lines: Iterator[str] = islice(text, top, None)
    if ids is not None:
        lines = (line if line.partition("\t")[0] in ids else "" for line in lines)
    table = csv.reader((line + "\n" for line in lines), delimiter=layout.delimiter, quoting=quoting, strict=True)
    number, usual, half = top + 1, 0, 0
    try:
        for row in table:
            cells = len(row)
            row += [""] * max(1, width + 1 - cells)
            usual = usual or cells
            cut = places[0] < cells <= last or (half > 1 and half + cells == width + 1)  # not behind what is looked for
            half = cells if cells <= places[0] else 0
            if top and (any(row[width:]) or cut):
                raise InputError(f"{text.where}:{number}", f"has {cells} cells below a header of {width}", REPAIR)
            if top and cells and max(cells, width) != max(usual, width):
                raise InputError(f"{text.where}:{number}", f"has {cells} cells, the first row {usual}", REPAIR)
            if top and cells < width and (top + table.line_num > number or '"' in "".join(row)):
                raise csv.Error
            if cells:
                yield number, row
            number = top + table.line_num + 1
    except csv.Error as error:
        what = "a quote is opened and not closed, or followed by letters, or a cell has more than"
        raise InputError(f"{text.where}:{number}", f"{what} {csv.field_size_limit():,} characters", REPAIR) from error
