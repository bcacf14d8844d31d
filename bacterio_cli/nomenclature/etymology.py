"""The draft of an etymology, in the form that the protologue of a genus and the SeqCode Registry ask for.

A draft from the forms alone: which word was meant, and what the whole name means, its author says. Each component is
cited as `language grammar particle, meaning`, the full word as `N.L. <gender> n. Name`.
"""

from typing import NamedTuple

from bacterio_cli.nomenclature.morphology import MOST_ELEMENTS, Analysis, Part

GENDERS = {"m": "masc.", "f": "fem.", "n": "neut."}
UNSAID = {"unknown": "not in the glossary", "inflection": "an ending"}


class Component(NamedTuple):
    """A part of a name as the Registry's table has it; `meaning` None is for the author to say."""

    form: str
    language: str
    grammar: str
    particle: str
    meaning: str | None
    note: str


class Etymology(NamedTuple):
    """The draft for a name: its components, and the full word with its grammar."""

    components: tuple[Component, ...]
    grammar: str
    name: str

    @property
    def text(self) -> str:
        """One line, `Gr. masc. adj. thermos, hot; L. masc. n. fustis, stick; N.L. masc. n. Thermofustis`."""
        return "; ".join([*map(cited, self.components), f"N.L. {self.grammar} {self.name}"])

    def asdict(self) -> dict[str, object]:
        """The draft ready for JSON: `components`, and `full`, whose meaning is for the author to say."""
        full = {"language": "N.L.", "grammar": self.grammar, "particle": self.name, "meaning": None}
        return {"components": [component._asdict() for component in self.components], "full": full}


def draft(analysis: Analysis) -> Etymology:
    """The components of a name, at most five; a name with more has none, since no cut is likely to be right."""
    parts = analysis.parts if len(analysis.parts) <= MOST_ELEMENTS else ()
    components = [component(part, twice=k > 0 and part.form == analysis.doubled) for k, part in enumerate(parts)]
    return Etymology(tuple(components), noun(analysis.gender), analysis.name)


def component(part: Part, *, twice: bool) -> Component:
    """A part with its likeliest word; noted are the others of the same form, a linking vowel that the glossary does not
    have for this word, as real names often have, and that the part stands `twice`."""
    if part.kind == "genus":
        return Component(part.form, "N.L.", noun(part.gender), part.form.capitalize(), "a genus of prokaryotes", "")
    if not part.words:
        return Component(part.form, "", "", "", None, UNSAID[part.kind])
    first, *others = part.words
    notes = [f"or {word.language} {word.grammar} {word.word}, {word.sense}" for word in others]
    vowel, usual = part.form[len(part.stem) :], first.links[:1]
    if vowel not in first.links:
        notes.append("usually without a linking vowel" if usual == "-" else f"the usual linking vowel is -{usual}-")
    if twice:
        notes.append("stands twice")
    return Component(part.form, first.language, first.grammar, first.word, first.sense, "; ".join(notes))


def noun(gender: str | None) -> str:
    """`masc. n.`, or `n.` if the author assigns the gender."""
    return f"{GENDERS[gender]} n." if gender else "n."


def cited(component: Component) -> str:
    """A component in print: with its homographs, an unknown one in brackets with what is known of it."""
    if not component.language:
        return f"[{component.form}] {component.note}"
    words = f"{component.language} {component.grammar} {component.particle}, {component.meaning}"
    return f"{words} ({component.note})" if component.note else words
