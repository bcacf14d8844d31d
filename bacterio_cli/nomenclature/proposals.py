"""Names proposed together, compared with each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bacterio_cli.nomenclature.edit_distance import Neighbours
from bacterio_cli.nomenclature.rules import ERROR, WARNING, Finding


def compare_proposals(names: Sequence[str]) -> list[Finding | None]:
    """What the other names say of each: one equal to it, whatever its capitals, is an error (ICNP 51b; SeqCode 9b), one
    a single edit from it a warning (SeqCode Rec. 9.2)."""
    words = [name.casefold() for name in names]
    counts = Counter(words)
    edits, nearest = Neighbours(words).within(words, 1, itself=False)
    found: list[Finding | None] = []
    for word, distance, place in zip(words, edits.tolist(), nearest.tolist(), strict=True):
        finding = None
        if counts[word] > 1:
            finding = Finding("proposed-twice", ERROR, "ICNP 51b; SeqCode 9b", "is proposed twice")
        elif distance == 1:
            says = f"a single edit from {names[place]}, proposed with it: easily taken for it"
            finding = Finding("proposed-near", WARNING, "SeqCode Rec. 9.2", says)
        found.append(finding)
    return found
