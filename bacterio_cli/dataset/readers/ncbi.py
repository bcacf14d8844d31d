"""NCBI's dumps, without a header and with a tab, a bar and a tab between fields: names.dmp and rankedlineage.dmp."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bacterio_cli.dataset.readers import tables
from bacterio_cli.dataset.readers.records import Reading
from bacterio_cli.dataset.readers.sources import DUMPS, NAME_CLASSES, Source
from bacterio_cli.dataset.readers.text_files import lines_of, read_text, source_name
from bacterio_cli.errors import InputError


def read(lines: Sequence[str], source: str, member: str) -> Reading | None:
    """The genera of a dump of NCBI, between tab, bar and tab; those of names.dmp by the ranks of its nodes."""
    first = next((line.rstrip() for line in lines if line.strip()), "")
    if "\t|\t" not in first or not first.endswith("|"):
        return None
    where = source_name(source)
    rows = ((n, [*map(str.strip, line.split("\t|")), "", "", ""]) for n, line in enumerate(lines, 1))
    columns = DUMPS.get(first[:-1].count("\t|") + 1, "")
    if "genus" in columns:
        found = ((n, [row[3], "", "", ""]) for n, row in rows)
        return tables.gather(Source("NCBI ranked lineages", "", "genus"), found)
    if not columns:
        raise InputError(where, "is a dump of NCBI, but not one of names", "give names.dmp with nodes.dmp beside it")
    ids, correct = genera_beside(source, member), {"scientific name": "correct name"}
    classes = set(NAME_CLASSES.split("|"))
    named = ((n, row) for n, row in rows if row[0] in ids and row[3] in classes)
    found = ((n, [row[1], "genus", correct.get(row[3], "rejected"), ""]) for n, row in named)
    return tables.gather(Source("NCBI taxonomy names", "", "name", "rank", correct=True), found)


def genera_beside(source: str, member: str) -> set[str]:
    """The ids of the genera in the nodes of NCBI's names: in the same archive, else in the file beside it."""
    where, path = source_name(source), Path(source)
    nodes = path.with_name(path.name.replace("names", "nodes")) if path.name else path
    if source == "-" or not (member or (nodes != path and nodes.exists())):
        what = "is a dump of NCBI, but nodes.dmp, which says what is a genus, is not beside it"
        raise InputError(where, what, "give a file names.dmp with nodes.dmp beside it")
    text = read_text(source, member="nodes.dmp").text if member else read_text(str(nodes)).text
    rows = [line.split("\t|\t", 3) for line in lines_of(text)]
    genera = {row[0] for row in rows if len(row) > 2 and row[2] == "genus"}
    if not genera:
        raise InputError(where, "its nodes.dmp has no node of rank genus", "give the nodes that belong to the names")
    return genera
