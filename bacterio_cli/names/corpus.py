"""A corpus: clean, distinct names, what is known of them, and their alphabet."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bacterio_cli.errors import UNPRINTABLE, InputError
from bacterio_cli.names.readers.lines import RawLine, read_lines, source_name

LONGEST_LINE = 500
DATE = re.compile(r"#.*\bdate:\s*(\d{4}(?:-\d\d(?:-\d\d)?)?)\b")

Ids = NDArray[np.intp]


def clean(line: RawLine, where: str) -> str:
    """The name on a line: composed (NFC), outer blanks removed and inner ones made single; "" if there is none.

    Raises InputError with the place for a line that cannot be a name.
    """
    text = line.text.strip()
    place = f"{where}:{line.number}"
    if not text or text.startswith("#"):
        return ""
    if len(text) > LONGEST_LINE:
        raise InputError(
            place,
            f"the line has {len(text):,} characters",
            f"a name has at most {LONGEST_LINE}: one name a line",
        )
    if found := UNPRINTABLE.search(text):
        raise InputError(
            place,
            f"control character U+{ord(found[0]):04X} in the line",
            "remove it: a plain list has one name a line",
        )
    return " ".join(unicodedata.normalize("NFC", text).split())


@dataclass(frozen=True)
class Corpus:
    """Distinct names in the order of their first appearance.

    `duplicates` counts the lines dropped; `date` is the newest that a header states as `# date: 2020-12-31`,
    None if none does (a file's own time says nothing about its names).
    """

    names: tuple[str, ...]
    duplicates: int = 0
    date: str | None = None

    @property
    def characters(self) -> int:
        """Letters to be predicted, the end mark of each name counted."""
        return sum(map(len, self.names)) + len(self.names)

    @property
    def digest(self) -> str:
        """SHA-256 of the names in order: what `--resume` recognises the corpus by."""
        import hashlib  # 5 ms, which sampling can do without

        return hashlib.sha256("\n".join(self.names).encode()).hexdigest()


def read_corpus(sources: Sequence[str]) -> Corpus:
    """The names of one or several lists, joined; duplicates dropped.

    Raises FileError, InputError; InputError too if fewer than two names are left, since one must
    be left out to validate on.
    """
    names: dict[str, None] = {}
    total, dates = 0, []
    for source in sources:
        where = source_name(source)
        for line in read_lines(source):
            if line.text.startswith("#") and (stated := DATE.match(line.text)):
                dates.append(stated[1])
            if name := clean(line, where):
                total += 1
                names[name] = None
    if len(names) < 2:
        found = "has no names" if not names else f"has only one name, {next(iter(names))!r}"
        raise InputError(", ".join(map(source_name, sources)), found, "give a list of at least two, one name a line")
    return Corpus(tuple(names), total - len(names), max(dates, default=None))


@dataclass(frozen=True)
class Vocabulary:
    """Sorted letters, saved with the model; ids 1, 2, …; id 0 is the boundary before and after a name.

    `capitalised`: names are lowered before they are encoded and get their capital back when decoded.
    """

    letters: str
    capitalised: bool

    @classmethod
    def of(cls, names: Iterable[str]) -> Vocabulary:
        """The letters of these names, lowered if lowering and capitalising gives back each one exactly."""
        names = list(names)
        capitalised = all(name.lower().capitalize() == name for name in names)
        letters = set("".join(name.lower() for name in names) if capitalised else "".join(names))
        return cls("".join(sorted(letters)), capitalised)

    @property
    def n_y(self) -> int:
        """Letters and the boundary."""
        return len(self.letters) + 1

    def fold(self, text: str) -> str:
        """The text as it is encoded: composed (NFC), and lowered if names get their capital back."""
        text = unicodedata.normalize("NFC", text)
        return text.lower() if self.capitalised else text

    def sketch(self) -> str:
        """The letters for a message, the middle left out if they are many."""
        return self.letters if len(self.letters) <= 60 else f"{self.letters[:30]}…{self.letters[-10:]}"

    def missing(self, text: str) -> str:
        """The letters of `text` that the vocabulary lacks, each once, in order."""
        return "".join(dict.fromkeys(letter for letter in self.fold(text) if letter not in self.letters))

    def encode(self, names: Sequence[str]) -> Ids:
        """All names as one text of ids with a boundary before, between and after: 0 n₁ 0 n₂ 0 … 0."""
        text = "\0" + "\0".join(names) + "\0"
        codes = np.frombuffer(self.fold(text).encode("utf-32-le"), np.uint32)
        alphabet = np.frombuffer(("\0" + self.letters).encode("utf-32-le"), np.uint32)
        return np.searchsorted(alphabet, codes)

    def spell(self, ids: Ids) -> list[str]:
        """The names that rows of ids spell, with their capitals; a row ends where its zeros begin.  (k, n) → k names"""
        codes = np.frombuffer(("\0" + self.letters).encode("utf-32-le"), np.uint32)
        table = codes[np.pad(ids, ((0, 0), (0, 1)))]  # at least one column
        if self.capitalised:
            first = np.array([ord(self.restore(letter)[:1]) for letter in "\0" + self.letters], np.uint32)
            table[:, 0] = first[ids[:, 0]] if ids.shape[1] else 0
        spelled: list[str] = table.view(f"<U{table.shape[1]}")[:, 0].tolist()  # drops the zeros at the end
        return spelled

    def decode(self, ids: Iterable[int]) -> str:
        """The name that these ids spell, with its capital."""
        return self.restore("".join(self.letters[i - 1] for i in ids))

    def restore(self, name: str) -> str:
        """The name with its capital, as `str.capitalize` gives it; where that is two letters, as of ß, as it is."""
        capital = name[:1].title()
        return capital + name[1:] if self.capitalised and len(capital) == 1 else name

    def asdict(self) -> dict[str, Any]:
        """What a checkpoint stores."""
        return {"letters": self.letters, "capitalised": self.capitalised}


def split(names: Sequence[str], fraction: float, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """(training, validation): a random `fraction` of the names, at least one unless it is 0, is held out."""
    held = min(len(names) - 1, max(1, round(fraction * len(names)))) if fraction else 0
    out = set(rng.permutation(len(names))[:held].tolist())
    return [n for i, n in enumerate(names) if i not in out], [n for i, n in enumerate(names) if i in out]
