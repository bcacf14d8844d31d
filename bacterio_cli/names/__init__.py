"""The domain: lists of names, their letters and their batches; knows nothing of networks."""

PROFILES = ("genus", "any")  # what lists may be of
LONGEST_LINE = 500  # characters of a name
