"""The limits of what is read: bytes, lines, names, members, memory and time."""

import csv
import gzip
import json
import os
import re
import tarfile
import time
import zipfile
from pathlib import Path

import pytest
from support.packing import tarred, zipped
from support.processes import TINY, bacterio, ended, only_error, start, write_names
from support.samples import place, refusal

import bacterio_cli.dataset
from bacterio_cli.checkpoint import LARGEST_FILE, MOST_PARAMETERS
from bacterio_cli.dataset import LONGEST_LINE, LONGEST_ROW, MOST_BYTES, MOST_ENTRIES, MOST_LINES, PATIENCE
from bacterio_cli.dataset.corpus import read_corpus
from bacterio_cli.dataset.readers import formats, text_files
from bacterio_cli.dataset.readers.formats import read
from bacterio_cli.errors import InputError


def claimed(kind: bytes, size: int) -> bytes:
    """A packed tar whose first header claims to be followed by so much."""
    header = tarfile.TarInfo("x")
    header.type, header.size = kind, size
    return gzip.compress(header.tobuf(tarfile.GNU_FORMAT) + bytes(4_000_000), 1)


OVERSIZED = "cannot be unpacked (too many files, or a damaged directory); fetch it again, or unpack it first"
DIRECTORY = zipped(**{f"{k:080}": b"" for k in range(25_000)})
DEEP = b"[" * 200_000 + b"]" * 200_000
BEYOND = {
    "lines": (gzip.compress(b"\n" * MOST_LINES + b"Abella\n", 1), f":{MOST_LINES + 1}: goes beyond 10,000,000 lines"),
    "line": (b"Abella\n" + b"a" * (LONGEST_ROW + 1), ":2: goes beyond 10,000,000 lines of at most 1,000,000 char"),
    "JSON": (
        json.dumps(["A"] * (MOST_ENTRIES + 1)).encode(),
        ": is JSON of more than 16 MiB, or of more than 1,",
    ),
    "depth": (DEEP, ":1: is JSON that is cut off, damaged or nested too deeply"),
    "deep line": (b'["Abella"]\n' + DEEP, ":2: is JSON that is cut off, damaged or nested too deeply"),
    "bytes": (
        gzip.compress(b"a" * 10**6 + b"\n", 1) * 34,
        ": has more than 1,000,000 names, or names of more than 33,554,432 bytes",
    ),
    "wide letters": (
        gzip.compress(b"\xf0\x90\x8e\x80" * 900_000 + b"\n", 1) * 10,
        ": has more than 1,000,000 names, or names of more than 33",
    ),
    "blanks": (b"Abella\ng__A" + b" " * 900_000 + b"B;s__x\n", ":2: is no name, though others are"),
    "domains": (b"Bacteria " * 110_000, ": most lines are several words"),
    "tar": (tarred({f"{k}.txt": b"" for k in range(10_001)}), f": {OVERSIZED}"),
    "zip": (zipped(**{f"n{k}": b"" for k in range(10_001)}), ": is an archive of 10,001 lists (n0, n1, n2, n3, n4)"),
    "bzip2": (zipped(zipfile.ZIP_BZIP2, names__txt=bytes(10**6)), ": is an archive without a list; unpack it and give"),
    "directory": (DIRECTORY, f": {OVERSIZED}"),
    "packed directory": (gzip.compress(DIRECTORY, 1), f": {OVERSIZED}"),
    "member": (claimed(tarfile.REGTYPE, 10**10), ": cannot be unpacked (unexpected end of data)"),
    "header": (claimed(tarfile.GNUTYPE_LONGNAME, 3_000_000), f": {OVERSIZED}"),
}


@pytest.mark.parametrize("what", BEYOND)
def test_what_is_beyond_a_limit_is_refused(what: str, tmp_path: Path) -> None:
    """One line says where, what, the limit, and what to do; what is counted is not held."""
    data, message = BEYOND[what]
    assert refusal(place(tmp_path, data, "names.txt")).startswith(message)


def test_what_is_at_a_limit_is_read(tmp_path: Path) -> None:
    """A row of exactly the longest size is a row."""
    text = "genus" + "," * (LONGEST_ROW - 6) + "\nAbella" + "," * (LONGEST_ROW - 6)
    assert [entry.text for entry in read(place(tmp_path, text, "t.csv")).entries] == ["Abella"]


@pytest.mark.parametrize(("data", "message"), [(b"A\n", "1,000,000 names"), (b" ", "1,000,000 characters")])
def test_a_bomb_is_refused_in_little_memory(data: bytes, message: str, tmp_path: Path) -> None:
    """A hundred thousand bytes that are 100 MB need no more address space than 700 MB, most of it libraries."""
    place(tmp_path, gzip.compress(data * (10**8 // len(data)), 1), "bomb.gz")
    refused = bacterio("corpus", "bomb.gz", cwd=tmp_path, shell='ulimit -v 700000; exec "$@"')
    assert message in only_error(refused)


def test_a_packed_zip_is_not_unpacked_beyond_its_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A zip is read from its end: of one inside gzip, a bomb, no more is unpacked than a list may have."""
    path, read_so_far = place(tmp_path, gzip.compress(b"PK\3\4" + bytes(10**8), 1), "bomb.zip.gz"), list[float]()
    monkeypatch.setattr(text_files, "LARGEST", 2**20)
    with pytest.raises(InputError, match="is larger than 1 MiB"):
        read(path, watch=lambda _, done, size: read_so_far.append(done / size))
    assert max(read_so_far) < 0.5


def test_a_pipe_without_another_side_is_named(tmp_path: Path) -> None:
    """After a second stderr says what is waited for, and what then comes or goes is used."""
    write_names(tmp_path)
    for name in ("list", "log"):
        os.mkfifo(tmp_path / name)
    words = {
        "list": ("corpus", "list"),
        "log": ("train", "names.txt", *TINY, "-o", "m.npz", "--log", "log"),
    }
    processes = {name: start(tmp_path, *arguments) for name, arguments in words.items()}
    for name, process in processes.items():
        assert process.stderr is not None
        told = next(line for line in process.stderr if not line.startswith("bacterio: 40 names"))
        doing = "begun to read" if name == "log" else "written to"
        assert told == f"bacterio: waiting for {name}: nobody has {doing} it\n"
    (tmp_path / "list").write_text("Abella\nBorella\n")
    assert (tmp_path / "log").read_text().startswith('{"step": ')
    results = {name: ended(process) for name, process in processes.items()}
    assert [results["list"].stdout, results["log"].code] == ["Abella\nBorella\n", 0]


@pytest.mark.parametrize(
    ("text", "size"),
    [("(" * 3000 + ")" * 3000, "6,000"), ("\u0344" * 400, "800"), ("A" + "\u0301\u0323" * 100_000, "200,001")],
    ids=["brackets", "grows", "marks"],
)
def test_an_overlong_name_is_none(text: str, size: str, tmp_path: Path) -> None:
    """Refused or dropped at once, also if it is too long only when composed, or takes half a minute to be composed."""
    path = place(tmp_path, f"Abella\nBorella\n{text}", "names.txt")
    begun = time.process_time()
    with pytest.raises(InputError, match=rf":3: the line has {size} characters; a name has at most {LONGEST_LINE}"):
        read_corpus([path], profile="any")
    assert read_corpus([path], profile="genus").losses == f"1 dropped: 1 longer than {LONGEST_LINE}"
    assert time.process_time() - begun < 5


def test_the_readme_names_the_limits() -> None:
    """Each number of the section stands in the code."""
    readme = Path(bacterio_cli.dataset.__file__).with_name("README.md").read_text(encoding="utf-8")
    rows = [row.split(" | ")[1] for row in readme.partition("| of | at most")[2].splitlines()[2:] if " | " in row]
    assert [int(number.replace(",", "")) for number in re.findall("[0-9][0-9,]*", " ".join(rows))] == [
        text_files.LARGEST // 2**20, MOST_LINES, LONGEST_ROW, csv.field_size_limit(), MOST_ENTRIES, MOST_BYTES,
        LONGEST_LINE, formats.LARGEST_JSON // 2**20, MOST_ENTRIES, text_files.DIRECTORY // 2**20,
    ]  # fmt: skip
    assert f"A checkpoint, of at most {LARGEST_FILE // 2**30} GiB and {MOST_PARAMETERS:,} parameters" in readme
    assert f"after {PATIENCE:.0f} second." in readme
