"""What a process needs before a command begins: standard streams in UTF-8, memory that it keeps."""

import io
import os
import sys
from contextlib import suppress
from typing import Any

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # the numbers of these settings in malloc.h


class OutputError(Exception):
    """Standard output cannot be written, because of the OSError that is its cause; so it is told from one of a file."""


class Output(io.FileIO):
    """Standard output or standard error: a failure of the one raises OutputError, one of the other passes."""

    def write(self, data: Any, /) -> int:
        """Write the bytes."""
        try:
            return super().write(data)
        except OSError as failure:
            if self.fileno() == 2:
                return len(data)
            raise OutputError from failure


def open_streams() -> None:
    """Put these in the place of Python's own; one closed before the start is a reader that has gone, and gets nothing."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  open as long as the process is
        elif stream is getattr(sys, f"__{name}__"):
            buffer = io.BufferedWriter(Output(number, "w", closefd=False))
            at_once = stream.line_buffering or stream.write_through
            setattr(sys, name, io.TextIOWrapper(buffer, "utf-8", "backslashreplace", line_buffering=at_once))


def keep_freed_memory() -> None:
    """Let glibc keep what is freed, up to 1 GiB: pages that it gives back come zeroed, up to a fifth of a step."""
    import ctypes

    with suppress(AttributeError, OSError, TypeError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        if mallopt(MMAP_THRESHOLD, 2**30) or mallopt(MMAP_THRESHOLD, 2**25):  # all that an older glibc takes
            mallopt(TRIM_THRESHOLD, 2**30)
