"""`bacterio sample`: invent names."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bacterio_cli.cli import completion as completing
from bacterio_cli.cli import loading as comparing
from bacterio_cli.cli import sample_output as printing
from bacterio_cli.cli import terminal
from bacterio_cli.cli.commands.corpus import InputFormat
from bacterio_cli.cli.runtime import keep_freed_memory
from bacterio_cli.errors import UNPRINTABLE, BacterioError, UsageError

if TYPE_CHECKING:
    from bacterio_cli.checkpoint.checkpoint import Checkpoint
    from bacterio_cli.inference.filters import Filter
    from bacterio_cli.nomenclature.name_index import Lookup

Choice = typer.Option
MANY = 1_000  # names for which malloc is worth a word


def sample(
    n: Annotated[int | None, Choice("--n", "-n", min=1, help="How many names to print. [default: 20; 1 at temperature 0; with --for, one for each]")] = None,
    temp: Annotated[float, Choice("--temp", "-t", min=0, help="Temperature: below 1 safer, above 1 wilder; 0 is the one likeliest name.")] = 0.8,
    checkpoint: Annotated[Path | None, Choice("--checkpoint", "-c", autocompletion=completing.checkpoints, help="The model. [default: bacterio.npz here, else the one that ships]")] = None,
    seed: Annotated[int | None, Choice(min=0, max=2**63 - 1, help="Seed; the same seed gives the same names. [default: fresh each time]")] = None,
    prefix: Annotated[str, Choice(help="Begin every name with these letters. [default: none]", show_default=False)] = "",
    ending: Annotated[list[str] | None, Choice(autocompletion=completing.endings, help="End with these letters; repeatable: with one of them. [default: any]", show_default=False)] = None,
    gender: Annotated[Literal["m", "f", "n"] | None, Choice(help="Only names of this gender, by ending. [default: any]")] = None,
    match: Annotated[str | None, Choice(metavar="REGEX", help="Only names in which this is found. [default: any]")] = None,
    min_length: Annotated[int, Choice(min=1, help="Shortest name, in letters.")] = 1,
    max_length: Annotated[int | None, Choice(min=1, max=10000, help="Longest name, in letters. [default: twice the longest known]")] = None,
    top_k: Annotated[int | None, Choice(min=1, help="Draw from the k likeliest letters only. [default: all]")] = None,
    top_p: Annotated[float | None, Choice(min=0, max=1, help="Draw from the likeliest letters that hold this share. [default: 1]")] = None,
    avoid: Annotated[list[str] | None, Choice(metavar="FILE[#COLUMN]", help="Print no name of this list, in any format that 'corpus' reads, or of a table's column; repeatable. [default: none]", show_default=False)] = None,
    avoid_elsewhere: Annotated[list[str] | None, Choice(metavar="FILE[#COLUMN]", help="The same for a list of plants, animals, fungi or viruses; repeatable. [default: none]", show_default=False)] = None,
    input_format: Annotated[InputFormat | None, Choice(help="The format of the lists to avoid. [default: by content]")] = None,
    column: Annotated[str | None, Choice(metavar="NAME|N", help="The column of a table to avoid that holds the names, by name or number from 1. [default: it is no table]")] = None,
    encoding: Annotated[str | None, Choice(metavar="NAME", help="The encoding of the lists to avoid. [default: utf-8, or as the file announces]")] = None,
    min_edits: Annotated[int | None, Choice(min=0, max=2, help="Edits from the nearest known name, at least; 1 is: not known itself. [default: 1]")] = None,
    ban: Annotated[Path | None, Choice(metavar="FILE", help="Words, one a line, that no name may contain. [default: none]")] = None,
    check: Annotated[bool, Choice("--check", help="Only names without conflicts under the rules for genus names.")] = False,
    allow_known: Annotated[bool, Choice("--allow-known", help="Print names of the corpus too: --min-edits 0.")] = False,
    allow_duplicates: Annotated[bool, Choice("--allow-duplicates", help="Print a name as often as it is drawn.")] = False,
    rank: Annotated[bool, Choice("--rank", help="Draw a pool of names and print its likeliest, the best first.")] = False,
    pool: Annotated[int, Choice(min=1, help="Names in the pool of --rank.")] = 10_000,
    placeholders: Annotated[Path | None, Choice("--for", metavar="FILE", help="Placeholders, one a line, such as UBA1234: print each with a name of its own. [default: none]")] = None,
    form: Annotated[Literal["names", "tsv", "jsonl"], Choice("--format", help="Names alone, or with the fields of 'score'.")] = "names",
    header: Annotated[bool, Choice("--header", help="Begin the TSV with the names of its columns.")] = False,
    show: Annotated[bool, Choice("--show", help="Each letter's probability too, and the end's: as drawn, and in the model. Bars on a terminal, else two columns.")] = False,
    report: Annotated[bool, Choice("--report", help="Afterwards, compare the names with the corpus, on stderr.")] = False,
    as_json: Annotated[bool, Choice("--json", help="The report as one JSON object.")] = False,
    max_tries: Annotated[int | None, Choice(min=1, help="Draws before giving up. [default: 100,000 + 1,000 a name; with --rank + 10 a name of the pool]")] = None,
) -> None:  # fmt: skip
    """Invent names.

    One a line on stdout, new to the corpus and distinct unless allowed otherwise; name k depends on the model, the
    options and the seed, not on how many are asked for.

    Example: bacterio sample --n 20 --temp 0.8
    """
    import math  # what is imported here would slow down --help

    from bacterio_cli.inference.sampler import SamplingParams, SamplingStats
    from bacterio_cli.inference.sampler import sample as names_of

    refuse_contradictions(locals())
    if not math.isfinite(temp):
        raise UsageError(f"--temp must be a finite number, not {temp}")
    wanted = read_words(placeholders, "--for") if placeholders else None
    n = n or (len(wanted) if wanted else 20 if temp else 1)
    if wanted and n > len(wanted):
        raise UsageError(f"-n {n} is more than the {len(wanted)} placeholders of {placeholders}")
    if rank and n > pool:
        raise UsageError(f"-n {n} is more than the pool of {pool:,} names; draw more with --pool")
    _, trained = comparing.open_model(checkpoint)
    if max(n, pool if rank else 0) >= MANY:
        keep_freed_memory()
    if seed is None:
        import secrets

        seed = secrets.randbelow(2**32)
        terminal.notice(f"seed {seed}")
    request = SamplingParams(
        seed=seed,
        temperature=temp,
        top_k=top_k,
        top_p=top_p,
        prefix=prefix,
        min_length=min_length,
        max_length=max_length or max(2 * trained.corpus["longest"], min_length),
        allow_known=allow_known or min_edits == 0,
        allow_duplicates=allow_duplicates,
    )
    how = {"input_format": input_format, "column": column, "encoding": encoding}
    listed = bool(avoid or avoid_elsewhere)
    lookup = (
        comparing.lists_of(trained, avoid or [], avoid_elsewhere or [], **how)
        if listed or check or form != "names"
        else None
    )
    demands = demands_of(trained, lookup, ending, gender, match, ban, min_edits, check=check, avoid=listed)
    count, tally = pool if rank else n, SamplingStats()
    names = names_of(
        trained.language_model,
        trained.vocabulary,
        frozenset(trained.known),
        request,
        count=count,
        max_tries=max_tries or 100_000 + (10 if rank else 1_000) * count,
        tally=tally,
        demands=demands,
    )
    chosen = islice(ranked(names, trained), n) if rank else names
    if show:
        printed = printing.shown(chosen, trained, request)
    elif lookup is not None and form != "names":
        printed = printing.rows(chosen, form, comparing.scorer_of(trained, lookup), header=header)
    else:
        printed = printing.names(chosen, wanted)
    kept = list(islice(printed, printing.REPORTED if report else 0))
    deque(printed, maxlen=0)  # the rest is printed too
    sys.stdout.flush()
    if lookup is not None:
        terminal.notice(comparing.compared_with(lookup))
    if (demands or rank) and tally.accepted >= n:
        terminal.notice(f"{tally.accepted:,} of {tally.drawn:,} draws accepted ({printing.share(tally):.3g} %)")
    if report:
        printing.show_report(kept, trained.known, tally, as_json=as_json)
    if tally.accepted < n:
        raise BacterioError(printing.shortfall(tally, n, request.temperature))


def refuse_contradictions(given: dict[str, Any]) -> None:
    """UsageError for options that cannot stand together."""
    if given["as_json"] and not given["report"]:
        raise UsageError("--json is the form of --report; give both")
    if given["max_length"] is not None and given["max_length"] < given["min_length"]:
        raise UsageError(f"--min-length {given['min_length']} is more than --max-length {given['max_length']}")
    if given["header"] and given["form"] != "tsv":
        raise UsageError(f"--header goes with --format tsv, not {given['form']}")
    if not (given["avoid"] or given["avoid_elsewhere"]) and (
        given["input_format"] or given["column"] or given["encoding"]
    ):
        raise UsageError("--input-format, --column and --encoding say how to read --avoid; give both")
    if "" in (given["ending"] or []):
        raise UsageError("--ending is empty; give the letters that names are to end with")
    read = [*(given["avoid"] or []), *(given["avoid_elsewhere"] or []), str(given["placeholders"]), str(given["ban"])]
    if read.count("-") > 1:
        raise UsageError("'-' is given twice, and standard input can be read once")
    if given["allow_known"] and given["min_edits"]:
        raise UsageError(f"--allow-known is --min-edits 0, and --min-edits {given['min_edits']} is given too")
    if given["allow_duplicates"] and (given["rank"] or given["placeholders"]):
        raise UsageError("--allow-duplicates goes neither with --rank nor with --for, which want distinct names")
    if given["show"] and (given["placeholders"] or given["form"] != "names"):
        raise UsageError("--show prints names in a form of its own; give it without --format and --for")
    if given["placeholders"] and given["form"] != "names":
        raise UsageError("--for prints a placeholder and a name; give it without --format")


def read_words(path: Path, option: str) -> list[str]:
    """The words of a list, one a line; UsageError if there is none."""
    from bacterio_cli.dataset.readers.formats import read

    words = [entry.text.strip() for entry in read(str(path), input_format="lines").entries]
    words = list(dict.fromkeys(word for word in words if word and not word.startswith("#")))
    if not words:
        raise BacterioError(f"{option} {path}: the file has no words; give one a line")
    if odd := next((word for word in words if UNPRINTABLE.search(word)), None):
        raise BacterioError(f"{option} {path}: control character in {odd!r}; give one word a line")
    return words


def demands_of(
    trained: Checkpoint,
    lookup: Lookup | None,
    ending: Sequence[str] | None,
    gender: str | None,
    match: str | None,
    ban: Path | None,
    min_edits: int | None,
    *,
    check: bool,
    avoid: bool,
) -> list[Filter]:
    """What the options demand of a name, the quickest to find out first."""
    if not (ending or gender or match or ban or avoid or check or min_edits == 2):
        return []
    from bacterio_cli.inference import filters as demands

    found = []
    if ending:
        for end in ending:
            if missing := trained.vocabulary.missing(end):
                raise BacterioError(f"--ending {end}: {missing!r} is not in the model's alphabet")
        found.append(demands.ending(ending))
    if gender:
        found.append(demands.of_gender(gender))
    if match is not None:
        found.append(demands.match(match))
    if ban:
        found.append(demands.without(read_words(ban, "--ban")))
    lists = lookup or comparing.lists_of(trained, [])
    if avoid:
        found.append(demands.unlisted(lists.avoided))
    if min_edits == 2:
        found.append(demands.apart(lists, 2))
    if check:
        found.append(demands.without_conflict(comparing.scorer_of(trained, lists, genus=True)))
    return found


def ranked(names: Iterator[str], trained: Checkpoint) -> Iterator[str]:
    """The names, the likeliest a character first; of equals the one drawn first."""
    from bacterio_cli.inference.scorer import Scorer
    from bacterio_cli.nomenclature.name_index import Lookup

    pool = list(names)
    bits = Scorer(trained, Lookup([]), genus=False).surprises(pool)
    means = [float(part.mean()) for part in bits if part is not None]
    yield from (pool[k] for k in sorted(range(len(pool)), key=means.__getitem__))
