"""What people see: notices and errors on stderr, prose and coloured letters.

rich is imported inside functions: it costs 50 ms, and only tables and colours need it.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

from bacterio_cli.errors import UNPRINTABLE

if TYPE_CHECKING:
    from rich.console import RenderableType
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
    """Whether a person is looking; a notebook's stream may not even be able to say."""
    asked = getattr(stream, "isatty", None)
    return bool(asked and asked())


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
    from rich.text import Text

    show(Text("\n").join([shaded(name, drawn), bars(name, drawn), bars(name, plain)]), stream=sys.stdout)


def show(what: RenderableType, *, stream: TextIO, wrapped: bool = False) -> None:
    """Something coloured, or a table, as this stream takes it; the blanks that rich leaves at line ends go.

    It is written here and not by rich, which would end the process itself where a reader has gone.
    """
    from rich.console import Console

    # Without a height rich takes every dumb terminal for 80 columns.
    console = Console(file=stream, width=columns_of(stream), height=24, highlight=False)
    with console.capture() as captured:
        console.print(what, soft_wrap=not wrapped)
    stream.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def columns_of(stream: TextIO) -> int:
    """How wide it is; COLUMNS wins, as elsewhere."""
    if not is_terminal(stream):
        return PIPE_WIDTH
    said = os.environ.get("COLUMNS", "")
    columns = int(said) if said.isdecimal() and len(said) < 6 else 0
    with suppress(OSError, ValueError, AttributeError):  # a terminal in name only
        columns = columns or os.get_terminal_size(stream.fileno()).columns
    return columns or 80


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
    lines += [Text(printable(f"+ {line}"), "green") for line in right]
    show(Text("\n").join(lines), stream=stream)
