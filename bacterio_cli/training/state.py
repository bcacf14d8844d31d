"""The state of a training between two steps, and how it goes from epoch to epoch and from phase to phase."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np

from bacterio_cli.dataset.batching import Batch
from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.nn.cells import State
from bacterio_cli.nn.layers import Params
from bacterio_cli.nn.models import init
from bacterio_cli.training.config import TrainingConfig
from bacterio_cli.training.plan import INIT, ORDER, PHASES, Phase, TrainingPlan


@dataclass
class TrainingState:
    """Everything that the next step of a training depends on.

    `step` and `phase_number` say where it stands in the plan. `moments` is the optimiser's state, `hidden` the hidden
    state that `--stream` hands from one chunk of a phase to the next. `kept` are the best params so far of each fit and
    the last of each refit, net by net; `best` is the phase's best row, without validation its last; `fit_end` the state
    in which the fit of a single net ended. `nats`, `chars` and `norms` are sums since the last row of the history; nats
    are of L, with dropout and against soft targets, so that a validation loss may well be less.
    """

    plan: TrainingPlan
    params: Params = field(default_factory=dict)
    moments: Params = field(default_factory=dict)
    hidden: State = ()
    kept: dict[str, list[Params]] = field(default_factory=lambda: {"fit": [], "refit": []})
    fit_end: "TrainingState | None" = None
    history: list[dict[str, Any]] = field(default_factory=list)
    step: int = 0
    phase_number: int = 0
    best: dict[str, Any] | None = None
    nats: float = 0.0
    chars: int = 0
    norms: float = 0.0

    @property
    def done(self) -> bool:
        """Whether no phase is left."""
        return self.phase_number == len(self.plan.phases)

    @property
    def phase(self) -> Phase:
        """The phase of the next step; of a training that is done, the last."""
        return self.plan.phases[min(self.phase_number, len(self.plan.phases) - 1)]

    @property
    def phase_step(self) -> int:
        """The steps of the phase that are done: as many updates as its optimiser has made."""
        return int(self.moments["k"])

    @property
    def epochs_done(self) -> int:
        """The epochs of the phase that are done."""
        return self.phase_step // self.phase.steps_per_epoch

    @property
    def phase_is_over(self) -> bool:
        """Whether all its steps are done, or the last `patience` epochs of a fit brought no improvement."""
        phase, patience = self.phase, self.plan.config.patience
        waited = self.epochs_done - self.best["epoch"] if self.best else 0
        return self.phase_step >= phase.steps or (phase.kind == "fit" and 0 < patience <= waited)

    @property
    def total(self) -> int:
        """All steps of the training, if patience does not end it early."""
        later = sum(phase.steps for phase in self.plan.phases[self.phase_number :])
        return self.step if self.done else self.step - self.phase_step + later

    def batches(self) -> Iterator[Batch]:
        """The batches of the phase that are left: names in an epoch's order, or with `--stream` one text in chunks."""
        plan, phase, done = self.plan, self.phase, self.phase_step % self.phase.steps_per_epoch
        for epoch in range(self.epochs_done, phase.epochs):
            text, rng = plan.texts[phase.kind], plan.rng(ORDER, PHASES.index(phase.kind), phase.net, epoch)
            if plan.config.stream:
                batches = text.chunks(plan.batch_size, plan.config.bptt, text.shuffled(rng))
            else:
                batches = text.name_batches(plan.batch_size, rng)
            yield from islice(batches, done, None)
            done = 0

    def add_row(self, row: dict[str, Any]) -> None:
        """Add a row to the history and begin new sums; keep a fit's best params so far, and a refit's last."""
        phase, valid = self.phase, row["valid_nats_per_char"]
        if valid is None or self.best is None or valid < self.best["valid_nats_per_char"]:
            self.best = row
            if phase.kind != "background":
                self.kept[phase.kind][phase.net :] = [deepcopy(self.params)]
        self.history.append(row)
        self.nats, self.chars, self.norms = 0.0, 0, 0.0

    def end_phase(self) -> None:
        """Go on to the next phase, if there is one."""
        if self.phase.kind == "fit" and self.plan.config.nets == 1:
            self.fit_end = replace(self, history=[*self.history], kept={**self.kept, "refit": []})
        self.phase_number += 1
        if not self.done:
            self.begin_phase()

    def begin_phase(self) -> None:
        """Begin a refit with what the fit kept, a fit after a background with what that left, and others afresh."""
        plan, phase = self.plan, self.phase
        if phase.kind == "refit":
            self.params = deepcopy(self.kept["fit"][phase.net])
        elif phase.kind == "background" or plan.background is None:
            self.params = init(plan.model, plan.rng(INIT, phase.net), np.float32, plan.config.init_scale)
        self.moments = plan.optimiser.init(self.params)
        if plan.config.stream:
            streams = min(plan.batch_size, len(plan.texts[phase.kind].ids) - 1)
            self.hidden = plan.model.start(streams, np.float32)
        self.best = None


def begin(corpus: Corpus, config: TrainingConfig, background: Corpus | None = None) -> TrainingState:
    """The state before the first step: fresh weights from the seed."""
    state = TrainingState(TrainingPlan(config, corpus, background))
    state.begin_phase()
    return state
