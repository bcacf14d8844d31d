"""What a list of spellings that are taken is, and the one that ships."""

from __future__ import annotations

from dataclasses import dataclass, field

from bacterio_cli.dataset import shipped

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
    """data/also_known.txt: names that the authors of the tool know of besides the corpus, each with its kind."""
    lines = shipped("also_known.txt").read_text(encoding="ascii").splitlines()
    names = tuple(line.partition("\t")[0] for line in lines if line[0] != "#")
    return Reference("names known to the authors of the tool, not complete", names, prokaryotes=True)
