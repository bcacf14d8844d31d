"""Tables for people, laid out by rich as wide as the screen, and the short numbers and curves that stand in them."""

import math
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from bacterio_cli.cli import terminal

GAP = 2  # columns between two cells
RED, YELLOW, GREEN = "bold red", "yellow", "green"
STYLES = {"FAIL": RED, "conflict": RED, "unseen": RED, "warn": YELLOW, "skip": YELLOW, "pass": GREEN, "ok": GREEN}


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, stream: TextIO | None = None, whole: Sequence[str] = ()
) -> None:
    """Rows of texts, rich's or numbers under headings, on stdout by default: ruled on a terminal, elsewhere of any width.

    Numbers stand flush right, – for None. Cells break between words, those of `whole` nowhere. On a terminal
    too narrow each row is a block, a cell per line.
    """
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    stream = stream or sys.stdout
    widths, least, right, cells = [], [], [], []
    for name, *column in zip(columns, *rows, strict=True):
        right.append(any(isinstance(cell, int | float) for cell in column))
        words = [short(cell) if isinstance(cell, int | float) else "–" if cell is None else cell for cell in column]
        cells.append([Text(terminal.printable(w), STYLES.get(w, "")) if isinstance(w, str) else w for w in words])
        texts = [name, *(cell.plain for cell in cells[-1])]
        widths.append(max(map(cell_len, texts)))
        least.append(widths[-1] if name in whole else max(map(cell_len, " ".join(texts).split()), default=0))
    least[-1] = min(least[-1], 12)  # whose words may be longer than the screen
    ruled, gaps = terminal.is_terminal(stream), GAP * (len(columns) - 1)
    room = terminal.columns_of(stream) - gaps if ruled else sum(widths)
    if sum(least) > room:
        label = max(map(cell_len, columns)) + GAP
        lines = []
        for row in zip(*cells, strict=True):
            pairs = zip(columns, row, strict=True)
            lines += [Text.assemble((name.ljust(label), "bold"), cell) for name, cell in pairs if cell.plain]
            lines.append(Text())
        terminal.print_rich(Text("\n").join(lines), stream=stream)
        return
    while sum(widths) > room:
        widest = max((k for k in range(len(columns)) if widths[k] > least[k]), key=widths.__getitem__)
        widths[widest] -= 1
    edge = GAP - ruled  # where rich rules it sets a blank between columns
    drawn = Table(box=box.SIMPLE_HEAD if ruled else None, show_edge=False, pad_edge=False, padding=(0, edge, 0, 0))
    for name, wide, flush in zip(columns, widths, right, strict=True):
        drawn.add_column(Text(name), width=wide, justify="right" if flush else "left", overflow="fold")
    for row in zip(*cells, strict=True):
        drawn.add_row(*row)
    terminal.print_rich(drawn, stream=stream, width=sum(widths) + gaps)


def short(value: float) -> str:
    """A number in six characters and a sign, or seven for powers below 10⁻⁹: four decimals, or two digits; all of an int."""
    if isinstance(value, int) or value == 0:
        return f"{value:,.0f}"
    if not (abs(value) < 1e-3 or 9.99995 <= abs(value) < math.inf):  # or not finite
        return f"{value:.4f}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}" if abs(value) < 1e-3 or abs(value) >= 1e4 else f"{value:.5g}"


def validation_curve(history: Iterable[dict[str, Any]]) -> list[float]:
    """The validation loss after each epoch that has one, in bits per character."""
    return [row["valid_bits_per_char"] for row in history if row.get("valid_bits_per_char") is not None]


def curve(values: Sequence[float]) -> str:
    """A line of blocks from the lowest value to the highest, of 24 values spread over all if there are more."""
    count = min(len(values), 24)
    some = [values[round(k * (len(values) - 1) / max(1, count - 1))] for k in range(count)]
    low, high = min(some, default=0.0), max(some, default=0.0)
    return "".join(terminal.BARS[round(7 * (value - low) / (high - low or 1.0))] for value in some)
