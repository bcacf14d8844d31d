"""Sampling as a generator: names come out one by one, while statistics count what was refused and why.

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
from bacterio_cli.inference.decoding import choose, reshape
from bacterio_cli.lm.base import LanguageModel
from bacterio_cli.lm.prefix_tree import PrefixBatch, largest_block
from bacterio_cli.nn.layers import Array

if TYPE_CHECKING:
    from bacterio_cli.inference.filters import Filter

FIRST_BLOCK = 64
FILTERED = 512  # draws that filters look at together
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

    def shape(self, p: Array) -> Array:
        """The distributions that letters are drawn from, of those that the model gives."""
        return reshape(p, temperature=self.temperature, top_k=self.top_k, top_p=self.top_p)


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
    cumulative: Callable[[Array], Array],
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """(ids (count, longest), lengths (count,)): what follows the prefix in each of `count` names, drawn in step.

    `cumulative` turns the model's distributions into sums Σ_{k≤i} p_k. A length of `steps` means that no end mark came
    in `steps` letters. Every row takes one number per step, used or not, so that its letters do not depend on when the
    others end.
    """
    batch = PrefixBatch(model, count)
    for letter in [0, *prefix]:
        sums = batch.read(np.full(count, letter), cumulative)
    columns, lengths, running = [], np.full(count, steps), np.arange(count)
    for t in range(steps):
        letters = choose(sums, batch.node, rng.random(count)[running])
        goes_on = letters > 0
        lengths[running[~goes_on]] = t
        running, letters = running[goes_on], letters[goes_on]
        columns.append(np.zeros(count, np.int32))
        columns[t][running] = letters
        if not len(running) or t == steps - 1:
            break
        batch.keep(goes_on)
        sums = batch.read(letters, cumulative)
    return np.stack(columns, axis=1), lengths


def blocks(model: LanguageModel, vocabulary: Vocabulary, params: SamplingParams) -> Iterator[list[str | None]]:
    """Endless draws in their fixed order, block by block; None where a name did not end within the longest length."""
    prefix = vocabulary.encode([vocabulary.fold(params.prefix)])[1:-1]

    def cumulative(p: Array) -> Array:
        """Sums Σ_{k≤i} p_k of the distribution, in which a number falls."""
        return np.ascontiguousarray(np.cumsum(params.shape(p).T, axis=0).T)

    steps = params.max_length - len(prefix) + 1
    for block, size in enumerate(block_sizes(vocabulary.n_y, steps)):
        rng = np.random.Generator(np.random.Philox(key=params.seed, counter=[0, 0, 0, block]))
        with np.errstate(all="ignore"):  # what overflows is not finite, and is refused
            ids, lengths = draw_block(model, prefix, size, steps, cumulative, rng)
        ended = (lengths < steps).tolist()
        spelled = vocabulary.spell(np.concatenate([np.broadcast_to(prefix, (size, len(prefix))), ids], axis=1))
        yield [name if whole else None for name, whole in zip(spelled, ended, strict=True)]


def draws(model: LanguageModel, vocabulary: Vocabulary, params: SamplingParams) -> Iterator[str | None]:
    """The same, one by one."""
    return chain.from_iterable(blocks(model, vocabulary, params))


def refusal(name: str | None, params: SamplingParams, known: Collection[str]) -> str | None:
    """Why a draw is not accepted, whatever the filters say; None if it may be."""
    if name is None:
        return "too long"
    if not name:
        return "empty"
    if len(name) < params.min_length:
        return "too short"
    if name != " ".join(name.split()) or not unicodedata.is_normalized("NFC", name) or not any(map(str.isalnum, name)):
        return "malformed"
    if not params.allow_known and name in known:
        return "known"
    return None


def filter_refusals(names: Sequence[str | None], filters: Sequence[Filter]) -> list[str | None]:
    """The reason of the first filter that refuses each name, which later ones do not see; None for what is no name."""
    reasons: list[str | None] = [None] * len(names)
    for filter_ in filters:
        left = [k for k, name in enumerate(names) if name and not reasons[k]]
        for k, refused in zip(left, filter_.refuses([str(names[k]) for k in left]).tolist(), strict=True):
            if refused:
                reasons[k] = filter_.reason
    return reasons


def check_prefix(vocabulary: Vocabulary, params: SamplingParams) -> None:
    """BacterioError for a prefix that the vocabulary cannot spell or that leaves no room."""
    if missing := vocabulary.missing(params.prefix):
        alphabet = f"the model's alphabet, {vocabulary.sketch()}"
        raise BacterioError(f"--prefix {params.prefix}: {missing!r} is not in {alphabet}")
    if len(params.prefix) > params.max_length:
        raise BacterioError(f"--prefix {params.prefix} is longer than --max-length {params.max_length}")


def sample(
    model: LanguageModel,
    vocabulary: Vocabulary,
    known: Collection[str],
    params: SamplingParams,
    *,
    count: int,
    max_tries: int,
    stats: SamplingStats,
    filters: Sequence[Filter] = (),
    hopeless: int = HOPELESS,
) -> Iterator[str]:
    """Up to `count` accepted names, from at most `max_tries` draws; `stats` says what became of every draw.

    Gives up after `hopeless` draws in a row of which none is accepted. Raises BacterioError as `check_prefix` does.
    """
    check_prefix(vocabulary, params)
    if params.temperature == 0 and not params.allow_duplicates:
        max_tries = min(max_tries, 1)  # every draw is the same name
    seen: set[str] = set()
    last = 0  # the draw that was accepted last
    for block in blocks(model, vocabulary, params):
        for begin in range(0, len(block), FILTERED):
            names = block[begin : begin + FILTERED]
            reasons = [refusal(name, params, known) for name in names]
            passed = [None if why else name for name, why in zip(names, reasons, strict=True)]
            for name, plain, filtered in zip(names, reasons, filter_refusals(passed, filters), strict=True):
                if stats.accepted >= count or stats.drawn >= max_tries or stats.drawn - last >= hopeless:
                    return
                stats.drawn += 1
                if why := plain or filtered or ("duplicate" if name in seen else None):
                    stats.refused[why] += 1
                elif name is not None:
                    stats.accepted += 1
                    last = stats.drawn
                    if not params.allow_duplicates:
                        seen.add(name)
                    yield name
