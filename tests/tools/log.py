"""What the parts of the soak count, and how it is shown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Log:
    """What a part saw: trials by what became of them, a line for each failure and each note, the largest figures."""

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

    def add(self, other: Log) -> None:
        """What another process saw of the same part."""
        self.seen += other.seen
        self.failures += other.failures
        self.largest_s = max(self.largest_s, other.largest_s)
        self.largest_mb = max(self.largest_mb, other.largest_mb)

    def __str__(self) -> str:
        """The figures in a line, then the notes and the first failures."""
        seen = ", ".join(f"{number:,} {what}" for what, number in sorted(self.seen.items()))
        largest = f"at most {self.largest_s:.2f} s and {self.largest_mb:.0f} MB"
        first = f"{self.part}: {seen}; {len(self.failures)} failures; {largest}; took {self.took_s:.0f} s"
        return "\n".join([first, *(f"{self.part}: {line}"[:2000] for line in (*self.notes, *self.failures[:20]))])
