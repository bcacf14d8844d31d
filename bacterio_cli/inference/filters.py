"""Filters of sampled names: each looks at many names at once and says why it refuses them; and what none can pass.

Patterns, endings and words are composed (NFC) as names are, which is done where they are typed or read.
"""

import re
import signal
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from bacterio_cli.errors import UsageError
from bacterio_cli.inference import LONGEST_NAME
from bacterio_cli.inference.sampler import Filter, SamplingParams
from bacterio_cli.inference.scorer import Scorer
from bacterio_cli.nomenclature.glossary import GENDERS, Word, gender_by_ending, glossary
from bacterio_cli.nomenclature.name_index import Lookup
from bacterio_cli.nomenclature.usable import IMPLAUSIBLE, TAKEN, Usable

# Per cent of the held-out names that are less likely. Readers sent back 3 % of the usable names above the second
# figure, 6 % of those between the two, and 36 % of those below the first.
PLAUSIBLE, SURE = 50, 80


def per_name(reason: str, accepts: Callable[[str], object]) -> Filter:
    """A filter that looks at one name at a time."""
    return lambda names: ["" if accepts(name) else reason for name in names]


def filters_of(
    given: Mapping[str, Any],  # the options of `bacterio sample`, by their names there
    scorer: Scorer,  # names are to stand in none of its lists but the first, the model's own corpus
    words: Collection[Word] = (),  # one of which a part of a name may be
    banned: Collection[str] = (),  # none of which a name may contain
) -> Iterator[Filter]:
    """What is asked of a name, the quickest to find out first; of one of a genus to be usable, unless any will do."""
    if endings := tuple(map(str.casefold, given.get("ending") or ())):
        yield per_name("another ending", lambda name: name[1:].casefold().endswith(endings))
    if given.get("match") is not None:
        yield match(given["match"])
    if banned:
        yield without(banned)
    if scorer.checkpoint.of_genera and not given.get("any_name"):
        yield from usable(scorer, words)
    if wanted := given.get("gender"):
        yield per_name("another gender", lambda name: scorer.morphology.analyse(name).gender == wanted)
    if words:
        yield per_name("about something else", lambda name: scorer.morphology.analyse(name).has(words))
    if lists := scorer.lookup.references[1:]:
        yield per_name("listed", lambda name: all(name.casefold() not in listed.folded for listed in lists))
    if given.get("min_edits") == 2:
        yield apart(scorer.lookup, 2)
    if given.get("check"):
        yield per_name("breaks a rule", lambda name: scorer.score([name], surprises=False)[0].status == "ok")
        yield plausible(scorer, SURE)


def usable(scorer: Scorer, asked: Collection[Word] = ()) -> list[Filter]:
    """What names of genera pass unless any will do; those with words asked for may be rare or implausible."""
    refusal = Usable(scorer.morphology, asked).refusal
    corpus = Lookup(scorer.lookup.references[:1])
    found: list[Filter] = [lambda names: [*map(refusal, names)], apart(corpus, 2, TAKEN)]
    return found if asked else [*found, plausible(scorer, PLAUSIBLE)]


def match(pattern: str, *, seconds: float = 1.0, each: float = 2e-5) -> Filter:
    """Names in which a regular expression is found somewhere.

    UsageError if it is none, or none that Python will take tomorrow, or takes more of the processor than `seconds` and
    `each` for each name: `re` looks for signals while it matches.
    """
    try:
        with warnings.catch_warnings(action="error"):
            untimed = per_name("no match", re.compile(pattern).search)
    except (re.error, OverflowError, RecursionError, FutureWarning, DeprecationWarning) as error:
        why, *_ = str(error).splitlines()
        raise UsageError(f"--match {pattern!r} is not a regular expression: {why}") from error
    left = seconds

    def stop(*_: object) -> None:
        raise UsageError(f"--match {pattern!r} takes too long, perhaps by (a+)+ or the like")

    def timed(names: Sequence[str]) -> Sequence[str]:
        nonlocal left
        before = signal.signal(signal.SIGVTALRM, stop)
        signal.setitimer(signal.ITIMER_VIRTUAL, left + each * len(names))
        try:
            return untimed(names)
        finally:
            left, _ = signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, before)

    return timed if hasattr(signal, "setitimer") else untimed


def without(words: Iterable[str]) -> Filter:
    """Names that contain none of these words, in any case."""
    banned = {word.casefold() for word in words}
    lengths = sorted({*map(len, banned)})

    def is_free(name: str) -> bool:
        """Each part of the name as long as a banned word is looked up: the time does not grow with the list."""
        text = name.casefold()
        return all(text[k : k + n] not in banned for n in lengths for k in range(len(text)))

    return per_name("banned word", is_free)


def plausible(scorer: Scorer, percent: float) -> Filter:
    """Names likelier, per character, than so many per cent of those held out; all names if none were."""
    return lambda names: [
        "" if share is None or share >= percent else IMPLAUSIBLE
        for share in map(scorer.percentile, scorer.surprises(names))
    ]


def apart(lookup: Lookup, edits: int, reason: str = "too near") -> Filter:
    """Names at least so many edits away from every listed name."""
    return lambda names: [reason if name else "" for name, _ in lookup.nearest(names, edits - 1)]


def params_of(given: Mapping[str, Any]) -> SamplingParams:
    """What the options of `bacterio sample` say of drawing, so far as no model is asked for.

    UsageError for those that no name can meet, whatever the model: asked before it is read. An ending has the genders
    of the endings and of the glossary's last components that it may be a part of.
    """
    longest = given["max_length"] or LONGEST_NAME
    params = SamplingParams(
        temperature=given["temp"], prefixes=tuple(given["prefix"] or ()), max_length=longest,
        allow_known=given["allow_known"] or given["min_edits"] == 0,
        **{name: given[name] for name in ("seed", "top_k", "top_p", "min_length", "allow_duplicates")},
    )  # fmt: skip
    endings = [end.casefold() for end in given["ending"] or ()]
    if endings and min(map(len, endings)) >= longest:
        raise UsageError(f"--ending {endings[0][:60]} leaves no letter before it within --max-length {longest}")
    if given["match"] is not None:
        match(given["match"])
    if endings and (asked := given["gender"]):
        finals = glossary(given["glossary"] or ()).finals
        known = [(form, g) for form, words in finals.items() for _, g in words]
        possible = {g for form, g in known for end in endings if form.endswith(end) or end.endswith(form)}
        possible |= {g for form, g in GENDERS.items() for end in endings if form.endswith(end)}
        if asked not in possible | set(map(gender_by_ending, endings)):
            raise UsageError(f"--gender {asked}: no name that ends in {' or '.join(given['ending'])} has it")
    return params
