"""Options that several commands have, and those of training, whose defaults and choices come from where they are kept."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bacterio_cli.cli import completion
from bacterio_cli.dataset import PROFILES
from bacterio_cli.dataset.readers.formats import FORMATS
from bacterio_cli.training.config import (
    CHOICES,
    LEARNING_RATES,
    PLAIN_CELL,
    PRESETS,
    RANGES,
    TrainingConfig,
    epochs_for,
)

EXAMPLE_SIZE = 43_000  # characters for which the help says how many epochs are made


def one_of(words: Iterable[str]) -> Any:
    """The type of an option that takes one of these words."""
    return Literal[tuple(words)]


if TYPE_CHECKING:  # for mypy they are words; Typer sees the choices
    Arch = str
    Activation = str
    Optimizer = str
    Schedule = str
    ClipMode = str
    Preset = str
    Profile = str
    InputFormat = str
    Gender = str
else:
    Arch, Activation, Optimizer, Schedule, ClipMode = (
        one_of(CHOICES[name]) for name in ("arch", "activation", "optimizer", "schedule", "clip_mode")
    )
    Preset, Profile, InputFormat = one_of(PRESETS), one_of(PROFILES), one_of(FORMATS)
    Gender = one_of(gender for gender in completion.GENDERS if gender)

CheckpointOption = Annotated[
    Path | None,
    typer.Option(
        "--checkpoint", "-c",
        autocompletion=completion.checkpoints,
        help="The model. [default: bacterio.npz here, else the one that ships]",
    ),
]  # fmt: skip
InputFormatOption = Annotated[
    InputFormat | None, typer.Option(help="The format of the lists that are read. [default: by content]")
]
ColumnOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|N", help="Read this column of a table, by name or number from 1. [default: it is no table]"
    ),
]
EncodingOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Such as latin-1 or cp1252. [default: utf-8, or as the file announces]"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object.")]
HeaderOption = Annotated[bool, typer.Option("--header", help="Begin the TSV with the names of its columns.")]


def training(name: str, text: str, *declared: str, **more: Any) -> Any:
    """The option of a field of `TrainingConfig`; its help ends with the range and the default."""
    low, high = RANGES.get(name, (0, float("inf")))
    within = f" ({low:,} to {high:,})" if high < 10**6 else ""
    return typer.Option(*declared, help=f"{text}{within}. [default: {default_of(name)}]", show_default=False, **more)


def default_of(name: str) -> str:
    """The default of a field of `TrainingConfig` in words, with those that depend on other options."""
    value = getattr(TrainingConfig, name)
    if name == "epochs":
        passes = {arch: epochs_for(EXAMPLE_SIZE, arch) for arch in (TrainingConfig.arch, "rnn")}
        usual, plain = passes.values()
        return f"by the size of the corpus, {usual} for {EXAMPLE_SIZE:,} characters; rnn {plain}"
    if name == "batch_size":
        small, large = (TrainingConfig().sized(characters).batch_size for characters in (1, 10**9))
        return f"{small}; {large} for a large corpus"
    others: dict[str, float] = {"rnn": PLAIN_CELL[name]} if name in PLAIN_CELL else {}
    if name == "lr":
        others |= {optimizer: rate for optimizer, rate in LEARNING_RATES.items() if rate != value}
    instead = ", ".join(f"{which} {other:g}" for which, other in others.items())
    return said(value) + (f"; {instead}" if instead else "")


def said(value: Any) -> str:
    """A default in words."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return value if isinstance(value, str) else f"{value:g}"
