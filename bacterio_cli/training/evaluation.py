"""What was learned, measured on the names held out: the same letters for the nets, the tables and their mixture."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bacterio_cli.lm.discounts import choose_discounts, states_along
from bacterio_cli.lm.kneser_ney import Counts, NGram
from bacterio_cli.nn.layers import Array
from bacterio_cli.training.state import TrainingState

ORDERS = (2, 3, 5)  # shown beside the order that was used


class Score(NamedTuple):
    """A model and its loss on the held-out letters, in bits per character, end marks counted."""

    model: str
    bits: float


def bits(p: Array) -> float:
    """−(1/N) Σ log₂ p."""
    return float(-np.log2(p).mean())


def validation_scores(state: TrainingState) -> list[Score]:
    """Uniform letters, tables of growing order, the nets, the mixture; empty without held-out names or a fitted net.

    All stand as they were before the refit: a model that has learned the held-out names cannot be tested on them. They
    flatter a little all the same: discounts, weights and the best epoch were chosen on these names.
    """
    plan, config = state.plan, state.config
    if plan.held_out is None or not state.likelihoods:
        return []
    scores = [Score("uniform", float(np.log2(state.vocabulary.n_y)))]
    letters = plan.held_out.ids[1:]
    for order in [order for order in ORDERS if order < config.ngram]:
        counts = Counts.of(plan.texts["fit"].ids, state.vocabulary.n_y, order)
        table = NGram(counts, choose_discounts(counts, plan.held_out))
        p = table.likelihood(states_along(table, plan.held_out), letters)
        scores.append(Score(f"n-gram, order {order}", bits(p)))
    names = [f"n-gram, order {config.ngram}", "n-gram of the background"]
    tables = plan.table_likelihoods
    scores += [Score(name, bits(p)) for name, p in zip(names, tables, strict=False)]
    net = np.mean(state.likelihoods, axis=0)
    count = len(state.likelihoods)
    scores.append(Score("net" if count == 1 else f"average of {count} nets", bits(net)))
    if tables and 0 < state.weights[0] < 1:
        shares = " / ".join(f"{w:.2f}" for w in state.weights[: 1 + len(tables)])
        scores.append(Score(f"mixture {shares}", bits(state.mixed)))
    return scores
