"""The lists that a name is compared with: where it stands already, and which listed name is nearest."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from bacterio_cli.dataset import shipped
from bacterio_cli.nomenclature.edit_distance import Neighbours

KINDS = {True: "prokaryotes", False: "other organisms", None: "of unknown kind"}


@dataclass(frozen=True)
class Reference:
    """Spellings that are taken."""

    label: str  # the file's name
    names: tuple[str, ...]
    date: str | None = None  # the newest that it states, else that in its name, else its own: 'file of 2026-08-04'
    prokaryotes: bool | None = None  # it lists these alone, or other organisms (plants, animals, …); None if unknown
    taken_for: str = field(default="", compare=False)  # what the file was recognised as, in words
    complete: bool = True  # if not, a name that it lacks may be taken all the same
    historical: bool = False  # names in use before the Approved Lists of 1980, most of which have no standing since

    @cached_property
    def folded(self) -> frozenset[str]:
        """The names without capitals."""
        return frozenset(map(str.casefold, self.names))


class Lookup:
    """Lists of names, compared in any case."""

    def __init__(self, references: Sequence[Reference]) -> None:
        self.references = tuple(references)
        self.names = [name for reference in references for name in reference.names]
        self.neighbours = Neighbours([*map(str.casefold, self.names)])

    def listed(self, name: str) -> tuple[Reference, ...]:
        """The lists in which the name stands."""
        folded = name.casefold()
        return tuple(reference for reference in self.references if folded in reference.folded)

    def nearest(self, names: Sequence[str], most: int = 2) -> list[tuple[str | None, int | None]]:
        """The nearest listed name of each with its edits; None and None if it has more than `most`."""
        edits, index = self.neighbours.within([name.casefold() for name in names], most)
        found = zip(index.tolist(), edits.tolist(), strict=True)
        return [(self.names[k], n) if k >= 0 else (None, None) for k, n in found]


ALSO_KNOWN = {  # by the kinds of names in data/also_known.txt
    ("published", "Candidatus", "SeqCode"): "names",
    ("historical",): "names in use before 1980",
    ("alga", "animal", "fungus", "plant", "protist"): "names of other organisms",
}


def also_known_lists() -> list[Reference]:
    """What the authors of the tool know of besides the corpus: prokaryotes, those in use before 1980, and others."""
    lines = shipped("also_known.txt").read_text(encoding="ascii").splitlines()
    rows = [line.split("\t") for line in lines if line[0] != "#"]
    return [
        Reference(
            f"{what} known to the authors of the tool, not complete",
            tuple(name for name, kind in rows if kind in kinds),
            prokaryotes="plant" not in kinds,
            complete=False,
            historical="historical" in kinds,
        )
        for kinds, what in ALSO_KNOWN.items()
    ]
