"""What bad luck does to a checkpoint that is being saved: kills, full disks and signals."""

import contextlib
import hashlib
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from support.processes import TINY, Result, bacterio, begin, ended, start, write_names
from tools.log import Log

from bacterio_cli.checkpoint.checkpoint import load
from bacterio_cli.errors import BacterioError
from bacterio_cli.training.trainer import snapshot, train

EPOCHS = 12
SAVE_EVERY = 2
BLOCK = 512  # bytes; of the `ulimit -f` of sh
RUN = (*TINY[:-2], "--epochs", EPOCHS, "--batch-size", "8", "--save-every", SAVE_EVERY, "-o", "m.npz")
TRAIN = ("train", "names.txt", "--force", *RUN)


def digest(path: Path) -> str:
    """The file's contents in short; "" if there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def strays(folder: Path) -> list[str]:
    """Temporary files in a folder."""
    return sorted(p.name for p in folder.glob(".*.tmp"))


def saved_states(folder: Path, seed: int = 0, look: Callable[[Path], str] = digest) -> list[str]:
    """What `look` makes of every file that the training of TRAIN saves, in order; the last is the finished one."""
    path, found, state = folder / "states.npz", [], begin(epochs=EPOCHS, seed=seed)

    def save() -> None:
        snapshot(state).save(path)
        found.append(look(path))

    for progress in train(state):
        if progress.step % SAVE_EVERY == 0 or progress.row:
            save()
    save()
    path.unlink()
    return found


def training_time(folder: Path) -> float:
    """Seconds that the training takes as a process, measured once."""
    begun = time.perf_counter()
    assert bacterio(*TRAIN, "-q", cwd=folder).code == 0
    return time.perf_counter() - begun


def kills(folder: Path, count: int, seed: int, *, states: Callable[[Path], list[str]] = saved_states) -> Log:
    """`kill -9` at random moments: the file is the old one or one that was saved, and the next save leaves no stray."""
    log, rng = Log("kills"), np.random.default_rng([seed, 1])
    write_names(folder)
    path = folder / "m.npz"
    lasts = training_time(folder)
    legal = states(folder)
    log.expect(digest(path) == legal[-1], "the training in this process is not that of the command")
    snapshot(begin(epochs=EPOCHS, seed=7)).save(path)
    old, before = path.read_bytes(), digest(path)
    while (k := log.seen["killed"]) < count:
        path.write_bytes(old)
        process = start(folder, *TRAIN, "-q")
        moment = float(rng.uniform(0.4, 1)) * lasts
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        process.kill()
        process.communicate()
        if process.returncode == 0:  # it ended before: the machine is faster now
            lasts *= 0.97
            continue
        log.seen["killed"] += 1
        log.seen["in the middle of a save"] += len(strays(folder)) > 1  # one holds the place during the training
        found = digest(path)
        if found == before:
            log.seen["old file"] += 1
        elif log.expect(found in legal, f"kill {k} at {moment:.3f} s left a file that no save wrote"):
            log.seen["new file"] += 1
        begun = time.perf_counter()
        try:
            load(path).save(path)
        except BacterioError as error:
            log.failures.append(f"kill {k} at {moment:.3f} s: {error}")
        log.largest_s = max(log.largest_s, time.perf_counter() - begun)
        log.expect(not strays(folder), f"kill {k}: the next save left {strays(folder)}")
    return log


def contents(folder: Path) -> dict[str, str]:
    """The entries of a folder, with the digest of each file."""
    return {p.name: digest(p) if p.is_file() else "directory" for p in folder.iterdir()}


def full_disk(folder: Path, log: Log, blocks: int) -> None:
    """No file may grow beyond so many blocks: exit 1 with one line, and the folder is as it was."""
    before = contents(folder)
    limited = f'unset COVERAGE_PROCESS_CONFIG; ulimit -f {blocks}; exec "$@"'  # its file would be the first to be cut
    result = bacterio(*TRAIN, "-q", cwd=folder, shell=limited, PYTHONDONTWRITEBYTECODE="1")
    log.seen["refused"] += 1
    sound = result.code == 1 and result.stderr.startswith("bacterio: error: cannot write m.npz: File too large")
    log.expect(sound and result.stderr.count("\n") == 1, f"a limit of {blocks} blocks: {result}")
    log.expect(contents(folder) == before, f"a limit of {blocks} blocks changed the folder: {contents(folder)}")


def disk(folder: Path, count: int, seed: int) -> Log:
    """`count` sizes of a full disk."""
    log, rng = Log("disk"), np.random.default_rng([seed, 2])
    write_names(folder)
    training_time(folder)
    half = (folder / "m.npz").stat().st_size // 2 // BLOCK  # the first save, half as large as the last, must not fit
    for blocks in [0, 1, half, *rng.integers(0, half, count).tolist()][:count]:
        full_disk(folder, log, blocks)
    return log


def interrupt(folder: Path, number: signal.Signals, moment: float) -> Result:
    """Train, and send the signal so many seconds after the notice that the run begins."""
    (folder / "m.npz").unlink(missing_ok=True)
    process = start(folder, *TRAIN)
    assert process.stderr is not None
    first = process.stderr.readline()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(moment)
    process.send_signal(number)
    result = ended(process)
    return result._replace(stderr=first + result.stderr)


def signals(folder: Path, count: int, seed: int) -> Log:
    """Ctrl-C and SIGTERM at random moments: 130 or 143, saved, and resumed to the bytes of the uninterrupted run."""
    log, rng = Log("signals"), np.random.default_rng([seed, 4])
    write_names(folder)
    lasts = training_time(folder)
    whole = digest(folder / "m.npz")
    for k in range(count):
        number = (signal.SIGINT, signal.SIGTERM)[k % 2]
        moment = float(rng.uniform(0, 0.6)) * lasts
        begun = time.perf_counter()
        result = interrupt(folder, number, moment)
        log.largest_s = max(log.largest_s, time.perf_counter() - begun - moment)
        where = f"{number.name} at {moment:.3f} s: {result}"
        log.expect(result.stdout == "" and "Traceback" not in result.stderr, where)
        if "saved to m.npz, go on with --resume" in result.stderr:
            log.seen["interrupted and saved"] += 1
            log.expect(result.code == 128 + number, where)
        elif digest(folder / "m.npz") == whole:  # all was saved, and what remained was the report
            log.seen["after the last save"] += 1
            log.expect(result.code in (0, 128 + number, -number), where)
        else:  # before the first step
            log.seen["before the first step"] += 1
            log.expect(result.code in (128 + number, -number) and not (folder / "m.npz").exists(), where)
        resumed = bacterio(*TRAIN, "--resume", "-q", cwd=folder)
        log.expect(resumed == (0, "", "") or "does not exist yet" in resumed.stderr, f"{where}, then {resumed}")
        log.expect(digest(folder / "m.npz") == whole, f"{where}: resumed, the file is another")
        log.expect(not strays(folder), f"{where}: left {strays(folder)}")
    return log
