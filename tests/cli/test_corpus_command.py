"""`bacterio corpus`, and the same readers under `bacterio train`: exit codes and streams."""

import gzip
from pathlib import Path

import pytest
from support.lists import GENERA, SURNAMES
from support.processes import NAMES, TINY, bacterio, inside, only_error, strict_json, write_names
from support.samples import GTDB, LPSN, NCBI, NODES, TABLE, place

from bacterio_cli.checkpoint.checkpoint import load
from bacterio_cli.dataset.corpus import Corpus


def test_names_go_to_stdout_and_the_report_to_stderr(tmp_path: Path) -> None:
    """One name a line; stderr says what the file is, a row a reason, and the sum, and with -q nothing.

    --json has the same facts in one object, with the digest by which --resume knows a corpus.
    """
    place(tmp_path, "# date: 2020-05\n" + GTDB, "g.tsv")
    result, quiet, told = (inside("corpus", "g.tsv", *more, cwd=tmp_path) for more in ([], ["-q"], ["--json"]))
    first, heading, row, last = result.stderr.splitlines()
    assert first == "bacterio: g.tsv: lineages, UTF-8, 4 names; 1 lineage without a genus, the first in line 6"
    assert heading.split() == ["dropped", "count", "such", "as"]
    assert row.split(maxsplit=2) == ["placeholders", "2", "'Borivibrio_A' (g.tsv:4), 'UBA7703' (g.tsv:5)"]
    assert last == "bacterio: 2 names, dated 2020-05, 2 dropped, profile genus"
    assert quiet == (0, "Abanella\nCaldomonas\n", "")
    assert result[:2] == told[:2] == quiet[:2]
    examples = [{"place": "g.tsv:4", "text": "Borivibrio_A"}, {"place": "g.tsv:5", "text": "UBA7703"}]
    assert strict_json(told.stderr) == {
        "names": 2,
        "profile": "genus",
        "date": "2020-05",
        "digest": Corpus(("Abanella", "Caldomonas")).digest,
        "readings": [first.removeprefix("bacterio: ")],
        "dropped": {"placeholders": {"count": 2, "examples": examples}},
    }


@pytest.mark.parametrize(
    ("text", "code"), [("Abano\n", 0), ("Abano\n" * 2, 1), ("Abano\n" * 6, 1), ("# note\n\n Abano \n", 0)]
)
def test_check_fails_if_anything_was_dropped(text: str, code: int, tmp_path: Path) -> None:
    """--check changes the exit code and nothing else; one name is enough. Three examples are given of each reason."""
    place(tmp_path, text, "l.txt")
    plain, checked = inside("corpus", "l.txt", cwd=tmp_path), inside("corpus", "l.txt", "--check", cwd=tmp_path)
    assert (plain.code, checked.code) == (0, code)
    assert checked[1:] == plain[1:]
    assert plain.stdout == "Abano\n"
    assert plain.stderr.count("'Abano' (l.txt:") == min(3, text.count("Abano") - 1)


def test_sources_are_joined_and_dash_is_standard_input(tmp_path: Path) -> None:
    """Packed data on standard input beside a file; names in the order of first appearance."""
    place(tmp_path, "Zetella\nAbanella\n", "l.txt")
    result = inside("corpus", "l.txt", "-", cwd=tmp_path, stdin=gzip.compress(LPSN.encode()))
    assert (result.code, result.stdout) == (0, "Zetella\nAbanella\nBorivibrio\nDurella\n")
    assert "bacterio: standard input: LPSN genus and species rows, UTF-8, 3 names\n" in result.stderr


@pytest.mark.parametrize(
    ("words", "stdout"),
    [
        ("t.csv --column 2 --profile genus", "Abanella\nBorivibrio\nDurella\n"),
        ("t.csv --column note", "a; b\nnothing\n"),
        ("t.csv --input-format table --column code", "1\n2\n3\n4\n"),
        ("l.txt --encoding cp1252", "Béla€\n"),
        ("l.txt --encoding cp1252 --input-format lines --profile any", "Béla€\n"),
    ],
)
def test_options_reach_the_reader(words: str, stdout: str, tmp_path: Path) -> None:
    """--column, --profile, --input-format and --encoding."""
    place(tmp_path, TABLE, "t.csv")
    place(tmp_path, "Béla€\n".encode("cp1252"), "l.txt")
    result = inside("corpus", *words.split(), cwd=tmp_path)
    assert (result.code, result.stdout) == (0, stdout)


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        ("none.txt", 1, "cannot read none.txt: No such file or directory"),
        ("empty.txt", 1, "empty.txt: has no names; give a list, one name a line"),
        ("empty.txt --input-format json", 1, "empty.txt: is not in the format json"),
        ("t.csv --column species", 1, "t.csv: has no column 'species'; its first row is: code, genus of it, note"),
        ("taxa.dmp", 1, "taxa.dmp: is names.dmp of NCBI without"),
        ("t.csv --column 0", 2, "--column '0' is neither a name nor a number"),
        ("t.csv --input-format table", 1, "t.csv: is not in the format table"),
        ("t.csv --encoding klingon", 2, "--encoding klingon: no such encoding"),
        ("t.csv --json --quiet", 2, "--json is a form of the report"),
    ],
)
def test_failures_are_one_line(words: str, code: int, what: str, tmp_path: Path) -> None:
    """1 for data, 2 for words, nothing on stdout."""
    place(tmp_path, TABLE, "t.csv")
    place(tmp_path, "", "empty.txt")
    place(tmp_path, NCBI, "taxa.dmp", NODES)
    result = inside("corpus", *words.split(), cwd=tmp_path)
    assert only_error(result, code).startswith(what)
    assert result.stdout == ""


@pytest.mark.parametrize("names", [["Abano"] * 2, [*(f"Abano{k}" for k in range(20_000)), "Abano0"]])
@pytest.mark.parametrize(("check", "reader"), [([], "head -n 1"), (["--check"], "head -n 1"), (["--check"], "true")])
def test_a_reader_that_goes_away_ends_it_quietly(
    names: list[str], check: list[str], reader: str, tmp_path: Path
) -> None:
    """`bacterio corpus … | head -1` is no failure, --check or not, nor is a reader that was never there.

    Few names wait in the buffer, and are written before --check decides.
    """
    write_names(tmp_path, names)
    line = f'("$@"; echo "code $?" >&2) | {reader}'
    result = bacterio("corpus", "names.txt", "-q", *check, cwd=tmp_path, shell=line, PYTHONUNBUFFERED="")
    gone = reader == "true" or len(names) > 2
    assert result.stdout == ("" if reader == "true" else names[0] + "\n")
    assert result.stderr == ("code 0\n" if gone or not check else "code 1\n")


def test_train_reads_the_same_files(tmp_path: Path) -> None:
    """A download is recognised, cleaned, said in a line, and can be resumed by its digest."""
    rows = [f"X{k}\td__B;p__P;g__{name};s__{name} x" for k, name in enumerate((*NAMES, "UBA77"))]
    place(tmp_path, "\n".join(rows), "g.tsv")
    words = ("train", "g.tsv", *TINY, "-o", "m.npz")
    result, again = inside(*words, cwd=tmp_path), inside(*words, "--resume", cwd=tmp_path)
    assert (result.code, again.code) == (0, 0), (result, again)
    assert result.stderr.startswith("bacterio: g.tsv: lineages, UTF-8, 41 names; 1 dropped: 1 placeholders\n")
    assert load(tmp_path / "m.npz").known == NAMES
    assert load(tmp_path / "m.npz").corpus["profile"] == "genus"
    other = inside(*words, "--profile", "any", "--resume", cwd=tmp_path)
    assert "was trained on another corpus" in only_error(other)


def test_train_takes_a_column_for_corpus_and_background(tmp_path: Path) -> None:
    """The options hold for --background too, and of '-' for both the second has nothing."""
    table = "id,name\n" + "".join(f"{k},{name}\n" for k, name in enumerate(NAMES))
    place(tmp_path, table, "t.csv")
    place(tmp_path, table.replace("a\n", "ella\n"), "b.csv")
    words = ("train", "t.csv", *TINY, "--column", "name", "--background", "b.csv", "-o", "m.npz")
    result = inside(*words, cwd=tmp_path)
    assert result.code == 0, result
    assert all(f"bacterio: {file}: column of a table, " in result.stderr for file in ("t.csv", "b.csv"))
    assert load(tmp_path / "m.npz").known == NAMES
    twice = inside("train", "-", "--background", "-", cwd=tmp_path)
    assert only_error(twice).startswith("standard input: has no names")


@pytest.mark.parametrize(("names", "profile"), [(GENERA, "genus"), (SURNAMES, "any")])
def test_a_plain_list_of_genera_is_cleaned_as_one(names: tuple[str, ...], profile: str, tmp_path: Path) -> None:
    """Its words tell it from other lists; then what is no name of a genus is dropped, unless --profile says any."""
    write_names(tmp_path, (*names, "Abano alba"))
    result = inside("corpus", "names.txt", cwd=tmp_path)
    last = result.stderr.splitlines()[-1]
    kept = (*names, *["Abano alba"] * (profile == "any"))
    assert (result.code, tuple(result.stdout.splitlines())) == (0, kept)
    assert last.endswith(f"{len(kept)} names, {profile == 'genus':d} dropped, profile {profile}")
    assert inside("corpus", "names.txt", "-q", "--profile", "any", cwd=tmp_path).stdout.count("\n") == len(names) + 1
