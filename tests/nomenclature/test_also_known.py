"""The list of names that the authors of the tool know of besides the corpus, as it ships."""

from __future__ import annotations

import re
import tomllib

from support.processes import ROOT

from bacterio_cli.dataset.corpus import read_corpus
from bacterio_cli.nomenclature.name_index import also_known_names, known_elsewhere

KINDS = {"Candidatus", "SeqCode", "published", "alga", "animal", "fungus", "plant", "protist"}
LINES = (ROOT / "data" / "also_known.txt").read_text(encoding="ascii").splitlines()


def test_the_file_keeps_its_format() -> None:
    """After comments at the top each line is a name, a tab and its kind; the names are sorted and unique."""
    entries = [line for line in LINES if not line.startswith("#")]
    assert LINES[len(LINES) - len(entries) :] == entries
    rows = [line.split("\t") for line in entries]
    assert [row for row in rows if len(row) != 2 or not re.fullmatch("[A-Z][a-z]{2,}", row[0])] == []
    assert {kind for _, kind in rows} <= KINDS
    names = [name for name, _ in rows]
    assert names == sorted(set(names))
    assert {*also_known_names().names, *map(str.capitalize, known_elsewhere())} == set(names)
    assert "Sporothrix" not in also_known_names().names


def test_no_name_of_the_corpus_is_in_it() -> None:
    """What the corpus has is known anyway, and learned from; the names here never are."""
    assert not {line.split("\t")[0] for line in LINES} & set(read_corpus([str(ROOT / "data" / "genera.txt")]).names)


def test_it_counts_as_a_list_of_prokaryotes_and_says_what_it_is() -> None:
    """So its names are homonyms, and nobody takes the list for all that there is."""
    assert also_known_names().prokaryotes
    assert "not complete" in also_known_names().label


def test_all_that_is_read_once_installed_is_in_the_wheel() -> None:
    """Every file under data/ but the page about them, each named in the licence."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    files = {path.name for path in (ROOT / "data").iterdir()} - {"README.md"}
    assert build["force-include"] == {f"data/{name}": f"bacterio_cli/data/{name}" for name in files}
    licence = (ROOT / "LICENSE").read_text()
    assert all(f"data/{name}" in licence for name in files)
