"""The application: its commands, and the one place where errors become exit codes."""

import gc
import inspect
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NoReturn, get_args, get_type_hints

import typer

from bacterio_cli import __version__
from bacterio_cli.cli import runtime, terminal
from bacterio_cli.errors import BacterioError

COMMANDS = ("train", "sample", "score", "trace", "gradcheck", "info", "corpus")
TyperUsageError: type[typer.BadParameter] = typer.BadParameter.__bases__[0]  # which has no public name


def show_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        typer.echo(f"bacterio {__version__}")
        raise typer.Exit


def describe(
    version: Annotated[bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version and exit.")] = False,
) -> None:  # fmt: skip
    """Take the options that stand before the command."""


def take_as_given(parameter: Any, hint: Any) -> None:
    """Let a parameter of a command take its default, texts and numbers within its range as Python reads them.

    All else is for Typer to convert or to refuse: it imports pydantic first, a quarter of a short command's time.
    `hint` is the parameter's annotation, None for one of Typer's own.
    """
    kind, info = get_args(hint) or (None, None)
    kinds = set() if info is None or info.parser else {kind, *get_args(kind)}
    make: Any = next((known for known in (str, int, float, Path) if known in kinds), None)
    convert = parameter.process_value

    def process(context: Any, value: Any) -> Any:
        is_default = isinstance(value, str | int | float) and value == parameter.default
        if is_default or (value is None and not parameter.required) or (value and list[str] in kinds):
            return value
        if make and isinstance(value, str):
            with suppress(ValueError):
                made = make(value)
                low, high = (made if end is None else end for end in (info.min, info.max))
                if low <= made <= high:
                    return made
        return convert(context, value)

    parameter.process_value = process


def application() -> Any:
    """The commands; only the one that is asked for is more than its help text: to import them takes long."""
    # Asked for is the word behind `bacterio` and any dashes, also in the line that a shell wants to complete.
    line = os.environ.get("_TYPER_COMPLETE_ARGS") or os.environ.get("COMP_WORDS") or ""
    words = line.split() if "_BACTERIO_COMPLETE" in os.environ else sys.argv
    asked = next((word for word in words[1:] if not word.startswith("-")), "")
    app = typer.Typer(
        name="bacterio", callback=describe, help="Learn bacterial genus names and invent new ones.",
        epilog="Exit codes: 0 done, 1 files and data, 2 usage error, 129 hung up, 130 interrupted, 143 terminated.",
        no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False,
    )  # fmt: skip
    for name in COMMANDS:
        # Docstrings are read in the source: without importing it, and under PYTHONOPTIMIZE=2 too.
        source = Path(__file__).with_name("commands").joinpath(f"{name}.py").read_text("utf-8")
        text = inspect.cleandoc(source.partition(f"def {name}(")[2].split('"""')[1])
        command = getattr(import_module(f"bacterio_cli.cli.commands.{name}"), name) if name == asked else lambda: None
        app.command(name, help=text, short_help=text.partition("\n")[0])(command)
    group: Any = typer.main.get_command(app)
    for command in filter(None, (group, group.commands.get(asked))):
        hints = get_type_hints(command.callback, include_extras=True)
        for parameter in command.get_params(typer.Context(command)):
            take_as_given(parameter, hints.get(parameter.name))
    return group


def main() -> None:
    """The entry point and error boundary: an expected failure is one line and its exit code; a bug keeps its traceback."""
    # Small products gain little from a second thread, and wait for it when another process wants the core it spins on.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy, imported later, reads it
    runtime.open_streams()
    try:
        app = application()
        gc.freeze()  # what start-up made stays: no collection need go through it
        early = signal.getsignal(signal.SIGINT)
        if early is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        code = app(prog_name="bacterio", standalone_mode=False)
        if code == 130:  # Typer makes this of Ctrl-C, without a word
            raise KeyboardInterrupt
        sys.stdout.flush()
        signal.signal(signal.SIGINT, early)
        raise SystemExit(code or 0)
    except KeyboardInterrupt:
        terminal.notice("interrupted")
        raise SystemExit(130) from None
    except BacterioError as failure:
        fail(str(failure), failure.exit_code)
    except TyperUsageError as failure:
        if not sys.argv[1:]:  # the message is the help
            failure.show()
            raise SystemExit(failure.exit_code) from None
        command = failure.ctx.command_path if failure.ctx else "bacterio"
        fail(f"{failure.format_message().rstrip('.')} (see '{command} --help')", failure.exit_code)
    except runtime.OutputError as failure:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what Python may still flush at exit goes nowhere
        if not isinstance(failure.__cause__, BrokenPipeError):  # a reader who has gone wants no more
            fail(f"cannot write to standard output: {getattr(failure.__cause__, 'strerror', failure)}")
    except OSError as failure:  # most files are reported where they are used
        what = failure.filename or ("the working directory" if isinstance(failure, FileNotFoundError) else "")
        fail((f"cannot use {what}: " if what else "") + (failure.strerror or str(failure)))
    except (KeyError, ValueError):
        if "_BACTERIO_COMPLETE" not in os.environ:
            raise
        raise SystemExit(1) from None  # COMP_WORDS is not set or COMP_CWORD is no number: no shell is asking
    except MemoryError:
        fail("out of memory; use a smaller --hidden, --batch-size or corpus, or --max-length")


def fail(text: str, code: int = 1) -> NoReturn:
    """Say in a line what went wrong, without the middle of what is very long, and end with this exit code."""
    terminal.notice("error: " + (text if len(text) <= 2_000 else f"{text[:1_000]} … {text[-1_000:]}"))
    raise SystemExit(code) from None
