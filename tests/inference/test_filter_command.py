"""The options of `bacterio sample` that choose among the names drawn, as processes."""

from __future__ import annotations

import csv
import json
import re
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from support.processes import NAMES, Result, bacterio, only_error, small_model, write_names
from support.samples import LPSN_HEADER
from support.sampling import sampled

from bacterio_cli.inference.scorer import FIELDS, Scorer
from bacterio_cli.nomenclature.edit_distance import plain_distance
from bacterio_cli.nomenclature.gender import gender
from bacterio_cli.nomenclature.name_index import Lookup
from bacterio_cli.nomenclature.reference import Reference

SCORER = Scorer(small_model(), Lookup([Reference("the corpus", NAMES, prokaryotes=True)]), genus=True)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small model as m.npz, said to have learned genera, and words.txt, empty.txt, places.txt."""
    folder = tmp_path_factory.mktemp("room")
    model = small_model()
    replace(model, corpus=model.corpus | {"profile": "genus", "date": "2020-12-31"}).save(folder / "m.npz")
    write_names(folder, ["AL", "# a comment", "", "k"], "words.txt")
    write_names(folder, ["# nothing"], "empty.txt")
    write_names(folder, ["UBA1", "", "UBA22", "# UBA3", "UBA1", "UBA4"], "places.txt")
    return folder


def draw(room: Path, *words: object) -> Result:
    """`bacterio sample` with the small model and a seed."""
    return bacterio("sample", "-c", "m.npz", "--seed", 1, *words, cwd=room)


def free_names(count: int) -> list[str]:
    """What the small model prints without filters at temperature 0.8."""
    return sampled(count, known=NAMES, temperature=0.8, max_length=22)[0]


def distance(name: str) -> int:
    """Edits to the nearest name of the corpus, in lower case."""
    return min(plain_distance(name.lower(), known.lower()) for known in NAMES)


OPTIONS = {
    "--ending A --ending xis": lambda name: name.endswith(("a", "xis")),
    "--gender f": lambda name: gender(name) == "f",
    "--ban words.txt": lambda name: "al" not in name.lower() and "k" not in name.lower(),
    "--min-edits 2": lambda name: distance(name) >= 2,
    "--check": lambda name: SCORER.score([name])[0].status != "conflict",
    "--check --gender f --min-edits 2 --ending a --match e": lambda name: (
        SCORER.score([name])[0].status != "conflict" and distance(name) > 1 and re.search("e.*a$", name)
    ),
}


@pytest.mark.parametrize("words", OPTIONS)
def test_every_name_keeps_the_constraint(words: str, room: Path) -> None:
    """The names that come without it are left out where they break it; the share accepted stands on stderr."""
    result = draw(room, "-n", 30, *words.split())
    expected = list(islice(filter(OPTIONS[words], free_names(600)), 30))
    assert len(expected) == 30
    assert (result.code, result.stdout.splitlines()) == (0, expected)
    accepted = re.search(r"^bacterio: 30 of ([\d,]+) draws accepted \(([\d.e+]+) %\)$", result.stderr, re.MULTILINE)
    assert accepted is not None
    assert float(accepted[2]) == pytest.approx(3000 / int(accepted[1].replace(",", "")), rel=0.06)


@pytest.mark.parametrize("form", ["lines", "lpsn", "table of GTDB"])
def test_no_name_of_a_list_to_avoid_is_printed(form: str, room: Path) -> None:
    """Whatever its format and capitals; stderr says what was compared, its size and its date."""
    names = free_names(40)
    taken, left = names[::3], [name for k, name in enumerate(names) if k % 3]
    rows = {
        "lines": "# date: 2019-05-01\n" + "".join(name.upper() + "\n" for name in taken),
        "lpsn": f"{LPSN_HEADER}\n" + "".join(f'{name},,,"Ref, 2",VL; synonym,Doe,x,1,,1,\n' for name in taken),
        "table of GTDB": "".join(f"RS_{k}\td__B;p__P;c__C;o__O;f__F;g__{n}_A;s__\n" for k, n in enumerate(taken)),
    }
    (room / "avoid.txt").write_text(rows[form])
    result = draw(room, "-n", len(left), "--avoid", "avoid.txt")
    assert (result.code, result.stdout.splitlines()) == (0, left)
    compared = next(line for line in result.stderr.splitlines() if "compared with" in line)
    assert re.search(
        r"the model's corpus \(40 names.*2020-12-31\), avoid\.txt \(14 names.*\d{4}-\d\d-\d\d\)$", compared
    )
    assert ("2019-05-01" in compared) == (form == "lines")


@pytest.mark.parametrize("most", [1, 1_000_000])
def test_an_impossible_constraint_ends_with_an_error(most: int, room: Path) -> None:
    """Exit 1 and one line that says what was drawn and refused why, whatever -n; no hang, nothing on stdout."""
    begun = time.monotonic()
    result = draw(room, "-n", most, "--match", "^$")
    assert time.monotonic() - begun < 30
    assert (result.code, result.stdout) == (1, "")
    *_, error = result.stderr.splitlines()
    assert re.match(rf"bacterio: error: found 0 of {most:,} names in [\d,]+ draws; refused: [\d,]+ no match, ", error)
    assert result.stderr.count("error") == 1


def test_rank_prints_the_best_of_its_pool(room: Path) -> None:
    """The pool is what is drawn without --rank; its likeliest names per character come, the best first."""
    pool = free_names(80)
    bits = {row.name: row.bits_per_char or 0 for row in SCORER.score(pool)}
    best = draw(room, "-n", 9, "--rank", "--pool", 80)
    assert (best.code, best.stdout.split()) == (0, sorted(pool, key=bits.__getitem__)[:9])
    assert best.stdout.split() != pool[:9]
    assert "80 of " in best.stderr
    assert draw(room, "-n", 2, "--rank", "--pool", 80).stdout.split() == best.stdout.split()[:2]


def test_placeholders_get_names_of_their_own(room: Path) -> None:
    """One line per placeholder: the placeholder, a tab and a name; each placeholder once, each name once."""
    result = draw(room, "--for", "places.txt")
    assert result.code == 0
    places = ["UBA1", "UBA22", "UBA4"]
    assert [tuple(line.split("\t")) for line in result.stdout.splitlines()] == list(
        zip(places, free_names(3), strict=True)
    )
    best = draw(room, "-n", 2, "--rank", "--pool", 50).stdout.split()
    ranked = draw(room, "-n", 2, "--for", "places.txt", "--rank", "--pool", 50)
    assert ranked.stdout == f"UBA1\t{best[0]}\nUBA22\t{best[1]}\n"


def test_the_formats_hold_what_score_says(room: Path) -> None:
    """TSV, with a header where asked for, and JSON Lines: the same rows as `score` writes of the same names."""
    names = free_names(6)
    table = draw(room, "-n", 6, "--format", "tsv", "--header")
    lines = draw(room, "-n", 6, "--format", "jsonl")
    assert table.stdout.splitlines()[0] == "\t".join(FIELDS)
    rows = list(csv.DictReader(table.stdout.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
    records = [json.loads(line) for line in lines.stdout.splitlines()]
    assert [row["name"] for row in rows] == [record["name"] for record in records] == names
    assert [tuple(record) for record in records] == [FIELDS] * 6
    assert draw(room, "-n", 6, "--format", "tsv").stdout == table.stdout.partition("\n")[2]
    for form, result in (("tsv", table), ("jsonl", lines)):
        header = ["--header"] if form == "tsv" else []
        scored = bacterio("score", "-c", "m.npz", "--format", form, *header, *names, cwd=room)
        assert scored.stdout == result.stdout
        assert "compared with the model's corpus (40 names" in result.stderr


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("--match (", 2, "--match '(' is not a regular expression"),
        ("--allow-known --min-edits 2", 2, "--allow-known"),
        ("--for places.txt --allow-duplicates", 2, "--allow-duplicates"),
        ("--for places.txt --format tsv", 2, "--for"),
        ("--for places.txt -n 4", 2, "-n 4 is more than the 3 placeholders of places.txt"),
        ("--rank --pool 3 -n 4", 2, "-n 4 is more than the pool of 3 names"),
        ("--ending Жa", 1, "--ending Жa: 'ж' is not in the model's alphabet"),
        ("--avoid empty.txt", 1, "empty.txt: has no names"),
        ("--avoid none.txt", 1, "cannot read none.txt: No such file or directory"),
        ("--avoid m.npz", 1, "m.npz: "),
        ("--ban empty.txt", 1, "--ban empty.txt: the file has no words"),
        ("--for empty.txt", 1, "--for empty.txt: the file has no words"),
    ],
)
def test_contradictions_and_unfit_files_are_one_line(words: str, code: int, message: str, room: Path) -> None:
    """Options that contradict each other are exit 2, files that do not serve exit 1, and stdout stays empty."""
    result = draw(room, *words.split())
    assert only_error(result, code).startswith(message)
    assert result.stdout == ""


@pytest.mark.parametrize("allowing", ["--allow-known", "--min-edits 0"])
def test_known_names_may_be_allowed_beside_a_list_to_avoid(allowing: str, room: Path) -> None:
    """Names of the corpus come, as they do without the list; those of the list do not."""
    without = draw(room, "-n", 60, *allowing.split()).stdout.split()
    write_names(room, without[:3], "three.txt")
    result = draw(room, "-n", 57, *allowing.split(), "--avoid", "three.txt")
    assert set(without) & set(NAMES) - set(without[:3])
    assert result.stdout.split() == without[3:]


def test_names_of_no_genus_are_not_judged_as_genera(room: Path) -> None:
    """The rows of a model of towns are those that `score` writes, which does not apply the rules for genera."""
    small_model().save(room / "towns.npz")
    words = ("-c", "towns.npz", "--format", "jsonl")
    sampled = bacterio("sample", "--seed", 1, "-n", 3, *words, cwd=room)
    assert sampled.stdout == bacterio("score", *words, *free_names(3), cwd=room).stdout


def test_a_list_to_avoid_is_read_as_it_is_told(room: Path) -> None:
    """A table needs its column, and what each list was taken for is said; the words without a list are refused."""
    (first,) = free_names(1)
    (room / "taken.csv").write_text(f"genus,other\n{first},x\nZora,y\n", encoding="utf-8")
    result = draw(room, "-n", 1, "--avoid", "taken.csv", "--column", "genus")
    assert (result.code, result.stdout.split() == [first]) == (0, False)
    assert result.stderr.startswith("bacterio: taken.csv: column of a table, UTF-8, 2 names\n")
    alone = draw(room, "-n", 1, "--column", "genus")
    assert (alone.code, "say how to read --avoid" in alone.stderr) == (2, True)
