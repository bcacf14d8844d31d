"""The options that ask the glossary: --about, --glossary and --etymology, as processes."""

import re
from pathlib import Path

import pytest
from support.processes import ROOT, Result, inside, on_terminal, only_error, strict_json
from support.shipped import SCORER

from bacterio_cli.inference.scorer import FIELDS
from bacterio_cli.nomenclature.etymology import draft, in_print
from bacterio_cli.nomenclature.glossary import standard

MODEL = ("-c", ROOT / "data/model.npz")
OWN = "# a laboratory's own\nzorkum\tN.L.\tneut. n.\tzork\ti\t\tZork, a city\tzork,our lab\n"


@pytest.fixture(scope="module")
def room(room: Path) -> Path:
    """A folder with the small model, which knows no genera, as m.npz, and own.tsv, a glossary of one word."""
    (room / "own.tsv").write_text(OWN, encoding="utf-8")
    return room


def draw(room: Path, *words: object) -> Result:
    """`bacterio sample` with the model that ships and a seed."""
    return inside("sample", *MODEL, "--seed", 1, *words, cwd=room)


def score(room: Path, *words: object) -> Result:
    """`bacterio score` with the model that ships."""
    return inside("score", *MODEL, *words, cwd=room)


@pytest.mark.parametrize("topics", [["marine"], ["hot spring"], ["RED"], ["rod", "sulfur"], ["soil"]])
def test_every_name_has_an_element_about_the_topic(topics: list[str], room: Path) -> None:
    """Names come at once, whatever the case of the topic; with several topics an element says one of them.

    It stands first in most, for draws begin with it, but not in all.
    """
    result = draw(room, "-n", 60, *(word for topic in topics for word in ("--about", topic)))
    names = result.stdout.splitlines()
    words = frozenset(word for topic in topics for word in standard().about(topic))
    assert (result.code, len(set(names))) == (0, 60)
    analyses = [SCORER.morphology.analyse(name) for name in names]
    assert all(analysis.has(words) and analysis.answer == "explained" for analysis in analyses)
    drawn = re.search(r"60 of ([\d,]+) draws accepted", result.stderr)
    assert drawn is not None
    assert int(drawn[1].replace(",", "")) < 6000
    first = sum(not words.isdisjoint(analysis.parts[0].words) for analysis in analyses)
    assert 30 <= first < 60 + ("rod" not in topics)


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
        record = strict_json(score(room, "Zorkibacter", "--format", "jsonl", *words).stdout)
        assert (record["explained"], record["parts"]) == (explained, parts)
    drafted = score(room, "Zorkibacter", "--etymology", "--glossary", "own.tsv", "--format", "table").stdout
    cited = "N.L. neut. n. zorkum, Zork, a city; N.L. masc. n. bacter, rod; N.L. masc. n. Zorkibacter"
    assert f"Zorkibacter: {cited}" in drafted
    names = draw(room, "-n", 5, "--glossary", "own.tsv", "--about", "our lab").stdout.splitlines()
    assert len(names) == 5
    assert all("zork" in name.lower() for name in names)
    assert only_error(draw(room, "--about", "our lab"), 2).startswith("--about our lab: no element says so")


def test_a_glossary_at_odds_with_the_format_is_one_line(room: Path) -> None:
    """File and line, what is wrong with it and how a line should be; from sample and score alike, exit 1."""
    (room / "own2.tsv").write_text(f"# a good line\n\n{OWN.splitlines()[1]}\nzorkum\n", encoding="utf-8")
    for result in (draw(room, "--glossary", "own2.tsv"), score(room, "Bacillus", "--glossary", "own2.tsv")):
        assert (result.code, result.stdout) == (1, "")
        assert "error: own2.tsv:4: 1 columns instead of 8; a line has word, language" in result.stderr.splitlines()[-1]
    missing = draw(room, "--glossary", "own.tsv", "--glossary", "none.tsv").stderr
    assert missing.endswith("bacterio: error: cannot read none.tsv: No such file or directory\n")


@pytest.mark.parametrize("command", ["sample", "score"])
def test_the_etymology_in_every_form(command: str, room: Path) -> None:
    """A draft per name: a last column of TSV, components and the full word in JSON Lines, from both commands."""
    names = ["Thermofustis", "Rovibacterium", "Zorkul"] if command == "score" else draw(room, "-n", 6).stdout.split()
    words = names if command == "score" else ["--seed", 1, "-n", 6]
    told, plain = (
        inside(command, *MODEL, *words, "--format", "tsv", "--header", *more, cwd=room).stdout.splitlines()
        for more in (["--etymology"], [])
    )
    drafts = [draft(SCORER.morphology.analyse(name)) for name in names]
    texts = ["etymology", *map(in_print, drafts)]
    assert told == [f"{line}\t{text}" for line, text in zip(plain, texts, strict=True)]
    lines = inside(command, *MODEL, *words, "--etymology", "--format", "jsonl", cwd=room).stdout.splitlines(True)
    for record, drafted in zip(map(strict_json, lines), drafts, strict=True):
        assert tuple(record) == (*FIELDS, "components", "full")
        assert {"components": record["components"], "full": record["full"]} == drafted
        assert "".join(component["form"] for component in record["components"]) == record["name"].lower()
        assert (record["full"]["particle"], record["full"]["meaning"]) == (record["name"], None)


def test_the_etymology_for_a_person(room: Path) -> None:
    """Below each drawn name, indented, on a terminal broken between words; below the table of `score`, a draft."""
    names = draw(room, "-n", 6).stdout.split()
    drafts = [in_print(draft(SCORER.morphology.analyse(name))) for name in names]
    lines = draw(room, "-n", 6, "--etymology").stdout.splitlines()
    assert lines == [line for name, text in zip(names, drafts, strict=True) for line in (name, "    " + text)]
    words = ("sample", *MODEL, "--seed", 1, "-n", 6, "--etymology")
    narrow = on_terminal(*words, cwd=room, size=(24, 50))[1].splitlines()
    assert max(map(len, narrow[:-1])) <= 50
    assert "\n".join(narrow).replace("\n    ", " ").split("\n")[:6] == [
        f"{name} {text}" for name, text in zip(names, drafts, strict=True)
    ]
    table = score(room, *names, "--etymology", "--format", "table").stdout
    assert "a draft of each etymology, from the forms alone:\n" in table
    assert all(f"\n{name}: {text}\n" in table for name, text in zip(names, drafts, strict=True))


@pytest.mark.parametrize("words", [("sample", "-c", "m.npz"), ("score", "A", "-c", "m.npz")])
def test_names_of_no_genus_have_no_etymology(words: tuple[str, ...], room: Path) -> None:
    """One line, exit 2, for a model of other names, and for genera that are to be scored as anything."""
    for result in (inside(*words, "--etymology", cwd=room), score(room, "A", "--profile", "any", "--etymology")):
        assert only_error(result, 2).startswith("--etymology is for names of genera")
    row = inside("score", "-c", "m.npz", "--profile", "genus", "Thermofustis", "--etymology", cwd=room).stdout
    assert row.endswith("N.L. masc. n. Thermofustis\n")
