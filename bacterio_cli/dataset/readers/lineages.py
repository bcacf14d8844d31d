"""Lineages: GTDB and Greengenes with a prefix for each rank, RDP and SILVA in the headers of FASTA."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bacterio_cli.dataset.readers.records import Entry, first_of_each

PREFIXED = re.compile(r"(?:^|[\t ,\"])[dk]__[^;\t]*;\s*[a-z]{1,2}__")
GENUS = re.compile(r"(?:^|[\t ;,\"])g__([^;\t,\"]*)")


def is_prefixed(line: str) -> bool:
    """Whether a lineage like `d__Bacteria;p__…` stands in a line, alone or in a column."""
    return PREFIXED.search(line) is not None


def prefixed(lines: Iterable[str]) -> list[Entry]:
    """The genus of each lineage, once; `g__` if one is left empty. Lines without a genus are passed over."""
    found = ((number, GENUS.search(line)) for number, line in enumerate(lines, 1) if "g__" in line)
    return first_of_each((number, match[1].strip() or "g__") for number, match in found if match)


def fasta(lines: Iterable[str]) -> list[Entry]:
    """The genus of each header that has a lineage, once."""
    return first_of_each(headers(lines))


def headers(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """(line, genus) of each header with a lineage; a genus `X/Y` is both."""
    for number, line in enumerate(lines, 1):
        if line.startswith(">"):
            for genus in genus_of(lineage_of(line)).split("/"):
                if genus.strip():
                    yield number, genus.strip()


def lineage_of(header: str) -> list[str]:
    """The names of a header's lineage, quotes removed: behind the last tab, else behind the first blank."""
    _, tab, last = header[1:].rpartition("\t")
    words = header[1:].strip().split(None, 1)
    text = last if tab else words[-1] if words else ""
    if not tab and len(words) > 1 and ";" in words[0] and ";" not in words[1]:
        text = header[1:]  # no accession: the blank is one of the lineage
    if ";" not in text:
        return []
    parts = (part.strip().strip('"').strip() for part in text.strip().removeprefix("Lineage=").split(";"))
    return [part for part in parts if part]


def genus_of(lineage: list[str]) -> str:
    """The genus of a lineage, "" if it has none.

    Where words for the ranks alternate with the names, the one before `genus`. Else the last; but if that is an
    organism with a blank in it, as SILVA's are, the one before. RDP's lineages begin with Root and end with the genus.
    """
    if len(lineage) < 2:
        return ""
    if lineage[1].lower() in ("rootrank", "domain"):
        ranks = [rank.lower() for rank in lineage[1::2]]
        return lineage[2 * ranks.index("genus")] if "genus" in ranks else ""
    return lineage[-2] if " " in lineage[-1] and lineage[0] != "Root" else lineage[-1]
