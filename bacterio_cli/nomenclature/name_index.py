"""The lists that a name is compared with: where it stands already, and which listed name is nearest."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bacterio_cli.nomenclature.edit_distance import Neighbours
from bacterio_cli.nomenclature.reference import Reference


class Lookup:
    """Lists of names, compared in any case; memory is that of their spellings."""

    def __init__(self, references: Sequence[Reference]) -> None:
        self.references = tuple(references)

    @cached_property
    def spellings(self) -> dict[str, str]:
        """The first spelling of every listed name by its lower-case form."""
        found: dict[str, str] = {}
        for reference in self.references:
            for name in reference.names:
                found.setdefault(name.casefold(), name)
        return found

    @property
    def avoided(self) -> frozenset[str]:
        """The lower-case forms of all lists but the first, the model's own corpus."""
        return frozenset().union(*self.members[1:])

    @cached_property
    def members(self) -> list[frozenset[str]]:
        """The lower-case forms of each list."""
        return [frozenset(map(str.casefold, reference.names)) for reference in self.references]

    @cached_property
    def neighbours(self) -> Neighbours:
        """All listed names in lower case, ready to be measured against."""
        return Neighbours(list(self.spellings))

    @property
    def elsewhere_checked(self) -> bool:
        """Whether one of the lists is known to be of plants, animals or other organisms."""
        return any(reference.prokaryotes is False for reference in self.references)

    def found(self, names: Sequence[str]) -> list[int]:
        """How many of these names stand in each list."""
        folded = {name.casefold() for name in names}
        return [len(folded & members) for members in self.members]

    def listed(self, name: str) -> tuple[Reference, ...]:
        """The lists in which the name stands."""
        folded = name.casefold()
        if folded not in self.spellings:
            return ()
        return tuple(r for r, members in zip(self.references, self.members, strict=True) if folded in members)

    def nearest(self, names: Sequence[str], most: int = 2) -> tuple[NDArray[np.int64], list[str | None]]:
        """(edits, name) of the nearest listed name for each: 0 to `most`, or most + 1 and None."""
        if not self.spellings:
            return np.full(len(names), most + 1), [None] * len(names)
        edits, index = self.neighbours.within([name.casefold() for name in names], most)
        spelled = list(self.spellings.values())
        return edits, [spelled[k] if k >= 0 else None for k in index.tolist()]
