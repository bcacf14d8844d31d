"""A training session: how often it saves."""

import time
from pathlib import Path
from typing import Any

from support.processes import begin

from bacterio_cli.checkpoint.checkpoint import load
from bacterio_cli.cli.train_session import SAVING_SHARE, Session, Signals


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
