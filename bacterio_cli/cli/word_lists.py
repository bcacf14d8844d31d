"""Lists that the options of `sample` name: placeholders, words, topics of the glossary."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bacterio_cli.errors import BacterioError, InputError, UsageError

if TYPE_CHECKING:
    from bacterio_cli.dataset.readers.records import Reading
    from bacterio_cli.nomenclature.glossary import Word


def words_about(topics: list[str], glossaries: list[str]) -> tuple[Word, ...]:
    """The words of the glossary that say so; UsageError, with the keywords, for a topic that none has."""
    if not topics:
        return ()
    from bacterio_cli.nomenclature.glossary import glossary

    known = glossary(glossaries)
    if "help" in topics:
        sys.stdout.write("\n".join(known.keywords) + "\n")
        raise SystemExit(0)
    for topic in topics:
        if not known.about(topic):
            raise UsageError(f"--about {topic}: no element says so; try one of: {', '.join(known.keywords)}")
    return tuple(dict.fromkeys(word for topic in topics for word in known.about(topic)))


def read_placeholders(path: Path) -> list[str]:
    """The placeholders of a taxonomy, or all words of a plain list, whatever they look like."""
    from bacterio_cli.dataset.cleaning import PLACEHOLDERS, flaw, without_prefix
    from bacterio_cli.dataset.readers.formats import read

    try:
        reading = read(str(path))
    except InputError:  # MAG_001 looks like no name
        return read_words(path, "--for")
    if not reading.taxonomic:
        return words_in(reading, "--for")
    names = [without_prefix(entry.text) for entry in reading.entries]
    found = dict.fromkeys(name for name in names if name and flaw(name) == PLACEHOLDERS)
    if not found:
        raise BacterioError(f"--for {path}: every genus in it has a name already; give a list of placeholders")
    return list(found)


def read_words(path: Path, option: str) -> list[str]:
    """The words of a list, one a line."""
    from bacterio_cli.dataset.readers.formats import read

    return words_in(read(str(path), input_format="lines"), option)


def words_in(reading: Reading, option: str) -> list[str]:
    """The words of a list without comments, each once; BacterioError if there is none, or one that no line can hold."""
    from bacterio_cli.dataset.cleaning import clean

    words = dict.fromkeys(clean(entry, reading.source) for entry in reading.entries)
    words.pop("", None)
    if not words:
        raise BacterioError(f"{option} {reading.source}: the file has no words; give one a line")
    return list(words)
