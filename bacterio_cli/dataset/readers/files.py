"""From a file or standard input to a bounded stream of bytes; gzip, bzip2, xz, zip and tar are unpacked on the way."""

import bz2
import gzip
import io
import lzma
import os
import re
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

from bacterio_cli.dataset import waiting_for
from bacterio_cli.dataset.readers.sources import MEMBERS
from bacterio_cli.errors import FileError, InputError

LARGEST = 2**29  # bytes of a list, unpacked
PIPED = 2**27  # bytes of what comes through a pipe: it is held in memory
MOST_MEMBERS = 10_000  # of an archive
AT_ONCE = 2**21  # bytes of the directory of a zip, or of a header of a tar
PIECE = 2**20
OPENERS: dict[bytes, Callable[[Any], Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
DAMAGED = (OSError, EOFError, RuntimeError, ValueError, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.error)
# Archives that are documents, by a member's name: what each is, and how to get a list out of it.
DOCUMENTS = {
    r"xl/.*": ("an Excel workbook", "save it as CSV"),
    r"content\.xml": ("an OpenDocument file", "save it as CSV"),
    r"word/.*": ("a Word document", "save it as text"),
    r"[0-9a-f-]{36}/VERSION": ("a QIIME 2 artifact", "write it out with: qiime tools export"),
    r".*\.npy": ("a NumPy archive, perhaps a checkpoint", "give a list of names"),
}
# What is no list: hidden files, files about the archive, documents.
ASIDE = re.compile(r"([._].*|(readme|licen[cs]e|citation).*|.*\.(xml|md|html?|ya?ml|pdf|prt|bib|png))", re.I)
Watch = Callable[[str, int, int], object]  # is told what is read, and of its bytes on disk how many are done, and all


class Bounded:
    """A stream of which no more is read than it may have, and nothing at once that claims to be huge.

    InputError for that; FileError or InputError as of `readable`. `at_read` is told the position.
    """

    def __init__(self, file: Any, where: str, largest: int, at_read: Callable[[int], object] = lambda _: None) -> None:
        self.file, self.where, self.largest, self.at_read, self.position = file, where, largest, at_read, 0

    def read(self, size: int = -1) -> bytes:
        """So many bytes."""
        if size > AT_ONCE:
            raise InputError(self.where, "is an archive with a damaged or oversized directory", "unpack it first")
        with readable(self.where):
            data: bytes = self.file.read(size)
        self.reach(self.position + len(data))
        self.at_read(self.position)
        return data

    read1 = read  # by which TextIOWrapper reads

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go there; in a packed file this unpacks all that lies before."""
        self.reach(offset)
        self.position = self.file.seek(offset, whence)
        return self.position

    def close(self) -> None:
        """Stay open for another reading: who opened the file closes it."""

    flush, closed = close, False

    def reach(self, position: int) -> None:
        """Be there; InputError if that is beyond the largest size."""
        if position > self.largest:
            remedy = "give a part of it, such as the columns with names and ranks"
            raise InputError(self.where, f"is larger than {self.largest // 2**20:,} MiB", remedy)
        self.position = position

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


@contextmanager
def readable(where: str) -> Iterator[None]:
    """FileError for what cannot be read for a reason that the system has, InputError for what cannot be unpacked."""
    try:
        yield
    except DAMAGED as error:
        if isinstance(error, OSError) and error.errno:
            raise FileError(where, "read", error) from error
        raise InputError(where, "is a packed file that is cut off, damaged or locked", "fetch it again") from error


def unpacked(raw: IO[bytes], where: str, member: str, largest: int, watch: Watch | None) -> tuple[Bounded, str]:
    """The bytes of a file, or of what is packed in it; of an archive the member too: the one asked for, or its list.

    `watch` is told how far the file is read. FileError, InputError as of Bounded.
    """
    inside = ""
    size = len(raw.getbuffer()) if isinstance(raw, io.BytesIO) else os.fstat(raw.fileno()).st_size
    file: Any = Bounded(raw, where, largest, lambda position: watch and watch(where, position, size))
    with readable(where):
        for depth in range(3):  # an archive may be packed, and a member of it too
            head = file.read(512)
            file.seek(0)
            if opener := next((opener for magic, opener in OPENERS.items() if head.startswith(magic)), None):
                file = Bounded(opener(file), where, largest)
            elif head[257:262] == b"ustar":
                tar = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115  closed with its file
                inside = choose((info.name if info.isreg() else "/" for info in tar), where, member)
                file = Bounded(tar.extractfile(inside), where, largest)
            elif head.startswith(b"PK\x03\x04"):
                while depth and file.read(PIECE):  # it is read from its end, which has to be within the bound
                    pass
                archive = zipfile.ZipFile(file)
                inside = choose(archive.namelist(), where, member)
                file = Bounded(archive.open(inside), where, largest)
    return file, inside


def open_file(source: str, where: str) -> IO[bytes]:
    """A file; what comes through a pipe is held in memory, since it comes once.  FileError, InputError."""
    if source == "-" and sys.stdin is None:
        raise FileError(where, "read", "it is closed")
    try:
        with waiting_for(where, sys.stdin.isatty() if source == "-" else None):
            file = sys.stdin.buffer if source == "-" else Path(source).open("rb")  # noqa: SIM115  closed below
            if source != "-" and file.seekable():
                return file
            first = file.read(1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise FileError(where, "read", error if isinstance(error, OSError) else str(error)) from error
    with nullcontext() if source == "-" else file:
        piped, memory = Bounded(file, where, PIPED), io.BytesIO()
        memory.writelines(chain([first], iter(partial(piped.read, PIECE), b"")))
    memory.seek(0)
    return memory


def choose(members: Iterable[str], where: str, wanted: str) -> str:
    """The member to read, of paths that end in a slash for a folder.

    InputError for an archive that is a document, has too many members, several lists or none.
    """
    found = list(islice(members, MOST_MEMBERS + 1))
    if len(found) > MOST_MEMBERS:
        raise InputError(where, f"is an archive of more than {MOST_MEMBERS:,} files", "unpack it and give one of them")
    names = [name for name in found if not name.endswith("/")]
    for mark, (what, remedy) in DOCUMENTS.items():
        if any(re.fullmatch(mark, name) for name in names):
            raise InputError(where, f"seems to be {what}", remedy)
    expected = [wanted] if wanted else MEMBERS
    bases = {name: name.rpartition("/")[2] for name in names}
    lists = next(filter(None, ([n for n in names if bases[n].lower() == member] for member in expected)), [])
    if not lists and not wanted:
        lists = [name for name in names if not ASIDE.fullmatch(bases[name]) and "__MACOSX" not in name]
    if len(lists) == 1:
        return lists[0]
    what = f"of {len(lists)} lists ({', '.join(lists[:5])})" if lists else f"without {wanted or 'a list'}"
    raise InputError(where, f"is an archive {what}", "unpack it and give one of its files")
