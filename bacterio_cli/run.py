"""A training run between two steps: how it begins, is saved, and is taken up again to the same last byte."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from bacterio_cli.course import INIT, Course
from bacterio_cli.errors import BacterioError, CheckpointError
from bacterio_cli.names.corpus import Corpus
from bacterio_cli.names.vocabulary import Vocabulary
from bacterio_cli.nn import optim
from bacterio_cli.nn.cells import State
from bacterio_cli.nn.layers import Array, Params
from bacterio_cli.nn.models import CharRNN, Model, WindowMLP, init
from bacterio_cli.recipe import Recipe
from bacterio_cli.trained import Trained


@dataclass
class Run:
    """A training run between two steps: everything that the next step depends on.

    `stage` and `stage_step` say where in the course it stands, `step` counts all. `best` are the best weights of the
    stage so far, `fit_end` the weights and moments of a single net before its refit, `fitted` and `refitted` the
    weights of the nets that are done, `likelihoods` what each fitted net gives the held-out letters.
    """

    recipe: Recipe
    corpus: Corpus
    vocabulary: Vocabulary
    model: Model
    course: Course
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


def build_model(recipe: Recipe, n_y: int) -> Model:
    """The model that a recipe describes, for n_y letters with the boundary."""
    if recipe.arch == "mlp":
        return WindowMLP(n_y, recipe.embedding, recipe.hidden, recipe.layers, recipe.window, recipe.activation)
    return CharRNN(n_y, recipe.embedding, recipe.hidden, recipe.layers, recipe.arch, recipe.activation)


def build_optimiser(recipe: Recipe) -> optim.Optimiser:
    """The optimiser that a recipe describes."""
    if recipe.optimizer == "adamw":
        return optim.AdamW(weight_decay=recipe.weight_decay)
    return optim.OPTIMISERS[recipe.optimizer]()


def fresh_params(recipe: Recipe, model: Model, net: int) -> Params:
    """The weights that a net starts from."""
    return init(model, np.random.default_rng([recipe.seed, INIT, net]), np.float32, recipe.init_scale)


def begin(corpus: Corpus, recipe: Recipe, background: Corpus | None = None) -> Run:
    """A new run: fresh weights from the seed."""
    recipe = recipe.sized(corpus.characters)
    vocabulary = Vocabulary.of(corpus.names)
    model = build_model(recipe, vocabulary.n_y)
    course = Course(recipe, corpus, vocabulary, background)
    params = fresh_params(recipe, model, 0)
    run = Run(recipe, corpus, vocabulary, model, course, params, build_optimiser(recipe).init(params), background)
    if recipe.ngram:  # until validation chooses, or if there is none
        net = 0.5 if recipe.net_weight is None else recipe.net_weight
        run.weights = (net, 1 - net, 0.0) if background is None else (net, (1 - net) / 2, (1 - net) / 2)
    return run


def resume(trained: Trained, corpus: Corpus, recipe: Recipe, path: str, background: Corpus | None = None) -> Run:
    """The run that a checkpoint was saved from; BacterioError for another corpus or a file without a run."""
    progress = trained.progress
    if progress is None:
        raise BacterioError(
            f"{path} is a model to use, without what --resume needs; train anew, to another file with --out"
        )
    refuse_another(path, corpus, trained.corpus["digest"], f"{trained.corpus['names']:,} names", "corpus")
    stored = progress.get("background")
    if (stored is None) != (background is None):
        how = "without" if stored is None else "with"
        raise BacterioError(f"--resume: {path} was trained {how} --background; do the same")
    if background is not None:
        refuse_another(path, background, str(stored), "", "background")
    # The same names, but perhaps by other options: what was learned does not change its profile halfway.
    run = begin(replace(corpus, profile=trained.corpus["profile"]), recipe, background)
    if run.model != trained.model:
        raise CheckpointError(path, "its model is not that of its training options", "start anew without --resume")
    try:
        restore(run, trained, progress)
        fitting = not run.done and run.course.stages[run.stage].kind != "refit"
        if not fitting and recipe.epochs is not None and recipe.epochs > trained.training["epochs"]:
            reopen(run)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        what = f"what --resume needs is damaged: {error}"
        raise CheckpointError(path, what, "start anew without --resume") from error
    return run


def refuse_another(path: str, given: Corpus, digest: str, size: str, what: str) -> None:
    """BacterioError unless the list is the one that the run was begun with."""
    if given.digest != digest:
        stored = ", ".join(part for part in (size, f"digest {digest[:12]}") if part)
        raise BacterioError(
            f"--resume: {path} was trained on another {what} ({stored}; given: {len(given.names):,} names, "
            f"digest {given.digest[:12]}); give the same lists, in the same order and read alike (--profile, "
            "--column, --encoding), or start anew without --resume"
        )


def restore(run: Run, trained: Trained, progress: dict[str, Any]) -> None:
    """Put a new run where the saved one stood; KeyError, TypeError or ValueError if something does not fit."""
    like = run.params

    def group(name: str, like: Params) -> Params:
        found = {}
        for key, wanted in like.items():
            value = trained.resume.get(f"{name}.{key}")
            if value is None or value.shape != wanted.shape or value.dtype != wanted.dtype:
                raise ValueError(f"its member 'resume.{name}.{key}' is missing or of the wrong shape")
            if value.dtype.kind == "i" and not ((value >= 0) & (value < 2**53)).all():
                raise ValueError(f"its member 'resume.{name}.{key}' counts no steps")
            if not np.isfinite(value).all():
                raise ValueError(f"its member 'resume.{name}.{key}' holds values that are not finite")
            found[key] = value.copy()
        return found

    for name in COUNTERS:
        value = progress[name]
        missing = name == "best_loss" and value is None
        if not missing and (type(value) not in ((int, float) if name in REALS else (int,)) or not 0 <= value < 2**53):
            raise ValueError(f"{name} is {value!r}")
        setattr(run, name, value)
    if run.stage > len(run.course.stages) or (not run.done and run.stage_step > run.course.stages[run.stage].steps):
        raise ValueError("its progress lies beyond its course")
    run.params, run.moments = group("current", like), group("optimizer", run.moments)
    run.best = group("best", like) if progress["best"] else None
    if progress["fit_end"]:
        run.fit_end = group("end", like), group("end_optimizer", run.moments)
    run.fitted = [group(f"fitted{k}", like) for k in range(progress["fitted"])]
    run.refitted = [group(f"refitted{k}", like) for k in range(progress["refitted"])]
    run.likelihoods = [trained.resume[f"likelihoods{k}"] for k in range(progress["likelihoods"])]
    run.carried = tuple(trained.resume[f"state{k}"] for k in range(progress["carried"]))
    letters = 0 if run.course.held_out is None else len(run.course.held_out.ids) - 1
    if any(p.shape != (letters,) or not ((p > 0) & (p <= 1)).all() for p in run.likelihoods):
        raise ValueError("its likelihoods are not those of the held-out names")
    like_state = run.model.start(1, np.float32)
    if run.carried and [s.shape[1:] for s in run.carried] != [s.shape[1:] for s in like_state]:
        raise ValueError("its carried state has another shape")
    run.weights, run.history = trained.weights, list(trained.history)
    done = [stage.kind for stage in run.course.stages[: run.stage]]
    if (len(run.fitted), len(run.refitted)) != (done.count("fit"), done.count("refit")):
        raise ValueError("its progress lies beyond its course")


def reopen(run: Run) -> None:
    """Go back to the end of the fit, which has more epochs now; what came after it is done again."""
    rows = [row for row in run.history if row["stage"] == "fit"]
    if run.fit_end is not None:
        run.params, run.moments = run.fit_end
    run.stage = next(k for k, stage in enumerate(run.course.stages) if stage.kind == "fit")
    run.stage_step = len(rows) * run.course.stages[run.stage].per_epoch
    run.best = run.fitted.pop()
    run.refitted.clear()
    losses = [
        (row["nats_per_char"] if row["valid_nats_per_char"] is None else row["valid_nats_per_char"]) for row in rows
    ]
    run.best_loss = min(losses)
    run.best_step = rows[losses.index(run.best_loss)]["step"]
    run.nats, run.chars, run.norms, run.steps = 0.0, 0, 0.0, 0


def snapshot(run: Run) -> Trained:
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
    return Trained(
        run.model,
        tuple(nets),
        run.vocabulary,
        corpus.names,
        facts,
        asdict(recipe),
        run.history,
        run.course.table(kind),
        run.course.table("background"),
        run.weights,
        {
            **{name: getattr(run, name) for name in COUNTERS},
            **counts,
            "best": run.best is not None,
            "fit_end": run.fit_end is not None,
            "background": digest,
        },
        arrays,
        run.held_out_bits,
    )
