"""What bad luck does to a checkpoint that is being saved: kills, full disks, rivals and signals."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.processes import ENVIRONMENT, NAMES, TINY, Result, bacterio, command, start, write_names
from tools.tally import Tally

from bacterio_cli.checkpoint import checkpoint as trained
from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.errors import BacterioError
from bacterio_cli.training import trainer as training
from bacterio_cli.training.config import resolve

EPOCHS = 30
SAVE_EVERY = 2
RUN = (*TINY[:-2], "--epochs", EPOCHS, "--batch-size", "8", "--save-every", SAVE_EVERY, "-o", "m.npz")
SAME_RUN: dict[str, Any] = {
    "arch": "gru", "hidden": 8, "layers": 1, "embedding": 4, "ngram": 0, "refit": False,
    "epochs": EPOCHS, "batch_size": 8,
}  # fmt: skip


def digest(path: Path) -> str:
    """The file's contents in short; "" if there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def strays(folder: Path) -> list[str]:
    """Temporary files in a folder."""
    return sorted(p.name for p in folder.glob(".*.tmp"))


def states(folder: Path, seed: int = 0, look: Callable[[Path], str] = digest) -> list[str]:
    """What `look` makes of every file that the run saves, in order; the last is that of the finished one."""
    path, found = folder / "states.npz", []

    def save() -> None:
        training.snapshot(run).save(path)
        found.append(look(path))

    run = training.begin(Corpus(NAMES), resolve("default", {**SAME_RUN, "seed": seed}))
    for progress in training.train(run):
        if progress.step % SAVE_EVERY == 0 or progress.row:
            save()
    save()
    path.unlink()
    return found


def training_time(folder: Path) -> float:
    """Seconds that the run takes as a process, measured once."""
    begun = time.perf_counter()
    assert bacterio("train", "names.txt", *RUN, "-q", cwd=folder).code == 0
    return time.perf_counter() - begun


def kills(folder: Path, count: int, seed: int) -> Tally:
    """`kill -9` at random moments: the file is the old one or one that was saved, and the next save leaves no stray."""
    import numpy as np

    tally, rng = Tally("kills"), np.random.default_rng([seed, 1])
    write_names(folder)
    path = folder / "m.npz"
    lasts = training_time(folder)
    legal = states(folder)
    tally.expect(digest(path) == legal[-1], "the run in this process is not that of the command")
    training.snapshot(training.begin(Corpus(NAMES), resolve("default", {**SAME_RUN, "seed": 7}))).save(path)
    old = path.read_bytes()
    while (k := tally.seen["killed"]) < count:
        path.write_bytes(old)
        process = start(folder, "train", "names.txt", *RUN, "-q")
        moment = float(rng.uniform(0.4, 1)) * lasts
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        process.kill()
        process.communicate()
        if process.returncode == 0:  # it ended before: the machine is faster now
            lasts *= 0.97
            continue
        tally.seen["killed"] += 1
        tally.seen["in the middle of a save"] += bool(strays(folder))
        found = digest(path)
        if found == hashlib.sha256(old).hexdigest():
            tally.seen["old file"] += 1
        elif tally.expect(found in legal, f"kill {k} at {moment:.3f} s left a file that no save wrote"):
            tally.seen["new file"] += 1
        begun = time.perf_counter()
        try:
            trained.load(path).save(path)
        except BacterioError as error:
            tally.failures.append(f"kill {k} at {moment:.3f} s: {error}")
        tally.largest_s = max(tally.largest_s, time.perf_counter() - begun)
        tally.expect(not strays(folder), f"kill {k}: the next save left {strays(folder)}")
    return tally


LIMITED = (
    "import os, resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
    "os.environ.pop('COVERAGE_PROCESS_CONFIG', None);"  # whose own file would be the first to meet the limit
    "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2); os.execv(sys.argv[2], sys.argv[2:])"
)


def refused(tally: Tally, what: str, result: Result, *says: str) -> None:
    """Count a command that must fail with exit 1 and one line on stderr."""
    tally.seen["refused"] += 1
    sound = result.code == 1 and result.stderr.startswith("bacterio: error: ") and result.stderr.count("\n") == 1
    tally.expect(sound and all(part in result.stderr for part in says), f"{what}: {result}")


def contents(folder: Path) -> dict[str, str]:
    """Every entry of a folder: the digest of a file, the goal of a link, and so on."""
    return {
        p.name: f"-> {p.readlink()}" if p.is_symlink() else digest(p) if p.is_file() else "directory"
        for p in folder.iterdir()
    }


def full_disk(folder: Path, tally: Tally, sizes: list[int]) -> None:
    """No file may grow beyond so many bytes: one line, and the folder is as it was."""
    before = contents(folder)
    for size in sizes:
        words = [sys.executable, "-c", LIMITED, str(size), *command("train", "names.txt", *RUN, "-q")]
        done = subprocess.run(
            words, cwd=folder, env=os.environ | ENVIRONMENT | {"PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        result = Result(done.returncode, done.stdout, done.stderr)
        refused(tally, f"a limit of {size} bytes", result, "cannot write m.npz", "File too large")
        tally.expect(contents(folder) == before, f"a limit of {size} bytes changed the folder: {contents(folder)}")


def vanishing(folder: Path) -> Result:
    """Train into a directory that is removed on the way."""
    out = folder / "gone"
    out.mkdir()
    process = start(folder, "train", "names.txt", *RUN[:-2], "--epochs", "100000", "-q", "-o", "gone/m.npz")
    while not (out / "m.npz").exists() and process.poll() is None:
        time.sleep(0.005)
    while out.exists():
        with contextlib.suppress(OSError):  # a save put a file into it meanwhile
            for inside in out.iterdir():
                inside.unlink(missing_ok=True)
            out.rmdir()
    stdout, stderr = process.communicate(timeout=60)
    return Result(process.returncode, stdout, stderr)


def disk(folder: Path, count: int, seed: int) -> Tally:
    """Places that cannot be written: `count` sizes of a full disk, and one of each other kind."""
    import numpy as np

    tally, rng = Tally("disk"), np.random.default_rng([seed, 2])
    write_names(folder)
    training_time(folder)
    size = (folder / "m.npz").stat().st_size
    first = [0, 1, 4096, size // 2][: max(1, count // 2)]  # the first save, half as large as the last, must not fit
    full_disk(folder, tally, first + rng.integers(0, size // 2, max(0, count - len(first))).tolist())
    before = contents(folder)

    (folder / "closed").mkdir()
    (folder / "closed" / "m.npz").write_bytes(b"old")
    (folder / "closed").chmod(0o555)
    if os.geteuid() == 0:
        tally.seen["skipped: a read-only directory, since root ignores modes"] += 1
    else:
        refused(tally, "closed", bacterio("train", "names.txt", *RUN[:-1], "closed/m.npz", "-q", cwd=folder), "closed")
    tally.expect((folder / "closed" / "m.npz").read_bytes() == b"old", "a file in a read-only directory changed")
    (folder / "closed").chmod(0o755)

    (folder / "d.npz").mkdir()
    refused(tally, "a directory", bacterio("train", "names.txt", *RUN[:-1], "d.npz", "-q", cwd=folder), "a directory")
    refused(tally, "a directory to read", bacterio("info", "d.npz", cwd=folder), "directory")
    tally.expect(list((folder / "d.npz").iterdir()) == [], "something was left in a directory")

    (folder / "real").mkdir()
    (folder / "real" / "m.npz").write_bytes(b"old")
    (folder / "link.npz").symlink_to("real/m.npz")
    linked = bacterio("train", "names.txt", *RUN[:-1], "link.npz", "-q", cwd=folder)
    tally.seen["written through a link"] += 1
    tally.expect(linked == (0, "", "") and (folder / "link.npz").is_symlink(), f"a symbolic link: {linked}")
    tally.expect(digest(folder / "real" / "m.npz") == digest(folder / "m.npz"), "the link's target is another file")
    tally.expect(strays(folder / "real") == [], "a stray beside the link's target")

    refused(tally, "vanishing", vanishing(folder), "cannot write gone/m.npz", "No such file or directory")
    for words in (["info"], ["info", "--json"], ["sample", "-n", "5", "--seed", "1", "-c"], ["--help"]):
        words = words if words == ["--help"] else [*words, "m.npz"]
        full = bacterio(*words, cwd=folder, shell='exec "$@" >/dev/full')
        refused(tally, f"{words} >/dev/full", full, "standard output", "No space left")
    refused(tally, "an endless device", bacterio("info", "/dev/zero", cwd=folder, shell='ulimit -v 2000000; exec "$@"'))
    changed = {name for name, value in contents(folder).items() if before.get(name) != value}
    tally.expect(changed <= {"closed", "d.npz", "real", "link.npz"}, f"left behind: {changed}")
    return tally


def rivals(folder: Path, count: int, seed: int) -> Tally:
    """Two trainings into one path: whole files of either at every look, one of the finished ones at the end."""
    tally = Tally("rivals")
    write_names(folder)
    path = folder / "m.npz"
    seeds = (seed + 1, seed + 2)
    runs = [states(folder, number) for number in seeds]
    legal, last = set(runs[0]) | set(runs[1]), {run[-1] for run in runs}
    for k in range(count):
        path.unlink(missing_ok=True)
        both = [start(folder, "train", "names.txt", *RUN, "-q", "--seed", number) for number in seeds]
        while any(process.poll() is None for process in both):
            if path.exists():
                tally.seen["looks"] += 1
                tally.expect(digest(path) in legal, f"round {k}: a file that neither wrote")
            time.sleep(0.01)
        for process in both:
            said = process.communicate()
            tally.expect((process.returncode, *said) == (0, "", ""), f"round {k}: {process.returncode} {said}")
        tally.seen["rounds"] += 1
        tally.expect(digest(path) in last, f"round {k}: the file is neither of the finished ones")
        trained.load(path)
        tally.expect(not strays(folder), f"round {k}: left {strays(folder)}")
    return tally


def interrupt(folder: Path, number: signal.Signals, moment: float) -> Result:
    """Train, and send the signal so many seconds after the notice that the run begins."""
    (folder / "m.npz").unlink(missing_ok=True)
    process = start(folder, "train", "names.txt", *RUN)
    assert process.stderr is not None
    first = process.stderr.readline()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(moment)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    return Result(process.returncode, stdout, first + stderr)


def signals(folder: Path, count: int, seed: int) -> Tally:
    """Ctrl-C and SIGTERM at random moments: 130 or 143, saved, and resumed to the bytes of the uninterrupted run."""
    import numpy as np

    tally, rng = Tally("signals"), np.random.default_rng([seed, 4])
    write_names(folder)
    lasts = training_time(folder)
    whole = digest(folder / "m.npz")
    for k in range(count):
        number = (signal.SIGINT, signal.SIGTERM)[k % 2]
        moment = float(rng.uniform(0, 0.6)) * lasts
        begun = time.perf_counter()
        result = interrupt(folder, number, moment)
        tally.largest_s = max(tally.largest_s, time.perf_counter() - begun - moment)
        where = f"{number.name} at {moment:.3f} s: {result}"
        tally.expect(result.stdout == "" and "Traceback" not in result.stderr, where)
        if "saved to m.npz, go on with --resume" in result.stderr:
            tally.seen["interrupted and saved"] += 1
            tally.expect(result.code == 128 + number, where)
        elif digest(folder / "m.npz") == whole:  # all was saved, and what remained was the report
            tally.seen["after the last save"] += 1
            tally.expect(result.code in (0, 128 + number, -number), where)
        else:  # before the first step
            tally.seen["before the first step"] += 1
            tally.expect(result.code in (128 + number, -number) and not (folder / "m.npz").exists(), where)
        resumed = bacterio("train", "names.txt", *RUN, "--resume", "-q", cwd=folder)
        tally.expect(resumed == (0, "", "") or "does not exist yet" in resumed.stderr, f"{where}, then {resumed}")
        tally.expect(digest(folder / "m.npz") == whole, f"{where}: resumed, the file is another")
        tally.expect(not strays(folder), f"{where}: left {strays(folder)}")
    return tally
