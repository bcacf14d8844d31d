"""Hostile archives: a sound checkpoint damaged at the level of bytes, members and arrays.

Each kind of damage takes a generator of random numbers, a sound checkpoint and another one, as bytes, and returns the
contents of a hostile file.
"""

import io
import os
import pickle
import struct
import warnings
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

from bacterio_cli.checkpoint.archive import read_archive

MARKER = "pickle-was-run"
Rng = np.random.Generator
Members = list[tuple[str, bytes]]


def unpacked(data: bytes) -> Members:
    """The members of an archive, as bytes."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def packed(members: Members, method: int = zipfile.ZIP_STORED) -> bytes:
    """Members as an archive in good order."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as archive:
        warnings.simplefilter("ignore")  # of a name that stands twice
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            archive.writestr(info, data)
    return buffer.getvalue()


def npy(array: np.ndarray, *, pickled: bool = False) -> bytes:
    """An array as a `.npy` member."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=pickled)
    return buffer.getvalue()


def under_header(words: bytes, body: bytes) -> bytes:
    """A member with a header of one's own words."""
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(words)) + words + body


def change(data: bytes, name: str, to: Callable[[bytes], bytes]) -> bytes:
    """The archive with one member replaced."""
    return packed([(n, to(d) if n == name else d) for n, d in unpacked(data)])


def pick(rng: Rng, items: Any) -> Any:
    """One of them."""
    return items[int(rng.integers(len(items)))]


def flips(rng: Rng, data: bytes, _: bytes) -> bytes:
    """One to 16 bits flipped, anywhere or in the directory at the end."""
    damaged = bytearray(data)
    begin = data.index(b"PK\x01\x02") if rng.random() < 0.5 else 0
    for at in rng.integers(begin, len(data), rng.integers(1, 17)):
        damaged[at] ^= 1 << int(rng.integers(8))
    return bytes(damaged)


def cuts(rng: Rng, data: bytes, _: bytes) -> bytes:
    """Cut short, or a stretch left out, doubled or overwritten."""
    i, j = sorted(rng.integers(0, len(data), 2).tolist())
    kept = [data[:i], data[:i] + data[j:], data[:j] + data[i:], data[:i] + rng.bytes(j - i) + data[j:], data[i:]]
    return pick(rng, kept)


def fields(rng: Rng, data: bytes, _: bytes) -> bytes:
    """Numbers of the archive's own records replaced by extremes."""
    damaged = bytearray(data)
    mark = pick(rng, (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"))
    places = [k for k in range(len(data)) if data.startswith(mark, k)]
    for _ in range(rng.integers(1, 4)):
        at = pick(rng, places) + int(rng.integers(4, 46))
        value = pick(rng, (b"\0\0", b"\xff\xff", b"\xff\xff\xff\xff", b"\0\0\0\x80", b"\1\0", rng.bytes(4)))
        damaged[at : at + len(value)] = value
    return bytes(damaged[: len(data)])


def spliced(rng: Rng, data: bytes, other: bytes) -> bytes:
    """Members of another checkpoint among its own, under their names or under others'."""
    mine, theirs = unpacked(data), unpacked(other)
    for _ in range(rng.integers(1, 5)):
        k, (name, member) = int(rng.integers(len(mine))), pick(rng, theirs)
        mine[k] = (mine[k][0] if rng.random() < 0.6 else name, member)
    return packed(mine)


def members(rng: Rng, data: bytes, _: bytes) -> bytes:
    """Members missing, twice, or under unheard-of names."""
    mine = unpacked(data)
    for _ in range(rng.integers(1, 4)):
        k = int(rng.integers(len(mine)))
        names = ("../../etc/x.npy", "E", "", "a" * 60000 + ".npy", "\x1b[2J.npy", "net1.E.npy", "resume.\u202e.npy")
        extra = [[], [mine[k], mine[k]], [(pick(rng, names), mine[k][1])]]
        mine[k : k + 1] = pick(rng, extra)
        if not mine:
            break
    return packed(mine)


FORGED = (  # dtype, order and shape
    ("'<f4'", "True", "3, 1"), ("'<f4'", "False", "-1,"), ("'<f4'", "False", "9999999999, 9999999999"),
    ("'<f4'", "False", "4611686018427387904, 4"), ("'<f4'", "False", "0, 99999999999999999999"),
    ("'<f4'", "False", "99999999999999999999999999, 0"), ("'<f4'", "False", "0, " * 33), ("'<f4'", "False", "1 " * 49),
    ("'<f4'", "False", ",,,"), ("'<f4'", "False", "3 3"), ("'|O'", "False", "1,"), ("[('a', '<f4')]", "False", "1,"),
    ("'|V4'", "False", "1,"),
)  # fmt: skip
HEADERS = (
    *(f"{{'descr': {d}, 'fortran_order': {o}, 'shape': ({s}), }}\n".encode() for d, o, s in FORGED),
    f"__import__('os').system('touch {MARKER}')\n".encode(), b"{" * 60000, b"\xff\xfe" * 40, b"",
)  # fmt: skip


def headers(rng: Rng, data: bytes, _: bytes) -> bytes:
    """A forged header on one member, before its own bytes, none, or zeros."""
    name, member = pick(rng, unpacked(data))
    body = pick(rng, (member[10 + int.from_bytes(member[8:10], "little") :], b"", b"\0" * 4))
    forged = under_header(pick(rng, HEADERS), body)
    return change(data, name, lambda _: pick(rng, (forged, forged, forged[:9], b"\x93NUMPY\x02\x00" + forged[8:])))


def shapes(rng: Rng, data: bytes, _: bytes) -> bytes:
    """The same values under other shapes: flat, deeper, none, transposed."""
    name, array = pick(rng, list(read_archive(io.BytesIO(data)).items()))
    n = array.size
    other = pick(rng, ((n,), (n, 1), (1, n), (1,) * 20 + (n,), (*array.shape[::-1],), (n, 1, 1)))
    value = pick(rng, (array.reshape(other), array.ravel()[:0], array.ravel()[:1].squeeze(), array.ravel()[:-1]))
    return change(data, f"{name}.npy", lambda _: npy(value))


class Evil:
    """Unpickled, it leaves a mark."""

    def __reduce__(self) -> Any:
        return os.mkdir, (MARKER,)


def pickles(rng: Rng, data: bytes, _: bytes) -> bytes:
    """A pickle that leaves a mark: as an object array, as a bare member, as the whole file, or before it."""
    name, _ = pick(rng, unpacked(data))
    evil = np.empty(1, object)
    evil[0] = Evil()
    bare, array = pickle.dumps(Evil()), npy(evil, pickled=True)
    in_place = change(data, name, lambda _: pick(rng, (bare, array)))
    return pick(rng, (in_place, in_place, in_place, bare, array, bare + data))


def dtypes(rng: Rng, data: bytes, _: bytes) -> bytes:
    """A member in another type, known or unknown."""
    name, array = pick(rng, list(read_archive(io.BytesIO(data)).items()))
    kind = pick(rng, ("<f8", "<f4", "<i8", "<i4", "|u1", "<f2", ">f4", "<c16", "|b1", "<U3", "|S2", "<M8[s]", "<u8"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        changed = npy(array.astype(kind) if rng.random() < 0.7 else np.zeros(array.shape, kind))
    return change(data, f"{name}.npy", lambda _: changed)


def values(rng: Rng, data: bytes, _: bytes) -> bytes:
    """NaN, infinities and extremes among the numbers, and integers that wrap around."""
    arrays = read_archive(io.BytesIO(data))
    wanted = [
        n for n, a in arrays.items() if a.size and n != "meta" and (rng.random() < 0.5 or "." not in n or "table" in n)
    ]
    name = pick(rng, wanted or ["E"])
    array = arrays[name].copy()
    whole = array.dtype.kind != "f"
    top = np.iinfo(array.dtype) if whole else np.finfo(array.dtype)
    extremes = [0, 1, top.max, top.min, *((255, 10) if whole else (np.nan, np.inf, -np.inf, -1, 1e-40))]
    for at in rng.integers(0, array.size, rng.integers(1, 6)):
        array.reshape(-1)[at] = pick(rng, extremes)
    if name.endswith(".first") and rng.random() < 0.5:  # differences that wrap around to small positive numbers
        array[1:4] = 2**31 - 1, -(2**31), -1
    return change(data, f"{name}.npy", lambda _: npy(array))


def claims(rng: Rng, _: bytes, __: bytes) -> bytes:
    """About 1 KB that claims 100 GB, packed or not, with a header that claims them too."""
    size = pick(rng, (100 * 10**9, 2**32, 2**31, 10**9, 2**63))
    body = under_header(b"{'descr': '|u1', 'fortran_order': False, 'shape': (%d,), }\n" % size, b"\0" * 900)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", pick(rng, (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))) as archive:
        packed = archive.compression == zipfile.ZIP_DEFLATED
        archive.writestr("meta.npy", body + b"\0" * (2**20 if packed else 0))
        archive.infolist()[0].file_size = size  # written to the directory at the end, in the long form if it must be
    return buffer.getvalue()
