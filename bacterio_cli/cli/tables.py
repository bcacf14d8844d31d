"""Tables for people, as wide as the screen, and the short numbers that stand in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TextIO

from bacterio_cli.cli import terminal

if TYPE_CHECKING:
    from rich.console import JustifyMethod
    from rich.text import Text

LAST_COLUMN = 12  # columns that the last one keeps, however long its words
BAR_WIDTH, EIGHTHS = 8, " ▏▎▍▌▋▊▉"
STYLES = {
    "FAIL": "bold red",
    "pass": "green",
    "conflict": "bold red",
    "warn": "yellow",
    "ok": "green",
    "unseen": "bold red",
}


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str | Text]],
    *,
    stream: TextIO,
    right: Sequence[str] = (),
    whole: Sequence[str] = (),
) -> None:
    """Rows under headings: ruled on a terminal, plain aligned text elsewhere.

    Cells break between words, those of `whole` nowhere, the last column anywhere. On a terminal too narrow for that,
    a row becomes a block with a cell a line, the empty ones left out.
    """
    from rich.cells import cell_len  # rich costs 50 ms, and only what is ruled or coloured needs it
    from rich.console import Console
    from rich.text import Text

    def lines(row: Sequence[Text], widths: Sequence[int], sides: Sequence[JustifyMethod], gap: int) -> list[Text]:
        """The cells side by side."""
        parts = [
            [*cell.wrap(console, width, justify=side, overflow="fold")]
            for cell, width, side in zip(row, widths, sides, strict=True)
        ]
        height = max(map(len, parts))
        filled = [part + [Text(" " * width)] * (height - len(part)) for part, width in zip(parts, widths, strict=True)]
        return [Text(" " * gap).join(line) for line in zip(*filled, strict=True)]

    seen, width = terminal.is_terminal(stream), terminal.columns_of(stream)
    console = Console(file=stream)  # wrapping wants one
    cells = [
        [Text(terminal.printable(cell), STYLES.get(cell, "")) if isinstance(cell, str) else cell for cell in row]
        for row in rows
    ]
    heads = [Text(name, "bold") for name in columns]
    texts = [[cell.plain for cell in column] for column in zip(heads, *cells, strict=True)]
    most = [max(map(cell_len, column)) for column in texts]
    least = [max(cell_len(word) for text in column for word in text.split() or [""]) for column in texts]
    least = [most[k] if name in whole else least[k] for k, name in enumerate(columns)]
    least[-1] = min(least[-1], LAST_COLUMN)
    gap = 3 if seen and sum(most) + 3 * (len(most) - 1) <= width else 2  # sooner a blank less than a broken cell
    widths = widths_within(width - gap * (len(columns) - 1), least, most)
    if widths or not seen:
        widths = widths or least
        sides: list[JustifyMethod] = ["right" if name in right else "left" for name in columns]
        drawn = lines(heads, widths, sides, gap)
        if seen:
            drawn.append(Text("─" * (sum(widths) + gap * (len(widths) - 1))))
        for row in cells:
            drawn += lines(row, widths, sides, gap)
    else:
        drawn = []
        label = max(map(cell_len, columns))
        for row in cells:
            drawn += [Text()] * bool(drawn)
            for head, cell in zip(heads, row, strict=True):
                if cell.plain:
                    drawn += lines((head, cell), (label, max(1, width - label - 2)), ("left", "left"), 2)
    terminal.write_lines(drawn, stream)


def widths_within(room: int, least: Sequence[int], most: Sequence[int]) -> list[int] | None:
    """Widths from least to most that fit the room, those that lack little served first; None if even the least do not."""
    widths = list(least)
    lacking = sorted(range(len(least)), key=lambda k: most[k] - least[k])
    for done, k in enumerate(lacking):
        share = (room - sum(widths)) // (len(least) - done)
        if share < 0:
            return None
        widths[k] += min(most[k] - least[k], share)
    return widths


def short(value: float) -> str:
    """A number in six characters and a sign, or seven for powers below 10⁻⁹: four decimals, or two digits."""
    if value == 0 or 1e-3 <= abs(value) < 9.99995:
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
