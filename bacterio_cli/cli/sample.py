"""`bacterio sample`: invent names."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bacterio_cli.cli import terminal
from bacterio_cli.errors import BacterioError, UsageError
from bacterio_cli.machine import keep_freed_memory

if TYPE_CHECKING:
    from bacterio_cli.sampling import Tally

Choice = typer.Option
MANY = 1_000  # names for which malloc is worth a word
REPORTED = 100_000  # names that a report keeps


def sample(
    n: Annotated[int | None, Choice("--n", "-n", min=1, help="How many names to print. [default: 20; 1 at temperature 0]")] = None,
    temp: Annotated[float, Choice("--temp", "-t", min=0, help="Temperature: below 1 safer, above 1 wilder; 0 is the one likeliest name.")] = 0.8,
    checkpoint: Annotated[Path | None, Choice("--checkpoint", "-c", help="The model. [default: bacterio.npz here, else the one that ships]")] = None,
    seed: Annotated[int | None, Choice(min=0, max=2**63 - 1, help="Seed; the same seed gives the same names. [default: fresh each time]")] = None,
    prefix: Annotated[str, Choice(help="Begin every name with these letters.", show_default=False)] = "",
    min_length: Annotated[int, Choice(min=1, help="Shortest name, in letters.")] = 1,
    max_length: Annotated[int | None, Choice(min=1, max=10000, help="Longest name, in letters. [default: twice the longest known]")] = None,
    top_k: Annotated[int | None, Choice(min=1, help="Draw from the k likeliest letters only.")] = None,
    top_p: Annotated[float | None, Choice(min=0, max=1, help="Draw from the likeliest letters that hold this share.")] = None,
    allow_known: Annotated[bool, Choice("--allow-known", help="Print names of the corpus too.")] = False,
    allow_duplicates: Annotated[bool, Choice("--allow-duplicates", help="Print a name as often as it is drawn.")] = False,
    report: Annotated[bool, Choice("--report", help="Afterwards, compare the names with the corpus, on stderr.")] = False,
    as_json: Annotated[bool, Choice("--json", help="The report as one JSON object.")] = False,
    max_tries: Annotated[int | None, Choice(min=1, help="Draws before giving up. [default: 100,000 + 1,000 a name]")] = None,
) -> None:  # fmt: skip
    """Invent names.

    One a line on stdout, new to the corpus and distinct unless allowed otherwise; name k depends on the model, the
    options and the seed, not on how many are asked for.

    Example: bacterio sample --n 20 --temp 0.8
    """
    import math  # what is imported here would slow down --help

    from bacterio_cli.sampling import Request, Tally
    from bacterio_cli.sampling import sample as names_of
    from bacterio_cli.trained import WORKING_CHECKPOINT, default_checkpoint, load

    n = n or (20 if temp else 1)
    if not math.isfinite(temp):
        raise UsageError(f"--temp must be a finite number, not {temp}")
    if as_json and not report:
        raise UsageError("--json is the form of --report; give both")
    if max_length is not None and max_length < min_length:
        raise UsageError(f"--min-length {min_length} is more than --max-length {max_length}")
    if checkpoint is None:
        checkpoint = default_checkpoint()
        what = (
            checkpoint if checkpoint == WORKING_CHECKPOINT else "the model that ships; 'bacterio train' makes your own"
        )
        terminal.notice(f"using {what}")
    trained = load(checkpoint)
    if n >= MANY:
        keep_freed_memory()
    if seed is None:
        import secrets

        seed = secrets.randbelow(2**32)
        terminal.notice(f"seed {seed}")
    request = Request(
        seed=seed,
        temperature=temp,
        top_k=top_k,
        top_p=top_p,
        prefix=prefix,
        min_length=min_length,
        max_length=max_length or max(2 * trained.corpus["longest"], min_length),
        allow_known=allow_known,
        allow_duplicates=allow_duplicates,
    )
    tally = Tally()
    names = names_of(
        trained.language_model,
        trained.vocabulary,
        frozenset(trained.known),
        request,
        count=n,
        max_tries=max_tries or 100_000 + 1_000 * n,
        tally=tally,
    )
    kept: list[str] = []
    for name in names:
        sys.stdout.write(name + "\n")
        if report and len(kept) < REPORTED:
            kept.append(name)
    sys.stdout.flush()
    if report:
        show_report(kept, trained.known, tally, as_json=as_json)
    if tally.accepted < n:
        raise BacterioError(shortfall(tally, n, request.temperature))


def show_report(names: list[str], known: Sequence[str], tally: Tally, *, as_json: bool) -> None:
    """What became of the draws, and how the names compare with the corpus."""
    from bacterio_cli.names.comparison import compare

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
    terminal.table((title, "names", "corpus"), cells, stream=sys.stderr, right=("names", "corpus"))


def shortfall(tally: Tally, wanted: int, temperature: float) -> str:
    """What was found, what was refused and why, and what may help."""
    reasons = ", ".join(f"{count:,} {why}" for why, count in tally.refused.most_common())
    remedy = (
        "temperature 0 has one answer: ask for -n 1, or raise --temp"
        if temperature == 0
        else "loosen the constraints, raise --temp or --max-tries, or pass --allow-known or --allow-duplicates"
    )
    return (
        f"found {tally.accepted:,} of {wanted:,} names in {tally.drawn:,} draws; refused: {reasons or 'none'}; {remedy}"
    )
