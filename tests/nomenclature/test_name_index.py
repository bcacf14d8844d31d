"""The lists that names are compared with: where a name stands, the nearest listed name, and the list that ships."""

import re
import tomllib

import pytest
from support.lists import SHIPPED
from support.processes import ROOT

from bacterio_cli.nomenclature.name_index import Lookup, Reference, also_known_lists

GENERA = Reference("genera", ("Salinia", "Rosa", "Bori"), "2020-12-31", prokaryotes=True)
PLANTS = Reference("plants.txt", ("ROSA", "rosa", "Quercus"))
LOOKUP = Lookup([GENERA, PLANTS])


@pytest.mark.parametrize(
    ("name", "lists"),
    [("rOSA", (GENERA, PLANTS)), ("salinia", (GENERA,)), ("QUERCUS", (PLANTS,)), ("Rosaa", ()), ("Ros", ()), ("", ())],
)
def test_a_name_stands_in_every_list_that_has_it(name: str, lists: tuple[Reference, ...]) -> None:
    """In whatever case, in the order of the lists; parts of names are not in them, and nothing is in no lists."""
    assert LOOKUP.listed(name) == lists
    assert Lookup([]).listed(name) == ()


@pytest.mark.parametrize(
    ("lookup", "most", "nearest"),
    [(LOOKUP, 0, (None, None)), (LOOKUP, 1, ("Rosa", 1)), (LOOKUP, 2, ("Rosa", 1)), (Lookup([]), 1, (None, None))],
)
def test_what_is_farther_than_asked_for_is_not_found(
    lookup: Lookup, most: int, nearest: tuple[str | None, int | None]
) -> None:
    """Beyond `most` edits there is no neighbour; it is spelled as the first list has it."""
    assert lookup.nearest(["Rose", "rosE"], most) == [nearest] * 2
    assert lookup.nearest([]) == Lookup([]).nearest([]) == []
    assert LOOKUP.nearest(["Rosea", "Rosexe"]) == [("Rosa", 1), (None, None)]


KINDS = {"Candidatus", "historical", "SeqCode", "published", "alga", "animal", "fungus", "plant", "protist"}
LINES = (ROOT / "data" / "also_known.txt").read_text(encoding="ascii").splitlines()


def test_the_file_keeps_its_format() -> None:
    """Each line is a name and its kind; names are sorted, unique, not learned, and count as an incomplete list."""
    entries = [line for line in LINES if not line.startswith("#")]
    assert LINES[len(LINES) - len(entries) :] == entries
    rows = [line.split("\t") for line in entries]
    assert [row for row in rows if len(row) != 2 or not re.fullmatch("[A-Z][a-z]{2,}", row[0])] == []
    assert {kind for _, kind in rows} <= KINDS
    names = [name for name, _ in rows]
    assert names == sorted(set(names))
    now, historical, others = lists = also_known_lists()
    assert sorted(now.names + historical.names + others.names) == names
    assert "# names: {} of prokaryotes, {} historical, {} of others".format(*(len(r.names) for r in lists)) in LINES
    assert not {*names} & {*SHIPPED}
    for reference, what in zip(lists, ("names", "names in use before 1980", "names of other organisms"), strict=True):
        flags = reference.prokaryotes, reference.complete, reference.historical
        assert flags == (reference is not others, False, reference is historical)
        assert reference.label == f"{what} known to the authors of the tool, not complete"


def test_all_that_is_read_once_installed_is_in_the_wheel() -> None:
    """Every file under data/ but the page about them, each named in the licence."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    files = {path.name for path in (ROOT / "data").iterdir()} - {"README.md"}
    assert build["force-include"] == {f"data/{name}": f"bacterio_cli/data/{name}" for name in files}
    licence = (ROOT / "LICENSE").read_text()
    assert all(f"data/{name}" in licence for name in files)
