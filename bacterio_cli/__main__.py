"""`python -m bacterio_cli` and the `bacterio` command."""

import gc


def main() -> None:
    """Run the application; an interrupt during start-up ends it as quietly as one later."""
    gc.disable()  # what is imported stays; looking for garbage among it takes 5 % of a short command's time
    try:
        from bacterio_cli.cli.app import main as run  # inside, so that Ctrl-C while it is imported is caught here

        run()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
