"""Records, such as the rows of tables, and the genera that they attest."""

import csv
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from typing import Any

from bacterio_cli.dataset import LONGEST_ROW
from bacterio_cli.dataset.readers import sources
from bacterio_cli.dataset.readers.sources import CANDIDATUS, Entry, Reading, Source, counted, genus_of, key_of, plain
from bacterio_cli.dataset.readers.text_files import Text, opened
from bacterio_cli.errors import InputError

csv.field_size_limit(LONGEST_ROW)  # of a cell: one whose quote is not closed would hold the rest of the file
DELIMITERS = "\t,;|"
SEARCHED = 30  # lines in which a header is looked for: banners and comments may stand above it
RULES = "-+|=: "  # of which lines between rows are made
QUOTED = re.compile(r'"[^"]*"( "[^"]*")+')  # as R writes tables
RANKING = ("name", "synonym", "candidatus", "rejected", "epithet", "species")  # of several of a genus the first counts
Record = Mapping[str, str]  # the cells of a row, or the values of an object, by their columns, and "" for none
Records = Iterable[tuple[int, Record]]  # each with the number of its line
Layout = tuple[int, str, list[str]]  # the number of the header's line or 0, the delimiter, the columns as of key_of


def attested(source: Source, record: Record) -> tuple[int, str] | None:
    """(place of its kind in RANKING, genus) that a record has by a source; None if it has none."""
    cell, rank = record[source.name], key_of(record[source.rank])
    if not source.rank:
        found = None if cell.isalpha() else genus_of(cell)
        genus = plain(cell) if found is None and not source.lineage else found or ""
    elif rank not in sources.GENUS_RANKS:
        species = sources.SPECIES.search(plain(cell)) if rank in ("species", "subspecies", "s", "art") else None
        return (RANKING.index("species"), species[1]) if species else None
    else:
        last = re.split(r"[;|]", plain(cell).rstrip(";| "))[-1].strip()
        first, _, rest = last.partition(" ")
        # An author behind it goes: who looks like one, or stands in another cell too, or the genus does.
        alone = rest and not {first, rest}.isdisjoint(record.values()) and not CANDIDATUS.match(last)
        authored = sources.AUTHORED.fullmatch(last)
        genus = authored[1] if authored else first if alone else last
    status = "; ".join(record[column] for column in source.status.split())
    kind = sources.kind_of(status, source.terms * bool(source.status))
    kind = "candidatus" if CANDIDATUS.match(genus) else kind
    kind = "epithet" if plain(record[source.epithet]) and kind != "rejected" else kind
    return (RANKING.index(kind), genus) if kind and genus.lower() not in sources.MISSING else None


def gather(choices: Sequence[Source], records: Records, where: str) -> Reading:
    """The genera of records, each once, at its first line, by the first of the best kind.  InputError."""
    source, best, scopes, without = choices[0], dict[str, int](), set[str](), [0, 0]  # a count, a line
    alone = list[Entry]()  # of several columns the one filled, as headings between rows have it

    def first_ones() -> Iterator[Entry]:
        for line, record in records:
            found = [*filter(None, (attested(choice, record) for choice in choices))]
            if not found:
                without[:] = without[0] + 1, without[1] or line
                continue
            place, genus = min(found, key=lambda one: one[0])
            domain = sources.DOMAIN.search(record[source.name], 0, 10_000) if source.lineage else None
            if genus not in best:
                scopes.add(key_of(domain[1] if domain else record[source.scope])[:40])
                require_name(genus, f"{where}:{line}", record)
                alone.extend([Entry(line, genus)] * (len(record) > 2 and sum(map(bool, record.values())) == 1))
                yield Entry(line, genus)
            best[genus] = min(place, best.get(genus, place))

    entries = counted(first_ones(), where)
    entries = [e._replace(kind=RANKING[best[e.text]].replace("epithet", "name")) for e in entries]
    if 0 < 4 * len(alone) <= len(entries):
        what = f"has nothing but {alone[0].text[:30]!r}, as a heading between rows"
        raise InputError(f"{where}:{alone[0].line}", what, "leave it out, or choose the column with --column NAME or N")
    if all(entry.kind == "species" for entry in entries):
        raise InputError(where, f"{source.label}, but without any genus", "choose a column with --column NAME or N")
    prokaryotes = source.prokaryotes
    if prokaryotes is None and (scopes <= sources.PROKARYOTES or scopes <= sources.ELSEWHERE):
        prokaryotes = scopes <= sources.PROKARYOTES
    note = f"{without[0]:,} lineage{'s' * (without[0] > 1)} without a genus, the first in line {without[1]}"
    return Reading(entries, source.label, True, prokaryotes, (note,) * bool(source.lineage and without[0]))


def require_name(text: str, where: str, columns: Collection[str] = ()) -> None:
    """InputError for a word of headers: another table or a list of keys follows."""
    if (key := key_of(text)) in sources.HEADER_WORDS or (key and key in columns):
        what = f"has {text[:30]!r} where a name should stand, as a header or a list of keys has"
        raise InputError(where, what, "give one table alone, without footnotes")


def read_lineages(text: Text) -> Reading | None:
    """The genera of lineages, one in a line or in a header of FASTA; None if half of the first have none."""
    fasta = text.start[:1] == ">"

    def records(lines: Iterable[str]) -> Records:
        for number, line in enumerate(lines, 1):
            if line.strip() and line[0] != "#" and (line[0] == ">" or not fasta):
                twice = line.count("Bacteria") > 1 or line.count("g__") > 1  # which is quickly seen
                if twice and len({*map(genus_of, re.split('[\t,"]', line)), None, ""}) > 3:
                    raise InputError(f"{text.where}:{number}", "has two lineages", "choose one with --column NUMBER")
                yield number, {"lineage": line, "": ""}

    heads = [cell for cell in re.split("[,\t]", "".join(text.head[:1])) if sources.RANK_PREFIX.search(cell)]
    columns = len(heads) > 1 and not all(map(sources.RANK_PREFIX.search, text.head[1:2]))  # as of QIIME 2's levels
    shown = [genus_of(record["lineage"]) for _, record in records(heads if columns else text.head)]
    if 2 * shown.count(None) >= len(shown):
        return None
    source = Source("FASTA headers with lineages" if fasta else "lineages", name="lineage", lineage=True)
    return gather([source], records(heads if columns else text), text.where)


def read(text: Text) -> Reading | None:
    """The genera of a table, by the first source with any that its columns show; None if they show no source."""
    layout = without_header(text) or header(text.head)
    if not layout:
        return None
    choices = sources.choices_of({*layout[2]})
    if layout[2].count(choices[0].name) > 1:
        raise InputError(text.where, f"has two columns {choices[0].name!r}", "choose one with --column and its number")
    ids, (folder, file) = set[str](), os.path.split(text.source)  # what is a genus in names.dmp says nodes.dmp
    nodes = text.source if text.member else os.path.join(folder, file.replace("names", "nodes"))
    if choices[0].terms == "ncbi" and text.source != "-" and os.path.exists(nodes):
        with opened(nodes, member="nodes.dmp" if text.member else "") as tree:
            ids = {line.partition("\t")[0] for line in tree if line.split("\t|\t", 3)[2:3] == ["genus"]}
    if choices[0].terms == "ncbi" and not ids:
        raise InputError(text.where, "is names.dmp of NCBI without nodes.dmp beside it", "put that there too")
    return gather(choices, rows(text, *layout, ids), text.where)


def column(text: Text, wanted: str) -> Reading:
    """The cells of a column, by its name in the header or by its number from 1, when every row counts.  InputError."""
    head = [line for line in text.head if line.strip() and line[0] != "#"][:SEARCHED]
    even = [mark for mark in DELIMITERS if mark in "".join(head[:1]) and len({line.count(mark) for line in head}) == 1]
    mark = max(even or DELIMITERS, key=lambda mark: sum(line.partition(mark)[0].isalpha() for line in head))
    first, name = fields("".join(head[:1]), mark), key_of(wanted)
    layout = (0, mark, [*map(str, range(1, len(first) + 1))]) if wanted.isdecimal() else header(text.head, name)
    if not layout or layout[2].count(name) != 1:
        what, shown = "two columns" if layout and name in layout[2] else "no column", [cell[:30] for cell in first[:12]]
        raise InputError(text.where, f"has {what} {wanted!r}", f"its first row is: {', '.join(shown) or 'empty'}")
    cells = ((line, " ".join(record[name].split()).strip("*")) for line, record in rows(text, *layout))
    entries = counted((Entry(line, re.sub('^"(.+)"$', r"\1", cell)) for line, cell in cells if cell), text.where)
    if 2 * sum(genus_of(entry.text) is not None for entry in entries) <= len(entries):
        return Reading(entries, "column of a table")
    source = Source("column of lineages", name="lineage", lineage=True)
    return gather([source], ((entry.line, {"lineage": entry.text, "": ""}) for entry in entries), text.where)


def fields(line: str, delimiter: str) -> list[str]:
    """The cells of a line that is a row by itself."""
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]


def without_header(text: Text) -> Layout | None:
    """The layout of a known table without a header, by its first line; InputError for an unknown dump of NCBI."""
    first = next(filter(str.strip, text.head), "")
    dumped = first.endswith("\t|") and first[:1].isdigit()
    columns = next((names.split() for like, names in sources.LAYOUTS.items() if re.fullmatch(like, first)), [])
    if dumped and not columns:
        raise InputError(text.where, "is a dump of NCBI, but not one of names", "give names.dmp and nodes.dmp")
    return (0, "|" if dumped else "\t", columns) if columns else None


def header(head: Sequence[str], wanted: str = "") -> Layout | None:
    """The layout by the first line with the columns of a source, or the `wanted`, unless a table begins above it: where
    two lines have as many cells. Keys that repeat in the next line, and groups above a header, are none."""
    shown = [k for k, line in enumerate(head) if line.strip(RULES)][:SEARCHED]
    for index, following in zip_longest(shown, shown[1:]):
        line, after = head[index].lstrip("# "), head[following] if following else ""
        quoted = any(map(QUOTED.fullmatch, (line, after)))
        for delimiter in " " if quoted else sorted(DELIMITERS, key=line.count, reverse=True):
            columns, below = ([*map(key_of, fields(row, delimiter))] for row in (line, after))
            again = any(a in sources.HEADER_WORDS and a == b for a, b in zip(columns, below, strict=False))
            again = again or (columns.count("") > 1 + below.count("") and bool(sources.choices_of({*below})))
            known = wanted in columns if wanted else len(columns) > 1 != len(below) and sources.choices_of({*columns})
            if known and not again:
                named = delimiter in "\t " and len(below) == len(columns) + 1 and below[-1]  # R writes no header for it
                return index + 1, delimiter, ["", *columns] if named else columns
            if len(columns) == len(below) > 1 and 2 * columns.count("") < len(columns) and head[index][0] != "#":
                return None
    return None


def rows(text: Text, top: int, delimiter: str, columns: list[str], ids: Collection[str] = ()) -> Records:
    """All rows below the line `top`, or of these `ids`; InputError for open quotes, and for one cut in two."""
    expected, number = len(columns) * bool(top), top + 1
    lines = (line if not ids or line.partition("\t")[0] in ids else "" for line in islice(text, top, None))
    quoting: Any = csv.QUOTE_NONE if delimiter in "\t|" else csv.QUOTE_MINIMAL  # between these it is a letter
    table = csv.reader((line + "\n" for line in lines), delimiter=delimiter, quoting=quoting, strict=True)
    try:
        for row in table:
            if "".join(row).strip(RULES):
                expected = expected or len(row)
                if len(row) != expected:
                    what = f"has {len(row)} cell{'s' * (len(row) != 1)}, and rows above have {expected}"
                    raise InputError(f"{text.where}:{number}", what, "repair it, or leave it out if it is a note")
                yield number, {**dict(zip(columns, row, strict=False)), "": ""}
            number = top + 1 + table.line_num
    except csv.Error as error:
        what = "a quote is opened and not closed, or followed by letters, or a cell is too long"
        raise InputError(f"{text.where}:{number}", what, "repair the row; a quote inside quotes is doubled") from error
