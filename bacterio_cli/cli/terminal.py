"""What people see: notices and errors on stderr, and tables; the live display is a room of its own.

rich is imported inside functions: most runs do without it.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

from bacterio_cli.errors import UNPRINTABLE

if TYPE_CHECKING:
    from rich.text import Text

PIPE_WIDTH = 200  # columns for a table that goes to a file or a pipe
BAR_WIDTH, EIGHTHS = 8, " ▏▎▍▌▋▊▉"


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


def has_room(columns: int) -> bool:
    """Whether what goes to stdout may be so wide: a file or pipe takes any width."""
    import shutil

    return not is_terminal(sys.stdout) or shutil.get_terminal_size().columns >= columns


SURPRISES = ((2, ""), (4, "yellow"), (6, "bold yellow"), (math.inf, "bold red"))  # bits up to which a letter is so


def shaded(name: str, bits: Iterable[float] | None) -> Text:
    """The name with each letter coloured by its surprise, −log₂ P in bits; plain if there is none."""
    from rich.text import Text

    text = Text()
    for letter, surprise in zip(name, [0.0] * len(name) if bits is None else bits, strict=False):
        text.append(printable(letter), next(style for most, style in SURPRISES if surprise <= most))
    return text


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str | Text]],
    *,
    stream: TextIO,
    right: Sequence[str] = (),
    whole: Sequence[str] = (),
    tight: bool = False,
) -> None:
    """Rows under headings: ruled on a terminal, plain aligned text elsewhere; columns in `whole` are never broken.

    `tight` leaves two blanks between columns on a terminal too, where there are three.
    """
    from rich.box import SIMPLE_HEAD  # rich costs 50 ms, and only what is ruled or coloured needs it
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    class Sheet(Console):
        """A console that leaves a reader who has gone to the error boundary."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    seen = is_terminal(stream)
    sheet = Table(box=SIMPLE_HEAD if seen else None, pad_edge=False, show_edge=False)
    if seen and tight:
        sheet.padding = (0, 1, 0, 0)
    for column in columns:
        sheet.add_column(
            column, justify="right" if column in right else "left", overflow="fold", no_wrap=column in whole
        )
    styles = {
        "FAIL": "bold red",
        "pass": "green",
        "conflict": "bold red",
        "warn": "yellow",
        "ok": "green",
        "unseen": "bold red",
    }
    for row in rows:
        sheet.add_row(*(Text(printable(cell), styles.get(cell, "")) if isinstance(cell, str) else cell for cell in row))
    console = Sheet(file=stream, width=None if seen else PIPE_WIDTH, highlight=False)
    with console.capture() as drawn:
        console.print(sheet)
    stream.write("\n".join(line.rstrip() for line in drawn.get().split("\n")))


def paragraph(text: str, *, stream: TextIO) -> None:
    """Prose, broken at 80 columns, or sooner on a narrower terminal, but not beside the sign of a formula."""
    import re
    import shutil
    import textwrap

    width = min(80, shutil.get_terminal_size().columns) if is_terminal(stream) else 80
    held = re.sub(r" (?=[=≈⊙+−/] )|(?<= [=≈⊙+−/Σ]) ", "\xa0", printable(text))
    stream.write(textwrap.fill(held, width, break_on_hyphens=False).replace("\xa0", " ") + "\n")


def difference(wrong: Iterable[str], right: Iterable[str], *, stream: TextIO) -> None:
    """Lines behind - and lines behind +, red and green on a terminal."""
    lines = [("- " + line, "red") for line in wrong] + [("+ " + line, "green") for line in right]
    if not is_terminal(stream):
        stream.write("".join(f"{printable(line)}\n" for line, _ in lines))
        return
    from rich.console import Console  # as for tables
    from rich.text import Text

    console = Console(file=stream, highlight=False)
    for line, style in lines:
        console.print(Text(printable(line), style), soft_wrap=True)


def short(value: float) -> str:
    """A number in at most six characters and a sign: four decimals, or two digits and a power of ten."""
    if value == 0 or 1e-3 <= abs(value) < 10:
        return f"{value:.4f}" if value else "0"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}" if abs(value) < 1e-3 or abs(value) >= 1e4 else f"{value:.5g}"


def percent(share: float) -> str:
    """A share in per cent."""
    return f"{100 * share:.0f} %"


def bar(share: float) -> str:
    """A bar of so much of its full width, in eighths of a character."""
    whole, rest = divmod(round(min(max(share, 0.0), 1.0) * BAR_WIDTH * 8), 8)
    return ("█" * whole + EIGHTHS[rest]).strip()
