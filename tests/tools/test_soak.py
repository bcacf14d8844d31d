"""The parts of `soak.py` with small counts; `make soak` runs them in full. Each has a control in which it fails."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.processes import small_model
from tools import hostile, soak, soak_saving, soak_using
from tools.hostile_archives import MARKER, Evil, npy

SHORT = {"kills": 2, "disk": 3, "signals": 2, "files": 100, "screen": 2, "crowd": 2}


@pytest.mark.parametrize("part", SHORT)
def test_bad_luck_breaks_nothing(part: str, tmp_path: Path) -> None:
    """No trial of this part fails, and there were as many as were asked for."""
    log = soak.PARTS[part][0](tmp_path, SHORT[part], 3)
    assert log.failures == []
    assert log.seen.total() >= SHORT[part]


def test_many_names_need_no_more_memory(tmp_path: Path) -> None:
    """Names of a small net: few blocks of a large one tell little, for each needs its own ten megabytes."""
    small_model().save(tmp_path / "small.npz")
    log = soak_using.names(tmp_path, 300_000, 3, model=tmp_path / "small.npz")
    assert (log.failures, log.seen["names"]) == ([], 300_000)


def test_a_file_that_no_save_wrote_is_noticed(tmp_path: Path) -> None:
    """The control of the kills: where the legal files are those of another training, there are failures."""
    assert soak_saving.kills(tmp_path, 0, 3, states=lambda _: ["another"]).failures != []


def test_names_of_no_saved_file_are_noticed(tmp_path: Path) -> None:
    """The control of the crowd: where no file gives what was sampled, a sampler of the second file is a failure."""
    (failure,) = soak_using.crowd(tmp_path, 1, 3, states=lambda _, **__: ["another"]).failures
    assert failure.startswith("of no file that was saved: ")


def test_memory_that_grows_is_noticed(tmp_path: Path) -> None:
    """The control of the names: a command that keeps 300 bytes per name is one failure."""
    hoard = "kept = []\nfor k in range(300000):\n    kept.append(bytes(300))\n    print(k)"

    def hoarder(folder: Path, *_: object) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        return subprocess.Popen([sys.executable, "-c", hoard], cwd=folder, stdout=pipe, stderr=pipe, text=True)

    (failure,) = soak_using.names(tmp_path, 300_000, 3, start=hoarder).failures
    assert failure.startswith("memory grew by ")


def test_another_exception_is_noticed(tmp_path: Path) -> None:
    """The control of the files: what is no BacterioError is a failure with its name."""
    assert hostile.opened(tmp_path, load={}.__getitem__)[1].endswith("KeyError")


def test_a_pickle_that_is_run_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the pickles: unpickled, one of them leaves the mark that the part looks for."""
    monkeypatch.chdir(tmp_path)
    evil = np.empty(1, object)
    evil[0] = Evil()
    np.load(io.BytesIO(npy(evil, pickled=True)), allow_pickle=True)
    assert (tmp_path / MARKER).exists()
