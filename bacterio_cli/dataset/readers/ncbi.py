"""NCBI's dumps, without a header and with a tab, a bar and a tab between fields: names.dmp and rankedlineage.dmp."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from bacterio_cli.dataset.readers.records import Reading
from bacterio_cli.dataset.readers.sources import DUMPS, NAME_CLASSES, Source
from bacterio_cli.dataset.readers.taxa import gather
from bacterio_cli.dataset.readers.text_files import Text, opened
from bacterio_cli.errors import InputError

BESIDE = "give names.dmp with the nodes.dmp that belongs to it beside it"
MOST_LINES = 10_000_000  # of a dump: they are long, and quickly passed over


def read(text: Text) -> Reading | None:
    """The genera of a dump of NCBI; those of names.dmp by the ranks of its nodes."""
    first = next((line.rstrip() for line in text.head if line.strip()), "")
    if "\t|\t" not in first or not first.endswith("|"):
        return None
    columns = DUMPS.get(first[:-1].count("\t|") + 1, "")
    if "genus" in columns:
        ranked = ((number, [row[3], "", "", ""]) for number, row in fields(text) if len(row) > 3)
        return gather(Source("NCBI ranked lineages", "", "genus"), ranked, text.where)
    if not columns:
        raise InputError(
            text.where, "is a dump of NCBI, but not one of names", "give names.dmp with nodes.dmp beside it"
        )
    genera = genera_beside(text)
    named = (
        (number, [row[1], "", NAME_CLASSES[row[3]], ""])
        for number, row in fields(text)
        if row[0] in genera and len(row) > 3 and row[3] in NAME_CLASSES
    )
    return gather(Source("NCBI taxonomy names", "", "name", correct=True), named, text.where)


def fields(text: Text) -> Iterator[tuple[int, list[str]]]:
    """The number and the fields of each line."""
    return ((number, line.rstrip("\t |").split("\t|\t")) for number, line in enumerate(text.lines(most=MOST_LINES), 1))


def genera_beside(text: Text) -> set[str]:
    """The ids of the genera in the nodes of NCBI's names: in the same archive, else in the file beside it."""
    path = Path(text.source)
    nodes = path.with_name(path.name.replace("names", "nodes")) if path.name else path
    if text.source == "-" or not (text.member or (nodes != path and os.path.exists(nodes))):
        what = "is a dump of NCBI, but nodes.dmp, which says what is a genus, is not beside it"
        raise InputError(text.where, what, BESIDE)
    with opened(text.source, member="nodes.dmp") if text.member else opened(str(nodes)) as tree:
        genera = {row[0] for _, row in fields(tree) if len(row) > 2 and row[2] == "genus"}
    if not genera:
        raise InputError(
            text.where, "its nodes.dmp has no node of rank genus", "give the nodes that belong to the names"
        )
    return genera
