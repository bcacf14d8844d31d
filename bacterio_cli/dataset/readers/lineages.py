"""Lineages: the genus is the rank, told by a prefix, by a word beside it, or by its place below a domain or family."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bacterio_cli.dataset.readers.records import Entry, Reading, kind_of
from bacterio_cli.errors import InputError

HEAD = 200  # lines that decide about the shape
BEFORE = r"(?:^|(?<=[;|,=\s\"]))"
PREFIX = re.compile(BEFORE + r"(?:[dkpcofgsrt]__|D_\d\d?__|[dk]:[A-Z][^;,]*,p:)")
GENUS = re.compile(BEFORE + r"(?:g__|D_5__|(?<=,)g:)([^;|,\t\"]*)")
SUFFIX = re.compile(r"\s*(?:\([\d.]+\)|\[\w+=.*)$")  # a confidence, or what GTDB's FASTA says of the sequence
TOP = re.compile(
    r"(?:^|[;|,=\s\">:])(?:[dk](?:__|:)|D_0__)?\"?(?:(Bacteria|Archaea)|Eukary\w+|Fungi|Plantae|Animalia)\b"
)
DOMAINS = {"bacteria", "archaea"}
ROOTS = {"root", "cellular organisms"}
TOPS = DOMAINS | ROOTS | {"eukaryota", "eukarya", "unassigned", "unclassified", "unknown", "viruses"}


def genus_of(text: str) -> str | None:
    """The genus of a lineage, "" if it has none; None if the text is no lineage.

    Without prefixes, where words for the ranks alternate with the names, it is the one before `genus`. Else, of
    bacteria and archaea, the one behind the family, which is known by its ending, or the fifth below the domain. A name
    that stands above already (Chloroplast; Chloroplast) fills a gap.
    """
    if "__" in text or ":" in text:
        if found := GENUS.search(text):
            return SUFFIX.sub("", found[1].strip()).strip(" '\"")
        if PREFIX.search(text):
            return ""
    if ";" not in text:
        return None
    parts = [SUFFIX.sub("", part.strip(" \"'")).strip(" \"'") for part in text.removeprefix("Lineage=").split(";")]
    parts = parts if parts[-1] else parts[:-1]
    words = [part.lower() for part in parts]
    if not words or words[0] not in TOPS:
        return None
    if len(parts) > 1 and words[1] in ("rootrank", "domain", "norank"):
        return parts[2 * words[1::2].index("genus")] if "genus" in words[1::2] else ""
    top = next((k for k, word in enumerate(words) if word not in ROOTS), 0)
    families = [k for k, word in enumerate(words) if word.endswith("aceae") and " " not in word]
    place = families[-1] + 1 if families else top + 5
    return parts[place] if words[top] in DOMAINS and place < len(parts) and words[place] not in words[:place] else ""


def genera_of(line: str, where: str, number: int) -> list[str] | None:
    """The genera of a line's lineage, two for X/Y; None if none of its cells is one.  InputError for two lineages."""
    cells = [line[1:], *line.split(None, 1)[1:]] if line[0] == ">" and "\t" not in line else line.split("\t")
    found = dict.fromkeys(genus for cell in cells if (genus := genus_of(cell)) is not None)
    if len(found) > 1 and "" in found:
        del found[""]
    if len(found) > 1 or (line.count("g__") > 1 and len(set(GENUS.findall(line))) > 1):
        raise InputError(f"{where}:{number}", "has two lineages", "choose one with --column and its number")
    return [part.strip() for part in next(iter(found)).split("/")] if found else None


def read(lines: Sequence[str], where: str) -> Reading | None:
    """The genus of each lineage, in lines or in the headers of FASTA; None if half of the first or more have none."""
    rows = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and line[0] != "#"]
    fasta = bool(rows) and re.match(r">\S", rows[0][1]) is not None
    rows = [row for row in rows if row[1][0] == ">"] if fasta else rows
    shown = [genera_of(line, where, number) for number, line in rows[:HEAD]]
    if 2 * sum(genera is not None for genera in shown) <= len(shown):
        if fasta:
            raise InputError(where, "is FASTA, but its headers have no lineages", "give a file with lineages")
        return None
    first: dict[str, int] = {}
    lost, kinds = [], set()
    for number, line in rows:
        genera = genera_of(line, where, number)
        if genera is None:
            lost.append(number)
        for genus in filter(None, genera or []):
            first.setdefault(genus, number)
            kinds.add(bool(top[1]) if (top := TOP.search(line)) else None)
    entries = [Entry(number, genus, kind_of(genus)) for genus, number in first.items()]
    notes = (f"{len(lost):,} lines without a lineage passed over, the first {lost[0]}",) if lost else ()
    kind = kinds.pop() if len(kinds) == 1 else None
    return Reading(entries, "FASTA headers with lineages" if fasta else "lineages", True, kind, notes)
