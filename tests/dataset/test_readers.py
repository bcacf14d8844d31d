"""Readers: encodings, what is no data, which format a text has, and what is read from each."""

from __future__ import annotations

import gzip
import io
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.processes import examples
from support.samples import COLDP, LPSN, LPSN_HEADER, LPSN_KINDS, NCBI, NODES, SAMPLES, TABLE, place

from bacterio_cli.dataset.corpus import read_corpus
from bacterio_cli.dataset.readers import text_files as source
from bacterio_cli.dataset.readers.formats import FORMATS, describe, read
from bacterio_cli.dataset.readers.records import Entry
from bacterio_cli.errors import BacterioError, FileError, InputError, UsageError
from bacterio_cli.nomenclature.reference_lists import read_reference


def refusal(path: str, **options: str) -> str:
    """The message of the one-line InputError that reading raises, behind the file's name."""
    with pytest.raises(InputError) as caught:
        read(path, **options)
    message = str(caught.value)
    assert message.startswith(path)
    assert "\n" not in message
    return message.removeprefix(path)


def texts(path: str, **options: str) -> list[str]:
    """The texts of the entries."""
    return [entry.text for entry in read(path, **options).entries]


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_each_format_is_recognised_and_read(name: str, end: str, tmp_path: Path) -> None:
    """The format is known by its content and gives its genera, each once; line ends do not matter."""
    sample = SAMPLES[name]
    reading = read(place(tmp_path, sample.text.replace("\n", end)))
    assert (reading.format, [entry.text for entry in reading.entries]) == (sample.format, sample.entries)
    assert reading.taxonomic == (sample.format != "lines")


@pytest.mark.parametrize("name", SAMPLES)
def test_each_format_can_be_insisted_on(name: str, tmp_path: Path) -> None:
    """`input_format` gives the same entries, and any other format but lines an error that names it."""
    path = place(tmp_path, SAMPLES[name].text)
    assert texts(path, input_format=SAMPLES[name].format) == SAMPLES[name].entries
    for other in set(FORMATS) - {SAMPLES[name].format, "lines", "table"}:
        assert f"is not in the format {other}" in refusal(path, input_format=other)
    assert read(path, input_format="lines").format == "lines"


@pytest.mark.parametrize("name", SAMPLES)
def test_dress_changes_nothing(name: str, tmp_path: Path) -> None:
    """Gzip, byte order marks and UTF-16 give the same entries, and the encoding is said."""
    text = SAMPLES[name].text
    for data, encoding in [
        (gzip.compress(text.encode()), "UTF-8"),
        (text.encode("utf-8-sig"), "UTF-8"),
        (text.encode("utf-16"), "UTF-16"),
        (b"\xfe\xff" + text.encode("utf-16-be"), "UTF-16"),
        (text.encode("utf-32"), "UTF-32"),
    ]:
        reading = read(place(tmp_path, data))
        assert ([entry.text for entry in reading.entries], reading.encoding) == (SAMPLES[name].entries, encoding)


def test_lines_have_their_numbers(tmp_path: Path) -> None:
    """An entry has the line where its row begins, blank lines, banners and line ends in quotes counted."""
    assert [e.line for e in read(place(tmp_path, SAMPLES["lines"].text)).entries] == [2, 4, 5]
    assert [e.line for e in read(place(tmp_path, SAMPLES["bacdive"].text)).entries] == [4, 7]
    assert [e.line for e in read(place(tmp_path, COLDP)).entries] == [5, 7, 8, 9]


def test_lpsn_standing_is_the_last_clause_of_the_genus_itself(tmp_path: Path) -> None:
    """A misspelling whose status contains 'correct' is none, and a genus row outweighs the rows of its species."""
    assert {entry.text: entry.kind for entry in read(place(tmp_path, LPSN)).entries} == LPSN_KINDS


@pytest.mark.parametrize("rows", [("synonym", "correct name"), ("correct name", "illegitimate name")])
def test_of_lpsn_homonyms_the_best_counts(rows: tuple[str, str], tmp_path: Path) -> None:
    """A genus with two rows of its own has the better standing, in either order."""
    for order in (rows, rows[::-1]):
        text = LPSN_HEADER + "".join(f"\nAbanella,,,Ref,VL; {status},Doe,,,,," for status in order)
        assert read(place(tmp_path, text)).entries == [Entry(2, "Abanella", "name")]


def test_semicolons_can_separate_lpsn(tmp_path: Path) -> None:
    """A table saved with semicolons has its status in quotes."""
    text = 'genus_name;sp_epithet;status\nAbanella;;"VL; gen. nov.; correct name"\nDurella;;"VL; synonym"\n'
    assert read(place(tmp_path, text)).entries == [Entry(2, "Abanella"), Entry(3, "Durella", "synonym")]


def test_kinds_of_the_other_formats(tmp_path: Path) -> None:
    """The Catalogue's synonyms and misapplied names, and Candidatus of NCBI and RDP."""
    kinds = {entry.text: entry.kind for entry in read(place(tmp_path, COLDP)).entries}
    assert kinds == {"Abanella": "name", "Oldella": "synonym", "Wrongella": "rejected", "Durella": "name"}
    assert [entry.kind for entry in read(place(tmp_path, NCBI)).entries] == ["name", "name", "candidatus"]
    assert [e.text for e in read(place(tmp_path, SAMPLES["rdp"].text)).entries if e.kind == "candidatus"] == [
        "Candidatus Caldella"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Smith, John\nDoe, Jane\n",
        "Smith; John\nGenus, species\n",
        "genus\nspecies\nstatus\n",
        "Genus, species and strain\nAbano\nBacilla\n",
        "rank\nscientificName\n",
        "> quoted\nAbano\n",
        "g__Abano\nBacilla\n",
        "d__x\nBacilla; Cocca\n",
        "a | b\nc | d\n",
        'He said "no\nAbano\n',
        "Abano,1\nBacilla,2\n",
    ],
)
def test_a_plain_list_is_no_table(text: str, tmp_path: Path) -> None:
    """Commas, semicolons, quotes and words of headers in a list of names make it nothing else."""
    reading = read(place(tmp_path, text))
    assert (reading.format, [e.text for e in reading.entries]) == ("lines", text.strip().split("\n"))


@pytest.mark.parametrize("wanted", ["genus of it", "Genus Of It", "2"])
def test_a_column_is_named_or_numbered(wanted: str, tmp_path: Path) -> None:
    """By its name, small letters and capitals alike, below the header; by its number every row counts."""
    found = texts(place(tmp_path, TABLE), column=wanted)
    assert found == (["genus of it"] if wanted == "2" else []) + ["Abanella", "Borivibrio", "Durella"]
    assert not read(place(tmp_path, TABLE), column=wanted).taxonomic


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_column_below_banner_and_comments(delimiter: str, tmp_path: Path) -> None:
    """The header may stand below other lines; quotes may hold the delimiter, quotes and line ends."""
    text = f'# date: 2021-03-04\nA banner\n\nid,"wanted"\n1,Abano\n2,"Ba{delimiter} ""b"""\n3,"New\nYork"\n'
    reading = read(place(tmp_path, text.replace(",", delimiter)), column="wanted")
    assert [(e.line, e.text) for e in reading.entries] == [(5, "Abano"), (6, f'Ba{delimiter} "b"'), (7, "New York")]
    assert reading.date == "2021-03-04"


def test_a_column_may_be_the_only_one(tmp_path: Path) -> None:
    """A list with a heading is a table of one column, by name or by number."""
    assert texts(place(tmp_path, "Wanted\nAbano\nNew York\n"), column="wanted") == ["Abano", "New York"]
    assert texts(place(tmp_path, "Abano\nNew York\n"), column="1") == ["Abano", "New York"]


@pytest.mark.parametrize(
    ("text", "options", "what"),
    [
        (TABLE, {"column": "species"}, ": has no column 'species'; its first row is: code, genus of it, note"),
        (TABLE, {"column": "4"}, ": has no column 4; its first row is: code, genus of it, note"),
        ("", {"column": "4"}, ": has no rows"),
        ("", {"column": "x"}, ": has no column 'x'; its first row is: empty"),
        ("a,b\n", {"column": "b"}, ":1: is a header without rows"),
        (LPSN_HEADER + "\n", {}, ":1: is a header without rows"),
        ("# note\nID,species,genus\n\n", {}, ":2: is a header without rows"),
        ("rank,scientificName\nfamily,Alphaceae\n", {}, ": Catalogue of Life name usages, but without any genus"),
        (">AB1 a sequence\nACGT\n", {}, ": FASTA headers with lineages (RDP, SILVA), but without any genus"),
        ('a,b\n1,x\n2,"y\n3,z\n', {"column": "b"}, ":3: a quote is opened and not closed"),
        ('a,b\n1,"x" y\n', {"column": "b"}, ":2: a quote is opened and not closed, or followed by letters"),
        ("a,b\n1," + 140_000 * "x", {"column": "b"}, ":2: "),
    ],
)
def test_tables_that_cannot_be_read(text: str, options: dict[str, str], what: str, tmp_path: Path) -> None:
    """A missing column, a header alone, no genus at all, and quotes that do not close are named with their place."""
    assert refusal(place(tmp_path, text, "t.csv"), **options).startswith(what)


@pytest.mark.parametrize(
    "options",
    [
        {"input_format": "excel"},
        {"input_format": "table"},
        {"input_format": "lpsn", "column": "genus_name"},
        {"column": "0"},
        {"column": "-1"},
        {"column": " "},
        {"column": "9" * 5000},
        {"encoding": "klingon"},
        {"encoding": "idna"},
        {"encoding": "hex"},
        {"encoding": "a\0b"},
    ],
)
def test_words_that_mean_nothing_are_usage_errors(options: dict[str, str], tmp_path: Path) -> None:
    """Unknown formats and encodings, columns that cannot be, and a column for a format that has its own."""
    with pytest.raises(UsageError) as caught:
        read(place(tmp_path, TABLE), **options)
    assert caught.value.exit_code == 2


def test_ncbi_needs_its_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nodes are the file with `nodes` for `names`, packed or not; without them one line says what is missing."""
    assert "'names' is not in the file's name" in refusal(place(tmp_path, NCBI, "taxa.dmp"))
    assert "my_nodes.dmp, which says what is a genus, is not beside it" in refusal(
        place(tmp_path, NCBI, "my_names.dmp")
    )
    path = place(tmp_path, NCBI)
    (tmp_path / "my_nodes.dmp").write_bytes(gzip.compress((tmp_path / "nodes.dmp").read_bytes()))
    assert texts(str(tmp_path / "my_names.dmp")) == texts(path)
    assert "no node of rank genus" in refusal_of_nodes(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(NCBI.encode())))
    with pytest.raises(InputError, match=r"^standard input: .*cannot be read without its nodes"):
        read("-")


def refusal_of_nodes(folder: Path) -> str:
    """The message when the nodes are none."""
    with pytest.raises(InputError) as caught:
        read(place(folder, NCBI, nodes="nothing\n"))
    assert str(caught.value).startswith(str(folder / "nodes.dmp"))
    return str(caught.value)


@pytest.mark.parametrize(
    ("encoding", "label"),
    [("latin-1", "Latin-1"), ("ISO-8859-1", "Latin-1"), ("cp1252", "cp1252"), ("utf-8", "UTF-8"), ("utf-16", "utf-16")],
)
def test_an_encoding_is_used_when_asked_for(encoding: str, label: str, tmp_path: Path) -> None:
    """`encoding` reads what is no UTF-8, and describe says so."""
    path = place(tmp_path, "Béla\nÑandú\n".encode(encoding).removeprefix(b"\xff\xfe"))
    assert texts(path, encoding=encoding) == ["Béla", "Ñandú"]
    assert read(path, encoding=encoding).encoding == label


@pytest.mark.parametrize(
    "line", ["# -*- coding: latin-1 -*-", "# -*- mode: text; coding: latin-1-unix -*-", "# coding: iso-8859-1"]
)
def test_an_encoding_is_used_when_announced(line: str, tmp_path: Path) -> None:
    """An Emacs line among the first two counts, a later one does not."""
    for before in ("", "# made up\r\n"):
        assert texts(place(tmp_path, f"{before}{line}\nBéla\n".encode("latin-1"))) == ["Béla"]
    assert ":4: byte 0xe9 is not UTF-8" in refusal(place(tmp_path, f"#\n#\n{line}\nBéla\n".encode("latin-1")))
    assert "'klingon', which is unknown" in refusal(place(tmp_path, "# coding: klingon\nAbano\n"))


def workbook() -> bytes:
    """The beginning of an Excel file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return packed.getvalue()


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", ": is a Git-LFS pointer"),
        (b"\xef\xbb\xbfversion https://git-lfs.github.com/spec/v1\n", ": is a Git-LFS pointer"),
        (b"\n <!DOCTYPE html>\n<html></html>", ": is a web page (HTML)"),
        (b"<HTML lang='en'>", ": is a web page (HTML)"),
        ("<html>".encode("utf-16"), ": is a web page (HTML)"),
        (b"<?xml version='1.0'?>", ": is an XML document"),
        (workbook(), ": seems to be an Excel workbook; save it as CSV"),
        (gzip.compress(workbook(), mtime=0), ": seems to be an Excel workbook"),
        (b"PK\x03\x04....weights.npy", ": seems to be a NumPy archive"),
        (b"PK\x03\x04", ": seems to be a zip archive"),
        (b"%PDF-1.7\n", ": seems to be a PDF"),
        (b"\x89PNG\r\n", ": seems to be a PNG picture"),
        (b"Ab\0\0\1\0\xff\0", ": is a binary file"),
        ("Ab\nCo\n".encode("utf-16-le"), ": seems to be UTF-16 without a byte order mark; pass --encoding utf-16-le"),
        ("Ab\nCo\n".encode("utf-16-be"), ": seems to be UTF-16 without a byte order mark; pass --encoding utf-16-be"),
        (gzip.compress(b"Abano\nBacilla\n", mtime=0)[:-9], ": is a gzip file that is cut off or damaged"),
        (gzip.compress(b"Abano\nBacilla\n", mtime=0)[:12] + bytes(11), ": is a gzip file that is cut off or damaged"),
        (b"Abano\nB\xe9la\n", ":2: byte 0xe9 is not UTF-8; pass --encoding cp1252"),
        ("Ñandú\n".encode() + b"Abano\nB\xe9la\n", ":3: byte 0xe9 is not UTF-8, though other letters of the file are"),
        (b"B\xe9la\n" + "Ñandú\n".encode(), ":1: byte 0xe9 is not UTF-8, though other letters of the file are"),
        ("Abano\n".encode("utf-16")[:-1], ": is cut off or damaged (UTF-16)"),
    ],
)  # fmt: skip
def test_what_is_no_data_is_called_by_its_name(data: bytes, what: str, tmp_path: Path) -> None:
    """Pointers, web pages, binary files, damaged gzip and bytes of other encodings: what it is, and where."""
    assert refusal(place(tmp_path, data)).startswith(what)


def test_a_byte_that_the_encoding_has_not(tmp_path: Path) -> None:
    """cp1252 has holes: the line of the first is named."""
    message = refusal(place(tmp_path, b"Abano\nB\x81la\n"), encoding="cp1252")
    assert message == ":2: byte 0x81 is not cp1252; check --encoding"


def test_a_reading_is_described_in_a_line(tmp_path: Path) -> None:
    """The source, the format, the encoding, and how many names there are to learn."""
    path = place(tmp_path, LPSN)
    assert describe(read(path)) == f"{path}: LPSN genus and species rows, UTF-8, 3 names"
    assert describe(read(place(tmp_path, "Abano\n".encode("utf-16")))) == f"{path}: plain list, UTF-16, 1 name"


def test_a_missing_file_is_a_file_error(tmp_path: Path) -> None:
    """The system's reason is given."""
    with pytest.raises(FileError, match="No such file"):
        read(str(tmp_path / "none.csv"))


@st.composite
def damaged(draw: st.DrawFn, texts: list[str]) -> bytes:
    """One of the texts with lines lost or doubled, in some encoding, then with bytes changed and perhaps cut off."""
    lines = draw(st.sampled_from(texts)).splitlines(keepends=True)
    for _ in range(draw(st.integers(0, 3))):
        k = draw(st.integers(0, len(lines)))
        lines[k : k + 1] = lines[k : k + 1] * draw(st.sampled_from([0, 2]))
    coding = draw(st.sampled_from(["utf-8", "utf-16", "gzip"]))
    text = "".join(lines)
    data = bytearray(gzip.compress(text.encode(), mtime=0) if coding == "gzip" else text.encode(coding))
    for _ in range(draw(st.integers(0, 4))):
        if data:
            data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data)


TEXTS = [*(sample.text for sample in SAMPLES.values()), TABLE, NCBI, NCBI]  # those of NCBI have their nodes to damage


@examples
@given(damaged(TEXTS), damaged([NODES]), st.sampled_from([None, None, *FORMATS]), st.sampled_from([None, "genus", "2"]))
def test_no_damage_is_a_traceback(
    tmp_path: Path, data: bytes, nodes: bytes, input_format: str | None, column: str | None
) -> None:
    """Whatever happens to a file, it is read, or refused by an expected error, in both profiles and as a reference."""
    path = place(tmp_path, data, nodes=nodes)
    for use in (
        lambda: read_corpus([path], profile="genus", input_format=input_format, column=column, least=1),
        lambda: read_corpus([path], profile="any", input_format=input_format, column=column, least=1),
        lambda: read_reference(path, input_format=input_format, column=column),
    ):
        with suppress(BacterioError):
            use()


@pytest.mark.parametrize("packed", [False, True])
def test_a_source_without_end_is_refused(packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than the largest list is one line, also where it is packed small."""
    monkeypatch.setattr(source, "LARGEST", 2**20)
    data = b"Abella\n" * 200_000
    (tmp_path / "long").write_bytes(gzip.compress(data) if packed else data)
    with pytest.raises(InputError, match=r"long: is larger than 1 MiB"):
        source.read_text(str(tmp_path / "long"))
