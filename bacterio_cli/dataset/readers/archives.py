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
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any

from bacterio_cli.dataset.readers.sources import MEMBERS
from bacterio_cli.errors import FileError, InputError

LARGEST = 2**29  # bytes of a list, unpacked
PIPED = 2**27  # bytes of what is held in memory: from a pipe, or a zip that is packed itself
MOST_MEMBERS = 10_000  # of an archive
AT_ONCE = 2**21  # bytes of the directory of a zip, or of a header of a tar
PIECE = 2**20
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
    """A file that refuses to read the directory or a header of an archive at once if it claims to be huge."""

    def __init__(self, file: IO[bytes], refusal: InputError) -> None:
        self.file, self.refusal = file, refusal

    def read(self, size: int = -1) -> bytes:
        """So many bytes."""
        if size > AT_ONCE:
            raise self.refusal
        return self.file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


def too_large(where: str, largest: int) -> InputError:
    """The error for a list or an archive that is longer than may be."""
    remedy = "give a part of it, such as the columns with names and ranks"
    return InputError(where, f"is larger than {largest // 2**20:,} MiB", remedy)


def crowded(where: str) -> InputError:
    """The error for an archive with too many members."""
    return InputError(where, f"is an archive of more than {MOST_MEMBERS:,} files", "unpack it and give one of them")


def pieces(file: IO[bytes], where: str, largest: int) -> Iterator[bytes]:
    """The bytes of a stream; FileError or InputError if they cannot be read, InputError beyond the largest size."""
    total = 0
    try:
        while piece := file.read(PIECE):
            if (total := total + len(piece)) > largest:
                raise too_large(where, largest)
            yield piece
    except DAMAGED as error:
        raise damaged(where, error) from error


def damaged(where: str, error: Exception) -> InputError | FileError:
    """The error for what cannot be unpacked, or not be read at all for a reason that the system has."""
    if isinstance(error, OSError) and error.errno:
        return FileError(where, "read", error)
    return InputError(where, "is a packed file that is cut off, damaged or locked", "fetch it again")


def unpack(file: IO[bytes], where: str, member: str, largest: int) -> tuple[IO[bytes], str]:
    """The file, or what is packed in it as a stream, and of an archive the member: the one asked for, else its list."""
    inside = ""
    try:
        for depth in range(3):  # an archive may be packed, and a member of it too
            head = file.read(512)
            file.seek(0)
            if opener := next((opener for magic, opener in OPENERS.items() if head.startswith(magic)), None):
                file = opener(file)
            elif head[257:262] == b"ustar":
                oversized = InputError(where, "is a tar archive with a damaged or oversized header", "fetch it again")
                tar = tarfile.open(fileobj=Careful(file, oversized), mode="r:")  # noqa: SIM115  closed with its file
                files = {info.name: info for info in listed(tar, where, largest) if info.isreg()}
                inside = choose(list(files), where, member)
                file = tar.extractfile(files[inside]) or io.BytesIO()
            elif head.startswith(b"PK\x03\x04"):
                file = io.BytesIO(b"".join(pieces(file, where, PIPED))) if depth else file
                packed = zipfile.ZipFile(Careful(file, crowded(where)))
                if len(packed.infolist()) > MOST_MEMBERS:
                    raise crowded(where)
                inside = choose([info.filename for info in packed.infolist() if not info.is_dir()], where, member)
                file = packed.open(inside)
    except DAMAGED as error:
        raise damaged(where, error) from error
    return file, inside


def listed(tar: tarfile.TarFile, where: str, largest: int) -> Iterator[tarfile.TarInfo]:
    """The members of a tar archive; InputError if they are too many or too large to be passed over."""
    for count, info in enumerate(tar):
        if count == MOST_MEMBERS:
            raise crowded(where)
        if info.offset_data + info.size > largest:
            raise too_large(where, largest)
        yield info


def choose(names: Sequence[str], where: str, member: str) -> str:
    """The member to read; InputError for an archive that is a document, or has several lists or none."""
    for mark, (what, remedy) in DOCUMENTS.items():
        if any(re.fullmatch(mark, name) for name in names):
            raise InputError(where, f"seems to be {what}", remedy)
    by_base = {name.rpartition("/")[2].lower(): name for name in reversed(names)}
    known = [by_base[wanted] for wanted in ([member] if member else MEMBERS) if wanted in by_base]
    lists = [name for name in names if not ASIDE.fullmatch(name.rpartition("/")[2]) and "__MACOSX" not in name]
    if known or (len(lists) == 1 and not member):
        return known[0] if known else lists[0]
    what = f"without {member}" if member else f"of {len(lists)} lists ({', '.join(lists[:5])})"
    raise InputError(where, f"is an archive {what}", "unpack it and give one of its files")
