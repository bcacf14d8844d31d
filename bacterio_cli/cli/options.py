"""Options that several commands have, and what a shell completes for them; the choices come from where they are kept."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typer import Option

from bacterio_cli.dataset import PROFILES
from bacterio_cli.dataset.readers import FORMATS

HOW_TO_READ = ("input_format", "column", "encoding")  # options that say how to read a list
GENDERS = {"m": "masculine", "f": "feminine", "n": "neuter", "": "unclear"}


def one_of(words: Iterable[str]) -> Any:
    """The type of an option that takes one of these words."""
    return Literal[tuple(words)]


def checkpoints(incomplete: str) -> list[str]:
    """The checkpoints whose path begins so, none with odd characters, since zsh evaluates what it is given.

    Where there is none, the shell completes folders and files by itself.
    """
    from glob import escape, glob  # only a shell that completes needs it

    return [path for path in sorted(glob(escape(incomplete) + "*.npz")) if re.fullmatch(r"[\w./+=@%-]+", path)]


def endings() -> list[tuple[str, str]]:
    """The endings that tell a gender, each with the gender."""
    from bacterio_cli.nomenclature import gender  # start-up does without the rules

    return [(ending, GENDERS[told]) for ending, told in gender.GENDERS.items()]


if TYPE_CHECKING:  # for mypy they are words; Typer sees the choices
    Profile = str
    InputFormat = str
    Gender = str
else:
    Profile, InputFormat = one_of(PROFILES), one_of(FORMATS)
    Gender = one_of(gender for gender in GENDERS if gender)

# fmt: off
CheckpointOption = Annotated[Path | None, Option("--checkpoint", "-c", metavar="FILE", autocompletion=checkpoints, help="The model. [default: bacterio.npz here, else the one that ships]")]
InputFormatOption = Annotated[InputFormat | None, Option(help="The format of the lists that are read. [default: by content]")]
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
