"""A training run between two steps: how it begins and what is saved of it; `resuming` takes it up again."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from bacterio_cli.checkpoint.checkpoint import Checkpoint
from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.nn import optim
from bacterio_cli.nn.cells import State
from bacterio_cli.nn.layers import Array, Params
from bacterio_cli.nn.models import CharRNN, Model, WindowMLP, init
from bacterio_cli.training.config import TrainingConfig
from bacterio_cli.training.plan import INIT, TrainingPlan


@dataclass
class TrainingState:
    """A training run between two steps: everything that the next step depends on.

    `stage` and `stage_step` say where in the course it stands, `step` counts all. `best` are the best weights of the
    stage so far, `fit_end` the weights and moments of a single net before its refit, `fitted` and `refitted` the
    weights of the nets that are done, `likelihoods` what each fitted net gives the held-out letters.
    """

    recipe: TrainingConfig
    corpus: Corpus
    vocabulary: Vocabulary
    model: Model
    course: TrainingPlan
    params: Params
    moments: Params
    background: Corpus | None = None
    carried: State = ()
    best: Params | None = None
    fit_end: tuple[Params, Params] | None = None
    fitted: list[Params] = field(default_factory=list)
    refitted: list[Params] = field(default_factory=list)
    likelihoods: list[Array] = field(default_factory=list)
    weights: tuple[float, float, float] = (1.0, 0.0, 0.0)
    history: list[dict[str, Any]] = field(default_factory=list)
    step: int = 0
    stage: int = 0
    stage_step: int = 0
    best_step: int = 0
    best_loss: float | None = None
    # Sums since the last row of the history.
    nats: float = 0.0
    chars: int = 0
    norms: float = 0.0
    steps: int = 0

    @property
    def done(self) -> bool:
        """Whether no stage is left."""
        return self.stage == len(self.course.stages)

    @property
    def total(self) -> int:
        """All steps, if patience does not end it early."""
        later = sum(stage.steps for stage in self.course.stages[self.stage :])
        return self.step - self.stage_step + later

    @property
    def mixed(self) -> Array:
        """What nets and tables together, as they were before the refit, give each held-out letter, in text order."""
        parts = [np.mean(self.likelihoods, axis=0), *self.course.table_likelihoods]
        return np.asarray(sum(w * p for w, p in zip(self.weights, parts, strict=False)))

    @property
    def held_out_bits(self) -> Array:
        """Bits per character of each held-out name, ascending, float32; none before a net is fitted."""
        text = self.course.held_out
        if text is None or not self.likelihoods:
            return np.empty(0, np.float32)
        return np.sort(np.add.reduceat(-np.log2(self.mixed), text.starts) / text.lengths).astype(np.float32)


REALS = ("best_loss", "nats", "norms")
COUNTERS = ("step", "stage", "stage_step", "best_step", "chars", "steps", *REALS)


def build_model(recipe: TrainingConfig, n_y: int) -> Model:
    """The model that a recipe describes, for n_y letters with the boundary."""
    if recipe.arch == "mlp":
        return WindowMLP(n_y, recipe.embedding, recipe.hidden, recipe.layers, recipe.window, recipe.activation)
    return CharRNN(n_y, recipe.embedding, recipe.hidden, recipe.layers, recipe.arch, recipe.activation)


def build_optimiser(recipe: TrainingConfig) -> optim.Optimiser:
    """The optimiser that a recipe describes."""
    if recipe.optimizer == "adamw":
        return optim.AdamW(weight_decay=recipe.weight_decay)
    return optim.OPTIMISERS[recipe.optimizer]()


def fresh_params(recipe: TrainingConfig, model: Model, net: int) -> Params:
    """The weights that a net starts from."""
    return init(model, np.random.default_rng([recipe.seed, INIT, net]), np.float32, recipe.init_scale)


def begin(corpus: Corpus, recipe: TrainingConfig, background: Corpus | None = None) -> TrainingState:
    """A new run: fresh weights from the seed."""
    recipe = recipe.sized(corpus.characters)
    vocabulary = Vocabulary.of(corpus.names)
    model = build_model(recipe, vocabulary.n_y)
    course = TrainingPlan(recipe, corpus, vocabulary, background)
    params = fresh_params(recipe, model, 0)
    run = TrainingState(
        recipe, corpus, vocabulary, model, course, params, build_optimiser(recipe).init(params), background
    )
    if recipe.ngram:  # until validation chooses, or if there is none
        net = 0.5 if recipe.net_weight is None else recipe.net_weight
        run.weights = (net, 1 - net, 0.0) if background is None else (net, (1 - net) / 2, (1 - net) / 2)
    return run


def snapshot(run: TrainingState) -> Checkpoint:
    """The run as a checkpoint: the nets and tables to use, and all that `resume` needs."""
    corpus, recipe = run.corpus, run.recipe
    nets = run.refitted
    kind = "refit"
    if len(run.refitted) < recipe.nets:  # not all are refitted, or none is to be
        nets, kind = [*run.fitted], "fit"
        fitting = not run.done and run.course.stages[run.stage].kind == "fit"
        if not nets or (fitting and run.best is not None):
            nets.append(run.params if run.best is None else run.best)
    facts = {
        "digest": corpus.digest,
        "names": len(corpus.names),
        "characters": corpus.characters,
        "date": corpus.date,
        "longest": max(map(len, corpus.names)),
        "profile": corpus.profile,
    }
    groups = {"current": run.params, "optimizer": run.moments, "best": run.best or {}}
    if run.fit_end is not None:
        groups |= {"end": run.fit_end[0], "end_optimizer": run.fit_end[1]}
    groups |= {f"fitted{k}": params for k, params in enumerate(run.fitted)}
    groups |= {f"refitted{k}": params for k, params in enumerate(run.refitted)}
    arrays = {f"{group}.{name}": value for group, params in groups.items() for name, value in params.items()}
    arrays |= {f"likelihoods{k}": value for k, value in enumerate(run.likelihoods)}
    arrays |= {f"state{k}": value for k, value in enumerate(run.carried)}
    counts = {name: len(getattr(run, name)) for name in ("fitted", "refitted", "likelihoods", "carried")}
    digest = None if run.background is None else run.background.digest
    return Checkpoint(
        model=run.model,
        nets=tuple(nets),
        vocabulary=run.vocabulary,
        known=corpus.names,
        corpus=facts,
        training=asdict(recipe),
        history=run.history,
        table=run.course.table(kind),
        background=run.course.table("background"),
        weights=run.weights,
        progress={
            **{name: getattr(run, name) for name in COUNTERS},
            **counts,
            "best": run.best is not None,
            "fit_end": run.fit_end is not None,
            "background": digest,
        },
        resume=arrays,
        held_out=run.held_out_bits,
    )
