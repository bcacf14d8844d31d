"""The worker process: where there can be one, what it shares, and that it never outlives the process that needs it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.processes import ROOT, start, write_names

FORKS = """
import multiprocessing, sys, threading
from bacterio_cli.lm.prefix_tree import in_chunks
from bacterio_cli.training.worker import can_fork
found = [can_fork()]
in_chunks(id, 4, 2)
found.append(can_fork())
with multiprocessing.get_context("fork").Pool(1) as pool:
    found.append(pool.apply(can_fork))
platform, sys.platform = sys.platform, "darwin"
found.append(can_fork())
sys.platform = platform
threading.Thread(target=threading.Event().wait, daemon=True).start()
print(*found, can_fork())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="there is no worker elsewhere")
def test_where_a_process_can_fork() -> None:
    """On Linux, and after work on two threads; not in a daemon of multiprocessing, nor beside another thread."""
    words = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKS]  # of Python 3.12, for the Pool here
    done = subprocess.run(words, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, check=True, text=True)
    assert done.stdout.split() == ["True", "True", "False", "False", "False"]


def eventually(found: object) -> bool:
    """Whether a call gives something true within half a minute."""
    return any(found() or time.sleep(0.01) for _ in range(3000))  # type: ignore[operator]


def running(pid: str) -> bool:
    """Whether there is such a process, and it has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="there is no worker elsewhere")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_worker_ends_with_the_first_process(number: signal.Signals, tmp_path: Path) -> None:
    """Ctrl-C, SIGTERM or kill -9 in the middle of a training: neither is left."""
    words = ("--hidden", 256, "--layers", 1, "--ngram", 0, "--epochs", 100_000, "-q", "-o", "m.npz")
    with start(tmp_path, "train", write_names(tmp_path), *words) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        try:
            assert eventually(lambda: children.read_text(encoding="ascii").split())
            (worker,) = children.read_text(encoding="ascii").split()
            assert eventually((tmp_path / "m.npz").exists)
            assert running(worker)
            process.send_signal(number)
            process.wait(timeout=60)
            assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}.get(number, -number)
            assert eventually(lambda: not running(worker))
        finally:
            process.kill()
