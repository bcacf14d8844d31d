"""Lists of spellings that are taken, such as those of `--avoid`: read generously, since a miss costs more."""

import os
import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from bacterio_cli.dataset import cleaning, is_date
from bacterio_cli.dataset.cleaning import RANK_ENDINGS, STAND_INS, UNLIKE_GENERA, clean, composed, flaw
from bacterio_cli.dataset.readers.formats import read
from bacterio_cli.dataset.readers.sources import CANDIDATUS, Reading
from bacterio_cli.errors import UNPRINTABLE, InputError, UsageError
from bacterio_cli.nomenclature.name_index import Reference

EDGES = "[](){}<>\"'`‘’‚“”„«»*?+×†‡., "
BETWEEN = re.compile(r"[][/;:=()|+]|-(?=[A-Z])|\bor\b")  # two names: Escherichia-Shigella
BLANKS = re.compile(r"(?:[\s,&_]|\band\b)+")
RANK_PREFIX = re.compile("^(?:[a-z]{1,2}|D_[0-9]+)__")
NAME = re.compile("[A-ZÀ-Þ][a-zß-ÿ]++(?![A-Z])")  # behind it may stand a footnote, or what makes it a placeholder
SPECIES = re.compile(" [a-z].*")
DATED = re.compile(r"(?<!\d)((?:19|20)\d\d)([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)")


def read_reference(source: str, *, elsewhere: bool = False, genera: bool = False, **how: Any) -> Reference:
    """A list of spellings that are taken, `how` as in `read`; `source` is FILE or FILE#COLUMN, a column of its own.

    `elsewhere` says that it lists no prokaryotes, which is otherwise known if the source tells. Raises what `read`
    does; InputError too for a list without any spelling, or most of which is no genus in any case of letters where
    `genera` are wanted, UsageError for one of prokaryotes that is said to be of others.
    """
    file, mark, column = source.rpartition("#")
    if not mark or os.path.exists(source):  # a file whose own name has a # is that
        file, column = source, ""
    if column:
        how |= {"column": column, "input_format": None}
    reading = read(file, profile="any", **how)  # species are of two words
    names = spellings(reading, genera=genera)
    if not names:
        raise InputError(reading.source, "has no names", "give a list of names, or leave it out")
    lines = (SPECIES.sub("", entry.text.strip(EDGES)) for entry in reading.entries if genera)
    reasons = [flaw(line.capitalize()) for line in lines]
    unlike = [reason for reason in reasons if reason in {*UNLIKE_GENERA, RANK_ENDINGS}]
    cleaning.refuse_other_things(reading, unlike, "--input-format lines")
    if elsewhere and reading.prokaryotes:
        raise UsageError(f"--avoid-elsewhere {file}: is {reading.label}, of prokaryotes; give it with --avoid")
    kind = False if elsewhere else reading.prokaryotes
    label = reading.source if file == "-" else Path(file).name
    return Reference(label, names, reading.date or date_of(file), kind, cleaning.describe(reading))


def date_of(file: str) -> str | None:
    """The date in a file's name, as 2026-08-04 of lpsn_gss_20260804.csv, else 'file of 2026-08-04', when it was last
    changed, local time; None for standard input, and if that is no date."""
    if (found := DATED.search(Path(file).name)) and is_date(date := "-".join(found.group(1, 3, 4))):
        return date
    try:
        return None if file == "-" else f"file of {datetime.fromtimestamp(os.path.getmtime(file)):%Y-%m-%d}"
    except (OSError, ValueError, OverflowError):  # it is gone, or its clock has gone wrong: a year beyond 9999
        return None


def spellings(reading: Reading, *, genera: bool = False) -> tuple[str, ...]:
    """Every spelling of every kind, once, in the order of first appearance.

    Of a taxonomic source, or where `genera` are wanted, those of `undressed`; in a list of anything the lines as they
    are. Raises InputError for a line of a plain list that cannot be a name.
    """
    found: dict[str, None] = {}
    for entry in reading.entries:
        text = entry.text
        if text.isascii() and text.isalpha():  # most are, and there may be a million
            found[text] = None
            continue
        # A plain list in which a line cannot be a name may be no list at all: that is an error.
        text = clean(entry, reading.source) if reading.format == "lines" else composed(UNPRINTABLE.sub(" ", text))
        found |= dict.fromkeys(undressed(text) if genera or reading.taxonomic else [text])
    found.pop("", None)
    return tuple(found)


def undressed(text: str) -> Iterator[str]:
    """The genera in a text, without *Candidatus*, marks at the edges, prefixes of ranks, and what stands behind them.

    Of `X/Y` and the like both are; where all words have a capital every one, else the first that has, be it of a
    species or of `Bacillus_A`; other placeholders stay, and of a text without capitals the first word. Aërobacter is
    Aerobacter too: the Code has no such marks.
    """
    found, others = list[str](), list[str]()
    for part in BETWEEN.split(text):
        words = BLANKS.split(CANDIDATUS.sub("", RANK_PREFIX.sub("", part.strip(EDGES))))
        words = [word.strip(EDGES) for word in words if word.lower() not in STAND_INS]
        capitals = [word for word in words if word[:1].isupper()]
        found += capitals if all(map(NAME.match, words)) else capitals[:1]
        others += words
    for word in found or others[:1]:
        name = NAME.match(word)
        if len(word) > 1:
            yield (spelling := name[0] if name else word)
            yield "".join(c for c in unicodedata.normalize("NFD", spelling) if not unicodedata.combining(c))
        if name and "-" in word:
            yield word.replace("-", "")
