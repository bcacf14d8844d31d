"""The folder in which most of these tests run the command."""

from pathlib import Path

import pytest
from support.processes import small_model, write_names


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small model as m.npz and a list as names.txt."""
    folder = tmp_path_factory.mktemp("room")
    small_model().save(folder / "m.npz")
    write_names(folder)
    return folder
