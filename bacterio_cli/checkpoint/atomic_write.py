"""Files that are written whole or not at all, to a temporary file beside the target, and what they may replace."""

import glob
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from bacterio_cli.errors import FileError

try:
    import fcntl
except ImportError:  # pragma: no cover  not on Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def atomic_write(path: str | Path) -> Iterator[IO[bytes]]:
    """Open a file for writing that takes the place of `path` when the block ends without an exception.

    Readers see the old file or the new one, never half of either. Of a symbolic link, the target is replaced.
    Raises FileError, with the old file untouched and nothing left beside it.
    """
    target = Path(os.path.realpath(path))
    temporary = target.parent / f".{target.name}.{os.urandom(4).hex()}.tmp"
    try:
        require_regular(path)
        for stray in target.parent.glob(f".{glob.escape(target.name)}.????????.tmp"):
            with suppress(OSError), open(stray, "rb") as file:
                lock(file)  # a killed process left it, and nobody holds it
                os.unlink(stray)
        try:
            with open(temporary, "xb") as file:
                lock(file)  # its process is alive
                if target.exists():
                    os.chmod(temporary, target.stat().st_mode & 0o777)
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
        finally:
            with suppress(OSError):  # it has become the target
                os.unlink(temporary)
    except OSError as error:
        raise FileError(path, "write", error, "what stood there is untouched; choose another place") from error


@contextmanager
def reserved(
    path: str | Path, *, objection: Callable[[Path], str], option: str = "--out", force: bool | None = None
) -> Iterator[None]:
    """Before any work, make sure that `path` may be written and can be; while the block lasts, by nobody else.

    See `require_ours`, which `force` overrules; it is None where it is no option. Raises FileError. The lock is a file
    with the name of a temporary one, which the next write removes if the process is killed.
    """
    target = Path(os.path.realpath(path))
    place = target.parent / f".{target.name}.reserved.tmp"  # as long as a temporary one
    remedy = f"choose another place with {option}"
    with ExitStack() as stack:
        try:
            require_regular(path)
            if not force:
                or_else = ", or remove it" if force is None else " or replace it with --force"
                require_ours(path, objection, remedy + or_else)
            file = stack.enter_context(open(place, "ab"))
            lock(file)
        except OSError as error:
            raise FileError(path, "write", error, remedy) from error
        try:
            yield
        finally:
            file.close()
            with suppress(OSError):
                place.unlink()


def require_ours(path: str | Path, objection: Callable[[Path], str], remedy: str) -> None:
    """FileError for a file that should not be written over: read-only, or not empty and with an objection to it."""
    if not os.path.exists(path):
        return
    there = os.stat(path)
    writable = there.st_mode & 0o222 and os.access(path, os.W_OK)
    against = "it is read-only" if not writable else objection(Path(path)) if there.st_size else ""
    if against:
        raise FileError(path, "write", against, remedy)


def lock(file: IO[bytes]) -> None:
    """Lock an open file for this process, on systems that can; OSError if another holds it."""
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OSError(error.errno, "another process is writing it") from error


def require_regular(path: str | Path) -> None:
    """OSError if what stands there is no file, or cannot be looked at."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise OSError(None, "it is a directory, a device or a pipe, not a file")


def is_one_of(path: Path, sources: Iterable[str | Path]) -> bool:
    """Whether `path` is one of these files, by whatever name; '-' is standard input."""
    for source in sources:
        with suppress(OSError):  # a file that is not there is reported when it is read
            if os.path.samestat(os.stat(path), os.fstat(0) if source == "-" else os.stat(source)):
                return True
    return False
