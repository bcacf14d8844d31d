"""Plain lists that are known as lists of genera by their words."""

from __future__ import annotations

import pytest
from support.lists import GENERA, SURNAMES, TOWNS
from support.processes import NAMES

from bacterio_cli.nomenclature.recognition import look_like_genera


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (GENERA, True), (GENERA[:20], True), (GENERA[:19], False), (SURNAMES, False), (TOWNS, False),
        (GENERA[:8] + SURNAMES, False), (SURNAMES * 40, False), (GENERA * 40, True), (NAMES, False), ((), False),
    ],
    ids=["genera", "20", "19", "surnames", "towns", "a few", "many surnames", "many genera", "the tests' own", "none"],
)  # fmt: skip
def test_genera_are_known_by_the_words_in_them(names: tuple[str, ...], expected: bool) -> None:
    """A quarter of 20 names or more must split into words of the glossary; fewer names say nothing."""
    assert look_like_genera(names) == expected
