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
    if "_BACTERIO_COMPLETE" in os.environ:
        # A shell waits. Typer would have rich render each help text: slow, without its [default: …], and with line ends
        # that fish takes for further candidates.
        sys.modules["rich"] = None  # type: ignore[assignment]
    from bacterio_cli.cli.app import main as run  # inside, so that Ctrl-C while it is imported is caught here

    run()


if __name__ == "__main__":
    main()
