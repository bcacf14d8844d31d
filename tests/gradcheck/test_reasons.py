"""What the lessons say of scales, held against the sweep that they print."""

from __future__ import annotations

import pytest

from bacterio_cli.gradcheck.bugs import BUGS, Bug
from bacterio_cli.gradcheck.lesson import SCALES, teach
from bacterio_cli.gradcheck.reasons import REASONS


@pytest.mark.parametrize("bug", BUGS, ids=[bug.name for bug in BUGS])
def test_what_is_said_of_scales_is_what_the_sweep_shows(bug: Bug) -> None:
    """At 0.5 both checks see the mistake in every case; central differences miss it just where the reason says so."""
    sweep = teach(bug).sweep
    assert [sight.scale for sight in sweep] == list(SCALES)
    assert sweep[-1].complex_step == sweep[-1].central == sweep[-1].cases
    missed = tuple(sight.scale for sight in sweep if sight.central < sight.cases)
    assert missed == REASONS[bug.name].missed_at
    if "no scale hides it" in REASONS[bug.name].by_scale:
        assert missed == ()


def test_every_mistake_has_a_reason() -> None:
    """Each planted mistake has a reason, and no reason is left without its mistake."""
    assert set(REASONS) == {bug.name for bug in BUGS}
