"""The alphabet of a list of names, and names as ids and back."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bacterio_cli.errors import BacterioError

Ids = NDArray[np.intp]


@dataclass(frozen=True)
class Vocabulary:
    """Sorted letters, saved with the model; ids 1, 2, …; id 0 is the boundary before and after a name."""

    letters: str
    capitalised: bool  # names are lowered before they are encoded and get their capital back when decoded

    @classmethod
    def of(cls, names: Iterable[str]) -> Self:
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

    def missing(self, text: str) -> str:
        """The letters of `text` that the vocabulary lacks, each once, in order."""
        return "".join(dict.fromkeys(letter for letter in self.fold(text) if letter not in self.letters))

    def require(self, text: str, *, where: str) -> None:
        """BacterioError, which begins with `where`, for letters of `text` that the vocabulary lacks."""
        if missing := self.missing(text):
            letters = self.letters if len(self.letters) <= 60 else f"{self.letters[:30]}…{self.letters[-10:]}"
            raise BacterioError(f"{where}: {missing!r} is not in the model's alphabet, {letters}")

    @property
    def codes(self) -> NDArray[np.uint32]:
        """The code points of the ids, 0 of the boundary."""
        return np.frombuffer(("\0" + self.letters).encode("utf-32-le"), np.uint32)

    def encode(self, names: Sequence[str]) -> Ids:
        """Names, of letters of the vocabulary (see `require`), as one text of ids with boundaries: 0 n₁ 0 n₂ 0 … 0."""
        text = "\0" + "\0".join(names) + "\0"
        return np.searchsorted(self.codes, np.frombuffer(self.fold(text).encode("utf-32-le"), np.uint32))

    def spell(self, ids: Ids) -> list[str]:
        """The names that rows of ids spell, with their capitals; a row ends where its zeros begin.  (k, n) → k names"""
        table = np.ascontiguousarray(self.codes[np.pad(ids, ((0, 0), (0, 1)))])  # at least one column
        return [*map(self.restore, table.view(f"<U{table.shape[1]}")[:, 0].tolist())]  # drops the zeros at the end

    def restore(self, name: str) -> str:
        """The name with its capital, as `str.capitalize` gives it; where that is two letters, as of ß, as it is."""
        capital = name[:1].title()
        return capital + name[1:] if self.capitalised and len(capital) == 1 else name

    def shown(self, name: str) -> str:
        """A name with one letter for each that the model reads: folded where that makes more or fewer, as of İ."""
        folded = self.fold(name)
        return name if len(name) == len(folded) else folded
