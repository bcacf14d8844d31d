"""Letters in a row, and what a list of names teaches about beginnings and ends."""

from __future__ import annotations

import pytest

from bacterio_cli.nomenclature.phonotactics import Sounds, four_in_a_row


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((name, "") for name in ("Chthonomonas", "Hansschlegelia", "Constrictibacter", "Wenyingzhuangia", "Leeia")),
        *((name, "") for name in ("Chiayiivirga", "Actinosynnema", "Bayioella", "Bauaiyabacter")),
        *((name, "consonants") for name in ("Bacqtrxum", "Lbrkdella")),
        *((name, "vowels") for name in ("Bacioaium", "Bacyioaella", "Bauaioabacter")),
    ],
)
def test_four_sounds_in_a_row(name: str, kind: str) -> None:
    """Vowels or consonants; digraphs, diphthongs and doubles are one sound, y is a glide between vowels."""
    assert four_in_a_row(name) == kind


def test_a_list_teaches_beginnings_ends_rows_and_endings() -> None:
    """Onsets, last two letters and rows of four consonants are those of any name; an ending is shared by ten."""
    names = [*(f"{head}{vowel}bactxqzter" for head in ("Kl", "B") for vowel in "aeiou"), "Alba", "alba", "YBCDAB"]
    sounds = Sounds.of(names, enough=12)
    assert sounds is not None
    assert sounds.onsets == {"kl", "b", ""}
    assert sounds.ends == {"er", "ba", "ab"}
    assert sounds.runs == {"ctxqzt"}
    assert {"^al", "alb", "lba", "ba$", "^kl", "er$"} <= sounds.triples
    assert not {"a$b", "$^a"} & sounds.triples
    assert "bactxqzter" in sounds.endings
    assert "abactxqzter" not in sounds.endings
    assert Sounds.of(names, enough=13) is None
