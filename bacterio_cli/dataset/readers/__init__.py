"""Readers turn a file into spellings, each with its line and its standing, whatever the format that holds them."""
