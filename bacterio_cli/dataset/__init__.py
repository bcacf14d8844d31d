"""From lists of names to batches of ids: readers, cleaning, corpus, vocabulary, batching.

Knows nothing of networks; imports errors alone.
"""

from pathlib import Path

PROFILES = ("genus", "any")  # what lists may be of
LONGEST_LINE = 500  # characters of a name
LONGEST_ROW = 1_000_000  # characters of any line of a file
MOST_LINES = 2_500_000  # of a file
MOST_ENTRIES = 1_000_000  # spellings of a list: they are held in memory


def shipped(name: str) -> Path:
    """A file that ships: inside the installed package, or under data/ of the checkout it was installed from."""
    package = Path(__file__).parents[1]
    installed = package / "data" / name
    return installed if installed.exists() else package.parent / "data" / name
