"""Whether a plain list of names is one of genera of prokaryotes."""

from __future__ import annotations

from collections.abc import Sequence

from bacterio_cli.nomenclature.glossary import standard
from bacterio_cli.nomenclature.morphology import Morphology

LEAST_NAMES = 20  # fewer say nothing
MOST_NAMES = 500  # that are looked at, from all over the list
LEAST_SHARE = 0.25  # of real genera seven in ten are explained; of plant genera, surnames and towns two in a hundred


def look_like_genera(names: Sequence[str]) -> bool:
    """Whether enough of the names split into words of the glossary, as names of genera do; of a long list some."""
    explained = Morphology(standard()).explained
    some = names[:: -(-len(names) // MOST_NAMES) or 1]
    return len(names) >= LEAST_NAMES and sum(map(bool, map(explained, some))) >= LEAST_SHARE * len(some)
