"""The errors that a user can meet; each builds its own one-line message: what, where, what to do."""

import re
import reprlib
from numbers import Integral, Real
from pathlib import Path

# Control characters, the bidirectional marks that hide text on a screen, half surrogate pairs, the byte order mark.
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
short = reprlib.repr  # a value as a message shows it, whatever its size


class BacterioError(Exception):
    """An expected failure. `exit_code` is 1 for files and data, 2 for usage errors."""

    exit_code = 1


class UsageError(BacterioError):
    """Options that contradict each other or a value outside its range."""

    exit_code = 2


def refuse(*rules: tuple[object, str]) -> None:
    """UsageError with the message beside the first of these that is true."""
    for broken, message in rules:
        if broken:
            raise UsageError(message)


def require_number(option: str, value: object, low: float, high: float, *, whole: bool = False) -> None:
    """UsageError unless the value is a number from `low` to `high`, without a fraction if it is to be `whole`."""
    kind, name = (Integral, "a whole number") if whole else (Real, "a number")
    number = value if isinstance(value, Integral) or not isinstance(value, Real) else float(value)  # NumPy's overflow
    if isinstance(value, bool) or not isinstance(value, kind) or not low <= number <= high:  # type: ignore[operator]
        raise UsageError(f"{option} must be {name} from {low:,} to {high:,}, not {short(value)}")


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


class ContentsError(BacterioError):
    """What is to be a checkpoint is impossible, or beyond what any command would read again."""


class DivergedError(BacterioError):
    """A number is not finite, by a rate too large or rows too long; the run stands as it stood before that step."""

    def __init__(self, step: int, *, rate: float, longest: int) -> None:
        super().__init__(
            f"a loss or gradient is not finite at step {step:,} (learning rate {rate:g}, rows of up to "
            f"{longest:,} characters); stopped with what stood before it: lower --lr, clip harder with --clip, or "
            "leave out what is overlong"
        )
