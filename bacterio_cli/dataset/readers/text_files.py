"""From a path or standard input to lines of text: unpacked, decoded, and refused if it is something else."""

import bz2
import codecs
import gzip
import io
import lzma
import os
import re
import sys
import tarfile
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property, partial
from itertools import islice, takewhile
from typing import Any
from zipfile import ZIP_BZIP2, ZipFile

from bacterio_cli.dataset import LONGEST_ROW, MOST_LINES, is_date, waiting_for
from bacterio_cli.dataset.readers.sources import MEMBERS
from bacterio_cli.errors import BacterioError, FileError, InputError, UsageError

LARGEST = 2**29  # bytes of what is unpacked, or comes through a pipe: it is copied to the disk
DIRECTORY = 2**21  # bytes of the directory of an archive: it is held in memory
OPENERS: dict[bytes, Callable[[Any], Any]] = {b"\x1f\x8b\x08": gzip.open, b"BZh": bz2.open, b"\xfd7z": lzma.open}
KNOWN = {  # what is no list, by its first bytes; those of a zip have the path of its first member in them
    rb"%PDF-|\{\\rtf|\x89PNG|\xff\xd8\xff|GIF8": "a PDF, RTF or picture; give a text with a name per line",
    rb"\xd0\xcf\x11\xe0|PK.{28}(\[Content|_rels/|docProps/|xl/|mimetype)": "an Excel or Office file; save it as CSV",
    rb"\x89HDF|PK.{28}[0-9a-f]{8}-[0-9a-f-]{27}/": "a BIOM or QIIME 2 file; use biom convert or qiime tools export",
    rb"\x28\xb5\x2f\xfd|7z\xbc\xaf|Rar!": "a zstd, 7z or RAR file; unpack it first, a zstd file with: zstd -d",
    rb"version https://git-lfs": "a Git-LFS pointer, not the file itself; fetch the file with: git lfs pull",
    rb"(?i)(\xef\xbb\xbf)?\s*<(!doctype|html|table|\?xml)": "a web page (HTML) or XML; save the list as CSV",
}
# A byte order mark decides; that of UTF-32 stands first, since it begins like that of UTF-16.
MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe\0\0": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
# Joiners mean something in Persian or Hindi, and nothing behind Latin letters.
INVISIBLE = re.compile("[\xad\ufeff\u180e\u200b\u200e\u200f\u2060\xa0\u2007\u202f]|(?<![^\0-\u024f])[\u200c\u200d]")
DATE = re.compile(r"\bdate:\s*(\d{4}(?:-\d\d(?:-\d\d)?)?)\b")
Watch = Callable[[str, int, int], object]  # is told what is read, how many of its bytes are done, and all


class File(io.FileIO):
    """A file on disk that tells `watch` how far it is read, and gives no more bytes than are `left` to be read."""

    def __init__(self, file: str | int, where: str, watch: Watch | None) -> None:
        super().__init__(file)
        self.where, self.watch, self.left = where, watch, sys.maxsize
        self.size = os.fstat(self.fileno()).st_size  # 0 of pipes and devices

    def read(self, size: int | None = -1, /) -> bytes:
        """So many bytes; ValueError for more than are left."""
        if size is not None and size > self.left:
            raise ValueError("too many files, or a damaged directory")
        data = super().read(size) or b""
        self.left -= len(data)
        if self.watch and self.size:
            self.watch(self.where, self.tell(), self.size)
        return data


class Text:
    """A text whose lines can be gone through again; each time it notes their `dates`, and what is `removed` of them."""

    def __init__(self, file: File, source: str, member: str, codec: str) -> None:
        self.file, self.source, self.member, self.where = file, source, member, file.where
        data, self.longest = file.read(4096), LONGEST_ROW
        codec += "-le" if codec in ("utf-16", "utf-32") else ""
        codec = next((codec for mark, codec in MARKS.items() if data.startswith(mark)), codec)
        if data.count(0) > 1 and data.count(0) >= len(data) / 10 and not codec.startswith(("utf-16", "utf-32")):
            raise InputError(self.where, "is a binary file, or UTF-16", "pass --encoding utf-16-le or utf-16-be")
        self.decoded, self.encoding = io.TextIOWrapper(file, codec), codec.removesuffix("-sig").upper()
        self.start = data.decode(codec, "ignore")[:1000].lstrip()

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
        return [*takewhile(lambda _: self.file.tell() < 5 * LONGEST_ROW, islice(self, 1000))]

    @property
    def notes(self) -> tuple[str, ...]:
        """Which invisible characters were left out, and of which archive's member the text is."""
        count, kinds = self.removed.total(), ", ".join(unicodedata.name(mark, "").lower() for mark in self.removed)
        removed = f"{count:,} invisible character{'s' * (count != 1)} removed ({kinds})"
        return (removed,) * bool(count) + (f"from {self.member}",) * bool(self.member)


@contextmanager
def opened(source: str, encoding: str | None = None, *, member: str = "", watch: Watch | None = None) -> Iterator[Text]:
    """The text of a source, or of an archive's member, in UTF-8 unless `encoding` or a byte order mark says otherwise.
    FileError; UsageError for an unknown encoding; InputError for what is damaged, binary or no data at all."""
    piped = source == "-"
    where, inside = "standard input" if piped else source, ""
    try:
        codec = codecs.lookup(encoding or "utf-8").name
        b"a".decode(codec, "backslashreplace")  # which codecs of other things refuse
    except (LookupError, ValueError) as error:
        raise UsageError(f"--encoding {encoding}: no such encoding; try utf-8, utf-16, latin-1 or cp1252") from error
    if piped and sys.stdin is None:
        raise FileError(where, "read", "it is closed")
    with ExitStack() as stack:
        try:
            with waiting_for(where, sys.stdin.isatty() if piped else None):
                stream: Any = sys.stdin.buffer if piped else stack.enter_context(File(source, where, watch))
                piped = piped or not stream.seekable()
                first = stream.read(1) if piped else b""
            file = stack.enter_context(copied(stream, where, watch, first)) if piped else stream
            for _ in range(3):  # an archive may be packed, and a member of it too
                stream, name = packed_in(file, member)
                if stream is None:
                    break
                file, inside = stack.enter_context(copied(stream, where, watch)), name or inside
        except BacterioError:
            raise
        except Exception as error:  # of the many kinds that damaged files raise
            if isinstance(error, OSError) and error.errno:
                raise FileError(where, "read", error) from error
            what = f"cannot be unpacked ({str(error) or 'it is cut off'})"
            raise InputError(where, what, "fetch it again, or unpack it first") from error
        yield Text(file, source, inside, codec)


def copied(stream: Any, where: str, watch: Watch | None, first: bytes = b"") -> File:
    """A stream as a file without a name, which is gone once it is closed; InputError if it is too large."""
    with tempfile.TemporaryFile() as copy:
        copy.write(first)
        while piece := stream.read(2**16):
            copy.write(piece)
            if copy.tell() > LARGEST:
                raise InputError(where, f"is larger than {LARGEST // 2**20:,} MiB", "give a part of it as a plain file")
        copy.seek(0)
        return File(os.dup(copy.fileno()), where, watch)


def packed_in(file: File, wanted: str) -> tuple[Any, str]:
    """(the stream that is packed in a file or None, the member of an archive that it is).  InputError for no list."""
    head, lists = file.read(512), list[str]()
    file.seek(0)
    for sign, what in KNOWN.items():
        if re.match(sign, head, re.DOTALL):
            raise InputError(file.where, f"seems to be {what}")
    if opener := OPENERS.get(head[:3]):
        return opener(file), ""
    if head[257:262] != b"ustar" and not head.startswith(b"PK\x03\x04"):
        return None, ""
    file.left = DIRECTORY
    if head.startswith(b"PK"):
        packed = ZipFile(file)  # of which bzip2 and what came later is left out: it unpacks to any size at once
        members: Any = {i.filename: partial(packed.open, i) for i in packed.infolist() if i.compress_type < ZIP_BZIP2}
    else:
        tar = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115  closed with its file
        members = {info.name: partial(tar.extractfile, info) for info in tar if info.isreg()}
    file.left = sys.maxsize
    for base in [wanted] if wanted else MEMBERS:
        lists = lists or [name for name in members if re.fullmatch(base, name.rpartition("/")[2], re.IGNORECASE)]
    if len(lists) == 1:
        return members[lists[0]](), lists[0]
    what = f"of {len(lists):,} lists ({', '.join(lists[:5])})" if lists else f"without {wanted or 'a list'}"
    raise InputError(file.where, f"is an archive {what}", "unpack it and give one of its files")
