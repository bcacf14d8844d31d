"""The archive under a checkpoint: plain arrays and JSON, read without trusting what it says."""

import io
import os
import tracemalloc
import zipfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bacterio_cli.checkpoint import archive
from bacterio_cli.checkpoint.archive import Arrays
from bacterio_cli.errors import ContentsError, FileError

CONTENTS: tuple[Arrays, dict[str, Any]] = (
    {"E": np.arange(6, dtype=np.float32).reshape(2, 3), "k": np.array(7)},
    {"a": [1, "é"]},
)
STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
LOCAL, DIRECTORY, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"  # marks of a zip archive's records


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An archive of two arrays and a little metadata, compressed."""
    archive.save(tmp_path / "m.npz", *CONTENTS, compress=True)
    return tmp_path / "m.npz"


def refused(path: Path, message: str = ".") -> None:
    """Reading the file is an error that a damaged file may lead to, with this message."""
    with pytest.raises((*archive.DAMAGE, ContentsError, FileError), match=message):
        archive.load(path)


def patch(path: Path, mark: bytes, offset: int, value: bytes) -> None:
    """Overwrite bytes of the archive's first record of a kind."""
    data = bytearray(path.read_bytes())
    start = data.index(mark) + offset
    data[start : start + len(value)] = value
    path.write_bytes(data)


@pytest.mark.parametrize(("compress", "packed"), [(False, set()), (True, {"count.npy", "fits.npy", "meta.npy"})])
def test_what_is_compressed(compress: bool, packed: set[str], path: Path) -> None:
    """If asked for, what is no float and would be unpacked again; all is read as it was."""
    long = np.zeros(archive.LARGEST_PACKED - 127, np.uint8)  # a byte too long, with its header
    arrays = {"E": np.zeros((40, 30), np.float32), "count": np.zeros(999, np.int32), "fits": long[1:], "long": long}
    archive.save(path, arrays, {}, compress=compress)
    with zipfile.ZipFile(path) as written:
        assert {entry.filename for entry in written.infolist() if entry.compress_type != STORED} == packed
    read, _ = archive.load(path)
    assert all(np.array_equal(read[name], array) for name, array in arrays.items())


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([(60, STORED), (40, STORED), (2**23, DEFLATED)], ""),
        ([(60, STORED), (41, STORED)], "claims what no checkpoint holds"),
        ([(2**23 + 1, DEFLATED)], "claims what no checkpoint holds"),
        ([(2**23, DEFLATED)] * 16, ""),
        ([(60, STORED), (40, zipfile.ZIP_LZMA)], "claims what no checkpoint holds"),
        ([(2**23, DEFLATED)] * 16 + [(1, DEFLATED)], "claims what no checkpoint holds"),
    ],
)
def test_a_file_holds_no_more_than_its_size_allows(members: list[tuple[int, int]], message: str) -> None:
    """Stored members together its own size, a hundred bytes here; a packed one 8 MiB, and all of them 128 MiB."""
    directory = [zipfile.ZipInfo("x.npy") for _ in members]
    for entry, (claimed, method) in zip(directory, members, strict=True):
        entry.file_size, entry.compress_type = claimed, method
    with pytest.raises(ValueError, match=message) if message else nullcontext():
        archive.check_sizes(directory, 100)


def test_a_member_that_unpacks_to_more_than_it_claims_is_damage(path: Path) -> None:
    """Of a member that claims 1,000 bytes no more are unpacked, however many it holds."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("meta.npy", bytes(50_000_000))
    patch(path, DIRECTORY, 24, (1000).to_bytes(4, "little"))
    tracemalloc.start()
    refused(path)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("mark", "offset", "value"),
    [(LOCAL, 45, b"\xff" * 15), (DIRECTORY, 42, b"\xff\xff\xff\x7f"), (DIRECTORY, 8, b"\x01\x00"), (END, 18, b"\x40")],
    ids=["deflated data", "member beyond the end", "encrypted", "directory before the beginning"],
)
def test_whatever_zipfile_raises_is_damage(mark: bytes, offset: int, value: bytes, path: Path) -> None:
    """For its records or for what is packed, the file is to blame, and no fault of the disk."""
    patch(path, mark, offset, value)
    refused(path)


@pytest.mark.parametrize(
    ("descr", "fortran", "shape"),
    [
        ("'<f4'", True, "(2, 3)"),
        ("'<f4'", False, "(-6,)"),
        *(("'<f4'", False, shape) for shape in ("(7,)", "(5,)", "(9999999999,)")),
        *((descr, False, "(6,)") for descr in ("'|O'", "'<f2'", "[('a', '<f4')]", "__import__('os').abort()")),
    ],
)
def test_a_hostile_array_header_is_refused(descr: str, fortran: bool, shape: str, path: Path) -> None:
    """A header that no NumPy wrote is never evaluated, and six numbers are neither seven nor five."""
    header = f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n".encode()
    with zipfile.ZipFile(path, "w") as written:
        written.writestr("meta.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(24))
    refused(path, "member 'meta' (has a header that no checkpoint has|does not hold the values that it claims)")


def test_the_length_of_an_array_header_is_two_bytes() -> None:
    """A member is what its array was; with another byte in its version or its length, its header is unknown."""
    file = io.BytesIO()
    np.save(file, np.arange(6, dtype=np.int32).reshape(2, 3))
    np.testing.assert_array_equal(archive.read_array("x", file.getvalue()), [[0, 1, 2], [3, 4, 5]])
    for place in (6, 7, 8, 9):
        data = bytearray(file.getvalue())
        data[place] += 1
        with pytest.raises(ValueError, match="member 'x' has a header that"):
            archive.read_array("x", bytes(data))


def test_no_file_is_larger_than_what_is_read(path: Path) -> None:
    """One byte more is refused before it is read, and would not have been written."""
    for size, message in ((2**30, "File is not a zip file"), (2**30 + 1, "is larger than the 1,024 MiB")):
        os.truncate(path, size)  # of which the disk holds nothing
        refused(path, f"^{message}")
    large = np.broadcast_to(np.float32(0), 2**28)  # nor memory of this
    with pytest.raises(ContentsError, match=r"m2 would hold 1,024 MiB, more than the 1,024 that are read"):
        archive.save(path.with_name("m2"), {"E": large}, {})
    assert not path.with_name("m2").exists()


@pytest.mark.parametrize("meta", [b"{", b"[1]", b"{}", b'{"format": [2]}', b'{"format": "2"}'], ids=repr)
def test_metadata_without_a_format_is_damage(meta: bytes, path: Path) -> None:
    """No JSON, no object, none in it, and what is no number."""
    np.savez(path, meta=np.frombuffer(meta, np.uint8))
    refused(path)


NO_FILE = "it is a directory, a device or a pipe, not a file"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("none", "No such file or directory"), *((name, NO_FILE) for name in (".", "pipe", "/dev/zero"))],
)
def test_a_file_that_cannot_be_read_is_named(name: str, reason: str, tmp_path: Path) -> None:
    """The path and the reason; nothing without an end is read, and no pipe waited for."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError) as caught:
        archive.load(tmp_path / name)
    assert str(caught.value) == f"cannot read {tmp_path / name}: {reason}"
