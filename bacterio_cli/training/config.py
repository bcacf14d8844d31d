"""The options of a training run: defaults, ranges, presets, and which of them contradict each other."""

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

from bacterio_cli.checkpoint import LARGEST_COUNT, LARGEST_NUMBER, MOST_LEVELS, MOST_NETS
from bacterio_cli.errors import UsageError, refuse, require_number, short

LEARNING_RATES = {"sgd": 0.5, "adagrad": 0.05, "rmsprop": 0.002, "adam": 0.005, "adamw": 0.005}
# What a plain cell needs instead of the defaults: more units, since they are cheap, less noise, and smaller steps.
PLAIN_CELL = {"hidden": 192, "dropout": 0.1, "lr": 0.003}


def choice(*choices: str, default: str | None = None) -> Any:
    """A field that is one of these, by default the first."""
    return field(default=default or choices[0], metadata={"choices": choices})


def number(default: float | None, low: float, high: float, kind: type[int | float] = float) -> Any:
    """A field that is a number of this kind and in this range, or None if that is its default."""
    return field(default=default, metadata={"range": (low, high), "kind": kind})


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides, with the names, which model comes out. Raises UsageError for a value out of range.

    `ngram` is the order of the Kneser–Ney count table, 0 for none; `smoothing` its share in the soft targets; `mix` the
    nets' weight beside the table, or "auto"; `nets` are averaged; `refit` goes on, after validation, on all names.
    `reduction` is what a step descends: the mean loss of a letter, or the sum over the batch; `init_scale` draws
    weights from N(0, init_scale²) instead of by each layer's own rule. `clip` 0 and `patience` 0 switch off; `epochs`
    and `batch_size` None follow from the size of the corpus.
    """

    arch: str = choice("rnn", "gru", "lstm", "mlp", default="lstm")
    activation: str = choice("tanh", "sigmoid", "relu")
    hidden: int = number(128, 1, 8192, int)
    layers: int = number(2, 1, 16, int)
    embedding: int = number(32, 0, 4096, int)
    window: int = number(5, 1, 100, int)
    dropout: float = number(0.4, 0, 0.95)
    optimizer: str = choice(*LEARNING_RATES, default="adamw")
    lr: float = number(LEARNING_RATES["adamw"], 0, 10**12)  # beyond, an update might overflow before its loss does
    schedule: str = choice("constant", "linear", "cosine", default="cosine")
    warmup: int = number(0, 0, LARGEST_COUNT, int)
    weight_decay: float = number(0.15, 0, LARGEST_NUMBER)
    batch_size: int | None = number(None, 1, 65536, int)
    epochs: int | None = number(None, 1, 10**6, int)
    clip: float = number(5.0, 0, LARGEST_NUMBER)
    clip_mode: str = choice("norm", "element")
    stream: bool = False
    bptt: int = number(25, 1, 10**4, int)
    valid_fraction: float = number(0.1, 0, 0.5)
    patience: int = number(0, 0, LARGEST_COUNT, int)
    seed: int = number(0, 0, 2**63 - 1, int)
    ngram: int = number(7, 0, MOST_LEVELS, int)
    smoothing: float = number(0.45, 0, 1)
    mix: str = "auto"
    refit: bool = True
    nets: int = number(1, 1, MOST_NETS, int)
    init_scale: float | None = number(None, 0, 10**6)
    reduction: str = choice("mean", "sum")

    def __post_init__(self) -> None:
        """Refuse what is outside its range; write numbers as Python's own, and a weight in one way."""
        for f in fields(self):
            value, option = getattr(self, f.name), flag(f.name)
            if f.name in CHOICES and value not in CHOICES[f.name]:
                raise UsageError(f"{option} is one of {', '.join(CHOICES[f.name])}, not {short(value)}")
            if isinstance(f.default, bool) and not isinstance(value, bool):
                raise UsageError(f"{option} is True or False, not {short(value)}")
            if f.name in RANGES and (value is not None or f.default is not None):
                require_number(option, value, *RANGES[f.name], whole=f.metadata["kind"] is int)
                object.__setattr__(self, f.name, f.metadata["kind"](value))
        if self.lr * self.weight_decay > 1:
            raise UsageError("--lr times --weight-decay is at most 1: a step would take more than a weight has")
        try:
            weight = 0.0 if self.mix == "auto" else float(self.mix)
        except (TypeError, ValueError, OverflowError):
            weight = -1.0
        if not 0 <= weight <= 1:
            raise UsageError(f"--mix is 'auto' or a weight from 0 to 1, not {short(self.mix)}")
        object.__setattr__(self, "mix", "auto" if self.mix == "auto" else f"{weight:g}")

    def sized(self, characters: int) -> Self:
        """With `epochs` and `batch_size` filled in for a corpus of so many characters; time is ∝ characters^0.4."""
        usual = 60 if self.arch == "rnn" else 45  # epochs at 43,000 characters
        epochs = min(2 * usual, max(3, round(usual * (43_000 / characters) ** 0.6)))
        batch_size = 32 if characters < 300_000 else 128
        return replace(self, epochs=self.epochs or epochs, batch_size=self.batch_size or batch_size)


CHOICES = {f.name: f.metadata["choices"] for f in fields(TrainingConfig) if "choices" in f.metadata}
RANGES = {f.name: f.metadata["range"] for f in fields(TrainingConfig) if "range" in f.metadata}

# The net alone.
NO_TABLE = {"ngram": 0, "smoothing": 0.0, "mix": "1"}

# What the systems of T1 and T2 (see `bacterio_cli.nn`) share, one tanh layer on one-hot letters, plainly trained.
SOURCE_TEXTS = {
    "arch": "rnn", "activation": "tanh", "layers": 1, "embedding": 0, "dropout": 0.0, "schedule": "constant",
    "weight_decay": 0.0, "batch_size": 1, "epochs": 12, "clip": 5.0, "clip_mode": "element", "reduction": "sum",
    "init_scale": 0.01, "refit": False, **NO_TABLE,
}  # fmt: skip

PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    "fast": {"arch": "gru", "layers": 1, "dropout": 0.3, "epochs": 12, "refit": False},
    "best": {"nets": 3},
    # T2: a chunk a step, the state carried on, summed over the chunk, Adagrad; 25, 100 and 0.1 are ours.
    "stream": {**SOURCE_TEXTS, "hidden": 100, "optimizer": "adagrad", "lr": 0.1, "stream": True, "bptt": 25},
    # T1, a name per step; it gives no figures, these are ours.
    "seed": {**SOURCE_TEXTS, "hidden": 50, "optimizer": "sgd", "lr": 0.01},
}


def flag(name: str) -> str:
    """The option that sets a field."""
    return "--" + name.replace("_", "-")


def resolve(preset: str, given: dict[str, Any]) -> TrainingConfig:
    """The config of a preset with the options given beside it, which win.

    Raises UsageError, also for an option that has no effect beside the others.
    """
    if preset not in list(PRESETS):  # a list: what has no hash may be asked for
        raise UsageError(f"--preset is one of {', '.join(PRESETS)}, not {preset}")
    settings, defaults = {**PRESETS[preset], **given}, dict[str, Any]()
    if settings.get("arch") == "rnn":
        defaults |= PLAIN_CELL
    optimizer = settings.get("optimizer", "adamw")
    if optimizer != "adamw" and optimizer in list(LEARNING_RATES):
        defaults |= {"lr": LEARNING_RATES[optimizer], "weight_decay": 0.0}
    if settings.get("ngram") == 0:
        defaults |= NO_TABLE
    config = TrainingConfig(**{**defaults, **settings})
    arch, table = config.arch, config.ngram > 0
    conflicts = [
        ("activation", arch not in ("rnn", "mlp"), f"belongs to --arch rnn or mlp; {arch} has its own gates"),
        ("window", arch != "mlp", f"belongs to --arch mlp; {arch} carries a state instead"),
        ("stream", arch == "mlp", "carries a state from chunk to chunk, and an mlp has none"),
        ("bptt", not config.stream, "is the chunk of --stream; whole names are never cut"),
        ("weight_decay", config.optimizer != "adamw", f"needs --optimizer adamw, not {config.optimizer}"),
        ("patience", config.valid_fraction == 0, "needs names to validate on, and --valid-fraction is 0"),
        ("smoothing", not table, "needs a table, and --ngram is 0"),
        ("mix", not table and config.mix != "1", "needs a table, and --ngram is 0"),
        ("refit", config.valid_fraction == 0, "repeats what was validated, and --valid-fraction is 0"),
    ]
    refuse(*((conflict and given.get(name), f"{flag(name)} {why}") for name, conflict, why in conflicts))
    return config


def resolve_resumed(stored: TrainingConfig, given: dict[str, Any], preset: str | None, where: str) -> TrainingConfig:
    """The stored config, of one net with more epochs if they are asked for; UsageError for any other difference."""
    whole = asdict(resolve(preset, given)) if preset else {}  # a preset asks for all but how long and which seed
    asked = {name: value for name, value in whole.items() if value is not None and name not in ("epochs", "seed")}
    asked |= given
    config = replace(stored, **asked)
    for name in asked:
        value, before = getattr(config, name), getattr(stored, name)
        longer = name == "epochs" and value > before and stored.nets == 1  # of several one alone knows its fit's end
        if value != before and not longer:
            raise UsageError(
                f"--resume: {flag(name)} {value} contradicts the run in {where}, which has {before}"
                f"{' and several nets' * (name == 'epochs' and stored.nets > 1)}; "
                "leave it out, or start anew without --resume"
            )
    return config
