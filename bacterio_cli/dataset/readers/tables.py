"""Tables: LPSN's, BacDive's and the Catalogue of Life's, known by their headers, and any other by its column."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from bacterio_cli.dataset.readers.records import Entry, first_of_each, kind_of
from bacterio_cli.errors import InputError

DELIMITERS = "\t,;"
SEARCHED = 10  # lines in which a header is looked for: banners may stand above it
NOWHERE = 10**9  # the place of a column that a table has not

STANDINGS = {"correct name": "name", "synonym": "synonym"}
RANKING = ("name", "synonym", "rejected")
COLDP_STANDINGS = {
    "": "name", "accepted": "name", "provisionally accepted": "name",
    "synonym": "synonym", "ambiguous synonym": "synonym",
}  # fmt: skip

Cells = list[tuple[int, list[str]]]  # (line, the wanted cells of a row)


class Header(NamedTuple):
    """Where a table begins: the index of its header's line, the delimiter, the columns in lower case."""

    line: int
    delimiter: str
    columns: list[str]


def head_of(lines: Sequence[str]) -> list[int]:
    """The indices of the first lines that are neither blank nor comments."""
    found: list[int] = []
    for index, line in enumerate(lines):
        if len(found) == SEARCHED:
            break
        if line.strip() and not line.startswith("#"):
            found.append(index)
    return found


def fields(line: str, delimiter: str) -> list[str]:
    """The cells of a line that is a row by itself."""
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def find_header(lines: Sequence[str], wanted: Callable[[set[str]], bool]) -> Header | None:
    """The first line whose columns are the wanted ones, and that a row follows.

    A header alone must be the first line, or have three columns.
    """
    head = head_of(lines)
    for k, index in enumerate(head):
        for delimiter in DELIMITERS:
            columns = [cell.lower().removeprefix("col:") for cell in fields(lines[index], delimiter)]
            last = k + 1 == len(head)
            followed = (k == 0 or len(columns) > 2) if last else delimiter in lines[head[k + 1]]
            header_like = len(columns) > 1 and lines[index][0] != ">"  # RDP's ranks are the words of headers too
            if header_like and followed and wanted(set(columns)):
                return Header(index, delimiter, columns)
    return None


def is_lpsn(columns: set[str]) -> bool:
    """Whether these are the columns of LPSN's download."""
    return columns >= {"genus_name", "sp_epithet", "status"}


def is_coldp(columns: set[str]) -> bool:
    """Whether these are columns of a ColDP NameUsage."""
    return columns >= {"scientificname", "rank"}


def is_bacdive(columns: set[str]) -> bool:
    """Whether these are columns of BacDive's: the genus, and something of its species or strains."""
    return "genus" in columns and any(word in column for column in columns for word in ("species", "strain"))


def cells(lines: Sequence[str], start: int, delimiter: str, wanted: Sequence[int], where: str) -> Cells:
    """The wanted cells of all rows from index `start`; "" where a row is short. Blank rows are passed over.

    A line end in a cell is read as a blank. Quotes are those of CSV. A text with tabs whose quotes cannot be those is
    read with quotes as letters; elsewhere that is an InputError with the line.
    """
    try:
        return parsed(lines, start, delimiter, wanted, where, quoted=True)
    except InputError:
        if delimiter != "\t":
            raise
        return parsed(lines, start, delimiter, wanted, where, quoted=False)


def parsed(
    lines: Sequence[str], start: int, delimiter: str, wanted: Sequence[int], where: str, *, quoted: bool
) -> Cells:
    """The wanted cells, with quotes as marks of CSV or as letters."""
    text = (lines[k] + "\n" for k in range(start, len(lines)))
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    rows = csv.reader(text, delimiter=delimiter, quoting=quoting, strict=True)
    found: Cells = []
    number = start + 1
    try:
        for row in rows:
            if row and any(row):
                found.append((number, [plain(row[k]) if k < len(row) else "" for k in wanted]))
            number = start + rows.line_num + 1
    except csv.Error as error:
        what = "a quote is opened and not closed, or followed by letters" if quoted else str(error)
        raise InputError(f"{where}:{number}", what, "repair the row; a quote inside quotes is doubled") from error
    return found


def plain(cell: str) -> str:
    """A cell without blanks at its edges, line ends in it, and quotes around it that were read as letters."""
    cell = cell.strip().replace("\n", " ")
    return cell[1:-1] if len(cell) > 2 and cell[0] == cell[-1] == '"' else cell


def rows_below(lines: Sequence[str], header: Header, columns: Sequence[str], where: str) -> Cells:
    """These columns of all rows below a header, "" for a column that is not there.  InputError if there is no row."""
    places = [header.columns.index(name) if name in header.columns else NOWHERE for name in columns]
    found = cells(lines, header.line + 1, header.delimiter, places, where)
    if not found:
        raise InputError(f"{where}:{header.line + 1}", "is a header without rows", "give the whole table")
    return found


def lpsn(lines: Sequence[str], header: Header, where: str) -> list[Entry]:
    """Every genus once. Its own row, without epithets, decides its standing; of several, the best.

    The standing is the last clause of `status`, up to a comma: "correct name" is a name, "synonym" a synonym, anything
    else (misspelling, illegitimate, preferred but not validly published, …) is rejected. A genus that only its species
    attest is a name if one of them is correct or a synonym.
    """
    first: dict[str, int] = {}
    own: dict[str, str] = {}
    species: dict[str, str] = {}
    columns = ("genus_name", "sp_epithet", "subsp_epithet", "status")
    for line, (genus, epithet, subspecies, status) in rows_below(lines, header, columns, where):
        if not genus:
            continue
        standing = standing_of(status)
        first.setdefault(genus, line)
        if not epithet and not subspecies:
            own[genus] = min(own.get(genus, "rejected"), standing, key=RANKING.index)
        elif standing != "rejected":
            species[genus] = "name"
    entries = []
    for genus, line in first.items():
        kind = own.get(genus) or species.get(genus, "rejected")
        entries.append(Entry(line, genus, "candidatus" if kind_of(genus) == "candidatus" else kind))
    return entries


def standing_of(status: str) -> str:
    """The kind that LPSN's `status` says."""
    clause = status.rstrip("; ").rpartition(";")[2].partition(",")[0]
    return STANDINGS.get(clause.strip().lower(), "rejected")


def coldp(lines: Sequence[str], header: Header, where: str) -> list[Entry]:
    """The rows of rank genus: accepted names and synonyms; misapplied and bare names are rejected."""
    entries = []
    for line, (name, rank, status) in rows_below(lines, header, ("scientificname", "rank", "status"), where):
        if rank.lower() == "genus" and name:
            kind = COLDP_STANDINGS.get(status.lower().replace("_", " "), "rejected")
            entries.append(Entry(line, name, "candidatus" if kind_of(name) == "candidatus" else kind))
    return entries


def bacdive(lines: Sequence[str], header: Header, where: str) -> list[Entry]:
    """The genus of each strain, once."""
    rows = rows_below(lines, header, ("genus",), where)
    return first_of_each((line, genus) for line, (genus,) in rows if genus)


def column(lines: Sequence[str], wanted: str, where: str) -> list[Entry]:
    """A column of any table, by its name in the header or by its number from 1, when every row counts.

    InputError if there is no such column.
    """
    if wanted.isascii() and wanted.isdigit():
        return numbered(lines, int(wanted), where)
    name = wanted.lower().removeprefix("col:")
    header = find_header(lines, lambda columns: name in columns) or lone_column(lines, name)
    if header is None:
        raise InputError(where, f"has no column {wanted!r}", f"its first row is: {first_row(lines)}")
    rows = rows_below(lines, header, (name,), where)
    return filled((line, text) for line, (text,) in rows)


def numbered(lines: Sequence[str], number: int, where: str) -> list[Entry]:
    """A column by its number, from the first line on that is neither blank nor a comment."""
    head = head_of(lines)
    if not head:
        raise InputError(where, "has no rows", "give a table")
    delimiter = likely_delimiter(lines)
    rows = cells(lines, head[0], delimiter, [number - 1], where)
    found = filled((line, text) for line, (text,) in rows)
    if not found:
        raise InputError(where, f"has no column {number}", f"its first row is: {first_row(lines)}")
    return found


def filled(cells: Iterable[tuple[int, str]]) -> list[Entry]:
    """An entry for each cell with something in it."""
    return [Entry(line, text) for line, text in cells if text]


def lone_column(lines: Sequence[str], name: str) -> Header | None:
    """The header of a table that has one column only."""
    head = head_of(lines)
    if head and lines[head[0]].strip().strip('"').lower() == name:
        return Header(head[0], ",", [name])
    return None


def likely_delimiter(lines: Sequence[str]) -> str:
    """The one that makes most cells of the first lines."""
    head = head_of(lines)
    return max(DELIMITERS, key=lambda delimiter: sum(len(fields(lines[k], delimiter)) for k in head))


def first_row(lines: Sequence[str]) -> str:
    """The cells of the first row, for a message."""
    head = head_of(lines)
    row = fields(lines[head[0]], likely_delimiter(lines)) if head else []
    shown = ", ".join(cell[:30] for cell in row[:12])
    return shown + (", …" if len(row) > 12 else "") or "empty"
