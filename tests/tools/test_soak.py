"""The parts of `soak.py` with small counts; `make soak` runs them in full."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.processes import small_model
from tools import hostile, soak, soak_saving, soak_using

from bacterio_cli.checkpoint import checkpoint as trained

SHORT = {"kills": 3, "disk": 1, "rivals": 1, "signals": 2, "files": 150, "screen": 2, "names": 600_000, "crowd": 8}


@pytest.mark.parametrize("part", soak.PARTS)
def test_bad_luck_breaks_nothing(part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No trial of this part fails, and there were as many as were asked for; names come from a net that draws quickly.

    Few blocks of a large net tell little of memory: each of them needs its own, give or take ten megabytes.
    """
    if part == "names":
        small_model().save(tmp_path / "small.npz")
        monkeypatch.setattr(soak_using, "MODEL", tmp_path / "small.npz")
    tally = soak.PARTS[part][0](tmp_path, SHORT[part], 3)
    assert tally.failures == []
    assert tally.seen.total() >= SHORT[part]


def test_a_file_that_no_save_wrote_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the kills: where the legal files are those of another run, there are failures."""
    monkeypatch.setattr(soak_saving, "states", lambda _: ["another"])
    assert soak.kills(tmp_path, 0, 3).failures != []


def test_names_of_no_saved_file_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the crowd: where no file gives what was sampled, every sampler of the second file is a failure."""
    monkeypatch.setattr(soak_using, "states", lambda _, **__: ["another"])
    assert len(soak.crowd(tmp_path, 2, 3).failures) == soak_using.WAVE


def test_memory_that_grows_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the names: a command that keeps 300 bytes a name is one failure."""
    hoard = "kept = []\nfor k in range(300000):\n    kept.append(bytes(300))\n    print(k)"

    def hoarder(folder: Path, *_: object) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        return subprocess.Popen([sys.executable, "-c", hoard], cwd=folder, stdout=pipe, stderr=pipe, text=True)

    monkeypatch.setattr(soak_using, "start", hoarder)
    (failure,) = soak.names(tmp_path, 300_000, 3).failures
    assert failure.startswith("memory grew by ")


def test_another_exception_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the files: what is no BacterioError is a failure with its name."""
    monkeypatch.setattr(trained, "load", {}.__getitem__)
    assert hostile.opened(tmp_path)[1].endswith("KeyError")


def test_a_pickle_that_is_run_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the pickles: unpickled, one of them leaves the mark that the part looks for."""
    monkeypatch.chdir(tmp_path)
    evil = np.empty(1, object)
    evil[0] = hostile.Evil()
    np.load(io.BytesIO(hostile.npy(evil, pickled=True)), allow_pickle=True)
    assert (tmp_path / hostile.MARKER).exists()
