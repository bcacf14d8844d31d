"""What `bacterio score` says of proposals for a genus, with the model that ships: bad names, pairs, genders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.processes import ROOT, inside, strict_json


def judged(folder: Path, *words: object, stdin: str = "") -> list[dict[str, Any]]:
    """The rows of `bacterio score` with the model that ships."""
    words = ("-c", ROOT / "data/model.npz", "--no-also-known", "--format", "jsonl", *words)
    result = inside("score", *words, cwd=folder, stdin=stdin.encode())
    assert result.code == 0
    return [strict_json(line) for line in result.stdout.splitlines(keepends=True)]


def codes(row: dict[str, Any]) -> list[str]:
    """What was found, in short."""
    return [flag["code"] for flag in row["flags"]]


BAD = {
    "Xq": ("short", "conflict"),
    "Brrrr": ("vowelless", "conflict"),
    "Monas": ("bare-ending", "conflict"),
    "Smithii": ("epithet", "conflict"),
    "Unclassified": ("placeholder", "conflict"),
    "Halohalobacillus": ("doubled", "warn"),
    "Bacter": ("bare-ending", "conflict"),
    "Seoulensis": ("epithet", "warn"),
    "Bacillovirus": ("placeholder", "warn"),
    "Salinispecsp": ("placeholder", "conflict"),
}


def test_what_no_genus_could_be_called_is_not_ok(tmp_path: Path) -> None:
    """Too short, without a vowel, a bare ending, an epithet, a word for no name, a doubled element; a sound name is."""
    rows = judged(tmp_path, *BAD, "Thermofustis")
    for row, (name, (code, status)) in zip(rows, BAD.items(), strict=False):
        assert (row["name"], code in codes(row), row["status"]) == (name, True, status)
    assert (rows[-1]["status"], rows[-1]["edits"], rows[-1]["explained"]) == ("ok", None, "explained")


PROPOSED = ("Thermofustis", "Rovibacter", "thermofustis", "Rovibactor", "Salinicatena")


@pytest.mark.parametrize("typed", [True, False])
def test_names_given_together_are_compared(typed: bool, tmp_path: Path) -> None:
    """Typed or in a list: equal but for capitals is a conflict, one edit apart a warning that names the other."""
    rows = judged(tmp_path, *PROPOSED) if typed else judged(tmp_path, stdin="".join(f"{name}\n" for name in PROPOSED))
    found = [[flag for flag in row["flags"] if flag["code"].startswith("proposed")] for row in rows]
    assert [[(flag["code"], flag["severity"]) for flag in flags] for flags in found] == [
        [("proposed-twice", "error")], [("proposed-near", "warning")], [("proposed-twice", "error")],
        [("proposed-near", "warning")], [],
    ]  # fmt: skip
    assert "Rovibactor" in found[1][0]["says"]
    assert [rows[k]["status"] for k in (0, 2, 4)] == ["conflict", "conflict", "ok"]
    assert not any(code.startswith("proposed") for row in judged(tmp_path, PROPOSED[0]) for code in codes(row))


def test_only_genera_are_compared_with_each_other(tmp_path: Path) -> None:
    """Under another profile a name twice is no finding."""
    assert [codes(row) for row in judged(tmp_path, "--profile", "any", "Harrow", "Harrow", "Harlow")] == [[], [], []]


@pytest.mark.parametrize("more", [[], ["--summary"]])
def test_strict_fails_for_a_name_proposed_twice(more: list[str], tmp_path: Path) -> None:
    """Exit 1, with --summary too; each of the two alone is fine."""
    words = ("score", "-c", ROOT / "data/model.npz", "--strict", *more, "Thermofustis")
    assert inside(*words, cwd=tmp_path).code == 0
    assert inside(*words, "Salinicatena", "Thermofustis", cwd=tmp_path).code == 1


GENDERS = {
    "Dictyoglomus": "n", "Asticcacaulis": "m", "Xenorhabdus": "f", "Leptothrix": "f", "Fibriforma": "f",
    "Actinocorpus": "n", "Salinigenus": "n", "Roseicola": "", "Bacteroides": "", "Acidovorax": "", "Aquifex": "",
    "Agarivorans": "", "Hydrogenivirens": "",
}  # fmt: skip


def test_gender_is_that_of_the_last_component(tmp_path: Path) -> None:
    """Where the glossary knows it, else by the ending; empty where the author assigns it."""
    assert {row["name"]: row["gender"] for row in judged(tmp_path, *GENDERS)} == GENDERS
