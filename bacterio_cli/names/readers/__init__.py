"""Readers turn a file into raw strings with the number of the line that each stands on."""
