"""`bacterio corpus`: read and clean lists of names without learning them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bacterio_cli.cli import tables, terminal
from bacterio_cli.errors import UsageError

if TYPE_CHECKING:
    from bacterio_cli.dataset.corpus import Corpus

Choice = typer.Option
PIECE = 1_000  # names a write
Profile = Literal["genus", "any"]
InputFormat = Literal["json", "ncbi", "table", "lineages", "lines"]


def corpus(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Lists or downloads, also gzip; '-' is standard input; several are joined.")],
    profile: Annotated[Profile | None, Choice(help="Keep genus names, or any line. [default: genus for a format that holds genera, else any]")] = None,
    input_format: Annotated[InputFormat | None, Choice(help="Insist on a format. [default: by content]")] = None,
    column: Annotated[str | None, Choice(help="Read this column of a table: its name in the header, or its number from 1. [default: it is no table]")] = None,
    encoding: Annotated[str | None, Choice(help="Such as latin-1 or cp1252. [default: utf-8, or as the file announces]")] = None,
    check: Annotated[bool, Choice("--check", help="Exit 1 if anything was dropped.")] = False,
    as_json: Annotated[bool, Choice("--json", help="The report as one JSON object.")] = False,
    quiet: Annotated[bool, Choice("--quiet", "-q", help="No report.")] = False,
) -> None:  # fmt: skip
    """Clean lists of names.

    The names that train would learn go to stdout, one a line; what the files were taken for, and what was dropped and
    why, to stderr.

    Example: bacterio corpus lpsn_gss.csv > genera.txt
    """
    from bacterio_cli.dataset.corpus import read_corpus  # brings NumPy, which --help does without

    if files.count("-") > 1:
        raise UsageError("'-' is given twice, and standard input can be read once")
    if as_json and quiet:
        raise UsageError("--json is a form of the report, which --quiet leaves out; give one of them")
    found = read_corpus(
        files, profile=profile, input_format=input_format, column=column, encoding=encoding, least=1
    )  # fmt: skip
    # In pieces: one long write, unbuffered, would not notice that its reader went away in the middle.
    for start in range(0, len(found.names), PIECE):
        sys.stdout.write("\n".join(found.names[start : start + PIECE]) + "\n")
    sys.stdout.flush()  # a reader who has gone is noticed before --check decides
    if as_json:
        sys.stderr.write(terminal.as_json(facts(found)))
    elif not quiet:
        report(found)
    if check and found.dropped:
        raise SystemExit(1)


def report(found: Corpus) -> None:
    """What each file was taken for, what was dropped, a line a reason, and what is left."""
    for reading in found.readings:
        terminal.notice(reading)
    if found.dropped:
        groups = sorted(found.dropped.items(), key=lambda item: -item[1].count)
        rows = [
            (reason, f"{group.count:,}", ", ".join(f"{text!r} ({place})" for place, text in group.examples))
            for reason, group in groups
        ]
        tables.table(("dropped", "count", "such as"), rows, stream=sys.stderr, right=("count",))
    total = sum(group.count for group in found.dropped.values())
    kept, date = len(found.names), f", dated {found.date}" if found.date else ""
    terminal.notice(f"{kept:,} name{'s' * (kept != 1)}{date}, {total:,} dropped, profile {found.profile}")


def facts(found: Corpus) -> dict[str, object]:
    """The report for programs."""
    return {
        "names": len(found.names),
        "profile": found.profile,
        "date": found.date,
        "digest": found.digest,
        "readings": list(found.readings),
        "dropped": {
            reason: {"count": group.count, "examples": [example._asdict() for example in group.examples]}
            for reason, group in found.dropped.items()
        },
    }
