"""Tables: how they are built, told by their first lines, and the genera or the column that they hold."""

import csv
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product, zip_longest
from typing import Any, NamedTuple

from bacterio_cli.dataset.readers import sources
from bacterio_cli.dataset.readers.genera import Row, choices_of, gather, genus_of, key_of, require_genera
from bacterio_cli.dataset.readers.sources import CANDIDATUS, Entry, Reading, Source, counted
from bacterio_cli.dataset.readers.text_files import Text, opened
from bacterio_cli.errors import InputError

DELIMITERS = "\t,;|"
SEARCHED = 30  # lines in which a header is looked for: banners and comments may stand above it
RULES = "-+|=: "  # of which lines between rows are made
BESIDE = "give names.dmp with the nodes.dmp that belongs to it beside it"
QUOTED = re.compile(r'"[^"]*"( "[^"]*")+')  # as R writes tables
COLUMN = "column of a table"


class Layout(NamedTuple):
    """How a table is built: the number of its header's line or 0, the delimiter, the columns as `key_of` has them."""

    line: int
    delimiter: str
    columns: list[str]
    ids: Mapping[str, str] = {}  # a last cell for the rows that count, by their first, if not all do, as in a dump


def read(text: Text) -> Reading | None:
    """The genera of a table, by the first source with any that its columns show; None if they show no source."""
    layout = without_header(text) or header(text.head)
    if not layout or text.start[:1] == ">":  # FASTA
        return None
    choices = choices_of(layout.columns)
    for name in (layout.columns[choice.places[0]] for choice in choices):
        if layout.columns.count(name) > 1:
            raise InputError(text.where, f"has two columns {name!r}", "choose one with --column and its number")
    found = gather(choices, rows(text, layout, choices[0].places[0]), text.where)
    return require_genera(found, text.where, layout.columns)


def column(text: Text, wanted: str) -> Reading:
    """A column of any table, by its name in the header or by its number from 1, when every row counts.

    The cells as they are; of lineages, if most are some, the genera. InputError if there is no such column.
    """
    head = [line for line in text.head if line.strip() and line[0] != "#"][:SEARCHED]
    mark, name = delimiter_of(head), key_of(wanted)
    shown = [fields(line, mark) for line in head] or [[]]
    numbers = [str(number) for number in range(1, 1 + max(map(len, shown)))]
    layout = Layout(0, mark, numbers) if wanted.isdecimal() else header(text.head, name)
    if not layout or name not in layout.columns:
        first = ", ".join(cell[:30] for cell in shown[0][:12]) or "empty"
        raise InputError(text.where, f"has no column {wanted!r}", f"its first row is: {first}")
    place = layout.columns.index(name)
    cells = ((line, " ".join(row[place].split()).strip("*")) for line, row in rows(text, layout))
    entries = counted((Entry(line, re.sub('^"(.+)"$', r"\1", cell)) for line, cell in cells if cell), text.where)
    if 2 * sum(genus_of(entry.text) is not None for entry in entries) > len(entries):
        lineages = ((line, [cell, ""]) for line, cell, _ in entries)
        return gather([Source(COLUMN, lineage=True)], lineages, text.where)
    marked = [e._replace(kind="candidatus") if CANDIDATUS.match(e.text) else e for e in entries]
    return Reading(marked, COLUMN)


def delimiter_of(head: Sequence[str]) -> str:
    """The delimiter that all lines have as often, behind a word if it can be; else the most frequent one."""
    even = [mark for mark in DELIMITERS if mark in "".join(head[:1]) and len({line.count(mark) for line in head}) == 1]
    if even:
        return max(even, key=lambda mark: sum(line.partition(mark)[0].isalpha() for line in head))
    return max(DELIMITERS, key="".join(head).count)


def fields(line: str, delimiter: str) -> list[str]:
    """The cells of a line that is a row by itself; none if one of them is longer than csv allows."""
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def without_header(text: Text) -> Layout | None:
    """The layout of a known table without a header, by its first line; InputError for a dump of NCBI without genera.

    These are in nodes.dmp, in the same archive, else in the file beside it.
    """
    first = next(filter(str.strip, text.head), "")
    dumped = first.endswith("\t|") and first[:1].isdigit()
    shown = {"|": first} if dumped else {mark: "\t".join(fields(first, mark)) for mark in "\t,;"}
    pairs = product(shown.items(), sources.LAYOUTS.items())
    known = (Layout(0, mark, names.split()) for (mark, row), (like, names) in pairs if re.fullmatch(like, row))
    layout = next(known, None)
    if dumped and not layout:
        raise InputError(text.where, "is a dump of NCBI, but not one of names", BESIDE)
    if not layout or "nameclass" not in layout.columns:
        return layout
    folder, file = os.path.split(text.source)
    nodes = text.source if text.member else os.path.join(folder, file.replace("names", "nodes"))
    genera = dict[str, str]()
    if text.source != "-" and os.path.exists(nodes):
        with opened(nodes, member="nodes.dmp" if text.member else "") as tree:
            cells = (line.removesuffix("\t|").split("\t|\t", 5) for line in tree)
            genera = {c[0]: sources.DIVISIONS.get("".join(c[4:5]), "") for c in cells if c[2:3] == ["genus"]}
    if not genera:
        raise InputError(text.where, "is a dump of NCBI, but no nodes.dmp beside it says what is a genus", BESIDE)
    return layout._replace(ids=genera)


def header(head: Sequence[str], wanted: str = "") -> Layout | None:
    """The layout by the first line with the columns of a source, or the `wanted`, unless a table begins above it.

    A table begins where two lines have as many cells, and more than one.
    """
    shown = [k for k, line in enumerate(head) if line.strip(RULES) and line[:4] != "sep="][:SEARCHED]
    for index, following in zip_longest(shown, shown[1:]):
        line, comment = head[index].lstrip("# "), head[index][0] == "#"
        for delimiter in DELIMITERS + (" " if QUOTED.fullmatch(line) else ""):
            columns = [*map(key_of, fields(line, delimiter))]
            below = fields(head[following], delimiter) if following else []
            again = any(a in sources.HEADER_WORDS and a == key_of(b) for a, b in zip(columns, below, strict=False))
            known = len(columns) > 1 and len(below) != 1 and choices_of(columns)
            if (wanted in columns if wanted else known) and not (again or "rootrank" in line):  # RDP names each rank
                named = delimiter in "\t " and len(below) == len(columns) + 1 and below[-1]  # R writes no header for it
                return Layout(index + 1, delimiter, ["", *columns] if named else columns)
            if not comment and len(columns) == len(below) and len([*filter(None, columns)]) > 1:
                return None
    return None


def rows(text: Text, layout: Layout, place: int = -1) -> Iterator[Row]:
    """All rows below a header, each with a last cell "" that stands for what there is not.

    InputError with the line for a row with quotes that are not closed, or with more or fewer cells than the header or
    the first one: a row may have been cut in two, or a delimiter may stand inside a cell; and if some of them, a
    quarter at most, have the cell at this place alone, as headings have.
    """
    top, ids, width = layout.line, layout.ids, len(layout.columns)
    lines: Iterator[str] = islice(text, top, None)
    if ids:
        lines = (line + ids[first] if (first := line.partition("\t")[0]) in ids else "" for line in lines)
    quoting: Any = csv.QUOTE_NONE if layout.delimiter in "\t|" else csv.QUOTE_MINIMAL  # between these it is a letter
    table = csv.reader((line + "\n" for line in lines), delimiter=layout.delimiter, quoting=quoting, strict=True)
    number, expected = top + 1, width if top else 0  # without a header, what the first row has
    kraken, domain = not top and "clade" in layout.columns, ""  # whose rows stand below that of their domain
    lone, count, heading = 0, 0, (0, "")  # the first of the rows with that cell alone
    try:
        for row in table:
            if (joined := "".join(row)).strip(RULES):
                expected = expected or len(row)
                if len(row) != expected:
                    what = f"has {len(row)} cell{'s' * (len(row) != 1)}, and rows above have {expected}"
                    raise InputError(f"{text.where}:{number}", what, "repair it, or leave it out if it is a note")
                count += 1
                cells = [*row, *[""] * max(1, width + 1 - len(row))]
                if kraken:
                    rank = layout.columns.index("rank")  # the taxid, the name and the domain follow
                    domain = cells[rank + 2].strip() if cells[rank][:1] in ("D", "R") else domain
                    cells[rank + 3] = domain
                if joined == cells[place]:
                    lone, heading = lone + 1, heading if lone else (number, joined[:30])
                yield number, cells
            number = top + table.line_num + 1
    except csv.Error as error:
        what = "a quote is opened and not closed, or followed by letters, or a cell has more than 131,072 characters"
        raise InputError(f"{text.where}:{number}", what, "repair the row; a quote inside quotes is doubled") from error
    if 0 < 4 * lone <= count:
        what = f"has nothing but {heading[1]!r}, as a heading between rows"
        remedy = "leave it out, or choose the column with --column NAME or N"
        raise InputError(f"{text.where}:{heading[0]}", what, remedy)
