"""The manual page, made of the application's own help: `python -m bacterio_cli.cli.manual > bacterio.1`.

A page for man(1) in the macros of man(7): one section for the options of `bacterio`, one subsection a command.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from inspect import cleandoc
from typing import Any

from typer.main import get_command

from bacterio_cli import __version__

# What roff would take for a command, a hyphen, or a typographic sign, as the sign that was meant.
SIGNS = {"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti", '"': r"\(dq"}


def roff(text: str) -> str:
    """The text on one line for roff: its signs escaped, other letters by number, no dot at the beginning."""
    text = "".join(SIGNS.get(c, c if c.isascii() else f"\\[u{ord(c):04X}]") for c in " ".join(text.split()))
    return rf"\&{text}" if text.startswith(".") else text


def prose(text: str) -> Iterator[str]:
    """Paragraphs."""
    for place, part in enumerate(cleandoc(text).split("\n\n")):
        yield from [".PP"] * bool(place)
        yield roff(part)


def listed(command: Any, context: Any) -> Iterator[str]:
    """The arguments and options of a command, each with its help."""
    for param in command.get_params(context):
        if record := param.get_help_record(context):
            name, says = record
            yield from (".TP", rf"\fB{roff(name)}\fR", roff(says) or r"\&")


def page() -> str:
    """The whole page."""
    from bacterio_cli.cli.app import app  # which imports all commands

    group: Any = get_command(app)
    about = group.help.strip()
    with group.make_context("bacterio", [], resilient_parsing=True) as root:
        lines = [
            # Without a date: a version has one page, whenever it is made.
            f'.TH BACTERIO 1 "" "bacterio {__version__}" "User Commands"',
            ".SH NAME",
            rf"bacterio \- {roff(about[0].lower() + about[1:].rstrip('.'))}",
            ".SH SYNOPSIS",
            rf"\fBbacterio\fR {roff(' '.join(group.collect_usage_pieces(root)))}",
            ".SH OPTIONS",
            *listed(group, root),
            ".SH COMMANDS",
        ]
        for name in group.list_commands(root):
            command = group.get_command(root, name)
            with command.make_context(name, [], parent=root, resilient_parsing=True) as context:
                usage = " ".join(command.collect_usage_pieces(context))
                lines += [rf'.SS "bacterio {name} {roff(usage)}"', *prose(command.help), *listed(command, context)]
        lines += [".SH EXIT STATUS", roff(re.sub("^Exit codes: ", "", group.epilog))]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
