"""A training session: how often it saves, and what it says when it cannot."""

import signal
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from support.processes import begin

from bacterio_cli.checkpoint.checkpoint import load
from bacterio_cli.cli import train_session
from bacterio_cli.cli.train_session import SAVING_SHARE, Session, Signals
from bacterio_cli.training import trainer


class Slow(Session):
    """A session whose every save takes a while, and longer than an epoch does."""

    saves = 0

    def save(self) -> None:
        """Save, and count the time as 20 ms."""
        super().save()
        self.saves += 1
        self.next_save = time.perf_counter() + 0.02 / SAVING_SHARE


def test_saving_takes_a_small_share_of_the_time(tmp_path: Path) -> None:
    """Of epochs shorter than a save several are saved at once, so that time is linear in them; the last one always."""
    options: dict[str, Any] = {"epochs": 150, "batch_size": 64, "valid_fraction": 0.0}
    with Signals(quiet=True) as signals:
        session = Slow(begin(**options), tmp_path / "m", None, None, signals=signals)
        begun = time.perf_counter()
        session.go()
    assert 2 <= session.saves <= 3 + SAVING_SHARE * (time.perf_counter() - begun) / 0.02 < 75
    assert len(load(tmp_path / "m").history) == 150


def test_steps_that_were_taken_and_not_saved_are_not_denied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second signal, in a step that takes long, ends the process at once; what it says is true of those before."""
    train, state = trainer.train, begin()

    def signalled(state: trainer.TrainingState) -> Iterator[trainer.Progress]:
        yield from islice(train(state), 2)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(trainer, "train", signalled)
    monkeypatch.setattr(train_session, "REPEATS", 0.0)
    with pytest.raises(SystemExit, match="130"), Signals(quiet=False) as signals:
        Session(state, tmp_path / "m", None, None, signals=signals).go()
    for number, handler in signals.before.items():
        signal.signal(number, handler)
    assert state.step == 2
    assert capsys.readouterr().err == "bacterio: interrupted before anything was saved\n"
