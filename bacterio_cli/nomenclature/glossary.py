"""The glossary: Latin, Greek and Neo-Latin words that names of prokaryotes are made of, with their senses.

A TSV file, a line per word with the columns of `Word`; lines that begin with # are comments.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain
from typing import NamedTuple

from bacterio_cli.dataset import shipped
from bacterio_cli.errors import InputError

GRAMMAR = (
    *("masc. n.", "fem. n.", "neut. n.", "masc. or fem. n.", "masc. adj.", "fem. adj.", "neut. adj.", "adj."),
    *("masc. num. adj.", "num.", "v.", "pres. part.", "past part.", "adv.", "prep.", "pref.", "suff."),
    *("masc. dim. suff.", "fem. dim. suff.", "neut. dim. suff."),
)
FORMS = {  # what each column of `Word` must match, in signs and in words
    "word": ("-?[a-z]+( [a-z]+)?", "in small letters a to z"),
    "language": ("L[.]|Gr[.]|N[.]L[.]", "L., Gr. or N.L."),
    "grammar": ("|".join(map(re.escape, GRAMMAR)), f"one of {', '.join(GRAMMAR)}"),
    "stems": ("([a-z]+(,[a-z]+)*)?", "stems of small letters with commas between"),
    "links": ("([aeiouy-](,[aeiouy-])*)?", "vowels, or - for none, with commas between"),
    "finals": ("([a-z]+:[mfnc](,[a-z]+:[mfnc])*)?", "forms with a gender, m, f, n or c, like philus:m,phila:f"),
    "sense": (".+", "there"),
    "keywords": (".*", ""),
}

# What the end of a name says of its gender; "" is any or unclear. Common gender of -cola: m. or f.
GENDERS: dict[str, str] = {
    **dict.fromkeys(("bacter", "coccus", "bacillus", "vibrio", "myces", "caulis", "siphon", "tor", "us"), "m"),
    **dict.fromkeys(("monas", "ella", "spira", "thrix", "rhabdus", "forma", "gemma", "ia", "a", "is"), "f"),
    **dict.fromkeys(("bacterium", "um", "ium", "plasma", "nema", "soma", "ma", "on"), "n"),
    **dict.fromkeys(("corpus", "genus", "glomus", "virus"), "n"),
    **dict.fromkeys(("ans", "ens", "ferax", "cola", "gena", "formis", "es", "x"), ""),
}  # fmt: skip


class Word(NamedTuple):
    """A line of the glossary, column by column."""

    word: str  # dictionary form as a protologue cites it, `thermos`; a suffix begins with a hyphen
    language: str  # L., Gr. or N.L. (Neo-Latin)
    grammar: str  # one of GRAMMAR: `masc. adj.`
    stems: str  # combining stems without the linking vowel, `sulfur,sulf`
    links: str  # vowels that may follow a stem, the usual one first, `o,i`; `-` is none, as after `neo`
    finals: str  # forms that end a name, each with its gender m, f, n or c (the author decides), `philus:m,phila:f`
    sense: str  # what the word means, in a few English words
    keywords: str  # what `--about` finds it by besides its sense, `hot spring,water`

    @property
    def topics(self) -> set[str]:
        """What `--about` finds the word by: its keywords, its sense and each word of it."""
        senses = self.sense.lower().split(", ")
        return {*filter(None, self.keywords.split(",")), *senses, *chain.from_iterable(map(str.split, senses))}

    @property
    def beginnings(self) -> tuple[str, ...]:
        """What a name with this word first begins with: each stem with its usual linking vowel, `thermo`."""
        return tuple(stem + self.links[0].strip("-") for stem in self.stems.split(",") if stem)


class Glossary:
    """Words by the forms in which they stand in names; of several with one form those that come first are preferred."""

    def __init__(self, words: Iterable[Word]) -> None:
        self.words = tuple(words)
        self.stems: dict[str, list[Word]] = {}
        self.finals: dict[str, list[tuple[Word, str]]] = {}  # with m, f, n or ""
        self.links: dict[str, dict[str, bool]] = {}  # by stem the vowels that may follow it, and if each is never usual
        for word in self.words:
            for stem in filter(None, word.stems.split(",")):
                self.stems.setdefault(stem, []).append(word)
                links = self.links.setdefault(stem, {})
                for k, vowel in enumerate(word.links.split(",")):
                    links[vowel] = k > 0 and links.get(vowel, True)
            for final in filter(None, word.finals.split(",")):
                form, gender = final.split(":")
                self.finals.setdefault(form, []).append((word, gender.replace("c", "")))

    def about(self, topic: str) -> tuple[Word, ...]:
        """The words whose sense or keywords say so: 'hot spring', 'rod', 'red'; whatever the case of `topic`."""
        wanted = topic.strip().lower()
        return tuple(word for word in self.words if wanted in word.topics)

    @property
    def keywords(self) -> list[str]:
        """All keywords in alphabetical order."""
        return sorted({keyword for word in self.words for keyword in word.keywords.split(",") if keyword})


def glossary(own: Sequence[str] = ()) -> Glossary:
    """The glossary that ships, after the words of these files of the user's own.

    Raises FileError for a file that cannot be read, InputError with file and line for one at odds with the format.
    """
    return Glossary([*chain.from_iterable(map(read_words, own)), *standard().words]) if own else standard()


@cache
def standard() -> Glossary:
    """The glossary that ships, read once from data/elements.tsv, which a test has checked: it takes milliseconds."""
    lines = shipped("elements.tsv").read_text(encoding="ascii").split("\n")
    return Glossary(Word(*line.split("\t")) for line in lines if line and line[0] != "#")


@cache  # a pipe can be read once, and several options ask for the same words
def read_words(source: str) -> list[Word]:
    """The words of a file, or standard input for `-`, every line checked."""
    from bacterio_cli.dataset.readers.formats import read  # imports what unpacks archives

    reading = read(source, input_format="lines")
    words: list[Word] = []
    for entry in reading.entries:
        cells = [cell.strip() for cell in entry.text.split("\t")]
        if len(cells) > 2:
            cells += [""] * (len(FORMS) - len(cells))  # empty ones are cut off
        if fault := fault_of(cells):
            where = f"{reading.source}:{entry.line}"
            raise InputError(where, fault, f"a line has {', '.join(FORMS)}, with tabs between")
        word = Word(*cells)
        words.append(word._replace(keywords=",".join(map(str.strip, word.keywords.lower().split(",")))))
    if not words:
        raise InputError(reading.source, "has no words", f"give lines of {', '.join(FORMS)}, with tabs between")
    return words


def fault_of(cells: Sequence[str]) -> str:
    """What is wrong with a line of the glossary, "" for nothing."""
    if len(cells) != len(FORMS):
        return f"{len(cells)} columns instead of {len(FORMS)}"
    for (column, (form, should)), cell in zip(FORMS.items(), cells, strict=True):
        if not re.fullmatch(form, cell):
            return f"the {column} {cell!r} is not {should}"
    word = Word(*cells)
    if bool(word.stems) != bool(word.links):
        return "stems and links are given together or not at all"
    return "" if word.stems or word.finals else "neither a stem nor a final form"


def gender_by_ending(name: str) -> str:
    """The gender of the longest ending known, "" if that is unclear; only a hint, for the author of a name to review.

    The last component decides: -ma is mostly the Greek neuter, but Latin *forma* is feminine.  (ICNP 65; SeqCode 50)
    """
    endings = [ending for ending in GENDERS if name.lower().endswith(ending)]
    return GENDERS[max(endings, key=len)] if endings else ""
