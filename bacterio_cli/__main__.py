"""`python -m bacterio_cli` and the `bacterio` command."""

from bacterio_cli.cli.app import main

if __name__ == "__main__":
    main()
