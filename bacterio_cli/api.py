"""The names that Python users are promised, as in `from bacterio_cli import load, sample, score, train`."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from bacterio_cli.checkpoint.checkpoint import Checkpoint
from bacterio_cli.checkpoint.checkpoint import load as load_checkpoint
from bacterio_cli.dataset import shipped
from bacterio_cli.dataset.cleaning import clean
from bacterio_cli.dataset.corpus import Corpus, refuse_fewer
from bacterio_cli.dataset.readers.sources import Entry
from bacterio_cli.errors import UsageError, require_number, short
from bacterio_cli.inference import filters, most_tries, sampler
from bacterio_cli.inference.scorer import Row, Scorer
from bacterio_cli.nomenclature.name_index import Reference
from bacterio_cli.training import trainer
from bacterio_cli.training.config import resolve


def load(path: str | Path | None = None) -> Checkpoint:
    """A checkpoint; without a path the model that ships. Raises FileError, CheckpointError.

    >>> load().arch
    'lstm'
    """
    return load_checkpoint(shipped("model.npz") if path is None else Path(path))


def sample(
    model: Checkpoint, n: int, *, seed: int, any_name: bool = False, also_known: bool = True, **options: Any
) -> Iterator[str]:
    """Up to n new and distinct names, as `bacterio sample` gives them; `options` are those of `SamplingParams`.

    Of a model of genera they are made of known words and well formed; with `any_name` every new draw counts. What the
    authors of the tool know of besides the corpus is left out, unless `also_known` is False. Raises UsageError at once
    for a value out of range.

    >>> [row.asdict()["explained"] for row in score(load(), list(sample(load(), 2, seed=1)))]
    ['explained', 'explained']
    >>> list(sample(load(), 2, seed=7, prefixes=("Methano",), temperature=0.5))[0].startswith("Methano")
    True
    """
    require_number("n", n, 0, 10**12, whole=True)
    if "prefixes" in options:
        options["prefixes"] = texts("prefixes", options["prefixes"])
    request = sampler.SamplingParams(seed=seed, **{"max_length": 2 * model.corpus["longest"], **options})
    scorer = Scorer(model, genus=model.of_genera, also_known=also_known)
    wanted, stats = [*filters.filters_of({"any_name": any_name}, scorer)], sampler.SamplingStats()
    limits = {"count": n, "max_tries": most_tries(n)}
    known = frozenset(model.known)
    return sampler.sample(model.language_model, model.vocabulary, known, request, **limits, stats=stats, filters=wanted)


def score(model: Checkpoint, names: Sequence[str], *, avoid: Iterable[str] = (), also_known: bool = True) -> list[Row]:
    """What `bacterio score` says of each name; `avoid` are more names to compare with, `also_known` as in `sample`.

    Raises UsageError for a single text, InputError for a name too long.

    >>> row, other = score(load(), ["Bacillus", "Methanoscillum"])
    >>> row.status, row.nearest, round(row.bits_per_char, 1)
    ('conflict', 'Bacillus', 1.3)
    >>> other.status, other.gender
    ('ok', 'n')
    """
    more = Reference("avoid", texts("avoid", avoid))
    return Scorer(model, more, genus=model.of_genera, also_known=also_known).score(texts("names", names))


def train(names: Sequence[str], *, preset: str = "default", **options: Any) -> Iterator[Checkpoint]:
    """The model after each epoch and, done, at the end: the one to keep. `options` are the fields of `TrainingConfig`.

    Raises UsageError for a value that an option cannot have, InputError for a name that is no line, both at once.

    >>> names = [head + tail for head in ("Abe", "Bori", "Calo") for tail in ("lla", "bacter", "monas")]
    >>> for model in train(names, epochs=2, hidden=8, refit=False):
    ...     print(len(model.history), "epochs")
    1 epochs
    2 epochs
    2 epochs
    """
    config = resolve(preset, options)
    cleaned = dict.fromkeys(clean(Entry(line, name), "names") for line, name in enumerate(texts("names", names), 1))
    corpus = Corpus(tuple(name for name in cleaned if name))
    refuse_fewer(corpus, 2, "names")
    state = trainer.begin(corpus, config)
    epochs = (progress for progress in trainer.train(state) if progress.row is not None)
    return (trainer.snapshot(state) for _ in chain(epochs, ["the end"]))


def texts(what: str, given: Iterable[str]) -> tuple[str, ...]:
    """The texts that were given; UsageError for a single one, whose letters would be taken, and for what is no text."""
    found = tuple(given)
    if isinstance(given, str) or not all(isinstance(text, str) for text in found):
        raise UsageError(f"{what} must be a list of texts (str), not {short(given)}")
    return found
