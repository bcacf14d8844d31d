"""Lists that the options of `sample` name: placeholders, words, topics of the glossary."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bacterio_cli.errors import UNPRINTABLE, BacterioError, UsageError

if TYPE_CHECKING:
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
    """The placeholders of a taxonomy, or all words of a plain list."""
    from bacterio_cli.dataset.cleaning import PLACEHOLDERS, bare, flaw
    from bacterio_cli.dataset.readers.formats import read

    reading = read(str(path))
    if not reading.taxonomic:
        return read_words(path, "--for")
    found = dict.fromkeys(name for entry in reading.entries if flaw(name := bare(entry.text)) == PLACEHOLDERS and name)
    if not found:
        raise BacterioError(f"--for {path}: every genus in it has a name already; give a list of placeholders")
    return list(found)


def read_words(path: Path, option: str) -> list[str]:
    """The words of a list, one a line; UsageError if there is none."""
    from bacterio_cli.dataset.readers.formats import read

    words = [entry.text.strip() for entry in read(str(path), input_format="lines").entries]
    words = list(dict.fromkeys(word for word in words if word and not word.startswith("#")))
    if not words:
        raise BacterioError(f"{option} {path}: the file has no words; give one a line")
    if odd := next((word for word in words if UNPRINTABLE.search(word)), None):
        raise BacterioError(f"{option} {path}: control character in {odd!r}; give one word a line")
    return words
