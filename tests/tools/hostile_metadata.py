"""Hostile metadata: the JSON of a checkpoint with values that are strange, deep, long or meant to steer a terminal."""

import copy
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from support.processes import NAMES
from tools.hostile_archives import Rng, change, npy, packed, pick, unpacked

from bacterio_cli.checkpoint.archive import read_archive


def with_meta(data: bytes, meta: Any) -> bytes:
    """The archive with other metadata: a text, or what becomes JSON."""
    words = meta if isinstance(meta, bytes) else json.dumps(meta).encode()
    return change(data, "meta.npy", lambda _: npy(np.frombuffer(words, np.uint8)))


def meta_of(data: bytes) -> dict[str, Any]:
    """The metadata of a sound archive."""
    return json.loads(read_archive(io.BytesIO(data))["meta"].tobytes())


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


def bombs(rng: Rng, data: bytes, _: bytes) -> bytes:
    """What really unpacks to as much as is allowed: text that takes a hundred times as much when it is parsed."""
    name, first, pattern = pick(rng, (("meta", b"[", b"[],"), ("known_names", b"", b"a\n"), ("meta", b"", b"\0")))
    size = int(pick(rng, (2**23 - 999, 2**24, 2**27)))
    text = first + pattern * ((size - len(first)) // len(pattern))
    meta = meta_of(data)
    meta["corpus"]["names"] = text.count(b"\n") + 1
    sound = data if name == "meta" else with_meta(data, meta)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for other, member in unpacked(sound):
            archive.writestr(other, npy(np.frombuffer(text, np.uint8)) if other == f"{name}.npy" else member)
    return buffer.getvalue()


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
        vocabulary = {"letters": letters, "capitalised": True}
        yield f"{lie!r} in the vocabulary", with_meta(data, meta | {"vocabulary": vocabulary})
