"""A trained model with all that is needed to use it, and, until it ships, to go on training it.

This is the one place that knows how a checkpoint is laid out:

member                    what
meta                      JSON: format, model, vocabulary, corpus, training, history, mixture, progress
E, 0.W_ax, …, W_ya, b_y   the weights to use, float32; of a second net net1.E, …
table.suffix, …           the n-gram table counted on the corpus, background.… the one of the background list
known_names               the corpus, UTF-8, a name a line
held_out                  bits per character of the names held out, before the refit, ascending, float32
resume.…                  what only `--resume` needs: weights and moments of the last step, and so on
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bacterio_cli import checkpoint
from bacterio_cli.errors import UNPRINTABLE, CheckpointError
from bacterio_cli.language_model import LanguageModel, Net, average, mixture_of
from bacterio_cli.names.cleaning import LONGEST_LINE, PROFILES
from bacterio_cli.names.vocabulary import Vocabulary
from bacterio_cli.ngram import Counts, NGram
from bacterio_cli.nn.gated import CELLS
from bacterio_cli.nn.layers import ACTIVATIONS, Array, Params
from bacterio_cli.nn.models import CharRNN, Model, WindowMLP, shapes

if TYPE_CHECKING:
    from bacterio_cli.recipe import Recipe

LARGEST_SIZE, LARGEST_DEPTH = 2**20, 128
MOST_NETS, MOST_LEVELS = 16, 12
LARGEST_NUMBER = 2**1000  # integers in JSON have no end; above 2**1024 no float holds them
LONGEST_SETTING = 200  # characters
WORKING_CHECKPOINT = Path("bacterio.npz")
PARTS = ("nets", "table", "background")
COUNTS = ("suffix", "first", "letter", "target", "count")


@dataclass(frozen=True)
class Trained:
    """Nets, tables and their weights; the known names and the facts about their corpus; how it was trained.

    `weights` are those of the nets' average, of the table and of the background table; a table that is None has 0.
    `held_out` are the bits per character of names that had not been learned, to compare new ones with.
    """

    model: Model
    nets: tuple[Params, ...]
    vocabulary: Vocabulary
    known: tuple[str, ...]
    corpus: dict[str, Any]
    training: dict[str, Any]
    history: list[dict[str, Any]]
    table: NGram | None = None
    background: NGram | None = None
    weights: tuple[float, float, float] = (1.0, 0.0, 0.0)
    progress: dict[str, Any] | None = None
    resume: dict[str, Array] = field(default_factory=dict)
    held_out: Array = field(default_factory=lambda: np.empty(0, np.float32))

    @property
    def params(self) -> Params:
        """The weights of the first net."""
        return self.nets[0]

    @property
    def net(self) -> LanguageModel:
        """The nets alone: their average."""
        return average([Net(self.model, params) for params in self.nets])

    @property
    def language_model(self) -> LanguageModel:
        """What the sampler steps: nets and tables, mixed."""
        parts = [(self.net, self.weights[0])]
        parts += [(t, w) for t, w in zip((self.table, self.background), self.weights[1:], strict=True) if t is not None]
        return mixture_of([part for part, _ in parts], [weight for _, weight in parts])

    @property
    def arch(self) -> str:
        """rnn, gru, lstm or mlp."""
        return self.model.cell if isinstance(self.model, CharRNN) else "mlp"

    def recipe(self, path: str | Path) -> Recipe:
        """The options of the run; CheckpointError if they are not this version's."""
        from bacterio_cli.recipe import restore

        try:
            return restore(self.training)
        except (TypeError, ValueError) as error:
            what = f"its training options are not those of this version ({error})"
            raise CheckpointError(path, what, "start anew without --resume") from error

    def compact(self) -> Trained:
        """The same without what only `--resume` needs."""
        return replace(self, progress=None, resume={})

    def save(self, path: str | Path, *, compress: bool = False) -> None:
        """Write the checkpoint; raises FileError."""
        tables = {"table": self.table, "background": self.background}
        meta = {
            "model": {"class": type(self.model).__name__, **asdict(self.model)},
            "vocabulary": self.vocabulary.asdict(),
            "corpus": self.corpus,
            "training": self.training,
            "history": self.history,
            "mixture": {
                "nets": len(self.nets),
                "weights": dict(zip(PARTS, self.weights, strict=True)),
                "discounts": {name: table and table.discounts for name, table in tables.items()},
            },
            "progress": self.progress,
        }
        arrays = {net_key(k, name): array for k, net in enumerate(self.nets) for name, array in net.items()}
        for name, table in tables.items():
            if table is not None:
                arrays |= {f"{name}.{part}": getattr(table.counts, part) for part in COUNTS}
        arrays["known_names"] = np.frombuffer("\n".join(self.known).encode(), np.uint8)
        arrays["held_out"] = self.held_out
        arrays |= {f"resume.{name}": array for name, array in self.resume.items()}
        checkpoint.save(path, arrays, meta, compress=compress)


def net_key(k: int, name: str) -> str:
    """The member that holds a parameter of net k; the first net's have the names of the formulas."""
    return f"net{k}.{name}" if k else name


def load(path: str | Path) -> Trained:
    """Read a checkpoint and check that its parts agree. Raises FileError, CheckpointError."""
    try:
        arrays, meta = checkpoint.load(path)
        model = read_model(meta["model"])
        vocabulary = read_vocabulary(meta["vocabulary"], model.n_y)
        known = tuple(arrays["known_names"].tobytes().decode().split("\n"))
        mixture = meta["mixture"]
        ensure("the number of nets", mixture["nets"], lambda n: type(n) is int and 1 <= n <= MOST_NETS)
        tables = [read_table(arrays, name, mixture["discounts"][name], model.n_y) for name in PARTS[1:]]
        weights = [mixture["weights"][part] for part in PARTS]
        ensure("the weights", weights, all_numbers)
        ensure("the weights", weights, lambda w: min(w) >= 0 and abs(sum(w) - 1) < 1e-3)
        used = [part is not None or weight == 0 for part, weight in zip(tables, weights[1:], strict=True)]
        ensure("the weights", used, all)
        trained = Trained(
            model,
            tuple(
                {name: read_parameter(path, arrays, net_key(k, name), shape) for name, shape in shapes(model).items()}
                for k in range(mixture["nets"])
            ),
            vocabulary,
            known,
            read_corpus_facts(meta["corpus"], known),
            read_settings("the training options", meta["training"]),
            read_history(meta["history"]),
            tables[0],
            tables[1],
            (weights[0], weights[1], weights[2]),
            None if meta["progress"] is None else read_settings("the progress", meta["progress"]),
            {name.removeprefix("resume."): a for name, a in arrays.items() if name.startswith("resume.")},
            arrays.get("held_out", np.empty(0, np.float32)),
        )
        ensure("the held-out names", trained.held_out, lambda a: a.ndim == 1 and a.dtype == np.float32)
        ensure("the held-out names", trained.held_out, lambda a: bool(np.isfinite(a).all()))
        ensure("the held-out names", trained.held_out, lambda a: bool((a >= 0).all() and (a[1:] >= a[:-1]).all()))
    except MemoryError as error:
        raise CheckpointError(path, "needs more memory than there is", "use it on a larger machine") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        said = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise CheckpointError(path, f"is inconsistent or was not written by this program ({said})") from error
    return trained


def ensure(what: str, value: Any, holds: Callable[[Any], bool]) -> None:
    """ValueError if it does not hold."""
    if not holds(value):
        raise ValueError(f"{what} cannot be so")


def all_numbers(values: Any) -> bool:
    """Whether these are numbers that a float can hold, and not True or False."""
    return all(type(v) in (int, float) and abs(v) < LARGEST_NUMBER for v in values)


def read_settings(what: str, stored: dict[str, Any]) -> dict[str, Any]:
    """Names with a number, a short text or nothing each; nothing that is nested, long or cannot be written out."""
    for name, value in stored.items():
        ensure(what, name, lambda name: len(name) <= LONGEST_SETTING)
        if isinstance(value, str):
            ensure(what, value, lambda value: len(value) <= LONGEST_SETTING)
        else:
            ensure(what, value, lambda value: value is None or type(value) is bool or all_numbers([value]))
    return dict(stored)


def read_vocabulary(stored: dict[str, Any], n_y: int) -> Vocabulary:
    """Sorted, distinct, printable letters, as many as the model reads; JSON could hold half of a surrogate pair."""
    letters = stored["letters"]
    ensure("the vocabulary", letters, lambda s: isinstance(s, str) and list(s) == sorted(set(s)))
    ensure("the vocabulary", letters, lambda s: len(s) + 1 == n_y and not UNPRINTABLE.search(s))
    ensure("the vocabulary", letters, lambda s: not any("\ud800" <= letter <= "\udfff" for letter in s))
    return Vocabulary(letters, bool(stored["capitalised"]))


def read_corpus_facts(stored: dict[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    """What is known of the corpus, in agreement with the names that the file holds."""
    facts = {key: stored[key] for key in ("digest", "names", "characters", "date", "longest")}
    facts["profile"] = stored.get("profile", "any")
    ensure("the profile", facts["profile"], lambda p: p in PROFILES)
    ensure("the known names", known, lambda names: len(names) == facts["names"] and type(facts["names"]) is int)
    ensure("the known names", known, lambda names: not UNPRINTABLE.search(" ".join(names)))
    ensure("the corpus", facts, lambda f: type(f["longest"]) is int and 1 <= f["longest"] <= 2 * LONGEST_LINE)
    ensure("the corpus", facts, lambda f: type(f["characters"]) is int and isinstance(f["digest"], str))
    ensure("the corpus", facts, lambda f: f["date"] is None or isinstance(f["date"], str))
    return facts


def read_history(stored: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of numbers, the validation loss possibly missing."""
    rows = [dict(row) for row in stored]
    for row in rows:
        numbers = [row[key] for key in ("step", "epoch", "nats_per_char", "gradient_norm", "learning_rate")]
        valid = [row[key] for key in ("valid_nats_per_char", "valid_bits_per_char") if row[key] is not None]
        ensure("the history", numbers + valid, all_numbers)
        ensure("the history", (row["stage"], row["net"]), lambda at: isinstance(at[0], str) and type(at[1]) is int)
    return rows


def read_model(sizes: dict[str, Any]) -> Model:
    """The frozen model that `asdict` described; ValueError if it cannot exist."""
    settings = dict(sizes)
    kinds: dict[str, type[Model]] = {"CharRNN": CharRNN, "WindowMLP": WindowMLP}
    model = kinds[settings.pop("class")](**settings)
    for name, value in vars(model).items():
        known = {"cell": tuple(CELLS), "activation": tuple(ACTIVATIONS)}.get(name)
        least, most = (0 if name == "n_x" else 1), LARGEST_DEPTH if name in ("layers", "window") else LARGEST_SIZE
        if value not in known if known else type(value) is not int or not least <= value <= most:
            raise ValueError(f"{name} cannot be {reprlib.repr(value)}")
    return model


def read_parameter(path: str | Path, arrays: checkpoint.Arrays, name: str, shape: tuple[int, ...]) -> Array:
    """One parameter, which must be there, float32, finite and of the shape that the model says."""
    found = arrays.get(name)
    if found is None or found.shape != shape or found.dtype != np.float32:
        what = "is missing" if found is None else f"is {found.dtype} {found.shape}"
        raise CheckpointError(path, f"its member {name!r} {what}, and its model needs float32 {shape}")
    if not np.isfinite(found).all():
        raise CheckpointError(path, f"its member {name!r} holds values that are not finite")
    return found


def read_table(arrays: checkpoint.Arrays, name: str, discounts: Any, n_y: int) -> NGram | None:
    """A table whose links stay inside it and lead to shorter contexts; None if there is none."""
    if discounts is None:
        return None
    counts = Counts(n_y, *(arrays[f"{name}.{part}"] for part in COUNTS))
    S, E = len(counts.suffix), len(counts.letter)
    first = counts.first
    ensure(f"the {name}'s arrays", counts, lambda c: all(getattr(c, part).dtype == np.int32 for part in COUNTS))
    ensure(f"the {name}'s sizes", first, lambda f: S > 0 and f.shape == (S + 1,) and f[0] == 0 and f[-1] == E)
    ensure(f"the {name}'s sizes", counts, lambda c: c.letter.shape == c.target.shape == c.count.shape == (E,))
    ensure(f"the {name}'s states", first, lambda f: bool((f[1:] > f[:-1]).all()))  # a difference could wrap around
    ensure(f"the {name}'s links", counts.suffix, lambda s: s.shape == (S,) and s.min() >= 0)
    ensure(f"the {name}'s links", counts.suffix, lambda s: bool((s[1:] < np.arange(1, S)).all()))
    ensure(f"the {name}'s links", counts.target, lambda t: t.min() >= 0 and t.max() < S)
    ensure(f"the {name}'s letters", counts.letter, lambda v: v.min() >= 0 and v.max() < n_y)
    ensure(f"the {name}'s letters", counts.keys, lambda k: bool((np.diff(k) > 0).all()))
    ensure(f"the {name}'s counts", counts.count, lambda c: c.min() >= 1)
    ensure(f"the {name}'s discounts", discounts, lambda d: len(d) == 3 and all_numbers(d))
    ensure(f"the {name}'s discounts", discounts, lambda d: all(0 < x < k for k, x in enumerate(d, 1)))
    table = NGram(counts, (discounts[0], discounts[1], discounts[2]))
    ensure(f"the {name}'s levels", table.levels, lambda levels: len(levels) <= MOST_LEVELS)
    # Each length's links lead to the length before, else smoothing would read what is not yet written.
    lengths = [(begin, counts.suffix[end:beyond], end) for (begin, end), (_, beyond) in pairwise(table.levels)]
    ensure(f"the {name}'s links", lengths, lambda parts: all(b <= s.min() and s.max() < e for b, s, e in parts))
    return table


def shipped(name: str) -> Path:
    """A file that ships: inside the installed package, or under data/ of the checkout it was installed from."""
    package = Path(__file__).parent
    installed = package / "data" / name
    return installed if installed.exists() else package.parent / "data" / name


def default_checkpoint() -> Path:
    """bacterio.npz in the working directory, else the model that ships."""
    return WORKING_CHECKPOINT if WORKING_CHECKPOINT.exists() else shipped("model.npz")
