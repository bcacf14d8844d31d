"""From bytes to text: packed files and archives, encodings, and what is no data."""

import bz2
import gzip
import io
import lzma
import os
import sys
from pathlib import Path

import pytest
from support.packing import tarred, zipped
from support.processes import bacterio
from support.samples import COLDP, DARWIN_CORE, NCBI, NODES, place, refusal, texts

from bacterio_cli.dataset.cleaning import describe
from bacterio_cli.dataset.readers import text_files
from bacterio_cli.dataset.readers.formats import read
from bacterio_cli.errors import FileError, InputError

PLAIN = b"Abanella\nBora\n"
PACKED = {
    "gzip": gzip.compress(PLAIN),
    "bzip2": bz2.compress(PLAIN),
    "xz": lzma.compress(PLAIN),
    "zip": zipped(names__txt=PLAIN, README__md="x", __MACOSX____names__txt="x"),
    "gzip in zip": zipped(names__txt__gz=gzip.compress(PLAIN)),
    "tar.gz": tarred({"./names.txt": PLAIN, "./.hidden": b"x"}),
    "tar.xz": tarred({"../../names.txt": PLAIN}, "w:xz"),
    "tar": tarred({"names.txt": PLAIN}, "w"),
}


@pytest.mark.parametrize("kind", PACKED)
def test_packed_lists_are_read_where_they_are(kind: str, tmp_path: Path) -> None:
    """The list comes out, and nothing is written beside it, whatever path a member has."""
    path = place(tmp_path, PACKED[kind], "packed")
    before = sorted(tmp_path.rglob("*"))
    assert texts(path) == ["Abanella", "Bora"]
    assert sorted(tmp_path.rglob("*")) == before
    assert not (tmp_path.parent / "names.txt").exists()


def test_known_archives_are_read(tmp_path: Path) -> None:
    """NCBI's dumps bring their nodes, ColDP and Darwin Core archives their table of names; which one it was is said."""
    dump = tarred({"nodes.dmp": NODES.encode(), "names.dmp": NCBI.encode(), "gencode.dmp": b"x"})
    coldp = zipped(NameUsage__tsv=COLDP, Reference__tsv="a\tb\n", metadata__yaml="x")
    core = zipped(meta__xml="<archive/>", Taxon__tsv=DARWIN_CORE, Distribution__tsv="a\tb\n")
    for archive, said in {
        dump: "NCBI taxonomy names, UTF-8, 2 names; from names.dmp",
        coldp: "names with their ranks, UTF-8, 3 names; from NameUsage.tsv",
        core: "names with their ranks, UTF-8, 2 names; from Taxon.tsv",
    }.items():
        assert describe(read(place(tmp_path, archive, "x"))).endswith(f"x: {said}")
    lonely = tarred({"names.dmp": NCBI.encode()})
    assert "is an archive without nodes.dmp" in refusal(place(tmp_path, lonely, "t.tar.gz"))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress, lambda data: zipped(a=data)])
def test_a_source_without_end_is_refused(pack: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than the largest list is one line, through a pipe or where it is packed small."""
    monkeypatch.setattr(text_files, "LARGEST", 2**20)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(pack(b"Abella\n" * 200_000))))  # type: ignore[operator]
    with pytest.raises(InputError, match="standard input: is larger than 1 MiB"):
        read("-")


def test_ncbi_needs_its_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nodes are the file with `nodes` for `names`, packed or not; without them one line says what is missing."""
    missing = ": is names.dmp of NCBI without nodes.dmp beside it"
    for name in ("taxa.dmp", "my_names.dmp"):
        assert refusal(place(tmp_path, NCBI, name)).startswith(missing)
    path = place(tmp_path, NCBI)
    (tmp_path / "my_nodes.dmp").write_bytes(gzip.compress(NODES.encode()))
    assert texts(str(tmp_path / "my_names.dmp")) == texts(path)
    assert "without nodes.dmp beside it" in refusal(place(tmp_path, NCBI, nodes="nothing\n"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(NCBI.encode())))
    with pytest.raises(InputError, match=r"^standard input: .*without nodes.dmp beside it"):
        read("-")


def test_an_encoding_is_used_when_asked_for(tmp_path: Path) -> None:
    """`encoding` reads what is no UTF-8, and the reading says so; of a byte that it has not, the line is named."""
    for encoding, label in {
        "latin-1": "ISO8859-1", "ISO-8859-1": "ISO8859-1", "cp1252": "CP1252", "utf-8": "UTF-8", "utf-16": "UTF-16-LE",
    }.items():  # fmt: skip
        path = place(tmp_path, "Béla\nÑandú\n".encode(encoding).removeprefix(b"\xff\xfe"))
        assert texts(path, encoding=encoding) == ["Béla", "Ñandú"]
        assert read(path, encoding=encoding).encoding == label
    hole = refusal(place(tmp_path, b"Abano\nB\x81la\n"), encoding="cp1252")
    assert hole.startswith(":2: byte 0x81 is not CP1252; save it as UTF-8, or pass --encoding")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", ": seems to be a Git-LFS pointer"),
        (b"\n <!DOCTYPE html>\n<html></html>", ": seems to be a web page (HTML)"),
        (b"<?xml version='1.0'?>", ": seems to be a web page (HTML) or XML"),
        (zipped(xl___workbook__xml="x"), ": seems to be an Excel or Office file; save it as CSV"),
        (gzip.compress(zipped(xl___workbook__xml="x"), mtime=0), ": seems to be an Excel or Office file"),
        (zipped(mimetype="application/vnd.oasis.opendocument.spreadsheet"), ": seems to be an Excel or Office file"),
        (zipped(**{"0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f___VERSION": "x"}), ": seems to be a BIOM or QIIME 2 file"),
        (zipped(a__txt="x", b__txt="x", LICENSE="x"), ": is an archive of 2 lists (a.txt, b.txt); unpack it and"),
        (zipped(weights__npy="x"), ": is an archive without a list"),
        (b"\x28\xb5\x2f\xfd123", ": seems to be a zstd, 7z or RAR file; unpack it first, a zstd file with: zstd -d"),
        (b"PK\x03\x04", ": cannot be unpacked (File is not a zip file); fetch it again, or unpack it first"),
        (b"%PDF-1.7\n", ": seems to be a PDF"),
        (b"Ab\0\0\1\0\xff\0", ": is a binary file"),
        ("Ab\nCo\n".encode("utf-16-le"), ": is a binary file, or UTF-16; pass --encoding"),
        (gzip.compress(PLAIN, mtime=0)[:-9], ": cannot be unpacked (Compressed file ended before"),
        (gzip.compress(PLAIN, mtime=0)[:12] + bytes(11), ": cannot be unpacked"),
        (b"Abano\nB\xe9la\n", ":2: byte 0xe9 is not UTF-8; save it as UTF-8, or pass --encoding cp1252"),
        ("Ñandú\r\n".encode() + b"Abano\r\nB\xe9la\n", ":3: byte 0xe9 is not UTF-8"),
        ("Abano\n".encode("utf-16")[:-1], ":1: byte 0x0a is not UTF-16"),
    ],
    ids=lambda value: value if isinstance(value, str) else "data",  # packed bytes have the time in them
)  # fmt: skip
def test_what_is_no_data_is_called_by_its_name(data: bytes, what: str, tmp_path: Path) -> None:
    """Pointers, web pages, binary files, damaged packing and bytes of other encodings: what it is, and where."""
    assert refusal(place(tmp_path, data)).startswith(what)


def test_what_cannot_be_read_is_named_with_the_reason(tmp_path: Path) -> None:
    """A directory or a missing file gives the system's own reason."""
    for path, reason in {tmp_path: "Is a directory", tmp_path / "none.txt": "No such file or directory"}.items():
        with pytest.raises(FileError, match=f"^cannot read {path}: {reason}$"):
            read(str(path))


def test_a_terminal_is_read_by_its_name(tmp_path: Path) -> None:
    """What cannot be sought in is held, as pipes are."""
    keyboard, screen = os.openpty()
    os.write(keyboard, b"Abella\nBora\n\x04\x04")
    assert bacterio("corpus", os.ttyname(screen), cwd=tmp_path).stdout == "Abella\nBora\n"
    os.close(keyboard)
    os.close(screen)
