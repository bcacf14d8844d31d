"""Known vulnerabilities in what is installed beside this Python, asked of pip-audit; without an answer, a list of it.

Exit code: 0, or 1 if a vulnerability is found. That the index could not be asked is said, and is no failure.
"""

from __future__ import annotations

import json
import subprocess
import sys

TIMEOUT = 300  # seconds for all questions together


def pip_audit() -> str:
    """What pip-audit says, as JSON; empty if it is not installed or could not ask."""
    words = [sys.executable, "-m", "pip_audit", "--skip-editable", "--progress-spinner", "off", "--format", "json"]
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=TIMEOUT, check=False).stdout
    except subprocess.TimeoutExpired:
        return ""


def report(answer: str) -> int:
    """Print what pip-audit answered; 1 if there is a vulnerability in it.

    Where the index knew no package at all, nothing was audited, and that is what it says.
    """
    try:
        packages = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        packages = []
    audited = [p for p in packages if "vulns" in p]
    if not audited:
        print("nothing was audited, since the index had no answer; what is installed:", flush=True)
        subprocess.run([sys.executable, "-m", "pip", "list", "--disable-pip-version-check"], check=False)
        return 0
    vulnerable = [(p["name"], p["version"], v) for p in audited for v in p["vulns"]]
    for name, version, found in vulnerable:
        print(f"{name} {version}: {found['id']}, fixed in {', '.join(found['fix_versions']) or 'no version yet'}")
    for p in packages:
        if "vulns" not in p:
            print(f"{p['name']}: not audited, {p.get('skip_reason', 'without a reason')}")
    known = f"{len(vulnerable)} known vulnerabilit{'y' if len(vulnerable) == 1 else 'ies'}"
    print(f"{len(audited)} of {len(packages)} packages audited, {known}")
    return int(bool(vulnerable))


if __name__ == "__main__":
    sys.exit(report(pip_audit()))
