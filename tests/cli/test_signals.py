"""Ctrl-C and SIGTERM: the run is saved, says how to go on, and goes on to the same last byte."""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from support.processes import ENVIRONMENT, TINY, Result, bacterio, command, write_names

from bacterio_cli.checkpoint.checkpoint import load

# More rows than a small pipe and a reader's buffer hold together: the run cannot end before it is read.
OPTIONS = (*TINY[:-2], "--epochs", "70", "--batch-size", "8", "-o", "m.npz")
HALVED = ("--hidden", "256")  # a second process works on half of each batch


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    """The file of a run when nothing happens to it."""

    @cache
    def run(*flags: str) -> bytes:
        folder = tmp_path_factory.mktemp("uninterrupted")
        assert bacterio("train", write_names(folder), *OPTIONS, *flags, "-q", cwd=folder).code == 0
        return (folder / "m.npz").read_bytes()

    return run


def small_pipe(path: Path) -> int:
    """A named pipe's reader, which holds a run back that writes its log there."""
    pipe = os.open(path, os.O_RDWR)
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096)
    return pipe


def interrupted(folder: Path, number: signal.Signals, *flags: str) -> Result:
    """Train with a pipe as the log, which holds the run back, and send the signal after the first epoch.

    As by a terminal it is sent to all processes of the run, and none is left.
    """
    os.mkfifo(folder / "log")
    pipe = small_pipe(folder / "log")
    words = command("train", write_names(folder), *OPTIONS, *flags, "--log", "log")
    with subprocess.Popen(
        words, cwd=folder, env=os.environ | ENVIRONMENT, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process, (folder / "log").open() as rows:  # fmt: skip
        assert process.poll() is None, process.communicate()
        assert rows.readline().startswith('{"step": 5, "epoch": 1,')
        os.killpg(process.pid, number)
        os.close(pipe)
        rows.read()
        stdout, stderr = process.communicate(timeout=60)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    (folder / "log").unlink()
    return Result(process.returncode, stdout, stderr)


@pytest.mark.parametrize("flags", [(), HALVED], ids=["whole", "halved"])
@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_a_signal_saves_and_the_run_goes_on(
    number: signal.Signals,
    code: int,
    word: str,
    flags: tuple[str, ...],
    tmp_path: Path,
    uninterrupted: Callable[..., bytes],
) -> None:
    """Exit 130 or 143, a loadable file, the way on in one line of stderr; resumed, the same bytes as uninterrupted."""
    result = interrupted(tmp_path, number, *flags)
    step = load(tmp_path / "m.npz").progress["step"]  # type: ignore[index]
    assert (result.code, result.stdout) == (code, "")
    assert result.stderr.splitlines()[1:] == [f"bacterio: {word} at step {step:,}; saved to m.npz, go on with --resume"]
    assert 5 <= step < 350
    assert bacterio("train", "names.txt", *OPTIONS, *flags, "--resume", "-q", cwd=tmp_path) == (0, "", "")
    assert (tmp_path / "m.npz").read_bytes() == uninterrupted(*flags)


def test_a_log_that_is_a_pipe_waits_for_its_reader(tmp_path: Path) -> None:
    """Whichever of the two opens it first, the reader gets every row, and an end with that of the run."""
    os.mkfifo(tmp_path / "log")
    words = ("train", write_names(tmp_path), *TINY, "-q", "-o", "m.npz", "--log", "log")
    for reader in ("timeout 30 cat log >rows &", "(sleep 1; timeout 30 cat log >rows) &"):
        assert bacterio(*words, cwd=tmp_path, shell=reader + ' timeout 30 "$@" && wait') == (0, "", "")
        rows = [json.loads(line) for line in (tmp_path / "rows").read_text().splitlines()]
        assert [row["step"] for row in rows] == [row["step"] for row in load(tmp_path / "m.npz").history]


def test_a_log_whose_reader_has_gone_stops_the_run(tmp_path: Path, uninterrupted: Callable[..., bytes]) -> None:
    """A log that was asked for and cannot be kept is an error in one line, and what was saved goes on."""
    os.mkfifo(tmp_path / "log")
    pipe = small_pipe(tmp_path / "log")
    words = command("train", write_names(tmp_path), *OPTIONS, "-q", "--log", "log")
    with subprocess.Popen(words, cwd=tmp_path, env=os.environ | ENVIRONMENT, stderr=subprocess.PIPE) as process:
        assert select.select([pipe], [], [], 60)[0], "no row came"
        os.close(pipe)
        said = process.communicate(timeout=60)
    assert (process.returncode, *said) == (1, None, b"bacterio: error: cannot write log: Broken pipe\n")
    assert bacterio("train", "names.txt", *OPTIONS, "--resume", "-q", cwd=tmp_path) == (0, "", "")
    assert (tmp_path / "m.npz").read_bytes() == uninterrupted()


def test_a_quiet_run_is_interrupted_quietly(tmp_path: Path) -> None:
    """With -q the exit code alone tells."""
    assert interrupted(tmp_path, signal.SIGINT, "-q") == (130, "", "")
    assert load(tmp_path / "m.npz").progress is not None
