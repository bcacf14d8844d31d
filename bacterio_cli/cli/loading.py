"""What `sample` and `score` share: the lists that names are compared with, and rows as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bacterio_cli.cli import terminal

if TYPE_CHECKING:
    from bacterio_cli.checkpoint.checkpoint import Checkpoint
    from bacterio_cli.inference.scorer import Row, Scorer
    from bacterio_cli.nomenclature.name_index import Lookup


def open_model(checkpoint: Path | None) -> tuple[Path, Checkpoint]:
    """The checkpoint asked for, or the default one, which a notice names."""
    from bacterio_cli.checkpoint.checkpoint import WORKING_CHECKPOINT, default_checkpoint, load

    if checkpoint is None:
        checkpoint = default_checkpoint()
        ships = "the model that ships; 'bacterio train' makes your own"
        terminal.notice(f"using {checkpoint if checkpoint == WORKING_CHECKPOINT else ships}")
    return checkpoint, load(checkpoint)


def lists_of(trained: Checkpoint, avoid: Sequence[str], elsewhere: Sequence[str] = (), **how: Any) -> Lookup:
    """The model's corpus, and the files of --avoid and --avoid-elsewhere as `read_reference` reads them; says what they are."""
    from bacterio_cli.nomenclature.name_index import Lookup
    from bacterio_cli.nomenclature.reference_lists import Reference, read_reference

    corpus = Reference("the model's corpus", trained.known, trained.corpus["date"], prokaryotes=True)
    references = [read_reference(source, **how) for source in avoid]
    references += [read_reference(source, elsewhere=True, **how) for source in elsewhere]
    for reference in references:
        terminal.notice(reference.taken_for)
    return Lookup([corpus, *references])


def scorer_of(trained: Checkpoint, lookup: Lookup, *, genus: bool | None = None) -> Scorer:
    """The scorer of names: by the rules for genera if the model was trained on them, or if they are asked for."""
    from bacterio_cli.inference.scorer import Scorer

    return Scorer(trained, lookup, genus=trained.corpus["profile"] == "genus" if genus is None else genus)


def compared_with(lookup: Lookup, names: Sequence[str] | None = None) -> str:
    """The lists with what they are of, their sizes and dates, and how many of the names stand in each, in a line."""
    found = [f", {count:,} found" if count else ", none found" for count in lookup.found(names)] if names else []
    lists = [
        f"{r.label} ({len(r.names):,} name{'s' * (len(r.names) != 1)}, {r.kind}{hits}, {aged(r.date)})"
        for r, hits in zip(lookup.references, found or [""] * len(lookup.references), strict=True)
    ]
    return f"compared with {', '.join(lists)}"


def aged(date: str | None) -> str:
    """How old a list is: the newest name that it states, or the time of its file."""
    if date is None:
        return "of unknown date"
    return date if date.startswith("file") else f"to {date}"


def tsv(values: Iterable[Any]) -> str:
    """One line of tab-separated values: nothing for what is not known, lists with commas, 3 edits as >2."""
    return "\t".join(terminal.printable(cell(value)) for value in values) + "\n"


def cell(value: Any) -> str:
    """One value as text without tabs."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ",".join(str(part["code"]) if isinstance(part, dict) else str(part) for part in value)
    return str(value)


def row_as(form: str, row: Row) -> str:
    """A row as a line of TSV or JSON."""
    fields = row.asdict()
    if form == "jsonl":
        return terminal.as_json(fields)
    return tsv((">2" if key == "edits" and value == 3 else value) for key, value in fields.items())
