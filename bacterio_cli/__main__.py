"""`python -m bacterio_cli` and the `bacterio` command."""

import os
import sys


def main() -> None:
    """Run the application; an interrupt during start-up ends it as quietly as one later."""
    completing = "_BACTERIO_COMPLETE" in os.environ
    if completing:
        # A shell waits. Typer would have rich render each help text: slow, without its [default: …], and with line ends
        # that fish takes for further candidates.
        sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        from bacterio_cli.cli.app import main as run  # inside, so that Ctrl-C while it is imported is caught here

        run()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except (KeyError, ValueError):  # COMP_WORDS is not set or COMP_CWORD is no number: no shell is asking
        if not completing:
            raise
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
