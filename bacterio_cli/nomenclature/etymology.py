"""The draft of an etymology, in the form that the protologue of a genus and the SeqCode Registry ask for.

A draft from the forms alone: which word was meant, and what the whole name means, its author says. Each component is
cited as `language grammar particle, meaning`, the full word as `N.L. <gender> n. Name`.
"""

from typing import Any

from bacterio_cli.nomenclature.morphology import MOST_ELEMENTS, Analysis, Part

COLUMNS = ("form", "language", "grammar", "particle", "meaning", "note")
NOUNS = {"m": "masc. n.", "f": "fem. n.", "n": "neut. n.", "": "n."}  # by gender; "" if the author assigns it
UNSAID = {"unknown": "not in the glossary", "inflection": "an ending"}


def draft(analysis: Analysis) -> dict[str, Any]:
    """The draft for a name, ready for JSON: its `components` as the Registry's table has them, and the `full` word.

    A `meaning` None is for the author to say. There are five components at most; a name with more has none, since no
    cut is likely to be right.
    """
    parts = analysis.parts if len(analysis.parts) <= MOST_ELEMENTS else ()
    components = [component(part, twice=k > 0 and part.form == analysis.doubled) for k, part in enumerate(parts)]
    full = {"language": "N.L.", "grammar": NOUNS[analysis.gender], "particle": analysis.name, "meaning": None}
    return {"components": [dict(zip(COLUMNS, cells, strict=True)) for cells in components], "full": full}


def in_print(draft: dict[str, Any]) -> str:
    """One line, `Gr. masc. adj. thermos, hot; L. masc. n. fustis, stick; N.L. masc. n. Thermofustis`."""
    full = draft["full"]
    return "; ".join([*map(cited, draft["components"]), f"N.L. {full['grammar']} {full['particle']}"])


def component(part: Part, *, twice: bool) -> tuple[str | None, ...]:
    """The COLUMNS of a part with its likeliest word.

    Noted are the others of the same form, a linking vowel that the glossary does not have for this word, as real names
    often have, and that the part stands `twice`.
    """
    if part.kind == "genus":
        return part.form, "N.L.", NOUNS[part.gender], part.form.capitalize(), "a genus of prokaryotes", ""
    if not part.words:
        return part.form, "", "", "", None, UNSAID[part.kind]
    likeliest, *others = part.words
    notes = [f"or {word.language} {word.grammar} {word.word}, {word.sense}" for word in others]
    vowel, usual = part.form[len(part.stem) :], likeliest.links[:1]
    if vowel not in likeliest.links:
        notes.append("usually without a linking vowel" if usual == "-" else f"the usual linking vowel is -{usual}-")
    if twice:
        notes.append("stands twice")
    return part.form, likeliest.language, likeliest.grammar, likeliest.word, likeliest.sense, "; ".join(notes)


def cited(component: dict[str, str]) -> str:
    """A component in print: with its homographs, an unknown one in brackets with what is known of it."""
    if not component["language"]:
        return "[{form}] {note}".format(**component)
    words = "{language} {grammar} {particle}, {meaning}".format(**component)
    return f"{words} ({component['note']})" if component["note"] else words
