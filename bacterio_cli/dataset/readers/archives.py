"""Packed files: gzip, bzip2, xz, and the one list of a zip or tar archive. Read in memory, bounded, never unpacked."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from typing import IO, Any

from bacterio_cli.dataset.readers.sources import MEMBERS
from bacterio_cli.errors import InputError

LARGEST = 2**30  # bytes of a list or an archive, unpacked
MOST = 10_000  # members of an archive that are looked at
OPENERS: dict[bytes, Callable[[Any], Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
DAMAGED = (OSError, EOFError, RuntimeError, ValueError, MemoryError, zlib.error, lzma.LZMAError, tarfile.TarError)
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


def limited(file: IO[bytes], where: str, largest: int) -> bytes:
    """All that is left of a file; InputError if that is more than `largest`."""
    data = file.read(largest + 1)
    if len(data) > largest:
        raise InputError(where, f"is larger than {largest // 2**20:,} MiB", "give a list of names, or a part of it")
    return data


def unpack(data: bytes, where: str, member: str = "", largest: int = LARGEST) -> tuple[bytes, str]:
    """The data, or what is packed in it, and of an archive the member that it was: the one asked for, else its list."""
    inside = ""
    try:
        for _ in range(3):  # an archive may be packed, and a member of it too
            if opener := next((opener for magic, opener in OPENERS.items() if data.startswith(magic)), None):
                data = limited(opener(io.BytesIO(data)), where, largest)
            elif data[257:262] == b"ustar":
                with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
                    files = {info.name: info for _, info in zip(range(MOST), tar, strict=False) if info.isreg()}
                    inside = choose(list(files), where, member)
                    data = limited(tar.extractfile(files[inside]) or io.BytesIO(), where, largest)
            elif data.startswith(b"PK\x03\x04"):
                with zipfile.ZipFile(io.BytesIO(data)) as packed:
                    inside = choose([i.filename for i in packed.infolist()[:MOST] if not i.is_dir()], where, member)
                    with packed.open(inside) as file:
                        data = limited(file, where, largest)
    except (*DAMAGED, zipfile.BadZipFile) as error:
        raise InputError(where, "is a packed file that is cut off, damaged or locked", "fetch it again") from error
    return data, inside


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
