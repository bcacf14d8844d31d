"""A trained model with all that is needed to use it, and, until it ships, to go on training it.

This is the one place that knows how a checkpoint is laid out:

member                    what
meta                      JSON: format, model, vocabulary, corpus, training, history, progress
E, 0.W_ax, …, W_ya, b_y   the weights to use, float32: the best on the validation names
known_names               the corpus, UTF-8, a name a line
resume.current.*          the weights of the last step
resume.optimizer.*        the optimiser's moments
resume.state.*            the state carried between chunks of a stream
"""

from __future__ import annotations

import unicodedata
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from bacterio_cli import checkpoint
from bacterio_cli.errors import CheckpointError
from bacterio_cli.language_model import Net
from bacterio_cli.names.corpus import UNPRINTABLE, Vocabulary
from bacterio_cli.nn.gated import CELLS
from bacterio_cli.nn.layers import ACTIVATIONS, Array, Params
from bacterio_cli.nn.models import CharRNN, Model, WindowMLP, shapes
from bacterio_cli.recipe import Recipe

LARGEST_SIZE = 2**20
WORKING_CHECKPOINT = Path("bacterio.npz")


@dataclass(frozen=True)
class Trained:
    """Model, weights and vocabulary; the known names and the facts about their corpus; how it was trained."""

    model: Model
    params: Params
    vocabulary: Vocabulary
    known: tuple[str, ...]
    corpus: dict[str, Any]
    training: dict[str, Any]
    history: list[dict[str, Any]]
    progress: dict[str, Any] | None = None
    resume: dict[str, Array] = field(default_factory=dict)

    @property
    def language_model(self) -> Net:
        """What the sampler steps."""
        return Net(self.model, self.params)

    @property
    def arch(self) -> str:
        """rnn, gru, lstm or mlp."""
        return self.model.cell if isinstance(self.model, CharRNN) else "mlp"

    def recipe(self, path: str | Path) -> Recipe:
        """The options of the run; CheckpointError if they are not this version's."""
        try:
            return Recipe(**self.training)
        except TypeError as error:
            raise CheckpointError(
                path, "was trained with other options than this version has", "start anew without --resume"
            ) from error

    def compact(self) -> Trained:
        """The same without what only `--resume` needs."""
        return replace(self, progress=None, resume={})

    def save(self, path: str | Path, *, compress: bool = False) -> None:
        """Write the checkpoint; raises FileError."""
        meta = {
            "model": {"class": type(self.model).__name__, **asdict(self.model)},
            "vocabulary": self.vocabulary.asdict(),
            "corpus": self.corpus,
            "training": self.training,
            "history": self.history,
            "progress": self.progress,
        }
        known = np.frombuffer("\n".join(self.known).encode(), np.uint8)
        resume = {f"resume.{name}": array for name, array in self.resume.items()}
        checkpoint.save(path, {**self.params, "known_names": known, **resume}, meta, compress=compress)


def load(path: str | Path) -> Trained:
    """Read a checkpoint and check that its parts agree. Raises FileError, CheckpointError."""
    arrays, meta = checkpoint.load(path)
    try:
        model = read_model(meta["model"])
        letters, capitalised = meta["vocabulary"]["letters"], meta["vocabulary"]["capitalised"]
        known = tuple(arrays["known_names"].tobytes().decode().split("\n"))
        trained = Trained(
            model,
            {name: read_parameter(path, arrays, name, shape) for name, shape in shapes(model).items()},
            Vocabulary(letters, bool(capitalised)),
            known,
            {key: meta["corpus"][key] for key in ("digest", "names", "characters", "date", "longest")},
            dict(meta["training"]),
            [dict(row) for row in meta["history"]],
            meta["progress"],
            {name.removeprefix("resume."): a for name, a in arrays.items() if name.startswith("resume.")},
        )
        agree = (
            isinstance(letters, str)
            and list(letters) == sorted(set(letters))
            and not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in letters)
            and len(letters) + 1 == model.n_y
            and len(known) == trained.corpus["names"]
            and isinstance(trained.corpus["longest"], int)
            and not any(UNPRINTABLE.search(name) for name in known)
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(
            path, f"is inconsistent or was not written by this program ({type(error).__name__}: {error})"
        ) from error
    if not agree:
        raise CheckpointError(path, "is inconsistent: vocabulary, known names and sizes do not belong together")
    return trained


def shipped(name: str) -> Path:
    """A file that ships: inside the installed package, or under data/ of the checkout it was installed from."""
    package = Path(__file__).parent
    installed = package / "data" / name
    return installed if installed.exists() else package.parent / "data" / name


def default_checkpoint() -> Path:
    """bacterio.npz in the working directory, else the model that ships."""
    return WORKING_CHECKPOINT if WORKING_CHECKPOINT.exists() else shipped("model.npz")


def read_model(sizes: dict[str, Any]) -> Model:
    """The frozen model that `asdict` described; ValueError if it cannot exist."""
    settings = dict(sizes)
    kinds: dict[str, type[Model]] = {"CharRNN": CharRNN, "WindowMLP": WindowMLP}
    model = kinds[settings.pop("class")](**settings)
    for name, value in asdict(model).items():
        if (name == "cell" and value not in CELLS) or (name == "activation" and value not in ACTIVATIONS):
            raise ValueError(f"{name} {value!r} is unknown")
        if name not in ("cell", "activation") and not (
            type(value) is int and (name == "n_x") <= value + 1 and value <= LARGEST_SIZE
        ):
            raise ValueError(f"{name} cannot be {value!r}")
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
