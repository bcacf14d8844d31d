"""What `sample` prints: the names, alone or with what is known of them, and what became of the draws."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bacterio_cli.cli import loading, tables, terminal
from bacterio_cli.inference.sampler import SamplingParams, SamplingStats
from bacterio_cli.inference.scorer import Scorer
from bacterio_cli.nomenclature import etymology, statistics, usable

AT_ONCE = 512  # names scored together


def print_names(names: Iterable[str], label_of: Mapping[str, str] | None, scorer: Scorer | None) -> Iterator[str]:
    """Print each name, behind its placeholder if there are any, with a scorer its etymology below, then yield it."""
    for name in names:
        sys.stdout.write(terminal.result(f"{name}\n" if label_of is None else f"{label_of[name]}\t{name}\n"))
        if scorer:
            drafted = etymology.in_print(etymology.draft(scorer.morphology.analyse(name)))
            terminal.line(f"    {drafted}", stream=sys.stdout, indent="    ")
        yield name


def ranked(names: Iterable[str], scorer: Scorer) -> Iterator[str]:
    """The names, the likeliest per character among those as long first.

    Of each last and of each first element one name in ten comes at most until the others are through.
    """
    pool = list(names)
    bits = [float(part.mean()) if part is not None else 99.0 for part in scorer.surprises(pool)]
    likeliest = [name for _, name in sorted(zip(bits, pool, strict=True))]
    share: dict[str, float] = {}  # of the names as long as this one, those that are as likely at least
    for length in set(map(len, pool)):
        same = [name for name in likeliest if len(name) == length]
        share |= {name: place / len(same) for place, name in enumerate(same, 1)}
    waiting = sorted(likeliest, key=share.__getitem__)
    while waiting:
        taken, left, counts = 0, [], Counter[str]()
        for name in waiting:
            parts = scorer.morphology.analyse(name).parts if scorer.genus else ()
            ends = ("^" + parts[0].form, "$" + parts[-1].form) if parts else ()
            if any(counts[end] > taken / 10 for end in ends):
                left.append(name)
            else:
                counts.update(ends)
                taken += 1
                yield name
        waiting = left


def print_probabilities(names: Iterable[str], scorer: Scorer, request: SamplingParams) -> Iterator[str]:
    """Print each name with P of each letter and of the end, as drawn and in the model, then yield it."""
    fold = scorer.checkpoint.vocabulary.fold
    prefixes = [fold(prefix) for prefix in request.prefixes]
    picture = terminal.is_terminal(sys.stdout)
    if picture:
        terminal.notice(terminal.LEGEND)
    for some in loading.pieces(names, AT_ONCE):
        for name, drawn, plain in zip(some, scorer.surprises(some, request.shape), scorer.surprises(some), strict=True):
            assert drawn is not None
            assert plain is not None
            # Letters of a prefix are given, not drawn: P = 1.
            drawn[: max((len(p) for p in prefixes if fold(name).startswith(p)), default=0)] = 0
            if picture:
                terminal.show_probabilities(name, drawn.tolist(), plain.tolist())
            else:
                columns = (",".join(f"{p:.4g}" for p in 2.0**-bits) for bits in (drawn, plain))
                sys.stdout.write("\t".join((name, *columns)) + "\n")
        yield from some


def show_report(names: list[str], known: Sequence[str], tally: SamplingStats, *, as_json: bool) -> None:
    """What became of the draws, and how the names compare with the corpus."""
    figures = statistics.compare(names, known)
    if as_json:
        counts = {"drawn": tally.drawn, "accepted": tally.accepted, "refused": dict(tally.refused)}
        values = {name: {"names": own, "corpus": corpus} for name, (own, corpus) in figures.items()}
        sys.stderr.write(terminal.as_json({**counts, "compared": len(names), "figures": values}))
        return
    terminal.notice(f"{tally.drawn:,} draws, {tally.accepted:,} accepted; refused: {reasons(tally)}")
    columns = (f"{len(names):,} names beside the corpus", "names", "corpus")
    tables.table(columns, [(name, *pair) for name, pair in figures.items()], stream=sys.stderr)


def reasons(tally: SamplingStats) -> str:
    """Why draws were refused, the commonest reason first."""
    return ", ".join(f"{count:,} {why}" for why, count in tally.refused.most_common()) or "none"


def shortfall(tally: SamplingStats, wanted: int, *, greedy: bool, gave_up: bool) -> str:
    """What was found, what was refused and why, and what may help: not more draws if it `gave_up` before --max-tries."""
    remedy = "loosen the constraints, or try another --temp" + ", or raise --max-tries" * (not gave_up)
    if greedy:
        remedy = "temperature 0 has one answer: raise --temp"
    found = f"found {tally.accepted:,} of {wanted:,} name{'s' * (wanted != 1)} in {tally.drawn:,} draw{'s' * (tally.drawn != 1)}"
    unusable = (*usable.REASONS, "implausible")
    causes = {"--any": unusable, "--allow-known": ("known",), "--allow-duplicates": ("duplicate",)}
    common = {why for why, _ in tally.refused.most_common(2)}
    remedy += "".join(f", or pass {option}" for option, whys in causes.items() if not common.isdisjoint(whys))
    return f"{found}; refused: {reasons(tally)}; {remedy}"
