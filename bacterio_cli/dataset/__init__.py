"""From lists of names to batches of ids: readers, cleaning, corpus, vocabulary, batching.

Knows nothing of networks; imports errors alone.
"""

PROFILES = ("genus", "any")  # what lists may be of
LONGEST_LINE = 500  # characters of a name
