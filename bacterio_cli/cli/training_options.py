"""The options of training; defaults, ranges and choices come from `training.config`, which is written down once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typer import Option

from bacterio_cli.cli.options import one_of
from bacterio_cli.training.config import CHOICES, LEARNING_RATES, PLAIN_CELL, RANGES, TrainingConfig

if TYPE_CHECKING:  # as in `options`
    Arch = str
else:
    Arch = one_of(CHOICES["arch"])


def option(name: str, text: str, *declared: str, **more: Any) -> Any:
    """The option of a field of `TrainingConfig`, which refuses what it does not take; its help has range and default."""
    low, high = RANGES.get(name, (0, float("inf")))
    within = f" ({low:,} to {high:,})" if high < 10**6 else ""
    if choices := CHOICES.get(name):
        more = {"metavar": "|".join(choices), "autocompletion": lambda: list(choices)}
    return Option(*declared, help=f"{text}{within}. [default: {default_of(name)}]", show_default=False, **more)


def default_of(name: str) -> str:
    """The default of a field of `TrainingConfig` in words, with those that depend on other options."""
    value = getattr(TrainingConfig, name)
    if value is None:
        return "by each layer's own rule" if name == "init_scale" else "by the size of the corpus"
    if isinstance(value, bool):
        return "on" if value else "off"
    others: dict[str, float] = {"rnn": PLAIN_CELL[name]} if name in PLAIN_CELL else {}
    if name == "lr":
        others |= {optimizer: rate for optimizer, rate in LEARNING_RATES.items() if rate != value}
    instead = "; " + ", ".join(f"{which} {other:g}" for which, other in others.items()) if others else ""
    return (value if isinstance(value, str) else f"{value:g}") + instead
