"""Which names a tool may print without being asked twice: those whose parts a reviewer recognises at once.

Blind panels reject names of known parts too, and for few reasons: three elements in a row, a prefix such as para-
before a bare noun, a diminutive behind a common noun, an odd linking vowel, an element that no genus has in that
place, an adjective at the end, two words of one sense (hot and hot) or of shapes (rod and sphere). A name with one of
these may be a good one; its author will know why. Words of the user's own need no genus.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from bacterio_cli.nomenclature import rules
from bacterio_cli.nomenclature.glossary import Word, standard
from bacterio_cli.nomenclature.morphology import ELEMENT, RELATIONAL, Analysis, Morphology, Part

WELL_JOINED = 0.8  # what a path may cost beside its elements: one short element or second vowel, not both
REASONS = ("not explained", "ill formed", "oddly composed", "rare element")
FIRST, LAST, ADJECTIVE = 2, 1, 4  # genera at least that begin with the first element, and that end with the last
SHAPES = frozenset(["rod", "sphere", "spiral", "filament", "ring", "disc", "comma"])  # keywords of the glossary
BEFORE_GENUS = 2  # genera at least that have the first element before a genus, as Thermo- of Thermodesulfobacterium


class Usable:
    """Judges drawn names by a glossary and by the genera of a corpus."""

    def __init__(self, morphology: Morphology) -> None:
        self.morphology = morphology
        self.forward = sorted(morphology.genera)
        self.backward = sorted(name[::-1] for name in morphology.genera)
        self.own: frozenset[Word] = frozenset()
        if morphology.glossary is not standard():
            self.own = frozenset(morphology.glossary.words).difference(standard().words)

    def refusal(self, name: str) -> str:
        """Why a name is not usable, in two words; "" if it is."""
        if not self.morphology.explains(name):
            return "not explained"
        analysis = self.morphology.analyse(name)
        if rules.status(rules.judge(name, rules.Evidence(doubled=""))[0]) != "ok":
            return "ill formed"
        if not self.is_simple(analysis):
            return "oddly composed"
        first, last = analysis.parts[0], analysis.parts[-1]
        attested = begins(self.forward, first.stem) >= FIRST or self.is_own(first)
        if last.kind == "word":
            least = ADJECTIVE if all("adj." in word.grammar for word in last.words) else LAST
            attested = attested and (begins(self.backward, last.form[::-1]) >= least or self.is_own(last))
        return "" if attested else "rare element"

    def is_own(self, part: Part) -> bool:
        """Whether a part may be a word that the user gave: one that no genus has is what it was given for."""
        return not self.own.isdisjoint(part.words)

    def is_simple(self, analysis: Analysis) -> bool:
        """Two elements, well joined, or more of which those behind the first are a genus; no diminutive of a noun."""
        first, *others = analysis.parts
        rest = analysis.name.lower()[len(first.form) :]
        is_genus = rest in self.morphology.genera
        if len(others) != 1 and not (is_genus and self.stands_before_genera(first.form)):
            return False
        prefix = first.form in RELATIONAL or all(word.grammar in ("pref.", "prep.") for word in first.words)
        if prefix:
            return is_genus
        if not {word.sense for word in first.words}.isdisjoint(word.sense for word in others[-1].words):
            return False
        if is_shape(first) and is_shape(others[-1]):
            return False
        if all(word.grammar.endswith("suff.") for word in others[-1].words) and others[-1].words:
            return False
        return analysis.cost - ELEMENT * len(analysis.parts) < WELL_JOINED

    def stands_before_genera(self, form: str) -> bool:
        """Whether genera are known that are this form and another genus, one of several elements itself."""
        start = bisect_left(self.forward, form)
        rests = [name[len(form) :] for name in self.forward[start : start + begins(self.forward, form)]]
        words = self.morphology.glossary.finals
        return sum(rest in self.morphology.genera and rest not in words for rest in rests) >= BEFORE_GENUS


def is_shape(part: Part) -> bool:
    """Whether a part means the shape of a cell, whichever of its words it is."""
    return bool(part.words) and all(not SHAPES.isdisjoint(word.keywords.split(",")) for word in part.words)


def begins(ordered: Sequence[str], text: str) -> int:
    """How many words of a sorted list begin with a text."""
    return bisect_left(ordered, text + "{") - bisect_left(ordered, text)  # { comes behind z
