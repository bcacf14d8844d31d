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

# A byte order mark decides; UTF-32 stands first, since its mark begins like that of UTF-16.
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
LABELS = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "utf-16": "UTF-16", "utf-32": "UTF-32", "iso8859-1": "Latin-1"}
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
# Joiners mean something in Persian or Hindi, and nothing beside Latin letters.
INVISIBLE = re.compile(
    "[\xad\u180e\u200b\u200e\u200f\u2060]|(?<=[A-Za-z])[\u200c\u200d]|[\u200c\u200d](?=[A-Za-z])|[\xa0\u2007\u202f]"
)
DATE = re.compile(r"\bdate:\s*(\d{4}(?:-\d\d(?:-\d\d)?)?)\b")
UNDECODED = re.compile("[\udc80-\udcff]")  # what the handler surrogateescape makes of bytes
HEAD = 1000  # lines that show the shape of a text


class Text:
    """A text whose lines can be gone through again and again, decoded as they come.

    `where` is what messages call it, `member` the archive's member that it is, `start` its first characters. Going
    through the lines counts in `removed` the invisible characters left out, and in `dates` the dates in comments.
    """

    def __init__(self, file: Bounded, source: str, member: str, asked: str) -> None:
        self.file, self.source, self.member, self.where = file, source, member, file.where
        self.longest = LONGEST_ROW
        data = file.read(4096)
        asked += "-le" if asked in ("utf-16", "utf-32") else ""
        self.codec = next((codec for mark, codec in MARKS.items() if data.startswith(mark)), asked)
        self.encoding = LABELS.get(self.codec, self.codec)
        self.start = data.decode(self.codec, "ignore")[:1000].lstrip()
        for beginnings, (what, remedy) in KNOWN.items():
            if data.decode("latin-1").startswith(beginnings) or self.start.lower().startswith(beginnings):
                raise InputError(self.where, f"seems to be {what}", remedy)
        if data.count(0) > 1 and data.count(0) >= len(data) / 10 and not self.codec.startswith(("utf-16", "utf-32")):
            what = "is a binary file, not a list of names, or UTF-16 without a byte order mark"
            raise InputError(self.where, what, "pass --encoding utf-16-le or utf-16-be for that")

    def __iter__(self) -> Iterator[str]:
        """The lines without their ends (\\n, \\r\\n or \\r); no-break spaces are made spaces.

        InputError for a line that is too long, for too many, and for bytes that are not in the encoding.
        """
        self.removed: Counter[str] = Counter()
        self.dates: set[str] = set()
        self.file.seek(0)
        decoded, above = io.TextIOWrapper(self.file, self.codec, "surrogateescape"), ""  # the last with other letters
        try:
            for number, line in enumerate(iter(partial(decoded.readline, self.longest + 1), ""), 1):
                if number > MOST_LINES or (len(line) > self.longest and line[-1] != "\n"):
                    what = f"goes beyond {MOST_LINES:,} lines of at most {self.longest:,} characters"
                    raise InputError(f"{self.where}:{number}", what, "give a part of it, with a row per line")
                if line[0] == "#":
                    self.dates.update(filter(is_date, DATE.findall(line)))
                if not line.isascii():
                    if foreign := UNDECODED.search(line):
                        raise self.undecodable(foreign[0], number, above + line[: foreign.start()])
                    above = line
                    self.removed.update(INVISIBLE.findall(line))
                    line = INVISIBLE.sub(lambda found: " " if found[0].isspace() else "", line)
                yield line.removesuffix("\n")
        except UnicodeError as error:
            raise InputError(self.where, f"is cut off or damaged ({self.encoding})", "check --encoding") from error
        finally:
            decoded.detach()

    @cached_property
    def head(self) -> list[str]:
        """The first thousand lines, or those in the first bytes, of which the longest row may have four a letter."""
        return [*takewhile(lambda _: self.file.position < 5 * LONGEST_ROW, islice(self, HEAD))]

    @property
    def notes(self) -> tuple[str, ...]:
        """Which invisible characters were left out, and of which archive's member the text is."""
        count, kinds = self.removed.total(), ", ".join(unicodedata.name(mark, "").lower() for mark in self.removed)
        removed = f"{count:,} invisible character{'s' * (count != 1)} removed ({kinds})"
        return (removed,) * bool(count) + (f"from {self.member}",) * bool(self.member)

    def undecodable(self, byte: str, number: int, before: str) -> InputError:
        """The error for a byte that is not in the encoding: if other letters `before` it are, the file has two."""
        what, remedy = f"byte 0x{ord(byte) - 0xDC00:02x} is not {self.encoding}", "check --encoding"
        if self.encoding == "UTF-8" and not before.isascii():
            what, remedy = f"{what}, though other letters above are: encodings are mixed", "convert the line to UTF-8"
        elif self.encoding == "UTF-8":
            remedy = "save it as UTF-8, or pass --encoding cp1252 if it is in Latin-1 or from Windows"
        return InputError(f"{self.where}:{number}", what, remedy)


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
        b"a".decode(encoding or "utf-8", "ignore")  # which knows what is an encoding of text
    except (LookupError, ValueError) as error:
        raise UsageError(f"--encoding {encoding}: no such encoding; try utf-8, utf-16, latin-1 or cp1252") from error
    where = "standard input" if source == "-" else source
    with open_file(source, where) as raw:
        file, inside = unpacked(raw, where, member, largest, watch)
        yield Text(file, source, inside, codecs.lookup(encoding or "utf-8").name)
