"""`bacterio corpus`: read and clean lists of names without learning them."""

import sys
from typing import Annotated, Any

from typer import Argument, Option

from bacterio_cli.cli import options, progress, tables, terminal
from bacterio_cli.dataset.corpus import read_corpus
from bacterio_cli.errors import refuse
from bacterio_cli.nomenclature.morphology import look_like_genera

EXAMPLES = 3  # of each reason


def corpus(
    files: Annotated[list[str], Argument(metavar="FILE", help="Lists or downloads, also gzip; '-' is standard input; several are joined.")],
    profile: Annotated[options.Profile | None, Option(help="Keep genus names, or any line. [default: genus for a format that holds genera, else any]")] = None,
    input_format: options.InputFormatOption = None,
    column: options.ColumnOption = None,
    encoding: options.EncodingOption = None,
    check: Annotated[bool, Option("--check", help="Exit 1 if anything was dropped.")] = False,
    as_json: Annotated[bool, Option("--json", help="The report as one JSON object.")] = False,
    quiet: Annotated[bool, Option("--quiet", "-q", help="No report.")] = False,
) -> None:  # fmt: skip
    """Clean lists of names.

    The names that train would learn go to stdout, one per line; what the files were taken for, and what was dropped
    and why, to stderr.

    Example: bacterio corpus lpsn_gss.csv > genera.txt
    """
    refuse((as_json and quiet, "--json is a form of the report, which --quiet leaves out; give one of them"))
    how: dict[str, Any] = {"profile": profile, "input_format": input_format, "column": column, "encoding": encoding}
    with progress.progress_bar("reading", 0, quiet=quiet) as bar:
        found = read_corpus(files, **how, least=1, watch=progress.reading_on(bar), look_like_genera=look_like_genera)
    sys.stdout.write(terminal.result("\n".join(found.names) + "\n"))
    sys.stdout.flush()  # a reader who has gone is noticed before --check decides
    if as_json:
        dropped = {
            reason: {"count": len(group), "examples": [{"place": at, "text": text} for at, text in group[:EXAMPLES]]}
            for reason, group in found.dropped.items()
        }
        facts = {name: getattr(found, name) for name in ("profile", "date", "digest", "readings")}
        sys.stderr.write(terminal.as_json({"names": len(found.names), **facts, "dropped": dropped}))
    elif not quiet:
        for reading in found.readings:
            terminal.notice(reading)
        rows = [
            (reason, len(group), ", ".join(f"{text!r} ({place})" for place, text in group[:EXAMPLES]))
            for reason, group in sorted(found.dropped.items(), key=lambda item: -len(item[1]))
        ]
        if rows:
            tables.table(("dropped", "count", "such as"), rows, stream=sys.stderr)
        lost = sum(map(len, found.dropped.values()))
        kept, date = len(found.names), f", dated {found.date}" if found.date else ""
        terminal.notice(f"{kept:,} name{'s' * (kept != 1)}{date}, {lost:,} dropped, profile {found.profile}")
    if check and found.dropped:
        raise SystemExit(1)
