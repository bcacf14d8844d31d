"""Checkpoints: plain arrays and JSON, written whole or not at all, and read without trust."""

from __future__ import annotations

import copy
import fcntl
import io
import json
import os
import stat
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.processes import NAMES, TINY, bacterio, begin, only_error, small_model, write_names

from bacterio_cli.checkpoint import archive as checkpoint
from bacterio_cli.checkpoint import atomic_write as replacing
from bacterio_cli.checkpoint import checkpoint as trained
from bacterio_cli.checkpoint.archive import Arrays
from bacterio_cli.cli.commands.info import info
from bacterio_cli.cli.commands.sample import sample
from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.errors import BacterioError, CheckpointError, FileError
from bacterio_cli.nn.models import shapes
from bacterio_cli.training import trainer as training
from bacterio_cli.training.resume import config_of

Meta = dict[str, Any]
CONTENTS: tuple[Arrays, Meta] = ({"E": np.arange(6, dtype=np.float32).reshape(2, 3), "k": np.array(7)}, {"a": [1, "é"]})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The small model, saved."""
    path = tmp_path / "m.npz"
    small_model().save(path)
    return path


def listing(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its bytes."""
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


def test_numpy_reads_it_without_pickle(file: Path) -> None:
    """The members are the parameters under their names, the known names and `meta`, whose JSON says the rest."""
    with np.load(file, allow_pickle=False) as archive:
        members = dict(archive)
    meta = json.loads(members.pop("meta").tobytes())
    assert members.pop("known_names").tobytes().decode().split("\n") == list(NAMES)
    assert members.pop("held_out").tolist() == sorted(small_model().held_out.tolist()) != []
    rest = {name for name in members if not name.startswith("resume.")}
    assert rest == set(shapes(small_model().model)) == {"E", "0.W_ax", "0.W_aa", "0.b_a", "W_ya", "b_y"}
    assert meta["format"] == 1
    assert meta["model"] == {
        "class": "CharRNN", "n_y": small_model().vocabulary.n_y, "n_x": 4, "n_a": 16, "layers": 1,
        "cell": "gru", "activation": "tanh",
    }  # fmt: skip


@pytest.mark.parametrize("compress", [False, True])
def test_what_is_saved_is_loaded(tmp_path: Path, compress: bool) -> None:
    """Arrays keep values, shapes (a scalar's too) and types; the metadata comes back with the format."""
    checkpoint.save(tmp_path / "m", *CONTENTS, compress=compress)
    arrays, meta = checkpoint.load(tmp_path / "m")
    assert meta == {"format": 1, **CONTENTS[1]}
    assert arrays.keys() == CONTENTS[0].keys()
    for name, array in CONTENTS[0].items():
        assert (arrays[name].shape, arrays[name].dtype) == (array.shape, array.dtype)
        assert (arrays[name] == array).all()


@pytest.mark.parametrize("compress", [False, True])
def test_weights_are_never_compressed(tmp_path: Path, compress: bool) -> None:
    """With `compress`, what is no float is deflated: a table's counts and the metadata."""
    arrays = {"E": np.zeros((40, 30), np.float32), "table.count": np.zeros(999, np.int32)}
    checkpoint.save(tmp_path / "m", arrays, {}, compress=compress)
    with zipfile.ZipFile(tmp_path / "m") as archive:
        methods = {member.filename: member.compress_type for member in archive.infolist()}
    other = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    assert methods == {"meta.npy": other, "E.npy": zipfile.ZIP_STORED, "table.count.npy": other}


@pytest.mark.parametrize(("counts", "method"), [(29, zipfile.ZIP_DEFLATED), (30, zipfile.ZIP_STORED)])
def test_nothing_is_compressed_that_would_not_be_read(
    counts: int, method: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From half of what may be unpacked, all members together, everything is stored as it is."""
    monkeypatch.setattr(checkpoint, "LARGEST_UNPACKED", 2 * 4 * 40)
    file = io.BytesIO()
    checkpoint.write_archive(file, {"E": np.zeros(10, np.float32), "counts": np.zeros(counts, np.int32)}, True)
    with zipfile.ZipFile(file) as archive:
        assert archive.getinfo("counts.npy").compress_type == method


@pytest.mark.parametrize(
    ("members", "size", "message"),
    [
        ([(60, zipfile.ZIP_STORED), (40, zipfile.ZIP_STORED)], 100, None),
        ([(60, zipfile.ZIP_STORED), (41, zipfile.ZIP_STORED)], 100, "claims more contents"),
        ([(12_000, zipfile.ZIP_DEFLATED), (8_000, zipfile.ZIP_DEFLATED), (100, zipfile.ZIP_STORED)], 100, None),
        ([(12_000, zipfile.ZIP_DEFLATED), (8_001, zipfile.ZIP_DEFLATED)], 100, "claims more contents"),
        ([(2**28, zipfile.ZIP_DEFLATED)], 2**27, None),
        ([(2**28 + 1, zipfile.ZIP_DEFLATED)], 2**27, "claims more contents"),
        ([(60, zipfile.ZIP_STORED), (40, zipfile.ZIP_BZIP2)], 100, "is packed in a way"),
    ],
)
def test_a_file_holds_no_more_than_its_size_allows(
    members: list[tuple[int, int]], size: int, message: str | None
) -> None:
    """Stored members its own size, deflated ones 200 times that and 256 MiB at most; packed otherwise, nothing."""
    directory = [zipfile.ZipInfo("x.npy") for _ in members]
    for entry, (claimed, method) in zip(directory, members, strict=True):
        entry.file_size, entry.compress_type = claimed, method
    if message is None:
        checkpoint.refuse_unlikely_sizes("m", directory, size)
    else:
        with pytest.raises(CheckpointError, match=message):
            checkpoint.refuse_unlikely_sizes("m", directory, size)


def test_a_trained_model_comes_back_whole(file: Path) -> None:
    """Everything that `Checkpoint` holds survives the file."""
    before, after = small_model(), trained.load(file)
    for name in ("model", "vocabulary", "known", "corpus", "training", "history", "progress"):
        assert getattr(after, name) == getattr(before, name), name
    for group in ("params", "resume"):
        old, new = getattr(before, group), getattr(after, group)
        assert old.keys() == new.keys()
        assert all(np.array_equal(old[name], new[name]) for name in old)


def test_equal_contents_give_equal_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No time, name or order of the machine enters the file."""
    checkpoint.save(tmp_path / "a", *CONTENTS)
    monkeypatch.setattr("time.time", lambda: 2e9)
    checkpoint.save(tmp_path / "b", *CONTENTS)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def failing(*_: object, **__: object) -> None:
    """What a full disk does."""
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("function", ["replace", "fsync", "chmod"])
def test_a_failed_write_leaves_the_old_file_alone(
    function: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever step fails, the file that stood there is untouched and nothing is left beside it."""
    checkpoint.save(tmp_path / "m", *CONTENTS)
    before = listing(tmp_path)
    monkeypatch.setattr(os, function, failing)
    with pytest.raises(FileError, match=r"cannot write .*/m: No space left on device; the file that stood there"):
        checkpoint.save(tmp_path / "m", CONTENTS[0], {"b": 2})
    assert listing(tmp_path) == before


def test_a_disk_that_fills_up_leaves_the_old_file_alone(tmp_path: Path) -> None:
    """A command that may write no more than a few blocks exits 1 in one line, and the folder is as it was."""
    write_names(tmp_path)
    small_model().save(tmp_path / "m.npz")
    before = listing(tmp_path)
    # Whatever measures the tests could not write its own file either.
    narrow = 'unset COVERAGE_PROCESS_CONFIG; ulimit -f 4 && exec "$@"'
    result = bacterio("train", "names.txt", *TINY, "-q", "-o", "m.npz", cwd=tmp_path, shell=narrow)
    assert only_error(result).startswith("cannot write m.npz: File too large; ")
    assert listing(tmp_path) == before


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    """Without the right to write there, both the save and the probe before training say so."""
    folder = tmp_path / "closed"
    folder.mkdir()
    checkpoint.save(folder / "m", *CONTENTS)
    before = listing(folder)
    folder.chmod(0o555)
    owner = os.geteuid()
    if owner == 0:
        os.seteuid(65534)  # nobody: root may write anywhere
    try:
        for attempt in (lambda: checkpoint.save(folder / "m", {}, {}), lambda: replacing.probe(folder / "m")):
            with pytest.raises(FileError, match=r"cannot write .*: Permission denied; "):
                attempt()
    finally:
        os.seteuid(owner)
        folder.chmod(0o755)
    assert listing(folder) == before


@pytest.mark.parametrize(("place", "reason"), [("", "it is a directory"), ("none/m.npz", "No such file or directory")])
@pytest.mark.parametrize("function", [replacing.probe, lambda path: checkpoint.save(path, *CONTENTS)])
def test_a_place_that_is_none_is_named(
    function: Callable[[Path], None], place: str, reason: str, tmp_path: Path
) -> None:
    """A directory or a missing folder is a FileError with the remedy, before training and after it."""
    with pytest.raises(FileError, match=f"cannot write .*: {reason}; .*choose another place with --out"):
        function(tmp_path / place)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("existing", [True, False])
def test_a_symbolic_link_stays_one(existing: bool, tmp_path: Path) -> None:
    """What the link points to is replaced, or made."""
    (tmp_path / "real").mkdir()
    if existing:
        (tmp_path / "real" / "m").write_text("old")
    (tmp_path / "link").symlink_to("real/m")
    checkpoint.save(tmp_path / "link", *CONTENTS)
    assert (tmp_path / "link").readlink() == Path("real/m")
    assert checkpoint.load(tmp_path / "real" / "m")[1]["a"] == [1, "é"]
    assert {p.name for p in tmp_path.rglob("*")} == {"real", "link", "m"}


def test_a_file_keeps_its_mode(tmp_path: Path) -> None:
    """A private file stays private, and a new one gets what the umask leaves."""
    path = tmp_path / "m"
    old = os.umask(0o027)
    try:
        checkpoint.save(path, *CONTENTS)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o600)
    checkpoint.save(path, *CONTENTS)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def foreign(path: Path) -> None:
    """Somebody else's archive."""
    np.savez(path, x=np.zeros(3), y=np.ones(2))


def pickled(path: Path) -> None:
    """An archive with a member that only pickle could read."""
    np.savez(path, meta=np.array([{"format": 1}], dtype=object))


def newer(path: Path) -> None:
    """A checkpoint of a version to come."""
    arrays, meta = checkpoint.load(path)
    checkpoint.save(path, arrays, meta | {"format": 2})


def twice(path: Path) -> None:
    """An archive with one member two times."""
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("meta.npy", b"")


def altered(change: Callable[[Arrays, Meta], object]) -> Callable[[Path], None]:
    """The checkpoint with something changed in it, otherwise in good order."""

    def alter(path: Path) -> None:
        arrays, meta = checkpoint.load(path)
        arrays = {name: array.copy() for name, array in arrays.items()}
        change(arrays, meta)
        checkpoint.save(path, arrays, meta)

    return alter


def text(words: str) -> np.ndarray:
    """A member that holds text."""
    return np.frombuffer(words.encode(), np.uint8)


def metadata(words: str) -> Callable[[Path], None]:
    """An archive with this text as its metadata."""

    def write(path: Path) -> None:
        with path.open("wb") as file:
            checkpoint.write_archive(file, {"meta": text(words)}, compress=False)

    return write


def single_array(path: Path) -> None:
    """What numpy.save writes."""
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


def letters(old: str, new: str) -> Callable[[Path], None]:
    """The checkpoint with another letter in its vocabulary, still sorted."""
    return altered(
        lambda _, m: m["vocabulary"].update(letters="".join(sorted(m["vocabulary"]["letters"].replace(old, new))))
    )


def names(change: Callable[[list[str]], list[str]]) -> Callable[[Path], None]:
    """The checkpoint with other known names."""
    return altered(lambda a, _: a.update(known_names=text("\n".join(change(list(NAMES))))))


DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "empty": (lambda p: p.write_bytes(b""), "is empty"),
    "text": (lambda p: p.write_text("\n".join(NAMES)), "is not a checkpoint, or was cut short"),
    "cut short": (lambda p: p.write_bytes(p.read_bytes()[:-100]), "is not a checkpoint, or was cut short"),
    "foreign": (foreign, "is a NumPy archive, but not a checkpoint of this program"),
    "a single array": (single_array, "is not a checkpoint, or was cut short"),
    "pickle": (pickled, "its member 'meta' has dtype object, which no checkpoint has"),
    "newer": (newer, "has format 2, and this version reads up to 1; upgrade bacterio"),
    "member twice": (twice, "has an unexpected member"),
    "meta is no JSON": (metadata("{"), "its metadata cannot be read"),
    "meta is a list": (metadata("[1]"), "its metadata cannot be read"),
    "no model": (altered(lambda _, m: m.pop("model")), "inconsistent"),
    "unknown class": (altered(lambda _, m: m["model"].update({"class": "Oracle"})), "inconsistent"),
    "unknown cell": (altered(lambda _, m: m["model"].update(cell="eval")), "inconsistent"),
    "size is no number": (altered(lambda _, m: m["model"].update(n_a="16")), "inconsistent"),
    "huge size": (altered(lambda _, m: m["model"].update(n_a=2**40)), "n_a cannot be"),
    "too deep": (altered(lambda _, m: m["model"].update(layers=2**20)), "layers cannot be"),
    "member missing": (
        altered(lambda a, _: a.pop("0.W_aa")),
        "its member '0.W_aa' is missing, and its model needs float32 (48, 16)",
    ),
    "wrong shape": (
        altered(lambda a, _: a.update({"0.W_aa": a["0.W_aa"].T.copy()})),
        "its member '0.W_aa' is float32 (16, 48), and its model needs float32 (48, 16)",
    ),
    "float64": (
        altered(lambda a, _: a.update(b_y=a["b_y"].astype(float))),
        "its member 'b_y' is float64 (",
    ),
    "NaN": (
        altered(lambda a, _: a["E"].__setitem__((2, 1), np.nan)),
        "its member 'E' holds values that are not",
    ),
    "infinity": (altered(lambda a, _: a["b_y"].__setitem__(0, -np.inf)), "its member 'b_y' holds values that are not"),
    "complex": (altered(lambda a, _: a.update(E=a["E"].astype(complex))), "its member 'E' has dtype complex128"),
    "no known names": (altered(lambda a, _: a.pop("known_names")), "inconsistent"),
    "a known name fewer": (names(lambda n: n[1:]), "inconsistent"),
    "ESC in a known name": (names(lambda n: ["Alba\x1b[2Ja", *n[1:]]), "inconsistent"),
    "bidi in a known name": (names(lambda n: ["Alba\u202ea", *n[1:]]), "inconsistent"),
    "known names not UTF-8": (altered(lambda a, _: a["known_names"].__setitem__(0, 0xFF)), "inconsistent"),
    "ESC in the vocabulary": (letters("b", "\x1b"), "inconsistent"),
    "C1 control in the vocabulary": (letters("b", "\x9b"), "inconsistent"),
    "half a surrogate pair in the vocabulary": (letters("b", "\ud800"), "inconsistent"),
    "an infinite loss": (altered(lambda a, _: a.update(held_out=np.float32([np.inf]))), "inconsistent"),
    "an option within an option": (altered(lambda _, m: m["training"].update(dropout=[[0.3]])), "inconsistent"),
    "an option as long as a book": (altered(lambda _, m: m["training"].update(mix="1" * 10**6)), "inconsistent"),
    "a model within a model": (altered(lambda _, m: m["model"].update(cell=[["gru"]] * 10**4)), "cell cannot be [["),
    "bidi in the vocabulary": (letters("b", "\u202e"), "inconsistent"),
    "unsorted vocabulary": (
        altered(lambda _, m: m["vocabulary"].update(letters=m["vocabulary"]["letters"][::-1])),
        "inconsistent",
    ),
    "a letter fewer": (
        altered(lambda _, m: m["vocabulary"].update(letters=m["vocabulary"]["letters"][1:])),
        "inconsistent",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_no_sound_checkpoint_is_refused(damage: str, file: Path) -> None:
    """The message begins with the file, says what is wrong with it and what to do, in one line."""
    change, message = DAMAGES[damage]
    assert trained.load(file).known == NAMES
    change(file)
    with pytest.raises(CheckpointError) as caught:
        trained.load(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


COMMANDS = ["info m.npz", "sample -c m.npz", "gradcheck -c m.npz", "train names.txt --resume -o m.npz"]


@pytest.mark.parametrize(
    ("damage", "words"),
    [(damage, COMMANDS[0]) for damage in ("empty", "pickle", "foreign", "newer", "NaN", "wrong shape")]
    + [("cut short", words) for words in COMMANDS],
)
def test_commands_refuse_it_in_one_line(damage: str, words: str, file: Path) -> None:
    """Exit 1, one line on stderr, nothing on stdout, no traceback, and the file is left as it is."""
    write_names(file.parent)
    DAMAGES[damage][0](file)
    before = file.read_bytes()
    result = bacterio(*words.split(), cwd=file.parent)
    assert DAMAGES[damage][1] in only_error(result)
    assert result.stdout == ""
    assert file.read_bytes() == before


def test_every_way_of_cutting_it_short_is_noticed(file: Path) -> None:
    """No prefix of a checkpoint loads: 200 lengths over the whole file, and each of the last 100."""
    whole = file.read_bytes()
    for length in {*range(0, len(whole), len(whole) // 200), *range(len(whole) - 100, len(whole))}:
        file.write_bytes(whole[:length])
        with pytest.raises(CheckpointError):
            trained.load(file)


def same(a: trained.Checkpoint, b: trained.Checkpoint) -> bool:
    """Whether two trained models hold the same."""
    return (a.known, a.training, a.progress, a.vocabulary) == (b.known, b.training, b.progress, b.vocabulary) and all(
        np.array_equal(value, other[name])
        for mine, other in ((a.params, b.params), (a.resume, b.resume))
        for name, value in mine.items()
    )


@pytest.mark.parametrize("compress", [False, True])
def test_a_flipped_bit_never_goes_unnoticed_where_it_counts(compress: bool, file: Path) -> None:
    """Of 200 single flips each is refused, or touched what nobody reads (dates, flags) and changes nothing."""
    small_model().save(file, compress=compress)
    whole, refused = file.read_bytes(), 0
    rng = np.random.default_rng(1)
    for _ in range(200):
        damaged = bytearray(whole)
        damaged[rng.integers(len(whole))] ^= 1 << int(rng.integers(8))
        file.write_bytes(damaged)
        try:
            loaded = trained.load(file)
        except CheckpointError:
            refused += 1
        else:
            assert same(loaded, small_model())
    assert refused > 150


def central(file: Path, offset: int, value: bytes) -> None:
    """Overwrite bytes of the archive's first directory entry."""
    data = bytearray(file.read_bytes())
    start = data.index(b"PK\x01\x02") + offset
    data[start : start + len(value)] = value
    file.write_bytes(data)


@pytest.mark.parametrize(
    ("offset", "value"),
    [(42, b"\xff\xff\xff\x7f"), (8, b"\x01\x00"), (10, b"\x63\x00")],
    ids=["offset beyond the end", "encrypted", "unknown method"],
)
def test_a_damaged_directory_is_a_damaged_checkpoint(offset: int, value: bytes, file: Path) -> None:
    """A member said to lie elsewhere, or to be packed in an unknown way, is damage of the file."""
    central(file, offset, value)
    with pytest.raises(CheckpointError):
        trained.load(file)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damaged_compression_is_a_damaged_checkpoint(method: int, file: Path) -> None:
    """What each unpacker raises, zlib.error, OSError or LZMAError, is damage of the file and no fault of the disk."""
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("meta.npy", b"x" * 1000)
    data = bytearray(file.read_bytes())
    data[45:60] = b"\xff" * 15
    file.write_bytes(data)
    with pytest.raises(CheckpointError):
        trained.load(file)


def test_a_directory_that_starts_before_the_file_is_damage(file: Path) -> None:
    """A directory offset too large by one bit makes zipfile seek before the beginning."""
    data = bytearray(file.read_bytes())
    data[data.index(b"PK\x05\x06") + 18] ^= 0x40
    file.write_bytes(data)
    with pytest.raises(CheckpointError):
        trained.load(file)


HEADERS = [
    b"{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999,), }",
    b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
    b"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }",
    b"__import__('os').abort()",
    b"{'descr': (",
    b"{[]: 1}",
    b"{1: 2, 'descr': '<f4'}",
    b"-" * 9000 + b"1",
]


@pytest.mark.parametrize("header", HEADERS, ids=[header[:60].decode() for header in HEADERS])
def test_a_hostile_array_header_is_refused(header: bytes, file: Path) -> None:
    """NumPy's parser of headers meets what no NumPy wrote, and still one error comes out."""
    with zipfile.ZipFile(file, "w") as archive:
        member = io.BytesIO()
        member.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"\0\0\0\0")
        archive.writestr("meta.npy", member.getvalue())
    with pytest.raises(CheckpointError):
        trained.load(file)


def test_the_length_of_an_array_header_is_two_bytes() -> None:
    """A member is what its array was; with another byte in its version or its length, its header is unknown."""
    file = io.BytesIO()
    np.save(file, np.arange(6, dtype=np.int32).reshape(2, 3))
    read = checkpoint.read_array("m", "x", file.getvalue())
    np.testing.assert_array_equal(read, [[0, 1, 2], [3, 4, 5]])
    for place in (6, 7, 8, 9):
        data = bytearray(file.getvalue())
        data[place] += 1
        with pytest.raises(ValueError, match="member 'x' has an unknown header"):
            checkpoint.read_array("m", "x", bytes(data))


def use(path: Path) -> None:
    """All that commands read from a checkpoint: info's table, a step of a resumed run, a name."""
    loaded = trained.load(path)
    info(path)
    run = training.resume(loaded, Corpus(NAMES), config_of(loaded, path), str(path))
    next(training.train(run), None)
    sample(n=1, checkpoint=path, seed=1)


METADATA: dict[str, Callable[[Meta], object]] = {
    "digest is a number": lambda m: m["corpus"].update(digest=5),
    "longest is astronomical": lambda m: m["corpus"].update(longest=10**30),
    "an architecture of tomorrow": lambda m: m["training"].update(arch="oracle"),
    "an optimizer of tomorrow": lambda m: m["training"].update(optimizer="lion"),
    "hidden is a text": lambda m: m["training"].update(hidden="16"),
    "a batch of nothing": lambda m: m["training"].update(batch_size=0),
    "a row without an epoch": lambda m: m["history"][-1].pop("epoch"),
    "a loss is a text": lambda m: m["history"][0].update(valid_bits_per_char="2"),
    "a loss that no float holds": lambda m: m["history"][0].update(valid_bits_per_char=10**400),
    "a weight that no float holds": lambda m: m["mixture"]["weights"].update(nets=10**400),
    "a sum that no float holds": lambda m: m["progress"].update(nats=10**400),
    "a step that no float holds": lambda m: m["progress"].update(step=10**400),
    "progress is a list": lambda m: m.update(progress=[1]),
    "progress without a step": lambda m: m["progress"].pop("step"),
    "a negative step": lambda m: m["progress"].update(step=-1),
    "a state that is not there": lambda m: m["progress"].update(carried=2),
}


@pytest.mark.parametrize("change", METADATA)
def test_metadata_at_odds_with_itself_is_no_crash(change: str, file: Path) -> None:
    """Well-formed JSON with a wrong value in it is a BacterioError when it is read or used, never a bare one."""
    arrays, meta = checkpoint.load(file)
    use(file)
    meta = copy.deepcopy(meta)
    METADATA[change](meta)
    checkpoint.save(file, arrays, meta)
    with pytest.raises(BacterioError):
        use(file)


def test_the_resumed_step_is_of_the_file(tmp_path: Path) -> None:
    """A checkpoint without one of the optimiser's moments is refused by --resume with the member's name."""
    training.snapshot(begin()).save(tmp_path / "m")
    altered(lambda a, _: a.pop("resume.optimizer.m"))(tmp_path / "m")
    loaded = trained.load(tmp_path / "m")
    with pytest.raises(CheckpointError, match=r"its member 'resume\.optimizer\.m' is missing or of the wrong shape"):
        training.resume(loaded, Corpus(NAMES), config_of(loaded, "m"), "m")


@pytest.mark.parametrize("steps", [-(2**63), -1, 2**63 - 1])
def test_the_optimiser_has_counted_steps(steps: int, tmp_path: Path) -> None:
    """A count that is negative, or wraps around at the next step, is refused: 1 − βᵏ would overflow or be zero."""
    training.snapshot(begin()).save(tmp_path / "m")
    altered(lambda a, _: a.update({"resume.optimizer.k": np.array(steps)}))(tmp_path / "m")
    loaded = trained.load(tmp_path / "m")
    with pytest.raises(CheckpointError, match=r"its member 'resume\.optimizer\.k' counts no steps"):
        training.resume(loaded, Corpus(NAMES), config_of(loaded, "m"), "m")


@pytest.mark.parametrize(("name", "reason"), [("none", "No such file or directory"), (".", "Is a directory")])
def test_a_file_that_cannot_be_read_is_named(name: str, reason: str, tmp_path: Path) -> None:
    """The path and the system's reason."""
    with pytest.raises(FileError) as caught:
        checkpoint.load(tmp_path / name)
    assert str(caught.value) == f"cannot read {tmp_path / name}: {reason}"


def test_a_pipe_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    """A path that is no regular file is refused, and stays what it is."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match="a device or a pipe"):
        small_model().save(tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()


def test_a_member_that_unpacks_to_more_than_it_claims_is_damage(file: Path) -> None:
    """Of a member that claims 1,000 bytes no more are unpacked, however many it holds."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("meta.npy", bytes(50_000_000))
    data = bytearray(file.read_bytes())
    directory = data.index(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = (1000).to_bytes(4, "little")
    file.write_bytes(data)
    tracemalloc.start()
    with pytest.raises(CheckpointError):
        trained.load(file)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_the_next_save_sweeps_what_a_killed_one_left(tmp_path: Path) -> None:
    """Temporary files of this checkpoint that no process holds go; those of a living writer and of others stay."""
    left, other, held = (tmp_path / name for name in (".m.12345678.tmp", ".n.12345678.tmp", ".m.abcdefgh.tmp"))
    for file in (left, other, held):
        file.write_bytes(b"half")
    with held.open("rb") as living:
        fcntl.flock(living, fcntl.LOCK_EX)
        checkpoint.save(tmp_path / "m", *CONTENTS)
    assert sorted(p.name for p in tmp_path.iterdir()) == [".m.abcdefgh.tmp", ".n.12345678.tmp", "m"]


def test_a_living_save_is_not_swept(tmp_path: Path) -> None:
    """A save that begins while another writes leaves it alone; both end, and the later one's contents stand."""
    with replacing.replacing(tmp_path / "m") as file:
        file.write(b"first")
        with replacing.replacing(tmp_path / "m") as second:
            second.write(b"second")
        assert len(list(tmp_path.glob(".m.*.tmp"))) == 1
    assert (tmp_path / "m").read_bytes() == b"first"
    assert listing(tmp_path).keys() == {"m"}


def deep(levels: int) -> list[Any]:
    """A list in a list in a list."""
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("group", ["model", "training", "progress"])
def test_nesting_has_an_end(group: str, file: Path) -> None:
    """JSON that the parser can still follow is not followed any further."""
    arrays, meta = checkpoint.load(file)
    meta[group][next(iter(meta[group]))] = deep(300)
    checkpoint.save(file, arrays, meta)
    with pytest.raises(CheckpointError, match="inconsistent"):
        trained.load(file)


def wrapped(arrays: Arrays) -> None:
    """Pairs of each state whose number, as a difference in 32 bits, is positive by wrapping around."""
    arrays["table.first"][1:4] = 2**31 - 1, -(2**31), -1


def outspread(arrays: Arrays) -> None:
    """Links as a column, which compared with a row is a square."""
    arrays["table.suffix"] = arrays["table.suffix"][:, None]


def sideways(arrays: Arrays) -> None:
    """The last state's link leads to its neighbour, a context of the same length."""
    arrays["table.suffix"][-1] = len(arrays["table.suffix"]) - 2


def too_long(arrays: Arrays) -> None:
    """Each state's context is one letter longer than that of the state before."""
    arrays["table.suffix"][1:] = np.arange(len(arrays["table.suffix"]) - 1)


@pytest.mark.parametrize("forge", [wrapped, outspread, sideways, too_long], ids=lambda function: function.__name__)
def test_a_forged_table_is_refused_before_it_is_followed(forge: Callable[[Arrays], None], tmp_path: Path) -> None:
    """It would ask for 34 GB, for the square of its size, or read what was never written."""
    training.snapshot(begin(ngram=12)).save(tmp_path / "m")
    assert trained.load(tmp_path / "m").table is not None
    altered(lambda arrays, _: forge(arrays))(tmp_path / "m")
    tracemalloc.start()
    with pytest.raises(CheckpointError, match=r"the table's (states|links|levels) cannot be so"):
        trained.load(tmp_path / "m")
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_a_long_text_is_not_compressed_and_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousandth of the space, and parsed fifty times as much: written as it is, and refused where it is packed."""
    long = {"t": np.zeros(5000, np.uint8)}
    checkpoint.save(tmp_path / "packed", long, {}, compress=True)
    monkeypatch.setattr(checkpoint, "LARGEST_TEXT", 4000)
    checkpoint.save(tmp_path / "stored", long, {}, compress=True)
    assert checkpoint.load(tmp_path / "stored")[0]["t"].size == 5000
    with pytest.raises(CheckpointError, match="its member 't' unpacks to more text"):
        checkpoint.load(tmp_path / "packed")


@pytest.mark.parametrize("extra", [0, 1])
def test_the_longest_text_that_is_unpacked_has_eight_mebibytes(
    extra: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text of 2²³ bytes is read, a byte more is not."""
    text = np.random.default_rng(1).integers(0, 256, 2**23 + extra, np.uint8)
    with monkeypatch.context() as lifted:
        lifted.setattr(checkpoint, "LARGEST_TEXT", 2**24)
        checkpoint.save(tmp_path / "m", {"t": text}, {}, compress=True)
    if extra:
        with pytest.raises(CheckpointError, match="its member 't' unpacks to more text"):
            checkpoint.load(tmp_path / "m")
    else:
        np.testing.assert_array_equal(checkpoint.load(tmp_path / "m")[0]["t"], text)


@pytest.mark.parametrize("version", [True, 1.0, "1", None])
def test_a_format_that_is_no_whole_number_is_damage(version: object, file: Path) -> None:
    """True and 1.0 are equal to 1 and yet no format; a text cannot be compared with one."""
    arrays, meta = checkpoint.load(file)
    checkpoint.save(file, arrays, meta | {"format": version})
    with pytest.raises(CheckpointError, match="its metadata cannot be read"):
        checkpoint.load(file)


@pytest.mark.parametrize("shape", ["(7,)", "(5,)", "(2, 4)"])
def test_a_member_that_holds_other_than_it_claims_is_damage(shape: str) -> None:
    """Six numbers under a header that says seven, five or eight."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }} \n".encode()
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(24)
    with pytest.raises(ValueError, match="member 'E' does not hold the values that it claims"):
        checkpoint.read_array("m.npz", "E", data)


def test_too_little_memory_is_the_files_error(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the checkpoint, and not the options of a training."""

    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(json, "loads", exhausted)
    with pytest.raises(CheckpointError, match=r"m\.npz: needs more memory than there is"):
        trained.load(file)


def test_a_device_is_not_read(tmp_path: Path) -> None:
    """/dev/zero has no end."""
    said = only_error(bacterio("info", "/dev/zero", cwd=tmp_path, shell='ulimit -v 4000000; exec "$@"'))
    assert said == "cannot read /dev/zero: it is a device, not a file"


def test_json_shows_nothing_unprintable(file: Path) -> None:
    """C1 controls and bidirectional overrides are escaped in it; read again, it says what the file says."""
    altered(lambda _, m: m["corpus"].update(date="\x9b31m\u202eé"))(file)
    shown = bacterio("info", "m.npz", "--json", cwd=file.parent).stdout
    assert r'"date": "\u009b31m\u202eé"' in shown
    assert json.loads(shown)["corpus"]["date"] == "\x9b31m\u202eé"
    scored = bacterio("score", "Al\x9bba", "-c", "m.npz", "--format", "jsonl", cwd=file.parent).stdout
    assert (json.loads(scored)["name"], "\x9b" in scored) == ("Al\x9bba", False)
