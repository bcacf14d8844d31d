"""The plan of a training: which names are learned in which phase, with which table and targets.

A plan follows from the config, the corpus and the background alone. It is made again on resume and never saved.

phase        learns                       held against     keeps
background   the background's names       validation       the last weights
fit          the names not held out       validation       the best weights
refit        all names                    nothing          the last weights
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from bacterio_cli.dataset.batching import EncodedCorpus
from bacterio_cli.dataset.corpus import Corpus, split
from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.errors import BacterioError
from bacterio_cli.lm.discounts import choose_discounts, states_along
from bacterio_cli.lm.kneser_ney import Counts, NGram
from bacterio_cli.nn.layers import Array
from bacterio_cli.training.config import TrainingConfig
from bacterio_cli.training.soft_targets import CrossFit

# What each kind of random numbers is for: default_rng([seed, purpose, …]).
SPLIT, INIT, ORDER, MASKS, FOLD, LEAD_IN = range(6)
LEAD_IN_NAMES = 64

BACKGROUND_EPOCHS = 4  # what is learned from it is learned again, better, from the corpus
REFIT_EPOCHS = 0.4  # of the epochs of the fit
REFIT_RATE = 0.6  # of its learning rate
PHASES = ("background", "fit", "refit")


class Phase(NamedTuple):
    """So many epochs of one kind for one of the nets, at a peak learning rate."""

    kind: str
    net: int
    epochs: int
    steps_per_epoch: int
    learning_rate: float

    @property
    def steps(self) -> int:
        """All its steps."""
        return self.epochs * self.steps_per_epoch


class TrainingPlan:
    """The texts, tables, targets and phases of one training."""

    def __init__(
        self, config: TrainingConfig, corpus: Corpus, vocabulary: Vocabulary, background: Corpus | None
    ) -> None:
        self.config, self.corpus, self.vocabulary = config, corpus, vocabulary
        training, validation = split(corpus.names, config.valid_fraction, self.rng(SPLIT))
        self.texts = {"fit": EncodedCorpus(training, vocabulary), "refit": EncodedCorpus(corpus.names, vocabulary)}
        if background is not None:
            related = related_names(background, corpus, vocabulary)
            if not related:
                raise BacterioError("--background: no name of it is new and spelled with the letters of the corpus")
            self.texts["background"] = EncodedCorpus(related, vocabulary)
        self.held_out = EncodedCorpus(validation, vocabulary) if validation else None
        self.phases = self.plan_phases()
        self.targets: dict[str, CrossFit] = {}

    def rng(self, *purpose: int) -> np.random.Generator:
        """The random numbers for a purpose."""
        return np.random.default_rng([self.config.seed, *purpose])

    def plan_phases(self) -> list[Phase]:
        """Each net is fitted, on the background first; then each is refitted."""
        config = self.config
        assert config.epochs is not None  # sized() has filled it in
        phases = []
        for net in range(config.nets):
            if "background" in self.texts:
                phases.append(self.phase("background", net, min(config.epochs, BACKGROUND_EPOCHS), config.lr))
            phases.append(self.phase("fit", net, config.epochs, config.lr))
        if config.refit and self.held_out is not None:
            epochs = max(1, round(REFIT_EPOCHS * config.epochs))
            phases += [self.phase("refit", net, epochs, REFIT_RATE * config.lr) for net in range(config.nets)]
        return phases

    def phase(self, kind: str, net: int, epochs: int, rate: float) -> Phase:
        """A phase with its number of steps per epoch."""
        assert self.config.batch_size is not None  # sized() has filled it in
        steps = self.texts[kind].batches_per_epoch(
            self.config.batch_size, self.config.bptt if self.config.stream else None
        )
        return Phase(kind, net, epochs, steps, rate)

    @cached_property
    def lead_in(self) -> Array:
        """The ids of some training names in random order, read to bring a net into the state of a running text."""
        text = self.texts["fit"]
        return text.ids[text.shuffled(self.rng(LEAD_IN), LEAD_IN_NAMES)]

    @cached_property
    def discounts(self) -> tuple[float, float, float]:
        """Chosen on the validation names, for the table counted without them."""
        return choose_discounts(self.fit_counts, self.held_out)

    @cached_property
    def fit_counts(self) -> Counts:
        """The counts of the training names."""
        return Counts.of(self.texts["fit"].ids, self.vocabulary.n_y, self.config.ngram)

    @cached_property
    def refit_counts(self) -> Counts:
        """The counts of all names."""
        return Counts.of(self.texts["refit"].ids, self.vocabulary.n_y, self.config.ngram)

    def table(self, kind: str) -> NGram | None:
        """The table of the training names ("fit"), of all ("refit"), or of the background; None without one."""
        if not self.config.ngram or kind not in self.texts:
            return None
        if kind == "background":
            return self.background_table
        return NGram(self.fit_counts if kind == "fit" else self.refit_counts, self.discounts)

    @cached_property
    def background_table(self) -> NGram:
        """The background's own table, its discounts chosen on the same validation names."""
        counts = Counts.of(self.texts["background"].ids, self.vocabulary.n_y, self.config.ngram)
        return NGram(counts, choose_discounts(counts, self.held_out))

    def soft_targets(self, phase: Phase) -> CrossFit | None:
        """The targets of a phase; None where the config wants plain ones."""
        config = self.config
        if not config.ngram or not config.smoothing:
            return None
        if phase.kind not in self.targets:
            if phase.kind == "refit":
                self.targets.clear()  # no earlier phase comes again
            discounts = self.background_table.discounts if phase.kind == "background" else self.discounts
            self.targets[phase.kind] = CrossFit(
                self.texts[phase.kind],
                self.vocabulary.n_y,
                order=config.ngram,
                discounts=discounts,
                weight=config.smoothing,
                rng=self.rng(FOLD, PHASES.index(phase.kind)),
            )
        return self.targets[phase.kind]

    @cached_property
    def table_likelihoods(self) -> list[Array]:
        """What the tables of the fit and the background give each held-out letter, in text order."""
        if self.held_out is None:
            return []
        tables = [table for kind in ("fit", "background") if (table := self.table(kind)) is not None]
        return [table.likelihood(states_along(table, self.held_out), self.held_out.ids[1:]) for table in tables]


def related_names(background: Corpus, corpus: Corpus, vocabulary: Vocabulary) -> Sequence[str]:
    """The background's names that the vocabulary can spell, in its case, without those of the corpus.

    The corpus is learned from itself, and its validation names must be unknown to the background, in whatever case.
    """
    spell = str.capitalize if vocabulary.capitalised else str
    names = dict.fromkeys(spell(name) for name in background.names if not vocabulary.missing(name))
    own = {name.lower() for name in corpus.names}
    return [name for name in names if name.lower() not in own]
