"""The audit fails on a vulnerability, and on nothing else."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tools import audit

PLAIN = {"name": "plain", "version": "1.0", "vulns": []}
SKIPPED = {"name": "own", "skip_reason": "not on the index"}
HOLED = {"name": "holed", "version": "2.0", "vulns": [{"id": "CVE-1", "fix_versions": ["2.1"]}]}


@pytest.mark.parametrize(
    ("packages", "code", "lines"),
    [
        ([PLAIN], 0, ["1 of 1 packages audited, 0 known vulnerabilities"]),
        (
            [PLAIN, SKIPPED],
            0,
            ["own: not audited, not on the index", "1 of 2 packages audited, 0 known vulnerabilities"],
        ),
        ([HOLED, PLAIN], 1, ["holed 2.0: CVE-1, mended in 2.1", "2 of 2 packages audited, 1 known vulnerability"]),
    ],
)
def test_a_vulnerability_is_a_failure(
    packages: list[object], code: int, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1 with its number and its remedy; a package that cannot be audited is named."""
    assert audit.report(json.dumps({"dependencies": packages})) == code
    assert capsys.readouterr().out.splitlines() == lines


@pytest.mark.parametrize("said", ["", "{}", "[]", "<html>", json.dumps({"dependencies": [SKIPPED, SKIPPED]})])
def test_without_an_answer_what_is_installed_is_listed(said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Name, version and licence of each package; no network is no failure."""
    assert audit.report(said) == 0
    first, *rows = capsys.readouterr().out.splitlines()
    assert first.startswith("nothing was audited")
    (numpy,) = (row.split(maxsplit=2) for row in rows if row.startswith("numpy "))
    assert numpy[1] == np.__version__
    assert "BSD" in numpy[2]
    assert len({row.index(row.split(maxsplit=2)[2], len(row.split()[0])) for row in rows}) == 1, "ragged"
