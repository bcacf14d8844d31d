"""The state of a training between two steps, and how it goes from epoch to epoch and from phase to phase."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.nn.cells import State
from bacterio_cli.nn.layers import Array, Params
from bacterio_cli.training.config import TrainingConfig
from bacterio_cli.training.plan import Phase, TrainingPlan


@dataclass
class TrainingState:
    """Everything that the next step of a training depends on.

    `phase` is its place in the plan, and `step` counts all steps. `moments` is the optimiser's state, `hidden` the
    hidden state that `--stream` hands from one chunk of a phase to the next. `best` are the best params of the phase so
    far, found at the end of its epoch `best_epoch`; `fit_end` the state in which the fit of a single net ended;
    `fitted` and `refitted` the params of the nets that are done; `likelihoods` what each fitted net gives the held-out
    letters; `weights` the mixture weights of nets, table and background table. `nats`, `chars` and `norms` are sums
    since the last row of the history.
    """

    plan: TrainingPlan
    params: Params
    moments: Params
    hidden: State
    best: Params | None = None
    fit_end: TrainingState | None = None
    fitted: list[Params] = field(default_factory=list)
    refitted: list[Params] = field(default_factory=list)
    likelihoods: list[Array] = field(default_factory=list)
    weights: tuple[float, float, float] = (1.0, 0.0, 0.0)
    history: list[dict[str, Any]] = field(default_factory=list)
    step: int = 0
    phase: int = 0
    best_epoch: int = 0
    best_loss: float | None = None
    nats: float = 0.0
    chars: int = 0
    norms: float = 0.0

    @property
    def done(self) -> bool:
        """Whether no phase is left."""
        return self.phase == len(self.plan.phases)

    @property
    def current_phase(self) -> Phase:
        """The phase of the next step; of a training that is done, the last."""
        return self.plan.phases[min(self.phase, len(self.plan.phases) - 1)]

    @property
    def fits(self) -> list[Params]:
        """The params of the nets that are fitted, and the best so far of one that is being fitted."""
        return [*self.fitted, self.best] if self.best and self.current_phase.kind == "fit" else self.fitted

    @property
    def phase_step(self) -> int:
        """The steps of the current phase that are done: as many updates as its optimiser has made."""
        return int(self.moments["k"])

    @property
    def epochs(self) -> int:
        """The epochs of the current phase that are done."""
        return self.phase_step // self.current_phase.steps_per_epoch

    @property
    def phase_is_over(self) -> bool:
        """Whether all its steps are done, or the last `patience` epochs of a fit brought no improvement."""
        phase, patience = self.current_phase, self.plan.config.patience
        out_of_patience = phase.kind == "fit" and 0 < patience <= self.epochs - self.best_epoch
        return self.phase_step >= phase.steps or out_of_patience

    @property
    def total(self) -> int:
        """All steps of the training, if patience does not end it early."""
        later = sum(phase.steps for phase in self.plan.phases[self.phase :])
        return self.step - self.phase_step + later

    def add_row(self, row: dict[str, Any]) -> bool:
        """Add a row to the history, and begin new sums; keep the params if its loss is the least of the phase."""
        valid = row["valid_nats_per_char"]
        improved = valid is None or self.best_loss is None or valid < self.best_loss
        if improved:
            self.best, self.best_epoch, self.best_loss = deepcopy(self.params), row["epoch"], valid
        self.history.append(row)
        self.nats, self.chars, self.norms = 0.0, 0, 0.0
        return improved

    def end_phase(self) -> None:
        """Put the phase's net where it belongs, and make ready for the next phase."""
        ended = self.current_phase.kind
        if ended == "fit" and self.plan.config.nets == 1:
            self.fit_end = replace(self, history=[*self.history], fitted=[], refitted=[])
        if ended != "background":
            (self.fitted if ended == "fit" else self.refitted).append(self.best or self.params)
        self.phase += 1
        self.best = None
        if self.done:
            return
        following = self.current_phase
        if following.kind == "refit":
            self.params = deepcopy(self.fitted[following.net])
        elif ended == "fit":
            self.params = self.plan.fresh_params(following.net)
        self.moments = self.plan.optimiser.init(self.params)
        self.hidden, self.best_epoch, self.best_loss = self.plan.fresh_hidden(following), 0, None


def begin(corpus: Corpus, config: TrainingConfig, background: Corpus | None = None) -> TrainingState:
    """The state before the first step: fresh weights from the seed."""
    plan = TrainingPlan(config, corpus, background)
    params = plan.fresh_params(0)
    state = TrainingState(plan, params, plan.optimiser.init(params), plan.fresh_hidden(plan.phases[0]))
    if config.ngram:  # until validation chooses, or if there is none
        net = 0.5 if config.net_weight is None else config.net_weight
        state.weights = (net, 1 - net, 0.0) if background is None else (net, (1 - net) / 2, (1 - net) / 2)
    return state
