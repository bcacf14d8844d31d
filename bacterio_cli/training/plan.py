"""The plan of a training: which names are learned in which phase, with which table and targets.

A plan follows from the config, the corpus and the background alone. It is made again on resume and never saved.

phase        learns                       validated on     keeps
background   the background's names       the held-out     the last weights
fit          the names not held out       the held-out     the best weights
refit        all names                    nothing          the last weights
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from bacterio_cli.checkpoint.validation import check_model
from bacterio_cli.dataset.batching import Batch, EncodedCorpus
from bacterio_cli.dataset.corpus import Corpus, split
from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.errors import BacterioError
from bacterio_cli.lm.base import Net
from bacterio_cli.lm.kneser_ney import Discounts, NGram
from bacterio_cli.lm.prefix_tree import probabilities
from bacterio_cli.nn import optim
from bacterio_cli.nn.layers import Array, Params
from bacterio_cli.nn.models import CharRNN, Model, WindowMLP
from bacterio_cli.training.config import TrainingConfig

# What each kind of random numbers is for: default_rng([seed, purpose, …]).
SPLIT, INIT, ORDER, MASKS, FOLD, LEAD_IN = range(6)
LEAD_IN_NAMES = PROBE_NAMES = 64

BACKGROUND_EPOCHS = 4  # what is learned from it is learned again, better, from the corpus
REFIT_EPOCHS = 0.4  # as a share of those of the fit
REFIT_RATE = 0.6  # of its learning rate
PHASES = ("background", "fit", "refit")

FOLDS, FOLDS_OF_A_LARGE_TEXT = 10, 4  # a table's memory is that of what it has seen, and each fold has one
LARGE_TEXT = 300_000  # letters


class Phase(NamedTuple):
    """So many epochs of one kind for one of the nets, at a peak learning rate."""

    kind: str
    net: int
    epochs: int
    steps_per_epoch: int
    peak_rate: float

    @property
    def steps(self) -> int:
        """All its steps."""
        return self.epochs * self.steps_per_epoch


class CrossFit:
    """Soft targets for the net: per fold of a text a count table of the others, and its state at each position.

    A target is y = (1 − A)·onehot + A·p, with A the weight (--smoothing) and p the table's distribution. Counted on all
    training names, the table has seen the very letter that it is asked about, and p leans towards it. So p is
    cross-fitted: the names are dealt into folds, and each name's p comes from a table counted on the other folds.
    """

    def __init__(
        self, text: EncodedCorpus, *, order: int, discounts: Discounts, weight: float, rng: np.random.Generator
    ) -> None:
        self.weight, n_y = weight, text.n_y
        folds = min(FOLDS if len(text.ids) < LARGE_TEXT else FOLDS_OF_A_LARGE_TEXT, len(text.starts))
        fold = rng.permutation(np.arange(len(text.starts)) % folds)
        self.fold = np.repeat(fold.astype(np.int8), text.lengths)  # of every position
        self.state = np.empty(len(self.fold), np.int32)
        self.tables = []
        for k in range(folds):
            rest = np.append(text.ids[:-1][self.fold != k], 0)
            table = NGram.of(rest if len(rest) > 1 else text.ids, n_y, order, discounts)
            self.state[self.fold == k] = table.states_along(text)[self.fold == k]
            self.tables.append(table)

    def targets(self, batch: Batch) -> Array:
        """y for every row of a batch, (N, n_y) float32; rows sum to 1."""
        y = np.empty((len(batch.x), self.tables[0].n_y), np.float32)
        fold = self.fold[batch.position]
        for k, table in enumerate(self.tables):
            rows = np.flatnonzero(fold == k)
            y[rows] = table.distributions(self.state[batch.position[rows]])
        y *= self.weight
        y[np.arange(len(y)), batch.y] += 1 - self.weight
        return y


class TrainingPlan:
    """What is learned, and by what: the config, filled in for the corpus, the model, the texts, tables and phases."""

    def __init__(self, config: TrainingConfig, corpus: Corpus, background: Corpus | None = None) -> None:
        self.config, self.corpus, self.background = config.sized(corpus.characters), corpus, background
        self.batch_size = self.config.batch_size or 1  # names, or streams, per step; sized() has filled it in
        self.vocabulary = vocabulary = Vocabulary.of(corpus.names)
        sizes = (vocabulary.n_y, config.embedding, config.hidden, config.layers)
        self.model: Model = CharRNN(*sizes, config.arch, config.activation)
        if config.arch == "mlp":
            self.model = WindowMLP(*sizes, config.window, config.activation)
        check_model(self.model, config.nets)  # what no command would read again is not begun
        self.optimiser = replace(optim.OPTIMISERS[config.optimizer], weight_decay=config.weight_decay)
        training, validation = split(corpus.names, config.valid_fraction, self.rng(SPLIT))
        self.texts = {"fit": EncodedCorpus(training, vocabulary), "refit": EncodedCorpus(corpus.names, vocabulary)}
        if background is not None:  # it loses all names of the corpus, held out or not, in whatever case
            own = {name.lower() for name in corpus.names}
            spelled = [vocabulary.fold(name) for name in background.names if not vocabulary.missing(name)]
            related = [name for name in dict.fromkeys(map(vocabulary.restore, spelled)) if name.lower() not in own]
            if not related:
                raise BacterioError("--background: no name of it is new and spelled with the letters of the corpus")
            self.texts["background"] = EncodedCorpus(related, vocabulary)
        self.held_out = EncodedCorpus(validation, vocabulary) if validation else None
        self.probe = EncodedCorpus(corpus.names[:PROBE_NAMES], vocabulary)  # what weights must read without overflow
        self.phases = list(self.plan_phases())
        self.tables: dict[str, NGram] = {}

    def rng(self, *purpose: int) -> np.random.Generator:
        """The random numbers for a purpose."""
        return np.random.default_rng([self.config.seed, *purpose])

    def plan_phases(self) -> Iterator[Phase]:
        """Each net is fitted, on the background first; then each is refitted."""
        config, epochs = self.config, self.config.epochs or 1  # sized() has filled it in
        bptt = config.bptt if config.stream else None
        steps = {kind: text.batches_per_epoch(self.batch_size, bptt) for kind, text in self.texts.items()}
        for net in range(config.nets):
            if self.background is not None:
                yield Phase("background", net, min(epochs, BACKGROUND_EPOCHS), steps["background"], config.lr)
            yield Phase("fit", net, epochs, steps["fit"], config.lr)
        if config.refit and self.held_out is not None:
            again, rate = max(1, round(REFIT_EPOCHS * epochs)), REFIT_RATE * config.lr
            for net in range(config.nets):
                yield Phase("refit", net, again, steps["refit"], rate)

    def net(self, params: Params) -> Net:
        """A net with these weights; with `--stream` it begins in the state to which some training names lead."""
        if not self.config.stream:
            return Net(self.model, params)
        text = self.texts["fit"]
        ids = text.ids[text.shuffled(self.rng(LEAD_IN), LEAD_IN_NAMES)]
        with np.errstate(all="ignore"):  # weights so large that a sum overflows are refused by the next step
            return Net(self.model, params, self.model.forward(params, ids, np.ones(len(ids), int))[1])

    def likelihood(self, params: Params, text: EncodedCorpus) -> Array:
        """P of each letter of a text by a net with these weights; not finite where they overflow."""
        with np.errstate(all="ignore"):
            return probabilities(self.net(params), text)

    def table(self, kind: str) -> NGram | None:
        """The table of the training names ("fit"), of all ("refit"), or of the background; None without one.

        Discounts are chosen on the names held out, which the table of all has learned: it has those of the fit.
        """
        if not self.config.ngram or kind not in self.texts:
            return None
        if kind not in self.tables:
            table = NGram.of(self.texts[kind].ids, self.vocabulary.n_y, self.config.ngram)
            fit = self.table("fit") if kind == "refit" else None
            self.tables[kind] = replace(table, discounts=fit.discounts) if fit else table.fitted(self.held_out)
        return self.tables[kind]

    def soft_targets(self, kind: str) -> CrossFit | None:
        """The targets of a phase of this kind; None where the config wants plain ones."""
        table, config = self.table("background" if kind == "background" else "fit"), self.config
        if table is None or not config.smoothing:
            return None
        text, rng = self.texts[kind], self.rng(FOLD, PHASES.index(kind))
        return CrossFit(text, order=config.ngram, discounts=table.discounts, weight=config.smoothing, rng=rng)
