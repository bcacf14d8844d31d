"""Files that are written whole or not at all, to a temporary file beside the target, and what they may replace."""

import glob
import os
import re
import stat
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
ZIP = b"PK\3\4"  # how a checkpoint begins


@contextmanager
def atomic_write(path: str | Path) -> Iterator[IO[bytes]]:
    """Open a file for writing that takes the place of `path` when the block ends without an exception.

    Readers see the old file or the new one, never half of either. Of a symbolic link, the target is replaced.
    Raises FileError, with the old file untouched and nothing left beside it.
    """
    target = Path(os.path.realpath(path))
    try:
        require_replaceable(path)
        remove_abandoned(target)
        with locked_temporary(target) as (file, temporary):
            yield file
            file.flush()
            os.fsync(file.fileno())
            if target.exists():
                os.chmod(temporary, target.stat().st_mode & 0o777)
            if fcntl is None:  # pragma: no cover
                file.close()
            os.replace(temporary, target)
    except OSError as error:
        raise FileError(path, "write", error, "what stood there is untouched; choose another place") from error


@contextmanager
def reserved(
    path: str | Path, *, objection: Callable[[Path], str], option: str = "--out", force: bool | None = None
) -> Iterator[None]:
    """Before any work, make sure that `path` may be written and can be; while the block lasts, by nobody else.

    See `require_ours`, which `force` overrules; it is None where it is no option. What would fail when the file is
    written raises FileError here. The lock is a temporary file beside it, which the next write removes if the process
    is killed.
    """
    target = Path(os.path.realpath(path))
    remedy = f"choose another place with {option}"
    with ExitStack() as stack:
        try:
            require_replaceable(path)
            if not force:
                or_else = ", or remove it" if force is None else " or replace it with --force"
                require_ours(path, objection, remedy + or_else)
            stack.enter_context(locked_temporary(target, RESERVED))
        except BlockingIOError as error:
            raise FileError(path, "write", "another process is about to write it", remedy) from error
        except OSError as error:
            raise FileError(path, "write", error, remedy) from error
        yield


def require_ours(path: str | Path, objection: Callable[[Path], str], remedy: str) -> None:
    """FileError for a file that should not be written over: read-only, or not empty and with an objection to it."""
    if not os.path.exists(path):
        return
    there = os.stat(path)
    against = "" if there.st_mode & 0o222 else "it is read-only"
    if against := against or (objection(Path(path)) if there.st_size else ""):
        raise FileError(path, "write", against, remedy)
    try:
        os.close(os.open(path, os.O_WRONLY))
    except OSError as error:
        raise FileError(path, "write", error, remedy) from error


@contextmanager
def locked_temporary(target: Path, name: str | None = None) -> Iterator[Any]:
    """A temporary file in the target's directory, locked while it is open: its process is alive. It goes at the end.

    With a name of its own, BlockingIOError if another process holds it.
    """
    flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    while True:
        beside = target.parent / f".{target.name}.{name or os.urandom(4).hex()}.tmp"
        private = name or target.exists()  # else the new file gets the mode that any new file gets
        number = os.open(beside, flags if name else flags | os.O_EXCL, 0o600 if private else 0o666)
        with open(number, "wb") as file:
            lock(file, wait=name is None)
            if not os.fstat(number).st_nlink:  # another process removed it before it was locked
                continue
            try:
                yield file, beside
            finally:
                if fcntl is None:  # pragma: no cover
                    file.close()
                with suppress(OSError):  # it has become the target
                    if name is None or not os.fstat(number).st_size:  # else somebody wrote a file of this name
                        os.unlink(beside)
            return


def lock(file: IO[bytes], *, wait: bool = False) -> None:
    """Lock an open file for this process, on systems that can; BlockingIOError if another holds it."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def remove_abandoned(target: Path) -> None:
    """Delete what killed processes left beside this target: temporary files, empty or ZIP, that nobody holds locked."""
    for stray in glob.glob(glob.escape(str(target.parent / f".{target.name}.")) + "????????.tmp"):
        with suppress(OSError), open(stray, "rb") as file:
            lock(file)
            if file.read(len(ZIP)) in (b"", ZIP):
                os.unlink(stray)


def require_replaceable(path: str | Path) -> None:
    """OSError if a rename could not put a file in the place of what stands there, or would if it is no file."""
    target = Path(os.path.realpath(path))
    try:
        there, folder = os.stat(path), target.parent.stat()  # asked once: it may vanish at any moment
    except FileNotFoundError:
        return
    if stat.S_ISDIR(there.st_mode):
        raise IsADirectoryError(None, "it is a directory")
    if not stat.S_ISREG(there.st_mode):
        raise OSError(None, "it is a device or a pipe, not a file")
    if folder.st_mode & stat.S_ISVTX and os.geteuid() not in (0, there.st_uid, folder.st_uid):
        raise PermissionError(None, "it belongs to another user, in a directory where only its owner replaces a file")
    with suppress(FileNotFoundError, PermissionError):  # not on Linux
        escaped = re.sub(rb"[ \t\n\\]", lambda found: b"\\%03o" % ord(found[0]), os.fsencode(target))
        mounts = Path("/proc/self/mountinfo").read_bytes().splitlines()
        if escaped in (line.split(b" ")[4] for line in mounts):
            raise OSError(None, "it is a mount point, which no other file can replace")


def is_one_of(path: Path, sources: Iterable[str | Path]) -> bool:
    """Whether `path` is one of these files, by whatever name; '-' is standard input."""
    for source in sources:
        with suppress(OSError):  # a file that is not there is reported when it is read
            if os.path.samestat(os.stat(path), os.fstat(0) if source == "-" else os.stat(source)):
                return True
    return False
