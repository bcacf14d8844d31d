"""A genus name cut into words of the glossary: Thermofustis is thermo + fustis, Rovibacterium [rovi] + bacterium.

The cut is the shortest path through the letters (Bellman 1958). An element costs ELEMENT, a short one SHORT or INSIDE
more, since chance finds it anywhere. Stems are joined as ICNP Appendix 9 has it, by the word's linking vowel, which
falls out before a vowel; what real names do against it costs LISTED for the second vowel that the glossary has, ELIDED
for one dropped before a vowel, HIATUS for one kept there, UNLISTED for o or i instead, BARE for none or for another.

After a relational prefix (para-, pseudo-, neo-) may stand a known genus. What has no such path may have a looser one:
with a known genus behind anything else, with a bare inflection, and with one unknown stem.

README.md has the four answers that a cut leads to.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Literal, NamedTuple

from bacterio_cli.nomenclature.glossary import Glossary, Word, gender_by_ending, standard

Answer = Literal["explained", "partly", "eponym-like", "unexplained"]
Kind = Literal["word", "genus", "inflection", "unknown"]

ELEMENT = 1.0
SHORT = {1: 2.0, 2: 1.2, 3: 0.5}
INSIDE = {1: 2.5, 2: 2.0, 3: 1.4}  # short ones between others, where they are right in one name of three
LISTED, ELIDED, HIATUS, UNLISTED, BARE = 0.3, 0.1, 0.4, {"o": 0.9, "i": 0.9}, 1.5
GENUS, GENUS_LETTER = 2.0, 0.3  # behind what is no relational prefix: never sure
UNKNOWN, UNKNOWN_LETTER = 2.5, 0.5
DOUBTFUL = 1.3
MOST_ELEMENTS = 5  # as many as the SeqCode Registry takes
LEAST_UNKNOWN = 4  # letters; what is left of a wrong cut is shorter, and swallows the element beside it
LEAST_KNOWN = 6  # letters; less before an eponym is chance: [rosebur]+ia, not rose+[buria]
MOST_NAMES = 500  # of a list that are looked at
LEAST_SHARE = 0.25  # of real genera seven in ten are explained; of plant genera, surnames and towns two in a hundred
NEVER = float("inf")
VOWELS = frozenset("aeiouy")
RELATIONAL = re.compile("para|pseudo?|neo|allo?|alii?|meta|paeni?|falsi?|pro|novi")
INFLECTIONS = frozenset(["ia", "ium", "ius", "um", "us", "is", "a"])
EPONYM = re.compile("(.{3,}?)(iella|ella|ia|(?<=[eoy])a|(?<=er)a)")


class Part(NamedTuple):
    """Some letters of a name, and what they are."""

    form: str
    kind: Kind
    stem: str  # the letters without the linking vowel
    words: tuple[Word, ...] = ()  # those of the glossary with this form, the likeliest first
    gender: str = ""  # of a last part: m, f, n, or "" if the author decides


class Analysis(NamedTuple):
    """A name in its parts, and the answer that they give."""

    name: str
    parts: tuple[Part, ...]
    answer: Answer
    doubled: str = ""  # the part that stands twice
    cost: float = 0.0  # of the cut

    @property
    def shown(self) -> str:
        """The parts with + between, letter by letter the name in small letters, unknown ones in brackets."""
        return "+".join(f"[{part.form}]" if part.kind == "unknown" else part.form for part in self.parts)

    @property
    def stem_and_ending(self) -> tuple[str, str]:
        """What stands before the last part of the name, and that part; both "" for a name of one part."""
        cut = len(self.name) - len(self.parts[-1].form)
        return (self.name[:cut], self.name[cut:]) if len(self.parts) > 1 else ("", "")

    def has(self, words: Collection[Word]) -> bool:
        """Whether a part may be one of these words."""
        return any(word in words for part in self.parts for word in part.words)

    @property
    def gender(self) -> str:
        """That of the last part: by the glossary where this knows it, else by the ending."""
        return self.parts[-1].gender


class Step(NamedTuple):
    """The letters of a word up to `end` as one element."""

    end: int
    cost: float
    kind: Kind
    stem: str = ""  # those before the linking vowel, inside a name


Path = tuple[float, tuple[Step, ...]]  # what a way through a word costs, and its steps
NOWHERE: Path = (NEVER, ())


class Morphology:
    """Cuts names by a glossary, and by the names of a corpus of genera if there is one.

    `explained` answers in 0.02 ms, `analyse` in 0.1.
    """

    def __init__(self, glossary: Glossary, names: Sequence[str] = ()) -> None:
        self.glossary, self.genera = glossary, frozenset(map(str.lower, names))

    def explained(self, name: str) -> Analysis | None:
        """The name in its parts if the answer is `explained`, without the work for the other three."""
        cost, steps = self.cheapest(name.lower())
        return analysis if steps and (analysis := self.judged(name, cost, steps)).answer == "explained" else None

    def analyse(self, name: str) -> Analysis:
        """The name in its parts; no letters at all are an unknown part too."""
        word = name.lower()
        cost, steps = self.cheapest(word)
        if not steps:
            cost, steps = self.cheapest(word, loose=True)
        return self.judged(name, cost, steps or (Step(len(word), 0.0, "unknown"),))

    def cheapest(self, word: str, *, loose: bool = False) -> Path:
        """The cheapest path through a word, without steps if there is none; `loose` as for `elements`."""
        known: list[Path] = [NOWHERE] * len(word) + [(0.0, ())]  # from each letter to the end
        mixed = [NOWHERE] * len(known)  # the same with one unknown stem
        ends: list[int] = []  # where an element may end, since the rest has a path
        for start in reversed(range(len(word))):
            for step in self.elements(word, start, ends, loose=loose):
                ways = [(mixed, known)] if step.kind == "unknown" else [(known, known), (mixed, mixed)]
                for paths, rest in ways:
                    cost, steps = rest[step.end]
                    paths[start] = min(paths[start], (step.cost + cost, (step, *steps)))
            if loose or known[start][1]:
                ends.append(start)
        return min(known[0], mixed[0])

    def elements(self, word: str, start: int, ends: Sequence[int], *, loose: bool) -> Iterator[Step]:
        """The elements that begin at `start` and end with the word or at one of `ends`: those of the glossary.

        `loose` lets in any genus, a bare inflection and unknown stems too.
        """
        length, rest = len(word), word[start:]
        cost_of_last = ELEMENT + SHORT.get(len(rest), 0.0)
        finals = self.glossary.finals.get(rest)
        if finals and (start or not all(word.grammar.endswith("suff.") for word, _ in finals)):
            yield Step(length, cost_of_last, "word")
        if rest in self.genera and RELATIONAL.fullmatch(word[:start]):
            yield Step(length, ELEMENT - LISTED, "genus")  # authors cite the genus rather than its own words
        links, short = self.glossary.links, INSIDE if start else SHORT
        for end in ends:
            cost = ELEMENT + short.get(end - start, 0.0)
            vowel = word[end - 1]
            if vowel in VOWELS and (stem := word[start : end - 1]) in links:
                link = LISTED * links[stem][vowel] if vowel in links[stem] else UNLISTED.get(vowel, BARE)
                yield Step(end, cost + link + (HIATUS if word[end] in VOWELS else 0.0), "word", stem)
            if (stem := word[start:end]) in links:
                bare = ELIDED if word[end] in VOWELS else HIATUS if vowel in links[stem] else BARE  # Defluvi-bacter
                yield Step(end, cost + min(bare, LISTED * links[stem].get("-", NEVER)), "word", stem)
        if not loose:
            return
        if start and rest in INFLECTIONS:
            yield Step(length, cost_of_last, "inflection")
        if start and rest in self.genera:
            yield Step(length, GENUS + GENUS_LETTER * len(rest), "genus")
        for end in range(start + min(LEAST_UNKNOWN, length), length + 1):
            yield Step(end, UNKNOWN + UNKNOWN_LETTER * (end - start), "unknown")

    def judged(self, name: str, cost: float, steps: Sequence[Step]) -> Analysis:
        """The parts of a path and the answer that they give."""
        word = name.lower()
        starts = [0, *(step.end for step in steps)]
        parts = [self.part(word, start, step) for start, step in zip(starts, steps, strict=False)]
        kinds, doubled = [part.kind for part in parts], ""
        if "unknown" in kinds:
            at = kinds.index("unknown")
            answer: Answer = "partly" if len(parts) > 1 else "unexplained"
            chance = "genus" not in kinds and all("dim." in w.grammar for part in parts[at + 1 :] for w in part.words)
            chance = chance and sum(len(part.form) for part in parts[:at]) < LEAST_KNOWN
        else:
            doubled = next((other.form for k, other in enumerate(parts) for part in parts[:k] if same(part, other)), "")
            sure = {"word", "genus"}.issuperset(kinds) and not doubled and len(parts) <= MOST_ELEMENTS
            sure = sure and cost - ELEMENT * len(parts) < DOUBTFUL and self.follows(parts)
            answer = "explained" if sure else "partly"
            chance = not sure and not doubled and kinds[-1] == "word"  # Zobellella is not zo+bell+ella
        if chance and (eponym := EPONYM.fullmatch(word)):
            stem, ending = eponym.groups()
            kind: Kind = "word" if ending in self.glossary.finals else "inflection"
            last = self.part(word, len(stem), Step(len(word), 0.0, kind))
            parts, answer = [Part(stem, "unknown", stem), last], "eponym-like"
        return Analysis(name, tuple(parts), answer, doubled, cost)

    def follows(self, parts: Sequence[Part]) -> bool:
        """Whether the ending stands where it should: -opsis and -oides behind a genus, -iella behind no adjective."""
        first, ending = parts[0], parts[-1].form
        if len(parts) == 2 and ending == "iella":
            return not all(word.grammar.endswith("adj.") for word in first.words)
        known = first.form in self.glossary.finals or any(first.form + end in self.genera for end in INFLECTIONS)
        return known or len(parts) != 2 or ending not in ("opsis", "oides")

    def part(self, word: str, start: int, step: Step) -> Part:
        """A step as a part with its words, those that have its linking vowel first, each sense once."""
        form = word[start : step.end]
        if step.kind == "genus":
            return Part(form, "genus", form, gender=self.analyse(form).gender)
        if step.kind != "word":
            return Part(form, step.kind, form, gender=gender_by_ending(word))
        if step.end == len(word):
            finals = self.glossary.finals.get(form, [])
            genders = {gender for _, gender in finals}
            gender = genders.pop() if len(genders) == 1 else ""
            return Part(form, "word", form, distinct([w for w, _ in finals]), gender)
        words, vowel = self.glossary.stems[step.stem], form[len(step.stem) :]
        listed = sorted((w for w in words if vowel and vowel in w.links), key=lambda w: w.links.index(vowel))
        return Part(form, "word", step.stem, distinct(listed or words))


def same(first: Part, other: Part) -> bool:
    """Whether two parts of the glossary are one element: a common word, or the stem of the first begins the other."""
    if first.kind != "word" or other.kind != "word":
        return False
    return not set(first.words).isdisjoint(other.words) or (len(first.stem) > 2 and other.form.startswith(first.stem))


def distinct(words: Sequence[Word]) -> tuple[Word, ...]:
    """The words of different senses, in their order."""
    return tuple({word.sense: word for word in reversed(words)}.values())[::-1]


def look_like_genera(names: Sequence[str]) -> bool:
    """Whether enough of the names, of a long list some, split into words of the glossary, as names of genera do."""
    explained = Morphology(standard()).explained
    some = names[:: len(names) // MOST_NAMES + 1]
    return sum(map(bool, map(explained, some))) >= LEAST_SHARE * len(some)
