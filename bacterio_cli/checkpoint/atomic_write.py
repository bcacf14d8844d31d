"""Files that are written whole or not at all: to a temporary file beside the target, synced, then renamed."""

from __future__ import annotations

import contextlib
import glob
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from bacterio_cli.errors import FileError

try:
    import fcntl
except ImportError:  # pragma: no cover  not on Windows, which deletes no open file anyway
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def atomic_write(path: str | Path, *, option: str = "--out") -> Iterator[IO[bytes]]:
    """Open a file for writing that takes the place of `path` when the block ends without an exception.

    Readers see the old file or the new one, never half of either. Of a symbolic link, the target is replaced.
    Raises FileError, with the old file untouched and nothing left beside it, and advises to change `option`.
    """
    target = Path(os.path.realpath(path))
    temporary = None
    try:
        require_replaceable(target)
        remove_abandoned(target)
        with locked_temporary(target) as file:
            temporary = file.name
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.chmod(temporary, target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~current_umask())
            os.replace(temporary, target)
            temporary = None
    except OSError as error:
        remedy = f"the file that stood there is untouched; choose another place with {option}"
        raise FileError(path, "write", error, remedy) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def locked_temporary(target: Path) -> Any:
    """A new temporary file in the target's directory, locked while it is open: its process is alive."""
    import tempfile

    while True:
        file = tempfile.NamedTemporaryFile(  # noqa: SIM115  the caller closes it
            dir=target.parent, prefix=f".{target.name}.", suffix=".tmp", delete=False
        )
        if fcntl is None:
            return file
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:  # else another process removed it before it was locked
            return file
        file.close()


def remove_abandoned(target: Path) -> None:
    """Delete the temporary files that killed processes left beside this target: those that nobody holds locked."""
    if fcntl is None:
        return
    for stray in glob.glob(glob.escape(str(target.parent / f".{target.name}.")) + "????????.tmp"):
        with contextlib.suppress(OSError), open(stray, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(stray)


def require_replaceable(target: Path) -> None:
    """OSError if the target is a directory, a device or a pipe, which a rename would replace by a file."""
    try:
        mode = target.stat().st_mode  # asked once: it may vanish at any moment
    except OSError:
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(None, "it is a directory")
    if not stat.S_ISREG(mode):
        raise OSError(None, "it is a device or a pipe, not a file")


def probe(path: str | Path, *, option: str = "--out") -> None:
    """Raise FileError now, rather than after hours of work, if nothing can be written at `path`."""
    import tempfile

    target = Path(os.path.realpath(path))
    try:
        require_replaceable(target)
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise FileError(path, "write", error, f"choose another place with {option}") from error


def is_one_of(path: Path, sources: Iterable[str | Path]) -> bool:
    """Whether `path` is one of these files, by whatever name; '-' is standard input."""
    for source in sources:
        with contextlib.suppress(OSError):  # a file that is not there is reported when it is read
            if os.path.samestat(os.stat(path), os.fstat(0) if source == "-" else os.stat(source)):
                return True
    return False


def current_umask() -> int:
    """The process's file mode mask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
