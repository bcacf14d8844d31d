"""Scoring as a function: names go in, a row comes out for each, with what a person who chooses one needs to know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bacterio_cli.checkpoint.checkpoint import Checkpoint
from bacterio_cli.dataset.batching import EncodedCorpus
from bacterio_cli.lm.prefix_tree import likelihood
from bacterio_cli.nn.layers import Array
from bacterio_cli.nomenclature import rules
from bacterio_cli.nomenclature.gender import gender
from bacterio_cli.nomenclature.morphology import Roots
from bacterio_cli.nomenclature.name_index import Lookup
from bacterio_cli.nomenclature.reference_lists import Reference

LN2 = float(np.log(2))
LEAST = float(np.finfo(np.float32).tiny)  # what a probability is that has vanished in float32
FIELDS = (
    "name", "nats", "bits_per_char", "percentile", "nearest", "edits", "listed_in",
    "least_likely", "length", "gender", "stem", "ending", "flags", "not_checked", "status",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What is known of one name.

    `bits` (letters + 1,) are the surprises −log₂ P of its letters and its end, None if the model lacks one of them.
    `percentile` is the share of held-out names, in per cent, that are less likely a character. `edits` to the nearest
    listed name, 3 for more than 2. An arbitrary name has no `stem` and `ending`.
    """

    name: str
    bits: Array | None
    percentile: float | None
    nearest: str | None
    edits: int
    listed_in: tuple[str, ...]
    gender: str
    stem: str
    ending: str
    findings: tuple[rules.Finding, ...]
    not_checked: tuple[str, ...]

    @property
    def nats(self) -> float | None:
        """−ln P of the whole name, its end counted."""
        return None if self.bits is None else float(self.bits.sum()) * LN2

    @property
    def bits_per_char(self) -> float | None:
        """The mean surprise of a character, the end mark counted."""
        return None if self.bits is None else float(self.bits.mean())

    @property
    def least_likely(self) -> str:
        """The most surprising letter with its place, as a4; $ is the end."""
        if self.bits is None:
            return ""
        place = int(self.bits.argmax())
        return f"{(self.name + '$')[place]}{place + 1}"

    @property
    def status(self) -> str:
        """ok, warn or conflict."""
        return rules.status(list(self.findings))

    def asdict(self) -> dict[str, Any]:
        """The fields in their promised order, ready for JSON."""
        nats, bits = self.nats, self.bits_per_char
        values = (
            self.name,
            None if nats is None else round(nats, 4),
            None if bits is None else round(bits, 4),
            None if self.percentile is None else round(self.percentile, 1),
            self.nearest,
            self.edits,
            list(self.listed_in),
            self.least_likely,
            len(self.name),
            self.gender,
            self.stem,
            self.ending,
            [{"code": f.code, "severity": f.severity, "rule": f.rule, "says": f.says} for f in self.findings],
            list(self.not_checked),
            self.status,
        )
        return dict(zip(FIELDS, values, strict=True))


class Scorer:
    """A model, the lists to compare with, and whether the rules of genus names apply."""

    def __init__(self, trained: Checkpoint, lookup: Lookup, *, genus: bool) -> None:
        self.trained, self.lookup, self.genus = trained, lookup, genus
        self.model = trained.language_model

    @cached_property
    def roots(self) -> Roots:
        """The stems and endings of the corpus."""
        return Roots.of(self.trained.known)

    @cached_property
    def triples(self) -> frozenset[str]:
        """The letter triples of the corpus."""
        return rules.triples_of(self.trained.known)

    def surprises(self, names: Sequence[str], shape: Callable[[Array], Array] | None = None) -> list[Array | None]:
        """−log₂ P of each name's letters and end; None for one that cannot be spelled. `shape` makes the distributions
        those that names are drawn from."""
        vocabulary = self.trained.vocabulary
        spelled = [k for k, name in enumerate(names) if name and not vocabulary.missing(name)]
        found: list[Array | None] = [None] * len(names)
        if spelled:
            text = EncodedCorpus([vocabulary.fold(names[k]) for k in spelled], vocabulary)
            bits = -np.log2(np.maximum(likelihood(self.model, text, shape), LEAST))
            for k, part in zip(spelled, np.split(bits, text.starts[1:]), strict=True):
                found[k] = part
        return found

    def score(self, names: Sequence[str]) -> list[Row]:
        """A row for each name."""
        return self.rows(names, self.surprises(names))

    def judged(self, names: Sequence[str]) -> list[Row]:
        """The rows without their likelihoods, which take longest."""
        return self.rows(names, [None] * len(names))

    def rows(self, names: Sequence[str], surprises: Sequence[Array | None]) -> list[Row]:
        """Rows of names whose surprises are known."""
        edits, nearest = self.lookup.nearest(names)
        return [self.row(*row) for row in zip(names, surprises, edits.tolist(), nearest, strict=True)]

    def row(self, name: str, bits: Array | None, edits: int, nearest: str | None) -> Row:
        """All that is known of one name."""
        listed = self.lookup.listed(name)
        stem, ending = (self.genus and self.roots.split(name)) or ("", "")
        findings, not_checked = self.judge(name, listed, edits, nearest) if self.genus else ([], [])
        missing = self.trained.vocabulary.missing(name)
        if missing:
            says = f"is not scored: {missing!r} is not in the model's alphabet"
            findings = [*findings, rules.Finding("alphabet", rules.WARNING, "", says)]
        return Row(
            name,
            bits,
            self.percentile(bits),
            nearest,
            edits,
            tuple(reference.label for reference in listed),
            gender(name) if self.genus else "",
            stem,
            ending,
            tuple(findings),
            tuple(not_checked),
        )

    def judge(
        self, name: str, listed: Sequence[Reference], edits: int, nearest: str | None
    ) -> tuple[list[rules.Finding], list[str]]:
        """The findings of the rules, and the codes of those that had nothing to check against."""
        given = self.lookup.references
        evidence = rules.Evidence(
            listed_in=tuple(r.label for r in listed if r.prokaryotes is not False),
            listed_elsewhere=tuple(r.label for r in listed if r.prokaryotes is False),
            lists=tuple(r.label for r in given if r.prokaryotes),
            nearest=nearest,
            edits=None if nearest is None else edits,
            triples=self.triples,
            elsewhere_checked=self.lookup.elsewhere_checked,
            near_checked=True,
        )
        return rules.judge(name, evidence)

    def percentile(self, bits: Array | None) -> float | None:
        """The share of held-out names, in per cent, that are less likely a character."""
        held_out = self.trained.held_out
        if bits is None or not len(held_out):
            return None
        no_better = np.searchsorted(held_out.round(4), round(float(bits.mean()), 4), side="right")
        return 100 * (1 - float(no_better) / len(held_out))


def summary(rows_bits: Sequence[Array | None]) -> dict[str, Any]:
    """One row for a list: names, characters with end marks, and its mean loss; names that cannot be spelled apart."""
    spelled = [bits for bits in rows_bits if bits is not None]
    characters = sum(map(len, spelled))
    mean = float(sum(bits.sum() for bits in spelled)) / characters if characters else None
    return {
        "names": len(spelled),
        "characters": characters,
        "nats_per_char": None if mean is None else round(mean * LN2, 6),
        "bits_per_char": None if mean is None else round(mean, 6),
        "unscorable": len(rows_bits) - len(spelled),
    }
