"""Soft targets: each name's from a table that has not seen it."""

import numpy as np
from support.processes import NAMES

from bacterio_cli.dataset.batching import EncodedCorpus
from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.lm.kneser_ney import NGram
from bacterio_cli.training.plan import CrossFit

D = (0.7, 1.1, 1.6)


def test_targets_come_from_the_other_folds() -> None:
    """A name's target is (1 − A) onehot + A p, p from a table that has never seen the name."""
    vocabulary = Vocabulary.of(NAMES)
    text = EncodedCorpus(NAMES, vocabulary)
    fitted = CrossFit(text, order=5, discounts=D, weight=0.4, rng=np.random.default_rng(3))
    for batch in text.name_batches(7, np.random.default_rng(0)):
        t = fitted.targets(batch)
        np.testing.assert_allclose(t.sum(axis=1), 1, atol=1e-6)
        for row, (position, y) in list(enumerate(zip(batch.position, batch.y, strict=True)))[::9]:
            own = np.searchsorted(text.starts, position, side="right") - 1
            others = [
                name for name, s in zip(NAMES, text.starts, strict=True) if fitted.fold[s] != fitted.fold[position]
            ]
            assert NAMES[own] not in others
            table = NGram.of(EncodedCorpus(others, vocabulary).ids, vocabulary.n_y, 5, D)
            p = table.distributions(table.states_along(text)[position : position + 1])[0]
            np.testing.assert_allclose(t[row], 0.6 * np.eye(vocabulary.n_y)[y] + 0.4 * p, atol=1e-6)
