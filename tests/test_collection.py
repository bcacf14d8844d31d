"""The suite itself: processes that share it must find the same tests, else none is run."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from support.processes import ENVIRONMENT, ROOT

# The identifiers of all tests, as pytest would find them at another time of day.
COLLECT = """
import sys, time, pytest
now = time.time
time.time = lambda: now() + float(sys.argv[1])
sys.exit(pytest.main(["--collect-only", "-q", "-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:xdist"]))
"""


def collected(later: int, hash_seed: int) -> list[str]:
    """What a process finds whose clock is `later` seconds ahead and whose sets have this order."""
    done = subprocess.run(
        [sys.executable, "-c", COLLECT, str(later)],
        cwd=ROOT,
        env={**ENVIRONMENT, "PYTHONHASHSEED": str(hash_seed)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return [line for line in done.stdout.splitlines() if "::" in line]


def test_every_process_finds_the_same_tests() -> None:
    """No identifier depends on the clock, as the bytes of gzip do, or on the order of a set."""
    with ThreadPoolExecutor() as pool:
        one, other = pool.map(collected, (0, 86_400), (1, 2))
    assert len(one) > 1_500
    assert one == other
