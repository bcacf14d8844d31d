"""What was learned, measured on the names held out: the same letters for the nets, the tables and their mixture."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bacterio_cli.lm.discounts import choose_discounts, walk
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


def validation_scores(run: TrainingState) -> list[Score]:
    """Uniform letters, tables of growing order, the nets, the mixture; empty without held-out names or a fitted net.

    All stand as they were before the refit: a model that has learned the held-out names cannot be tested on them. They
    flatter a little all the same: discounts, weights and the best epoch were chosen on these names.
    """
    course, recipe = run.course, run.recipe
    if course.held_out is None or not run.likelihoods:
        return []
    scores = [Score("uniform", float(np.log2(run.vocabulary.n_y)))]
    letters = course.held_out.ids[1:]
    for order in [order for order in ORDERS if order < recipe.ngram]:
        counts = Counts.of(course.texts["fit"].ids, run.vocabulary.n_y, order)
        table = NGram(counts, choose_discounts(counts, course.held_out))
        scores.append(Score(f"n-gram, order {order}", bits(table.likelihood(walk(table, course.held_out), letters))))
    names = [f"n-gram, order {recipe.ngram}", "n-gram of the background"]
    tables = course.table_likelihoods
    scores += [Score(name, bits(p)) for name, p in zip(names, tables, strict=False)]
    net = np.mean(run.likelihoods, axis=0)
    count = len(run.likelihoods)
    scores.append(Score("net" if count == 1 else f"average of {count} nets", bits(net)))
    if tables and 0 < run.weights[0] < 1:
        shares = " / ".join(f"{w:.2f}" for w in run.weights[: 1 + len(tables)])
        scores.append(Score(f"mixture {shares}", bits(run.mixed)))
    return scores
