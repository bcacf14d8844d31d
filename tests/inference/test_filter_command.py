"""The options of `bacterio sample` that choose among the names drawn, each run in this process."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import compress, islice
from pathlib import Path

import pytest
from support.levenshtein import plain_distance
from support.processes import NAMES, Result, inside, only_error, small_model, write_names
from support.samples import GTDB
from support.sampling import sampled

from bacterio_cli.inference.filters import SURE
from bacterio_cli.inference.scorer import FIELDS, Row, Scorer

SCORER = Scorer(small_model(), genus=True)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small model as m.npz, and as genus.npz, said to have learned genera; three lists of words."""
    folder = tmp_path_factory.mktemp("room")
    model = small_model()
    for name, profile in (("m.npz", "any"), ("genus.npz", "genus")):
        replace(model, corpus=model.corpus | {"profile": profile, "date": "2020-12-31"}).save(folder / name)
    write_names(folder, ["AL", "# a comment", "", "k"], "words.txt")
    write_names(folder, ["# nothing"], "empty.txt")
    write_names(folder, ["a" * 4001], "long.txt")
    write_names(folder, ["UBA1", "", "UBA22", "# UBA3", "UBA1", "UBA4"], "places.txt")
    return folder


def draw(room: Path, *words: object) -> Result:
    """`bacterio sample` with the small model and a seed."""
    return inside("sample", "-c", "m.npz", "--seed", 1, *words, cwd=room)


def free_names(count: int) -> list[str]:
    """What the small model prints without filters at temperature 0.8."""
    return sampled(count, known=NAMES, temperature=0.8, max_length=22)[0]


# What each says of a name, its row of `score`, and its edits to the nearest name of the corpus.
OPTIONS: dict[str, Callable[[str, Row, int], bool]] = {
    "--ending A --ending xis --gender f": lambda name, row, _: name.endswith(("a", "xis")) and row.gender == "f",
    "--ban words.txt --min-edits 2": lambda name, _, edits: not re.search("al|k", name.lower()) and edits > 1,
    "--check": lambda _, row, __: row.status == "ok" and row.percentile is not None and row.percentile >= SURE,
}


@pytest.mark.parametrize("words", OPTIONS)
def test_every_name_keeps_the_constraint(words: str, room: Path) -> None:
    """The names that come without it are left out where they break it; the share accepted stands on stderr."""
    result = draw(room, "-n", 10, *words.split())
    names = free_names(1000)
    edits = (min(plain_distance(name.lower(), known.lower()) for known in NAMES) for name in names)
    keeps = map(OPTIONS[words], names, SCORER.score(names), edits)
    expected = list(islice(compress(names, keeps), 10))
    assert len(expected) == 10
    assert (result.code, result.stdout.splitlines()) == (0, expected)
    accepted = re.search(r"^bacterio: 10 of ([\d,]+) draws accepted \(([\d.e+]+) %\)$", result.stderr, re.MULTILINE)
    assert accepted is not None
    assert float(accepted[2]) == pytest.approx(1000 / int(accepted[1].replace(",", "")), rel=0.06)


def test_no_name_of_a_list_to_avoid_is_printed(room: Path) -> None:
    """Whatever the format and the capitals of the lists; stderr says what was compared, its size and its date."""
    names = free_names(40)
    left = [name for k, name in enumerate(names) if k % 3]
    write_names(room, ["# date: 2019-05-01", *map(str.upper, names[::6])], "avoid.txt")
    write_names(room, [f"RS_{n}\td__B;p__P;c__C;o__O;f__F;g__{n}_A;s__" for n in names[3::6]], "gtdb.tsv")
    result = draw(room, "-n", len(left), "--avoid", "avoid.txt", "--avoid", "gtdb.tsv")
    assert (result.code, result.stdout.splitlines()) == (0, left)
    sizes = r"corpus \(40 names.*2020-12-31\), avoid.txt \(7 names.*2019-05-01\), gtdb.tsv \(7 names.*-\d\d\)\n"
    assert re.search(f"compared with the model's {sizes}", result.stderr)


@pytest.mark.parametrize("tries", [700, 1_000_000])
def test_an_impossible_constraint_ends_with_an_error(tries: int, room: Path) -> None:
    """Exit 1 and one line that says what was drawn and refused why, however many may be; nothing on stdout."""
    result = draw(room, "--match", "^$", "--max-tries", tries)
    assert result.stdout == ""
    counts = r"\d+,\d+ draws" if tries > 700 else "700 draws"
    error = only_error(result)
    assert re.match(f"found 0 of 20 names in {counts}; refused: [\\d,]+ no match, ", error)
    assert ("--max-tries" in error) == (tries == 700)


def test_rank_prints_the_best_of_its_pool(room: Path) -> None:
    """The pool is what is drawn without --rank; the likeliest of their length come first, whatever length that is."""
    pool = free_names(80)
    bits = {row.name: row.bits_per_char or 0 for row in SCORER.score(pool)}

    def place(name: str) -> tuple[float, float]:
        """The share of the pool's names as long as this one that are as likely at least."""
        others = [bits[other] for other in pool if len(other) == len(name)]
        return sum(other <= bits[name] for other in others) / len(others), bits[name]

    best = draw(room, "-n", 9, "--rank", "--pool", 80)
    assert (best.code, best.stdout.split()) == (0, sorted(pool, key=place)[:9])
    assert best.stdout.split() != pool[:9]
    assert "80 of " in best.stderr


def pairs_in(text: str) -> list[tuple[str, ...]]:
    """The first two columns of each line."""
    return [tuple(line.split("\t")[:2]) for line in text.splitlines()]


def dealt(names: list[str], n: int) -> list[tuple[str, str]]:
    """The placeholders of places.txt with `n` of these names each, in turn."""
    return [(place, name) for k, place in enumerate(("UBA1", "UBA22", "UBA4")) for name in names[k : 3 * n : 3]]


def test_placeholders_get_names_of_their_own(room: Path) -> None:
    """-n names for each placeholder, dealt out in turn: those of a smaller -n are among them, and none comes twice."""
    assert pairs_in(draw(room, "--for", "places.txt", "-n", 3).stdout) == dealt(free_names(9), 3)


def test_placeholders_stand_before_the_fields_of_score(room: Path) -> None:
    """In TSV and in JSON Lines; with --rank the best of the pool are dealt out."""
    best = draw(room, "-n", 6, "--rank", "--pool", 50).stdout.split()
    ranked = ("-n", 2, "--for", "places.txt", "--rank", "--pool", 50)
    table = draw(room, *ranked, "--format", "tsv", "--header").stdout
    assert pairs_in(table)[1:] == dealt(best, 2)
    assert table.splitlines()[0] == "\t".join(("placeholder", *FIELDS))
    lines = map(json.loads, draw(room, *ranked, "--format", "jsonl").stdout.splitlines())
    assert [tuple(line) for line in lines] == [("placeholder", *FIELDS)] * 6


def test_placeholders_are_taken_from_a_taxonomy(room: Path) -> None:
    """Of a taxonomy of GTDB the genera without a name of their own, each once; if all have one it is an error."""
    (room / "taxonomy.tsv").write_text(GTDB, encoding="utf-8")
    result = draw(room, "--for", "taxonomy.tsv")
    assert (result.code, result.stdout) == (0, "Borivibrio_A\t{}\nUBA7703\t{}\n".format(*free_names(2)))
    (room / "named.tsv").write_text("".join(GTDB.splitlines(keepends=True)[:2]), encoding="utf-8")
    assert only_error(draw(room, "--for", "named.tsv")).startswith("--for named.tsv: every genus in it has a name")


@pytest.mark.parametrize("form", ["tsv", "jsonl"])
def test_the_formats_hold_what_score_says(form: str, room: Path) -> None:
    """TSV and JSON Lines: the same bytes as `score` writes of the same names."""
    result = draw(room, "-c", "genus.npz", "--any", "-n", 6, "--format", form)
    scored = inside("score", "-c", "genus.npz", "--format", form, *free_names(6), cwd=room)
    assert (result.code, result.stdout) == (0, scored.stdout)
    assert "compared with the model's corpus (40 names" in result.stderr


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("--ending monas --gender m -c none.npz", 2, "--gender m: no name that ends in monas has it"),
        ("--allow-known --min-edits 2", 2, "--allow-known"),
        ("--column taken", 2, "--input-format, --column and --encoding say how to read --avoid"),
        ("--pool 50", 2, "--pool is how many names --rank chooses from; give both"),
        ("--show --etymology", 2, "--show prints names alone; leave out --for and --etymology"),
        ("--for places.txt --allow-duplicates", 2, "--allow-duplicates"),
        ("--for places.txt --show", 2, "--show"),
        ("--for places.txt --rank --pool 5 -n 2", 2, "6 names are more than the pool of 5"),
        ("--any --check", 2, "--any prints names that --check refuses"),
        ("--prefix Bo --prefix=", 2, "--prefix is empty"),
        ("--prefix Bo --prefix Жa --avoid none.txt", 1, "--prefix Жa: 'ж' is not in the model's alphabet"),
        ("--prefix Borivibriomonasabactersporax", 2, "--prefix Borivibriomonasabactersporax is longer than"),
        ("--ending ivibriomonasabactersporaxis", 2, "--ending ivibriomonasabactersporaxis leaves no letter"),
        ("--ending Жa --avoid none.txt", 1, "--ending Жa: 'ж' is not in the model's alphabet"),
        ("--avoid empty.txt", 1, "empty.txt: has no names"),
        ("--avoid none.txt", 1, "cannot read none.txt: No such file or directory"),
        ("--avoid m.npz", 1, "m.npz: "),
        ("--ban empty.txt", 1, "--ban empty.txt: the file has no words"),
        ("--ban long.txt", 1, "long.txt:1: the line has 4,001 characters; a name has at most 500: one name a line"),
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
    """Names of the corpus come as without the list; those of the list, read as it is told, do not."""
    without = sampled(60, known=NAMES, allow_known=True, temperature=0.8, max_length=22)[0]
    write_names(room, ["other,taken", *(f"x,{name}" for name in without[:3])], "three.csv")
    result = draw(room, "-n", 57, *allowing.split(), "--avoid", "three.csv", "--column", "taken")
    assert set(without) & set(NAMES) - set(without[:3])
    assert result.stdout.split() == without[3:]
    assert result.stderr.startswith("bacterio: three.csv: column of a table, UTF-8, 3 names\n")
