"""What every reader gives: spellings with their line and their standing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

LEARNED = ("name", "synonym")  # the kinds that a corpus keeps
CANDIDATUS = re.compile(r"[\"'“‘\[]?\s*(?:candidatus|ca\.)\s+", re.IGNORECASE)
DATE = re.compile(r"#.*\bdate:\s*(\d{4}(?:-\d\d(?:-\d\d)?)?)\b")


class Entry(NamedTuple):
    """A spelling as it stands in its source, and the number of the line where it first stands.

    `kind` is "name", "synonym", "candidatus", or "rejected": known as a spelling but not to be learned, such as a
    misspelling or a name that its source does not hold to be correct.
    """

    line: int
    text: str
    kind: str = "name"


@dataclass(frozen=True)
class Reading:
    """All that one source holds.

    `source` is what messages call it; `format` is one of FORMATS; `date` is the newest that a header states as
    `# date: 2020-12-31`; `taxonomic` says that the format holds genera and nothing else.
    """

    source: str
    format: str
    encoding: str
    entries: list[Entry]
    date: str | None = None
    taxonomic: bool = False


def kind_of(text: str) -> str:
    """The kind of a spelling of which its source says nothing: "candidatus" or "name"."""
    return "candidatus" if CANDIDATUS.match(text) else "name"


def first_of_each(spellings: Iterable[tuple[int, str]]) -> list[Entry]:
    """An entry a spelling, at its first line: for formats with a row a strain, a species or a sequence."""
    first: dict[str, int] = {}
    for line, text in spellings:
        if text not in first:
            first[text] = line
    return [Entry(line, text, kind_of(text)) for text, line in first.items()]


def newest_date(lines: Iterable[str]) -> str | None:
    """The newest date that a comment states, None if none does."""
    stated = (DATE.match(line) for line in lines if line.startswith("#"))
    return max((found[1] for found in stated if found), default=None)
