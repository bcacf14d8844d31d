"""Sampling as a generator: names come out one by one, and a tally of what was refused fills up.

Rows are drawn independently in blocks of a fixed sequence of sizes, each with its own numbers from a
counter-based generator keyed by seed and block. So name k depends on the model, the options and the
seed, not on how many names are asked for.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.errors import BacterioError
from bacterio_cli.inference import TEMPERATURE
from bacterio_cli.inference.decoding import choose, shaper
from bacterio_cli.lm.base import LanguageModel
from bacterio_cli.lm.prefix_tree import PrefixBatch, largest_block
from bacterio_cli.nn.layers import Array

if TYPE_CHECKING:
    from bacterio_cli.inference.filters import Filter

FIRST_BLOCK = 64
JUDGED = 512  # draws that demands look at together
MOST_IDS = 2**25  # that a block may draw, were all of its names as long as they may be
HOPELESS = 200_000  # draws in a row without one that is accepted


@dataclass(frozen=True)
class SamplingParams:
    """What names are wanted. `temperature` > 0 is dimensionless, 0 takes the likeliest letter; lengths in letters."""

    seed: int
    temperature: float = TEMPERATURE
    top_k: int | None = None
    top_p: float | None = None
    prefix: str = ""
    min_length: int = 1
    max_length: int = 40
    allow_known: bool = False
    allow_duplicates: bool = False


@dataclass
class SamplingStats:
    """How many draws were made and accepted, and why the others were refused."""

    drawn: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def block_sizes(n_y: int, steps: int) -> Iterator[int]:
    """64, 512, 4,096, 32,768, 65,536, …: small first, for a few at once; less for many letters or long names."""
    size, largest = FIRST_BLOCK, max(FIRST_BLOCK, min(largest_block(n_y), MOST_IDS // steps))
    while True:
        yield size
        size = min(8 * size, largest)


def draw_block(
    model: LanguageModel,
    prefix: Array,
    count: int,
    steps: int,
    reshape: Callable[[Array], Array],
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """(ids (count, steps), lengths (count,)): what follows the prefix, drawn row by row in step.

    A length of `steps` means that no end mark came in `steps` letters. Every row takes one number a
    step, used or not, so that its letters do not depend on when the others end.
    """
    walk = PrefixBatch(model, count)
    for letter in [0, *prefix]:
        cumulative = walk.read(np.full(count, letter), reshape)
    columns, lengths, running = [], np.full(count, steps), np.arange(count)
    for t in range(steps):
        letters = choose(cumulative, walk.node, rng.random(count)[running])
        goes_on = letters > 0
        lengths[running[~goes_on]] = t
        running, letters = running[goes_on], letters[goes_on]
        columns.append(np.zeros(count, np.int32))
        columns[t][running] = letters
        if not len(running) or t == steps - 1:
            break
        walk.keep(goes_on)
        cumulative = walk.read(letters, reshape)
    return np.stack(columns, axis=1), lengths


def blocks(model: LanguageModel, vocabulary: Vocabulary, request: SamplingParams) -> Iterator[list[str | None]]:
    """Endless draws in their fixed order, block by block; None where a name did not end within the longest length."""
    prefix = vocabulary.encode([vocabulary.fold(request.prefix)])[1:-1]
    shape = shaper(request)

    def reshape(p: Array) -> Array:
        """Sums Σ_{k≤i} p_k of the distribution, in which a number falls."""
        return np.ascontiguousarray(np.cumsum(shape(p).T, axis=0).T)

    steps = request.max_length - len(prefix) + 1
    for block, size in enumerate(block_sizes(vocabulary.n_y, steps)):
        rng = np.random.Generator(np.random.Philox(key=request.seed, counter=[0, 0, 0, block]))
        with np.errstate(all="ignore"):  # what overflows is not finite, and is refused
            ids, lengths = draw_block(model, prefix, size, steps, reshape, rng)
        ended = (lengths < steps).tolist()
        spelled = vocabulary.spell(np.concatenate([np.broadcast_to(prefix, (size, len(prefix))), ids], axis=1))
        yield [name if whole else None for name, whole in zip(spelled, ended, strict=True)]


def draws(model: LanguageModel, vocabulary: Vocabulary, request: SamplingParams) -> Iterator[str | None]:
    """The same, one by one."""
    return chain.from_iterable(blocks(model, vocabulary, request))


def unmet(names: Sequence[str | None], demands: Sequence[Filter]) -> dict[int, str]:
    """Which of the names, by place, meet not all demands, and the first that each does not meet."""
    reasons: dict[int, str] = {}
    places = [place for place, name in enumerate(names) if name]
    for demand in demands:
        refused = demand.refuses([str(names[place]) for place in places]).tolist()
        reasons |= {place: demand.reason for place, no in zip(places, refused, strict=True) if no}
        places = [place for place, no in zip(places, refused, strict=True) if not no]
    return reasons


def refusal(name: str | None, request: SamplingParams, known: Collection[str]) -> str | None:
    """Why a draw is not accepted; None if it is."""
    if name is None:
        return "too long"
    if not name:
        return "empty"
    if len(name) < request.min_length:
        return "too short"
    if name != " ".join(name.split()) or not unicodedata.is_normalized("NFC", name) or not any(map(str.isalnum, name)):
        return "malformed"
    if not request.allow_known and name in known:
        return "known"
    return None


def sample(
    model: LanguageModel,
    vocabulary: Vocabulary,
    known: Collection[str],
    request: SamplingParams,
    *,
    count: int,
    max_tries: int,
    tally: SamplingStats,
    demands: Sequence[Filter] = (),
) -> Iterator[str]:
    """Up to `count` accepted names, from at most `max_tries` draws; `tally` says what became of every draw.

    Gives up after 200,000 draws in a row of which none is accepted.

    Raises BacterioError for a prefix that the vocabulary cannot spell or that leaves no room.
    """
    if missing := vocabulary.missing(request.prefix):
        raise BacterioError(
            f"--prefix {request.prefix}: {missing!r} is not in the model's alphabet, {vocabulary.sketch()}"
        )
    if len(request.prefix) > request.max_length:
        raise BacterioError(f"--prefix {request.prefix} is longer than --max-length {request.max_length}")
    if request.temperature == 0 and not request.allow_duplicates:
        max_tries = min(max_tries, 1)  # every draw is the same name
    seen: set[str] = set()
    last = 0  # the draw that was accepted last
    for block in blocks(model, vocabulary, request):
        for begin in range(0, len(block), JUDGED):
            names = block[begin : begin + JUDGED]
            plain = [refusal(name, request, known) for name in names]
            reasons = unmet([None if why else name for name, why in zip(names, plain, strict=True)], demands)
            for place, name in enumerate(names):
                if tally.accepted >= count or tally.drawn >= max_tries:
                    return
                if tally.drawn - last >= HOPELESS:
                    return
                tally.drawn += 1
                why = plain[place] or reasons.get(place) or ("duplicate" if name in seen else None)
                if why:
                    tally.refused[why] += 1
                elif name is not None:
                    tally.accepted += 1
                    last = tally.drawn
                    if not request.allow_duplicates:
                        seen.add(name)
                    yield name
