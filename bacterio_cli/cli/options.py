"""Options that several commands have, and what a shell completes for them; the choices come from where they are kept."""

import re
from collections.abc import Iterable, Mapping
from glob import escape, glob
from pathlib import Path
from typing import Annotated, Any, Literal

from typer import Option

from bacterio_cli.training.config import CHOICES, LEARNING_RATES, PLAIN_CELL, RANGES, TrainingConfig

Profile = Literal["genus", "any"]


def how_to_read(given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a command's options, by their names there, that say how to read a list, as far as they are given."""
    return {name: given[name] for name in ("input_format", "column", "encoding") if given[name] is not None}


def choices(words: Iterable[str]) -> dict[str, Any]:
    """What makes an option show and complete these words; what it is for refuses others."""
    return {"metavar": f"<{'|'.join(words)}>", "autocompletion": lambda: list(words)}


def checkpoints(incomplete: str) -> list[str]:
    """The checkpoints whose path begins so, none with odd characters, since zsh evaluates what it is given."""
    return [path for path in sorted(glob(escape(incomplete) + "*.npz")) if re.fullmatch(r"[\w./+=@%-]+", path)]


def field(name: str, text: str, *declared: str, **more: Any) -> Any:
    """The option of a field of `TrainingConfig`, which refuses what it does not take; its help has range and defaults."""
    low, high = RANGES.get(name, (0, float("inf")))
    within = f" ({low:,} to {high:,})" if high < 10**6 else ""
    if name in CHOICES:
        more = choices(CHOICES[name])
    value = getattr(TrainingConfig, name)
    default = f"{value:g}" if isinstance(value, int | float) else value
    if isinstance(value, bool):
        default = "on" if value else "off"
    elif value is None:
        default = "by each layer's own rule" if name == "init_scale" else "by the size of the corpus"
    others: dict[str, float] = {"rnn": PLAIN_CELL[name]} if name in PLAIN_CELL else {}
    if name == "lr":
        others |= {optimizer: rate for optimizer, rate in LEARNING_RATES.items() if rate != value}
    if others:
        default += "; " + ", ".join(f"{which} {other:g}" for which, other in others.items())
    return Option(*declared, help=f"{text}{within}. [default: {default}]", show_default=False, **more)


# fmt: off
CheckpointOption = Annotated[Path | None, Option("--checkpoint", "-c", metavar="FILE", autocompletion=checkpoints, help="The model. [default: bacterio.npz here, else the one that ships]")]
InputFormatOption = Annotated[Literal["json", "table", "lineages", "lines"] | None, Option(help="The format of the lists that are read. [default: by content]")]
AvoidOption = Annotated[list[str] | None, Option(metavar="FILE[#COLUMN]", help="Another list of taken names, in any format that 'corpus' reads, or a column of a table; repeatable. [default: none]", show_default=False)]
AvoidElsewhereOption = Annotated[list[str] | None, Option(metavar="FILE[#COLUMN]", help="The same for a list of plants, animals, fungi or viruses; repeatable. [default: none]", show_default=False)]
ColumnOption = Annotated[str | None, Option(metavar="NAME|N", help="Read this column of a table, by name or number from 1. [default: it is no table]")]
EncodingOption = Annotated[str | None, Option(metavar="NAME", help="Such as latin-1 or cp1252. [default: utf-8, or as the file announces]")]
JsonOption = Annotated[bool, Option("--json", help="One JSON object.")]
HeaderOption = Annotated[bool, Option("--header", help="Begin the TSV with the names of its columns.")]
GlossaryOption = Annotated[list[str] | None, Option(metavar="FILE", help="Words of your own beside the glossary, in its format; repeatable. [default: none]", show_default=False)]
EtymologyOption = Annotated[bool, Option("--etymology", help="Draft the etymology of each name of a genus.")]
AlsoKnownOption = Annotated[bool, Option("--also-known/--no-also-known", help="Compare with names besides the corpus that the authors of the tool know of: later ones, *Candidatus*, SeqCode, other organisms.")]
# fmt: on
