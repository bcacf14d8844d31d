"""What bad luck does to those who use a checkpoint: hostile files, a long run, a crowd, a file replaced underneath."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

from support.processes import ENVIRONMENT, Result, bacterio, start, write_names
from tools import hostile
from tools.soak_saving import RUN, states
from tools.tally import Tally

from bacterio_cli import api
from bacterio_cli.checkpoint import checkpoint as trained
from bacterio_cli.errors import UNPRINTABLE
from bacterio_cli.inference.sampler import block_sizes

BATCH = 1000  # hostile files a worker
MODEL = trained.shipped("model.npz")
MOST_GROWTH = 8.0  # MB of peak memory, from a tenth of the names to their end
EACH = 50  # names for each of a crowd
WAVE = 8  # samplers beside a training, which is to get on meanwhile


def files(folder: Path, count: int, seed: int) -> Tally:
    """Hostile files: each loads, and then can be used, or is refused with a BacterioError, in 2 s and 512 MB."""
    tally = Tally("files")
    hostile.prepare(folder)
    for first in range(0, count, BATCH):
        words = [str(x) for x in (folder, seed, first, min(count, first + BATCH))]
        done = subprocess.run(
            [sys.executable, hostile.__file__, *words], cwd=folder, env=os.environ | ENVIRONMENT,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if not tally.expect(done.returncode == 0, f"files from {first}: the worker ended: {done}"):
            continue
        report = json.loads(done.stdout)
        tally.seen.update(report["seen"])
        tally.failures += report["failures"]
        tally.largest_s = max(tally.largest_s, report["largest_s"])
        tally.largest_mb = max(tally.largest_mb, report["largest_mb"])
    tally.expect(not (folder / hostile.MARKER).exists(), "a pickle was run")
    return tally


def screen(folder: Path, count: int, seed: int) -> Tally:
    """Control and escape sequences in every text of a file: what can be read of it, nothing unprintable is shown."""
    tally = Tally("screen")
    write_names(folder)
    hostile.prepare(folder)
    places = list(hostile.lying(folder / "a.npz"))
    for k in range(min(count, len(places))):
        what, data = places[(k * 7 + seed) % len(places)]
        (folder / "lies.npz").write_bytes(data)
        for words in (["info"], ["info", "--json"], ["sample", "-n", "3", "--seed", "1", "--report", "-c"]):
            result = bacterio(*words, "lies.npz", cwd=folder)
            shown = (result.stdout + result.stderr).replace("\n", "").replace("\t", "")
            tally.seen["shown" if result.code == 0 else "refused"] += 1
            tally.expect(not UNPRINTABLE.search(shown), f"{what}, {words[0]}: {shown!r}")
            tally.expect(result.code in (0, 1) and "Traceback" not in shown, f"{what}, {words[0]}: {result}")
            tally.expect(result.code == 0 or result.stderr.count("\n") == 1, f"{what}, {words[0]}: {result}")
    return tally


def peak_mb(process: subprocess.Popen[str]) -> float:
    """The most memory that a living process has had so far, in MB; 0 if it is gone or the system does not say."""
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


def settled() -> int:
    """The draws up to the second block of the largest size: it is made while the first still stands."""
    total = 0
    for size, following in pairwise(block_sizes(trained.load(MODEL).vocabulary.n_y, 50)):
        total += size
        if size == following:
            break
    return total + size


def names(folder: Path, count: int, seed: int) -> Tally:
    """So many names into a pipe: every one arrives, and the peak of memory stays what it was after a tenth of them."""
    tally = Tally("names")
    process = start(folder, "sample", "-n", count, "--allow-duplicates", "-c", MODEL, "--seed", seed)
    assert process.stdout is not None
    pipe, got, peaks = process.stdout.buffer, 0, [(0, 0.0)]
    while piece := pipe.read1(2**16):
        got += piece.count(b"\n")
        peaks.append((got, max(peaks[-1][1], peak_mb(process))))
    _, stderr = process.communicate()
    tally.seen["names"] = got
    tally.expect((process.returncode, got, stderr) == (0, count, ""), f"{got:,} names, {process.returncode}, {stderr}")
    tally.largest_mb = peaks[-1][1]
    points = [max(count * tenth // 10, settled()) for tenth in (1, 2, 5)]
    at = [next((mb for have, mb in peaks if have >= point), 0.0) for point in points]
    told = [f"{mb:.1f} after {point:,}" for mb, point in zip(at, points, strict=True)]
    tally.notes.append(f"peak MB {', '.join(told)}, {tally.largest_mb:.1f} at the end")
    growth = tally.largest_mb - at[0]
    tally.expect(growth <= MOST_GROWTH, f"memory grew by {growth:.1f} MB, more than {MOST_GROWTH}: {tally.notes[0]}")
    return tally


def ended(processes: Sequence[subprocess.Popen[str]]) -> list[Result]:
    """What each of them leaves behind."""
    said = [process.communicate() for process in processes]
    return [Result(process.returncode, *streams) for process, streams in zip(processes, said, strict=True)]


def invented(path: Path, *, seed: int) -> str:
    """What `bacterio sample` prints of a file."""
    return "".join(f"{name}\n" for name in api.sample(trained.load(path), EACH, seed=seed))


def crowd(folder: Path, count: int, seed: int) -> Tally:
    """So many samplers at once: all say what one alone does, and of a file being replaced what some whole file gives.

    The second file is written by a training that saves every other step and is begun anew as long as anybody reads.
    """
    tally = Tally("crowd")
    words = ("sample", "-n", EACH, "--seed", seed, "-c")
    alone = bacterio(*words, MODEL, cwd=folder)
    tally.expect((alone.code, alone.stdout.count("\n"), alone.stderr) == (0, EACH, ""), f"alone: {alone}")
    for result in ended([start(folder, *words, MODEL) for _ in range(count)]):
        tally.seen["of one file"] += 1
        tally.expect(result == alone, f"one of {count} at once: {result}")

    train = ("train", write_names(folder), *RUN, "-q")
    legal = set(states(folder, look=partial(invented, seed=seed)))
    trainings, met = [start(folder, *train)], set()
    while trainings[0].poll() is None and not (folder / "m.npz").exists():
        time.sleep(0.01)
    for _ in range(0, count, WAVE):
        samplers = [start(folder, *words, "m.npz") for _ in range(WAVE)]
        while any(process.poll() is None for process in samplers):
            if trainings[-1].poll() is not None:
                trainings.append(start(folder, *train))
            time.sleep(0.01)
        for result in ended(samplers):
            tally.seen["of a file being replaced"] += 1
            met.add(result.stdout)
            sound = (result.code, result.stderr) == (0, "") and result.stdout in legal
            tally.expect(sound, f"of no file that was saved: {result}")
    for result in ended(trainings):
        tally.expect(result == (0, "", ""), f"a training: {result}")
    tally.notes.append(f"{len(met)} of {len(legal)} different outputs met, {len(trainings)} trainings meanwhile")
    return tally
