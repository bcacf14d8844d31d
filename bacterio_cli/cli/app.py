"""The application: its commands, its streams, and the one place where errors become exit codes."""

from __future__ import annotations

import errno
import functools
import gc
import inspect
import io
import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any

import typer

from bacterio_cli import __version__
from bacterio_cli.cli.runtime import one_blas_thread
from bacterio_cli.cli.terminal import error, notice
from bacterio_cli.errors import BacterioError

COMMANDS = ("train", "sample", "score", "trace", "gradcheck", "info", "corpus")


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """The error boundary: an expected failure is one line on stderr and its exit code; a bug keeps its traceback."""
    command.__annotations__ = inspect.get_annotations(command, eval_str=True)  # once; Typer would do it four times

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        gc.freeze()  # what start-up made stays; no collection, nor that at exit, need go through it
        gc.enable()
        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except BacterioError as failure:
            error(str(failure))
            raise SystemExit(failure.exit_code) from None
        except KeyboardInterrupt:
            notice("interrupted")
            raise SystemExit(130) from None
        except BrokenPipeError:  # the reader has gone and wants no more: that is no failure
            silence_stdout()
        except OSError as failure:  # files are reported where they are used; what is left is stdout
            silence_stdout()
            error(f"cannot write to standard output: {failure.strerror}")
            raise SystemExit(1) from None
        except MemoryError:
            error("out of memory; use a smaller --hidden, --batch-size or corpus, or --max-length")
            raise SystemExit(1) from None

    return run


def silence_stdout() -> None:
    """Send what Python may still flush at exit to nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def show_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        typer.echo(f"bacterio {__version__}")
        raise typer.Exit


def describe(
    version: Annotated[
        bool,
        typer.Option("--version", callback=show_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Learn bacterial genus names and invent new ones."""


def application(asked: str | None) -> typer.Typer:
    """The commands; of these only the one that is asked for, if it is one, since importing all takes 30 ms."""
    app = typer.Typer(
        name="bacterio",
        callback=describe,
        epilog="Exit codes: 0 done, 1 files and data, 2 usage error, 130 interrupted, 143 terminated.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    for name in [asked] if asked in COMMANDS else COMMANDS:
        module = import_module(f"bacterio_cli.cli.commands.{name}")
        app.command()(guarded(getattr(module, name)))
    return app


def main() -> None:
    """The entry point: UTF-8 on both streams whatever the locale, one BLAS thread, then the command.

    A stream that was closed before the start is a reader that has gone: what would go there goes nowhere.
    """
    one_blas_thread()
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  open as long as the process is
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        application(sys.argv[1] if len(sys.argv) > 1 else None)()
        sys.stdout.flush()
    except SystemExit as stop:
        # A reader that goes away while help is printed is no failure either; typer makes it 1.
        if isinstance(stop.__context__, OSError) and stop.__context__.errno == errno.EPIPE:
            silence_stdout()
            raise SystemExit(0) from None
        raise
    except OSError as failure:
        silence_stdout()
        error(f"cannot write to standard output: {failure.strerror}")
        raise SystemExit(1) from None
