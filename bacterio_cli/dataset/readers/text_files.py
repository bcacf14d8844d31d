"""From bytes to lines of text: encodings, invisible characters, and what is no text at all."""

import codecs
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from functools import cached_property, partial
from itertools import islice, takewhile

from bacterio_cli.dataset import LONGEST_ROW, MOST_LINES
from bacterio_cli.dataset.readers.files import LARGEST, Bounded, Watch, open_file, unpacked
from bacterio_cli.errors import InputError, UsageError

# A byte order mark decides; that of UTF-32 stands first, since it begins like that of UTF-16.
MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe\0\0": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
LIST = "give a text, such as a list with one name a line"
KNOWN = {  # what is no list, by its first bytes as Latin-1 or its first letters: what it is, and what to do
    ("%PDF-",): ("a PDF", LIST),
    ("{\\rtf",): ("an RTF document", "save it as text"),
    ("\x89PNG", "\xff\xd8\xff", "GIF8"): ("a picture", LIST),
    ("\xd0\xcf\x11\xe0",): ("an old Excel or Word file", "save it as CSV"),
    ("\x89HDF",): ("an HDF5 file, perhaps a BIOM table", "write it out with: biom convert --to-tsv"),
    ("7z\xbc\xaf", "Rar!"): ("a 7z or RAR archive", "unpack it first"),
    ("\x28\xb5\x2f\xfd",): ("a zstd file", "unpack it with: zstd -d"),
    ("version https://git-lfs",): ("a Git-LFS pointer, not the file itself", "fetch the file with: git lfs pull"),
    ("<!doctype html", "<html"): ("a web page (HTML), not data", "look at it in a browser, and download it again"),
    ("<?xml",): ("an XML document, not a list or a table", "save the data as CSV or as plain lines"),
}
# Joiners mean something in Persian or Hindi, and nothing behind Latin letters.
INVISIBLE = re.compile("[\xad\u180e\u200b\u200e\u200f\u2060\xa0\u2007\u202f]|(?<![^\0-\u024f])[\u200c\u200d]")
DATE = re.compile(r"\bdate:\s*(\d{4}(?:-\d\d(?:-\d\d)?)?)\b")


class Text:
    """A text whose lines can be gone through again; each time it notes their `dates`, and what is `removed` of them."""

    def __init__(self, file: Bounded, source: str, member: str, codec: str) -> None:
        self.file, self.source, self.member, self.where = file, source, member, file.where
        data, self.longest = file.read(4096), LONGEST_ROW
        codec += "-le" if codec in ("utf-16", "utf-32") else ""
        codec = next((codec for mark, codec in MARKS.items() if data.startswith(mark)), codec)
        self.decoded, self.encoding = io.TextIOWrapper(file, codec), codec.removesuffix("-sig").upper()
        self.start = data.decode(codec, "ignore")[:1000].lstrip()
        for beginnings, (what, remedy) in KNOWN.items():
            if data.decode("latin-1").startswith(beginnings) or self.start.lower().startswith(beginnings):
                raise InputError(self.where, f"seems to be {what}", remedy)
        if data.count(0) > 1 and data.count(0) >= len(data) / 10 and not codec.startswith(("utf-16", "utf-32")):
            raise InputError(self.where, "is a binary file, or UTF-16", "pass --encoding utf-16-le or utf-16-be")

    def __iter__(self) -> Iterator[str]:
        """The lines without ends, no-break spaces made spaces; InputError beyond a limit and for another encoding."""
        self.removed, self.dates, number = Counter[str](), set[str](), 0
        self.decoded.seek(0)
        try:
            for number, line in enumerate(iter(partial(self.decoded.readline, self.longest + 1), ""), 1):
                if number > MOST_LINES or (len(line) > self.longest and line[-1] != "\n"):
                    what = f"goes beyond {MOST_LINES:,} lines of at most {self.longest:,} characters"
                    raise InputError(f"{self.where}:{number}", what, "give a part of it, with a row per line")
                if line[0] == "#":
                    self.dates.update(filter(is_date, DATE.findall(line)))
                if not line.isascii():
                    self.removed.update(INVISIBLE.findall(line))
                    line = INVISIBLE.sub(lambda found: " " if found[0].isspace() else "", line)
                yield line.removesuffix("\n")
        except UnicodeDecodeError as error:
            number += len((error.object[: error.start] + b".").splitlines())
            what = f"byte 0x{error.object[error.start]:02x} is not {self.encoding}"
            remedy = "save it as UTF-8, or pass --encoding cp1252 if it is in Latin-1 or from Windows"
            raise InputError(f"{self.where}:{number}", what, remedy) from error

    @cached_property
    def head(self) -> list[str]:
        """The first thousand lines, or those in the first bytes, of which the longest row may have four a letter."""
        return [*takewhile(lambda _: self.file.position < 5 * LONGEST_ROW, islice(self, 1000))]

    @property
    def notes(self) -> tuple[str, ...]:
        """Which invisible characters were left out, and of which archive's member the text is."""
        count, kinds = self.removed.total(), ", ".join(unicodedata.name(mark, "").lower() for mark in self.removed)
        removed = f"{count:,} invisible character{'s' * (count != 1)} removed ({kinds})"
        return (removed,) * bool(count) + (f"from {self.member}",) * bool(self.member)


def is_date(text: str) -> bool:
    """Whether a year, a month like 2020-12 or a day like 2020-12-31 exists."""
    with suppress(ValueError):
        return bool(date.fromisoformat((text + "-01-01")[:10]))
    return False


@contextmanager
def opened(
    source: str, encoding: str | None = None, *, member: str = "", largest: int = LARGEST, watch: Watch | None = None
) -> Iterator[Text]:
    """The text of a source, or of an archive's member, unpacked; `watch` is told how far it is read.

    UTF-8, unless a byte order mark or `encoding` says otherwise. Raises FileError, UsageError for an unknown
    `encoding`, InputError for what is damaged, binary or no data at all.
    """
    try:
        codec = codecs.lookup(encoding or "utf-8").name
        b"a".decode(codec, "backslashreplace")  # which codecs of other things refuse
    except (LookupError, ValueError) as error:
        raise UsageError(f"--encoding {encoding}: no such encoding; try utf-8, utf-16, latin-1 or cp1252") from error
    where = "standard input" if source == "-" else source
    with open_file(source, where) as raw:
        file, inside = unpacked(raw, where, member, largest, watch)
        yield Text(file, source, inside, codec)
