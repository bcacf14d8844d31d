"""Names proposed together."""

from __future__ import annotations

from bacterio_cli.nomenclature.proposals import compare_proposals


def test_equal_and_near_proposals_are_found() -> None:
    """An equal name is an error, whatever its capitals, one a single edit away a warning that names it; others pass."""
    found = compare_proposals(
        ["Thermofustis", "Rovibacterium", "thermofustis", "Rovibacteria", "Borivibrio", "Borivibria"]
    )
    assert [finding and (finding.code, finding.severity) for finding in found] == [
        ("proposed-twice", "error"), None, ("proposed-twice", "error"), None, ("proposed-near", "warning"),
        ("proposed-near", "warning"),
    ]  # fmt: skip
    assert found[4] is not None
    assert "Borivibria" in found[4].says


def test_one_proposal_and_none() -> None:
    """A single name has nothing to be compared with."""
    assert compare_proposals(["Thermofustis"]) == [None]
    assert compare_proposals([]) == []
