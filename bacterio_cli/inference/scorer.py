"""Scoring names: for each, its likelihood, its nearest listed name, and what the rules for genus names say of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bacterio_cli.checkpoint.checkpoint import Checkpoint
from bacterio_cli.dataset.batching import EncodedCorpus
from bacterio_cli.errors import InputError
from bacterio_cli.inference import LEAST_PROBABILITY, LONGEST_SCORED
from bacterio_cli.lm.mixture import in_double_precision
from bacterio_cli.lm.prefix_tree import probabilities
from bacterio_cli.nn.layers import Array
from bacterio_cli.nomenclature import rules
from bacterio_cli.nomenclature.glossary import Glossary, standard
from bacterio_cli.nomenclature.morphology import Analysis, Morphology
from bacterio_cli.nomenclature.name_index import Lookup, Reference, also_known_lists
from bacterio_cli.nomenclature.phonotactics import Sounds, sounds_of, unheard

LN2 = float(np.log(2))
FIELDS = (
    "name", "nats", "bits_per_char", "percentile", "nearest", "edits", "listed_in",
    "least_likely", "length", "gender", "stem", "ending", "flags", "not_checked", "status", "explained", "parts",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What is known of one name."""

    name: str
    nearest: str | None
    edits: int | None  # to the nearest listed name; None if it has more than two or there is none
    listed_in: tuple[str, ...]
    findings: tuple[rules.Finding, ...]
    not_checked: tuple[str, ...]
    gender: str  # m, f, n, or "" if it is for the author to say
    analysis: Analysis | None  # None where the rules for genera do not apply
    # What follows stays as it is here for a name with a letter that the model lacks, and where nobody asks for it.
    bits: Array | None = None  # (letters + 1,) the surprises −log₂ P of its letters and its end
    nats: float | None = None  # −ln P of the whole name, its end counted
    bits_per_char: float | None = None  # the mean surprise of a character, the end mark counted
    percentile: float | None = None  # the share of held-out names, in per cent, that are less likely per character
    least_likely: str = ""  # the most surprising letter with its place, as a4; $ is the end

    @property
    def status(self) -> str:
        """ok, warn or conflict."""
        return rules.status(self.findings)

    def asdict(self) -> dict[str, Any]:
        """The fields in their promised order, ready for JSON."""
        figures = ((self.nats, 4), (self.bits_per_char, 4), (self.percentile, 1))
        flags, cut = [finding._asdict() for finding in self.findings], self.analysis
        values = (
            self.name, *(None if value is None else round(value, digits) for value, digits in figures),
            self.nearest, self.edits, list(self.listed_in), self.least_likely, len(self.name), self.gender,
            *(cut.stem_and_ending if cut else ("", "")), flags, list(self.not_checked), self.status,
            cut and cut.answer, cut and cut.shown,
        )  # fmt: skip
        return dict(zip(FIELDS, values, strict=True))


def refuse_overlong(names: Sequence[str]) -> None:
    """InputError for a name of so many letters that to score or trace it would take minutes: time ∝ their square."""
    if longest := next((name for name in names if len(name) > LONGEST_SCORED), None):
        remedy = f"a name that is scored or traced has {LONGEST_SCORED:,} at most: one name a line"
        raise InputError("names", f"{longest[:20]}… has {len(longest):,} letters", remedy)


class Scorer:
    """A model, lists to compare with, its corpus first, whether the rules of genus names apply, and the glossary."""

    def __init__(
        self, model: Checkpoint, *lists: Reference, genus: bool, also_known: bool = False, words: Glossary | None = None
    ) -> None:
        corpus = Reference("the model's corpus", model.known, model.corpus["date"], prokaryotes=model.of_genera or None)
        self.lookup = Lookup([corpus, *lists, *(also_known_lists() if also_known and genus else ())])
        self.checkpoint, self.genus = model, genus
        self.model = in_double_precision(model.language_model)
        self.morphology = Morphology(words or standard(), model.known)

    @cached_property
    def sounds(self) -> Sounds | None:
        """What the names of the corpus sound like; None if they are too few to teach it."""
        return sounds_of(self.checkpoint.known)

    def surprises(self, names: Sequence[str], shape: Callable[[Array], Array] | None = None) -> list[Array | None]:
        """−log₂ P of each name's letters and end; None for one that cannot be spelled.

        `shape` (see `SamplingParams.shape`) turns the model's distributions into those that names are drawn from.
        """
        vocabulary = self.checkpoint.vocabulary
        spelled = [name for name in names if name and not vocabulary.missing(name)]
        if not spelled:
            return [None] * len(names)
        text = EncodedCorpus(spelled, vocabulary)
        bits = -np.log2(np.maximum(probabilities(self.model, text, shape), LEAST_PROBABILITY))
        found = dict(zip(spelled, np.split(bits, text.starts[1:]), strict=True))
        return [found.get(name) for name in names]

    def score(self, names: Sequence[str], *, surprises: bool = True) -> list[Row]:
        """A row for each name, without surprises, which take longest to compute, if they are not wanted."""
        refuse_overlong(names)
        bits = self.surprises(names) if surprises else [None] * len(names)
        return [*map(self.row, names, bits, self.lookup.nearest(names))]

    def row(self, name: str, bits: Array | None, nearest: tuple[str | None, int | None]) -> Row:
        """All that is known of one name."""
        vocabulary, listed = self.checkpoint.vocabulary, self.lookup.listed(name)
        analysis = self.morphology.analyse(name) if self.genus else None
        findings: list[rules.Finding] = []
        not_checked: list[str] = []
        if analysis:
            kinds = {reference.prokaryotes for reference in self.lookup.references if reference.complete}
            taken = ", ".join(r.label for r in listed if r.prokaryotes is not False and not r.historical)
            elsewhere = ", ".join(r.label for r in listed if r.prokaryotes is False)
            findings, not_checked = rules.judge(
                name,
                listed=taken or ("" if True in kinds else None),
                elsewhere=elsewhere or ("" if False in kinds else None),
                historical=", ".join(r.label for r in listed if r.historical),
                near=f"{nearest[1]} {nearest[0]}",
                doubled=analysis.doubled,
                **(unheard(name, self.sounds) if self.sounds else {}),
            )
        if missing := vocabulary.missing(name):
            says = f"is not scored: {missing!r} is not in the model's alphabet"
            findings.append(rules.Finding("alphabet", "warning", "", says))
        labels, gender = tuple(reference.label for reference in listed), analysis.gender if analysis else ""
        known = (name, *nearest, labels, tuple(findings), tuple(not_checked), gender, analysis)
        if bits is None:
            return Row(*known)
        nats, mean, place = float(bits.sum()) * LN2, float(bits.mean()), int(bits.argmax())
        least_likely = f"{(vocabulary.shown(name) + '$')[place]}{place + 1}"  # as the model reads it: two of i̇ for İ
        return Row(*known, bits, nats, mean, self.percentile(bits), least_likely)

    def percentile(self, bits: Array | None) -> float | None:
        """The share of held-out names, in per cent, that are less likely per character."""
        held_out = self.checkpoint.held_out.astype(np.float64)
        if bits is None or not len(held_out):
            return None
        no_better = np.searchsorted(held_out.round(4), round(float(bits.mean()), 4), side="right")
        return 100 * (1 - float(no_better) / len(held_out))


def summary_of(surprises: Sequence[Array | None]) -> dict[str, Any]:
    """The mean loss of a list over its characters, end marks counted; names that cannot be spelled are only counted."""
    spelled = [bits for bits in surprises if bits is not None]
    mean = float(np.concatenate(spelled).mean()) if spelled else None
    return {
        "names": len(spelled),
        "characters": sum(map(len, spelled)),
        "nats_per_char": None if mean is None else round(mean * LN2, 6),
        "bits_per_char": None if mean is None else round(mean, 6),
        "unscorable": len(surprises) - len(spelled),
    }
