"""What bad luck does to those who use a checkpoint: hostile files, a long run, a crowd, a file replaced underneath."""

import os
import re
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from support.processes import bacterio, ended, start, write_names
from tools import hostile
from tools.hostile_archives import MARKER
from tools.hostile_metadata import lying
from tools.log import Log
from tools.soak_saving import TRAIN, saved_states

from bacterio_cli import api
from bacterio_cli.checkpoint.checkpoint import load
from bacterio_cli.dataset import shipped
from bacterio_cli.errors import UNPRINTABLE

BATCH = 1000  # hostile files per worker process
MODEL = shipped("model.npz")
MOST_GROWTH = 8.0  # MB of peak memory, from a tenth of the names to their end
SETTLED = 200_000  # names: by then the largest block has been made while another one stood
EACH = 10  # names for each of a crowd
WAVE = 8  # samplers beside a training, which is to get on meanwhile


def files(folder: Path, count: int, seed: int) -> Log:
    """Hostile files: each loads, and then can be used, or is refused with a BacterioError, in 2 s and 512 MB."""
    log = Log("files")
    hostile.prepare(folder)
    with ProcessPoolExecutor(
        mp_context=get_context("spawn"), max_tasks_per_child=1, initializer=os.chdir, initargs=(folder,)
    ) as pool:  # a new process for each batch, one a core at a time
        starts = range(0, count, BATCH)
        batches = [pool.submit(hostile.work, folder, seed, first, min(count, first + BATCH)) for first in starts]
        for first, batch in zip(starts, batches, strict=True):
            try:
                log.add(batch.result())
            except Exception as error:
                log.failures.append(f"files from {first}: the worker ended: {error!r}")
    log.expect(not (folder / MARKER).exists(), "a pickle was run")
    return log


def screen(folder: Path, count: int, seed: int) -> Log:
    """Control and escape sequences in every text of a file: what can be read of it, nothing unprintable is shown."""
    log = Log("screen")
    write_names(folder)
    hostile.prepare(folder)
    places = list(lying(folder / "a.npz"))
    for k in range(min(count, len(places))):
        what, data = places[(k * 7 + seed) % len(places)]
        (folder / "lies.npz").write_bytes(data)
        for words in (["info"], ["info", "--json"], ["sample", "-n", "3", "--seed", "1", "--report", "-c"]):
            result = bacterio(*words, "lies.npz", cwd=folder)
            shown = (result.stdout + result.stderr).replace("\n", "").replace("\t", "")
            log.seen["shown" if result.code == 0 else "refused"] += 1
            log.expect(not UNPRINTABLE.search(shown), f"{what}, {words[0]}: {shown!r}")
            log.expect(result.code in (0, 1) and "Traceback" not in shown, f"{what}, {words[0]}: {result}")
            log.expect(result.code == 0 or result.stderr.count("\n") == 1, f"{what}, {words[0]}: {result}")
    return log


def peak_mb(process: subprocess.Popen[str]) -> float:
    """The most memory that a living process has had so far, in MB; 0 if it is gone or the system does not say."""
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


def names(
    folder: Path, count: int, seed: int, *, model: Path = MODEL, start: Callable[..., subprocess.Popen[str]] = start
) -> Log:
    """So many names into a pipe: every one arrives, and the peak of memory stays what it was after a tenth of them."""
    log = Log("names")
    process = start(
        folder, "sample", "-n", count, "--any", "--no-also-known", "--allow-duplicates", "-c", model, "--seed", seed
    )
    assert process.stdout is not None
    pipe, got, peaks = process.stdout.buffer, 0, [(0, 0.0)]
    while piece := pipe.read1(2**16):
        got += piece.count(b"\n")
        peaks.append((got, max(peaks[-1][1], peak_mb(process))))
    _, stderr = process.communicate()
    log.seen["names"] = got
    log.expect((process.returncode, got, stderr) == (0, count, ""), f"{got:,} names, {process.returncode}, {stderr}")
    log.largest_mb = peaks[-1][1]
    point = max(count // 10, SETTLED)
    before = next((mb for have, mb in peaks if have >= point), 0.0)
    log.notes.append(f"peak MB {before:.1f} after {point:,}, {log.largest_mb:.1f} at the end")
    growth = log.largest_mb - before
    log.expect(growth <= MOST_GROWTH, f"memory grew by {growth:.1f} MB, more than {MOST_GROWTH}: {log.notes[0]}")
    return log


def invented(path: Path, *, seed: int) -> str:
    """What `bacterio sample` prints of a file."""
    return "".join(f"{name}\n" for name in api.sample(load(path), EACH, seed=seed))


def crowd(folder: Path, count: int, seed: int, *, states: Callable[..., list[str]] = saved_states) -> Log:
    """So many samplers at once: all say what one alone does, and of a file being replaced what some whole file gives.

    The second file is written by a training that saves every other step and is begun anew as long as anybody reads.
    """
    log = Log("crowd")
    words = ("sample", "-n", EACH, "--seed", seed, "-c")
    alone = bacterio(*words, MODEL, cwd=folder)
    sound = re.fullmatch(rf"bacterio: {EACH} of [\d,]+ draws accepted \([\d.]+ %\)\n", alone.stderr)
    log.expect((alone.code, alone.stdout.count("\n")) == (0, EACH) and sound is not None, f"alone: {alone}")
    for process in [start(folder, *words, MODEL) for _ in range(count)]:
        result = ended(process)
        log.seen["of one file"] += 1
        log.expect(result == alone, f"one of {count} at once: {result}")

    write_names(folder)
    train = (*TRAIN, "-q")
    legal = set(states(folder, look=partial(invented, seed=seed)))
    trainings, met = [start(folder, *train)], set()
    while trainings[0].poll() is None and not (folder / "m.npz").exists():
        time.sleep(0.01)
    for _ in range(0, count, WAVE):
        samplers = [start(folder, *words, "m.npz") for _ in range(min(WAVE, count))]
        while any(process.poll() is None for process in samplers):
            if trainings[-1].poll() is not None:
                trainings.append(start(folder, *train))
            time.sleep(0.01)
        for result in map(ended, samplers):
            log.seen["of a file being replaced"] += 1
            met.add(result.stdout)
            sound = (result.code, result.stderr) == (0, "") and result.stdout in legal
            log.expect(sound, f"of no file that was saved: {result}")
    for result in map(ended, trainings):
        log.expect(result == (0, "", ""), f"a training: {result}")
    log.notes.append(f"{len(met)} of {len(legal)} different outputs met, {len(trainings)} trainings meanwhile")
    return log
