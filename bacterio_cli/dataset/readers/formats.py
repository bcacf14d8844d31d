"""Which format a text has, by its content; and its reading."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bacterio_cli.dataset.readers import lineages, lines, ncbi, tables
from bacterio_cli.dataset.readers.records import LEARNED, Entry, Reading, newest_date
from bacterio_cli.dataset.readers.text_files import lines_of, read_text, source_name
from bacterio_cli.errors import InputError, UsageError

# What each is called, and by what it is known.
LABELS = {
    "lines": ("plain list", ""),
    "lpsn": ("LPSN genus and species rows", "a header with genus_name, sp_epithet and status"),
    "gtdb": ("lineages with ranks (GTDB, Greengenes)", "lineages like d__Bacteria;p__…;g__…"),
    "ncbi": ("NCBI taxonomy names", "fields between tab, bar and tab"),
    "coldp": ("Catalogue of Life name usages", "a header with scientificName and rank"),
    "bacdive": ("BacDive strains", "a header with genus and columns of species or strains"),
    "fasta": ("FASTA headers with lineages (RDP, SILVA)", "a first line that begins with '>'"),
    "table": ("column of a table", ""),
}
FORMATS = tuple(LABELS)
NUMBER = re.compile("-?[0-9]+")
HEADERS = {"lpsn": tables.is_lpsn, "coldp": tables.is_coldp, "bacdive": tables.is_bacdive}
TABLES = {"lpsn": tables.lpsn, "coldp": tables.coldp, "bacdive": tables.bacdive}
GENERAL = ("lines", "table")  # formats that may hold names of anything
SOUGHT = ("fasta", "ncbi", "gtdb", "lpsn", "coldp", "bacdive")  # by content, the surest first


def read(
    source: str, *, input_format: str | None = None, column: str | None = None, encoding: str | None = None
) -> Reading:
    """All that a file holds, or standard input for `-`, in the format that its content shows.

    `input_format` insists on one of FORMATS; `column` is the name or number of a table's column. Raises FileError,
    InputError for a text that is not what it should be, UsageError for words that mean nothing.
    """
    refuse_words(input_format, column)
    where = source_name(source)
    text, label = read_text(source, encoding)
    rows = lines_of(text)
    chosen = "table" if column is not None else input_format or recognise(rows)
    entries = entries_of(rows, chosen, source, column)
    if not entries and chosen != "lines":
        raise InputError(where, f"{LABELS[chosen][0]}, but without any genus", "give another file")
    return Reading(where, chosen, label, entries, newest_date(rows), chosen not in GENERAL)


def refuse_words(input_format: str | None, column: str | None) -> None:
    """UsageError for a format that is unknown, or does not go with the column."""
    if input_format is not None and input_format not in FORMATS:
        raise UsageError(f"--input-format {input_format}: no such format; it is one of {', '.join(FORMATS)}")
    if column is None:
        if input_format == "table":
            raise UsageError("--input-format table needs --column, a name or a number")
        return
    if input_format not in (None, "table"):
        raise UsageError(f"--column is for tables, and --input-format {input_format} has its own; leave one out")
    number = NUMBER.fullmatch(column.strip())
    if not column.strip() or (number and not 0 < int(number[0][:9]) < 10**6):
        raise UsageError(f"--column {column!r} is neither a name nor a number from 1")


def recognise(rows: Sequence[str]) -> str:
    """The format that the first lines show; a plain list if they show no other."""
    return next((name for name in SOUGHT if shows(rows, name)), "lines")


def shows(rows: Sequence[str], name: str) -> bool:
    """Whether the first lines of a text are those of a format."""
    head = [rows[k] for k in tables.head_of(rows)]
    if name in HEADERS:
        return tables.find_header(rows, HEADERS[name]) is not None
    if name == "gtdb":
        return any(map(lineages.is_prefixed, head[:3])) and not head[0].startswith(">")
    if name == "ncbi":
        return bool(head) and ncbi.is_dump(head[0])
    return bool(head) and head[0][0] == ">" and len(head[0]) > 1 and not head[0][1].isspace()


def entries_of(rows: Sequence[str], name: str, source: str, column: str | None) -> list[Entry]:
    """The entries of a text in this format; InputError if it is not in it."""
    where = source_name(source)
    if name == "lines":
        return lines.entries(rows)
    if column is not None:
        return tables.column(rows, column.strip(), where)
    if not shows(rows, name):
        label, mark = LABELS[name]
        raise InputError(where, f"is not in the format {name} ({label}): it has not {mark}", "leave out --input-format")
    if name in HEADERS:
        header = tables.find_header(rows, HEADERS[name])
        assert header is not None
        return TABLES[name](rows, header, where)
    if name == "ncbi":
        return ncbi.entries(rows, source)
    return lineages.prefixed(rows) if name == "gtdb" else lineages.fasta(rows)


def describe(reading: Reading) -> str:
    """What a source was taken for: 'lpsn.csv: LPSN genus and species rows, UTF-8, 1,234 names'."""
    count = sum(entry.kind in LEARNED for entry in reading.entries)
    return f"{reading.source}: {LABELS[reading.format][0]}, {reading.encoding}, {count:,} name{'s' * (count != 1)}"
