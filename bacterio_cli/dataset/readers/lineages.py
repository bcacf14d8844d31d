"""Lineages in lines, in the cells of lines, or in the headers of FASTA."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bacterio_cli.dataset.readers.records import Reading
from bacterio_cli.dataset.readers.sources import Source
from bacterio_cli.dataset.readers.taxa import GENUS, gather, genus_of
from bacterio_cli.dataset.readers.text_files import Text
from bacterio_cli.errors import InputError

HEAD = 200  # lines that decide about the shape
TOP = re.compile(
    r"(?:^|[;|,=\s\">:])(?:[dk](?:__|:)|D_0__)?\"?(?:(Bacteria|Archaea)|Eukary\w+|Fungi|Plantae|Animalia)\b"
)


def genera_of(line: str, where: str, number: int) -> list[str] | None:
    """The genera of a line's lineage, two for X/Y; None if none of its cells is one.  InputError for two lineages."""
    cells = [line[1:], *line.split(None, 1)[1:]] if line[0] == ">" and "\t" not in line else line.split("\t")
    found = dict.fromkeys(genus for cell in cells if (genus := genus_of(cell)) is not None)
    if len(found) > 1 and "" in found:
        del found[""]
    if len(found) > 1 or (line.count("g__") > 1 and len(set(GENUS.findall(line))) > 1):
        raise InputError(f"{where}:{number}", "has two lineages", "choose one with --column and its number")
    return [part.strip() for part in next(iter(found)).split("/")] if found else None


def read(text: Text) -> Reading | None:
    """The genus of each lineage, in lines or in the headers of FASTA; None if half of the first or more have none."""
    head = [(number, line) for number, line in enumerate(text.head, 1) if line.strip() and line[0] != "#"]
    fasta = bool(head) and re.match(r">\S", head[0][1]) is not None
    shown = [genera_of(line, text.where, n) for n, line in head if line[0] == ">" or not fasta][:HEAD]
    if 2 * sum(genera is not None for genera in shown) <= len(shown):
        if fasta:
            raise InputError(text.where, "is FASTA, but its headers have no lineages", "give a file with lineages")
        return None
    lost: list[int] = []

    def rows() -> Iterator[tuple[int, list[str]]]:
        for number, line in enumerate(text, 1):
            if not line.strip() or line[0] == "#" or (fasta and line[0] != ">"):
                continue
            genera = genera_of(line, text.where, number)
            if genera is None:
                lost.append(number)
            top = TOP.search(line, 0, 10_000) if genera else None
            scope = (top[1] or "eukaryota") if top else ""
            yield from ((number, [genus, "", "", scope]) for genus in genera or ())

    label = "FASTA headers with lineages" if fasta else "lineages"
    found = gather(Source(label, "", "genus"), rows(), text.where)
    notes = (f"{len(lost):,} lines without a lineage passed over, the first {lost[0]}",) if lost else ()
    return found._replace(notes=notes)
