"""The command line as a process, and the small list and model that its tests share."""

import contextlib
import functools
import gc
import io
import json
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from hypothesis import HealthCheck, settings

from bacterio_cli.checkpoint.checkpoint import Checkpoint
from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.training import trainer as training
from bacterio_cli.training.config import resolve

ROOT = Path(__file__).parents[2]
HEADS = ("Alba", "Bori", "Cale", "Dura", "Ferro", "Geli", "Helio", "Kora")
NAMES = tuple(head + tail for head in HEADS for tail in ("a", "bacter", "coccus", "monas", "xis"))
# A plain net, without a table and without a second fit; what those add is tested by name.
TINY = (
    *("--arch", "gru", "--hidden", "8", "--layers", "1", "--embedding", "4", "--ngram", "0", "--no-refit"),
    *("--epochs", "2"),
)
SMALL: dict[str, Any] = {
    "arch": "gru", "hidden": 8, "layers": 1, "embedding": 4, "batch_size": 8, "epochs": 3, "ngram": 0, "refit": False,
}  # fmt: skip
PLANTED = "MUTANT_UNDER_TEST"  # the fault that `make mutation` has planted, in the test's own process
# One BLAS thread, since the nets are tiny; a warning of the arithmetic is an error here as in pytest.
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error::RuntimeWarning", PLANTED: "",
}  # fmt: skip

# Hypothesis without chance, clock or files.
examples = settings(
    derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Result(NamedTuple):
    """What a process left behind."""

    code: int
    stdout: str
    stderr: str


class Screen(io.StringIO):
    """A terminal in memory, which says nothing of its size and keeps what it shows."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def strict_json(text: str) -> Any:
    """JSON in one line; NaN and Infinity, which JSON does not have, are refused."""

    def refuse(word: str) -> None:
        raise ValueError(f"{word} is not JSON")

    assert text.endswith("\n")
    assert text.count("\n") == 1
    return json.loads(text, parse_constant=refuse)


def command(*arguments: object) -> list[str]:
    """The words that start `bacterio` with these arguments."""
    return [sys.executable, "-m", "bacterio_cli", *map(str, arguments)]


def bacterio(*arguments: object, cwd: Path, stdin: bytes = b"", shell: str = "", **environment: str) -> Result:
    """Run `bacterio` in `cwd`; `shell` is a line of sh in which "$@" stands for the command."""
    words = command(*arguments)
    done = subprocess.run(
        ["sh", "-c", shell, "sh", *words] if shell else words,
        cwd=cwd, input=stdin, capture_output=True, timeout=120, check=False,
        env=os.environ | ENVIRONMENT | environment,
    )  # fmt: skip
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def inside(*arguments: object, cwd: Path, stdin: bytes = b"", **environment: str) -> Result:
    """The same in this process, which is sooner, with streams of its own; a traceback fails the test by itself."""
    from bacterio_cli.cli.app import main

    out, err, given = io.BytesIO(), io.BytesIO(), io.TextIOWrapper(io.BytesIO(stdin), "utf-8")
    code: object = 0
    with (
        mock.patch.multiple(sys, argv=["bacterio", *map(str, arguments)], stdin=given),
        mock.patch.dict(os.environ, ENVIRONMENT | {PLANTED: os.environ.get(PLANTED, "")} | environment),
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(io.TextIOWrapper(out, "utf-8", "backslashreplace")),
        contextlib.redirect_stderr(io.TextIOWrapper(err, "utf-8", "backslashreplace")),
    ):
        try:
            main()
        except SystemExit as stop:
            code = stop.code
        gc.unfreeze()  # what a command keeps to its end is to go here
        sys.stdout.flush()
        sys.stderr.flush()
        return Result(int(code or 0), out.getvalue().decode(), err.getvalue().decode())  # type: ignore[call-overload]


def on_terminal(
    *arguments: object, cwd: Path, size: tuple[int, int] = (24, 120), interrupt_at: str = "", **environment: str
) -> tuple[int, str]:
    """Exit code and what a person is sent: both streams are one terminal of so many lines and columns.

    Ctrl-C is typed when the text `interrupt_at` has been shown. It is echoed here: Linux does so after the signal, so
    that on a busy machine its ^C may stand anywhere.
    """
    master, slave = pty.openpty()
    name = os.ttyname(slave)
    termios.tcsetwinsize(slave, size)
    flags = termios.tcgetattr(slave)
    flags[3] = flags[3] & ~termios.ECHO | termios.NOFLSH  # nor is what is on its way thrown away, or not, by chance
    termios.tcsetattr(slave, termios.TCSANOW, flags)
    around = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}  # they beat `size`
    opened = 'exec "$@" <"$0"'  # the first of a session to open a terminal gets the signals of its keys
    process = subprocess.Popen(
        ["sh", "-c", opened, name, *command(*arguments)],
        cwd=cwd, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        env=around | ENVIRONMENT | {"TERM": "xterm-256color"} | environment,
    )  # fmt: skip
    os.close(slave)
    shown = b""
    with open(master, "r+b", buffering=0) as terminal, contextlib.suppress(OSError):  # EIO when the other side has gone
        while chunk := terminal.read(4096):
            shown += chunk
            if interrupt_at and interrupt_at.encode() in shown:
                with open(os.open(name, os.O_WRONLY | os.O_NOCTTY), "wb") as echo:
                    echo.write(b"^C")
                terminal.write(b"\x03")
                interrupt_at = ""
    return process.wait(timeout=60), shown.decode()


def start(folder: Path, *words: object) -> subprocess.Popen[str]:
    """`bacterio` in the background, its streams in pipes."""
    return subprocess.Popen(
        command(*words), cwd=folder, env=os.environ | ENVIRONMENT, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def ended(process: subprocess.Popen[str]) -> Result:
    """What a process in the background leaves behind when it ends."""
    stdout, stderr = process.communicate(timeout=60)
    return Result(process.returncode, stdout, stderr)


def only_error(result: Result, code: int = 1) -> str:
    """The message of a command that failed as it should: this exit code and one line on stderr."""
    assert result.code == code, result
    assert result.stderr.startswith("bacterio: error: "), result
    assert result.stderr.count("\n") == 1, result
    return result.stderr.removeprefix("bacterio: error: ").rstrip("\n")


def write_names(folder: Path, names: Sequence[str] = NAMES, file: str = "names.txt") -> Path:
    """A list, one name a line."""
    path = folder / file
    path.write_text("".join(name + "\n" for name in names), encoding="utf-8")
    return path


def begin(
    corpus: Corpus | None = None, *, preset: str = "default", background: Corpus | None = None, **options: Any
) -> training.TrainingState:
    """A small new training on NAMES, in memory."""
    return training.begin(corpus or Corpus(NAMES), resolve(preset, {**SMALL, **options}), background)


def advanced(state: training.TrainingState, steps: int | None = None, **how: Any) -> training.TrainingState:
    """The training after so many steps more, or after all that are left; `how` is for `train`."""
    for _ in islice(training.train(state, **how), steps):
        pass
    return state


@functools.cache
def small_model() -> Checkpoint:
    """A GRU trained for a moment, in memory."""
    return training.snapshot(advanced(begin(hidden=16, dropout=0.0, epochs=20, optimizer="adam", lr=0.02)))
