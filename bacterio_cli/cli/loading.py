"""What commands load, the model, lists to compare with, words and placeholders, and rows of scores as text."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from bacterio_cli.checkpoint.checkpoint import WORKING_CHECKPOINT, Checkpoint, default_checkpoint, load
from bacterio_cli.cli import options, progress, terminal
from bacterio_cli.errors import BacterioError, UsageError
from bacterio_cli.inference.scorer import FIELDS, Row, Scorer
from bacterio_cli.nomenclature.etymology import draft, in_print
from bacterio_cli.nomenclature.glossary import Word, glossary
from bacterio_cli.nomenclature.name_index import KINDS, Lookup, Reference


def open_model(checkpoint: Path | None) -> tuple[Path, Checkpoint]:
    """The checkpoint asked for, or the default one, which a notice names."""
    if checkpoint is None:
        checkpoint = default_checkpoint()
        ships = "the model that ships; 'bacterio train' makes your own"
        terminal.notice(f"using {checkpoint if checkpoint == WORKING_CHECKPOINT else ships}")
    return checkpoint, load(checkpoint)


def scorer_of(model: Checkpoint, given: Mapping[str, Any], *, genus: bool) -> Scorer:
    """The scorer for the options of a command, by their names there; notices say what the lists were taken for."""
    lists: list[Reference] = []
    how: dict[str, Any] = {"genera": genus, **options.how_to_read(given)}
    for option in ("avoid", "avoid_elsewhere"):
        for source in given[option] or ():
            from bacterio_cli.nomenclature.reference_lists import read_reference  # imports the readers

            with progress.progress_bar("reading", 0) as bar:
                how |= {"elsewhere": option == "avoid_elsewhere", "watch": progress.reading_on(bar)}
                lists.append(read_reference(source, **how))
            terminal.notice(lists[-1].taken_for)
    return Scorer(model, *lists, genus=genus, also_known=given["also_known"], words=glossary(given["glossary"] or ()))


def words_about(topics: list[str], glossaries: list[str]) -> tuple[Word, ...]:
    """The words of the glossary that say so; UsageError, with the keywords, for a topic that none has."""
    known = glossary(glossaries)
    if "help" in topics:
        sys.stdout.write("\n".join(known.keywords) + "\n")
        raise SystemExit(0)
    for topic in topics:
        if not known.about(topic):
            raise UsageError(f"--about {topic}: no element says so; try one of: {', '.join(known.keywords)}")
    return tuple(dict.fromkeys(word for topic in topics for word in known.about(topic)))


def read_words(path: Path, option: str, *, placeholders: bool = False) -> list[str]:
    """The words of a list, one a line, whatever they look like, or the `placeholders` of a taxonomy, each once."""
    from bacterio_cli.dataset.cleaning import PLACEHOLDERS, clean, composed, flaw
    from bacterio_cli.dataset.readers.formats import read

    # MAG_001 looks like no name, and is taken.
    reading = read(str(path), any_lines=True) if placeholders else read(str(path), input_format="lines")
    if reading.taxonomic:
        names = [composed(entry.text).removeprefix("g__") for entry in reading.entries]
        words = dict.fromkeys(name for name in names if name and flaw(name) == PLACEHOLDERS)
        lacking = "every genus in it has a name already; give a list of placeholders"
    else:
        words = dict.fromkeys(filter(None, (clean(entry, reading.source) for entry in reading.entries)))
        lacking = "the file has no words; give one a line"
    if not words:
        raise BacterioError(f"{option} {reading.source}: {lacking}")
    return list(words)


def compared_with(lookup: Lookup, names: Sequence[str] = ()) -> str:
    """The lists with what they are of, their sizes and ages, and how many of the names stand in each, in a line."""
    folded, lists = {name.casefold() for name in names}, []
    for r in lookup.references:
        hits = len(folded & r.folded)
        found = f", {f'{hits:,}' if hits else 'none'} found" if names else ""
        age = f"{'' if r.date.startswith('file') else 'to '}{r.date}" if r.date else "of unknown date"
        size = f"{len(r.names):,} name{'s' * (len(r.names) != 1)}"
        lists.append(f"{r.label} ({size}, {KINDS[r.prokaryotes]}{found}, {age})")
    return f"compared with {', '.join(lists)}"


def print_rows(
    rows: Iterable[Row], form: str, *, header: bool, etymology: bool, label_of: Mapping[str, str] | None = None
) -> Iterator[Row]:
    """Print each row as TSV or JSON, behind the placeholder that its name is for, if any are given, then yield it."""
    if header:
        columns = ["placeholder"] * (label_of is not None) + [*FIELDS] + ["etymology"] * etymology
        sys.stdout.write("\t".join(columns) + "\n")
    for row in rows:
        fields = ({} if label_of is None else {"placeholder": label_of[row.name]}) | row.asdict()
        drafted = draft(row.analysis) if etymology and row.analysis else {}
        if form == "tsv":
            fields["edits"] = ">2" if row.edits is None else row.edits
            drafted = {"etymology": in_print(drafted)} if drafted else {}
        print_fields(fields | drafted, form)
        yield row


def print_fields(fields: Mapping[str, Any], form: str) -> None:
    """One row as JSON, or as tab-separated values."""
    values = (terminal.printable(cell(value), keep=terminal.JOINERS) for value in fields.values())
    sys.stdout.write(terminal.as_json(fields) if form == "jsonl" else "\t".join(values) + "\n")


def cell(value: Any) -> str:
    """One value as text: nothing for what is not known, a list with commas, of a finding its code."""
    if isinstance(value, list):
        return ",".join(map(cell, value))
    return "" if value is None else str(value["code"] if isinstance(value, dict) else value)


def pieces(names: Iterable[str], size: int) -> Iterator[list[str]]:
    """The names, so many at a time."""
    iterator = iter(names)
    return iter(lambda: list(islice(iterator, size)), [])
