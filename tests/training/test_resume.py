"""Exact resume: stopped anywhere and resumed from its file, a training ends with the bytes of one never stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.processes import NAMES, SMALL, begin
from support.saving import advanced, reopened, saved

from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.errors import CheckpointError
from bacterio_cli.nn.layers import Array
from bacterio_cli.training import trainer as training
from bacterio_cli.training.config import CHOICES, resolve
from bacterio_cli.training.resume import config_of, objection

STREAM: dict[str, Any] = {"stream": True, "bptt": 5, "batch_size": 7, "dropout": 0.2, "layers": 2}
NOISY: dict[str, Any] = {"dropout": 0.3, "warmup": 4, "layers": 2}
STOPS: list[tuple[dict[str, Any], int]] = [
    *(({"arch": arch, "optimizer": rule}, 7) for arch in CHOICES["arch"] for rule in CHOICES["optimizer"]),
    *((NOISY, steps) for steps in range(1, 15)),
    *((STREAM | {"arch": arch}, steps) for arch in ("rnn", "gru", "lstm") for steps in (4, 11, 22)),
    ({"preset": "seed", "embedding": 0, "batch_size": 1, "epochs": 2}, 50),
    ({"lr": 0.0, "patience": 2, "epochs": 9}, 12),
]


@pytest.mark.parametrize(("options", "steps"), STOPS, ids=str)
def test_resume_ends_with_the_same_bytes(options: dict[str, Any], steps: int, tmp_path: Path) -> None:
    """Every net and optimiser; every step, with its dropout and order; a stream's state; patience; the seed preset."""
    saved(advanced(begin(**options), steps), tmp_path / "a")
    resumed, whole = advanced(reopened(tmp_path / "a")), advanced(begin(**options))
    assert resumed.step == whole.step >= steps
    assert saved(resumed, tmp_path / "a") == saved(whole, tmp_path / "b")


@pytest.mark.parametrize("options", [{}, {"stream": True, "bptt": 5}], ids=str)
@pytest.mark.parametrize("left", [1, 0], ids=["before its last step", "at its end"])
@pytest.mark.parametrize("phase", range(6))
def test_resume_is_exact_in_every_phase(phase: int, left: int, options: dict[str, Any], tmp_path: Path) -> None:
    """Two nets, each learning a background and the corpus, then both refitted: stopped in any of the six phases."""
    background = Corpus(tuple(name + "ella" for name in NAMES[:10]))
    config = resolve("default", SMALL | {"ngram": 3, "refit": True, "nets": 2, "epochs": 2} | options)
    whole, state = (training.begin(Corpus(NAMES), config, background) for _ in range(2))
    assert len(state.plan.phases) == 6
    advanced(state, sum(phase.steps for phase in state.plan.phases[: phase + 1]) - left)
    assert (state.phase, state.plan.phases[phase].steps - state.phase_step) == (phase, left)
    saved(state, tmp_path / "part")
    resumed = advanced(reopened(tmp_path / "part", background))
    assert saved(resumed, tmp_path / "part") == saved(advanced(whole), tmp_path / "whole")


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


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("likelihoods0", lambda a: a[:-1].copy()),
        ("likelihoods0", np.zeros_like),
        ("current.E", lambda a: a.T.copy()),
        ("current.E", lambda a: a.astype(np.float64)),
        ("optimizer.v.E", lambda a: np.full_like(a, np.inf)),
        ("optimizer.k", lambda a: a - 100),
    ],
)
def test_damaged_resume_data_is_one_line(name: str, change: Callable[[Array], Array]) -> None:
    """Arrays that only --resume needs are checked before a step is taken."""
    stored = training.snapshot(advanced(begin(ngram=3, refit=True, epochs=2), 12))
    stored.resume[name] = change(stored.resume[name])
    with pytest.raises(CheckpointError, match="what --resume needs is damaged"):
        training.resume(stored, Corpus(NAMES), config_of(stored, "m"), "m")
