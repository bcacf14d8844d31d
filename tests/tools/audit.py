"""Known vulnerabilities in what is installed beside this Python, asked of pip-audit; else a plain list of it.

Exit code: 0, or 1 if a vulnerability is found. That nobody could be asked is said, and is no failure.
"""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys

PATIENCE = 300  # seconds for all questions together
LONG = 60  # letters: some state the whole text of their licence as its name


def answer() -> str:
    """What pip-audit says, as JSON; empty if it is not installed or could not ask."""
    words = [sys.executable, "-m", "pip_audit", "--skip-editable", "--progress-spinner", "off", "--format", "json"]
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False).stdout
    except subprocess.TimeoutExpired:
        return ""


def licence(package: importlib.metadata.Distribution) -> str:
    """The licence that a package states, by the newest of the three ways to state it; ? if by none."""
    stated = package.metadata
    text = stated["License"].strip() if "License" in stated else ""
    if "License-Expression" in stated:
        return stated["License-Expression"]
    classified = [c.rpartition(" :: ")[2] for c in stated.get_all("Classifier") or [] if c.startswith("License ::")]
    return (text if 0 < len(text) < LONG else ", ".join(classified)) or "?"


def installed() -> list[tuple[str, str, str]]:
    """(name, version, licence) of every package, by name."""
    found = {(p.metadata["Name"], p.version, licence(p)) for p in importlib.metadata.distributions()}
    return sorted(found, key=lambda row: row[0].lower())


def report(said: str) -> int:
    """Print what is known of the packages; 1 if a vulnerability is among it.

    Where the index knew no package at all, nothing was audited, and that is what it says.
    """
    try:
        packages = json.loads(said)["dependencies"]
    except (ValueError, KeyError, TypeError):
        packages = []
    audited = [p for p in packages if "vulns" in p]
    if not audited:
        print("nothing was audited, since the index had no answer; what is installed, and its licences:")
        rows = installed()
        widths = [max(len(row[k]) for row in rows) for k in (0, 1)]
        for name, version, terms in rows:
            print(f"{name:{widths[0]}}  {version:{widths[1]}}  {terms}")
        return 0
    vulnerable = [(p["name"], p["version"], v) for p in audited for v in p["vulns"]]
    for name, version, found in vulnerable:
        remedy = ", ".join(found["fix_versions"]) or "no version yet"
        print(f"{name} {version}: {found['id']}, mended in {remedy}")
    for p in packages:
        if "vulns" not in p:
            print(f"{p['name']}: not audited, {p.get('skip_reason', 'without a reason')}")
    known = f"{len(vulnerable)} known vulnerabilit{'y' if len(vulnerable) == 1 else 'ies'}"
    print(f"{len(audited)} of {len(packages)} packages audited, {known}")
    return int(bool(vulnerable))


if __name__ == "__main__":
    sys.exit(report(answer()))
