"""The options that ask the glossary: --about, --glossary and --etymology, as processes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support.processes import ROOT, Result, bacterio, only_error, small_model, strict_json
from support.shipped import SCORER

from bacterio_cli.inference.scorer import FIELDS
from bacterio_cli.nomenclature.etymology import draft
from bacterio_cli.nomenclature.glossary import standard

MODEL = ("-c", ROOT / "data/model.npz")
OWN = "# a laboratory's own\nzorkum\tN.L.\tneut. n.\tzork\ti\t\tZork, a city\tzork,our lab\n"


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small model, which knows no genera, as m.npz, and own.tsv, a glossary of one word."""
    folder = tmp_path_factory.mktemp("room")
    small_model().save(folder / "m.npz")
    (folder / "own.tsv").write_text(OWN, encoding="utf-8")
    return folder


def draw(room: Path, *words: object) -> Result:
    """`bacterio sample` with the model that ships and a seed."""
    return bacterio("sample", *MODEL, "--seed", 1, *words, cwd=room)


def score(room: Path, *words: object) -> Result:
    """`bacterio score` with the model that ships."""
    return bacterio("score", *MODEL, *words, cwd=room)


@pytest.mark.parametrize("topics", [["marine"], ["hot spring"], ["RED"], ["rod", "sulfur"], ["soil"]])
def test_every_name_has_an_element_about_the_topic(topics: list[str], room: Path) -> None:
    """Twenty come at once, whatever the case of the topic; with several topics an element says one of them."""
    result = draw(room, *(word for topic in topics for word in ("--about", topic)))
    names = result.stdout.splitlines()
    words = frozenset(word for topic in topics for word in standard().about(topic))
    assert (result.code, len(set(names))) == (0, 20)
    analyses = [SCORER.morphology.analyse(name) for name in names]
    assert all(analysis.has(words) and analysis.answer == "explained" for analysis in analyses)
    assert len(words) > 1
    drawn = re.search(r"20 of ([\d,]+) draws accepted", result.stderr)
    assert drawn is not None
    assert int(drawn[1].replace(",", "")) < 2000
    # The element stands first in most, for draws begin with it, but not in all.
    first = [analysis.parts[0] for analysis in analyses]
    assert sum(not words.isdisjoint(part.words) for part in first) >= 10


def test_a_topic_may_stand_at_the_end(room: Path) -> None:
    """A quarter of the draws begin in any way: some of the names have their element behind the first."""
    words = frozenset(standard().about("rod"))
    names = draw(room, "--about", "rod", "-n", 60).stdout.split()
    parts = [SCORER.morphology.analyse(name).parts for name in names]
    assert any(words.isdisjoint(part[0].words) for part in parts)


def test_an_unknown_topic_lists_those_that_there_are(room: Path) -> None:
    """One line, exit 2; help prints them one a line, and exits 0."""
    result = draw(room, "--about", "moth wing")
    message = only_error(result, 2)
    assert message.startswith("--about moth wing: no element says so; try one of: ")
    assert message.partition("try one of: ")[2].split(", ") == standard().keywords
    assert result.stdout == ""
    told = draw(room, "--about", "help")
    assert (told.code, told.stdout.splitlines(), told.stderr) == (0, standard().keywords, "")
    assert {"marine", "soil", "hot spring", "rod", "red"} <= set(standard().keywords)


def test_words_of_the_users_own_explain_and_are_drawn(room: Path) -> None:
    """A name after a place that the glossary lacks is explained with --glossary, and --about finds its words."""
    for words, explained, parts in (
        ([], "partly", "[zorki]+bacter"),
        (["--glossary", "own.tsv"], "explained", "zorki+bacter"),
    ):
        (record,) = (
            json.loads(line) for line in score(room, "Zorkibacter", "--format", "jsonl", *words).stdout.splitlines()
        )
        assert (record["explained"], record["parts"]) == (explained, parts)
    drafted = score(room, "Zorkibacter", "--etymology", "--glossary", "own.tsv", "--format", "table").stdout
    cited = "N.L. neut. n. zorkum, Zork, a city; N.L. masc. n. bacter, rod; N.L. masc. n. Zorkibacter"
    assert f"Zorkibacter: {cited}" in drafted
    names = draw(room, "-n", 5, "--glossary", "own.tsv", "--about", "our lab").stdout.splitlines()
    assert len(names) == 5
    assert all("zork" in name.lower() for name in names)
    assert only_error(draw(room, "--about", "our lab"), 2).startswith("--about our lab: no element says so")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "zorkum\tN.L.\tneut. n.\tzork\ti\t\tZork, a city",
            "own2.tsv:4: zorkum with this sense stands in line 3 already",
        ),
        ("zorkum\tEnglish\tneut. n.\tzork\ti\t\ta city\t", "own2.tsv:4: the language 'English' is not L., Gr. or N.L."),
        ("zorkum", "own2.tsv:4: 1 columns instead of 8"),
        ("zorkum\tN.L.\tneut. n.\t\t\t\ta city\t", "own2.tsv:4: neither a stem nor a final form"),
    ],
)
def test_a_glossary_at_odds_with_the_format_is_one_line(line: str, message: str, room: Path) -> None:
    """File and line, what is wrong with it and how a line should be; from sample and score alike, exit 1."""
    (room / "own2.tsv").write_text(f"# two good lines\n\n{OWN.splitlines()[1]}\n{line}\n", encoding="utf-8")
    for result in (draw(room, "--glossary", "own2.tsv"), score(room, "Bacillus", "--glossary", "own2.tsv")):
        assert message in only_error(Result(result.code, result.stdout, result.stderr.splitlines(keepends=True)[-1]))
        assert result.stdout == ""
    missing = draw(room, "--glossary", "own.tsv", "--glossary", "none.tsv").stderr
    assert missing.endswith("bacterio: error: cannot read none.tsv: No such file or directory\n")


def test_the_etymology_in_every_form_of_sample(room: Path) -> None:
    """An indented line below each name, a last column of TSV, components and the full word in JSON Lines."""
    names = draw(room, "-n", 6).stdout.splitlines()
    drafts = [draft(SCORER.morphology.analyse(name)) for name in names]
    lines = draw(room, "-n", 6, "--etymology").stdout.splitlines()
    assert lines == [
        line for name, drafted in zip(names, drafts, strict=True) for line in (name, "    " + drafted.text)
    ]
    header, *rows = (
        line.split("\t")
        for line in draw(room, "-n", 6, "--etymology", "--format", "tsv", "--header").stdout.splitlines()
    )
    assert header == [*FIELDS, "etymology"]
    assert [(row[0], row[-1]) for row in rows] == [(drafted.name, drafted.text) for drafted in drafts]
    found = [
        strict_json(line) for line in draw(room, "-n", 6, "--etymology", "--format", "jsonl").stdout.splitlines(True)
    ]
    assert [tuple(record) for record in found] == [(*FIELDS, "components", "full")] * 6
    for record, drafted in zip(found, drafts, strict=True):
        assert {"components": record["components"], "full": record["full"]} == drafted.asdict()
        assert 2 <= len(record["components"]) <= 5
        for component in record["components"]:
            assert list(component) == ["form", "language", "grammar", "particle", "meaning", "note"]
        assert "".join(component["form"] for component in record["components"]) == record["name"].lower()
        assert list(record["full"]) == ["language", "grammar", "particle", "meaning"]
        assert (record["full"]["particle"], record["full"]["meaning"]) == (record["name"], None)


def test_the_etymology_in_every_form_of_score(room: Path) -> None:
    """Below the table a line per name, which is called a draft; the same draft in TSV and JSON Lines."""
    names = ("Thermofustis", "Rovibacterium", "Zorkul")
    drafts = [draft(SCORER.morphology.analyse(name)) for name in names]
    table = score(room, *names, "--etymology", "--format", "table").stdout
    assert "a draft of each etymology, from the forms alone:\n" in table
    for drafted in drafts:
        assert f"\n{drafted.name}: {drafted.text}\n" in table
    plain = score(room, *names).stdout.splitlines()
    told = score(room, *names, "--etymology").stdout.splitlines()
    assert told == [f"{line}\t{drafted.text}" for line, drafted in zip(plain, drafts, strict=True)]
    found = [
        strict_json(line) for line in score(room, *names, "--etymology", "--format", "jsonl").stdout.splitlines(True)
    ]
    assert [record["explained"] for record in found] == ["explained", "partly", "unexplained"]
    assert [record["parts"] for record in found] == ["thermo+fustis", "[rovi]+bacterium", "[zorkul]"]
    assert [{"components": record["components"], "full": record["full"]} for record in found] == [
        drafted.asdict() for drafted in drafts
    ]


def test_names_of_no_genus_have_no_etymology(room: Path) -> None:
    """A model of other names prints them as without the option; fields are empty or missing, nothing is claimed."""
    words = ("-c", "m.npz", "--seed", 1, "-n", 5)
    plain = bacterio("sample", *words, cwd=room).stdout
    assert bacterio("sample", *words, "--etymology", cwd=room).stdout == plain
    table = bacterio("sample", *words, "--etymology", "--format", "tsv", cwd=room).stdout.splitlines()
    assert [line.split("\t")[len(FIELDS) - 2 :] for line in table] == [["", "", ""]] * 5
    for line in bacterio("sample", *words, "--etymology", "--format", "jsonl", cwd=room).stdout.splitlines():
        record = json.loads(line)
        assert (tuple(record), record["explained"], record["parts"]) == (FIELDS, None, None)
