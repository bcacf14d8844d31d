"""`bacterio sample`: invent names."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bacterio_cli.cli import terminal
from bacterio_cli.errors import BacterioError, UsageError

if TYPE_CHECKING:
    from bacterio_cli.sampling import Tally

Choice = typer.Option


def sample(
    n: Annotated[int, Choice("--n", "-n", min=1, help="How many names to print.")] = 20,
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
    max_tries: Annotated[int | None, Choice(min=1, help="Draws before giving up. [default: 100,000 + 1,000 a name]")] = None,
) -> None:  # fmt: skip
    """Invent names.

    One a line on stdout, new to the corpus and distinct unless allowed otherwise; name k depends on the model, the
    options and the seed, not on how many are asked for.

    Example: bacterio sample --n 20 --temp 0.8
    """
    import math  # what is imported here would slow down --help
    import secrets

    from bacterio_cli.sampling import Request, Tally
    from bacterio_cli.sampling import sample as names_of
    from bacterio_cli.trained import WORKING_CHECKPOINT, default_checkpoint, load

    if not math.isfinite(temp):
        raise UsageError(f"--temp must be a finite number, not {temp}")
    if max_length is not None and max_length < min_length:
        raise UsageError(f"--min-length {min_length} is more than --max-length {max_length}")
    if checkpoint is None:
        checkpoint = default_checkpoint()
        what = (
            checkpoint if checkpoint == WORKING_CHECKPOINT else "the model that ships; 'bacterio train' makes your own"
        )
        terminal.notice(f"using {what}")
    trained = load(checkpoint)
    if seed is None:
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
    for name in names:
        sys.stdout.write(name + "\n")
    sys.stdout.flush()
    if tally.accepted < n:
        raise BacterioError(shortfall(tally, n, request.temperature))


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
