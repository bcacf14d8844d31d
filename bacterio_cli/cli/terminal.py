"""What people see: notices, prose and coloured letters. rich, which costs 50 ms, is imported where it is needed."""

import json
import math
import os
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from itertools import zip_longest
from typing import Any, TextIO
from unicodedata import category

SURPRISES = ((2, ""), (4, "yellow"), (6, "bold yellow"), (math.inf, "bold red"))  # bits up to which a letter is so
HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # categories of what is not seen, moves others about, or is half a character
JOINERS = "\u200c\u200d"  # of these, those that are letters to whoever writes Persian or Hindi
filled = partial(textwrap.fill, break_long_words=False, break_on_hyphens=False)  # in which words stay whole
BARS = "▁▂▃▄▅▆▇█"  # P from 0 to 1
LEGEND = "P of each letter, above as drawn, below in the model; yellow is beyond 2 bits, bold beyond 4, red beyond 6"


def printable(text: str, *, keep: str = "", escaped: Callable[[str], str] = ascii) -> str:
    """The text with control, format and bidirectional characters escaped: names and paths come from files, and files lie."""
    if text.isprintable():
        return text
    return "".join(escaped(c)[1:-1] if category(c) in HIDDEN and c not in keep else c for c in text)


def result(text: str) -> str:
    """Lines as they go to stdout: escaped for a terminal, to the letter for a file or a pipe."""
    return printable(text, keep=JOINERS + "\t\n") if is_terminal(sys.stdout) else text


def as_json(value: Any) -> str:
    """One line of JSON, in which control, format and bidirectional characters stand as escapes."""
    return printable(json.dumps(value, ensure_ascii=False), escaped=json.dumps) + "\n"


def notice(text: str) -> None:
    """One line on stderr, which a terminal gets broken between words."""
    line(f"bacterio: {text}", stream=sys.stderr)


def line(text: str, *, stream: TextIO, indent: str = "  ") -> None:
    """A line; on a terminal broken between words where it is too long, and then indented."""
    text = printable(text)
    stream.write((filled(text, columns_of(stream), subsequent_indent=indent) if is_terminal(stream) else text) + "\n")


def is_terminal(stream: TextIO) -> bool:
    """Whether a person is looking; a notebook's stream may not even be able to say."""
    return bool(getattr(stream, "isatty", lambda: False)())


def shaded(pieces: Iterable[str], bits: Iterable[float]) -> Any:
    """A text of rich's: each letter, or other piece, in the colour of its surprise, −log₂ P in bits, if it has one."""
    from rich.text import Text

    styles = (next(style for most, style in SURPRISES if surprise <= most) for surprise in bits)
    return Text.assemble(*zip_longest(map(printable, pieces), styles, fillvalue=""))


def show_probabilities(name: str, drawn: Sequence[float], plain: Sequence[float]) -> None:
    """A name on stdout, coloured as drawn, over two rows of bars as high as P of each letter and of the end."""
    from rich.cells import cell_len

    widths = [cell_len(printable(letter)) for letter in name + "$"]
    print_rich(shaded(name, drawn), stream=sys.stdout)
    for bits in (drawn, plain):
        bars = (BARS[min(7, int(8 * 2**-s))] * wide for s, wide in zip(bits, widths, strict=True))
        print_rich(shaded(bars, bits), stream=sys.stdout)


def print_rich(what: Any, *, stream: TextIO, width: int | None = None) -> None:
    """Something coloured, or a table, as this stream takes it; the blanks that rich leaves at line ends go."""
    from rich.console import Console

    # Without a height rich takes every dumb terminal for 80 columns.
    console = Console(file=stream, width=width or columns_of(stream), height=24, highlight=False)
    with console.capture() as captured:  # rich itself would end the process where a reader has gone
        console.print(what)
    stream.write("".join(f"{row.rstrip()}\n" for row in captured.get().splitlines()))


def columns_of(stream: TextIO) -> int:
    """How wide it is, or 20 if it is narrower; COLUMNS wins, as elsewhere, where it is a number of columns."""
    said = os.environ.get("COLUMNS", "")
    columns = int(said) if said.isdecimal() and len(said) < 6 else 0
    with suppress(OSError, ValueError, AttributeError):  # no terminal, or one in name only
        columns = columns or os.get_terminal_size(stream.fileno()).columns
    return max(20, columns or 80)


def paragraph(text: str, *, apart: bool = False) -> None:
    """Prose on stdout, after an empty line if it stands apart; broken at 80 columns, or sooner on a narrower terminal."""
    sys.stdout.write("\n" * apart + filled(printable(text), min(80, columns_of(sys.stdout))) + "\n")
