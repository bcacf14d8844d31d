"""`python -m bacterio_cli` and the `bacterio` command."""

import os
import signal
import sys


def leave(*_: object) -> None:
    """Ctrl-C before a command is at work: nothing can be lost, and Typer and NumPy take an exception for a failure."""
    try:
        os.write(2, b"bacterio: interrupted\n")
    finally:
        os._exit(130)


def main() -> None:
    """Run the application."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # it is ignored in the background of a script
        signal.signal(signal.SIGINT, leave)
    completing = "_BACTERIO_COMPLETE" in os.environ
    if completing:
        # A shell waits. Typer would have rich render each help text: slow, without its [default: …], and with line ends
        # that fish takes for further candidates.
        sys.modules["rich"] = None  # type: ignore[assignment]
    from bacterio_cli.cli.app import main as run  # inside, so that Ctrl-C while it is imported is caught here

    try:
        run()
    except (KeyError, ValueError):  # COMP_WORDS is not set or COMP_CWORD is no number: no shell is asking
        if not completing:
            raise
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
