"""Files that are written whole or not at all: aside, synced, renamed; what a killed process left is swept away."""

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
except ImportError:  # pragma: no cover  not on Windows, where a living temporary file cannot be deleted anyway
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def replacing(path: str | Path, *, option: str = "--out") -> Iterator[IO[bytes]]:
    """A file to write to, which takes the place of `path` when the block ends well.

    Readers see the old file or the new one, never a half. A symbolic link stays one: what it points to is replaced.
    Raises FileError, with the old file untouched and nothing left beside it; it names the option to choose with.
    """
    target = Path(os.path.realpath(path))
    temporary = None
    try:
        refuse_special(target)
        sweep(target)
        with create_beside(target) as file:
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


def create_beside(target: Path) -> Any:
    """A new temporary file in the target's directory, locked as long as it is open: its writer lives."""
    import tempfile

    while True:
        file = tempfile.NamedTemporaryFile(  # noqa: SIM115  the caller closes it
            dir=target.parent, prefix=f".{target.name}.", suffix=".tmp", delete=False
        )
        if fcntl is None:
            return file
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:  # else another process swept it before it was locked
            return file
        file.close()


def sweep(target: Path) -> None:
    """Delete the temporary files of saves of this target whose process is gone: those that nobody holds locked."""
    if fcntl is None:
        return
    for stray in glob.glob(glob.escape(str(target.parent / f".{target.name}.")) + "????????.tmp"):
        with contextlib.suppress(OSError), open(stray, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(stray)


def refuse_special(target: Path) -> None:
    """OSError for what a rename would replace though it is no file: a directory, a device, a pipe."""
    try:
        mode = target.stat().st_mode  # asked once: it may vanish at any moment
    except OSError:
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(None, "it is a directory")
    if not stat.S_ISREG(mode):
        raise OSError(None, "it is a device or a pipe, not a file")


def probe(path: str | Path, *, option: str = "--out") -> None:
    """FileError now, rather than after hours of work, if nothing can be written at `path`."""
    import tempfile

    target = Path(os.path.realpath(path))
    try:
        refuse_special(target)
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
