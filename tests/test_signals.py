"""Ctrl-C and SIGTERM: the run is saved, says how to go on, and goes on to the same last byte."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
from pathlib import Path

import pytest
from process import ENVIRONMENT, TINY, Result, bacterio, command, write_names

from bacterio_cli.trained import load

# More rows than a small pipe and a reader's buffer hold together: the run cannot end before it is read.
OPTIONS = (*TINY[:-2], "--epochs", "70", "--batch-size", "8", "-o", "m.npz")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of the run when nothing happens to it."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    assert bacterio("train", write_names(folder), *OPTIONS, "-q", cwd=folder).code == 0
    return (folder / "m.npz").read_bytes()


def interrupted(folder: Path, number: signal.Signals, *flags: str) -> Result:
    """Train with a pipe as the log, which holds the run back, and send the signal after the first epoch."""
    os.mkfifo(folder / "log")
    pipe = os.open(folder / "log", os.O_RDWR)
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096)
    words = command("train", write_names(folder), *OPTIONS, *flags, "--log", "log")
    with subprocess.Popen(
        words, cwd=folder, env=os.environ | ENVIRONMENT, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process, (folder / "log").open() as rows:  # fmt: skip
        assert process.poll() is None, process.communicate()
        assert rows.readline().startswith('{"step": 5, "epoch": 1,')
        process.send_signal(number)
        os.close(pipe)
        rows.read()
        stdout, stderr = process.communicate(timeout=60)
    (folder / "log").unlink()
    return Result(process.returncode, stdout, stderr)


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_a_signal_saves_and_the_run_goes_on(
    number: signal.Signals, code: int, word: str, tmp_path: Path, uninterrupted: bytes
) -> None:
    """Exit 130 or 143, a loadable file, the way on in one line of stderr; resumed, the same bytes as uninterrupted."""
    result = interrupted(tmp_path, number)
    step = load(tmp_path / "m.npz").progress["step"]  # type: ignore[index]
    assert (result.code, result.stdout) == (code, "")
    assert result.stderr.splitlines()[1:] == [f"bacterio: {word} at step {step:,}; saved to m.npz, go on with --resume"]
    assert 5 <= step < 350
    assert bacterio("train", "names.txt", *OPTIONS, "--resume", "-q", cwd=tmp_path) == (0, "", "")
    assert (tmp_path / "m.npz").read_bytes() == uninterrupted


def test_a_quiet_run_is_interrupted_quietly(tmp_path: Path) -> None:
    """With -q the exit code alone tells."""
    assert interrupted(tmp_path, signal.SIGINT, "-q") == (130, "", "")
    assert load(tmp_path / "m.npz").progress is not None
