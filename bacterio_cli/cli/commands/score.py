"""`bacterio score`: what is known of names."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from typer import Argument, Option

from bacterio_cli.cli import loading, options, plots, progress, tables, terminal
from bacterio_cli.dataset.cleaning import composed, describe
from bacterio_cli.dataset.readers.formats import read
from bacterio_cli.errors import BacterioError, refuse
from bacterio_cli.inference.scorer import Row, Scorer, refuse_overlong, summary_of
from bacterio_cli.nomenclature.etymology import draft, in_print
from bacterio_cli.nomenclature.rules import CAVEAT, compare_proposals

AT_ONCE = 16_384  # names scored together


def score(
    names: Annotated[list[str] | None, Argument(metavar="[NAME]...", help="The names; without any, a list on standard input.", show_default=False)] = None,
    checkpoint: options.CheckpointOption = None,
    avoid: options.AvoidOption = None,
    avoid_elsewhere: options.AvoidElsewhereOption = None,
    form: Annotated[Literal["table", "tsv", "jsonl"] | None, Option("--format", help="How rows are written. [default: table on a terminal, else tsv]")] = None,
    header: options.HeaderOption = False,
    etymology: options.EtymologyOption = False,
    glossary: options.GlossaryOption = None,
    also_known: options.AlsoKnownOption = True,
    summary: Annotated[bool, Option("--summary", help="One row for the whole list: names, characters with end marks, their mean loss.")] = False,
    strict: Annotated[bool, Option("--strict", help="Exit 1 if any name has a conflict.")] = False,
    plot: Annotated[Path | None, Option(metavar="FILE", help=f"Draw the first {plots.MOST_NAMES} names letter by letter too, as {plots.PICTURES}; needs matplotlib. [default: none]", show_default=False)] = None,
    profile: Annotated[options.Profile | None, Option(help="Whether the rules of genus names apply. [default: as the model was trained]")] = None,
    input_format: options.InputFormatOption = None,
    column: options.ColumnOption = None,
    encoding: options.EncodingOption = None,
) -> None:  # fmt: skip
    """Say how likely names are, what is near them, and which rules they break.

    A row per name: name; nats, −ln P of it, its end counted; bits_per_char; percentile, the share of held-out names that
    are less likely per character; nearest, the nearest known name within two edits; edits; listed_in; least_likely, a
    letter and its place, $ is the end; length; gender, by the last component or the ending, empty where the author
    assigns it; stem and ending, what stands before the last part, and that part, empty for a name of one part; flags,
    the rules that it breaks, beside the other names given too; not_checked, those that had nothing to compare with;
    status, ok, warn or conflict; explained, partly, eponym-like or unexplained; parts, unknown ones in brackets. With
    --etymology a draft in words too, made from the forms alone: what the author meant, the author says.

    Example: bacterio score Methanoscillum Novimonas
    """
    given = dict(locals())  # the options, by their names here
    form = form or ("table" if terminal.is_terminal(sys.stdout) else "tsv")
    from_stdin = not names or names == ["-"]
    how, lists = options.how_to_read(given), avoid or avoid_elsewhere or from_stdin
    texts = [] if from_stdin else names or []
    file = next((name for name in texts if Path(name).suffix and os.path.isfile(name)), None)
    refuse(
        (header and form != "tsv", f"--header goes with --format tsv, not {form}"),
        (summary and etymology, "--summary prints one row for all names, and --etymology a draft for each; give one"),
        (how and not lists, "--input-format, --column and --encoding say how to read a list; give --avoid or pipe one"),
        (not all(map(str.strip, texts)), "NAME is empty; give one, as in 'bacterio score Methanoscillum'"),
        (file, f"{file} is a file, not a name; read it with: bacterio score < {file}"),
    )
    if plot:
        plots.ensure_drawable(plot)
    checkpoint, model = loading.open_model(checkpoint)
    genus = model.of_genera if profile is None else profile == "genus"
    refuse((etymology and not genus, "--etymology is for names of genera, and --profile genus is not given"))
    if from_stdin:
        if sys.stdin is not None and terminal.is_terminal(sys.stdin):
            terminal.notice("reading names from standard input, one per line; Ctrl-D ends it")
        reading = read("-", profile="genus" if genus else "any", **how)
        if reading.format != "lines" or reading.encoding != "UTF-8" or reading.notes:
            terminal.notice(describe(reading))
        texts = [entry.text for entry in reading.entries]
        given |= {"input_format": None, "column": None}  # what is said of standard input is not said of lists
    wanted = [name for text in texts if (name := composed(text))]
    refuse_overlong(wanted)
    scorer = loading.scorer_of(model, given, genus=genus)
    terminal.notice(loading.compared_with(scorer.lookup, wanted) if wanted else "no names to score")
    if plot:
        draw(plot, checkpoint.name, scorer, wanted)
    if summary:
        show_summary(scorer, wanted, form, header=header)
        conflict = strict and any(row.status == "conflict" for row in rows_of(scorer, wanted, surprises=False))
    else:
        rows: Iterable[Row] = rows_of(scorer, wanted, quiet=form != "table" and terminal.is_terminal(sys.stdout))
        if form == "table":
            rows = list(rows)
            show_table(rows, etymology=etymology)
        else:
            rows = loading.print_rows(rows, form, header=header, etymology=etymology)
        conflict = "conflict" in {row.status for row in rows}
    sys.stdout.flush()
    if strict and conflict:
        raise SystemExit(1)


def rows_of(scorer: Scorer, names: Sequence[str], *, surprises: bool = True, quiet: bool = True) -> Iterator[Row]:
    """A row per name; of genera with what the other names say of it: they are proposed together."""
    beside = compare_proposals(names) if scorer.genus else [None] * len(names)
    rows = (row for piece in loading.pieces(names, AT_ONCE) for row in scorer.score(piece, surprises=surprises))
    for row, finding in zip(progress.progress_bar("names", len(names), rows, quiet=quiet), beside, strict=True):
        yield replace(row, findings=(*row.findings, finding)) if finding else row


def draw(path: Path, model: str, scorer: Scorer, names: Sequence[str]) -> None:
    """The picture of the first names that the model can spell, and a notice of how many these are."""
    vocabulary = scorer.checkpoint.vocabulary
    spelled = [name for name in names if not vocabulary.missing(name)]
    if not spelled:
        raise BacterioError(f"--plot {path}: there is no name to draw that the model can spell")
    some = spelled[: plots.MOST_NAMES]
    bits = [part.tolist() for part in scorer.surprises(some) if part is not None]
    plots.draw_surprise(path, f"surprise under {model}", list(zip(map(vocabulary.shown, some), bits, strict=True)))
    terminal.notice(f"drawn to {path}: {len(some)} of {len(names):,} names, the first that the model can spell")


def show_summary(scorer: Scorer, names: Sequence[str], form: str, *, header: bool) -> None:
    """The whole list in one row."""
    bits = (part for piece in loading.pieces(names, AT_ONCE) for part in scorer.surprises(piece))
    values: dict[str, Any] = summary_of(list(progress.progress_bar("names", len(names), bits)))
    if form == "table":
        tables.table(("what", "value"), [(name.replace("_", " "), loading.cell(values[name])) for name in values])
        return
    if header:
        sys.stdout.write("\t".join(values) + "\n")
    loading.print_fields(values, form)


def show_table(rows: Sequence[Row], *, etymology: bool) -> None:
    """The rows for a person: letters shaded by surprise, 'better than' the percentile, the findings in words below."""
    cells = []
    for row in rows:
        name = terminal.shaded(row.name, () if row.bits is None else row.bits)
        share, nearest = row.percentile and round(row.percentile), row.nearest and f"{row.nearest} ({row.edits})"
        bits, parts = row.bits_per_char and f"{row.bits_per_char:.2f}", row.analysis and row.analysis.shown
        cells.append((name, bits, share, nearest, row.gender, parts, row.status))
    columns = ("name", "bits", "better than %", "nearest", "gender", "parts", "status")
    tables.table(columns, cells, whole=("name", "nearest", "status"))
    found = [(row.name, finding) for row in rows for finding in row.findings]
    lines = [f"{name}: {f.says} [{', '.join(filter(None, (f.severity, f.rule)))}]" for name, f in found]
    lines.append(f"not found in the lists given: {sum(not row.listed_in for row in rows):,} of {len(rows):,}")
    if unchecked := sorted({code for row in rows for code in row.not_checked}):
        lines.append(f"not checked, for want of lists: {', '.join(unchecked)}")
    if any("ICNP" in finding.rule for _, finding in found):
        lines.append(CAVEAT)
    if etymology:
        lines.append("a draft of each etymology, from the forms alone:")
        lines += [f"{row.name}: {in_print(draft(row.analysis))}" for row in rows if row.analysis]
    for text in lines:
        terminal.line(text, stream=sys.stdout)
