"""Exact resume: stopped anywhere and resumed from its file, a training ends with the bytes of one never stopped."""

from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.checkpoints import Change, array, at, resumed, rewrite
from support.processes import NAMES, advanced, begin
from support.saving import reopened, saved

from bacterio_cli.checkpoint.checkpoint import load, objection
from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.errors import CheckpointError
from bacterio_cli.training import trainer as training
from bacterio_cli.training.config import CHOICES

STREAM: dict[str, Any] = {"stream": True, "bptt": 5, "batch_size": 7, "dropout": 0.2, "layers": 2}
BACKGROUND = Corpus(tuple(name + "ella" for name in NAMES[:10]))
SIX: dict[str, Any] = {"background": BACKGROUND, "ngram": 3, "refit": True, "nets": 2, "epochs": 2}
STOPS: list[tuple[dict[str, Any], tuple[int, ...]]] = [
    *(({"arch": arch}, (7,)) for arch in CHOICES["arch"]),
    *(({"optimizer": rule}, (7,)) for rule in CHOICES["optimizer"]),
    ({"dropout": 0.3, "warmup": 4, "layers": 2}, (1, 4, 5, 6, 9, 14)),
    *((STREAM | {"arch": arch}, (4, 11, 22)) for arch in ("rnn", "lstm")),
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
    assert objection(path) == "it is not a checkpoint that this version can read"


@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize("options", [{}, STREAM], ids=["names", "stream"])
def test_more_epochs_are_as_if_asked_for_at_once(options: dict[str, Any], refit: bool, tmp_path: Path) -> None:
    """With a constant rate, a finished training that is given more epochs ends as one with all of them."""
    options = options | {"schedule": "constant", "refit": refit}
    saved(advanced(begin(epochs=2, **options)), tmp_path / "a")
    extended = advanced(reopened(tmp_path / "a", epochs=4))
    assert saved(extended, tmp_path / "a") == saved(advanced(begin(epochs=4, **options)), tmp_path / "b")


def test_a_short_background_is_not_longer_in_a_fit_that_is(tmp_path: Path) -> None:
    """A background has four epochs at most, of a fit of fewer as many: more for the fit are none for it."""
    saved(advanced(begin(epochs=2, background=BACKGROUND)), tmp_path / "m")
    extended = reopened(tmp_path / "m", BACKGROUND, epochs=5)
    for steps in (0, 1, 40):
        stopped = saved(advanced(extended, steps), tmp_path / "a")
        assert saved(reopened(tmp_path / "a", BACKGROUND), tmp_path / "b") == stopped


@pytest.mark.parametrize("options", [{"ngram": 3}, {"patience": 1, "lr": 0.0}, STREAM], ids=str)
def test_a_fit_that_was_taken_up_again_can_be_resumed(options: dict[str, Any], tmp_path: Path) -> None:
    """Anywhere behind its first refit: in the fit that goes on, and in the refit that is done again."""
    saved(advanced(begin(refit=True, epochs=2, **options)), tmp_path / "m")
    expected = saved(advanced(reopened(tmp_path / "m", epochs=3)), tmp_path / "whole")
    for steps in (0, 1, 5, 6):
        saved(advanced(reopened(tmp_path / "m", epochs=3), steps), tmp_path / "part")
        assert saved(advanced(reopened(tmp_path / "part")), tmp_path / "end") == expected


@pytest.mark.parametrize("steps", [4, 5])
def test_a_model_stays_as_it_was_while_training_goes_on(steps: int, tmp_path: Path) -> None:
    """Saved when its training has long gone on, within an epoch or at an end, it is one to resume to the same bytes."""
    state = advanced(begin(), steps)
    early = training.snapshot(state)
    expected = saved(advanced(state), tmp_path / "whole")
    early.save(tmp_path / "early")
    assert reopened(tmp_path / "early").step == steps
    assert saved(advanced(reopened(tmp_path / "early")), tmp_path / "resumed") == expected


def test_resume_keeps_the_profile(tmp_path: Path) -> None:
    """Names that were learned as genera stay genera, also where --resume is given without --profile."""
    saved(begin(Corpus(NAMES, profile="genus")), tmp_path / "m")
    assert training.snapshot(reopened(tmp_path / "m")).corpus["profile"] == "genus"


PLAN = "its history and progress are not those of its options"
FORGED: dict[str, tuple[Change, str]] = {
    "a size that is a text": (at("training", hidden="16"), "its training options are not those of this version"),
    "no epochs": (at("training", epochs=None), PLAN),
    "an option of tomorrow": (at("training", x=1), "its training options are not those of this version"),
    "another architecture": (at("training", arch="rnn"), "current.0.W_ax is not what the options ask for"),
    "a batch size": (at("training", batch_size=7), PLAN),
    "a batch size of as many steps": (at("training", batch_size=14), PLAN),
    "a phase that ended": (at("progress", phase=2), PLAN),
    "a phase too many": (at("progress", phase=3), PLAN),
    "a negative phase": (at("progress", phase=-1), PLAN),
    "a step of a phase": (at("progress", phase_step=True), PLAN),
    "a row less": (lambda _, m: m["history"].pop(), PLAN),
    "a row's epoch": (at("history", 0, epoch=2), PLAN),
    "a row's net": (at("history", 0, net=1), PLAN),
    "a member less": (lambda a, _: a.pop("resume.optimizer.m.E"), "'optimizer.m.E'"),
    "another shape": (array(np.transpose, "resume.end.E"), "end.E is not what the options ask for"),
    "no number": (array(lambda E: E * np.nan, "resume.end.E"), "end.E is not what the options ask for"),
}


@pytest.fixture(scope="module")
def refitting(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a training that is in the second step of its refit."""
    state = advanced(begin(ngram=3, refit=True, epochs=2, batch_size=15), 8)
    return saved(state, tmp_path_factory.mktemp("refitting") / "m")


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
    for figure in ("step", "phase", "phase_step", "chars", "finished", "new"):
        rewrite(path, lambda _, m: m["progress"].update({figure: progress.get(figure, 0) + 1}))  # noqa: B023
        with pytest.raises(CheckpointError, match="what --resume needs is damaged"):
            resumed(path)
        path.write_bytes(data)
    assert resumed(path).step == progress["step"]
