"""`python -m bacterio_cli` and the `bacterio` command."""

import gc
import os
import signal
import sys
from types import FrameType


def interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    """Ctrl-C: KeyboardInterrupt for a command at work, the end at once before it is, or while it imports.

    Nothing can be lost then, and an exception would be taken for a failure: by Typer, and by modules written in C.
    """
    places = []
    while frame:
        places.append((os.path.basename(frame.f_code.co_filename), frame.f_code.co_name))
        frame = frame.f_back
    if ("app.py", "run") in places and not any("importlib" in file for file, _ in places):
        raise KeyboardInterrupt
    try:
        os.write(2, b"bacterio: interrupted\n")
    finally:
        os._exit(130)


def main() -> None:
    """Run the application."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # it is ignored in the background of a script
        signal.signal(signal.SIGINT, interrupt)
    gc.disable()  # until the command begins: what start-up makes stays
    if "_BACTERIO_COMPLETE" in os.environ:
        # A shell waits. Typer would have rich render each help text: slow, without its [default: …], and with line ends
        # that fish takes for further candidates.
        sys.modules["rich"] = None  # type: ignore[assignment]
    from bacterio_cli.cli.app import main as run  # inside, so that Ctrl-C while it is imported is caught here

    run()


if __name__ == "__main__":
    main()
