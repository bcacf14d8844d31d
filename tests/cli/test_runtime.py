"""What a process asks of its machine: one BLAS thread."""

import ctypes
import os
import sys
from unittest.mock import Mock

import pytest

from bacterio_cli.cli.app import main
from bacterio_cli.cli.runtime import keep_freed_memory


@pytest.mark.parametrize(("said", "threads"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "4"}, "4")], ids=["unset", "set"])
def test_one_blas_thread_unless_the_environment_says_otherwise(
    said: dict[str, str], threads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OPENBLAS_NUM_THREADS becomes 1 where it is not set, and stays where it is; nothing else changes."""
    monkeypatch.setattr(os, "environ", {"PATH": "/bin", **said})
    monkeypatch.setattr(sys, "argv", ["bacterio", "--version"])
    with pytest.raises(SystemExit, match="0"):
        main()
    assert os.environ == {"PATH": "/bin", "OPENBLAS_NUM_THREADS": threads}


@pytest.mark.parametrize("error", [None, OSError, TypeError], ids=["no mallopt", "no library", "no name"])
def test_another_c_library_is_left_alone(error: type[Exception] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where ctypes finds no mallopt, no library, or wants a name for it, nothing happens and nothing is raised."""
    library = Mock(side_effect=error, return_value=object())
    monkeypatch.setattr(ctypes, "CDLL", library)
    keep_freed_memory()
    library.assert_called_once_with(None)
