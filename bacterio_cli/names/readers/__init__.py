"""Readers turn a file into raw strings with the number of the line that each stands on."""

from bacterio_cli.names.readers.lines import RawLine, read_lines

__all__ = ["RawLine", "read_lines"]
