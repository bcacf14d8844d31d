"""What a name must be besides likely: each demand by itself, and as an option of `bacterio sample`."""

from __future__ import annotations

import csv
import json
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from support.processes import NAMES, Result, bacterio, only_error, small_model, write_names
from support.samples import LPSN_HEADER

from bacterio_cli.errors import UsageError
from bacterio_cli.inference import filters as demands
from bacterio_cli.inference import sampler as sampling
from bacterio_cli.inference.filters import Filter
from bacterio_cli.inference.sampler import SamplingParams, SamplingStats, sample, unmet
from bacterio_cli.inference.scorer import FIELDS, Scorer
from bacterio_cli.nomenclature.edit_distance import plain_distance
from bacterio_cli.nomenclature.gender import gender
from bacterio_cli.nomenclature.name_index import Lookup
from bacterio_cli.nomenclature.reference_lists import Reference

CORPUS = Lookup([Reference("the corpus", NAMES, prokaryotes=True)])
SCORER = Scorer(small_model(), CORPUS, genus=True)


def met(demand: Filter, names: Sequence[str]) -> list[str]:
    """The names that a demand lets through."""
    refused = demand.refuses(names)
    assert refused.dtype == np.bool_
    assert refused.shape == (len(names),)
    return [name for name, no in zip(names, refused, strict=True) if not no]


@pytest.mark.parametrize(
    ("demand", "names", "through"),
    [
        (demands.ending(["monas", "IA"]), "Salinia Alimonas Monasella Iax alIA", "Salinia Alimonas alIA"),
        (demands.of_gender("f"), "Salinia Alibacter Alimonas Borium Felix", "Salinia Alimonas"),
        (demands.of_gender("n"), "Salinia Alibacter Alimonas Borium Felix", "Borium"),
        (demands.of_gender("m"), "Salinia Alibacter Alimonas Borium Felix", "Alibacter"),
        (demands.match("l.m"), "Alimonas Salima Milas limo", "Alimonas Salima limo"),
        (demands.match("^A"), "Alimonas Salima aria", "Alimonas"),
        (demands.without(["LIM", "a.b"]), "Alimonas Salima acb a.B aab", "acb aab"),
        (demands.unlisted({"borixis", "rosa"}), "Borixis ROSA Rosae borixi", "Rosae borixi"),
        (demands.apart(CORPUS, 1), "BORIXIS Borixia Borixea Lilium", "Borixia Borixea Lilium"),
        (demands.apart(CORPUS, 2), "BORIXIS Borixia Borixea Lilium", "Borixea Lilium"),
        (demands.without_conflict(SCORER), "Borixis Borixia lilium Lilium Rubaceae", "Borixia Lilium"),
    ],
    ids=["ending", "f", "n", "m", "match", "match in case", "without", "unlisted", "apart 1", "apart 2", "conflict"],
)
def test_each_demand_refuses_what_it_should(demand: Filter, names: str, through: str) -> None:
    """Of many names at once and one by one the same come through, and no names are no trouble."""
    words = names.split()
    assert met(demand, words) == through.split()
    assert [word for word in words if met(demand, [word])] == through.split()
    assert met(demand, []) == []


@pytest.mark.parametrize("pattern", ["(", "*a", "[z-a]", "a{2,1}", "(?P<n"])
def test_a_pattern_that_does_not_compile_is_a_usage_error(pattern: str) -> None:
    """The message has the option and the pattern."""
    with pytest.raises(UsageError, match=re.escape(f"--match {pattern!r} is not a regular expression")):
        demands.match(pattern)


def test_a_name_is_refused_for_the_first_demand_that_it_does_not_meet() -> None:
    """The later demands do not see it, nor draws that are no names."""
    seen: list[list[str]] = []

    def refuses(names: Sequence[str]) -> np.ndarray:
        seen.append(list(names))
        return np.array([name == "Salinia" for name in names], bool)

    found = unmet(["Salinia", None, "Alba", "", "Salima"], [demands.ending(["ia", "ma"]), Filter("spied", refuses)])
    assert found == {0: "spied", 2: "another ending"}
    assert seen == [["Salinia", "Salima"]]


WANTED = {
    "ending": [demands.ending(["a", "xis"])],
    "gender": [demands.of_gender("f")],
    "match": [demands.match("r.*a")],
    "ban": [demands.without(["al", "k"])],
    "avoid": [demands.unlisted({"durics", "kglis", "ali", "duria"})],
    "min edits": [demands.apart(CORPUS, 2)],
    "check": [demands.without_conflict(SCORER)],
    "all": [demands.ending(["a"]), demands.match("r"), demands.without(["k"]), demands.apart(CORPUS, 2)],
}


def found(count: int, wanted: Sequence[Filter], **options: object) -> tuple[list[str], SamplingStats]:
    """Names of the small model that meet the demands, and what became of the draws."""
    model, tally = small_model(), SamplingStats()
    request = SamplingParams(**{"seed": 1, "temperature": 1.0} | options)  # type: ignore[arg-type]
    names = sample(
        model.language_model, model.vocabulary, frozenset(NAMES), request,
        count=count, max_tries=9999, tally=tally, demands=wanted,
    )  # fmt: skip
    return list(names), tally


@pytest.mark.parametrize("kind", WANTED)
def test_demands_only_leave_names_out(kind: str) -> None:
    """Those that meet them come in the order without demands, all of them, and the first k of n are k alone."""
    free, _ = found(1000, [])
    names, tally = found(150, WANTED[kind])
    expected = free
    for demand in WANTED[kind]:
        expected = met(demand, expected)
    assert len(names) == 150
    assert names[: len(expected)] == expected[:150] != free[: min(150, len(expected))]
    assert sum(tally.refused.values()) + tally.accepted == tally.drawn
    assert {demand.reason for demand in WANTED[kind]} <= set(tally.refused)
    for few in (1, 13, 64):
        assert found(few, WANTED[kind])[0] == names[:few]


def test_what_no_name_meets_ends_the_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where so many draws in a row bring nothing, it gives up, however many tries it has."""
    monkeypatch.setattr(sampling, "HOPELESS", 700)
    names, tally = found(5, [demands.match("^$")])
    assert (names, tally.drawn, tally.accepted) == ([], 700, 0)
    (first,), _ = found(1, [])
    names, tally = found(5, [demands.match(f"^{first}$")])
    assert (names, tally.drawn) == ([first], 701)


# From here on as a process.


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
    """What the small model prints without demands at temperature 0.8."""
    model = small_model()
    request = SamplingParams(seed=1, max_length=22)
    names = sample(
        model.language_model, model.vocabulary, frozenset(NAMES), request,
        count=count, max_tries=99_999, tally=SamplingStats(),
    )  # fmt: skip
    return list(names)


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


def test_the_first_names_under_constraints_do_not_depend_on_n(room: Path) -> None:
    """The first 5 of 90 are 5 alone, with several constraints together."""
    words = ("--match", "r", "--ending", "a", "--min-edits", 2, "--check")
    few, many = draw(room, "-n", 5, *words), draw(room, "-n", 90, *words)
    assert (few.code, many.code, len(set(many.stdout.split()))) == (0, 0, 90)
    assert few.stdout.splitlines() == many.stdout.splitlines()[:5]


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


def test_a_constraint_that_few_names_meet_gives_those(room: Path) -> None:
    """What was found is printed, and the shortfall is exit 1 all the same."""
    result = draw(room, "-n", 4, "--match", "^(Durics|Kale)$", "--max-tries", 900)
    assert (result.code, sorted(result.stdout.split())) == (1, ["Durics", "Kale"])
    assert "found 2 of 4 names in 900 draws" in result.stderr


def test_rank_prints_the_best_of_its_pool(room: Path) -> None:
    """The pool is what is drawn without --rank; its likeliest names a character come, the best first."""
    pool = free_names(80)
    bits = {row.name: row.bits_per_char or 0 for row in SCORER.score(pool)}
    best = draw(room, "-n", 9, "--rank", "--pool", 80)
    assert (best.code, best.stdout.split()) == (0, sorted(pool, key=bits.__getitem__)[:9])
    assert best.stdout.split() != pool[:9]
    assert "80 of " in best.stderr
    assert draw(room, "-n", 2, "--rank", "--pool", 80).stdout.split() == best.stdout.split()[:2]


def test_placeholders_get_names_of_their_own(room: Path) -> None:
    """A line a placeholder, the placeholder, a tab and a name; each placeholder once, each name once."""
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
def test_what_cannot_be_is_one_line(words: str, code: int, message: str, room: Path) -> None:
    """Options that contradict each other are exit 2, files that do not serve exit 1, and stdout stays empty."""
    result = draw(room, *words.split())
    assert only_error(result, code).startswith(message)
    assert result.stdout == ""


@pytest.mark.parametrize("words", ["--min-edits 3", "--pool 0", "--gender x", "--format csv", "--input-format csv"])
def test_values_out_of_range_are_exit_2(words: str, room: Path) -> None:
    """stderr names the option."""
    result = draw(room, *words.split())
    assert (result.code, result.stdout) == (2, "")
    assert words.split(maxsplit=1)[0] in result.stderr


@pytest.mark.parametrize("allowing", ["--allow-known", "--min-edits 0"])
def test_known_names_may_be_allowed_beside_a_list_to_avoid(allowing: str, room: Path) -> None:
    """Names of the corpus come, as they do without the list; those of the list do not."""
    without = draw(room, "-n", 60, *allowing.split()).stdout.split()
    write_names(room, without[:3], "three.txt")
    result = draw(room, "-n", 57, *allowing.split(), "--avoid", "three.txt")
    assert set(without) & set(NAMES) - set(without[:3])
    assert result.stdout.split() == without[3:]


def test_an_ending_is_composed_like_a_name() -> None:
    """An ending typed with a combining accent is that of a name with the composed letter, as a prefix is."""
    assert met(demands.ending(["e\u0301"]), ["Bori\u00e9"]) == ["Bori\u00e9"]
    assert met(demands.without(["e\u0301"]), ["Bori\u00e9"]) == []


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
