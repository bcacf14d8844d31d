"""From lists of names to batches of ids: readers, cleaning, corpus, vocabulary, batching.

Knows nothing of networks; imports errors alone.
"""

import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from threading import Timer

PROFILES = ("genus", "any")  # what lists may be of
LONGEST_LINE = 500  # characters of a name
LONGEST_ROW = 1_000_000  # characters of any line of a file
LONGEST_COMPOSED = 4_000  # characters of a text to be composed: a name is scored up to 1,000, each of which may be four
MOST_LINES = 10_000_000  # of a file
MOST_ENTRIES = 1_000_000  # spellings of a list: they are held in memory
MOST_BYTES = 2**25  # of all spellings of a list, in UTF-8
PATIENCE = 1.0  # seconds until it is said what is waited for


def shipped(name: str) -> Path:
    """A file that ships: inside the installed package, or under data/ of the checkout it was installed from."""
    package = Path(__file__).parents[1]
    installed = package / "data" / name
    return installed if installed.exists() else package.parent / "data" / name


def nfc(text: str) -> str:
    """The text with its letters composed (NFC); one longer than any name is left as it is, to be refused for that.

    The time that composing takes grows with the square of the marks on one letter.
    """
    return text if len(text) > LONGEST_COMPOSED else unicodedata.normalize("NFC", text)


def is_date(text: str) -> bool:
    """Whether a year, a month like 2020-12 or a day like 2020-12-31 exists."""
    with suppress(ValueError):
        return bool(date.fromisoformat((text + "-01-01")[:10]))
    return False


@contextmanager
def waiting_for(where: str | Path, other_side: bool | None = None, *, doing: str = "written to") -> Iterator[None]:
    """Say on stderr after a second that nobody is on the other side: there is one of a terminal and of a named pipe."""
    timer = Timer(PATIENCE, lambda: sys.stderr.write(f"bacterio: waiting for {where}: nobody has {doing} it\n"))
    timer.daemon = True
    if Path(where).is_fifo() if other_side is None else other_side:
        with suppress(RuntimeError):  # where threads are forbidden, nothing is said
            timer.start()
    try:
        yield
    finally:
        timer.cancel()
