"""How a table is built: its header, its delimiter and its columns, told by its first lines."""

import csv
import os
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from bacterio_cli.dataset.readers.lineages import Choice, plain, rank_of, taxon
from bacterio_cli.dataset.readers.records import CANDIDATUS, LATIN_WORD
from bacterio_cli.dataset.readers.sources import DUMPS, GENUS, GENUS_RANKS, HIGHER, RANK_WORD, SCOPES, SOURCES, Source
from bacterio_cli.dataset.readers.text_files import Text, opened
from bacterio_cli.errors import InputError

DELIMITERS = "\t,;|"
SEARCHED = 30  # lines in which a header is looked for: banners and comments may stand above it
MOST_DUMPED = 10_000_000  # lines of a dump: they are many, and quickly passed over
BESIDE = "give names.dmp with the nodes.dmp that belongs to it beside it"
QUOTED = re.compile(r'"[^"]*"( "[^"]*")+')  # as R writes tables
HEADER_WORDS = {*"|".join(f"{source.name}|{source.rank}|{source.status}" for source in SOURCES).split("|")} - {""}
RANKED = Source("rows with ranks", "", "name", "rank")
DECIMAL = re.compile(r"[\d.,]*\d[.,]\d+%?")  # stands in no header
ONE_CELL = re.compile(r"\"?\[?[^\W\d][\w\[\] /-]*\"?")  # as in a column of genera that is all of the table
FAMILY = re.compile("[A-Z][a-z]+(?:aceae|idae|ales|ota)")


class Layout(NamedTuple):
    """How a table is built: the number of its header's line or 0, the delimiter, the columns as `key_of` has them.

    `ids` are the first cells of the rows that count, None if all do: most of a dump are of no genus.
    """

    line: int
    delimiter: str
    columns: list[str]
    ids: set[str] | None = None


@lru_cache(64)  # cells may be long
def key_of(column: str) -> str:
    """A column's name without case, prefix, blanks and marks: col:scientificName, and t_genus of anvi'o is genus."""
    column = column.strip().lower()
    return column if column.isalpha() else re.sub(r"^(?:col:|dwc:|t_)|[\W_]", "", column)


def choices_of(columns: Sequence[str]) -> list[Choice]:
    """The sources that have these columns, the first ahead: behind one of several kinds those that may stand in.

    They do in a row in which it finds no genus: a rank and a name, or a column of genera, but no other lineage.
    """
    higher_ranks = [columns.index(rank) for rank in HIGHER if rank in columns]
    found: list[Choice] = []
    named = {column: place for place, column in reversed([*enumerate(columns)]) if column}
    for source in SOURCES:
        wanted = (source.name, source.rank, source.status, SCOPES, *source.species_columns.split())
        places = [next((named[name] for name in names.split("|") if name in named), -1) for names in wanted]
        has_all = places[0] >= 0 and (places[1] >= 0 or not source.rank) and {*source.required.split()} <= named.keys()
        if has_all and not (found and source.lineage):
            found.append(Choice(source, places, higher_ranks))
    return found[:1] if found and (found[0].source.status_terms or found[0].source.prokaryotes) else found


def fields(line: str, delimiter: str) -> list[str]:
    """The cells of a line that is a row by itself."""
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return line.split(delimiter)


def delimiter_of(head: Sequence[str]) -> str:
    """The delimiter that gives all lines as many cells, words in the first if it can be; else the most frequent one."""
    counts = {mark: [len(fields(line, mark)) for line in head] for mark in DELIMITERS}
    even = [mark for mark, cells in counts.items() if len(set(cells)) == 1 < cells[0]]
    words = {mark: sum(fields(line, mark)[0].isalpha() for line in head) for mark in even}
    return max(words or DELIMITERS, key=lambda mark: words.get(mark, sum(counts[mark])))


def headers(head: Sequence[str], wanted: str | None = None) -> Iterator[Layout]:
    """By each of the first lines that may be a header: several cells, and no row of as many above; or one word.

    That is one for genera, or the `wanted`.
    """
    shown = [k for k, line in enumerate(head) if line.strip("-+|=: ") and line[:4] != "sep="][:SEARCHED]
    above: set[tuple[str, int]] = set()
    for index in shown:
        line, comment = head[index].lstrip("# "), head[index][0] == "#"
        if not above and not any(mark in line for mark in DELIMITERS):
            below = [head[k].strip() for k in shown if k > index]
            genera = key_of(line) in GENUS.split("|") and 4 * sum(map(str.istitle, below)) >= 3 * len(below)
            if key_of(line) == wanted or (genera and all(map(ONE_CELL.fullmatch, below))):
                yield Layout(index + 1, "\t", [key_of(line)])
        for delimiter in DELIMITERS + (" " if QUOTED.fullmatch(line) else ""):
            cells = fields(line, delimiter)
            rows = [fields(head[k], delimiter) for k in shown if k > index]
            columns = columns_above(rows, cells, delimiter, comment=comment)
            new = len(cells) > 1 and (delimiter, len(cells)) not in above
            if new and columns and (not rows or len(rows[0]) > 1 or wanted in columns):
                yield Layout(index + 1, delimiter, columns)
            if not comment and len(list(filter(None, cells))) > 1:  # a banner may be filled up with empty cells
                above.add((delimiter, len(cells)))


def columns_above(rows: Sequence[Sequence[str]], cells: Sequence[str], delimiter: str, *, comment: bool) -> list[str]:
    """The columns that a line with these cells names for the rows below it; [] if it is no header.

    It is none if a cell is a share, if `genus` and the like stands below too, or if it is a comment above a row that
    has one of these words.
    R writes no header for the names of rows: all have a cell more, and the last is not empty. A comma too much makes
    one cell more too; there what would be names of rows look like genera.
    """
    columns, below = [*map(key_of, cells)], [[*map(key_of, row)] for row in rows[:3]]
    others = [row for row in below if row != columns]
    again = any(a == b and a in HEADER_WORDS for row in others for a, b in zip(columns, row, strict=False))
    if again or any(map(DECIMAL.match, cells)) or (comment and below and not HEADER_WORDS.isdisjoint(below[0])):
        return []
    longer = bool(rows) and all(len(row) == len(columns) + 1 for row in rows) and any(row[-1] for row in rows)
    genera = [row for row in rows if LATIN_WORD.fullmatch(row[0])]
    has_names = longer and (delimiter in "\t " or 2 * len(genera) < len(rows))
    return ["", *columns] if has_names else columns


def headless(text: Text) -> Iterator[Layout]:
    """By the number of fields in a dump of NCBI; else by a column that holds nothing but words for ranks.

    The names stand in the column that fits the ranks best; none is taken where two do, with other genera.
    """
    lines = [line for line in text.head if line.strip()]
    if lines and "\t|\t" in lines[0] and lines[0].rstrip().endswith("|"):
        text.most_lines = MOST_DUMPED
        if any(choice.source.rank for choice in choices_of([key_of(cell) for cell in fields(lines[0], "|")])):
            return  # in the same form, with a header
        if not (columns := DUMPS.get(lines[0].count("\t|"), "")):
            raise InputError(text.where, "is a dump of NCBI, but not one of names", BESIDE)
        yield Layout(0, "|", columns.split(), genera_beside(text) if "nameclass" in columns else None)
        return
    for delimiter in DELIMITERS:
        table = list(zip(*(fields(line, delimiter) for line in lines), strict=False))
        for place, column in enumerate(table if len(table) > 2 else []):
            ranks = [rank_of(cell) for cell in column]
            if GENUS_RANKS & {*ranks} and len({*ranks}) > 1 and all(map(RANK_WORD.fullmatch, ranks)):
                found = [(*fit(cells, ranks), k) for k, cells in enumerate(table) if k != place]
                points, genera, name = max(found, key=itemgetter(0))
                if points[0] > 0 and all(other == genera for own, other, _ in found if own == points):
                    yield Layout(0, delimiter, [{name: "name", place: "rank"}.get(k, "") for k in range(len(table))])


def fit(cells: Sequence[str], ranks: Sequence[str]) -> tuple[tuple[int, int], set[str]]:
    """How well a column holds the names of these ranks: (rows that do, less those that cannot; genera); the genera."""
    points, genera = 0, set[str]()
    for cell, rank in zip(map(plain, cells), ranks, strict=False):
        if rank in GENUS_RANKS:
            genus = taxon(cell, RANKED)
            begins = CANDIDATUS.sub("", genus).strip("[]'\"")[:1]
            fits = not FAMILY.fullmatch(genus) and (begins.isupper() or (genus != "" and ";" in cell))
            genera |= {genus} if fits else set()
        elif rank in ("family", "f"):
            fits = FAMILY.fullmatch(cell) is not None
        else:
            continue
        points += 1 if fits else -1
    return (points, len(genera)), genera


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
