"""Ctrl-C, SIGTERM and SIGHUP: the training is saved, says how to go on, and goes on to the same last byte."""

import fcntl
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from support.processes import (
    ENVIRONMENT,
    NAMES,
    TINY,
    Result,
    bacterio,
    command,
    ended,
    on_terminal,
    only_error,
    start,
    write_names,
)

from bacterio_cli.checkpoint.checkpoint import load

# More rows than a small pipe and a reader's buffer hold together: the run cannot end before it is read.
OPTIONS = (*TINY[:-2], "--epochs", "70", "--batch-size", "8", "-o", "m.npz")
HALVED = ("--hidden", "256")  # a worker computes half of each batch


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


def interrupted(folder: Path, *numbers: signal.Signals, flags: tuple[str, ...] = (), shell: str = "") -> Result:
    """Train with a pipe as the log, which holds the run back, and send the signals after the first epoch.

    As by a terminal they are sent to all processes of the run, and none is left.
    """
    os.mkfifo(folder / "log")
    pipe = small_pipe(folder / "log")
    words = command("train", write_names(folder), *OPTIONS, *flags, "--log", "log")
    with subprocess.Popen(
        ["sh", "-c", shell, "sh", *words] if shell else words,
        cwd=folder, env=os.environ | ENVIRONMENT, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process, (folder / "log").open() as rows:  # fmt: skip
        assert process.poll() is None, process.communicate()
        assert rows.readline().startswith('{"step": 5, "epoch": 1,')
        for number in numbers:
            os.killpg(process.pid, number)
            time.sleep(0.01)  # that the next one is another signal
        os.close(pipe)
        rows.read()
        stdout, stderr = process.communicate(timeout=60)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    (folder / "log").unlink()
    return Result(process.returncode, stdout, stderr)


INT, TERM, HUP = signal.SIGINT, signal.SIGTERM, signal.SIGHUP


@pytest.mark.parametrize(
    ("numbers", "code", "flags"),
    [([INT], 130, ()), ([TERM, INT, TERM], 143, ()), ([HUP, HUP, TERM, INT], 129, ()), ([TERM, INT], 143, HALVED)],
    ids=str,
)
def test_a_signal_saves_and_the_run_goes_on(
    numbers: list[signal.Signals],
    code: int,
    flags: tuple[str, ...],
    tmp_path: Path,
    uninterrupted: Callable[..., bytes],
) -> None:
    """The exit code of the first, a loadable file, the way on in one line of stderr; resumed, the same bytes."""
    result = interrupted(tmp_path, *numbers, flags=flags)
    kept = load(tmp_path / "m.npz")
    step = kept.progress["step"]  # type: ignore[index]
    assert (result.code, result.stdout) == (code, "")
    word = {129: "hung up", 130: "interrupted", 143: "terminated"}[code]
    said = f"bacterio: {word} at step {step:,}; saved to m.npz, go on with --resume"
    assert result.stderr.splitlines()[2:] == [said]
    assert 5 <= step < 350
    assert bacterio("train", "names.txt", *OPTIONS, *flags, "--resume", "-q", cwd=tmp_path) == (0, "", "")
    assert (tmp_path / "m.npz").read_bytes() == uninterrupted(*flags)


def test_a_hangup_is_ignored_under_nohup(tmp_path: Path, uninterrupted: Callable[..., bytes]) -> None:
    """What is to outlive its terminal does."""
    assert interrupted(tmp_path, HUP, flags=("-q",), shell='trap "" HUP; exec "$@"') == (0, "", "")
    assert (tmp_path / "m.npz").read_bytes() == uninterrupted()


def test_what_an_interruption_keeps_is_said(tmp_path: Path) -> None:
    """Before the first step nothing, in the first epoch the steps, but not in the place of a finished model."""
    write_names(tmp_path, [first + last for first in NAMES for last in NAMES])  # an epoch takes its time
    words = ("train", "names.txt", *OPTIONS, "--stream", "--bptt", "1", "--batch-size", "1")
    os.mkfifo(tmp_path / "pipe")
    waiting = start(tmp_path, "train", "pipe", *OPTIONS)
    with (tmp_path / "pipe").open("w"):  # it has begun to read
        waiting.send_signal(TERM)
        said = "bacterio: terminated before anything was saved\n"
        assert ended(waiting) == (143, "", said)
    assert not (tmp_path / "m.npz").exists()
    result = in_the_first_epoch(tmp_path, *words)
    assert re.search(r"at step [\d,]+; saved to m.npz, go on with --resume", result)
    assert bacterio("train", "names.txt", *TINY, "--force", "-q", "-o", "m.npz", cwd=tmp_path) == (0, "", "")
    finished = (tmp_path / "m.npz").read_bytes()
    assert "before an epoch had ended; m.npz is as it was" in in_the_first_epoch(tmp_path, *words)
    assert (tmp_path / "m.npz").read_bytes() == finished


def in_the_first_epoch(folder: Path, *words: object) -> str:
    """What a training says that is interrupted then."""
    code, shown = on_terminal(*words, cwd=folder, size=(24, 200), interrupt_at="chars/s")
    assert code == 130
    return shown


@pytest.mark.parametrize("delay", [0.0, 0.03, 0.1, 0.2, 0.4])
@pytest.mark.parametrize(
    "words", [("sample", "-n", "1000000"), ("train", "names.txt", *OPTIONS)], ids=["sample", "train"]
)
def test_an_early_interrupt_is_one_line(words: tuple[str, ...], delay: float, tmp_path: Path) -> None:
    """From the first line of the program on, while modules are imported too, there is no traceback."""
    write_names(tmp_path)
    program = "import signal; from bacterio_cli.__main__ import leave, main; "
    program += "signal.signal(signal.SIGINT, leave); print(flush=True); main()"
    with subprocess.Popen(
        [sys.executable, "-c", program, *words], cwd=tmp_path, env=os.environ | ENVIRONMENT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(INT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stderr.splitlines()[-1].startswith("bacterio: interrupted")
    assert all(line.startswith("bacterio: ") for line in stderr.splitlines())


def test_a_log_that_is_a_pipe_waits_for_its_reader(tmp_path: Path) -> None:
    """Whichever of the two opens it first, the reader gets every row, and an end with that of the run."""
    os.mkfifo(tmp_path / "log")
    words = ("train", write_names(tmp_path), *TINY, "-q", "-o", "m.npz", "--log", "log")
    for reader in ("timeout 30 cat log >rows &", "(sleep 1; timeout 30 cat log >rows) &"):
        assert bacterio(*words, cwd=tmp_path, shell=reader + ' timeout 30 "$@" && wait') == (0, "", "")
        rows = [json.loads(line) for line in (tmp_path / "rows").read_text().splitlines()]
        assert [row["step"] for row in rows] == [row["step"] for row in load(tmp_path / "m.npz").history]


def test_a_log_whose_reader_has_gone_costs_nothing(tmp_path: Path, uninterrupted: Callable[..., bytes]) -> None:
    """Training goes on to the end without it, and the exit code and one line tell."""
    os.mkfifo(tmp_path / "log")
    pipe = small_pipe(tmp_path / "log")
    process = start(tmp_path, "train", write_names(tmp_path), *OPTIONS, "-q", "--log", "log")
    assert select.select([pipe], [], [], 60)[0], "no row came"
    os.close(pipe)
    assert only_error(ended(process)) == "cannot write log: Broken pipe; --resume adds the rows that are missing"
    assert (tmp_path / "m.npz").read_bytes() == uninterrupted()


def test_two_trainings_of_one_checkpoint_are_refused(tmp_path: Path) -> None:
    """The second one is, with one line, and the first one goes on."""
    first = start(tmp_path, "train", write_names(tmp_path), *OPTIONS, "--epochs", 100_000, "-q")
    while not (tmp_path / "m.npz").exists():
        assert first.poll() is None
        time.sleep(0.01)
    second = bacterio("train", "names.txt", *OPTIONS, "--resume", cwd=tmp_path)
    message = "cannot write m.npz: another process is writing it; choose another place with --out"
    assert only_error(second) == message
    first.send_signal(INT)
    assert ended(first) == (130, "", "")
    assert load(tmp_path / "m.npz").known == NAMES
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.npz", "names.txt"]
