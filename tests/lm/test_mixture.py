"""Mixtures of language models: their sums, and the weights that held-out letters choose."""

import numpy as np
import pytest
from support.processes import NAMES

from bacterio_cli.dataset.batching import EncodedCorpus
from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.lm.kneser_ney import NGram
from bacterio_cli.lm.mixture import Mixture, fit_weights, mixture_of


def test_a_mixture_adds_probabilities() -> None:
    """P = Σ w P_k at every step, with each part's state its own; a part without weight is left out."""
    vocabulary = Vocabulary.of(NAMES)
    ids = EncodedCorpus(NAMES, vocabulary).ids
    two, five = (NGram.of(ids, vocabulary.n_y, order, (0.7, 1.1, 1.6)) for order in (2, 5))
    mixed = mixture_of([two, five], [0.25, 0.75])
    assert isinstance(mixed, Mixture)
    state, states = mixed.start(2), (two.start(2), five.start(2))
    for letters in ([0, 0], [1, 5], [11, 2]):
        p, state = mixed.step(np.array(letters), state)
        (p2, s2), (p5, s5) = two.step(np.array(letters), states[0]), five.step(np.array(letters), states[1])
        states = (s2, s5)
        np.testing.assert_allclose(p, 0.25 * p2 + 0.75 * p5, atol=1e-6)
    assert mixture_of([two, five], [0.0, 1.0]) is five
    with pytest.raises(ValueError, match="shorter than argument 1"):
        mixture_of([two, five], [1.0])
    with pytest.raises(ValueError, match="shorter than argument 1"):
        Mixture((two, five), (1.0,)).step(ids[:2], mixed.start(2))


def test_weights_prefer_the_better_part() -> None:
    """The weights that EM finds maximise likelihood and prior together, as a search over a grid does."""
    rng = np.random.default_rng(1)
    p = rng.uniform(0.05, 0.5, (2, 4000))
    p[0, :2500] *= 2
    p[1, 2500:] *= 1.6
    w = fit_weights(p)
    grid = np.arange(0.01, 1, 0.01)
    objective = [np.log(x * p[0] + (1 - x) * p[1]).sum() + np.sqrt(4000) * np.log(x * (1 - x)) for x in grid]
    assert w[0] > 0.55
    assert sum(w) == pytest.approx(1)
    assert w[0] == pytest.approx(grid[int(np.argmax(objective))], abs=0.011)


def test_a_useless_part_gets_no_share() -> None:
    """Where any share of one part would make the mixture worse than the other alone, the prior does not force one."""
    p = np.stack([np.full(100, 0.4), np.full(100, 0.01)])
    assert fit_weights(p) == pytest.approx((1.0, 0.0), abs=1e-3)
