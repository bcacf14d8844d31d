"""The errors that a user can meet; each builds its own one-line message: what, where, what to do."""

from __future__ import annotations

import re
from pathlib import Path

# Control characters, the bidirectional overrides that hide text on a screen, and the byte order mark.
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]")


class BacterioError(Exception):
    """An expected failure. `exit_code` is 1 for files and data, 2 for usage errors."""

    exit_code = 1


class UsageError(BacterioError):
    """Options that contradict each other or a value outside its range."""

    exit_code = 2


class InputError(BacterioError):
    """Something in a text that was read: `where` is `file` or `file:line`."""

    def __init__(self, where: str, what: str, remedy: str = "") -> None:
        super().__init__(f"{where}: {what}" + (f"; {remedy}" if remedy else ""))


class FileError(BacterioError):
    """A file that cannot be read or written, with the system's own reason."""

    def __init__(self, path: str | Path, doing: str, reason: OSError | str, remedy: str = "") -> None:
        text = reason if isinstance(reason, str) else reason.strerror or type(reason).__name__
        super().__init__(f"cannot {doing} {path}: {text}" + (f"; {remedy}" if remedy else ""))


class CheckpointError(BacterioError):
    """A checkpoint that is foreign, damaged, newer than this program, or at odds with itself."""

    def __init__(self, path: str | Path, what: str, remedy: str = "train a new one with 'bacterio train'") -> None:
        super().__init__(f"{path}: {what}; {remedy}")


class DivergedError(BacterioError):
    """Training met a number that is not finite; the run stands as it stood before that step.

    The causes that can be seen from here are a learning rate too large, and rows so long that gradients explode.
    """

    def __init__(self, step: int, what: str, *, rate: float, longest: int) -> None:
        super().__init__(
            f"{what} is not finite at step {step:,} (learning rate {rate:g}, rows of up to {longest:,} characters); "
            "stopped with what stood before it: lower --lr, clip harder with --clip, or leave out what is overlong"
        )
