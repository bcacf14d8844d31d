"""Named arrays and one JSON object in a single `.npz`, read without trusting what it says.

The file is an ordinary NumPy archive, `numpy.load(path, allow_pickle=False)` reads it; the JSON is
the member `meta`, UTF-8 in a uint8 array. This module knows arrays and JSON, and nothing of models.
"""

import io
import json
import math
import re
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from bacterio_cli.checkpoint import LARGEST_FILE
from bacterio_cli.checkpoint.atomic_write import atomic_write, require_regular
from bacterio_cli.errors import CheckpointError, ContentsError, FileError

Arrays = dict[str, NDArray[Any]]
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, KeyError, TypeError)
FORMAT = 2
HEADER = re.compile(
    rb"\{'descr': '(<f4|<f8|<i4|<i8|\|u1)', 'fortran_order': False, 'shape': \(([\d, ]{0,99})\), \} *\n"
)
# Bytes that a compressed member unpacks to: as names or as JSON they take up to fifty times as much.
LARGEST_PACKED = 2**23
MOST_PACKED = 2**27  # of all of them together


def save(path: str | Path, arrays: Arrays, meta: dict[str, Any], *, compress: bool = False) -> None:
    """Write the file whole or not at all: a `.npy` member per array, dated 1980, so that they alone decide its bytes.

    Floats are never compressed: a fifteenth is saved, and unpacking takes longer than reading. Nor is what is so large
    that it would not be unpacked again. Raises FileError, and ContentsError for more than is read.
    """
    members = {"meta": np.frombuffer(json.dumps({"format": FORMAT, **meta}).encode(), np.uint8), **arrays}
    size = sum(array.nbytes + 1024 for array in members.values())  # with the headers
    large = f"{path} would hold {size >> 20:,} MiB, more than the {LARGEST_FILE >> 20:,} that are read"
    require(size <= LARGEST_FILE, large)
    with atomic_write(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, array in members.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.asarray(array, order="C"), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy")
            deflate = compress and array.dtype.kind != "f" and buffer.tell() <= LARGEST_PACKED
            info.compress_type = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
            archive.writestr(info, buffer.getvalue())


def load(path: str | Path) -> tuple[Arrays, dict[str, Any]]:
    """(arrays, meta) of a file that `save` wrote.

    Raises FileError if it cannot be read, ContentsError and CheckpointError if it is too large or of another format,
    and one of DAMAGE if it is no such file. Nothing in it is executed; sizes are checked before memory is asked for.
    """
    try:
        require_regular(path)  # a device may have no end, and a pipe no beginning
        with open(path, "rb") as file:
            arrays = read_archive(file)
    except OSError as error:
        raise FileError(path, "read", error) from error
    meta = json.loads(arrays.pop("meta").tobytes().decode())
    version = meta["format"]
    if version != FORMAT:
        remedy = "upgrade bacterio" if version > FORMAT else "train a new one with 'bacterio train'"
        raise CheckpointError(path, f"has format {version}, and this version reads format {FORMAT}", remedy)
    return arrays, meta


def read_archive(file: IO[bytes]) -> Arrays:
    """Every member of an open archive as an array; OSError, ContentsError or one of DAMAGE for what is none."""
    arrays: Arrays = {}
    size = file.seek(0, io.SEEK_END)
    require(size <= LARGEST_FILE, f"is larger than the {LARGEST_FILE >> 20:,} MiB that are read")
    with zipfile.ZipFile(file) as archive:
        check_sizes(archive.infolist(), size)
        for info in archive.infolist():
            name = info.filename.removesuffix(".npy")
            with archive.open(info) as member:  # bounded: read() would unpack more than the size that was checked
                arrays[name] = read_array(name, member.read(info.file_size))
    return arrays


def check_sizes(members: list[zipfile.ZipInfo], size: int) -> None:
    """ValueError for members that claim more than a file of this size may hold, before anything is unpacked."""
    packed = [info.file_size for info in members if info.compress_type == zipfile.ZIP_DEFLATED]
    stored = [info.file_size for info in members if info.compress_type == zipfile.ZIP_STORED]
    bounded = sum(stored) <= size and max(packed, default=0) <= LARGEST_PACKED and sum(packed) <= MOST_PACKED
    if not bounded or len(packed) + len(stored) < len(members):
        raise ValueError("it claims what no checkpoint holds")


def read_array(name: str, data: bytes) -> NDArray[Any]:
    """One `.npy` member of format 1.0: a known dtype, C order, and exactly as many bytes as its shape says.

    The header is matched as text and never evaluated, which numpy.load does with a Python parser.
    """
    start = 10 + int.from_bytes(data[8:10], "little")
    header = HEADER.fullmatch(data[10:start]) if data[:8] == b"\x93NUMPY\x01\x00" else None
    if header is None:
        raise ValueError(f"member {name!r} has a header that no checkpoint has")
    dtype, shape = header[1].decode(), tuple(int(extent) for extent in header[2].replace(b",", b" ").split())
    if math.prod(shape) * np.dtype(dtype).itemsize != len(data) - start:
        raise ValueError(f"member {name!r} does not hold the values that it claims")
    return np.frombuffer(data, dtype, offset=start).reshape(shape)


def require(holds: object, otherwise: str) -> None:
    """ContentsError, with this message, unless it holds."""
    if not holds:
        raise ContentsError(otherwise)
