"""Filters of sampled names: what each refuses, and that sampling with them only leaves names out."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pytest
from support.processes import NAMES, small_model
from support.sampling import sampled

from bacterio_cli.errors import UsageError
from bacterio_cli.inference import filters
from bacterio_cli.inference.filters import Filter
from bacterio_cli.inference.sampler import filter_refusals
from bacterio_cli.inference.scorer import Scorer
from bacterio_cli.nomenclature.name_index import Lookup
from bacterio_cli.nomenclature.reference import Reference

CORPUS = Lookup([Reference("the corpus", NAMES, prokaryotes=True)])
SCORER = Scorer(small_model(), CORPUS, genus=True)


def accepted(by: Filter, names: Sequence[str]) -> list[str]:
    """The names that a filter lets through."""
    refused = by.refuses(names)
    assert refused.dtype == np.bool_
    assert refused.shape == (len(names),)
    return [name for name, no in zip(names, refused, strict=True) if not no]


@pytest.mark.parametrize(
    ("filter_", "names", "through"),
    [
        (filters.ending(["monas", "IA"]), "Salinia Alimonas Monasella Iax alIA", "Salinia Alimonas alIA"),
        (filters.of_gender("f", SCORER), "Salinia Alibacter Alimonas Borium Felix", "Salinia Alimonas"),
        (filters.of_gender("n", SCORER), "Salinia Alibacter Alimonas Borium Felix", "Borium"),
        (filters.of_gender("m", SCORER), "Salinia Alibacter Alimonas Borium Felix", "Alibacter"),
        (filters.match("l.m"), "Alimonas Salima Milas limo", "Alimonas Salima limo"),
        (filters.match("^A"), "Alimonas Salima aria", "Alimonas"),
        (filters.without(["LIM", "a.b"]), "Alimonas Salima acb a.B aab", "acb aab"),
        (filters.unlisted({"borixis", "rosa"}), "Borixis ROSA Rosae borixi", "Rosae borixi"),
        (filters.apart(CORPUS, 1), "BORIXIS Borixia Borixea Lilium", "Borixia Borixea Lilium"),
        (filters.apart(CORPUS, 2), "BORIXIS Borixia Borixea Lilium", "Borixea Lilium"),
        (filters.without_conflict(SCORER), "Borixis Borixia lilium Lilium Rubaceae", "Borixia Lilium"),
    ],
    ids=["ending", "f", "n", "m", "match", "match in case", "without", "unlisted", "apart 1", "apart 2", "conflict"],
)
def test_each_filter_refuses_what_it_should(filter_: Filter, names: str, through: str) -> None:
    """Of many names at once and one by one the same come through, and no names are no trouble."""
    words = names.split()
    assert accepted(filter_, words) == through.split()
    assert [word for word in words if accepted(filter_, [word])] == through.split()
    assert accepted(filter_, []) == []


def test_an_ending_is_composed_like_a_name() -> None:
    """An ending typed with a combining accent is that of a name with the composed letter, as a prefix is."""
    assert accepted(filters.ending(["e\u0301"]), ["Bori\u00e9"]) == ["Bori\u00e9"]
    assert accepted(filters.without(["e\u0301"]), ["Bori\u00e9"]) == []


@pytest.mark.parametrize("pattern", ["(", "*a", "[z-a]", "a{2,1}", "(?P<n"])
def test_a_pattern_that_does_not_compile_is_a_usage_error(pattern: str) -> None:
    """The message has the option and the pattern."""
    with pytest.raises(UsageError, match=re.escape(f"--match {pattern!r} is not a regular expression")):
        filters.match(pattern)


def test_a_name_is_refused_by_the_first_filter_alone() -> None:
    """The later filters do not see it, nor draws that are no names."""
    seen: list[list[str]] = []

    def refuses(names: Sequence[str]) -> np.ndarray:
        seen.append(list(names))
        return np.array([name == "Salinia" for name in names], bool)

    draws = ["Salinia", None, "Alba", "", "Salima"]
    found = filter_refusals(draws, [filters.ending(["ia", "ma"]), Filter("spied", refuses)])
    assert found == ["spied", None, "another ending", None, None]
    assert seen == [["Salinia", "Salima"]]


WANTED = {
    "ending": [filters.ending(["a", "xis"])],
    "gender": [filters.of_gender("f", SCORER)],
    "match": [filters.match("r.*a")],
    "ban": [filters.without(["al", "k"])],
    "avoid": [filters.unlisted({"durics", "kglis", "ali", "duria"})],
    "min edits": [filters.apart(CORPUS, 2)],
    "check": [filters.without_conflict(SCORER)],
    "all": [filters.ending(["a"]), filters.match("r"), filters.without(["k"]), filters.apart(CORPUS, 2)],
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
    assert {filter_.reason for filter_ in WANTED[kind]} <= set(stats.refused)
    for few in (1, 13, 64):
        assert sampled(few, known=NAMES, filters=WANTED[kind], max_tries=9999)[0] == names[:few]


def test_what_no_name_passes_ends_the_drawing() -> None:
    """Where so many draws in a row bring nothing, it gives up, however many tries it has."""
    names, stats = sampled(5, known=NAMES, filters=[filters.match("^$")], hopeless=700)
    assert (names, stats.drawn, stats.accepted) == ([], 700, 0)
    (first,), _ = sampled(1, known=NAMES)
    names, stats = sampled(5, known=NAMES, filters=[filters.match(f"^{first}$")], hopeless=700)
    assert (names, stats.drawn) == ([first], 701)
