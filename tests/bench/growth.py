"""How time and memory grow with the corpus, the network and the alphabet: `make bench-growth FILES="large_list.txt"`.

    python tests/bench/growth.py [LIST] [--only corpus,hidden,alphabet]

Measured are `bacterio train` for one epoch, without the fit on all names, and `bacterio sample` as processes. LIST
supplies the corpora of growing size (data/genera.txt without it). The slope of a column is that of log(column) over
log(first column) by least squares: 1 is proportional growth.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from turns import keeping_bytecode

from bacterio_cli.dataset.corpus import read_corpus

DATA = Path(__file__).parents[2] / "data"
CORPORA = (1_000, 5_000, 20_000, 50_000, 150_000)
HIDDEN = (64, 128, 256, 512, 1024)
ALPHABETS = (30, 300, 1_000, 3_000, 5_500)
LIMIT = 2**31  # bytes that training on the largest corpus may take
COLUMNS = ("train s", "train MB", "characters/s", "checkpoint kB", "sample s", "sample MB")

Row = dict[str, float]


def measured(folder: str, *words: str) -> tuple[float, float]:
    """The wall time of `bacterio` with these words, and the peak memory of the larger of its processes in MB."""
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "bacterio_cli", *words], cwd=folder, stdout=subprocess.DEVNULL)
    _, code, usage = os.wait4(process.pid, 0)
    if code:
        raise SystemExit(f"bacterio {' '.join(words)} failed")
    return time.perf_counter() - begun, usage.ru_maxrss * 1024 / 1e6


def row(names: list[str], hidden: int) -> Row:
    """All measurements for one list and one size."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "names.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
        one_epoch = ("--epochs", "1", "--no-refit", "--hidden", str(hidden), "--compact", "--log", "log", "-q")
        train_s, train_mb = measured(folder, "train", "names.txt", *one_epoch, "-o", "m.npz")
        sample_s, sample_mb = measured(folder, "sample", "-n", "20", "--any", "--seed", "1", "-c", "m.npz")
        figures = (
            train_s, train_mb, json.loads(Path(folder, "log").read_text())["chars_per_second"],
            Path(folder, "m.npz").stat().st_size / 1e3, sample_s, sample_mb,
        )  # fmt: skip
        letters = "".join(names)
        sizes = {"characters": len(letters) + len(names), "letters": len(set(letters)), "hidden": hidden}
        return {**sizes, **dict(zip(COLUMNS, figures, strict=True))}


def invented(letters: int) -> list[str]:
    """5,000 names of 6 letters from an alphabet of so many, each letter used."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, letters, (5_000, 6))
    codes.reshape(-1)[:letters] = np.arange(letters)
    return ["".join(chr(0x4E00 + code) for code in name) for name in codes.tolist()]


def cases(first: str, names: list[str]) -> Iterator[tuple[list[str], int]]:
    """The lists and the units to measure when this column is to grow."""
    if first == "characters":
        shuffled = np.random.default_rng(0).permutation(names).tolist()
        yield from ((shuffled[:size], 128) for size in sorted({*CORPORA, len(names)}) if size <= len(names))
    elif first == "hidden":
        yield from ((names[:2_000], hidden) for hidden in HIDDEN)
    else:
        yield from ((invented(letters), 128) for letters in ALPHABETS)


def table(first: str, names: list[str]) -> Row:
    """Print a markdown table, the slopes in its last line; the last row."""
    print(f"\n| {first} | {' | '.join(COLUMNS)} |\n|{'---:|' * (len(COLUMNS) + 1)}")
    rows = []
    for case in cases(first, names):
        rows.append(row(*case))
        cells = [f"{rows[-1][c]:,.2f}" if rows[-1][c] < 100 else f"{rows[-1][c]:,.0f}" for c in COLUMNS]
        print(f"| {rows[-1][first]:,.0f} | {' | '.join(cells)} |", flush=True)
    logs = {c: np.log([row[c] for row in rows]) for c in (first, *COLUMNS)}
    slopes = [f"{np.polyfit(logs[first], logs[c], 1)[0]:.2f}" for c in COLUMNS]
    print(f"| slope | {' | '.join(slopes)} |")
    return rows[-1]


def main() -> None:
    """The tables asked for, then whether the largest corpus stayed within its memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("list", nargs="?", default=str(DATA / "genera.txt"))
    parser.add_argument("--only", default="corpus,hidden,alphabet")
    arguments = parser.parse_args()
    names = list(read_corpus([arguments.list]).names)
    of = {"corpus": "characters", "hidden": "hidden", "alphabet": "letters"}
    with keeping_bytecode():
        last = {part: table(of[part], names) for part in arguments.only.split(",")}
    if "corpus" in last:
        peak = 2 * last["corpus"]["train MB"]  # two processes, and what they share counted twice
        fits = peak * 1e6 < LIMIT
        print(f"\n{'pass' if fits else 'fail'}: {len(names):,} names train in less than {peak:,.0f} MB")
        raise SystemExit(not fits)


if __name__ == "__main__":
    main()
