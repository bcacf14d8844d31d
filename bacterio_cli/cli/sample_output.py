"""What `sample` prints: the names, alone or with what is known of them, and what became of the draws."""

from __future__ import annotations

import sys
from bisect import bisect
from collections import Counter, deque
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


def labelled(chosen: Iterator[str], labels: Sequence[str] | None) -> Iterator[tuple[str | None, str]]:
    """Each name with the placeholder that it is for, if there are any: all of one placeholder, then of the next.

    They are dealt out in turn, so that name k of a placeholder does not depend on how many there are of each.
    """
    if not labels:
        yield from ((None, name) for name in chosen)
    elif all_names := list(chosen):
        for place, label in enumerate(labels):
            yield from ((label, name) for name in all_names[place :: len(labels)])


def names(chosen: Iterator[str], labels: Sequence[str] | None, scorer: Scorer | None) -> Iterator[str]:
    """Print the names, each behind its placeholder if there are any, and pass them on.

    With a scorer the draft of an etymology stands in the line below, indented.
    """
    for label, name in labelled(chosen, labels):
        sys.stdout.write(terminal.result(name + "\n") if label is None else f"{label}\t{name}\n")
        if scorer and (row := scorer.score([name], likelihood=False)[0]).analysis:
            sys.stdout.write(f"    {loading.drafted(row).text}\n")
        yield name


def rows(
    chosen: Iterator[str], form: str, scorer: Scorer, *, labels: Sequence[str] | None, header: bool, etymology: bool
) -> Iterator[str]:
    """Print the rows that `score` gives the names, and pass the names on."""
    if header:
        sys.stdout.write(loading.head_of(etymology=etymology, label=bool(labels)))
    pairs = labelled(chosen, labels)
    while some := list(islice(pairs, AT_ONCE)):
        for (label, name), row in zip(some, scorer.score([name for _, name in some]), strict=True):
            sys.stdout.write(loading.row_as(form, row, etymology=etymology, label=label))
            yield name


def ranked(names: Iterator[str], scorer: Scorer) -> Iterator[str]:
    """The names, the most plausible for their length first, with few of one last or first element near each other.

    Names are compared per character with those of the pool that are as long; of each last and of each first element
    one name in ten comes at most until the others are through.
    """
    pool = list(names)
    bits = [float(part.mean()) if part is not None else 99.0 for part in scorer.surprises(pool)]
    of_length: dict[int, list[float]] = {}
    for name, mean in zip(pool, bits, strict=True):
        of_length.setdefault(len(name), []).append(mean)
    for means in of_length.values():
        means.sort()
    share = [
        bisect(of_length[len(name)], mean) / len(of_length[len(name)]) for name, mean in zip(pool, bits, strict=True)
    ]
    waiting = sorted(range(len(pool)), key=lambda k: (share[k], bits[k]))
    while waiting:
        taken, left, counts = 0, [], Counter[str]()
        for k in waiting:
            parts = scorer.morphology.analyse(pool[k]).parts if scorer.genus else ()
            ends = ("^" + parts[0].form, "$" + parts[-1].form) if parts else ()
            if any(counts[end] > taken / 10 for end in ends):
                left.append(k)
            else:
                counts.update(ends)
                taken += 1
                yield pool[k]
        waiting = left


def shown(chosen: Iterator[str], trained: Checkpoint, request: SamplingParams) -> Iterator[str]:
    """Print the names with P of each letter and of the end, as drawn and in the model, and pass them on.

    Letters of a prefix are given, not drawn: P = 1.
    """
    from bacterio_cli.nomenclature.name_index import Lookup

    scorer = loading.scorer_of(trained, Lookup([]), genus=False)
    prefixes = [trained.vocabulary.fold(prefix) for prefix in request.prefixes]
    picture = terminal.is_terminal(sys.stdout)
    if picture:
        terminal.notice(terminal.LEGEND)
    while some := list(islice(chosen, AT_ONCE)):
        for name, drawn, plain in zip(some, scorer.surprises(some, request.shape), scorer.surprises(some), strict=True):
            assert drawn is not None
            assert plain is not None
            drawn[: max((len(p) for p in prefixes if trained.vocabulary.fold(name).startswith(p)), default=0)] = 0
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
