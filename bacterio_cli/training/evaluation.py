"""The nets, the tables and their mixture on the names held out: which weights they get, and how good they are.

All stand as they were before the refit: a model that has learned the held-out names cannot be tested on them. The
figures flatter a little all the same: discounts, weights and the best epoch were chosen on these names.
"""

import numpy as np

from bacterio_cli.lm.kneser_ney import NGram
from bacterio_cli.lm.mixture import fit_weights
from bacterio_cli.nn.layers import Array
from bacterio_cli.training.plan import TrainingPlan
from bacterio_cli.training.state import TrainingState

ORDERS = (2, 3, 5)  # shown beside the order that was used


def held_out_parts(state: TrainingState) -> list[Array]:
    """P of each held-out letter by the average of the fitted nets, by the table and by the background's table.

    (N,) each, in text order; empty if no names are held out, or before the first epoch of a fit.
    """
    plan, names, fits = state.plan, state.plan.held_out, state.kept["fit"]
    if names is None or not fits:
        return []
    nets = [np.mean([plan.likelihood(params, names) for params in fits], axis=0)]
    tables = [table for kind in ("fit", "background") if (table := plan.table(kind))]
    return nets + [table.probabilities(table.states_along(names), names.ids[1:]) for table in tables]


def choose_weights(plan: TrainingPlan, parts: list[Array]) -> tuple[float, float, float]:
    """The weights of nets, table and background, sum 1: the nets' by --mix if it is a number, others by `parts`."""
    if not plan.config.ngram:
        return (1.0, 0.0, 0.0)
    fixed = None if plan.config.mix == "auto" else float(plan.config.mix)
    if not parts:  # until validation chooses, or if there is none
        net = 0.5 if fixed is None else fixed
        return (net, 1 - net, 0.0) if plan.background is None else (net, (1 - net) / 2, (1 - net) / 2)
    if fixed is None:
        net, table, *background = fit_weights(np.stack(parts))
    else:
        net, (table, *background) = fixed, [(1 - fixed) * w for w in fit_weights(np.stack(parts[1:]))]
    return net, table, sum(background, 0.0)


def mixed(weights: tuple[float, ...], parts: list[Array]) -> Array:
    """What nets and tables together give each held-out letter."""
    return np.asarray(sum(w * p for w, p in zip(weights, parts, strict=False)))


def validation_scores(state: TrainingState) -> list[tuple[str, float]]:
    """(model, −(1/N) Σ log₂ p) of uniform letters, tables of growing order, nets and mixture; empty without parts."""
    plan, order, parts = state.plan, state.plan.config.ngram, held_out_parts(state)
    if plan.held_out is None or not parts:
        return []
    scores = [("uniform", np.array(1 / plan.vocabulary.n_y))]
    for low in [low for low in ORDERS if low < order]:
        table = NGram.of(plan.texts["fit"].ids, plan.vocabulary.n_y, low).fitted(plan.held_out)
        p = table.probabilities(table.states_along(plan.held_out), plan.held_out.ids[1:])
        scores.append((f"n-gram, order {low}", p))
    scores += zip([f"n-gram, order {order}", "n-gram of the background"], parts[1:], strict=False)
    nets, weights = len(state.kept["fit"]), choose_weights(plan, parts)
    scores.append(("net" if nets == 1 else f"average of {nets} nets", parts[0]))
    if len(parts) > 1 and 0 < weights[0] < 1:
        shares = " / ".join(f"{w:.2f}" for w in weights[: len(parts)])
        scores.append((f"mixture {shares}", mixed(weights, parts)))
    return [(name, float(-np.log2(p).mean())) for name, p in scores]
