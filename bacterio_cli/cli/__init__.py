"""The command line: one module a subcommand; the only place that imports typer, and that prints."""
