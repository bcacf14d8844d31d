"""Language models that can be worked out by hand, and names drawn from them or from the small model."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from support.processes import small_model

from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.inference.sampler import HOPELESS, Filter, SamplingParams, SamplingStats, draws, sample
from bacterio_cli.nn.cells import State


@dataclass(frozen=True)
class Table:
    """A language model that can be worked out by hand: P(next | this letter) is a row of a table."""

    p: np.ndarray

    def start(self, n: int) -> tuple[np.ndarray, ...]:
        """A state that nothing depends on, one row a name."""
        return (np.zeros((n, 1)),)

    def step(self, ids: np.ndarray, state: State) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        """The row of the last letter; the state must still have a row a name."""
        assert len(ids) == len(state[0])
        return self.p[ids], state


AB = Vocabulary("ab", capitalised=False)
TABLE = Table(np.array([[0.1, 0.6, 0.3], [0.5, 0.2, 0.3], [0.25, 0.75, 0.0]]))  # rows, columns: boundary, a, b


def sampled(
    count: int,
    *,
    known: Collection[str] = (),
    filters: Sequence[Filter] = (),
    max_tries: int = 100_000,
    hopeless: int = HOPELESS,
    **params: Any,
) -> tuple[list[str], SamplingStats]:
    """Names of the small model, and what became of the draws; `params` are those of SamplingParams."""
    model, stats = small_model(), SamplingStats()
    names = sample(
        model.language_model, model.vocabulary, known, SamplingParams(**{"seed": 1, "temperature": 1.0} | params),
        count=count, max_tries=max_tries, stats=stats, filters=filters, hopeless=hopeless,
    )  # fmt: skip
    return list(names), stats


def greedy(prefix: str = "") -> str:
    """The likeliest name, by stepping the small model one letter at a time."""
    model = small_model()
    net, ids = model.language_model, list(model.vocabulary.encode([prefix])[:-1])
    state = net.start(1)
    for letter in ids:
        p, state = net.step(np.array([letter]), state)
    while letter := int(p[0].argmax()):
        ids.append(letter)
        p, state = net.step(np.array([letter]), state)
    return model.vocabulary.spell(np.array([ids[1:]]))[0]


def drawn(count: int, **wanted: object) -> list[str | None]:
    """The first draws from TABLE, accepted or not; None for one that has not ended within the longest length."""
    params = SamplingParams(**{"seed": 1, "temperature": 1.0} | wanted)  # type: ignore[arg-type]
    return [name if len(name) <= params.max_length else None for name in islice(draws(TABLE, AB, params), count)]
