"""What hours of bad luck do to a checkpoint, in minutes: kills, full disks, rivals, signals and hostile files.

    python tests/soak.py [--only kills,disk,rivals,signals,files,screen] [--kills 200] [--files 20000] [--seed 1]

Every part counts its trials and gives each failure a line; one failure makes the exit code 1. `test_soak.py` runs the
same functions with small counts.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from process import ENVIRONMENT, NAMES, TINY, Result, bacterio, command, write_names

from bacterio_cli import trained, training
from bacterio_cli.errors import UNPRINTABLE, BacterioError
from bacterio_cli.names.corpus import Corpus
from bacterio_cli.recipe import resolve

EPOCHS = 30
SAVE_EVERY = 2
RUN = (*TINY[:-2], "--epochs", EPOCHS, "--batch-size", "8", "--save-every", SAVE_EVERY, "-o", "m.npz")
SAME_RUN: dict[str, Any] = {
    "arch": "gru", "hidden": 8, "layers": 1, "embedding": 4, "ngram": 0, "refit": False,
    "epochs": EPOCHS, "batch_size": 8,
}  # fmt: skip
BATCH = 1000  # hostile files a worker


@dataclass
class Tally:
    """What a part saw: trials by outcome, a line for each failure, and the largest figures."""

    part: str
    seen: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    largest_s: float = 0.0
    largest_mb: float = 0.0
    took_s: float = 0.0

    def expect(self, holds: bool, failure: str) -> bool:
        """Note the failure unless it holds."""
        if not holds:
            self.failures.append(failure)
        return holds


def digest(path: Path) -> str:
    """The file's contents in short; "" if there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def strays(folder: Path) -> list[str]:
    """Temporary files in a folder."""
    return sorted(p.name for p in folder.glob(".*.tmp"))


def states(folder: Path, seed: int = 0) -> list[str]:
    """The digests of every file that the run saves, in order; the last is that of the finished one."""
    path, found = folder / "states.npz", []

    def save() -> None:
        training.snapshot(run).save(path)
        found.append(digest(path))

    run = training.begin(Corpus(NAMES), resolve("default", {**SAME_RUN, "seed": seed}))
    for progress in training.train(run):
        if progress.step % SAVE_EVERY == 0 or progress.row:
            save()
    save()
    path.unlink()
    return found


def start(folder: Path, *words: object) -> subprocess.Popen[str]:
    """`bacterio` in the background, its streams in pipes."""
    return subprocess.Popen(
        command(*words), cwd=folder, env=os.environ | ENVIRONMENT, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


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


def files(folder: Path, count: int, seed: int) -> Tally:
    """Hostile files: each loads, and then can be used, or is refused with a BacterioError, in 2 s and 512 MB."""
    import hostile

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
    import hostile

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


PARTS: dict[str, tuple[Callable[[Path, int, int], Tally], int]] = {
    "kills": (kills, 200),
    "disk": (disk, 12),
    "rivals": (rivals, 10),
    "signals": (signals, 40),
    "files": (files, 20_000),
    "screen": (screen, 60),
}


def table(tallies: list[Tally]) -> Iterator[str]:
    """The figures in Markdown."""
    yield "| part | seen | failures | largest s | largest MB | took s |"
    yield "|:--|:--|--:|--:|--:|--:|"
    for t in tallies:
        seen = ", ".join(f"{number:,} {what}" for what, number in sorted(t.seen.items()))
        figures = [f"{value:.2f}" if value else "–" for value in (t.largest_s, t.largest_mb)]
        yield f"| {t.part} | {seen} | {len(t.failures)} | {' | '.join(figures)} | {t.took_s:.0f} |"


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas")
    parser.add_argument("--seed", type=int, default=1)
    for name, (_, count) in PARTS.items():
        parser.add_argument(f"--{name}", type=int, default=count, help=f"trials of this part (default {count:,})")
    options = parser.parse_args()
    tallies = []
    for name in options.only.split(","):
        function, _ = PARTS[name]
        begun = time.perf_counter()
        with tempfile.TemporaryDirectory() as directory:
            tally = function(Path(directory), getattr(options, name), options.seed)
        tally.took_s = time.perf_counter() - begun
        tallies.append(tally)
        print(*table([tally]), sep="\n", file=sys.stderr)
    print(*table(tallies), sep="\n")
    for tally in tallies:
        for failure in tally.failures[:20]:
            print(f"{tally.part}: {failure}"[:2000])
    print(f"peak of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    sys.exit(any(tally.failures for tally in tallies))


if __name__ == "__main__":
    main()
