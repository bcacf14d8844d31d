"""`bacterio score` as a process: rows, streams and exit codes."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import pytest
from support.processes import Result, inside, only_error, small_model, strict_json, write_names
from support.samples import LPSN_HEADER

from bacterio_cli.inference.scorer import FIELDS, Scorer

WHOLE = ("--format", "jsonl")
GIVEN = ("Borixis", "Borixia", "Boribactus", "Lilium", "Жук", "Koraa")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small model, said to have learned genera, as m.npz, and as towns.npz without that."""
    folder = tmp_path_factory.mktemp("room")
    model = small_model()
    replace(model, corpus=model.corpus | {"profile": "genus", "date": "2020-12-31"}).save(folder / "m.npz")
    model.save(folder / "towns.npz")
    return folder


def score(room: Path, *words: object, stdin: str = "") -> Result:
    """`bacterio score` with the small model."""
    return inside("score", "-c", "m.npz", *words, cwd=room, stdin=stdin.encode())


def rows(text: str) -> list[dict[str, str]]:
    """TSV with a header."""
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


def records(text: str) -> list[dict[str, object]]:
    """JSON Lines."""
    return [strict_json(line) for line in text.splitlines(keepends=True)]


def test_a_row_a_name_in_tsv(room: Path) -> None:
    """In a pipe TSV, a header only where asked for; the columns hold what the scorer says, in the promised order."""
    plain, headed = score(room, *GIVEN), score(room, "--header", *GIVEN)
    assert (plain.code, headed.stdout) == (0, "\t".join(FIELDS) + "\n" + plain.stdout)
    assert "\x1b" not in plain.stdout
    found = rows(headed.stdout)
    model = replace(small_model(), corpus=small_model().corpus | {"profile": "genus"})
    expected = [row.asdict() for row in Scorer(model, genus=True).score(GIVEN)]
    assert [row["edits"] for row in found] == ["0", "1", "2", ">2", ">2", "0"]
    assert [row["status"] for row in found] == ["conflict", "warn", "ok", "ok", "conflict", "conflict"]
    beside = [",proposed-near", ",proposed-near", "", "", "", ""]  # what is proposed together is compared
    for row, wanted, near in zip(found, expected, beside, strict=True):
        for key in ("name", "nearest", "least_likely", "length", "gender", "stem", "ending", "status"):
            assert row[key] == str("" if wanted[key] is None else wanted[key])
        for key in ("nats", "bits_per_char"):
            assert row[key] == "" if wanted[key] is None else float(row[key]) == pytest.approx(wanted[key], abs=2e-4)
        assert row["flags"] == ",".join(flag["code"] for flag in wanted["flags"]) + near
        assert row["listed_in"] == ",".join(wanted["listed_in"])
        assert row["not_checked"] == ",".join(wanted["not_checked"])


def test_json_lines_hold_the_same(room: Path) -> None:
    """An object a name with the fields in order; what is not known is null, lists are lists, flags have their rule."""
    table, found = rows(score(room, "--header", *GIVEN).stdout), records(score(room, *WHOLE, *GIVEN).stdout)
    assert [tuple(record) for record in found] == [FIELDS] * len(GIVEN)
    for record, row in zip(found, table, strict=True):
        shown = [str(record[key] or "") for key in ("name", "nats", "nearest")]
        assert shown == [row[key] for key in ("name", "nats", "nearest")]
        assert record["edits"] == (None if row["edits"] == ">2" else int(row["edits"]))
        assert [set(flag) for flag in record["flags"]] == [{"code", "severity", "rule", "says"}] * len(record["flags"])
    assert found[0]["listed_in"] == ["the model's corpus"]
    assert [found[4][key] for key in ("nats", "bits_per_char", "percentile", "nearest")] == [None] * 4


def test_names_come_from_standard_input(room: Path) -> None:
    """A list there gives what the names typed give; blank lines, comments and outer blanks are no names."""
    typed, listed = score(room, *GIVEN), score(room, stdin="# a list\n\n" + "".join(f"  {n} \n" for n in GIVEN))
    assert listed == typed
    assert score(room, "-", stdin="Lilium\n") == score(room, "Lilium")
    assert typed.code == 0
    towns = "Alba Kora\nBori Xis\nNew Dura\n"
    assert score(room, "-c", "towns.npz", stdin=towns).stdout.count("\n") == 3
    assert "pass --profile any" in only_error(score(room, "-c", "towns.npz", "--profile", "genus", stdin=towns))
    table = score(room, "--column", "genus", stdin="id,genus\n1,Lilium\n2,Koraa\n")
    assert [line.split("\t")[0] for line in table.stdout.splitlines()] == ["Lilium", "Koraa"]


def test_a_line_is_a_row_whatever_is_in_it(room: Path) -> None:
    """Tabs, escapes and quotes in a name break neither the columns nor the terminal."""
    result = score(room, stdin='Ali\tmonas\nAl\x1b[31mia\n"Kora"\nAlba\u202emonas\n')
    lines = result.stdout.splitlines()
    assert (result.code, len(lines)) == (0, 4)
    assert [line.count("\t") for line in lines] == [len(FIELDS) - 1] * 4
    assert all(character.isprintable() or character in "\t\n" for character in result.stdout)


@pytest.mark.parametrize(
    ("names", "code"),
    [(GIVEN, 1), (GIVEN[1:4], 0), (("Thermofustis",), 0), (("Salinicatena", "Thermofustis", "thermofustis"), 1)],
)
@pytest.mark.parametrize("more", [[], ["--summary"]])
def test_strict_fails_on_conflicts_alone(names: tuple[str, ...], code: int, more: list[str], room: Path) -> None:
    """Exit 1 if a name has one or is proposed twice, 0 for warnings and notes; all is printed all the same."""
    strict, lenient = score(room, "--strict", *more, *names), score(room, *more, *names)
    assert strict == (code, *lenient[1:])
    assert lenient.code == 0


PROPOSED = ("Thermofustis", "Rovibacter", "thermofustis", "Rovibactor", "Halohalobacillus")


def test_names_given_together_are_compared(room: Path) -> None:
    """Typed or in a list: equal but for capitals is a conflict, one edit apart a warning that names the other."""
    result = score(room, *WHOLE, *PROPOSED)
    assert score(room, *WHOLE, stdin="".join(f"{name}\n" for name in PROPOSED)) == result
    codes = [[flag["code"] for flag in record["flags"]] for record in records(result.stdout)]
    found = [code for row in codes for code in row if code in ("proposed-twice", "proposed-near", "doubled")]
    assert found == ["proposed-twice", "proposed-near", "proposed-twice", "proposed-near", "doubled"]
    assert "Rovibactor" in records(result.stdout)[1]["flags"][-1]["says"]
    assert records(score(room, "--profile", "any", *WHOLE, *PROPOSED[:1] * 2).stdout)[1]["flags"] == []


def test_the_summary_is_one_row(room: Path) -> None:
    """Names, characters with end marks, nats and bits a character, and how many could not be scored."""
    keys = ["names", "characters", "nats_per_char", "bits_per_char", "unscorable"]
    (line,) = records(score(room, "--summary", *WHOLE, *GIVEN).stdout)
    assert list(line) == keys
    scored = [record for record in records(score(room, *WHOLE, *GIVEN).stdout) if record["nats"]]
    characters = sum(record["length"] + 1 for record in scored)
    assert (line["names"], line["characters"], line["unscorable"]) == (5, characters, 1)
    assert line["nats_per_char"] == pytest.approx(sum(record["nats"] for record in scored) / characters, abs=1e-4)
    assert line["bits_per_char"] == pytest.approx(line["nats_per_char"] / 0.6931472, abs=1e-5)
    headed = score(room, "--summary", "--header", *GIVEN)
    assert (headed.code, headed.stdout.splitlines()[0].split("\t")) == (0, keys)
    assert headed.stdout.splitlines()[1].split("\t") == [str(value) for value in line.values()]
    assert score(room, "--summary", "Жук").stdout == "0\t0\t\t\t1\n"
    table = score(room, "--summary", "--format", "table", *GIVEN).stdout
    assert ["nats per char", str(line["nats_per_char"])] in [re.split("  +", row) for row in table.splitlines()]


def test_stderr_names_the_lists(room: Path) -> None:
    """What each list was taken for, then one line of all, with size and date; stdout says in which a name stands."""
    write_names(room, ["# date: 2019-05-01", "LILIUM", "Rosa"], "plants.txt")
    (room / "lpsn.csv").write_text(f"{LPSN_HEADER}\nAlbaria,,,Ref,VL; synonym,Doe,x,1,,1,\n", encoding="utf-8")
    result = score(
        room, "--avoid-elsewhere", "plants.txt", "--avoid", "lpsn.csv", "--header", "Lilium", "albaria", "Rubus"
    )
    assert re.fullmatch(
        r"bacterio: lpsn\.csv: LPSN .*, 1 name\nbacterio: plants\.txt: plain list, UTF-8, 2 names\n"
        r"bacterio: compared with the model's corpus \(40 names.*2020-12-31\), lpsn\.csv \(1 name.*\d{4}-\d\d-\d\d\), "
        r"plants\.txt \(2 names.*2019-05-01\), names known to the authors of the tool, not complete \(.*\), "
        r"names in use before 1980 known to the authors of the tool, not complete \(.*\), "
        r"names of other organisms known to the authors of the tool, not complete \(.*\)\n",
        result.stderr,
    )
    found = rows(result.stdout)
    assert [row["listed_in"] for row in found] == ["plants.txt", "lpsn.csv", ""]
    assert [row["nearest"] for row in found] == ["LILIUM", "Albaria", ""]
    flags = [row["flags"].split(",") for row in found]
    assert ("homonym-elsewhere" in flags[0], "homonym" in flags[0], "homonym" in flags[1]) == (True, False, True)
    # What a corpus of 40 names teaches of sounds is too little to judge by; what lists tell was all checked.
    assert {row["not_checked"] for row in found} == {"beginning,end,consonants,bare-ending,rare-triple"}


@pytest.mark.parametrize(
    ("words", "judged"),
    [
        ("-c towns.npz", False),
        ("-c m.npz", True),
        ("-c towns.npz --profile genus", True),
        ("-c m.npz --profile any", False),
    ],
)
def test_the_profile_is_that_of_the_model_unless_given(words: str, judged: bool, room: Path) -> None:
    """A model of towns does not judge by the rules for genera, nor read lists as such; --profile decides otherwise."""
    (room / "taken.txt").write_text("Candidatus Dalbergia\n")
    result = score(room, *words.split(), *WHOLE, "--avoid", "taken.txt", "dura bori", "Dalbergia")
    record, taken = records(result.stdout)
    assert f"(40 names, {'of unknown kind' if 'towns' in words else 'prokaryotes'}, " in result.stderr
    assert ("letters" in [flag["code"] for flag in record["flags"]]) == judged
    assert (record["status"] == "conflict") == (taken["listed_in"] == ["taken.txt"]) == judged


def test_an_impossible_name_is_no_crash_and_valid_json(room: Path) -> None:
    """A net so sure of itself that another letter has probability 0 in float32 still gives rows that JSON takes."""
    model = small_model()
    sure = replace(model.nets[0], params={**model.nets[0].params, "W_ya": 200 * model.nets[0].params["W_ya"]})
    replace(model, nets=(sure,)).save(room / "sure.npz")
    result = score(room, "-c", "sure.npz", *WHOLE, "Xisbac", "Koraa")
    assert (result.code, len(records(result.stdout))) == (0, 2)


def test_a_file_is_no_name(room: Path) -> None:
    """A file's name where a name should stand says how to read it, and a table on stdin how to choose a column."""
    assert only_error(score(room, "Abella", " "), 2).startswith("NAME is empty")
    table = "code,proposal\n1,Koraa\n2,Lilium\n"
    (room / "proposals.csv").write_text(table, encoding="utf-8")
    said = only_error(score(room, "proposals.csv"), 2)
    assert said == "proposals.csv is a file, not a name; read it with: bacterio score < proposals.csv"
    assert "choose with --column NAME or N" in only_error(score(room, stdin=table))
    refused = only_error(score(room, "--input-format", "json", stdin="Kora\n"))
    assert refused.startswith("standard input: is not in the format json")
    result = score(room, "--avoid", "proposals.csv#proposal", "--header", "Lilium")
    assert rows(result.stdout)[0]["listed_in"] == "proposals.csv"
    assert score(room, "a" * 300 + ".b").stdout.count("\n") == 1  # no file could have this name
