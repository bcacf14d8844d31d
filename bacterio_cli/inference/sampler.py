"""Sampling as a generator: names come out one by one, while statistics count what was refused and why.

Rows are drawn independently in blocks of a fixed sequence of sizes, each with its own numbers from a
counter-based generator keyed by seed and block. So name k depends on the model, the options and the
seed, not on how many names are asked for.

Distributions of the next letter are (n, n_y), rows sum to 1.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, islice, zip_longest

import numpy as np

from bacterio_cli.checkpoint import LARGEST_COUNT, LARGEST_NUMBER
from bacterio_cli.dataset import nfc
from bacterio_cli.dataset.batching import EncodedCorpus
from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.errors import BacterioError, UsageError, require_number
from bacterio_cli.inference import LEAST_PROBABILITY, LONGEST_NAME, TEMPERATURE
from bacterio_cli.lm.base import LanguageModel
from bacterio_cli.lm.prefix_tree import PrefixBatch, largest_block, probabilities
from bacterio_cli.nn.layers import Array
from bacterio_cli.nn.loss import softmax

Filter = Callable[[Sequence[str]], Sequence[str]]  # why each name is refused, as the statistics call it; "" passes
AT_ONCE = 320  # draws that are spelled, and that filters look at, together
MOST_IDS = 2**22  # that a block may draw, were all of its names as long as they may be
HOPELESS = 1_000_000  # letters, of draws in a row of which none is accepted: some seconds


@dataclass(frozen=True)
class SamplingParams:
    """What names are wanted. Raises UsageError for a value out of range, and for lengths that no name can have."""

    seed: int
    temperature: float = TEMPERATURE  # dimensionless; 0 takes the likeliest letter
    top_k: int | None = None
    top_p: float | None = None
    prefixes: tuple[str, ...] = ()  # draws begin with one of them, if there are any
    unprefixed: float = 0.0  # but for this share
    min_length: int = 1  # in letters
    max_length: int = 40
    allow_known: bool = False
    allow_duplicates: bool = False

    def __post_init__(self) -> None:
        """Refuse what no draw can meet; the letters of a prefix are counted composed (NFC)."""
        require_number("--seed", self.seed, 0, 2**63 - 1, whole=True)
        require_number("--temp", self.temperature, 0, LARGEST_NUMBER)
        if self.top_k is not None:
            require_number("--top-k", self.top_k, 1, LARGEST_COUNT, whole=True)
        if self.top_p is not None:
            require_number("--top-p", self.top_p, 1e-9, 1)
        require_number("--unprefixed", self.unprefixed, 0, 1)
        require_number("--min-length", self.min_length, 1, LONGEST_NAME, whole=True)
        require_number("--max-length", self.max_length, 1, LONGEST_NAME, whole=True)
        if self.min_length > self.max_length:
            raise UsageError(f"--min-length {self.min_length} is more than --max-length {self.max_length}")
        for prefix in map(nfc, self.prefixes):
            if len(prefix) > self.max_length:
                raise UsageError(f"--prefix {prefix[:60]} is longer than --max-length {self.max_length}")

    def shape(self, p: Array) -> Array:
        """What letters are drawn from: the model's distributions after temperature, top-k and top-p, in this order."""
        if not np.isfinite(p).all():
            raise BacterioError("the model's probabilities are not finite: its weights are beyond use; train anew")
        p = temper(p, self.temperature)
        return keep(p, self.top_k, self.top_p or np.inf) if self.top_k or self.top_p else p


def temper(p: Array, temperature: float) -> Array:
    """p_i^{1/τ} / Σ_k p_k^{1/τ} = softmax(log p / τ): the distribution sharpened (τ < 1) or flattened (τ > 1).

    τ = 0 leaves the likeliest letter. Beyond 10^±30, where float32 would make τ 0 or infinite, τ changes nothing.
    """
    if temperature in (0, 1):
        return p if temperature else keep(p, 1)
    with np.errstate(divide="ignore"):
        return softmax(np.log(p) / min(max(temperature, 1e-30), 1e30))


def keep(p: Array, k: int | None = None, mass: float = np.inf) -> Array:
    """The k likeliest letters of each row, and of them the fewest that hold this share together, rescaled; of equal
    ones the first in the alphabet.  (Holtzman et al. 2020, eq. 2)"""
    order = np.argsort(-p, kind="stable")[:, :k]
    ranked = np.take_along_axis(p, order, axis=1)
    before = np.cumsum(ranked, axis=1) - ranked
    before[:, 0] = -np.inf  # the likeliest stays, whatever the mass
    kept = np.zeros_like(p)
    enough = before >= mass * ranked.sum(axis=1, keepdims=True)
    np.put_along_axis(kept, order, np.where(enough, 0, ranked), axis=1)
    return np.asarray(kept / kept.sum(axis=1, keepdims=True))


@dataclass
class SamplingStats:
    """How many draws were made and accepted, and why the others were refused."""

    drawn: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def block_size(block: int, n_y: int, steps: int) -> int:
    """320, 2,560, 20,480, 65,536, …: small first, for a few at once; less for many letters or long names."""
    return min(AT_ONCE * 8 ** min(block, 3), max(AT_ONCE, min(largest_block(n_y), MOST_IDS // steps)))


def choose(cumulative: Array, row: Array, uniform: Array) -> Array:
    """The letter in which each number u ∈ [0, 1) falls in its row: the first i with Σ_{k≤i} p_k > u.

    cumulative (m, n_y) holds these sums, row and u (n,) → (n,). The last sum stands for 1, whatever float32 made of it;
    a letter of probability 0 is never chosen.
    """
    sums = np.take(cumulative, row, axis=0)  # faster than cumulative[row]
    total = sums[:, -1]
    below = np.minimum(uniform.astype(sums.dtype) * total, np.nextafter(total, 0))
    return np.asarray((sums > below[:, None]).argmax(axis=1))


def draw_block(
    model: LanguageModel, given: Array, steps: int, cumulative: Callable[[Array], Array], rng: np.random.Generator
) -> Array:
    """The ids of names drawn in step, (count, longest), 0 behind the end; `given` (count, longest prefix) begins each.

    `given` is 0 behind the end of a name's prefix. `cumulative` turns the model's distributions into sums Σ_{k≤i} p_k.
    A name that has not ended in so many `steps` has as many letters. Every row takes one number per step, used or not,
    so that its letters do not depend on when the others end.
    """
    count = len(given)
    batch = PrefixBatch(model, count)
    ids = np.zeros((count, steps), np.int32)
    running, letters = np.arange(count), np.zeros(count, np.intp)
    for t in range(steps):
        letters = choose(batch.read(letters, cumulative), batch.node, rng.random(count)[running])
        if t < given.shape[1]:
            letters = np.where(given[running, t] > 0, given[running, t], letters)
        goes_on = letters > 0
        running, letters = running[goes_on], letters[goes_on]
        ids[running, t] = letters
        if not len(running):
            break
        batch.node = batch.node[goes_on]
    return ids[:, : t + 1]


def beginnings(model: LanguageModel, vocabulary: Vocabulary, params: SamplingParams) -> tuple[Array, Array]:
    """The prefixes of the draws as ids (k + 1, longest), the last no prefix at all, and the share of each (k + 1,).

    Shares are in the proportions of the model. A prefix that begins with another one is part of it.
    """
    read = {vocabulary.fold(prefix): prefix for prefix in params.prefixes}
    begun = [read[p] for p in sorted(read) if not any(p != other and p.startswith(other) for other in read)]
    if not begun:
        return np.zeros((1, 0), np.intp), np.ones(1)
    text = EncodedCorpus(begun, vocabulary)
    prefixes = np.array([*zip_longest(*np.split(text.ids[1:], text.starts[1:]), (), fillvalue=0)], np.intp).T
    letters = np.log(np.maximum(probabilities(model, text, params.shape), LEAST_PROBABILITY))
    log_p = np.array([part[:-1].sum() for part in np.split(letters, text.starts[1:])])
    p = np.exp(log_p - log_p.max())  # exp underflows below −745: nine letters that the model would never draw
    return prefixes, np.append(p / p.sum() * (1 - params.unprefixed), params.unprefixed)


def draws(model: LanguageModel, vocabulary: Vocabulary, params: SamplingParams) -> Iterator[str]:
    """Endless draws in their fixed order; one that is longer than the longest length has not ended."""
    prefixes, shares = beginnings(model, vocabulary, params)
    steps = params.max_length + 1
    for block in count():
        size = block_size(block, vocabulary.n_y, steps)
        rng = np.random.Generator(np.random.Philox(key=params.seed, counter=[0, 0, 0, block]))
        row = np.zeros(size, np.intp)
        with np.errstate(all="ignore"):  # what overflows is not finite, and is refused
            if len(prefixes) > 1:
                row = choose(np.cumsum(shares)[None], row, rng.random(size))
            ids = draw_block(model, prefixes[row], steps, lambda p: np.cumsum(params.shape(p), axis=1), rng)
        for begin in range(0, size, AT_ONCE):  # spelled all at once they take as much memory as the letters
            yield from vocabulary.spell(ids[begin : begin + AT_ONCE])


def refusal(name: str, params: SamplingParams, known: Collection[str]) -> str:
    """Why a draw is not accepted, whatever the filters say; "" if it may be."""
    if len(name) > params.max_length:
        return "too long"
    if not name:
        return "empty"
    if len(name) < params.min_length:
        return "too short"
    if not (name.isascii() and name.isalnum()):
        from bacterio_cli.dataset.cleaning import reads_back  # genera need no readers

        if not (reads_back(name) and any(map(str.isalnum, name))):
            return "malformed"
    if not params.allow_known and name in known:
        return "known"
    return ""


def refusals(
    names: Sequence[str], params: SamplingParams, known: Collection[str], filters: Sequence[Filter]
) -> list[str]:
    """Why each draw is not accepted, by the first filter that refuses it, which later ones do not see; "" if it is."""
    reasons = [refusal(name, params, known) for name in names]
    for filter_ in filters:
        left = [k for k, why in enumerate(reasons) if not why]
        for k, why in zip(left, filter_([names[k] for k in left]), strict=True):
            reasons[k] = why
    return reasons


def sample(
    model: LanguageModel,
    vocabulary: Vocabulary,
    known: Collection[str],
    params: SamplingParams,
    *,
    count: int,
    max_tries: int,  # draws
    stats: SamplingStats,  # says what became of every draw
    filters: Sequence[Filter] = (),
    hopeless: int = HOPELESS,  # letters, end marks counted, of draws in vain in a row, after which it gives up
) -> Iterator[str]:
    """Up to `count` accepted names. Raises BacterioError, before the first is asked for, for a prefix that the
    vocabulary cannot spell."""
    for prefix in params.prefixes:
        vocabulary.require(prefix, where=f"--prefix {prefix}")
    if params.temperature == 0 and not params.allow_duplicates:  # one name, or with a share without prefix two
        max_tries = min(max_tries, AT_ONCE if params.unprefixed else 1)

    def accepted() -> Iterator[str]:
        seen: set[str] = set()
        letters = 0  # since the last draw that was accepted
        every = draws(model, vocabulary, params)
        while names := list(islice(every, AT_ONCE)):
            for name, refused in zip(names, refusals(names, params, known, filters), strict=True):
                if stats.accepted >= count or stats.drawn >= max_tries or letters >= hopeless:
                    return
                stats.drawn += 1
                letters += min(len(name), params.max_length) + 1
                if why := refused or ("duplicate" if name in seen else ""):
                    stats.refused[why] += 1
                else:
                    stats.accepted, letters = stats.accepted + 1, 0
                    if not params.allow_duplicates:
                        seen.add(name)
                    yield name

    return accepted()
