"""Named arrays and one JSON object in a single `.npz`; written whole or not at all, read without trust.

The file is an ordinary NumPy archive, `numpy.load(path, allow_pickle=False)` reads it; the JSON is
the member `meta`, UTF-8 in a uint8 array. This module knows arrays and JSON, and nothing of models.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from bacterio_cli.errors import CheckpointError, FileError

Arrays = dict[str, NDArray[Any]]
FORMAT = 1
ALLOWED_DTYPES = ("<f4", "<f8", "<i8", "|u1", "|b1")
LARGEST = 2**31  # bytes of all members together; a model of 20 million parameters with its moments has a tenth


def save(path: str | Path, arrays: Arrays, meta: dict[str, Any], *, compress: bool = False) -> None:
    """Write aside, fsync, rename: readers see the old file or the new one, never a half.

    A symbolic link stays one: what it points to is replaced. Equal contents give equal bytes, for no
    time enters the file. Raises FileError, with the old file untouched and nothing left beside it.
    """
    target = Path(os.path.realpath(path))
    members = {"meta": np.frombuffer(json.dumps({"format": FORMAT, **meta}).encode(), np.uint8), **arrays}
    temporary = None
    try:
        if target.is_dir():
            raise IsADirectoryError(None, "it is a directory")
        with tempfile.NamedTemporaryFile(
            dir=target.parent, prefix=f".{target.name}.", suffix=".tmp", delete=False
        ) as file:
            temporary = file.name
            write_archive(file, members, compress)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~current_umask())
        os.replace(temporary, target)
    except OSError as error:
        raise FileError(
            path, "write", error, "the file that stood there is untouched; choose another place with --out"
        ) from error
    else:
        temporary = None
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def probe(path: str | Path) -> None:
    """FileError now, rather than after hours of work, if nothing can be written at `path`."""
    target = Path(os.path.realpath(path))
    try:
        if target.is_dir():
            raise IsADirectoryError(None, "it is a directory")
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise FileError(path, "write", error, "choose another place with --out") from error


def current_umask() -> int:
    """The process's file mode mask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_archive(file: Any, members: Arrays, compress: bool) -> None:
    """One `.npy` member an array, dated 1980, so that bytes depend on contents alone."""
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in members.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.asarray(array, order="C"), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy")
            info.compress_type = method
            archive.writestr(info, buffer.getvalue())


def load(path: str | Path) -> tuple[Arrays, dict[str, Any]]:
    """(arrays, meta) of a file that `save` wrote.

    Raises FileError if it cannot be read, CheckpointError, with what is wrong, if it is no such file.
    Nothing in it is executed, and sizes are checked before memory is asked for.
    """
    try:
        with open(path, "rb") as file:
            arrays = read_archive(path, file)
    except OSError as error:
        raise FileError(path, "read", error) from error
    if "meta" not in arrays:
        raise CheckpointError(path, "is a NumPy archive, but not a checkpoint of this program")
    try:
        meta = json.loads(arrays.pop("meta").tobytes().decode())
        version = meta["format"]
        if not isinstance(version, int):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(
            path, "its metadata cannot be read: not a checkpoint of this program, or damaged"
        ) from error
    if version > FORMAT:
        raise CheckpointError(path, f"has format {version}, and this version reads up to {FORMAT}", "upgrade bacterio")
    return arrays, meta


def read_archive(path: str | Path, file: BinaryIO) -> Arrays:
    """Every member of the archive as an array; CheckpointError for anything out of the ordinary."""
    if not zipfile.is_zipfile(file):
        empty = os.fstat(file.fileno()).st_size == 0
        raise CheckpointError(path, "is empty" if empty else "is not a checkpoint, or was cut short")
    arrays: Arrays = {}
    try:
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
            if sum(info.file_size for info in infos) > LARGEST:
                raise CheckpointError(path, f"claims more than {LARGEST:,} bytes of contents: damaged or hostile")
            for info in infos:
                name = info.filename.removesuffix(".npy")
                if name in arrays or name == info.filename:
                    raise CheckpointError(path, f"has an unexpected member {info.filename!r}")
                arrays[name] = read_array(path, name, archive.read(info))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise CheckpointError(path, f"is damaged ({error})") from error
    return arrays


def read_array(path: str | Path, name: str, data: bytes) -> NDArray[Any]:
    """One `.npy` member: a known dtype, C order, and exactly as many bytes as its shape says."""
    stream = io.BytesIO(data)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError(f"member {name!r} has an unknown header")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    size = 1
    for extent in shape:
        size *= extent
    if dtype.str not in ALLOWED_DTYPES or fortran or min(shape, default=1) < 0:
        raise CheckpointError(path, f"its member {name!r} has dtype {dtype}, which no checkpoint has")
    if size * dtype.itemsize != len(data) - stream.tell():
        raise ValueError(f"member {name!r} does not hold the {size:,} values that it claims")
    return np.frombuffer(data, dtype, offset=stream.tell()).reshape(shape)
