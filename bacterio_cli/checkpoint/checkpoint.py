"""A trained model with all that is needed to use it and, unless it is compact, to go on training it.

The layout of a checkpoint:

member                    what
meta                      JSON: format, model, vocabulary, corpus, training, history, mixture, progress
E, 0.W_ax, …, W_ya, b_y   the parameters to use, float32; of a second net net1.E, …
table.suffix, …           the n-gram table counted on the corpus, background.… the one of the background list
known_names               the corpus, UTF-8, one name per line
held_out                  bits per character of the names held out, before the refit, ascending, float32
first0, …                 the state from which names begin, if not zeros; of a second net net1.first0, …
resume.…                  what only `--resume` needs: the parameters and moments after the last step, and so on
"""

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from bacterio_cli.checkpoint import archive, validation
from bacterio_cli.checkpoint.archive import Arrays, require
from bacterio_cli.checkpoint.atomic_write import require_ours
from bacterio_cli.checkpoint.validation import COUNTS, is_number, net_key, read_table
from bacterio_cli.dataset import LONGEST_LINE, shipped
from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.errors import UNPRINTABLE, BacterioError, CheckpointError, ContentsError
from bacterio_cli.lm.base import LanguageModel, Net
from bacterio_cli.lm.kneser_ney import NGram
from bacterio_cli.lm.mixture import mixture_of
from bacterio_cli.nn.layers import Array
from bacterio_cli.nn.models import CharRNN, Model, WindowMLP, shapes

WORKING_CHECKPOINT = Path("bacterio.npz")
TABLES = ("table", "background")
MODELS: dict[str, type[Model]] = {model.__name__: model for model in (CharRNN, WindowMLP)}


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A trained model, what it was trained on, and how. Raises ContentsError for what could not be read again."""

    nets: tuple[Net, ...]
    vocabulary: Vocabulary
    known: tuple[str, ...]  # the names of the corpus
    corpus: dict[str, Any]  # facts about it
    training: dict[str, Any]  # options
    history: list[dict[str, Any]]
    table: NGram | None
    background: NGram | None
    weights: tuple[float, float, float]  # of the nets' average, table, background; None has 0
    progress: dict[str, Any] | None  # the figures that only `--resume` needs
    resume: dict[str, Array]  # and the arrays
    held_out: Array  # bits per character of names that had not been learned, to compare new ones with

    def __post_init__(self) -> None:
        """Check that the parts are possible and agree with each other."""
        validation.check_model(self.model, len(self.nets))
        validation.check_nets(self.nets)
        validation.check_words(self.corpus, self.training, self.progress or {}, self.history)
        require(not UNPRINTABLE.search(" ".join(self.known)), "the known names have characters that cannot be printed")
        lines = all(0 < len(name) <= LONGEST_LINE for name in self.known) and len(set(self.known)) == len(self.known)
        require(lines, f"the known names are not distinct and of 1 to {LONGEST_LINE} characters")
        agrees = self.vocabulary == Vocabulary.of(self.known) and self.vocabulary.n_y == self.model.n_y
        require(agrees, "the vocabulary is not that of the known names and of the model")
        weights = self.weights
        shares = all(is_number(weight) and weight >= 0 for weight in weights) and abs(sum(weights) - 1) < 1e-3
        require(shares, "the mixture weights are not numbers from 0 that sum to 1")
        lacks = any(table is None and w for table, w in zip((self.table, self.background), weights[1:], strict=True))
        require(not lacks, "a table has a weight, but is missing")
        row = self.held_out.ndim == 1 and self.held_out.dtype == np.float32 and np.isfinite(self.held_out).all()
        require(row, "the bits of the held-out names are no row of numbers")

    @property
    def model(self) -> Model:
        """The sizes of the nets."""
        return self.nets[0].model

    @property
    def net(self) -> LanguageModel:
        """The nets alone: their average."""
        return mixture_of(self.nets, [1 / len(self.nets)] * len(self.nets))

    @property
    def language_model(self) -> LanguageModel:
        """What the sampler steps: nets and tables, mixed."""
        return mixture_of((self.net, self.table, self.background), self.weights)

    @property
    def arch(self) -> str:
        """rnn, gru, lstm or mlp."""
        return self.model.cell

    @property
    def of_genera(self) -> bool:
        """Whether it learned genera, so that the rules for their names apply to what it draws."""
        return self.corpus["profile"] == "genus"

    def compact(self) -> Self:
        """The same without what only `--resume` needs."""
        return replace(self, progress=None, resume={})

    def save(self, path: str | Path, *, compress: bool = False, force: bool = False) -> None:
        """Write the checkpoint, over an older one too, but over a file of another kind only with `force`.

        Raises FileError, and ContentsError if its history or options have changed since.
        """
        if not force:
            remedy = "choose another path, or replace it with force=True"
            require_ours(path, lambda there: objection(there, unfinished=True), remedy)
        self.__post_init__()
        archive.save(path, *encode(self), compress=compress)


def encode(checkpoint: Checkpoint) -> tuple[Arrays, dict[str, Any]]:
    """(arrays, meta): the checkpoint laid out as its file has it."""
    tables = {name: getattr(checkpoint, name) for name in TABLES}
    meta = {
        "model": {"class": type(checkpoint.model).__name__, **asdict(checkpoint.model)},
        "vocabulary": asdict(checkpoint.vocabulary),
        "corpus": checkpoint.corpus,
        "training": checkpoint.training,
        "history": checkpoint.history,
        "mixture": {
            "nets": len(checkpoint.nets),
            "weights": dict(zip(("nets", *TABLES), checkpoint.weights, strict=True)),
            "discounts": {name: table and table.discounts for name, table in tables.items()},
        },
        "progress": checkpoint.progress,
    }
    arrays = {net_key(k, name): array for k, net in enumerate(checkpoint.nets) for name, array in net.params.items()}
    for name, table in tables.items():
        if table is not None:
            arrays |= {f"{name}.{part}": getattr(table, part) for part in COUNTS}
    for k, net in enumerate(checkpoint.nets):
        arrays |= {net_key(k, f"first{j}"): s for j, s in enumerate(net.initial_state)}
    arrays["known_names"] = np.frombuffer("\n".join(checkpoint.known).encode(), np.uint8)
    arrays["held_out"] = checkpoint.held_out
    arrays |= {f"resume.{name}": array for name, array in checkpoint.resume.items()}
    return arrays, meta


def decode(arrays: Arrays, meta: dict[str, Any]) -> Checkpoint:
    """The checkpoint that `encode` laid out; of what does not fit, whatever error it leads to."""
    mixture, sizes = meta["mixture"], dict(meta["model"])
    model = MODELS[sizes.pop("class")](**sizes)
    validation.check_model(model, mixture["nets"])  # before anything is looked up for so many nets and layers
    known = arrays["known_names"].tobytes().decode().split("\n")
    counted = {"names": len(known), "characters": sum(map(len, known)) + len(known), "longest": max(map(len, known))}
    initial = [f"first{j}" for j in range(len(model.start(1, np.float32)))] if "first0" in arrays else []

    def net(k: int) -> Net:
        own = {name: arrays[net_key(k, name)] for name in (*shapes(model), *initial)}
        return Net(model, own, tuple(own.pop(name) for name in initial))

    return Checkpoint(
        nets=tuple(map(net, range(mixture["nets"]))),
        vocabulary=Vocabulary(**meta["vocabulary"]),
        known=tuple(known),
        corpus=meta["corpus"] | counted,
        training=meta["training"],
        history=meta["history"],
        weights=tuple(mixture["weights"][part] for part in ("nets", *TABLES)),
        progress=meta["progress"],
        resume={name.removeprefix("resume."): a for name, a in arrays.items() if name.startswith("resume.")},
        held_out=arrays["held_out"],
        **{name: read_table(arrays, name, mixture["discounts"][name], model.n_y) for name in TABLES},
    )


def load(path: str | Path) -> Checkpoint:
    """Read a checkpoint and check that its parts agree. Raises FileError, CheckpointError."""
    try:
        return decode(*archive.load(path))
    except ContentsError as error:
        raise CheckpointError(path, str(error)) from error
    except MemoryError as error:
        raise CheckpointError(path, "needs more memory than there is", "use it on a larger machine") from error
    except (*archive.DAMAGE, AttributeError, IndexError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise CheckpointError(path, f"is damaged, or was not written by this program ({what})") from error


def objection(path: Path, *, unfinished: bool = False) -> str:
    """Why a file should not be replaced by a checkpoint; "" if it is one, and of a training that has ended.

    With `unfinished` of any training.
    """
    try:
        progress = load(path).progress
    except BacterioError:
        return "it is not a checkpoint that this version can read"
    ended = unfinished or progress is None or progress.get("finished")
    return "" if ended else "it is a training that has not ended; go on with --resume"


def default_checkpoint() -> Path:
    """bacterio.npz in the working directory, else the model that ships, also where the directory cannot be read."""
    return WORKING_CHECKPOINT if os.path.exists(WORKING_CHECKPOINT) else shipped("model.npz")
