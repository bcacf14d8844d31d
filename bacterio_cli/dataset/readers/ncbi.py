"""NCBI's taxonomy dump: names.dmp, with the ranks in the nodes.dmp beside it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bacterio_cli.dataset.readers.records import Entry, kind_of
from bacterio_cli.dataset.readers.text_files import lines_of, read_text, source_name
from bacterio_cli.errors import InputError

SEPARATOR = "\t|\t"


def is_dump(line: str) -> bool:
    """Whether a line has the fields of a dump."""
    return SEPARATOR in line and line.rstrip().endswith("|")


def nodes_beside(source: str) -> str:
    """The path of the nodes that belong to the names.  InputError if there can be none, or there is none."""
    where = source_name(source)
    remedy = "give a file names.dmp with nodes.dmp beside it"
    if source == "-":
        raise InputError(where, "is NCBI's names, which cannot be read without its nodes", remedy)
    path = Path(source)
    if "names" not in path.name:
        what = "is a dump of NCBI, but 'names' is not in the file's name, so that its nodes cannot be found"
        raise InputError(where, what, remedy)
    nodes = path.with_name(path.name.replace("names", "nodes"))
    if not nodes.exists():
        raise InputError(where, f"{nodes.name}, which says what is a genus, is not beside it", remedy)
    return str(nodes)


def entries(lines: Iterable[str], source: str) -> list[Entry]:
    """The scientific names of the nodes of rank genus.

    Raises FileError, InputError if the nodes cannot be found or are no nodes.
    """
    nodes = nodes_beside(source)
    genera = set()
    for line in lines_of(read_text(nodes).text):
        fields = line.split(SEPARATOR, 3)
        if len(fields) > 2 and fields[2] == "genus":
            genera.add(fields[0])
    if not genera:
        raise InputError(nodes, "has no node of rank genus", "give the nodes.dmp that belongs to the names")
    found = []
    for number, line in enumerate(lines, 1):
        if "scientific name" in line:
            fields = [field.strip() for field in line.split("\t|")]
            if len(fields) > 3 and fields[0] in genera and fields[3] == "scientific name" and fields[1]:
                found.append(Entry(number, fields[1], kind_of(fields[1])))
    return found
