"""Whether a plain list of names is one of genera of prokaryotes."""

from __future__ import annotations

from collections.abc import Sequence

from bacterio_cli.nomenclature.glossary import standard
from bacterio_cli.nomenclature.morphology import Morphology

LEAST_NAMES = 20  # fewer say nothing
MOST_NAMES = 500  # that are looked at, from all over the list
LEAST_SHARE = 0.25  # of real genera seven in ten are explained; of plant genera, surnames and towns two in a hundred


def explained_share(names: Sequence[str]) -> float:
    """The share of the names that split into words of the glossary, from 0 to 1; of a long list that of some names."""
    morphology = Morphology(standard())
    some = names[:: -(-len(names) // MOST_NAMES) or 1]
    return sum(map(bool, map(morphology.explained, some))) / max(1, len(some))


def look_like_genera(names: Sequence[str]) -> bool:
    """Whether enough of the names are made as names of genera are."""
    return len(names) >= LEAST_NAMES and explained_share(names) >= LEAST_SHARE
