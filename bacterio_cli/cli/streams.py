"""The standard streams, in UTF-8 whatever the locale: a failure of stdout has a name of its own, one of stderr has none."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress


class OutputError(Exception):
    """Standard output cannot be written, because of the OSError that is its cause; so it is told from one of a file."""


class Stream(io.TextIOWrapper):
    """Text for a buffer that belongs to another stream, and so outlives this one."""

    def close(self) -> None:
        """Write what is waiting, and leave the buffer open."""
        self.flush()


class Results(Stream):
    """Standard output: what cannot be written raises OutputError."""

    def write(self, text: str, /) -> int:
        """Write the text, now or when there is more of it."""
        try:
            return super().write(text)
        except OSError as failure:
            raise OutputError from failure

    def flush(self) -> None:
        """Write what is waiting."""
        try:
            super().flush()
        except OSError as failure:
            raise OutputError from failure


class Notices(Stream):
    """Standard error: what cannot be written stops nothing."""

    def write(self, text: str, /) -> int:
        """Write the text if it can be written."""
        with suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is waiting if it can be written."""
        with suppress(OSError):
            super().flush()


def open_streams() -> None:
    """Put these in the place of Python's own; one closed before the start is a reader that has gone, and gets nothing."""
    for name, kind in (("stdout", Results), ("stderr", Notices)):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  open as long as the process is
        elif isinstance(stream, io.TextIOWrapper):
            how = {"line_buffering": stream.line_buffering, "write_through": stream.write_through}
            setattr(sys, name, kind(stream.buffer, encoding="utf-8", errors="backslashreplace", **how))


def silence_stdout() -> None:
    """Send what Python may still flush at exit to nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
