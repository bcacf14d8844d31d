"""Plain lists: UTF-8, a name a line, `#` comments; `-` is standard input."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

from bacterio_cli.errors import FileError, InputError

UTF16 = (b"\xff\xfe", b"\xfe\xff")


class RawLine(NamedTuple):
    """A line as it stands in its source, without the line end."""

    number: int
    text: str


def read_bytes(source: str) -> bytes:
    """The whole of a file, or of standard input for `-`."""
    if source == "-":
        if sys.stdin is None:
            raise FileError("standard input", "read", "it is closed")
        return sys.stdin.buffer.read()
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise FileError(source, "read", error) from error


def source_name(source: str) -> str:
    """What to call a source in messages."""
    return "standard input" if source == "-" else source


def read_lines(source: str) -> list[RawLine]:
    """All lines of a UTF-8 text, a byte order mark skipped, line ends \\n, \\r\\n or \\r.

    Raises FileError if the source cannot be read, InputError with the line if it is not UTF-8.
    """
    data = read_bytes(source)
    where = source_name(source)
    if data.startswith(UTF16):
        raise InputError(where, "is UTF-16, not UTF-8", f"convert it: iconv -f UTF-16 -t UTF-8 {source}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if b"\0" in data[:4096]:
            raise InputError(
                where, "is a binary file, not a list of names", "give a text with one name a line"
            ) from error
        line = len(re.findall(b"\r\n|\n|\r", data[: error.start])) + 1
        raise InputError(
            f"{where}:{line}",
            f"byte 0x{data[error.start]:02x} is not UTF-8",
            f"convert the file, if it is Latin-1 by: iconv -f LATIN1 -t UTF-8 {source}",
        ) from error
    lines = re.split("\r\n|\n|\r", text)
    return [RawLine(number, line) for number, line in enumerate(lines, 1)]
