"""What the tests of checkpoints share."""

from pathlib import Path

import pytest
from support.processes import small_model


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """The small model, saved as m.npz in a folder of its own."""
    path = tmp_path / "m.npz"
    small_model().save(path)
    return path
