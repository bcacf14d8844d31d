"""A trained model with all that is needed to use it and, unless it is compact, to go on training it.

This is the one place that knows how a checkpoint is laid out:

member                    what
meta                      JSON: format, model, vocabulary, corpus, training, history, mixture, progress
E, 0.W_ax, …, W_ya, b_y   the weights to use, float32; of a second net net1.E, …
table.suffix, …           the n-gram table counted on the corpus, background.… the one of the background list
known_names               the corpus, UTF-8, one name per line
held_out                  bits per character of the names held out, before the refit, ascending, float32
first0, …                 the state from which names begin, if not zeros; of a second net net1.first0, …
resume.…                  what only `--resume` needs: the weights and moments after the last step, and so on
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from bacterio_cli.checkpoint import archive
from bacterio_cli.checkpoint.archive import Arrays
from bacterio_cli.checkpoint.validation import (
    COUNTS,
    TABLES,
    read_corpus_facts,
    read_held_out,
    read_history,
    read_mixture,
    read_model,
    read_parameter,
    read_settings,
    read_vocabulary,
)
from bacterio_cli.dataset import shipped
from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.errors import CheckpointError
from bacterio_cli.lm.base import LanguageModel, Net
from bacterio_cli.lm.kneser_ney import NGram
from bacterio_cli.lm.mixture import average, mixture_of
from bacterio_cli.nn.cells import State
from bacterio_cli.nn.layers import Array, Params
from bacterio_cli.nn.models import CharRNN, Model, shapes

WORKING_CHECKPOINT = Path("bacterio.npz")


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Nets, tables and their weights; the known names and the facts about their corpus; how it was trained.

    `weights` are those of the nets' average, of the table and of the background table; a table that is None has 0.
    `held_out` are the bits per character of names that had not been learned, to compare new ones with.
    `progress` and `resume` are the figures and the arrays that only `--resume` needs. `first` has for each net the
    state from which names begin, if that is not zeros: see `Net`.
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
    first: tuple[State, ...] = ()

    @property
    def params(self) -> Params:
        """The weights of the first net."""
        return self.nets[0]

    @property
    def net(self) -> LanguageModel:
        """The nets alone: their average."""
        firsts = self.first or ((),) * len(self.nets)
        return average([Net(self.model, params, first) for params, first in zip(self.nets, firsts, strict=True)])

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

    def compact(self) -> Checkpoint:
        """The same without what only `--resume` needs."""
        return replace(self, progress=None, resume={})

    def save(self, path: str | Path, *, compress: bool = False) -> None:
        """Write the checkpoint; raises FileError."""
        archive.save(path, *encode(self), compress=compress)


def net_key(k: int, name: str) -> str:
    """The member that holds a parameter of net k; the first net's have the names of the formulas."""
    return f"net{k}.{name}" if k else name


def encode(checkpoint: Checkpoint) -> tuple[Arrays, dict[str, Any]]:
    """(arrays, meta): the checkpoint laid out as its file has it."""
    tables = {name: getattr(checkpoint, name) for name in TABLES}
    meta = {
        "model": {"class": type(checkpoint.model).__name__, **asdict(checkpoint.model)},
        "vocabulary": checkpoint.vocabulary.asdict(),
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
    arrays = {net_key(k, name): array for k, net in enumerate(checkpoint.nets) for name, array in net.items()}
    for name, table in tables.items():
        if table is not None:
            arrays |= {f"{name}.{part}": getattr(table.counts, part) for part in COUNTS}
    firsts = ((net_key(k, f"first{j}"), s) for k, first in enumerate(checkpoint.first) for j, s in enumerate(first))
    arrays |= dict(firsts)
    arrays["known_names"] = np.frombuffer("\n".join(checkpoint.known).encode(), np.uint8)
    arrays["held_out"] = checkpoint.held_out
    arrays |= {f"resume.{name}": array for name, array in checkpoint.resume.items()}
    return arrays, meta


def decode(path: str | Path, arrays: Arrays, meta: dict[str, Any]) -> Checkpoint:
    """The checkpoint that `encode` laid out; of what does not fit, whatever error it leads to."""
    model = read_model(meta["model"])
    known = tuple(arrays["known_names"].tobytes().decode().split("\n"))
    nets, (table, background), weights = read_mixture(arrays, meta["mixture"], model.n_y)
    return Checkpoint(
        model=model,
        nets=tuple(
            {name: read_parameter(path, arrays, net_key(k, name), shape) for name, shape in shapes(model).items()}
            for k in range(nets)
        ),
        vocabulary=read_vocabulary(meta["vocabulary"], model.n_y),
        known=known,
        corpus=read_corpus_facts(meta["corpus"], known),
        training=read_settings("the training options", meta["training"]),
        history=read_history(meta["history"]),
        table=table,
        background=background,
        weights=weights,
        progress=None if meta["progress"] is None else read_settings("the figures of its progress", meta["progress"]),
        resume={name.removeprefix("resume."): a for name, a in arrays.items() if name.startswith("resume.")},
        held_out=read_held_out(arrays),
        first=read_first(path, arrays, model, nets),
    )


def read_first(path: str | Path, arrays: Arrays, model: Model, nets: int) -> tuple[State, ...]:
    """The states from which names begin, of every net; none if the first net has none."""
    if "first0" not in arrays:
        return ()
    shapes_of = [s.shape for s in model.start(1, np.float32)]
    return tuple(
        tuple(read_parameter(path, arrays, net_key(k, f"first{j}"), shape) for j, shape in enumerate(shapes_of))
        for k in range(nets)
    )


def load(path: str | Path) -> Checkpoint:
    """Read a checkpoint and check that its parts agree. Raises FileError, CheckpointError."""
    try:
        return decode(path, *archive.load(path))
    except MemoryError as error:
        raise CheckpointError(path, "needs more memory than there is", "use it on a larger machine") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise CheckpointError(path, f"is inconsistent or was not written by this program ({what})") from error


def default_checkpoint() -> Path:
    """bacterio.npz in the working directory, else the model that ships."""
    return WORKING_CHECKPOINT if WORKING_CHECKPOINT.exists() else shipped("model.npz")
