"""The nets, the tables and their mixture on the names held out: which weights they get, and how good they are.

All stand as they were before the refit: a model that has learned the held-out names cannot be tested on them. They
flatter a little all the same: discounts, weights and the best epoch were chosen on these names.
"""

import numpy as np

from bacterio_cli.lm.kneser_ney import NGram
from bacterio_cli.lm.mixture import fit_weights
from bacterio_cli.nn.layers import Array
from bacterio_cli.training.state import TrainingState

ORDERS = (2, 3, 5)  # shown beside the order that was used


def choose_weights(state: TrainingState) -> tuple[float, float, float]:
    """The weights of nets, table and background: the net's as asked for, else all by the held-out letters."""
    tables, fixed = state.plan.table_likelihoods, state.plan.config.net_weight
    if not tables:
        return (1.0, 0.0, 0.0)
    if fixed is None:
        net, table, *background = fit_weights(np.stack([np.mean(state.likelihoods, axis=0), *tables]))
    else:
        net, (table, *background) = fixed, [(1 - fixed) * w for w in fit_weights(np.stack(tables))]
    return net, table, sum(background, 0.0)


def mixed(state: TrainingState) -> Array:
    """What nets and tables together give each held-out letter, in text order."""
    parts = [np.mean(state.likelihoods, axis=0), *state.plan.table_likelihoods]
    return np.asarray(sum(w * p for w, p in zip(state.weights, parts, strict=False)))


def held_out_bits(state: TrainingState) -> Array:
    """Bits per character of each held-out name, ascending, float32; none before the first epoch of a fit."""
    text = state.plan.held_out
    if text is None or not state.likelihoods:
        return np.empty(0, np.float32)
    return np.sort(np.add.reduceat(-np.log2(mixed(state)), text.starts) / text.lengths).astype(np.float32)


def validation_scores(state: TrainingState) -> list[tuple[str, float]]:
    """(model, −(1/N) Σ log₂ p) of uniform letters, tables of growing order, the nets, and the mixture.

    Empty without held-out names or a fitted net.
    """
    plan, order, nets = state.plan, state.plan.config.ngram, len(state.likelihoods)
    if plan.held_out is None or not nets:
        return []
    scores = [("uniform", np.array(1 / plan.vocabulary.n_y))]
    for low in [low for low in ORDERS if low < order]:
        table = NGram.of(plan.texts["fit"].ids, plan.vocabulary.n_y, low).fitted(plan.held_out)
        p = table.likelihood(table.states_along(plan.held_out), plan.held_out.ids[1:])
        scores.append((f"n-gram, order {low}", p))
    names = [f"n-gram, order {order}", "n-gram of the background"]
    scores += zip(names, plan.table_likelihoods, strict=False)
    scores.append(("net" if nets == 1 else f"average of {nets} nets", np.mean(state.likelihoods, axis=0)))
    if plan.table_likelihoods and 0 < state.weights[0] < 1:
        shares = " / ".join(f"{w:.2f}" for w in state.weights[: 1 + len(plan.table_likelihoods)])
        scores.append((f"mixture {shares}", mixed(state)))
    return [(name, float(-np.log2(p).mean())) for name, p in scores]
