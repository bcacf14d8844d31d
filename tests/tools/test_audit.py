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
    ("packages", "code", "first"),
    [
        ([PLAIN], 0, "1 of 1 packages audited, 0 known vulnerabilities"),
        ([PLAIN, SKIPPED], 0, "own: not audited, not on the index"),
        ([HOLED, PLAIN], 1, "holed 2.0: CVE-1, fixed in 2.1"),
    ],
)
def test_a_vulnerability_is_a_failure(
    packages: list[object], code: int, first: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1 with its number and its remedy; a package that cannot be audited is named."""
    assert audit.report(json.dumps({"dependencies": packages})) == code
    assert capsys.readouterr().out.splitlines()[0] == first


@pytest.mark.parametrize("answer", ["", "{}", "[]", "<html>", json.dumps({"dependencies": [SKIPPED, SKIPPED]})])
def test_without_an_answer_what_is_installed_is_listed(answer: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Name and version of each package; no network is no failure."""
    assert audit.report(answer) == 0
    first, *rows = capfd.readouterr().out.splitlines()
    assert first.startswith("nothing was audited")
    assert ["numpy", np.__version__] in [row.split()[:2] for row in rows]
