"""A corpus: clean, distinct names, what is known of them, and their alphabet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bacterio_cli.dataset.cleaning import Dropped, cleaned, describe, guess_profile
from bacterio_cli.dataset.readers.formats import read
from bacterio_cli.errors import InputError


@dataclass(frozen=True)
class Corpus:
    """Distinct names in the order of their first appearance, and how they were come by."""

    names: tuple[str, ...]
    date: str | None = None  # the newest that a header states as `# date: 2020-12-31`; a file's own says nothing
    dropped: Dropped = field(default_factory=dict, compare=False)
    readings: tuple[str, ...] = field(default=(), compare=False)  # what each source was taken for
    profile: str = field(default="any", compare=False)
    plain: bool = field(default=True, compare=False)  # whether all were plain lists in UTF-8

    @property
    def characters(self) -> int:
        """Letters to be predicted, the end mark of each name counted."""
        return sum(map(len, self.names)) + len(self.names)

    @property
    def digest(self) -> str:
        """SHA-256 of the names in order: what `--resume` recognises the corpus by."""
        import hashlib  # 5 ms, which sampling can do without

        return hashlib.sha256("\n".join(self.names).encode()).hexdigest()

    @property
    def losses(self) -> str:
        """What was dropped, in a line: '12 dropped: 7 duplicates, 5 placeholders'; "" if nothing was."""
        counts = sorted(((len(group), reason) for reason, group in self.dropped.items()), reverse=True)
        total = sum(count for count, _ in counts)
        reasons = ", ".join(f"{count:,} {reason}" for count, reason in counts)
        return f"{total:,} dropped: {reasons}".replace(" 1 duplicates", " 1 duplicate") if total else ""


def read_corpus(
    sources: Sequence[str],
    *,
    profile: str | None = None,  # "genus" or "any", None to choose by what the sources are
    least: int = 2,  # of which one can be left out to validate on
    look_like_genera: Callable[[Sequence[str]], bool] | None = None,  # asked of plain lists
    **how: Any,
) -> Corpus:
    """The distinct names of one or several sources, cleaned; `how` as in `read`. Raises what `read` does; InputError
    too if fewer than `least` names are left."""
    readings = [read(source, profile=profile, **how) for source in sources]
    profile = profile or guess_profile(readings, look_like_genera)
    names, dropped = cleaned(readings, profile)
    corpus = Corpus(
        tuple(names),
        max((reading.date for reading in readings if reading.date), default=None),
        dropped,
        tuple(map(describe, readings)),
        profile,
        all(reading.format == "lines" and reading.encoding == "UTF-8" and not reading.notes for reading in readings),
    )
    refuse_fewer(corpus, least, ", ".join(reading.source for reading in readings))
    return corpus


def refuse_fewer(corpus: Corpus, least: int, where: str) -> None:
    """InputError if a corpus has fewer names than are needed."""
    if len(corpus.names) < least:
        found = f"has only one name, {corpus.names[0]!r}" if corpus.names else "has no names"
        why = f" ({corpus.losses})" if corpus.losses else ""
        wanted = "a list" if least < 2 else "a list of at least two"
        raise InputError(where, found + why, f"give {wanted}, one name a line")


def split(names: Sequence[str], fraction: float, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """(training, validation): a random `fraction` of the names, at least one unless it is 0, is held out."""
    held = min(len(names) - 1, max(1, round(fraction * len(names)))) if fraction else 0
    out = set(rng.permutation(len(names))[:held].tolist())
    return [n for i, n in enumerate(names) if i not in out], [n for i, n in enumerate(names) if i in out]
