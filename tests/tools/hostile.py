"""Hostile checkpoints opened by the thousand, in a worker process under limits of time and memory.

File k of a seed is always the same: its kind and all that is random in it come from default_rng([seed, k]).
"""

from __future__ import annotations

import io
import resource
import signal
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
from support.checkpoints import use
from support.processes import NAMES, advanced, begin
from tools import hostile_archives as archives
from tools import hostile_metadata as texts
from tools.log import Log

from bacterio_cli.checkpoint.checkpoint import load
from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.errors import BacterioError, UsageError
from bacterio_cli.training.trainer import snapshot, train

# For a file, seconds of the processor's time, since a busy machine is no failure, and of the clock's, should it wait.
LIMITS = {signal.ITIMER_PROF: 2.0, signal.ITIMER_REAL: 60.0}
GROWTH = 512 * 2**20  # bytes for a worker
RELATED = Corpus(tuple(name[::-1].capitalize() for name in NAMES))
KINDS: tuple[tuple[Callable[[archives.Rng, bytes, bytes], bytes], int], ...] = (
    (archives.flips, 20), (archives.cuts, 10), (archives.fields, 12), (archives.spliced, 8), (archives.members, 6),
    (archives.headers, 8), (archives.shapes, 6), (archives.pickles, 4), (archives.dtypes, 5), (archives.values, 10),
    (archives.claims, 2), (texts.metadata, 16), (texts.texts, 4),
)  # fmt: skip


def prepare(folder: Path) -> None:
    """Two sound checkpoints to damage: a with both tables, half trained and whole; b of another kind, compressed."""
    state = begin(ngram=3, epochs=2, refit=True, background=RELATED)
    steps = train(state)
    for _ in range(7):
        next(steps)
    snapshot(state).save(folder / "a.npz")
    snapshot(advanced(begin(ngram=4, arch="lstm", hidden=6))).save(folder / "b.npz", compress=True)


def is_bomb(k: int) -> bool:
    """Whether file k is one of the bombs, which are few, since they take half a second each."""
    return k % 500 == 100


def hostile(seed: int, k: int, sound: tuple[bytes, bytes]) -> tuple[str, bytes]:
    """(kind, contents) of file k."""
    rng = np.random.default_rng([seed, k])
    if is_bomb(k):
        return "bombs", texts.bombs(rng, *sound)
    kind = archives.pick(rng, [kind for kind, weight in KINDS for _ in range(weight)])
    data, other = sound if rng.random() < 0.6 else sound[::-1]
    return kind.__name__, kind(rng, data, other)


class Late(BaseException):
    """The alarm of one file."""


def ring(*_: object) -> None:
    """The handler of the alarm."""
    raise Late


def opened(path: Path, load: Callable[[Path], object] = load) -> tuple[str, str]:
    """(outcome, failure): what becomes of one file when it is loaded and then used."""
    for timer, seconds in LIMITS.items():
        signal.setitimer(timer, seconds)
    outcome = "refused"
    try:
        load(path)
        outcome = "loaded, then refused"
        with redirect_stdout(io.StringIO()):
            use(path, RELATED)
        outcome = "loaded and used"
    except UsageError as error:
        return "failed", f"UsageError: {error}"
    except BacterioError as error:
        return outcome, f"two lines: {error}" if "\n" in str(error) else ""
    except Late:
        return "failed", "took too long"
    except BaseException as error:
        return "failed", " < ".join(traceback.format_exc(limit=-4).split("\n")[-8:]) + f" {type(error).__name__}"
    finally:
        for timer in LIMITS:
            signal.setitimer(timer, 0)
    return outcome, ""


def peak() -> float:
    """The most memory that this process has ever held, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def work(folder: Path, seed: int, first: int, end: int) -> Log:
    """Open files one after the other, in a process of its own, which may grow by so much and no more from here on."""
    for alarm in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(alarm, ring)
    warnings.simplefilter("error")
    sound = (folder / "a.npz").read_bytes(), (folder / "b.npz").read_bytes()
    path = folder / f"hostile-{first}.npz"
    for data in sound:
        path.write_bytes(data)
        assert opened(path) == ("loaded and used", "")
    log, base = Log("files"), peak()
    ready = {k: hostile(seed, k, sound) for k in range(first, end) if is_bomb(k)}  # made before there is a limit
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + GROWTH,) * 2)
    for k in range(first, end):
        kind, data = ready.get(k) or hostile(seed, k, sound)
        path.write_bytes(data)
        del data
        begun = time.perf_counter()
        with redirect_stderr(io.StringIO()) as said:
            outcome, failure = opened(path)
        log.largest_s = max(log.largest_s, time.perf_counter() - begun)
        log.seen[outcome] += 1
        log.expect(not (failure or said.getvalue()), f"file {k} of seed {seed}, {kind}: {failure or said.getvalue()}")
    log.largest_mb = peak() - base
    return log
