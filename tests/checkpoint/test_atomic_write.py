"""Files are written whole or not at all, whatever happens meanwhile."""

import fcntl
import os
import stat
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import Mock

import pytest

from bacterio_cli.checkpoint.atomic_write import atomic_write, is_one_of, reserved
from bacterio_cli.errors import FileError


def write(path: Path, text: str = "new") -> None:
    """Write a text atomically."""
    with atomic_write(path) as file:
        file.write(text.encode())


def listing(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its bytes."""
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


@pytest.mark.parametrize("function", ["replace", "fsync", "chmod"])
@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=repr)
def test_a_failed_write_leaves_the_old_file_alone(
    fault: BaseException, function: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever step fails or is interrupted, the file that stood there is untouched and nothing is left beside it."""
    write(tmp_path / "m", "old")
    monkeypatch.setattr(os, function, Mock(side_effect=fault))
    with pytest.raises((FileError, KeyboardInterrupt)) as caught:
        write(tmp_path / "m")
    if isinstance(fault, OSError):
        assert str(caught.value).startswith(f"cannot write {tmp_path}/m: No space left on device; what stood there")
    assert listing(tmp_path) == {"m": b"old"}


def reserve(path: Path, *, against: str = "", force: bool | None = False) -> None:
    """Ask for a place, with so much against replacing what stands there."""
    with reserved(path, objection=lambda there: against if there == path else "it is another file", force=force):
        pass


@pytest.mark.parametrize("function", [write, reserve])
@pytest.mark.parametrize(("mode", "message"), [(0o555, "Permission denied"), (0o777, "")], ids=["closed", "open"])
def test_a_folder_without_write_permission_is_named(function: Callable[[Path], None], mode: int, message: str) -> None:
    """Where nobody may write, both the write and what is asked before training say so."""
    owner = os.geteuid()
    with tempfile.TemporaryDirectory() as outer:
        folder = Path(outer, "folder")
        folder.mkdir()
        write(folder / "m", "old")
        (folder / "m").chmod(0o666)
        folder.chmod(mode)
        Path(outer).chmod(0o755)
        os.seteuid(owner or 65534)  # root may write anywhere
        try:
            with pytest.raises(FileError, match=f"cannot write .*: {message}") if message else nullcontext():
                function(folder / "m")
        finally:
            os.seteuid(owner)
        folder.chmod(0o755)
        assert listing(folder) == {"m": b"new" if function is write and not message else b"old"}


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("", "it is a directory, a device or a pipe"),
        ("none/m.npz", "No such file or directory"),
        ("pipe", "it is a directory, a device or a pipe"),
        ("loop", "Too many levels of symbolic links"),
        ("x" * 250, "File name too long"),  # with what is added for the temporary file
    ],
)
@pytest.mark.parametrize("function", [write, reserve])
def test_what_is_no_place_for_a_file_is_named(
    function: Callable[[Path], None], place: str, reason: str, tmp_path: Path
) -> None:
    """It is a FileError with the remedy, before training and after it."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(FileError, match=f"cannot write .*: {reason}.*; .*choose another place"):
        function(tmp_path / place)
    with pytest.raises(FileError, match="it is a directory, a device or a pipe"):
        function(Path(f"/dev/fd/{os.pipe()[1]}"))
    assert (tmp_path / "pipe").is_fifo()
    assert {p.name for p in tmp_path.iterdir()} == {"pipe", "loop"}


@pytest.mark.parametrize("link", [None, Path.symlink_to, Path.hardlink_to], ids=["itself", "symbolic", "hard"])
@pytest.mark.parametrize(("against", "mode"), [("it is a poem", 0o644), ("", 0o555)], ids=["foreign", "read-only"])
def test_another_file_is_replaced_by_force_alone(
    against: str, mode: int, link: Callable[[Path, Path], None] | None, tmp_path: Path
) -> None:
    """What there is an objection to, or is read-only, is refused by whatever name it goes, and the way out named."""
    path, named = tmp_path / "m", tmp_path / ("link" if link else "m")
    write(path, "old")
    if link:
        link(named, path)
    path.chmod(mode)
    for force, way in ((False, " or replace it with --force"), (None, ", or remove it")):
        with pytest.raises(FileError) as caught:
            reserve(named, against=against, force=force)
        what = against or "it is read-only"
        assert str(caught.value) == f"cannot write {named}: {what}; choose another place with --out{way}"
    reserve(named, against=against, force=True)
    (tmp_path / "empty").touch()
    reserve(tmp_path / "empty", against="an empty file is no loss")
    assert path.read_bytes() == b"old"


def test_a_place_is_reserved_for_one_process(tmp_path: Path) -> None:
    """Another is refused by whatever name, also after a write; of the lock nothing is left, nor of a dead process's."""
    (tmp_path / ".m.reserved.tmp").touch()  # of a process that was killed
    (tmp_path / "link").symlink_to("m")
    with reserved(tmp_path / "m", objection=lambda _: ""):
        for _ in range(2):
            with pytest.raises(FileError, match="link: another process is writing it; choose another place"):
                reserve(tmp_path / "link", force=True)
            write(tmp_path / "m")
    assert listing(tmp_path) == {"m": b"new", "link": b"new"}
    reserve(tmp_path / "m")


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    """What the link points to is made, or replaced."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real/m")
    for text in ("made", "replaced"):
        write(tmp_path / "link", text)
        assert (tmp_path / "link").readlink() == Path("real/m")
        assert listing(tmp_path / "real") == {"m": text.encode()}


def test_a_file_keeps_its_mode(tmp_path: Path) -> None:
    """A private file stays private, and a new one gets what the umask leaves."""
    path = tmp_path / "m"
    old = os.umask(0o027)
    try:
        write(path)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o600)
    write(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_next_write_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    """Temporary files of this target that no process holds go; those of a living writer and of other targets stay."""
    left, other, held = (tmp_path / name for name in (".m.12345678.tmp", ".n.12345678.tmp", ".m.abcdefgh.tmp"))
    for file in (left, other, held):
        file.write_bytes(b"half")
    before = listing(tmp_path)
    with held.open("rb") as living:
        fcntl.flock(living, fcntl.LOCK_EX)
        write(tmp_path / "m")
    del before[left.name]
    assert listing(tmp_path) == before | {"m": b"new"}


def test_a_write_in_progress_is_left_alone(tmp_path: Path) -> None:
    """A write that begins during another does not remove its file; the contents of the one that ends last stand."""
    with atomic_write(tmp_path / "m") as outer:
        outer.write(b"outer")
        write(tmp_path / "m", "inner")
        assert len(list(tmp_path.glob(".m.*.tmp"))) == 1
        assert (tmp_path / "m").read_bytes() == b"inner"
    assert listing(tmp_path) == {"m": b"outer"}


def test_a_file_is_the_same_under_any_name(tmp_path: Path) -> None:
    """A link to one of the files is one of them, or to standard input; what is not there, or another file, is none."""
    for name in ("a", "b"):
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to("a")
    assert is_one_of(tmp_path / "link", [tmp_path / "none", tmp_path / "b", tmp_path / "a"])
    assert not is_one_of(tmp_path / "link", [tmp_path / "none", tmp_path / "b"])
    assert not is_one_of(tmp_path / "none", [tmp_path / "a"])
    assert is_one_of(Path("/dev/fd/0"), ["-"])
