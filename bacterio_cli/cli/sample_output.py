"""What `sample` prints: the names, alone or with what is known of them, and what became of the draws."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from bacterio_cli.cli import loading, tables, terminal

if TYPE_CHECKING:
    from bacterio_cli.checkpoint.checkpoint import Checkpoint
    from bacterio_cli.inference.sampler import SamplingParams, SamplingStats
    from bacterio_cli.inference.scorer import Scorer

REPORTED = 100_000  # names that a report keeps
AT_ONCE = 512  # names scored together


def names(chosen: Iterator[str], placeholders: Sequence[str] | None) -> Iterator[str]:
    """Print the names as they come, each behind its placeholder if there are any, and pass them on."""
    labels = iter(placeholders or ())
    for name in chosen:
        sys.stdout.write(f"{next(labels)}\t{name}\n" if placeholders else name + "\n")
        yield name


def rows(chosen: Iterator[str], form: str, scorer: Scorer, *, header: bool) -> Iterator[str]:
    """Print the rows that `score` gives the names, and pass the names on."""
    from bacterio_cli.inference.scorer import FIELDS

    if header:
        sys.stdout.write("\t".join(FIELDS) + "\n")
    while some := list(islice(chosen, AT_ONCE)):
        for row in scorer.score(some):
            sys.stdout.write(loading.row_as(form, row))
        yield from some


def shown(chosen: Iterator[str], trained: Checkpoint, request: SamplingParams) -> Iterator[str]:
    """Print the names with P of each letter and of the end, as drawn and in the model, and pass them on.

    Letters of a prefix are given, not drawn: P = 1.
    """
    from bacterio_cli.nomenclature.name_index import Lookup

    scorer = loading.scorer_of(trained, Lookup([]), genus=False)
    given = len(trained.vocabulary.fold(request.prefix))
    picture = terminal.is_terminal(sys.stdout)
    if picture:
        terminal.notice(terminal.LEGEND)
    while some := list(islice(chosen, AT_ONCE)):
        for name, drawn, plain in zip(some, scorer.surprises(some, request.shape), scorer.surprises(some), strict=True):
            assert drawn is not None
            assert plain is not None
            drawn[:given] = 0
            if picture:
                terminal.show_probabilities(name, drawn, plain)
            else:
                columns = (",".join(f"{p:.4g}" for p in 2.0**-bits) for bits in (drawn, plain))
                sys.stdout.write("\t".join((name, *columns)) + "\n")
        yield from some


def consume(printed: Iterator[str], *, keep: bool) -> list[str]:
    """Print all, and return the first of them if a report is to follow."""
    kept = list(islice(printed, REPORTED if keep else 0))
    deque(printed, maxlen=0)
    sys.stdout.flush()
    return kept


def share_accepted(tally: SamplingStats) -> str:
    """How many draws were accepted, in a line."""
    share = 100 * tally.accepted / max(1, tally.drawn)
    return f"{tally.accepted:,} of {tally.drawn:,} draws accepted ({share:.3g} %)"


def show_report(names: list[str], known: Sequence[str], tally: SamplingStats, *, as_json: bool) -> None:
    """What became of the draws, and how the names compare with the corpus."""
    from bacterio_cli.nomenclature.statistics import compare

    figures = compare(names, known)
    if as_json:
        import json

        counts = {
            "drawn": tally.drawn,
            "accepted": tally.accepted,
            "refused": dict(tally.refused),
            "compared": len(names),
        }
        values = {figure.name: {"names": figure.names, "corpus": figure.corpus} for figure in figures}
        sys.stderr.write(json.dumps({**counts, "figures": values}) + "\n")
        return
    refused = ", ".join(f"{count:,} {why}" for why, count in tally.refused.most_common()) or "none"
    terminal.notice(f"{tally.drawn:,} draws, {tally.accepted:,} accepted; refused: {refused}")
    cells = [(f.name, *("–" if value is None else f"{value:.3f}" for value in (f.names, f.corpus))) for f in figures]
    title = f"{len(names):,} names beside the corpus"
    tables.table((title, "names", "corpus"), cells, stream=sys.stderr, right=("names", "corpus"))


def shortfall(tally: SamplingStats, wanted: int, temperature: float) -> str:
    """What was found, what was refused and why, and what may help."""
    reasons = ", ".join(f"{count:,} {why}" for why, count in tally.refused.most_common())
    common = {why for why, _ in tally.refused.most_common(2)}
    if temperature == 0:
        remedy = "temperature 0 has one answer: " + ("ask for -n 1" if wanted > 1 else "raise --temp")
    elif common & {"known", "duplicate"}:
        remedy = "loosen the constraints, raise --temp or --max-tries, or pass --allow-known or --allow-duplicates"
    else:
        remedy = "loosen the constraints, or raise --temp or --max-tries"
    return (
        f"found {tally.accepted:,} of {wanted:,} names in {tally.drawn:,} draws; refused: {reasons or 'none'}; {remedy}"
    )
