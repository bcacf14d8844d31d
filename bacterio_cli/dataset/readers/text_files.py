"""From a file or standard input to text: packed files, encodings, and what is no text at all."""

from __future__ import annotations

import codecs
import re
import sys
from pathlib import Path
from typing import NamedTuple

from bacterio_cli.dataset.readers.archives import LARGEST, limited, unpack
from bacterio_cli.errors import FileError, InputError, UsageError

LINE_END = re.compile(b"\r\n|\n|\r")
ANNOUNCED = re.compile(rb"(?:[^\r\n]*-\*-(?:[^\r\n]*;)?[ \t]*|#[ \t]*)coding:[ \t]*([-\w.]+)")
# A byte order mark decides; UTF-32 stands first, since its mark begins like that of UTF-16.
MARKS = {
    codecs.BOM_UTF8: ("utf-8-sig", "UTF-8"),
    codecs.BOM_UTF32_LE: ("utf-32", "UTF-32"),
    codecs.BOM_UTF16_LE: ("utf-16", "UTF-16"),
    codecs.BOM_UTF16_BE: ("utf-16", "UTF-16"),
}
NO_CHARACTER_SETS = {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"}
LIST = "give a text, such as a list with one name a line"
MAGICS = {
    b"%PDF-": ("a PDF", LIST),
    b"\x89PNG": ("a PNG picture", LIST),
    b"\xff\xd8\xff": ("a JPEG picture", LIST),
    b"GIF8": ("a GIF picture", LIST),
    b"\xd0\xcf\x11\xe0": ("an old Excel or Word file", "save it as CSV"),
    b"SQLite format 3\0": ("an SQLite database", "export a table as CSV"),
    b"\x89HDF": ("an HDF5 file, perhaps a BIOM table", "write it out with: biom convert --to-tsv"),
    b"7z\xbc\xaf": ("a 7z archive", "unpack it first"),
    b"Rar!": ("a RAR archive", "unpack it first"),
    b"\x28\xb5\x2f\xfd": ("a zstd file", "unpack it with: zstd -d"),
    b"\x93NUMPY": ("a NumPy array", LIST),
}
PAGES = {  # texts, but not the data that was meant, by their beginning
    "version https://git-lfs": ("a Git-LFS pointer, not the file itself", "fetch the file with: git lfs pull"),
    "<!doctype html": ("a web page (HTML), not data", "look at it in a browser, and download the data again"),
    "<html": ("a web page (HTML), not data", "look at it in a browser, and download the data again"),
    "<?xml": ("an XML document, not a list or a table", "save the data as CSV or as plain lines"),
}  # fmt: skip


class Text(NamedTuple):
    """A text, the encoding in which it was written, and the archive's member that it was."""

    text: str
    encoding: str
    member: str = ""


def source_name(source: str) -> str:
    """What to call a source in messages."""
    return "standard input" if source == "-" else source


def read_bytes(source: str, largest: int = LARGEST) -> bytes:
    """The whole of a file, or of standard input for `-`; InputError if it has no end within `largest`."""
    if source == "-":
        if sys.stdin is None:
            raise FileError("standard input", "read", "it is closed")
        return limited(sys.stdin.buffer, source_name(source), largest)
    try:
        with Path(source).open("rb") as file:
            return limited(file, source, largest)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise FileError(source, "read", error if isinstance(error, OSError) else str(error)) from error


def read_text(source: str, encoding: str | None = None, *, member: str = "", largest: int = LARGEST) -> Text:
    """The text of a source, or of an archive's member: unpacked, its byte order mark removed.

    UTF-8, unless a byte order mark, `encoding` or an Emacs line `-*- coding: latin-1 -*-` says otherwise. Raises
    FileError, UsageError for an unknown `encoding`, InputError for what is damaged, binary or no data at all.
    """
    where = source_name(source)
    asked = character_set(encoding) if encoding else None
    if encoding and asked is None:
        raise UsageError(f"--encoding {encoding}: no such encoding; try utf-8, utf-16, latin-1 or cp1252")
    data, inside = unpack(read_bytes(source, largest), where, member, largest)
    refuse_binary(data, where, wide=bool(asked and asked.startswith(("utf-16", "utf-32"))))
    codec, label = settle(data, asked, where)
    try:
        text = data.decode(codec)
        text.encode()  # a lone surrogate can be kept nowhere
    except UnicodeDecodeError as error:
        raise undecodable(data, error, label, where) from error
    except UnicodeError as error:
        raise InputError(where, f"is not {label}", "name its encoding with --encoding") from error
    text = text.removeprefix("\ufeff") if codec != "utf-8" else text
    start = text[:1000].lstrip().lower()
    for beginning, (what, remedy) in PAGES.items():
        if start.startswith(beginning):
            raise InputError(where, f"is {what}", remedy)
    return Text(text, label, inside)


def character_set(name: str) -> str | None:
    """Python's name of an encoding, None if there is none or it is no character set."""
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    proper = found._is_text_encoding and found.name.replace("_", "-") not in NO_CHARACTER_SETS
    return found.name if proper else None


def settle(data: bytes, asked: str | None, where: str) -> tuple[str, str]:
    """(codec, label): what the byte order mark says, else what was asked for, else announced, else UTF-8."""
    for mark, (codec, label) in MARKS.items():
        if data.startswith(mark):
            return codec, label
    head = data[:1000]
    second = LINE_END.search(head)
    for start in (0, second.end() if second else 0):
        if asked is None and (found := ANNOUNCED.match(head, start)):
            name = found[1].decode("ascii", "replace")
            asked = character_set(re.sub("-(unix|dos|mac)$", "", name))
            if asked is None:
                raise InputError(where, f"announces the encoding {name!r}, which is unknown", "pass --encoding")
    if asked in (None, "utf-8", "utf-8-sig", "ascii"):
        return "utf-8", "UTF-8"
    return str(asked), {"iso8859-1": "Latin-1"}.get(str(asked), str(asked))


def undecodable(data: bytes, error: UnicodeDecodeError, label: str, where: str) -> InputError:
    """The error for bytes that are not in the encoding, with the line of the first."""
    if label.lower().startswith(("utf-16", "utf-32")):
        return InputError(where, f"is cut off or damaged ({label})", "check --encoding")
    what, remedy = f"byte 0x{data[error.start]:02x} is not {label}", "check --encoding"
    if label == "UTF-8":
        remedy = "pass --encoding cp1252 if the file is in Latin-1 or from Windows"
        if not data.decode("utf-8", "ignore").removeprefix("\ufeff").isascii():
            what += ", though other letters of the file are: encodings are mixed"
            remedy = "convert the odd lines to UTF-8"
    return InputError(f"{where}:{len(LINE_END.findall(data[: error.start])) + 1}", what, remedy)


def refuse_binary(data: bytes, where: str, *, wide: bool) -> None:
    """InputError for a file that is known by its first bytes, or full of NULs."""
    for magic, (what, remedy) in MAGICS.items():
        if data.startswith(magic):
            raise InputError(where, f"seems to be {what}", remedy)
    head = data[:4096]
    nuls = head.count(0)
    if wide or data.startswith(tuple(MARKS)) or nuls < 2 or nuls * 10 < len(head):
        return
    for letters, name in ((head[::2], "utf-16-le"), (head[1::2], "utf-16-be")):
        if nuls * 3 > len(head) and 0 not in letters:
            raise InputError(where, "seems to be UTF-16 without a byte order mark", f"pass --encoding {name}")
    raise InputError(where, "is a binary file, not a list of names", LIST)


def lines_of(text: str) -> list[str]:
    """The lines of a text without their ends, which are \\n, \\r\\n or \\r and nothing else."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
