"""What people see: notices and errors on stderr, prose and coloured letters; tables and the live display have their own rooms.

rich is imported inside functions: most runs do without it.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

from bacterio_cli.errors import UNPRINTABLE

if TYPE_CHECKING:
    from rich.text import Text

PIPE_WIDTH = 200  # columns for a table that goes to a file or a pipe
SURPRISES = ((2, ""), (4, "yellow"), (6, "bold yellow"), (math.inf, "bold red"))  # bits up to which a letter is so
BARS = "▁▂▃▄▅▆▇█"  # P from 0 to 1
LEGEND = (
    "bars are P of each letter and of the end: above as drawn, below in the model; "
    "yellow is beyond 2 bits (−log₂ P), bold beyond 4, red beyond 6"
)


def printable(text: str) -> str:
    """The text with control and bidirectional characters escaped: names and paths come from files, and files lie."""
    return UNPRINTABLE.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def as_json(value: Any) -> str:
    """One line of JSON, in which control and bidirectional characters stand as escapes."""
    import json

    text = json.dumps(value, ensure_ascii=False)
    return UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def notice(text: str) -> None:
    """One line on stderr; that it cannot be written stops nothing."""
    with suppress(OSError):
        sys.stderr.write(f"bacterio: {printable(text)}\n")
        sys.stderr.flush()


def error(text: str) -> None:
    """One line on stderr that says what went wrong."""
    notice(f"error: {text}")


def is_terminal(stream: TextIO) -> bool:
    """Whether a person is looking."""
    return stream.isatty()


def style_of(surprise: float) -> str:
    """The colour of a letter with this surprise, −log₂ P in bits."""
    return next(style for most, style in SURPRISES if surprise <= most)


def shaded(name: str, bits: Iterable[float] | None) -> Text:
    """The name with each letter coloured by its surprise, −log₂ P in bits; plain if there is none."""
    from rich.text import Text

    text = Text()
    for letter, surprise in zip(name, [0.0] * len(name) if bits is None else bits, strict=False):
        text.append(printable(letter), style_of(surprise))
    return text


def bars(name: str, bits: Iterable[float]) -> Text:
    """A bar as high as P for each letter, to stand below it, and one for the end; coloured as the letters are."""
    from rich.cells import cell_len
    from rich.text import Text

    text = Text()
    for letter, surprise in zip(name + "$", bits, strict=True):
        text.append(BARS[min(7, int(8 * 2**-surprise))] * cell_len(printable(letter)), style_of(surprise))
    return text


def show_probabilities(name: str, drawn: Iterable[float], plain: Iterable[float]) -> None:
    """A name on stdout, coloured as drawn, over its bars."""
    write_lines([shaded(name, drawn), bars(name, drawn), bars(name, plain)], sys.stdout)


def write_lines(lines: Sequence[Text], stream: TextIO) -> None:
    """Coloured lines, as they are; a reader who has gone is left to the error boundary."""
    from rich.console import Console  # rich costs 50 ms, and only tables and colours need it
    from rich.text import Text

    class Sheet(Console):
        """A console that does not end the process by itself."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    for line in lines:
        line.rstrip()
    Sheet(file=stream, highlight=False).print(Text("\n").join(lines), soft_wrap=True)


def columns_of(stream: TextIO) -> int:
    """How wide it is; COLUMNS wins, as elsewhere. rich takes every dumb terminal for 80, so it has to be told."""
    if not is_terminal(stream):
        return PIPE_WIDTH
    said = os.environ.get("COLUMNS", "")
    return (int(said) if said.isdecimal() and len(said) < 6 else os.get_terminal_size(stream.fileno()).columns) or 80


def paragraph(text: str, *, stream: TextIO) -> None:
    """Prose, broken at 80 columns, or sooner on a narrower terminal, but not beside the sign of a formula."""
    import re
    import textwrap

    width = min(80, columns_of(stream))
    held = re.sub(r" (?=[=≈⊙+−/] )|(?<= [=≈⊙+−/Σ]) ", "\xa0", printable(text))
    stream.write(textwrap.fill(held, width, break_on_hyphens=False).replace("\xa0", " ") + "\n")


def difference(wrong: Iterable[str], right: Iterable[str], *, stream: TextIO) -> None:
    """Lines behind - and lines behind +, red and green on a terminal."""
    from rich.text import Text

    lines = [Text(printable(f"- {line}"), "red") for line in wrong]
    write_lines(lines + [Text(printable(f"+ {line}"), "green") for line in right], stream)
