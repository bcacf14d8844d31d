"""From a file or standard input to lines of text: packed files, encodings, and what is no text at all."""

from __future__ import annotations

import codecs
import io
import re
import stat
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import date
from functools import cached_property
from itertools import accumulate, chain, islice, takewhile
from pathlib import Path
from threading import Timer
from typing import IO

from bacterio_cli.dataset import LONGEST_ROW, MOST_LINES
from bacterio_cli.dataset.readers.archives import LARGEST, PIPED, pieces, unpack
from bacterio_cli.errors import FileError, InputError, UsageError

LINE_END = re.compile(b"\r\n|\n|\r")
ANNOUNCED = re.compile(rb"(?:[^\r\n]*-\*-(?:[^\r\n]*;)?[ \t]*|#[ \t]*)coding:[ \t]*([-\w.]+)")
# A byte order mark decides; UTF-32 stands first, since its mark begins like that of UTF-16.
MARKS = {
    codecs.BOM_UTF8: "UTF-8",
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
LABELS = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "ascii": "UTF-8", "iso8859-1": "Latin-1"}
NO_CHARACTER_SETS = {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"}
LIST = "give a text, such as a list with one name a line"
MAGICS = {  # known by their first bytes: what each is, and what to do
    (b"%PDF-",): ("a PDF", LIST),
    (b"\x89PNG", b"\xff\xd8\xff", b"GIF8"): ("a picture", LIST),
    (b"\xd0\xcf\x11\xe0",): ("an old Excel or Word file", "save it as CSV"),
    (b"SQLite format 3\0",): ("an SQLite database", "export a table as CSV"),
    (b"\x89HDF",): ("an HDF5 file, perhaps a BIOM table", "write it out with: biom convert --to-tsv"),
    (b"7z\xbc\xaf", b"Rar!"): ("a 7z or RAR archive", "unpack it first"),
    (b"\x28\xb5\x2f\xfd",): ("a zstd file", "unpack it with: zstd -d"),
    (b"\x93NUMPY",): ("a NumPy array", LIST),
}
PAGES = {  # texts, but not the data that was meant, by their beginning
    ("version https://git-lfs",): ("a Git-LFS pointer, not the file itself", "fetch the file with: git lfs pull"),
    ("<!doctype html", "<html"): ("a web page (HTML), not data", "look at it in a browser, and download it again"),
    ("<?xml",): ("an XML document, not a list or a table", "save the data as CSV or as plain lines"),
}
# Joiners mean something in Persian or Hindi, and nothing between Latin letters.
INVISIBLE = re.compile(
    "[\xad\u180e\u200b\u200e\u200f\u2060]|(?<=[A-Za-z])[\u200c\u200d]|[\u200c\u200d](?=[A-Za-z])|[\xa0\u2007\u202f]"
)
DATE = re.compile(r"^#.*\bdate:\s*(\d{4}(?:-\d\d(?:-\d\d)?)?)\b", re.MULTILINE)
HEAD = 1000  # lines that show the shape of a text
PATIENCE = 1.0  # seconds until it is said what is waited for


class Text:
    """A text whose lines can be gone through again and again, decoded piece by piece.

    `where` is what messages call it, `member` the archive's member that it is, `start` its first characters. Going
    through the lines counts in `removed` the invisible characters left out, and in `dates` the dates in comments.
    """

    def __init__(self, file: IO[bytes], source: str, member: str, asked: str | None, largest: int) -> None:
        self.file, self.source, self.member, self.largest = file, source, member, largest
        self.where = source_name(source)
        data = next(pieces(file, self.where, largest), b"")[:4096]
        refuse_binary(data, self.where, wide=bool(asked and asked.startswith(("utf-16", "utf-32"))))
        self.codec, self.encoding = settle(data, asked, self.where)
        self.start = data.decode(self.codec, "ignore")[:1000].lstrip()
        for beginnings, (what, remedy) in PAGES.items():
            if self.start.lower().startswith(beginnings):
                raise InputError(self.where, f"is {what}", remedy)

    def __iter__(self) -> Iterator[str]:
        return self.lines()

    def lines(self, longest: int = LONGEST_ROW, most: int = MOST_LINES) -> Iterator[str]:
        """The lines without their ends (\\n, \\r\\n or \\r); InputError for one that is too long, or for too many."""
        self.removed: Counter[str] = Counter()
        self.dates: set[str] = set()
        self.file.seek(0)
        decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(self.codec)(), translate=True)
        number, rest = 1, ""
        for piece in chain(pieces(self.file, self.where, self.largest), [b""]):
            try:
                text = rest + decoder.decode(piece, final=not piece)
            except UnicodeDecodeError as error:
                raise self.undecodable(error, number) from error
            found = text.split("\n")
            if long := [k for k, line in enumerate(found) if len(line) > longest] if len(text) > longest else []:
                what = f"the line has more than {longest:,} characters"
                raise InputError(f"{self.where}:{number + long[0]}", what, "give a list or a table, a row per line")
            rest = found.pop()
            number += len(found)
            if number > most + 1:
                raise InputError(self.where, f"has more than {most:,} lines", "give a part of it")
            if found and ("date:" in text or not text.isascii()):
                found = self.visible("\n".join(found)).split("\n")
            yield from found
        yield self.visible(rest)

    def visible(self, text: str) -> str:
        """The text without invisible characters, no-break spaces made spaces; these and dates are taken down."""
        self.dates.update(filter(is_date, DATE.findall(text)))
        self.removed.update(INVISIBLE.findall(text))
        return INVISIBLE.sub(lambda found: " " if found[0].isspace() else "", text)

    @cached_property
    def head(self) -> list[str]:
        """The first thousand lines, or as many as are no longer than one row may be."""
        sizes = accumulate(len(line) for line in islice(self, HEAD))
        return list(islice(self, sum(1 for _ in takewhile(LONGEST_ROW.__ge__, sizes))))

    @property
    def notes(self) -> tuple[str, ...]:
        """Which invisible characters were left out, and of which archive's member the text is."""
        count, kinds = self.removed.total(), ", ".join(unicodedata.name(mark, "").lower() for mark in self.removed)
        removed = f"{count:,} invisible character{'s' * (count != 1)} removed ({kinds})"
        return (removed,) * bool(count) + (f"from {self.member}",) * bool(self.member)

    def undecodable(self, error: UnicodeDecodeError, number: int) -> InputError:
        """The error for bytes that are not in the encoding, with the line of the first."""
        if self.encoding.lower().startswith(("utf-16", "utf-32")):
            return InputError(self.where, f"is cut off or damaged ({self.encoding})", "check --encoding")
        what, remedy = f"byte 0x{error.object[error.start]:02x} is not {self.encoding}", "check --encoding"
        if self.encoding == "UTF-8":
            remedy = "save it as UTF-8, or pass --encoding cp1252 if it is in Latin-1 or from Windows"
            if not error.object.decode("utf-8", "ignore").removeprefix("\ufeff").isascii():
                what += ", though other letters of the file are: encodings are mixed"
                remedy = "convert the odd lines to UTF-8"
        return InputError(f"{self.where}:{number + len(LINE_END.findall(error.object[: error.start]))}", what, remedy)


def is_date(text: str) -> bool:
    """Whether a year, a month like 2020-12 or a day like 2020-12-31 exists."""
    try:
        date.fromisoformat((text + "-01-01")[:10])
    except ValueError:
        return False
    return True


def source_name(source: str) -> str:
    """What to call a source in messages."""
    return "standard input" if source == "-" else source


def open_file(source: str) -> IO[bytes]:
    """A file; what comes through a pipe is held in memory, since it comes once.  FileError, InputError.

    After a second it is said on stderr that a named pipe or a terminal is waited for.
    """
    where, held = source_name(source), io.BytesIO()
    if source == "-" and sys.stdin is None:
        raise FileError(where, "read", "it is closed")
    timer = Timer(PATIENCE, lambda: sys.stderr.write(f"bacterio: waiting for {where}: nobody has written to it\n"))
    timer.daemon = True
    try:
        if source != "-" and not stat.S_ISFIFO(Path(source).stat().st_mode):
            return Path(source).open("rb")
        if source != "-" or sys.stdin.isatty():
            with suppress(RuntimeError):  # where threads are forbidden, nothing is said
                timer.start()
        with nullcontext(sys.stdin.buffer) if source == "-" else Path(source).open("rb") as file:
            held.write(file.read(1))
            timer.cancel()
            held.writelines(pieces(file, where, PIPED))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise FileError(where, "read", error if isinstance(error, OSError) else str(error)) from error
    finally:
        timer.cancel()
    held.seek(0)
    return held


@contextmanager
def opened(source: str, encoding: str | None = None, *, member: str = "", largest: int = LARGEST) -> Iterator[Text]:
    """The text of a source, or of an archive's member, unpacked.

    UTF-8, unless a byte order mark, `encoding` or an Emacs line `-*- coding: latin-1 -*-` says otherwise. Raises
    FileError, UsageError for an unknown `encoding`, InputError for what is damaged, binary or no data at all.
    """
    asked = character_set(encoding) if encoding else None
    if encoding and asked is None:
        raise UsageError(f"--encoding {encoding}: no such encoding; try utf-8, utf-16, latin-1 or cp1252")
    with open_file(source) as raw:
        file, inside = unpack(raw, source_name(source), member, largest)
        yield Text(file, source, inside, asked, largest)


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
    if label := next((label for mark, label in MARKS.items() if data.startswith(mark)), ""):
        return "utf-8-sig" if label == "UTF-8" else label, label
    for line in LINE_END.split(data[:1000], 2)[:2]:
        if asked is None and (found := ANNOUNCED.match(line)):
            name = found[1].decode("ascii", "replace")
            asked = character_set(re.sub("-(unix|dos|mac)$", "", name))
            if asked is None:
                raise InputError(where, f"announces the encoding {name!r}, which is unknown", "pass --encoding")
    asked = asked or "utf-8"
    label = LABELS.get(asked, asked)
    return {"UTF-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(label, asked), label


def refuse_binary(data: bytes, where: str, *, wide: bool) -> None:
    """InputError for a file that is known by its first bytes, or full of NULs."""
    for magics, (what, remedy) in MAGICS.items():
        if data.startswith(magics):
            raise InputError(where, f"seems to be {what}", remedy)
    nuls = data.count(0)
    if wide or data.startswith(tuple(MARKS)) or nuls < 2 or nuls * 10 < len(data):
        return
    for letters, name in ((data[::2], "utf-16-le"), (data[1::2], "utf-16-be")):
        if nuls * 3 > len(data) and 0 not in letters:
            raise InputError(where, "seems to be UTF-16 without a byte order mark", f"pass --encoding {name}")
    raise InputError(where, "is a binary file, not a list of names", LIST)
