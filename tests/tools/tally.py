"""What the parts of the soak count, and how it is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Tally:
    """What a part saw: trials by outcome, a line for each failure and each thing of note, the largest figures."""

    part: str
    seen: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    largest_s: float = 0.0
    largest_mb: float = 0.0
    took_s: float = 0.0

    def expect(self, holds: bool, failure: str) -> bool:
        """Note the failure unless it holds."""
        if not holds:
            self.failures.append(failure)
        return holds


def table(tallies: list[Tally]) -> Iterator[str]:
    """The figures in Markdown."""
    yield "| part | seen | failures | largest s | largest MB | took s |"
    yield "|:--|:--|--:|--:|--:|--:|"
    for t in tallies:
        seen = ", ".join(f"{number:,} {what}" for what, number in sorted(t.seen.items()))
        figures = [f"{value:.2f}" if value else "–" for value in (t.largest_s, t.largest_mb)]
        yield f"| {t.part} | {seen} | {len(t.failures)} | {' | '.join(figures)} | {t.took_s:.0f} |"
