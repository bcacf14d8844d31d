"""Readers turn a file into spellings, each with its line and its kind, whatever the format that holds them."""

FORMATS = ("json", "table", "lineages", "lines")  # in the order in which they are tried
