"""What a process asks of its machine: one BLAS thread, and memory that it keeps."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import ENVIRONMENT

from bacterio_cli.cli.runtime import keep_freed_memory, one_blas_thread


@pytest.mark.parametrize(("said", "threads"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "4"}, "4")], ids=["unset", "set"])
def test_one_blas_thread_unless_the_environment_says_otherwise(
    said: dict[str, str], threads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OPENBLAS_NUM_THREADS becomes 1 where it is not set, and stays where it is; nothing else changes."""
    monkeypatch.setattr(os, "environ", {"PATH": "/bin", **said})
    one_blas_thread()
    assert os.environ == {"PATH": "/bin", "OPENBLAS_NUM_THREADS": threads}


@pytest.mark.parametrize("error", [None, OSError, TypeError], ids=["no mallopt", "no library", "no name"])
def test_another_c_library_is_left_alone(error: type[Exception] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where ctypes finds no mallopt, no library, or wants a name for it, nothing happens and nothing is raised."""
    opened = []

    def library(name: str | None) -> object:
        opened.append(name)
        if error:
            raise error
        return object()

    monkeypatch.setattr(ctypes, "CDLL", library)
    keep_freed_memory()
    assert opened == [None]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no mallopt")
def test_freed_memory_is_not_fetched_again(tmp_path: Path) -> None:
    """After `keep_freed_memory` a block of 64 MiB that was freed is taken again without faulting in its pages."""
    code = """
from resource import RUSAGE_SELF, getrusage
from bacterio_cli.cli.runtime import keep_freed_memory
for _ in range(3):
    before = getrusage(RUSAGE_SELF).ru_minflt
    bytearray(2**26), bytearray(2**26)
    print(getrusage(RUSAGE_SELF).ru_minflt - before)
    keep_freed_memory()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=os.environ | ENVIRONMENT, capture_output=True, check=True
    )
    plain, _, kept = map(int, done.stdout.split())
    assert kept < plain / 8
