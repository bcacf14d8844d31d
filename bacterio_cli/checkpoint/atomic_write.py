"""Files that are written whole or not at all, to a temporary file beside the target, and what they may replace."""

from __future__ import annotations

import glob
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from bacterio_cli.errors import FileError

try:
    import fcntl
except ImportError:  # pragma: no cover  not on Windows, which neither renames nor deletes an open file
    fcntl = None  # type: ignore[assignment]

RESERVED = "reserved"  # stands where a temporary file has eight random letters


@contextmanager
def atomic_write(path: str | Path, *, option: str = "--out") -> Iterator[IO[bytes]]:
    """Open a file for writing that takes the place of `path` when the block ends without an exception.

    Readers see the old file or the new one, never half of either. Of a symbolic link, the target is replaced.
    Raises FileError, with the old file untouched and nothing left beside it, and advises to change `option`.
    """
    target = Path(os.path.realpath(path))
    try:
        require_replaceable(target)
        remove_abandoned(target)
        with locked_temporary(target) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.chmod(file.name, target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~current_umask())
            if fcntl is None:  # pragma: no cover
                file.close()
            os.replace(file.name, target)
    except OSError as error:
        remedy = f"the file that stood there is untouched; choose another place with {option}"
        raise FileError(path, "write", error, remedy) from error


@contextmanager
def reserved(
    path: str | Path, *, objection: Callable[[Path], str], option: str = "--out", force: bool | None = None
) -> Iterator[None]:
    """Before any work, make sure that `path` may be written and can be; while the block lasts, by nobody else.

    What stands there, unless it is empty, is replaced only if `objection` has none to it and nobody made it read-only,
    or by `force` (None if the command has no such option). What would fail when the file is written raises FileError
    here. The lock is a temporary file beside it, which the next write removes if the process is killed.
    """
    target = Path(os.path.realpath(path))
    remedy = f"choose another place with {option}"
    or_force = "" if force is None else " or replace it with --force"
    with ExitStack() as stack:
        try:
            require_replaceable(target)
            if not force and target.exists():
                there = target.stat()
                against = "" if there.st_mode & 0o222 else "it is read-only"
                if against := against or (objection(target) if there.st_size else ""):
                    raise FileError(path, "write", against, remedy + or_force)
                os.close(os.open(target, os.O_WRONLY))
            stack.enter_context(locked_temporary(target, RESERVED))
        except BlockingIOError as error:
            raise FileError(path, "write", "another process is about to write it", remedy) from error
        except OSError as error:
            raise FileError(path, "write", error, remedy) from error
        yield


@contextmanager
def locked_temporary(target: Path, name: str | None = None) -> Iterator[Any]:
    """A temporary file in the target's directory, locked while it is open: its process is alive. It goes at the end.

    With a name of its own, BlockingIOError if another process holds it.
    """
    prefix, suffix = f".{target.name}.", ".tmp"
    while True:
        if name is None:
            file: Any = tempfile.NamedTemporaryFile(  # noqa: SIM115  closed below
                dir=target.parent, prefix=prefix, suffix=suffix, delete=False
            )
        else:
            path = target.parent / f"{prefix}{name}{suffix}"
            file = open(path, "wb", opener=unlinked)  # noqa: SIM115  closed below
        with file:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if name is None else fcntl.LOCK_NB))
            if not os.fstat(file.fileno()).st_nlink:  # another process removed it before it was locked
                continue
            try:
                yield file
            finally:
                if fcntl is None:  # pragma: no cover
                    file.close()
                with suppress(OSError):  # it has become the target
                    os.unlink(file.name)
            return


def unlinked(path: str, flags: int) -> int:
    """An opener that makes private files and follows no symbolic link."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)


def remove_abandoned(target: Path) -> None:
    """Delete the temporary files that killed processes left beside this target: those that nobody holds locked."""
    if fcntl is None:
        return
    for stray in glob.glob(glob.escape(str(target.parent / f".{target.name}.")) + "????????.tmp"):
        with suppress(OSError), open(stray, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(stray)


def require_replaceable(target: Path) -> None:
    """OSError if a rename could not put a file in the place of what stands there, or would if it is no file."""
    try:
        there, folder = target.stat(), target.parent.stat()  # asked once: it may vanish at any moment
    except OSError:
        return
    if stat.S_ISDIR(there.st_mode):
        raise IsADirectoryError(None, "it is a directory")
    if not stat.S_ISREG(there.st_mode):
        raise OSError(None, "it is a device or a pipe, not a file")
    if folder.st_mode & stat.S_ISVTX and os.geteuid() not in (0, there.st_uid, folder.st_uid):
        raise PermissionError(None, "it belongs to another user, in a directory where only its owner replaces a file")
    with suppress(FileNotFoundError, PermissionError):  # not on Linux
        path = re.sub(rb"[ \t\n\\]", lambda found: b"\\%03o" % ord(found[0]), os.fsencode(target))
        mounts = Path("/proc/self/mountinfo").read_bytes().splitlines()
        if path in (line.split(b" ")[4] for line in mounts):
            raise OSError(None, "it is a mount point, which no other file can replace")


def is_one_of(path: Path, sources: Iterable[str | Path]) -> bool:
    """Whether `path` is one of these files, by whatever name; '-' is standard input."""
    for source in sources:
        with suppress(OSError):  # a file that is not there is reported when it is read
            if os.path.samestat(os.stat(path), os.fstat(0) if source == "-" else os.stat(source)):
                return True
    return False


def current_umask() -> int:
    """The process's file mode mask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
