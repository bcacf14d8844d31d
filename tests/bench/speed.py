"""Speed as ratios in one run: `make bench` (needs `pip install '.[bench]' torch==2.13.0`, which are no dependencies).

    python tests/bench/speed.py [--corpus FILE] [--large FILE] [--only PARTS] [--rounds N]

PARTS are training,memory,loop,peak,sampling,start,neighbours; --large is a long list of names, for the last of them.
Engine and PyTorch, or rapidfuzz, do the same work in turn, each in a process of its own, several rounds, and medians
are compared; absolute times mean nothing on a shared machine. Ends with pass or fail against the bars.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import engine
from turns import Bars, Side, in_turn, keep_bytecode, sides_in_turn

CELLS = ("rnn", "gru", "lstm")
SIZES = (64, 128, 256, 512)
STEPS = {32: 48, 128: 24}  # batches of each size that are timed together
MUST = {("rnn", 128, 32, 1): 2.5, ("gru", 128, 32, 1): 1.8, ("lstm", 128, 32, 1): 1.2}
DRAWS = 100_000
QUERIES = 1_000
DATA = Path(__file__).parents[2] / "data"


def training(corpus: str, rounds: int, bars: Bars) -> None:
    """Engine ÷ PyTorch, steps a second, for every size."""
    mine, theirs = Side("engine"), Side("peer")
    print(f"\nsteps a second, engine ÷ PyTorch\n\n| cell | batch | layers | {' | '.join(map(str, SIZES))} |")
    print("|---|---|---|" + "---|" * len(SIZES))
    for cell in CELLS:
        for size, count in STEPS.items():
            for layers in (1, 2):
                ratios = []
                for n_a in SIZES:
                    work = ("steps", (corpus, cell, engine.EMBEDDING, n_a, layers, size, count))
                    ours, its = sides_in_turn(rounds, (mine, *work), (theirs, *work))
                    name = f"training, {cell} {layers} × {n_a}, batch {size}"
                    ratios.append(bars.check(name, its / ours, MUST.get((cell, n_a, size, layers), 1.0)))
                print(f"| {cell} | {size} | {layers} | {' | '.join(ratios)} |", flush=True)
    mine.close()
    theirs.close()


def memory(corpus: str, rounds: int, bars: Bars) -> None:  # noqa: ARG001
    """What a step takes with malloc's own settings, as a multiple of what it takes with ours."""
    kept = Side("engine")
    os.environ["PLAIN_MEMORY"] = "1"
    plain = Side("engine")
    del os.environ["PLAIN_MEMORY"]
    for cell, n_a, layers, size in (("lstm", 128, 2, 32), ("lstm", 128, 1, 128), ("lstm", 512, 1, 128)):
        work = ("steps", (corpus, cell, engine.EMBEDDING, n_a, layers, size, STEPS[size]))
        ours, its = sides_in_turn(rounds, (kept, *work), (plain, *work))
        print(
            f"\nmemory given back and taken again, {cell} {layers} × {n_a}, batch {size}: {its / ours:.2f} × the time"
        )
    kept.close()
    plain.close()


def loop(corpus: str, rounds: int, bars: Bars) -> None:
    """Characters a second against the loop of the second source text, RNN, n_a 100, the engine at its best batch."""
    names, side = 300, Side("engine")
    text = engine.Text(*engine.names_and_vocabulary(corpus))
    slow = int(text.lengths[:names].sum()) / sides_in_turn(rounds, (side, "loop", (corpus, 100, names)))[0]
    fast = 0.0
    for size in (32, 64, 128, 256, 512):
        seconds = sides_in_turn(rounds, (side, "steps", (corpus, "rnn", 0, 100, 1, size, 4)))[0]
        letters = sum(len(batch.x) for batch in engine.batches_of(corpus, size, 4)[1])
        fast = max(fast, letters / seconds)
    ratio = bars.check("loop of the second text", fast / slow, 25)
    print(f"\nRNN, n_a 100, characters a second: {ratio} × those of a name at a time")
    side.close()


def peak(corpus: str, rounds: int, bars: Bars) -> None:  # noqa: ARG001
    """The share of two cores' matrix products that a step reaches; multiplications and additions of products alone.

    Counted are those that are done: of the names of a half only one row has step 1, where there is no state yet.
    """
    side, count = Side("engine"), 10
    print("\nshare of the peak of single-precision products\n\n| cell | batch | 256 | 512 |\n|---|---|---|---|")
    for cell in CELLS:
        for size, steps in STEPS.items():
            n_y, batches = engine.batches_of(corpus, size, steps)
            letters, shares = sum(len(batch.x) for batch in batches), []
            names, halves = sum(int(batch.batch_sizes[0]) for batch in batches), 2 * len(batches)
            rows, later = letters - names + halves, letters - 2 * names + halves
            recurrent = rows + later + (letters - names if cell == "rnn" else later)  # dW, forward and back
            for n_a in (256, 512):
                gates = {"rnn": 1, "gru": 3, "lstm": 4}[cell]
                work = (side, "steps", (corpus, cell, engine.EMBEDDING, n_a, 1, size, steps))
                step = sides_in_turn(rounds, work)[0]
                product = sides_in_turn(rounds, (side, "products", (count,)))[0]
                done = 2 * recurrent * gates * n_a * n_a + 6 * rows * n_a * n_y
                shares.append(f"{done / step / (2 * count * 2 * 1024**3 / product):.2f}")
            print(f"| {cell} | {size} | {' | '.join(shares)} |", flush=True)
    side.close()


def sampling(corpus: str, rounds: int, bars: Bars) -> None:  # noqa: ARG001
    """Draws a second from the model that ships, with its table, beside PyTorch's with the net alone; then scoring."""
    mine, theirs = Side("engine"), Side("peer")
    stepped, count = {}, 20_480
    for size in (512, 1024, 2048, 4096):
        ours, its = sides_in_turn(rounds, (mine, "sampler", (DRAWS,)), (theirs, "sampler", (size, count, False)))
        stepped[size] = its / count / (ours / DRAWS)
    again = []
    for size in (512, 2048):
        ours, its = sides_in_turn(rounds, (mine, "sampler", (DRAWS,)), (theirs, "sampler", (size, 2048, True)))
        again.append(its / 2048 / (ours / DRAWS))
    print(
        f"\nsampling, {DRAWS:,} draws a second: {bars.check('sampling ÷ stepped', min(stepped.values()), 2.5)} × ",
        end="",
    )
    print(
        f"PyTorch stepping its state, {bars.check('sampling ÷ recomputed', min(again), 15)} × reading the prefix again"
    )
    print(f"\n{engine.changed_by_sharing(DRAWS)} of {DRAWS:,} draws differ from those of names stepped by themselves")
    names, ratios = engine.drawn_names(DRAWS), []
    for size in (128, 512, 2048):
        ours, its = sides_in_turn(rounds, (mine, "scorer", (names,)), (theirs, "scorer", (names, size)))
        ratios.append(its / ours)
    ratio = bars.check("scoring", min(ratios), 1.5)
    print(f"\nscoring {len(names):,} names, the net alone: {ratio} × PyTorch's packed forward pass")
    mine.close()
    theirs.close()


BASELINE = """
import typer
app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
@app.command()
def main(n: int = 20):
    import numpy
    print(n)
app()
"""


def start(corpus: str, rounds: int, bars: Bars) -> None:  # noqa: ARG001
    """Whole processes beside the smallest Typer program that imports numpy."""

    def process(*words: str) -> Callable[[], None]:
        return lambda: subprocess.run([sys.executable, *words], capture_output=True, check=True, cwd=DATA) and None

    with tempfile.TemporaryDirectory() as directory:
        keep_bytecode(directory)
        baseline = Path(directory, "baseline.py")
        baseline.write_text(BASELINE)
        command = ("-m", "bacterio_cli")
        sample, base = in_turn(5 * rounds, process(*command, "sample", "-n", "20"), process(str(baseline)))
        helped, base_help = in_turn(5 * rounds, process(*command, "--help"), process(str(baseline), "--help"))
    bars.check("start of sample (baseline ÷ ours)", base / sample, 1 / 1.3)
    bars.check("start of --help (baseline ÷ ours)", base_help / helped, 1 / 1.5)
    print(f"\nwall time of a process: sample -n 20 {sample / base:.2f} × the baseline's, ", end="")
    print(f"--help {helped / base_help:.2f} ×")


def neighbours(corpus: str, rounds: int, bars: Bars, *, large: str | None = None) -> None:
    """Drawn names looked up among the known ones, within two edits, beside rapidfuzz measuring every pair."""
    sides = mine, indexer, theirs = [Side("neighbours") for _ in range(3)]
    print(f"\nnearest known name within 2 edits, {QUERIES:,} queries, rapidfuzz ÷ ours, one thread each\n")
    print("| names | index at hand | index made for them |\n|---|---|---|")
    for path in filter(None, (corpus, large)):
        ours, made, its = sides_in_turn(
            rounds,
            (mine, "neighbours", (path, QUERIES)),
            (indexer, "index", (path,)),
            (theirs, "peer", (path, QUERIES)),
        )
        count = f"{len(engine.names_and_vocabulary(path)[0]):,}"
        ratio = bars.check(f"neighbours among {count}", its / ours, 1 / 3)
        print(f"| {count} | {ratio} | {its / (ours + made):.2f} |", flush=True)
    if not large:
        print("\na long list was not measured: give --large FILE")
    for side in sides:
        side.close()


PARTS = {f.__name__: f for f in (training, memory, loop, peak, sampling, start, neighbours)}


def main() -> None:
    """The parts asked for, then the verdict."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", default=str(DATA / "genera.txt"))
    parser.add_argument("--large")
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    bars = Bars()
    parts = {**PARTS, "neighbours": partial(neighbours, large=arguments.large)}
    for part in arguments.only.split(","):
        parts[part](arguments.corpus, arguments.rounds, bars)
    bars.leave()


if __name__ == "__main__":
    main()
