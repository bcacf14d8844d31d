"""Exact resume: stopped anywhere and resumed from its file, a training ends with the bytes of one never stopped."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
import pytest
from support.checkpoints import Meta, resumed, rewrite
from support.processes import NAMES, begin
from support.saving import advanced, reopened, saved

from bacterio_cli.checkpoint.archive import Arrays
from bacterio_cli.checkpoint.checkpoint import load
from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.errors import CheckpointError
from bacterio_cli.training import trainer as training
from bacterio_cli.training.config import CHOICES
from bacterio_cli.training.resume import objection

Change = Callable[[Arrays, Meta], object]
STREAM: dict[str, Any] = {"stream": True, "bptt": 5, "batch_size": 7, "dropout": 0.2, "layers": 2}
NOISY: dict[str, Any] = {"dropout": 0.3, "warmup": 4, "layers": 2}
BACKGROUND = Corpus(tuple(name + "ella" for name in NAMES[:10]))
SIX: dict[str, Any] = {"background": BACKGROUND, "ngram": 3, "refit": True, "nets": 2, "epochs": 2}
STOPS: list[tuple[dict[str, Any], tuple[int, ...]]] = [
    *(({"arch": arch, "optimizer": rule}, (7,)) for arch in CHOICES["arch"] for rule in CHOICES["optimizer"]),
    (NOISY, tuple(range(1, 15))),
    *((STREAM | {"arch": arch}, (4, 11, 22)) for arch in ("rnn", "gru", "lstm")),
    ({"preset": "seed", "embedding": 0, "batch_size": 1, "epochs": 2}, (50,)),
    ({"lr": 0.0, "patience": 2, "epochs": 9}, (12,)),
    ({"valid_fraction": 0}, (7,)),
    (SIX, ()),
    (SIX | {"stream": True, "bptt": 5}, ()),
]


@pytest.mark.parametrize(("options", "stops"), STOPS, ids=lambda value: str(value)[:80])
def test_resume_ends_with_the_same_bytes(options: dict[str, Any], stops: tuple[int, ...], tmp_path: Path) -> None:
    """Every net and optimiser; every step, with its dropout and order; a stream's state; patience; the seed preset.

    Two nets that learn a background and the corpus and are refitted are stopped around the end of each of six phases.
    """
    whole = begin(**options)
    ends = accumulate(phase.steps for phase in whole.plan.phases)
    stops = stops or tuple(end - left for end in ends for left in (1, 0))
    for progress in training.train(whole):
        if progress.step in stops:
            saved(whole, tmp_path / str(progress.step))
    expected = saved(whole, tmp_path / "whole")
    for stop in stops:
        taken_up = reopened(tmp_path / str(stop), options.get("background"))
        assert taken_up.step == stop
        assert saved(advanced(taken_up), tmp_path / "taken up") == expected


@pytest.mark.parametrize("options", [{}, {"refit": True}, {"nets": 2, "refit": True}, {"valid_fraction": 0}], ids=str)
def test_only_a_finished_training_is_replaced(options: dict[str, Any], tmp_path: Path) -> None:
    """At every step but behind the last one, the file is one to go on with by --resume; a compact one never is."""
    path, state = tmp_path / "m", begin(epochs=1, **options)
    for _ in training.train(state):
        saved(state, path)
        assert objection(path) == "it is a training that has not ended; go on with --resume"
    saved(state, path)
    assert objection(path) == ""
    training.snapshot(begin()).compact().save(path)
    assert objection(path) == ""
    path.write_bytes(path.read_bytes()[:-1])
    assert objection(path) == "it is not a checkpoint of this version"


def test_more_epochs_are_as_if_asked_for_at_once(tmp_path: Path) -> None:
    """With a constant rate, a finished training that is given more epochs ends as one with all of them."""
    saved(advanced(begin(schedule="constant", epochs=2)), tmp_path / "a")
    extended = advanced(reopened(tmp_path / "a", epochs=4))
    assert saved(extended, tmp_path / "a") == saved(advanced(begin(schedule="constant", epochs=4)), tmp_path / "b")


def test_resume_keeps_the_profile(tmp_path: Path) -> None:
    """Names that were learned as genera stay genera, also where --resume is given without --profile."""
    saved(begin(Corpus(NAMES, profile="genus")), tmp_path / "m")
    assert training.snapshot(reopened(tmp_path / "m")).corpus["profile"] == "genus"


FORGED: dict[str, tuple[Change, str]] = {
    **{
        f"an option of tomorrow, {name} {value}": (
            lambda _, m, name=name, value=value: m["training"].update({name: value}),  # type: ignore[misc]
            "its training options are not those of this version",
        )
        for name, value in {"hidden": "16", "epochs": None, "x": 1}.items()
    },
    "another architecture": (lambda _, m: m["training"].update(arch="rnn"), "its model is not that of its training"),
    "a stream that was none": (lambda _, m: m["training"].update(stream=True, bptt=99), "epochs of its history are"),
    "a batch size": (lambda _, m: m["training"].update(batch_size=7), "steps and epochs of its history are not those"),
    "a batch size of as many steps": (lambda _, m: m["training"].update(batch_size=14), "its progress is not that of"),
    "an order of the table": (lambda _, m: m["training"].update(ngram=12), "'table.suffix' is not that of its names"),
    "a seed": (lambda _, m: m["training"].update(seed=1), "'resume.likelihoods0' is missing or of the wrong shape"),
    "more epochs done": (lambda _, m: m["training"].update(epochs=3), "its progress is not where its history ends"),
    "a phase that ended": (lambda _, m: m["progress"].update(phase=2), "its progress is not where its history ends"),
    "a phase too many": (lambda _, m: m["progress"].update(phase=3), "its progress lies beyond its plan"),
    "a negative phase": (lambda _, m: m["progress"].update(phase=-1), "phase is -1"),
    "a step of a phase": (lambda _, m: m["progress"].update(phase_step=True), "phase_step is True"),
    "no step": (lambda _, m: m["progress"].pop("step"), "its progress is not that of its plan and history"),
    "a row less": (lambda _, m: m["history"].pop(), "its progress is not where its history ends"),
    "a row's step": (lambda _, m: m["history"][0].update(step=0), "steps and epochs of its history are not those"),
    "a row's epoch": (lambda _, m: m["history"][0].update(epoch=2), "steps and epochs of its history are not those"),
    "a row's net": (lambda _, m: m["history"][0].update(net=1), "its history has 'fit', net 1, and its plan has not"),
    "a row's stage": (lambda _, m: m["history"][0].update(stage="x"), "its history has 'x', net 0, and its plan has"),
    "a member more": (lambda a, _: a.update({"resume.x.E": np.ones(1)}), "member 'resume.x.E' is unexpected"),
    "a member less": (lambda a, _: a.pop("resume.optimizer.m.E"), "'resume.optimizer.m.E' is missing or of the wrong"),
    "another shape": (lambda a, _: a.update({"resume.end.E": a["E"].T.copy()}), "is missing or of the wrong shape"),
    "float64": (lambda a, _: a.update({"resume.end.E": a["E"].astype(float)}), "is missing or of the wrong shape"),
    "infinity": (lambda a, _: a["resume.end.E"].fill(np.inf), "'resume.end.E' holds values that are not finite"),
    "likelihoods of 0": (lambda a, _: a["resume.likelihoods0"].fill(0), "likelihoods are not those of the held-out"),
    "a negative square": (lambda a, _: a["resume.optimizer.v.E"].fill(-1), "sum of squares of its optimiser is neg"),
    "squares of the fit": (lambda a, _: a["resume.end_optimizer.v.E"].fill(-1), "sum of squares of its optimiser is"),
    **{
        f"{k} updates": (lambda a, _, k=k: a["resume.optimizer.k"].fill(k), f"its optimiser made {k} updates, not 2")  # type: ignore[misc]
        for k in (-(2**63), 3, 2**63 - 1)
    },
    "updates of the fit": (lambda a, _: a["resume.end_optimizer.k"].fill(9), "its optimiser made 9 updates, not 6"),
    "another net": (lambda a, _: a["b_y"].__iadd__(1), "its member 'b_y' is not that of its names, options and"),
    "another table": (lambda a, _: a["table.count"].__iadd__(1), "its member 'table.count' is not that of its names"),
    "other held-out bits": (lambda a, _: a["held_out"].__iadd__(1), "its member 'held_out' is not that of its names"),
}


@pytest.fixture(scope="module")
def refitting() -> bytes:
    """The file of a training that is in the second step of its refit."""
    with NamedTemporaryFile() as file:
        return saved(advanced(begin(ngram=3, refit=True, epochs=2, batch_size=15), 8), Path(file.name))


@pytest.mark.parametrize("lie", FORGED)
def test_what_is_at_odds_with_the_plan_is_refused(lie: str, refitting: bytes, tmp_path: Path) -> None:
    """Options, progress, history and arrays must be those of a training that stands where the file says."""
    path = tmp_path / "m.npz"
    path.write_bytes(refitting)
    rewrite(path, lambda _, __: None)
    assert resumed(path).step == 8
    forge, message = FORGED[lie]
    rewrite(path, forge)
    with pytest.raises(CheckpointError, match=message) as caught:
        resumed(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("steps", [0, 3, 8, None])
def test_no_figure_of_the_progress_is_taken_on_trust(steps: int | None, tmp_path: Path) -> None:
    """One more in any of them but the sums since the last row, which nothing else tells, and one key more."""
    path = tmp_path / "m.npz"
    saved(advanced(begin(ngram=3, refit=True, epochs=2, batch_size=15), steps), path)
    data = path.read_bytes()
    progress = load(path).progress or {}
    for figure in (progress.keys() | {"new"}) - {"background", "nats", "norms"}:
        rewrite(path, lambda _, m: m["progress"].update({figure: (progress.get(figure) or 0) + 1}))  # noqa: B023
        with pytest.raises(CheckpointError, match="what --resume needs is damaged"):
            resumed(path)
        path.write_bytes(data)
    assert resumed(path).step == progress["step"]


@pytest.mark.parametrize("before", [0, 7, 12])
def test_a_net_trained_on_names_is_no_stream(before: int, tmp_path: Path) -> None:
    """Nor the other way about, though all figures agree: a stream has a hidden state once it has taken a step."""
    options: dict[str, Any] = {"batch_size": 36, "epochs": 15}
    for is_one in (True, False):
        saved(advanced(begin(stream=is_one, **options), before), tmp_path / "m")
        rewrite(tmp_path / "m", lambda _, m: m["training"].update(stream=not is_one))  # noqa: B023
        with pytest.raises(CheckpointError, match=r"member 'first0' is |'resume.state0' is missing|progress is not"):
            resumed(tmp_path / "m")
