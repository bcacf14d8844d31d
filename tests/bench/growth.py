"""How time and memory grow with the corpus, the network and the alphabet: `make bench-growth FILES="large_list.txt"`.

    python tests/bench/growth.py [LIST] [--only corpus,hidden,alphabet]

Each measurement is a process of its own. LIST supplies the corpora of growing size (data/genera.txt without it). The
slope of a column is that of log(column) over log(first column) by least squares: 1 is proportional growth.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from turns import keep_bytecode

DATA = Path(__file__).parents[2] / "data"
CORPORA = (1_000, 5_000, 20_000, 50_000, 150_000)
HIDDEN = (64, 128, 256, 512, 1024)
ALPHABETS = (30, 300, 1_000, 3_000, 5_500)
LIMIT = 2**31  # bytes that training on the largest corpus may take
COLUMNS = ("tables s", "epoch s", "characters/s", "checkpoint kB", "peak MB", "sample s", "sample MB")


def measure(path: str, out: str, hidden: int) -> dict[str, float]:
    """One epoch of the default recipe on a list, in this process."""
    from bacterio_cli.cli.runtime import keep_freed_memory

    keep_freed_memory()
    from bacterio_cli.dataset.corpus import read_corpus
    from bacterio_cli.training import trainer as training
    from bacterio_cli.training.config import resolve

    begun = time.perf_counter()
    corpus = read_corpus([path])
    run = training.begin(corpus, resolve("default", {"hidden": hidden, "epochs": 1, "refit": False}))
    ready = time.perf_counter()
    for _ in training.train(run):
        pass
    trained = time.perf_counter()
    training.snapshot(run).compact().save(out, compress=True)
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)  # what the two processes share is counted twice
    peak = sum(resource.getrusage(who).ru_maxrss for who in both)
    return {
        "names": len(corpus.names),
        "letters": run.vocabulary.n_y - 1,
        "characters": len(run.plan.texts["fit"].ids) - 1,
        "tables s": ready - begun,
        "epoch s": trained - ready,
        "characters/s": (len(run.plan.texts["fit"].ids) - 1) / (trained - ready),
        "checkpoint kB": Path(out).stat().st_size / 1e3,
        "peak MB": peak * 1024 / 1e6,
    }


def sampled(checkpoint: str) -> dict[str, float]:
    """The wall time and the peak memory of `bacterio sample -n 20` as a process."""
    words = [sys.executable, "-m", "bacterio_cli", "sample", "-n", "20", "--seed", "1", "-c", checkpoint]
    script = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], capture_output=True, check=False);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    subprocess.run(words, capture_output=True, check=False)  # compiled modules and the file are in the cache then
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=True)
    return {"sample s": time.perf_counter() - begun, "sample MB": int(done.stdout) * 1024 / 1e6}


def row(names: list[str], hidden: int) -> dict[str, float]:
    """All measurements for one list and one size."""
    with tempfile.TemporaryDirectory() as directory:
        path, out = str(Path(directory, "names.txt")), str(Path(directory, "m.npz"))
        Path(path).write_text("\n".join(names) + "\n", encoding="utf-8")
        words = [sys.executable, __file__, "--measure", path, out, str(hidden)]
        measured = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
        return {**measured, "hidden": hidden, **sampled(out)}


def invented(letters: int) -> list[str]:
    """5,000 names of 6 letters from an alphabet of so many, each letter used."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, letters, (5_000, 6))
    codes.reshape(-1)[:letters] = np.arange(letters)
    return ["".join(chr(0x4E00 + code) for code in name) for name in codes.tolist()]


def rows_of(part: str, names: list[str]) -> Iterator[dict[str, float]]:
    """The measurements of one table, one by one."""
    if part == "corpus":
        shuffled = np.random.default_rng(0).permutation(len(names)).tolist()
        sizes = [size for size in CORPORA if size < len(names)]
        for size in [*sizes, len(names)]:
            yield row([names[k] for k in shuffled[:size]], 128)
    elif part == "hidden":
        for hidden in HIDDEN:
            yield row(names[:2_000], hidden)
    else:
        for letters in ALPHABETS:
            yield row(invented(letters), 128)


def slope(x: list[float], y: list[float]) -> float:
    """The exponent k of y ∝ xᵏ, by least squares on logarithms."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def table(part: str, names: list[str]) -> list[dict[str, float]]:
    """Print a markdown table, the slopes in its last line."""
    first = {"corpus": "characters", "hidden": "hidden", "alphabet": "letters"}[part]
    print(f"\n| {first} | {' | '.join(COLUMNS)} |\n|{'---:|' * (len(COLUMNS) + 1)}")
    rows = []
    for measured in rows_of(part, names):
        rows.append(measured)
        cells = [f"{measured[c]:,.2f}" if measured[c] < 100 else f"{measured[c]:,.0f}" for c in COLUMNS]
        print(f"| {measured[first]:,.0f} | {' | '.join(cells)} |", flush=True)
    slopes = [f"{slope([r[first] for r in rows], [r[c] for r in rows]):.2f}" for c in COLUMNS]
    print(f"| slope | {' | '.join(slopes)} |")
    return rows


def main() -> None:
    """The tables asked for, then whether the largest corpus stayed within its memory."""
    parser: Any = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("list", nargs="?", default=str(DATA / "genera.txt"))
    parser.add_argument("--only", default="corpus,hidden,alphabet")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        path, out, hidden = arguments.measure
        print(json.dumps(measure(path, out, int(hidden))))
        return
    from bacterio_cli.cli.runtime import one_blas_thread
    from bacterio_cli.dataset.corpus import read_corpus

    one_blas_thread()  # the processes below inherit it
    names = list(read_corpus([arguments.list]).names)
    with tempfile.TemporaryDirectory() as directory:
        keep_bytecode(directory)
        tables = {part: table(part, names) for part in arguments.only.split(",")}
    if "corpus" in tables:
        largest = tables["corpus"][-1]
        fits = largest["peak MB"] * 1e6 < LIMIT
        print(f"\n{'pass' if fits else 'fail'}: {largest['names']:,.0f} names train in {largest['peak MB']:,.0f} MB")
        raise SystemExit(not fits)


if __name__ == "__main__":
    main()
