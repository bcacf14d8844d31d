"""What a list of spellings that are taken is, and the one that ships."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from bacterio_cli.dataset import shipped

OTHERS = frozenset(["alga", "animal", "fungus", "plant", "protist"])  # kinds of names in data/also_known.txt
KINDS = {True: "prokaryotes", False: "other organisms", None: "of unknown kind"}


@dataclass(frozen=True)
class Reference:
    """Spellings that are taken.

    `label` is the file's name; `date` the newest date that the file states, else the one in its name, else 'file of
    2026-08-04', its own time; None for standard input that states none. `prokaryotes`: True if it lists these alone,
    False if it lists other organisms (plants, animals, …), None if that is unknown. `taken_for`: what the file was
    recognised as, in words.
    """

    label: str
    names: tuple[str, ...]
    date: str | None = None
    prokaryotes: bool | None = None
    taken_for: str = field(default="", compare=False)

    @property
    def kind(self) -> str:
        """What the list is of, in words."""
        return KINDS[self.prokaryotes]


def also_known_names() -> Reference:
    """The prokaryotes of data/also_known.txt: names that the authors of the tool know of besides the corpus."""
    names = tuple(name for name, kind in also_known() if kind not in OTHERS)
    return Reference("names known to the authors of the tool, not complete", names, prokaryotes=True)


@cache
def known_elsewhere() -> frozenset[str]:
    """The genera of other organisms in that file, in small letters."""
    return frozenset(name.lower() for name, kind in also_known() if kind in OTHERS)


def also_known() -> list[list[str]]:
    """The names of data/also_known.txt, each with its kind."""
    lines = shipped("also_known.txt").read_text(encoding="ascii").splitlines()
    return [line.split("\t") for line in lines if line[0] != "#"]
