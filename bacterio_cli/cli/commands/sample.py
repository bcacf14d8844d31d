"""`bacterio sample`: invent names."""

import os
import sys
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from typing import Annotated, Any, Literal

from typer import Option

from bacterio_cli.cli import loading, options, progress, runtime, tables, terminal
from bacterio_cli.dataset import nfc
from bacterio_cli.errors import BacterioError, refuse
from bacterio_cli.inference import LONGEST_NAME, TEMPERATURE, filters, most_tries, sampler
from bacterio_cli.inference.scorer import Scorer
from bacterio_cli.nomenclature import statistics, usable
from bacterio_cli.nomenclature.etymology import draft, in_print
from bacterio_cli.nomenclature.glossary import GENDERS

POOL, TRIES_PER_RANKED = 5_000, 10
AT_ONCE = 512  # names scored together
REPEATABLE = ("prefix", "ending", "about")


def sample(
    n: Annotated[int | None, Option("--n", "-n", min=1, help="How many names to print. [default: 20; 1 at temperature 0; with --for, 1 for each]")] = None,
    temp: Annotated[float, Option("--temp", "-t", help="Temperature: below 1 safer, above 1 wilder; 0 is the one likeliest name.")] = TEMPERATURE,
    checkpoint: options.CheckpointOption = None,
    seed: Annotated[int | None, Option(help="Seed, from 0; the same seed gives the same names. [default: fresh each time]")] = None,
    prefix: Annotated[list[str] | None, Option(metavar="TEXT", parser=nfc, help="Begin with these letters; repeatable: with one of them, each as often as the model has it. [default: any]", show_default=False)] = None,
    ending: Annotated[list[str] | None, Option(metavar="TEXT", parser=nfc, autocompletion=lambda: list(GENDERS.items()), help="End with these letters; repeatable: with one of them. [default: any]", show_default=False)] = None,
    gender: Annotated[Literal["m", "f", "n"] | None, Option(help="Only names of this gender, by their last component or ending. [default: any]")] = None,
    about: Annotated[list[str] | None, Option(metavar="WORD", help="Only names with an element that says so: soil, marine, 'hot spring', rod, red, …; repeatable; 'help' lists them. [default: any]", show_default=False)] = None,
    glossary: options.GlossaryOption = None,
    nets_only: Annotated[bool, Option("--nets-only", help="Draw from the net alone, without the table that is mixed with it.")] = False,
    any_name: Annotated[bool, Option("--any", help="Every new draw, also names of genera that are not made of known words, or ill formed.")] = False,
    match: Annotated[str | None, Option(metavar="REGEX", parser=nfc, help="Only names in which this is found. [default: any]")] = None,
    min_length: Annotated[int, Option(help=f"Shortest name, in letters, {LONGEST_NAME:,} at most.")] = 1,
    max_length: Annotated[int | None, Option(min=1, help="Longest name, in letters. [default: twice the longest known]")] = None,
    top_k: Annotated[int | None, Option(help="Draw from the k likeliest letters only. [default: all]")] = None,
    top_p: Annotated[float | None, Option(help="Draw from the likeliest letters that hold this share (1e-9 to 1). [default: 1]")] = None,
    avoid: options.AvoidOption = None,
    avoid_elsewhere: options.AvoidElsewhereOption = None,
    input_format: options.InputFormatOption = None,
    column: options.ColumnOption = None,
    encoding: options.EncodingOption = None,
    also_known: options.AlsoKnownOption = True,
    min_edits: Annotated[int | None, Option(min=0, max=2, help="Edits from the nearest known name, at least; 1 is: not known itself. [default: 1]")] = None,
    ban: Annotated[Path | None, Option(metavar="FILE", help="Words, one a line, that no name may contain. [default: none]")] = None,
    check: Annotated[bool, Option("--check", help="Only names that break no rule for genus names and are likelier than 80 % of those held out.")] = False,
    allow_known: Annotated[bool, Option("--allow-known", help="Print names of the corpus too: --min-edits 0.")] = False,
    allow_duplicates: Annotated[bool, Option("--allow-duplicates", help="Print a name as often as it is drawn.")] = False,
    rank: Annotated[bool, Option("--rank", help="Draw a pool of names and print its likeliest, the best first.")] = False,
    pool: Annotated[int | None, Option(min=1, max=10**6, help=f"Names in the pool of --rank. [default: {POOL:,}]")] = None,
    placeholders: Annotated[Path | None, Option("--for", metavar="FILE", help="Placeholders, such as UBA1234, in a plain list or a taxonomy of GTDB: print -n names for each. [default: none]")] = None,
    form: Annotated[Literal["names", "tsv", "jsonl"], Option("--format", help="Names alone, or with the fields of 'score'.")] = "names",
    header: options.HeaderOption = False,
    etymology: options.EtymologyOption = False,
    show: Annotated[bool, Option("--show", help="Each letter's probability too, and the end's: as drawn, and in the model. Bars on a terminal, else two columns.")] = False,
    report: Annotated[bool, Option("--report", help="Afterwards, compare the names with the corpus, on stderr.")] = False,
    as_json: Annotated[bool, Option("--json", help="The report as one JSON object.")] = False,
    max_tries: Annotated[int | None, Option(min=1, help=f"Draws before giving up. [default: {most_tries(0):,}, and {most_tries(1) - most_tries(0):,} per name; with --rank {TRIES_PER_RANKED} per name of the pool]")] = None,
) -> None:  # fmt: skip
    """Invent names.

    One per line on stdout, new to the corpus and distinct unless allowed otherwise. A model of genera prints names that
    are made of known words, are well formed, and stand in no list; --any prints every new draw. Name k depends on the
    model, the options and the seed, not on how many are asked for.

    Example: bacterio sample --n 20 --temp 0.8
    """
    given = dict(locals())  # the options, by their names here
    how, lists = options.how_to_read(given), avoid or avoid_elsewhere
    refuse(
        (as_json and not report, "--json is the form of --report; give both"),
        (header and form != "tsv", f"--header goes with --format tsv, not {form}"),
        (pool and not rank, "--pool is how many names --rank chooses from; give both"),
        (how and not lists, "--input-format, --column and --encoding say how to read --avoid; give both"),
        *(("" in (given[name] or []), f"--{name} is empty; give letters or a word") for name in REPEATABLE),
        (allow_known and min_edits, f"--allow-known is --min-edits 0, and --min-edits {min_edits} is given too"),
        (allow_duplicates and (rank or placeholders), "--allow-duplicates goes neither with --rank nor with --for"),
        (show and form != "names", "--show prints names in a form of its own; leave out --format"),
        (show and (placeholders or etymology), "--show prints names alone; leave out --for and --etymology"),
        (any_name and check, "--any prints names that --check refuses; give one of them"),
    )
    if seed is None:
        given["seed"] = int.from_bytes(os.urandom(4))
    filters.params_of(given)
    words = loading.words_about(about or [], glossary or [])
    labels = loading.read_words(placeholders, "--for", placeholders=True) if placeholders else []
    n = (n or (1 if labels or not temp else 20)) * max(1, len(labels))
    count = (pool or POOL) if rank else n
    refuse((n > count, f"{n} names are more than the pool of {count:,}; draw more with --pool"))
    _, model = loading.open_model(checkpoint)
    genus = model.of_genera or check
    refuse((etymology and not genus, "--etymology is for names of genera, which the model has not learned"))
    given["max_length"] = max_length or max(2 * model.corpus["longest"], min_length)
    params = filters.params_of(given)
    for option in ("prefix", "ending"):
        for letters in given[option] or []:
            model.vocabulary.require(letters, where=f"--{option} {letters}")
    if model.weights[0] < 0.05 and not nets_only:
        terminal.notice(f"the net has a weight of {model.weights[0]:.2f}: names come from the table; see --nets-only")
    runtime.keep_freed_memory()
    scorer = loading.scorer_of(model, given, genus=genus)
    if seed is None:
        terminal.notice(f"seed {params.seed}")
    missing = model.vocabulary.missing
    beginnings = {b for word in words for b in word.beginnings if len(b) <= params.max_length and not missing(b)}
    if beginnings and not prefix:  # the element of --about may stand at the end
        params = replace(params, prefixes=tuple(sorted(beginnings)), unprefixed=0.25)
    wanted = [*filters.filters_of(given, scorer, words, loading.read_words(ban, "--ban") if ban else ())]
    stats = sampler.SamplingStats()
    tries = max_tries or (most_tries(count, per_name=TRIES_PER_RANKED) if rank else most_tries(count))
    lm = model.net if nets_only else model.language_model
    limits: dict[str, Any] = {"count": count, "max_tries": tries, "stats": stats, "filters": wanted}
    drawn = sampler.sample(lm, model.vocabulary, frozenset(model.known), params, **limits)
    names = progress.progress_bar("names", count, drawn, quiet=not rank and terminal.is_terminal(sys.stdout))
    chosen = islice(ranked(names, scorer), n) if rank else names
    label_of = None
    if labels:  # in turn, so that name k of a placeholder does not depend on how many there are of each
        dealt = list(chosen)
        label_of = dict(zip(dealt, cycle(labels), strict=False))
        chosen = (name for k in range(len(labels)) for name in dealt[k :: len(labels)])
    if show:
        printed = print_probabilities(chosen, scorer, params)
    elif form == "names":
        printed = print_names(chosen, label_of, scorer if etymology else None)
    else:
        rows = (row for some in loading.pieces(chosen, AT_ONCE) for row in scorer.score(some))
        found = loading.print_rows(rows, form, header=header, etymology=etymology, label_of=label_of)
        printed = (row.name for row in found)
    kept = list(islice(printed, 100_000))  # for the report
    deque(printed, maxlen=0)  # prints the others
    sys.stdout.flush()
    if lists or check or form != "names":
        terminal.notice(loading.compared_with(scorer.lookup))
    if report:
        show_report(kept, model.known, stats, as_json=as_json)
    elif (wanted or rank) and stats.accepted >= n:
        share = 100 * stats.accepted / max(1, stats.drawn)
        terminal.notice(f"{stats.accepted:,} of {stats.drawn:,} draws accepted ({share:.3g} %)")
    if stats.accepted < n:
        raise BacterioError(shortfall(stats, n, greedy=not temp, gave_up=stats.drawn < tries))


def print_names(names: Iterable[str], label_of: Mapping[str, str] | None, scorer: Scorer | None) -> Iterator[str]:
    """Print each name, behind its placeholder if there are any, with a scorer its etymology below, then yield it."""
    for name in names:
        sys.stdout.write(terminal.result(f"{name}\n" if label_of is None else f"{label_of[name]}\t{name}\n"))
        if scorer:
            drafted = in_print(draft(scorer.morphology.analyse(name)))
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


def print_probabilities(names: Iterable[str], scorer: Scorer, request: sampler.SamplingParams) -> Iterator[str]:
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


def show_report(names: list[str], known: Sequence[str], tally: sampler.SamplingStats, *, as_json: bool) -> None:
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


def reasons(tally: sampler.SamplingStats) -> str:
    """Why draws were refused, the commonest reason first."""
    return ", ".join(f"{count:,} {why}" for why, count in tally.refused.most_common()) or "none"


def shortfall(tally: sampler.SamplingStats, wanted: int, *, greedy: bool, gave_up: bool) -> str:
    """What was found, what was refused and why, and what may help: not more draws if it `gave_up` before --max-tries."""
    remedy = "loosen the constraints, or try another --temp" + ", or raise --max-tries" * (not gave_up)
    if greedy:
        remedy = "temperature 0 has one answer: raise --temp"
    found = f"found {tally.accepted:,} of {wanted:,} name{'s' * (wanted != 1)} in {tally.drawn:,} draw{'s' * (tally.drawn != 1)}"
    causes = {"--any": usable.REASONS, "--allow-known": ("known",), "--allow-duplicates": ("duplicate",)}
    common = {why for why, _ in tally.refused.most_common(2)}
    remedy += "".join(f", or pass {option}" for option, whys in causes.items() if not common.isdisjoint(whys))
    return f"{found}; refused: {reasons(tally)}; {remedy}"
