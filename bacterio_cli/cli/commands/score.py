"""`bacterio score`: what is known of names."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bacterio_cli.cli import completion as completing
from bacterio_cli.cli import loading as comparing
from bacterio_cli.cli import tables, terminal
from bacterio_cli.cli.commands.corpus import InputFormat, Profile
from bacterio_cli.errors import BacterioError, UsageError

if TYPE_CHECKING:
    from bacterio_cli.inference.scorer import Row, Scorer

Choice = typer.Option
AT_ONCE = 4096  # names scored together


def score(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="The names; without any, a list on standard input.", show_default=False)] = None,
    checkpoint: Annotated[Path | None, Choice("--checkpoint", "-c", autocompletion=completing.checkpoints, help="The model. [default: bacterio.npz here, else the one that ships]")] = None,
    avoid: Annotated[list[str] | None, Choice(metavar="FILE[#COLUMN]", help="A list to compare with as well, in any format that 'corpus' reads, or a column of a table; repeatable. [default: none]", show_default=False)] = None,
    avoid_elsewhere: Annotated[list[str] | None, Choice(metavar="FILE[#COLUMN]", help="The same for a list of plants, animals, fungi or viruses; repeatable. [default: none]", show_default=False)] = None,
    form: Annotated[Literal["table", "tsv", "jsonl"] | None, Choice("--format", help="How rows are written. [default: table on a terminal, else tsv]")] = None,
    header: Annotated[bool, Choice("--header", help="Begin the TSV with the names of its columns.")] = False,
    summary: Annotated[bool, Choice("--summary", help="One row for the whole list: names, characters with end marks, their mean loss.")] = False,
    strict: Annotated[bool, Choice("--strict", help="Exit 1 if any name has a conflict.")] = False,
    plot: Annotated[Path | None, Choice(metavar="FILE", help="Draw the first 12 names letter by letter too, as .png, .svg or .pdf; needs matplotlib. [default: none]", show_default=False)] = None,
    profile: Annotated[Profile | None, Choice(help="Whether the rules of genus names apply. [default: as the model was trained]")] = None,
    input_format: Annotated[InputFormat | None, Choice(help="The format of standard input; if names are given, of the lists to avoid. [default: by content]")] = None,
    column: Annotated[str | None, Choice(metavar="NAME|N", help="The column of a table that holds the names, by name or number from 1. [default: it is no table]")] = None,
    encoding: Annotated[str | None, Choice(metavar="NAME", help="The encoding of standard input and of --avoid. [default: utf-8, or as the file announces]")] = None,
) -> None:  # fmt: skip
    """Say how likely names are, what is near them, and which rules they break.

    A row a name: its loss, how many held-out names are less likely, its least likely letter, the nearest known name
    within two edits, the lists in which it stands, gender by ending, and the rules that it breaks.

    Example: bacterio score Methanoscillum Novimonas
    """
    from bacterio_cli.inference.scorer import FIELDS, Scorer  # imports the engine

    form = form or ("table" if terminal.is_terminal(sys.stdout) else "tsv")
    if "-" in [*(avoid or []), *(avoid_elsewhere or [])] and (not names or "-" in names):
        raise UsageError("'-' is given twice, and standard input can be read once")
    if header and form != "tsv":
        raise UsageError(f"--header goes with --format tsv, not {form}")
    if plot:
        from bacterio_cli.checkpoint.checkpoint import default_checkpoint
        from bacterio_cli.cli.plots import ensure_drawable

        listed = [] if names and names != ["-"] else ["-"]
        ensure_drawable(plot, [checkpoint or default_checkpoint(), *(avoid or []), *(avoid_elsewhere or []), *listed])
    how = {"input_format": input_format, "column": column, "encoding": encoding}
    wanted = given(names, profile, **how)
    checkpoint, trained = comparing.open_model(checkpoint)
    how = (
        how if names and names != ["-"] else {"encoding": encoding}
    )  # what is said of standard input is not said of lists
    lookup = comparing.lists_of(trained, avoid or [], avoid_elsewhere or [], **how)
    genus = (profile or trained.corpus["profile"]) == "genus"
    scorer = Scorer(trained, lookup, genus=genus)
    terminal.notice(comparing.compared_with(lookup, wanted) if wanted else "no names to score")
    if plot:
        draw(plot, checkpoint.name, scorer, wanted)
    if summary:
        show_summary(scorer, wanted, form, header=header)
        if strict and any(row.status == "conflict" for row in scorer.judged(wanted)):
            raise SystemExit(1)
        return
    if header and form == "tsv":
        sys.stdout.write("\t".join(FIELDS) + "\n")
    conflicts, rows = 0, []
    for begin in range(0, len(wanted), AT_ONCE):
        for row in scorer.score(wanted[begin : begin + AT_ONCE]):
            conflicts += row.status == "conflict"
            if form == "table":
                rows.append(row)
            else:
                sys.stdout.write(comparing.row_as(form, row))
    if form == "table":
        show_table(rows)
    sys.stdout.flush()
    if strict and conflicts:
        raise SystemExit(1)


def given(names: Sequence[str] | None, profile: str | None, **how: str | None) -> list[str]:
    """The names typed, or those on standard input, composed and without outer blanks; UsageError for a file's name."""
    import unicodedata

    from bacterio_cli.dataset.readers.formats import describe, read

    if names and names != ["-"]:
        texts = list(names)
        if file := next((name for name in names if Path(name).suffix and Path(name).is_file()), None):
            raise UsageError(f"{file} is a file, not a name; read it with: bacterio score < {file}")
    else:
        if sys.stdin is not None and terminal.is_terminal(sys.stdin):
            terminal.notice("reading names from standard input, one a line; Ctrl-D ends it")
        reading = read("-", profile=profile, **how)
        if reading.format != "lines" or reading.encoding != "UTF-8" or reading.notes:
            terminal.notice(describe(reading))
        texts = [entry.text for entry in reading.entries]
    cleaned = (" ".join(unicodedata.normalize("NFC", text).split()) for text in texts)
    return [text for text in cleaned if text]


def draw(path: Path, model: str, scorer: Scorer, names: Sequence[str]) -> None:
    """The picture of the first names that the model can spell, and a notice of which these are."""
    from bacterio_cli.cli.plots import MOST_NAMES, draw_surprise

    vocabulary = scorer.trained.vocabulary
    spelled = [name for name in names if not vocabulary.missing(name)]
    if not spelled:
        raise BacterioError(f"--plot {path}: there is no name to draw that the model can spell")
    some = spelled[:MOST_NAMES]
    letters = [name if len(name) == len(vocabulary.fold(name)) else vocabulary.fold(name) for name in some]
    bits = [part.tolist() for part in scorer.surprises(some) if part is not None]
    draw_surprise(path, f"surprise under {model}", list(zip(letters, bits, strict=True)))
    unspelled = len(names) - len(spelled)
    beyond = f"the first {len(some)} of {len(spelled):,} names" if len(some) < len(spelled) else f"{len(some)} names"
    without = f", without {unspelled:,} that the model cannot spell" if unspelled else ""
    terminal.notice(f"drawn to {path}: {beyond}{without}")


def show_summary(scorer: Scorer, names: Sequence[str], form: str, *, header: bool) -> None:
    """The whole list in one row."""
    from bacterio_cli.inference.scorer import summary

    values: dict[str, Any] = summary(scorer.surprises(names))
    if form == "jsonl":
        sys.stdout.write(terminal.as_json(values))
    elif form == "tsv":
        sys.stdout.write(("\t".join(values) + "\n" if header else "") + comparing.tsv(values.values()))
    else:
        rows = [(name.replace("_", " "), comparing.cell(value)) for name, value in values.items()]
        tables.table(("what", "value"), rows, stream=sys.stdout, right=("value",))


def show_table(rows: Sequence[Row]) -> None:
    """The rows for a person: letters shaded by surprise, the findings in words below.

    'better than' is the percentile: the share of held-out names that are less likely a character.
    """
    from bacterio_cli.nomenclature.rules import CAVEAT

    cells = []
    for row in rows:
        bits = row.bits_per_char
        near = "" if row.nearest is None else f"{row.nearest} ({row.edits})"
        cells.append((
            terminal.shaded(row.name, row.bits),
            "–" if bits is None else f"{bits:.2f}",
            "–" if row.percentile is None else f"{row.percentile:.0f} %",
            near,
            row.gender,
            f"{row.stem}-{row.ending}" if row.stem else "",
            row.status,
        ))  # fmt: skip
    columns = ("name", "bits", "better than", "nearest", "gender", "root", "status")
    tables.table(columns, cells, stream=sys.stdout, right=("bits", "better than"), whole=("name", "nearest", "status"))
    lines = [
        f"{row.name}: {finding.says} [{', '.join(filter(None, (finding.severity, finding.rule)))}]"
        for row in rows
        for finding in row.findings
    ]
    new = sum(not row.listed_in for row in rows)
    lines.append(f"not found in the lists given: {new:,} of {len(rows):,}")
    unchecked = sorted({code for row in rows for code in row.not_checked})
    if unchecked:
        lines.append(f"not checked, for want of lists: {', '.join(unchecked)}")
    if any("ICNP" in finding.rule for row in rows for finding in row.findings):
        lines.append(CAVEAT)
    sys.stdout.write("".join(terminal.printable(line) + "\n" for line in lines))
