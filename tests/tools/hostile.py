"""Hostile checkpoints, thousands of them, and the worker process that opens them under limits.

    python tests/hostile.py FOLDER SEED FIRST END     (started by `soak.py`; prints one JSON object)

File k of a seed is always the same: its kind and all that is random in it come from default_rng([seed, k]).
"""

from __future__ import annotations

import copy
import io
import json
import os
import pickle
import resource
import signal
import struct
import sys
import time
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from support.processes import NAMES, begin, finish

from bacterio_cli.checkpoint import archive as checkpoint
from bacterio_cli.checkpoint import checkpoint as trained
from bacterio_cli.cli.commands.info import info
from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.errors import BacterioError, UsageError
from bacterio_cli.inference.sampler import SamplingParams, SamplingStats, sample
from bacterio_cli.training import trainer as training
from bacterio_cli.training.resume import config_of

SECONDS, GROWTH = 2.0, 512 * 2**20
MARKER = "pickle-was-run"
RELATED = Corpus(tuple(name[::-1].capitalize() for name in NAMES))
Rng = np.random.Generator
Members = list[tuple[str, bytes]]


def prepare(folder: Path) -> None:
    """Two sound checkpoints to damage: a with both tables, half trained and whole; b of another kind, compressed."""
    run = training.begin(Corpus(NAMES), begin(ngram=3, epochs=2, refit=True).recipe, RELATED)
    steps = training.train(run)
    for _ in range(7):
        next(steps)
    training.snapshot(run).save(folder / "a.npz")
    training.snapshot(finish(begin(ngram=4, arch="lstm", hidden=6))).save(folder / "b.npz", compress=True)


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


def with_meta(data: bytes, meta: Any) -> bytes:
    """The archive with other metadata: a text, or what becomes JSON."""
    words = meta if isinstance(meta, bytes) else json.dumps(meta).encode()
    return change(data, "meta.npy", lambda _: npy(np.frombuffer(words, np.uint8)))


def meta_of(data: bytes) -> dict[str, Any]:
    """The metadata of a sound archive."""
    return json.loads(checkpoint.read_archive("sound", data)["meta"].tobytes())


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


HEADERS = (
    b"{'descr': '<f4', 'fortran_order': True, 'shape': (3, 1), }\n",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }\n",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 9999999999), }\n",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }\n",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 99999999999999999999), }\n",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999999, 0), }\n",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (" + b"0, " * 33 + b"), }\n",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (" + b"1 " * 49 + b"), }\n",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (,,,), }\n",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (3 3), }\n",
    b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n",
    b"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }\n",
    b"{'descr': '|V4', 'fortran_order': False, 'shape': (1,), }\n",
    b"__import__('os').system('touch " + MARKER.encode() + b"')\n",
    b"{" * 60000,
    b"\xff\xfe" * 40,
    b"",
)


def headers(rng: Rng, data: bytes, _: bytes) -> bytes:
    """A forged header on one member, before its own bytes, none, or zeros."""
    name, member = pick(rng, unpacked(data))
    body = pick(rng, (member[10 + int.from_bytes(member[8:10], "little") :], b"", b"\0" * 4))
    forged = under_header(pick(rng, HEADERS), body)
    return change(data, name, lambda _: pick(rng, (forged, forged, forged[:9], b"\x93NUMPY\x02\x00" + forged[8:])))


def shapes(rng: Rng, data: bytes, _: bytes) -> bytes:
    """The same values under other shapes: flat, deeper, none, transposed."""
    name, array = pick(rng, list(checkpoint.read_archive("sound", data).items()))
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
    name, array = pick(rng, list(checkpoint.read_archive("sound", data).items()))
    kind = pick(rng, ("<f8", "<f4", "<i8", "<i4", "|u1", "<f2", ">f4", "<c16", "|b1", "<U3", "|S2", "<M8[s]", "<u8"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        changed = npy(array.astype(kind) if rng.random() < 0.7 else np.zeros(array.shape, kind))
    return change(data, f"{name}.npy", lambda _: changed)


def values(rng: Rng, data: bytes, _: bytes) -> bytes:
    """NaN, infinities and extremes among the numbers, and integers that wrap around."""
    arrays = checkpoint.read_archive("sound", data)
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


def nested(depth: int, inside: Any = 1, *, objects: bool = False) -> Any:
    """A list in a list in a list …"""
    for _ in range(depth):
        inside = {"a": inside} if objects else [inside]
    return inside


STRANGE: tuple[Callable[[], Any], ...] = (
    lambda: None, lambda: True, lambda: -1, lambda: 0, lambda: 10**30, lambda: 10**400, lambda: -(10**400),
    lambda: 1e308, lambda: float("nan"), lambda: float("inf"), lambda: 0.5, lambda: "", lambda: "\x1b[31mred\x9b\u202e",
    lambda: "\ud800", lambda: "x" * 10**6, lambda: [], lambda: {}, lambda: [1, [2]], lambda: {"a": None},
    lambda: nested(300), lambda: nested(300, objects=True), lambda: 2**63, lambda: "gru", lambda: 4, lambda: ["a"],
)  # fmt: skip


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key) of everything inside a JSON value."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from places(value[key])


def metadata(rng: Rng, data: bytes, _: bytes) -> bytes:
    """One to three values of the metadata replaced, removed or added to."""
    meta = meta_of(data)
    for _ in range(rng.integers(1, 4)):
        found = list(places(meta))
        top = [place for place in found if place[0] is meta]
        container, key = pick(rng, top if rng.random() < 0.1 else found)
        if rng.random() < 0.15:
            del container[key]
        else:
            container[key] = pick(rng, STRANGE)()
    return with_meta(data, meta)


def texts(rng: Rng, data: bytes, _: bytes) -> bytes:
    """Metadata that is long, deep, or no JSON."""
    depth = int(10 ** rng.uniform(2, 5))
    raw = [
        lambda: b"[" * depth, lambda: b"[" * depth + b"]" * depth, lambda: b'{"a":' * depth + b"1" + b"}" * depth,
        lambda: b"[" + b"[]," * 2 * 10**6 + b"1]", lambda: b'{"format":1,"x":"' + b"y" * 10**7 + b'"}',
        lambda: b'{"format":' + b"9" * 5000 + b"}", lambda: b'{"format":1e999}', lambda: b"\xff\xfe{}", lambda: b"",
        lambda: b'{"format":1,"format":true}', lambda: rng.bytes(300), lambda: b"null", lambda: b"\xef\xbb\xbf{}",
    ]  # fmt: skip
    if rng.random() < 0.5:
        return with_meta(data, pick(rng, raw)())
    meta = meta_of(data)
    container, key = pick(rng, list(places(meta)))
    deep = pick(rng, ((b"[", b"]"), (b'{"a":', b"}")))
    container[key] = "HERE"
    level = int(rng.integers(100, 1100))
    return with_meta(data, json.dumps(meta).encode().replace(b'"HERE"', deep[0] * level + b"1" + deep[1] * level))


def deflated(pattern: bytes, size: int) -> bytes:
    """So many bytes of a pattern, deflated without holding them."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = pattern * (2**20 // len(pattern))
    return b"".join([*(squeeze.compress(block) for _ in range(size // len(block))), squeeze.flush()])


def entry(name: bytes, method: int, crc: int, body: bytes, size: int) -> bytes:
    """An archive of one member that claims so many bytes (in the long form, which 100 GB need)."""
    claimed = min(size, 2**32 - 1)
    extra = struct.pack("<HHQ", 1, 8, size) if size > claimed else b""
    common = struct.pack("<HHHHHIIIHH", 45, 0, method, 0, 33, crc, len(body), claimed, len(name), len(extra))
    local = b"PK\x03\x04" + common + name + extra + body
    directory = b"PK\x01\x02" + struct.pack("<H", 45) + common + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name + extra
    end = struct.pack("<HHHHIIH", 0, 0, 1, 1, len(directory), len(local), 0)
    return local + directory + b"PK\x05\x06" + end


def claims(rng: Rng, _: bytes, __: bytes) -> bytes:
    """About 1 KB that claims 100 GB, packed or not, with a header that claims them too."""
    size = pick(rng, (100 * 10**9, 2**32, 2**31, 10**9, 2**63))
    body = under_header(b"{'descr': '|u1', 'fortran_order': False, 'shape': (%d,), }\n" % size, b"\0" * 900)
    method = pick(rng, (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))
    return entry(b"meta.npy", method, zlib.crc32(body), deflated(body, 2**20) if method else body, size)


def bombs(rng: Rng, data: bytes, _: bytes) -> bytes:
    """What really unpacks to as much as is allowed: text that takes a hundred times as much when it is parsed."""
    name, first, pattern = pick(rng, (("meta", b"[", b"[],"), ("known_names", b"", b"a\n"), ("meta", b"", b"\0")))
    size = int(pick(rng, (2**23, 2**24, 2**27)))
    text = first + pattern * ((size - len(first)) // len(pattern))
    meta = meta_of(data)
    meta["corpus"]["names"] = text.count(b"\n") + 1
    sound = data if name == "meta" else with_meta(data, meta)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for other, member in unpacked(sound):
            archive.writestr(other, npy(np.frombuffer(text, np.uint8)) if other == f"{name}.npy" else member)
        filler = npy(np.frombuffer(rng.bytes(size // checkpoint.MOST_SHRUNK), np.uint8))
        archive.writestr("filler.npy", filler, zipfile.ZIP_STORED)  # makes the file large enough for what it claims
    return buffer.getvalue()


KINDS: tuple[tuple[Callable[[Rng, bytes, bytes], bytes], int], ...] = (
    (flips, 20), (cuts, 10), (fields, 12), (spliced, 8), (members, 6), (headers, 8), (shapes, 6), (pickles, 4),
    (dtypes, 5), (values, 10), (metadata, 16), (texts, 4), (claims, 2),
)  # fmt: skip


def is_bomb(k: int) -> bool:
    """Whether file k is one: they take half a second each, so they are few."""
    return k % 500 == 100


def hostile(seed: int, k: int, sound: tuple[bytes, bytes]) -> tuple[str, bytes]:
    """(kind, contents) of file k."""
    rng = np.random.default_rng([seed, k])
    if is_bomb(k):
        return "bombs", bombs(rng, *sound)
    share = np.array([weight for _, weight in KINDS], float)
    kind = KINDS[int(rng.choice(len(KINDS), p=share / share.sum()))][0]
    data, other = sound if rng.random() < 0.6 else sound[::-1]
    return kind.__name__, kind(rng, data, other)


def use(path: Path) -> str:
    """Load it; if that succeeds, read all that commands read: info, a step of a resumed run, a name."""
    loaded = trained.load(path)
    with redirect_stdout(io.StringIO()):
        info(path)
        info(path, as_json=True)
    names = sample(
        loaded.language_model, loaded.vocabulary, frozenset(loaded.known), SamplingParams(seed=1, max_length=20),
        count=1, max_tries=50, tally=SamplingStats(),
    )  # fmt: skip
    next(iter(names), None)
    related = RELATED if loaded.progress and loaded.progress.get("background") else None
    run = training.resume(loaded, Corpus(NAMES), config_of(loaded, path), str(path), related)
    next(training.train(run), None)
    return "used"


class Late(BaseException):
    """The alarm of one file."""


def ring(*_: object) -> None:
    """The handler of the alarm."""
    raise Late


def peak() -> float:
    """The most memory that this process has ever held, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def opened(path: Path) -> tuple[str, str]:
    """(outcome, failure): what becomes of one file."""
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        trained.load(path)
        outcome = "loaded, then refused"
        outcome = f"loaded and {use(path)}"
    except UsageError as error:
        return "failed", f"UsageError: {error}"
    except BacterioError as error:
        return locals().get("outcome", "refused"), ("\n" in str(error) and f"two lines: {error}") or ""
    except Late:
        return "failed", f"took more than {SECONDS} s"
    except BaseException as error:
        import traceback

        return "failed", " < ".join(traceback.format_exc(limit=-4).split("\n")[-8:]) + f" {type(error).__name__}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return outcome, ""


def limited() -> None:
    """From here on this process may grow by so much and no more."""
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + GROWTH,) * 2)


def work(folder: Path, seed: int, first: int, end: int) -> dict[str, Any]:
    """Open the files one after the other."""
    sound = (folder / "a.npz").read_bytes(), (folder / "b.npz").read_bytes()
    path = folder / "hostile.npz"
    for data in sound:
        path.write_bytes(data)
        assert opened(path) == ("loaded and used", "")
    seen: Counter[str] = Counter()
    failures, longest = [], 0.0
    base = peak()
    ready = {k: hostile(seed, k, sound) for k in range(first, end) if is_bomb(k)}  # made before there is a limit
    limited()
    for k in range(first, end):
        kind, data = ready.get(k) or hostile(seed, k, sound)
        path.write_bytes(data)
        del data
        begun = time.perf_counter()
        with redirect_stderr(io.StringIO()) as said:
            outcome, failure = opened(path)
        longest = max(longest, time.perf_counter() - begun)
        seen[outcome] += 1
        if failure or said.getvalue():
            failures.append(f"file {k} of seed {seed}, {kind}: {failure or said.getvalue()}")
    return {"seen": seen, "failures": failures, "largest_s": longest, "largest_mb": peak() - base}


def lying(path: Path) -> Iterator[tuple[str, bytes]]:
    """A sound checkpoint with sequences that would steer a terminal in each of its texts in turn."""
    data = path.read_bytes()
    lies = ("\x1b[31mred\x1b[2J", "\x9b31m\x85", "\u202eabc\u2066", "a\nb\rc\x08", "\x7f\u2028\ufeff", "\ud800")
    for lie in lies:
        meta = meta_of(data)
        for number, (container, key) in enumerate(list(places(meta))):
            if isinstance(container[key], str) or number % 5 == 0:
                changed = copy.deepcopy(meta)
                inside, name = list(places(changed))[number]
                inside[name] = lie + inside[name] if isinstance(inside[name], str) and lie != "\ud800" else lie
                yield f"{lie!r} at {key}", with_meta(data, changed)
        for group in ("corpus", "training", "model", "vocabulary", "progress"):
            changed = copy.deepcopy(meta)
            changed[group][lie] = lie
            yield f"{lie!r} in {group}", with_meta(data, changed)
        text = np.frombuffer(("\n".join(NAMES)[:-1] + lie).encode("utf-8", "surrogatepass"), np.uint8)
        yield f"{lie!r} in the known names", change(data, "known_names.npy", lambda _, text=text: npy(text))
        yield f"{lie!r} as a member", packed([*unpacked(data), (f"{lie}.npy".encode("utf-8", "replace").decode(), b"")])
    meta = meta_of(data)
    for lie in ("\x1b", "\x9b", "\u202e", "\ud800", "\x7f", "\n"):
        letters = "".join(sorted(lie + meta["vocabulary"]["letters"][1:]))
        yield (
            f"{lie!r} in the vocabulary",
            with_meta(data, meta | {"vocabulary": {"letters": letters, "capitalised": True}}),
        )


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, ring)
    warnings.simplefilter("error")
    place, *numbers = sys.argv[1:]
    print(json.dumps(work(Path(place), *map(int, numbers))))
