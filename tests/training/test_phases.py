"""The phases of a training, the background, the table and their weights."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from support.processes import NAMES, SMALL, advanced, begin
from support.saving import reopened, saved

from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.errors import BacterioError
from bacterio_cli.training import trainer as training
from bacterio_cli.training.config import resolve

ONE_NET = {"ngram": 3, "refit": True, "epochs": 2}
BACKGROUND = tuple(name + "ella" for name in NAMES[:10])


def with_background(background: Sequence[str], names: Sequence[str] = NAMES) -> training.TrainingState:
    """Two nets on a corpus and a background, before the first step."""
    config = resolve("default", {**SMALL, **ONE_NET, "nets": 2})
    return training.begin(Corpus(tuple(names)), config, Corpus(tuple(background)))


def test_phases_follow_the_plan() -> None:
    """Each net learns the background, then is fitted; then each is refitted on all names, and nothing is left to do."""
    state = advanced(with_background(BACKGROUND))
    phases = [(phase.kind, phase.net) for phase in state.plan.phases]
    assert phases == [("background", 0), ("fit", 0), ("background", 1), ("fit", 1), ("refit", 0), ("refit", 1)]
    assert list(dict.fromkeys((row["stage"], row["net"]) for row in state.history)) == phases
    trained = training.snapshot(state)
    assert len(trained.nets) == 2
    assert sum(trained.weights) == pytest.approx(1)
    assert None not in (trained.table, trained.background)
    assert not any(
        np.array_equal(first, trained.nets[1].params[name]) for name, first in trained.nets[0].params.items()
    )


STREAM = {**ONE_NET, "stream": True, "bptt": 3, "valid_fraction": 0.4}


def test_no_phase_begins_from_the_hidden_state_of_another() -> None:
    """A background of fewer letters than streams, the fits and the refits each begin their text afresh."""
    state = begin(background=Corpus(("Abe",)), **STREAM, nets=2, batch_size=10)
    assert len(state.plan.phases) == 6
    for phase in state.plan.phases[:-1]:
        advanced(state, phase.steps)
        assert any(s.any() for s in state.hidden)
        state.end_phase()
        assert not any(s.any() for s in state.hidden)


def test_a_fit_that_goes_on_does_not_begin_from_the_refit(tmp_path: Path) -> None:
    """More epochs take up a stream's fit with the hidden state in which it ended, not with that of the refit."""
    saved(advanced(begin(**STREAM, batch_size=400)), tmp_path / "m")
    state = reopened(tmp_path / "m", epochs=3)
    unrefitted = advanced(begin(**STREAM | {"refit": False}, batch_size=400))
    for goes_on, ended in zip(state.hidden, unrefitted.hidden, strict=True):
        np.testing.assert_array_equal(goes_on, ended)
    assert [row["stage"] for row in advanced(state).history][-2:] == ["fit", "refit"]


def test_the_background_never_holds_the_corpus() -> None:
    """Names of the corpus in any case, validation names among them, and names that it cannot spell are kept out."""
    state = with_background((*NAMES[:20], NAMES[0].upper(), "Nerella", "Œdema"))
    text = state.plan.texts["background"]
    assert state.plan.vocabulary.spell(text.ids[None, 1:]) == ["Nerella"]
    case_is_kept = (*NAMES, "McDonald", *(name.lower() + "x" for name in NAMES[:3]))
    state = with_background((*(name.lower() for name in NAMES), "nerella"), case_is_kept)
    assert len(state.plan.texts["background"].starts) == 1
    with pytest.raises(BacterioError, match="no name of it is new"):
        with_background(NAMES[:3])


def test_a_background_keeps_a_letter_whose_capital_is_two() -> None:
    """ŉ is ʼN where it is capitalised, and the vocabulary has no ʼ."""
    state = with_background(["ŉAB"], (*NAMES, "Boŉa"))
    text = state.plan.texts["background"]
    assert state.plan.vocabulary.spell(text.ids[None, 1:]) == ["ŉab"]


def test_mix_is_the_weight_asked_for() -> None:
    """A given weight stands in the file; auto is chosen by the held-out names; 1 is the net alone."""
    weights = {mix: training.snapshot(advanced(begin(**ONE_NET, mix=mix))).weights for mix in ("0.3", "1", "auto")}
    assert weights["0.3"] == pytest.approx((0.3, 0.7, 0.0))
    assert weights["1"] == (1.0, 0.0, 0.0)
    assert weights["auto"][0] not in (0.3, 0.5, 1)


def test_what_is_saved_after_the_fit_does_not_know_the_held_out_names() -> None:
    """Until the refit is done, the net and the table in the file are those of the training names; then of all.

    The discounts stay those that were chosen with the table of the training names.
    """
    state = begin(**ONE_NET)
    tables = set()
    for _ in training.train(state):
        saved_now = training.snapshot(state)
        np.testing.assert_equal(saved_now.nets[0].params, (state.kept["fit"] or [state.params])[0])
        assert saved_now.table is not None
        tables.add((int(saved_now.table.count.sum()), saved_now.table.discounts))
    final = training.snapshot(state)
    assert final.table is not None
    ((letters, discounts),) = tables
    assert int(final.table.count.sum()) > letters
    assert final.table.discounts == discounts
    assert final.nets[0].params == state.kept["refit"][0]
    assert not np.array_equal(final.nets[0].params["E"], state.kept["fit"][0]["E"])


def test_more_epochs_go_back_to_the_fit(tmp_path: Path) -> None:
    """A larger --epochs goes on with the fit where it ended, as if no refit had been, also from within one."""
    for steps in (12, None):
        saved(advanced(begin(**ONE_NET), steps), tmp_path / "m")
        extended = advanced(reopened(tmp_path / "m", epochs=5))
        rows = [f"{row['stage']} {row['epoch']}" for row in extended.history]
        assert rows == ["fit 1", "fit 2", "fit 3", "fit 4", "fit 5", "refit 1", "refit 2"]
        saved(extended, tmp_path / "m")
        assert reopened(tmp_path / "m").done
