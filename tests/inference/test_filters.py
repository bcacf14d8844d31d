"""Filters of sampled names: what each refuses, and that sampling with them only leaves names out."""

import math
import re
import signal
import time
from collections import deque
from collections.abc import Sequence
from contextlib import nullcontext
from itertools import accumulate, islice, repeat
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import shipped
from support.lists import SHIPPED
from support.processes import NAMES, examples, small_model
from support.sampling import sampled

from bacterio_cli.errors import UsageError
from bacterio_cli.inference import filters
from bacterio_cli.inference.filters import filters_of, params_of
from bacterio_cli.inference.sampler import Filter, SamplingParams, draws, refusals
from bacterio_cli.inference.scorer import Scorer
from bacterio_cli.nomenclature.glossary import Word, standard
from bacterio_cli.nomenclature.morphology import Morphology
from bacterio_cli.nomenclature.name_index import Reference

SCORER = Scorer(small_model(), genus=True)
CORPUS = SCORER.lookup
UNBROKEN, _ = filters_of({"any_name": True, "check": True}, SCORER)


def accepted(by: Filter, names: Sequence[str]) -> list[str]:
    """The names that a filter lets through."""
    return [name for name, why in zip(names, by(names), strict=True) if not why]


def asked(*taken: str, words: Sequence[Word] = (), banned: Sequence[str] = (), **given: Any) -> Filter:
    """The one filter that these options, or a list of these names, bring."""
    scorer = Scorer(small_model(), Reference("", taken), genus=True) if taken else SCORER
    (found,) = filters_of(given, scorer, words, banned)
    return found


@pytest.mark.parametrize(
    ("filter_", "names", "through"),
    [
        (asked(ending=["monas", "IA"]), "Salinia Alimonas Monasella Iax alIA Monas", "Salinia Alimonas alIA"),
        (asked(gender="f"), "Salinia Alibacter Alimonas Borium Felix", "Salinia Alimonas"),
        (asked(gender="n"), "Salinia Alibacter Alimonas Borium Felix", "Borium"),
        (asked(gender="m"), "Salinia Alibacter Alimonas Borium Felix", "Alibacter"),
        (asked(match="l.m"), "Alimonas Salima Milas limo", "Alimonas Salima limo"),
        (asked(match="^A"), "Alimonas Salima aria", "Alimonas"),
        (asked(banned=["LIM", "a.b"]), "Alimonas Salima acb a.B aab", "acb aab"),
        (asked("borixis", "Rosa"), "Borixis ROSA Rosae borixi", "Rosae borixi"),
        (filters.apart(CORPUS, 1), "BORIXIS Borixia Borixea Lilium", "Borixia Borixea Lilium"),
        (asked(min_edits=2), "BORIXIS Borixia Borixea Lilium", "Borixea Lilium"),
        (filters.usable(SCORER)[1], "Borixis Borixia Borixea", "Borixea"),
        (UNBROKEN, "Borixis Borixia lilium Lilium Rubaceae", "Lilium"),
    ],
)
def test_each_filter_refuses_what_it_should(filter_: Filter, names: str, through: str) -> None:
    """Of many names at once and one by one the same come through, and no names are no trouble."""
    words = names.split()
    assert accepted(filter_, words) == through.split()
    assert [word for word in words if accepted(filter_, [word])] == through.split()
    assert accepted(filter_, []) == []


def test_each_filter_says_why() -> None:
    """In the words in which the statistics of a sample count what was refused, and in this order."""
    given = {"ending": ["monas"], "match": "q", "gender": "n", "min_edits": 2, "check": True}
    scorer = Scorer(shipped.SCORER.checkpoint, Reference("", ("Bacillxs",)), genus=True)
    found = filters_of(given, scorer, standard().about("soil"), ["llx"])
    reasons = ["another ending", "no match", "banned word", "not explained", "taken for another", "another gender"]
    reasons += ["about something else", "listed", "too near", "breaks a rule", "implausible"]
    assert [by(["Bacillxs"]) for by in found] == [[why] for why in reasons]
    assert [[*filters_of({"any_name": True}, SCORER)], len([*filters_of({}, scorer)])] == [[], 4]


def test_plausible_names_are_those_of_a_high_percentile() -> None:
    """The least percentile is enough, and a name that cannot be spelled is left to others."""
    names = sampled(50, known=NAMES)[0]
    percentiles = [row.percentile or 0 for row in SCORER.score(names)]
    for least in (0, 50, 80):
        expected = [name for name, found in zip(names, percentiles, strict=True) if found >= least]
        assert accepted(filters.plausible(SCORER, least), names) == expected
    assert 0 < len(expected) < 40
    assert accepted(filters.plausible(SCORER, 50), ["Жук"]) == ["Жук"]


@examples
@given(st.lists(st.text("abA", max_size=3)), st.lists(st.text("abB", min_size=1, max_size=8)))
def test_banned_words_are_found_wherever_they_stand(words: list[str], names: list[str]) -> None:
    """Of any words and names, those are left that contain no word in any case."""
    expected = [name for name in names if not any(word.lower() in name.lower() for word in words)]
    assert accepted(filters.without(words), names) == expected


@pytest.mark.parametrize(
    "pattern", [*("(" * n for n in (1, 100, 101, 1000)), "*a", "[z-a]", "a{2,1}", "(?P<n", "x{99999999999}", "[[a]"]
)
def test_a_pattern_that_does_not_compile_is_a_usage_error(pattern: str) -> None:
    """The message has the option and the pattern in one line, whatever Python raises or warns of."""
    with pytest.raises(UsageError, match=f"^--match {re.escape(repr(pattern))} is not a regular expression: [^\n]*$"):
        filters.match(pattern)


@pytest.mark.parametrize("names", [["a" * 40], ["a" * 12] * 512], ids=["one name", "many names"])
def test_a_pattern_without_end_is_ended(names: list[str]) -> None:
    """Repeated repetitions end by the time spent on names alone, be they one or many, and the signal is put back."""
    before = signal.signal(signal.SIGVTALRM, signal.SIG_IGN)
    endless = filters.match(r"^(\w+)+\d", seconds=0.05, each=1e-6)
    with pytest.raises(UsageError, match="takes too long"):
        deque(map(endless, repeat(names, 100)))
    assert signal.signal(signal.SIGVTALRM, before) == signal.SIG_IGN
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0, 0)
    assert accepted(filters.match(r"^\w+\d", seconds=0), ["a1", "b"] * 10_000) == ["a1"] * 10_000


MARKS = "A" + "\u0301\u0323" * 100_000  # composing it takes half a minute
GIVEN: dict[str, Any] = {
    "seed": 0, "temp": 0.8, "top_k": None, "top_p": None, "prefix": None, "ending": None, "gender": None,
    "match": None, "min_length": 1, "max_length": None, "glossary": None, "min_edits": None, "allow_known": False,
    "allow_duplicates": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ending": ["monas"], "gender": "m"}, "--gender m: no name that ends in monas has it"),
        ({"ending": ["Bacter", "coccus"], "gender": "n"}, "--gender n: no name that ends in Bacter or coccus has it"),
        ({"ending": ["monas"], "gender": "f"}, ""),
        ({"ending": ["ma"], "gender": "f"}, ""),  # forma, gemma
        ({"ending": ["s"], "gender": "n"}, ""),  # corpus, genus, virus
        ({"ending": ["monas"], "max_length": 5}, "--ending monas leaves no letter before it within --max-length 5"),
        ({"ending": ["monas", "as"], "max_length": 5}, ""),
        ({"ending": [MARKS]}, f"--ending a{MARKS[1:60]} leaves no letter before it within --max-length 10000"),
        ({"prefix": [MARKS]}, f"--prefix {MARKS[:60]} is longer than --max-length 10000"),
        ({"prefix": ["Boris"], "max_length": 4}, "--prefix Boris is longer than --max-length 4"),
        ({"prefix": ["e\u0301" * 4], "max_length": 4}, ""),
        ({"prefix": ["Bor", "Al"], "max_length": 2}, "--prefix Bor is longer than --max-length 2"),
        ({"prefix": ["Bo", "Al"], "max_length": 2}, ""),
        ({"match": "(a"}, "--match '(a' is not a regular expression: missing ), unterminated subpattern at position 0"),
        ({"min_length": 9, "max_length": 8}, "--min-length 9 is more than --max-length 8"),
        ({"min_length": 10**6}, "--min-length must be a whole number from 1 to 10,000, not 1000000"),
        ({"temp": math.nan}, "--temp must be a number from 0 to 1e+300, not nan"),
    ],
)
def test_what_no_name_can_meet_is_refused(options: dict[str, Any], message: str) -> None:
    """By logic alone, within a second of the processor; what a name might meet is not."""
    begun = time.process_time()
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$") if message else nullcontext():
        params_of(GIVEN | options)
    assert time.process_time() - begun < 1


def test_what_a_genus_meets_is_not_refused() -> None:
    """Of genera that ship, the gender that the filter finds is possible with every ending of theirs."""
    morphology = Morphology(standard(), SHIPPED)
    for name in SHIPPED[::29]:
        if found := morphology.analyse(name).gender:
            for length in (1, 2, 3, 5, 8):
                params_of(GIVEN | {"ending": [name[-length:]], "gender": found})


def test_a_name_is_refused_by_the_first_filter_alone() -> None:
    """The later filters do not see it, nor draws that are no names."""
    seen: list[list[str]] = []

    def spy(names: Sequence[str]) -> list[str]:
        seen.append(list(names))
        return ["spied" if name == "Salinia" else "" for name in names]

    draws = ["Salinia", "S" * 41, "Alba", "", "Salima"]
    found = refusals(draws, SamplingParams(seed=1), (), [asked(ending=["ia", "ma"]), spy])
    assert found == ["spied", "too long", "another ending", "empty", ""]
    assert seen == [["Salinia", "Salima"]]
    with pytest.raises(ValueError, match="shorter than"):
        refusals(draws, SamplingParams(seed=1), (), [lambda _: []])


WANTED = {
    "avoid": [asked("durics", "kglis", "ali", "duria")],
    "check": [UNBROKEN],
    "several": [*filters_of({"ending": ["a"], "match": "r", "min_edits": 2}, SCORER, banned=["k"])],
}


@pytest.mark.parametrize("kind", WANTED)
def test_filters_only_leave_names_out(kind: str) -> None:
    """Those that pass come in the order without filters, all of them, and the first k of n are k alone."""
    free, _ = sampled(1000, known=NAMES)
    names, stats = sampled(150, known=NAMES, filters=WANTED[kind], max_tries=9999)
    expected = free
    for filter_ in WANTED[kind]:
        expected = accepted(filter_, expected)
    assert len(names) == 150
    assert names[: len(expected)] == expected[:150] != free[: min(150, len(expected))]
    assert sum(stats.refused.values()) + stats.accepted == stats.drawn
    assert {why for filter_ in WANTED[kind] for why in filter_(free)} <= {"", *stats.refused}
    for few in (1, 13, 64):
        assert sampled(few, known=NAMES, filters=WANTED[kind], max_tries=9999)[0] == names[:few]


def test_what_no_name_passes_ends_the_drawing() -> None:
    """Where so many letters in a row bring nothing, it gives up, however many tries: they count from the last name."""
    (first,), until = sampled(1, known=NAMES)
    names, stats = sampled(5, known=NAMES, filters=[filters.match(f"^{first}$")], hopeless=7000)
    model, params = small_model(), SamplingParams(seed=1, temperature=1.0)
    later = islice(draws(model.language_model, model.vocabulary, params), until.drawn, None)
    letters = accumulate(min(len(name), 40) + 1 for name in later)
    in_vain = next(count for count, total in enumerate(letters, 1) if total >= 7000)
    assert (names, stats.drawn) == ([first], until.drawn + in_vain)
