"""Tables, with a header that tells their source, or without one but with a column of ranks; and any by its column."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Literal, NamedTuple

from bacterio_cli.dataset.readers import sources
from bacterio_cli.dataset.readers.lineages import genus_of
from bacterio_cli.dataset.readers.records import RANKING, Entry, Reading, kind_of
from bacterio_cli.dataset.readers.sources import GENUS_RANKS, RANK_WORD, SOURCES, Source
from bacterio_cli.errors import InputError

DELIMITERS = "\t,;|"
SEARCHED = 30  # lines in which a header is looked for: banners and comments may stand above it
SHOWN = 1000  # lines that show whether a table without a header has a column of ranks
QUOTED = re.compile(r'"[^"]*"( "[^"]*")+')  # as R writes tables
AUTHOR = re.compile(r"(?:\s*[,(]|\s+(?=[(A-Z\d&'\"]|(?:ex|de|da|del|van|von|et|and)\b)).*")
GENUS_NAME = re.compile(r"(?:Candidatus[ _])?[A-Z][\w-]*[a-z]")
REJECTED = re.compile(
    r"misapplied|misspell|bare|illegitimate|not valid|nud[ua]|excluded|reject|unavailable|orthographic"
)
SYNONYM = re.compile("synonym|unaccepted|invalid|superseded")
HEADER_WORDS = {*"|".join(f"{source.name}|{source.rank}|{source.status}" for source in SOURCES).split("|")} - {""}
STANDINGS = {"correct name": "name", "synonym": "synonym"}

Rows = Iterable[tuple[int, list[str]]]  # (line, the cells of name, rank, status, scope and what is below)


class Header(NamedTuple):
    """Where a table begins: the index of its header's line, the delimiter, the columns as `bare` has them."""

    line: int
    delimiter: str
    columns: list[str]


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


def headers(lines: Sequence[str]) -> Iterator[Header]:
    """Each of the first lines that could be a header: several cells, and no row of as many above; or a word for genera.

    As R writes tables, rows have a cell more than the header.
    """
    head = list(islice((k for k, line in enumerate(lines) if line.strip() and line[:4] != "sep="), SEARCHED))
    above: set[tuple[str, int]] = set()
    for index, below in zip(head, [*head[1:], None], strict=False):
        line = lines[index].lstrip("# ")
        for delimiter in DELIMITERS + (" " if QUOTED.fullmatch(line) else ""):
            columns = [bare(cell) for cell in fields(line, delimiter)]
            row = columns if below is None else fields(lines[below], delimiter)
            if len(columns) > 1 and len(row) > 1 and (delimiter, len(columns)) not in above:
                yield Header(index, delimiter, ["", *columns] if len(row) == len(columns) + 1 else columns)
            if lines[index][0] != "#":
                above.add((delimiter, len(columns)))
        if index == head[0] and bare(line) in sources.GENUS.split("|") and all(lines[k].istitle() for k in head[1:]):
            yield Header(index, "\t", [bare(line)])


def read(lines: Sequence[str], where: str) -> Reading | None:
    """The genera of a table, by the first source that its header or its ranks show; None if they show none."""
    if ranked := read_ranked(lines, where):
        return ranked
    for header in headers(lines):
        known = [(source, places) for source in SOURCES if (places := columns_of(source, header.columns))]
        for source, places in known:
            found = gather(source, cells(lines, header, places, where))
            if found.entries:
                return found
        if known and not any(line.strip() for line in lines[header.line + 1 :]):
            raise InputError(f"{where}:{header.line + 1}", "is a header without rows", "give the whole table")
        if known:
            remedy = "choose another column with --column NAME or N"
            raise InputError(where, f"{known[0][0].label}, but without any genus", remedy)
    return None


def read_ranked(lines: Sequence[str], where: str) -> Reading | None:
    """A table without a header, by the column that holds nothing but words for ranks; None if there is none."""
    head = [line for line in islice(lines, SHOWN) if line.strip()]
    for delimiter in DELIMITERS:
        rows = list(zip(*(fields(line, delimiter) for line in head), strict=False))
        for column in rows if len(rows) > 2 else []:
            ranks = [rank_of(cell) for cell in column]
            genera = [k for k, rank in enumerate(ranks) if rank in GENUS_RANKS]
            if 0 < len(genera) < len(ranks) and all(map(RANK_WORD.fullmatch, ranks)):
                names = [tuple(cells[k] for k in genera) for cells in rows]
                named = [cells for cells in names if all(";" in cell or GENUS_NAME.fullmatch(cell) for cell in cells)]
                most = max((len(set(cells)) for cells in named), default=0)
                if len(best := {cells for cells in named if len(set(cells)) == most}) == 1:
                    wanted = [names.index(best.pop()), rows.index(column), None, None]
                    found = cells(lines, Header(-1, delimiter, []), wanted, where)
                    return gather(Source("table without a header, by its ranks", "", "name", "rank"), found)
    return None


def cells(lines: Sequence[str], header: Header, wanted: Sequence[int | None], where: str) -> Rows:
    """(line, the wanted cells) of all rows below a header; "" where a row is short, and a blank for a line end.

    Quotes are those of CSV. A text with tabs whose quotes cannot be those is read with quotes as letters; elsewhere
    that is an InputError with the line, as is a row with more cells than the header.
    """
    start, width, name, last = header.line + 1, len(header.columns), wanted[0] or 0, max(k or 0 for k in wanted)

    def parsed(quoting: Literal[0, 3]) -> Iterator[tuple[int, list[str]]]:
        text, number = (lines[k] + "\n" for k in range(start, len(lines))), start + 1
        rows = csv.reader(text, delimiter=header.delimiter, quoting=quoting, strict=True)
        what = "a quote is opened and not closed, or followed by letters"
        try:
            for row in rows:
                word = bare(row[name]) if width and len(row) > name else ""
                if width and (any(row[width:]) or name < len(row) <= last):
                    what = f"has {len(row)} cells below a header of {width}"
                    raise csv.Error
                if word in HEADER_WORDS and word != header.columns[name]:
                    what = "is the header of another table"
                    raise csv.Error
                if any(row) and start + rows.line_num > number and len(row) < width:
                    raise csv.Error
                if any(row) and word not in HEADER_WORDS:
                    yield number, [plain(row[k]) if k is not None and k < len(row) else "" for k in wanted]
                number = start + rows.line_num + 1
        except csv.Error as error:
            remedy = "repair the row; a quote inside quotes is doubled"
            raise InputError(f"{where}:{number}", what, remedy) from error

    try:
        return list(parsed(csv.QUOTE_MINIMAL))
    except InputError:
        if header.delimiter != "\t":
            raise
        return list(parsed(csv.QUOTE_NONE))


def plain(cell: str) -> str:
    """A cell without blanks at its edges, line ends in it, and quotes around it that were read as letters."""
    cell = cell.strip().replace("\n", " ")
    return cell[1:-1] if len(cell) > 2 and cell[0] == cell[-1] == '"' else cell


def rank_of(cell: str) -> str:
    """A rank without case and dot: "gen." is gen."""
    return cell.strip().lower().rstrip(".")


def taxon(cell: str, source: Source) -> str:
    """The name in a cell, "" if there is none: a lineage's genus; of a row of rank genus, without its authors."""
    text = re.sub("</?[a-zA-Z]{1,3}>", "", cell).strip() if "<" in cell else cell
    genus = None if text.isalpha() else genus_of(text)
    if text.lower() in sources.MISSING or (source.lineage and not genus) or not any(map(str.isalpha, text)):
        return ""
    if source.rank and ";" in text and not genus:
        return text.rstrip("; ").rpartition(";")[2].strip()
    name = GENUS_NAME.match(text) if source.rank and genus is None else None
    return name[0] if name and AUTHOR.fullmatch(text, name.end()) else text if genus is None else genus


def standing(status: str, *, correct: bool) -> str:
    """The kind that a status says; if `correct`, its last clause up to a comma, rejected if that is no known one."""
    if correct:
        return STANDINGS.get(status.rstrip("; ").rpartition(";")[2].partition(",")[0].strip().lower(), "rejected")
    status = status.lower().replace("_", " ")
    return "rejected" if REJECTED.search(status) else "synonym" if SYNONYM.search(status) else "name"


def gather(source: Source, rows: Rows) -> Reading:
    """Every genus once, at its first line. Its own row, with nothing below it, decides on its standing, or the best.

    A genus that only its species attest is a name if one of them is not rejected.
    """
    best: dict[str, tuple[int, bool, int]] = {}
    scopes = set()
    for line, (cell, rank, status, scope, *below) in rows:
        if (source.rank and rank_of(rank) not in GENUS_RANKS) or not (text := taxon(cell, source)):
            continue
        kind = standing(status, correct=source.correct)
        kind = "candidatus" if kind_of(text) == "candidatus" else "name" if any(below) and kind != "rejected" else kind
        first, under, rank_before = best.get(text, (line, True, len(RANKING)))
        best[text] = (first, *min((under, rank_before), (any(below), RANKING.index(kind))))
        scopes.add(scope.lower())
    prokaryotes = source.prokaryotes
    if prokaryotes is None and scopes and (scopes <= sources.PROKARYOTES or scopes <= sources.ELSEWHERE):
        prokaryotes = scopes <= sources.PROKARYOTES
    entries = [Entry(line, text, RANKING[rank]) for text, (line, _, rank) in best.items()]
    return Reading(entries, source.label, True, prokaryotes)


def column(lines: Sequence[str], wanted: str, where: str) -> Reading:
    """A column of any table, by its name in the header or by its number from 1, when every row counts.

    InputError if there is no such column.
    """
    head = list(islice((line for line in lines if line.strip() and line[0] != "#"), SEARCHED))
    header = Header(-1, max(DELIMITERS, key=lambda mark: sum(len(fields(line, mark)) for line in head)), [])
    first = ", ".join(cell[:30] for cell in fields(head[0], header.delimiter)[:12]) if head else "empty"
    name, place = bare(wanted), int(wanted) - 1 if wanted.isdecimal() else None
    if place is None:
        lone = [Header(lines.index(head[0]), "\t", [name])] if head and bare(head[0]) == name else []
        known = next((header for header in [*headers(lines), *lone] if name in header.columns), None)
        if known is None or not name:
            raise InputError(where, f"has no column {wanted!r}", f"its first row is: {first}")
        header, place = known, known.columns.index(name)
    rows = [(line, text) for line, (text,) in cells(lines, header, [place], where) if text]
    if not rows:
        raise InputError(where, f"has nothing in a column {wanted!r}", f"its first row is: {first}")
    genera = [genus_of(text) for _, text in rows]
    lineage = 2 * sum(genus is not None for genus in genera) > len(genera)
    texts = [genus or "" for genus in genera] if lineage else [text for _, text in rows]
    entries = [Entry(line, text, kind_of(text)) for (line, _), text in zip(rows, texts, strict=True) if text]
    return Reading(entries, "column of a table", lineage)
