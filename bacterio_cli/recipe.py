"""The options of a training run: defaults, presets, and which of them contradict each other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from bacterio_cli.errors import UsageError

ARCHITECTURES = ("rnn", "gru", "lstm", "mlp")
ACTIVATIONS = ("tanh", "sigmoid", "relu")
OPTIMIZERS = ("sgd", "adagrad", "rmsprop", "adam", "adamw")
SCHEDULES = ("constant", "linear", "cosine")
CLIP_MODES = ("norm", "element")

LEARNING_RATES = {"sgd": 0.5, "adagrad": 0.05, "rmsprop": 0.002, "adam": 0.005, "adamw": 0.005}


@dataclass(frozen=True)
class Recipe:
    """Everything that decides, with the corpus, which weights come out.

    `reduction` is what a step descends: the mean loss of a letter, or the sum over the batch as T1's author
    did; `init_scale` draws weights from N(0, init_scale²) instead of each layer's own rule. Both are set by
    presets alone. `clip` 0 and `patience` 0 switch off; learning rates are per step.
    """

    arch: str = "gru"
    activation: str = "tanh"
    hidden: int = 128
    layers: int = 2
    embedding: int = 32
    window: int = 5
    dropout: float = 0.3
    optimizer: str = "adamw"
    lr: float = 0.005
    schedule: str = "cosine"
    warmup: int = 0
    weight_decay: float = 0.15
    batch_size: int = 32
    epochs: int = 50
    clip: float = 5.0
    clip_mode: str = "norm"
    stream: bool = False
    bptt: int = 25
    valid_fraction: float = 0.1
    patience: int = 0
    seed: int = 0
    init_scale: float | None = None
    reduction: str = "mean"


PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    # The system of T1 as its author ran it: one tanh layer on one-hot letters, a name a step.
    "seed": {
        "arch": "rnn", "activation": "tanh", "hidden": 50, "layers": 1, "embedding": 0, "dropout": 0.0,
        "optimizer": "sgd", "lr": 0.01, "schedule": "constant", "batch_size": 1, "epochs": 12,
        "clip": 5.0, "clip_mode": "element", "init_scale": 0.01, "reduction": "sum",
    },
}  # fmt: skip


def flag(name: str) -> str:
    """The option that sets a field."""
    return "--" + name.replace("_", "-")


def resolve(preset: str, given: Mapping[str, Any]) -> Recipe:
    """The recipe of a preset with the options given beside it, which win. Raises UsageError."""
    settings = {**PRESETS[preset], **given}
    optimizer = settings.get("optimizer", Recipe.optimizer)
    settings.setdefault("lr", LEARNING_RATES[optimizer])
    if optimizer != "adamw":
        settings.setdefault("weight_decay", 0.0)
    recipe = Recipe(**settings)
    refuse_contradictions(recipe, given)
    return recipe


def resolve_resumed(stored: Recipe, given: Mapping[str, Any], preset: str | None, where: str) -> Recipe:
    """The stored recipe, with more epochs if they are asked for; UsageError for any other difference."""
    asked = {**(PRESETS[preset] if preset else {}), **given}
    for name, value in asked.items():
        if value != getattr(stored, name) and not (name == "epochs" and value > stored.epochs):
            raise UsageError(
                f"--resume: {flag(name)} {value} contradicts the run in {where}, which has {getattr(stored, name)}; "
                "leave it out, or start anew without --resume"
            )
    return replace(stored, epochs=max(stored.epochs, asked.get("epochs", 0)))


def refuse_contradictions(recipe: Recipe, given: Mapping[str, Any]) -> None:
    """UsageError for a value outside its range, or an option that has no effect beside the others."""
    for name, value in asdict(recipe).items():
        if isinstance(value, float) and not math.isfinite(value):
            raise UsageError(f"{flag(name)} must be a finite number, not {value}")
    arch = recipe.arch
    conflicts = [
        ("activation", arch in ("gru", "lstm"), f"belongs to --arch rnn or mlp; {arch} has its own gates"),
        ("window", arch != "mlp", f"belongs to --arch mlp; {arch} carries a state instead"),
        ("stream", arch == "mlp", "carries a state from chunk to chunk, and an mlp has none"),
        ("bptt", not recipe.stream, "is the chunk of --stream; whole names are never cut"),
        ("weight_decay", recipe.optimizer != "adamw", f"needs --optimizer adamw, not {recipe.optimizer}"),
        ("patience", recipe.valid_fraction == 0, "needs names to validate on, and --valid-fraction is 0"),
    ]
    for name, conflict, why in conflicts:
        if conflict and given.get(name):
            raise UsageError(f"{flag(name)} {why}")
