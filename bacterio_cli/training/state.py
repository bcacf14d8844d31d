"""The state of a training between two steps: how it begins and what is saved of it; `resume` takes it up again."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from bacterio_cli.checkpoint.checkpoint import Checkpoint
from bacterio_cli.checkpoint.validation import check_model
from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.lm.base import Net
from bacterio_cli.nn import optim
from bacterio_cli.nn.cells import State
from bacterio_cli.nn.layers import Array, Params
from bacterio_cli.nn.models import CharRNN, Model, WindowMLP, init
from bacterio_cli.training.config import TrainingConfig
from bacterio_cli.training.plan import INIT, Phase, TrainingPlan


@dataclass
class TrainingState:
    """Everything that the next step of a training depends on.

    `phase` and `phase_step` say where in the plan it stands; `step` counts all steps. `moments` is the optimiser's
    state, `hidden` the hidden state that `--stream` hands from one chunk of a phase to the next. `best` are the best
    params of the phase so far, found at the end of its epoch `best_epoch`; `fit_end` the params and moments of a single
    net before its refit; `fitted` and `refitted` the params of the nets that are done; `likelihoods` what each fitted
    net gives the held-out letters; `weights` the mixture weights of nets, table and background table.
    """

    config: TrainingConfig
    corpus: Corpus
    vocabulary: Vocabulary
    model: Model
    plan: TrainingPlan
    params: Params
    moments: Params
    background: Corpus | None = None
    hidden: State = ()
    best: Params | None = None
    fit_end: tuple[Params, Params] | None = None
    fitted: list[Params] = field(default_factory=list)
    refitted: list[Params] = field(default_factory=list)
    likelihoods: list[Array] = field(default_factory=list)
    weights: tuple[float, float, float] = (1.0, 0.0, 0.0)
    history: list[dict[str, Any]] = field(default_factory=list)
    step: int = 0
    phase: int = 0
    phase_step: int = 0
    best_epoch: int = 0
    best_loss: float | None = None
    # Sums since the last row of the history: `steps` counts the steps since then.
    nats: float = 0.0
    chars: int = 0
    norms: float = 0.0
    steps: int = 0

    @property
    def done(self) -> bool:
        """Whether no phase is left."""
        return self.phase == len(self.plan.phases)

    @property
    def current_phase(self) -> Phase:
        """The phase of the next step; of a training that is done, the last."""
        return self.plan.phases[min(self.phase, len(self.plan.phases) - 1)]

    @property
    def total(self) -> int:
        """All steps of the training, if patience does not end it early."""
        later = sum(phase.steps for phase in self.plan.phases[self.phase :])
        return self.step - self.phase_step + later

    @property
    def mixed(self) -> Array:
        """What nets and tables together, as they were before the refit, give each held-out letter, in text order."""
        parts = [np.mean(self.likelihoods, axis=0), *self.plan.table_likelihoods]
        return np.asarray(sum(w * p for w, p in zip(self.weights, parts, strict=False)))

    @property
    def held_out_bits(self) -> Array:
        """Bits per character of each held-out name, ascending, float32; none before a net is fitted."""
        text = self.plan.held_out
        if text is None or not self.likelihoods:
            return np.empty(0, np.float32)
        return np.sort(np.add.reduceat(-np.log2(self.mixed), text.starts) / text.lengths).astype(np.float32)


COUNTERS = ("step", "phase", "phase_step", "best_epoch", "chars", "steps", "best_loss", "nats", "norms")  # as stored


def build_model(config: TrainingConfig, n_y: int) -> Model:
    """The model that a config describes, for n_y letters with the boundary."""
    if config.arch == "mlp":
        return WindowMLP(n_y, config.embedding, config.hidden, config.layers, config.window, config.activation)
    return CharRNN(n_y, config.embedding, config.hidden, config.layers, config.arch, config.activation)


def build_optimiser(config: TrainingConfig) -> optim.Optimiser:
    """The optimiser that a config describes."""
    if config.optimizer == "adamw":
        return optim.AdamW(weight_decay=config.weight_decay)
    return optim.OPTIMISERS[config.optimizer]()


def fresh_params(config: TrainingConfig, model: Model, net: int) -> Params:
    """The weights that a net starts from."""
    return init(model, np.random.default_rng([config.seed, INIT, net]), np.float32, config.init_scale)


def net_of(state: TrainingState, params: Params) -> Net:
    """A net with these weights, to validate and to sample; with `--stream` it begins names in the midst of a text."""
    if not state.config.stream:
        return Net(state.model, params)
    ids = state.plan.lead_in
    with np.errstate(all="ignore"):  # weights so large that a sum overflows are refused by the next step
        return Net(state.model, params, state.model.forward(params, ids, np.ones(len(ids), int))[1])


def begin(corpus: Corpus, config: TrainingConfig, background: Corpus | None = None) -> TrainingState:
    """The state before the first step: fresh weights from the seed."""
    config = config.sized(corpus.characters)
    vocabulary = Vocabulary.of(corpus.names)
    model = build_model(config, vocabulary.n_y)
    check_model(model, config.nets)  # what no command would read again is not begun
    plan = TrainingPlan(config, corpus, vocabulary, background)
    params = fresh_params(config, model, 0)
    state = TrainingState(
        config, corpus, vocabulary, model, plan, params, build_optimiser(config).init(params), background
    )
    if config.ngram:  # until validation chooses, or if there is none
        net = 0.5 if config.net_weight is None else config.net_weight
        state.weights = (net, 1 - net, 0.0) if background is None else (net, (1 - net) / 2, (1 - net) / 2)
    return state


def copied(arrays: Params) -> Params:
    """The same numbers in arrays of their own."""
    return {name: value.copy() for name, value in arrays.items()}


def saved_arrays(state: TrainingState) -> Params:
    """The arrays that only `resume` needs, under the names that a checkpoint gives them."""
    groups = {"current": state.params, "optimizer": state.moments, "best": state.best or {}}
    if state.fit_end is not None:
        groups |= {"end": state.fit_end[0], "end_optimizer": state.fit_end[1]}
    groups |= {f"fitted{k}": params for k, params in enumerate(state.fitted)}
    groups |= {f"refitted{k}": params for k, params in enumerate(state.refitted)}
    arrays = {f"{group}.{name}": value for group, params in groups.items() for name, value in params.items()}
    arrays |= {f"likelihoods{k}": value for k, value in enumerate(state.likelihoods)}
    return arrays | {f"state{k}": value for k, value in enumerate(state.hidden)}


def fresh_hidden(state: TrainingState) -> State:
    """With `--stream`, the hidden states from which a phase begins: zeros for each of its streams."""
    if not state.config.stream:
        return ()
    letters = len(state.plan.texts[state.current_phase.kind].ids) - 1
    return state.model.start(min(state.config.batch_size or 1, letters), np.float32)


def snapshot(state: TrainingState) -> Checkpoint:
    """The state as a checkpoint: the nets and tables to use, and all that `resume` needs."""
    corpus, config = state.corpus, state.config
    nets = state.refitted
    kind = "refit"
    if len(state.refitted) < config.nets:  # not all are refitted, or none is to be
        nets, kind = [*state.fitted], "fit"
        fitting = not state.done and state.plan.phases[state.phase].kind == "fit"
        if not nets or (fitting and state.best is not None):
            nets.append(state.params if state.best is None else state.best)
    facts = {
        "digest": corpus.digest,
        "names": len(corpus.names),
        "characters": corpus.characters,
        "date": corpus.date,
        "longest": max(map(len, corpus.names)),
        "profile": corpus.profile,
    }
    progress = {name: getattr(state, name) for name in COUNTERS}
    progress |= {name: len(getattr(state, name)) for name in ("fitted", "refitted", "likelihoods", "hidden")}
    progress |= {"best": state.best is not None, "fit_end": state.fit_end is not None}
    progress["background"] = None if state.background is None else state.background.digest
    return Checkpoint(
        model=state.model,
        nets=tuple(nets),
        vocabulary=state.vocabulary,
        known=corpus.names,
        corpus=facts,
        training=asdict(config),
        history=state.history,
        table=state.plan.table(kind),
        background=state.plan.table("background"),
        weights=state.weights,
        progress=progress,
        resume=saved_arrays(state),
        held_out=state.held_out_bits,
        first=tuple(net_of(state, params).first for params in nets) if config.stream else (),
    )
