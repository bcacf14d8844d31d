"""Lists of spellings that are taken, such as those of `--avoid`: read generously, since a miss costs more."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bacterio_cli.dataset import shipped
from bacterio_cli.dataset.readers.records import CANDIDATUS, Entry, Reading, newest_date
from bacterio_cli.errors import UNPRINTABLE, FileError, InputError

EDGES = "[](){}<>\"'`‘’‚“”„«» "
RANK_PREFIX = re.compile("(?:[a-z]{1,2}|D_[0-9]+)__")
OF_PROKARYOTES = ("lpsn", "gtdb", "bacdive", "fasta")
POLYPHYLETIC = re.compile("_[A-Z]{1,2}$")  # Bacillus_A: GTDB's mark for a part of Bacillus


@dataclass(frozen=True)
class Reference:
    """Spellings that are taken.

    `label` is the file's name; `date` the newest date that the file states, else 'file of 2026-08-04', its own time;
    None for standard input that states none. `prokaryotes`: its format holds these alone.
    `taken_for`: what the file was recognised as, in words.
    """

    label: str
    names: tuple[str, ...]
    date: str | None = None
    prokaryotes: bool = False
    taken_for: str = field(default="", compare=False)


def read_reference(
    source: str, *, input_format: str | None = None, column: str | None = None, encoding: str | None = None
) -> Reference:
    """A list of spellings that are taken, in any format that can be read.

    Raises FileError, InputError, UsageError as `read` does; InputError too for a list without any spelling.
    """
    from bacterio_cli.dataset.readers.formats import describe, read  # names are drawn without them

    reading = read(source, input_format=input_format, column=column, encoding=encoding)
    names = spellings([reading])
    if not names:
        raise InputError(reading.source, "has no names", "give a list of names, or leave it out")
    label = reading.source if source == "-" else Path(source).name
    return Reference(
        label, names, reading.date or file_date(source), reading.format in OF_PROKARYOTES, describe(reading)
    )


def also_known_names() -> Reference:
    """data/also_known.txt: names that the authors of the tool know of besides the corpus, each with its kind."""
    lines = shipped("also_known.txt").read_text(encoding="ascii").splitlines()
    names = tuple(line.partition("\t")[0] for line in lines if line and line[0] != "#")
    return Reference("names known to the authors of the tool, not complete", names, newest_date(lines), True)


def file_date(source: str) -> str | None:
    """'file of 2026-08-04': when the file was last changed, local time; None for standard input."""
    if source == "-":
        return None
    try:
        changed = Path(source).stat().st_mtime
    except OSError as error:
        raise FileError(source, "read", error) from error
    return f"file of {datetime.fromtimestamp(changed):%Y-%m-%d}"


def spellings(readings: Iterable[Reading]) -> tuple[str, ...]:
    """Every spelling of every kind, once, in the order of first appearance, without its dress.

    *Candidatus*, quotes and brackets at the edges, and rank prefixes go; `Bacillus_A` is Bacillus, other placeholders
    stay as they are; of a species the genus stays; `X/Y` is both. In a list of anything, New York stays whole.
    """
    found: dict[str, None] = {}
    for reading in readings:
        for entry in reading.entries:
            text = entry.text
            if text.isascii() and text.isalpha():  # most are, and there may be a million
                found[text] = None
            else:
                found.update(dict.fromkeys(undressed(text_of(entry, reading), whole=not reading.taxonomic)))
    return tuple(found)


def text_of(entry: Entry, reading: Reading) -> str:
    """The text of an entry; InputError if that of a plain list cannot be a name: it may be no list at all."""
    from bacterio_cli.dataset.cleaning import clean, composed  # names are drawn without it

    if reading.format == "lines":
        return clean(entry, reading.source)
    return composed(UNPRINTABLE.sub(" ", entry.text))


def undressed(text: str, *, whole: bool) -> Iterator[str]:
    """The spellings in a text; `whole` keeps several words together unless the second is in lower case."""
    text = CANDIDATUS.sub("", text.strip(EDGES), count=1)
    for part in [text] if whole else text.split("/"):
        part = RANK_PREFIX.sub("", part.strip(EDGES), count=1)
        words = part.split()
        if len(words) > 1 and (not whole or words[1][0].islower()):
            part = words[0]
        part = POLYPHYLETIC.sub("", part.strip(EDGES))
        if part:
            yield part
