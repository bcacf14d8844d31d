"""Packed files: gzip, bzip2, xz, and the one list of a zip or tar archive; read as bounded streams, never unpacked."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import IO, Any

from bacterio_cli.dataset.readers.sources import MEMBERS
from bacterio_cli.errors import FileError, InputError

LARGEST = 2**29  # bytes of a list, unpacked
PIPED = 2**27  # bytes of what is held in memory: from a pipe, or a zip that is packed itself
MOST_MEMBERS = 10_000  # of an archive
AT_ONCE = 2**21  # bytes of the directory of a zip, or of a header of a tar
PIECE = 2**20
SHORTEN = "give a part of it, such as the columns with names and ranks"
OPENERS: dict[bytes, Callable[[Any], Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
DAMAGED = (
    OSError, EOFError, RuntimeError, ValueError, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile,
)  # fmt: skip
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


class Careful:
    """An archive of which no directory or header is read at once if it claims to be huge, and nothing far behind."""

    def __init__(self, file: IO[bytes], where: str, largest: int) -> None:
        self.file, self.where, self.largest = file, where, largest

    def read(self, size: int = -1) -> bytes:
        """So many bytes."""
        if size > AT_ONCE:
            raise InputError(self.where, "is an archive with a damaged or oversized directory", "unpack it first")
        return self.file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go there; in a packed file this unpacks all that lies before."""
        if offset > self.largest:
            raise InputError(self.where, f"is larger than {self.largest // 2**20:,} MiB", SHORTEN)
        return self.file.seek(offset, whence)

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


def pieces(file: IO[bytes], where: str, largest: int) -> Iterator[bytes]:
    """The bytes of a stream; FileError or InputError if they cannot be read, InputError beyond the largest size."""
    total = 0
    with readable(where):
        while piece := file.read(PIECE):
            if (total := total + len(piece)) > largest:
                raise InputError(where, f"is larger than {largest // 2**20:,} MiB", SHORTEN)
            yield piece


def unpack(file: IO[bytes], where: str, member: str, largest: int) -> tuple[IO[bytes], str]:
    """The file, or what is packed in it as a stream, and of an archive the member: the one asked for, else its list."""
    inside = ""
    with readable(where):
        for depth in range(3):  # an archive may be packed, and a member of it too
            head = file.read(512)
            file.seek(0)
            if opener := next((opener for magic, opener in OPENERS.items() if head.startswith(magic)), None):
                file = opener(file)
            elif head[257:262] == b"ustar":
                tar = tarfile.open(fileobj=Careful(file, where, largest), mode="r:")  # noqa: SIM115  closed with its file
                files = {info.name: info for info in bounded(tar, where) if info.isreg()}
                inside = choose(list(files), where, member)
                file = tar.extractfile(files[inside]) or io.BytesIO()
            elif head.startswith(b"PK\x03\x04"):
                held = io.BytesIO(b"".join(pieces(file, where, PIPED))) if depth else file
                archive = zipfile.ZipFile(Careful(held, where, largest))
                names = [info.filename for info in bounded(archive.infolist(), where) if not info.is_dir()]
                inside = choose(names, where, member)
                file = archive.open(inside)
    return file, inside


def bounded(members: Iterable[Any], where: str) -> list[Any]:
    """The members of an archive; InputError if they are too many."""
    found = list(islice(members, MOST_MEMBERS + 1))
    if len(found) > MOST_MEMBERS:
        what = f"is an archive of more than {MOST_MEMBERS:,} files"
        raise InputError(where, what, "unpack it and give one of them")
    return found


def choose(names: Sequence[str], where: str, member: str) -> str:
    """The member to read; InputError for an archive that is a document, or has several lists or none."""
    for mark, (what, remedy) in DOCUMENTS.items():
        if any(re.fullmatch(mark, name) for name in names):
            raise InputError(where, f"seems to be {what}", remedy)
    by_base = {name.rpartition("/")[2].lower(): name for name in reversed(names)}
    known = [by_base[wanted] for wanted in ([member] if member else MEMBERS) if wanted in by_base]
    lists = [name for name in names if not ASIDE.fullmatch(name.rpartition("/")[2]) and "__MACOSX" not in name]
    if known or (len(lists) == 1 and not member):
        return (known or lists)[0]
    what = f"without {member}" if member else f"of {len(lists)} lists ({', '.join(lists[:5])})"
    raise InputError(where, f"is an archive {what}", "unpack it and give one of its files")
