"""Speed as ratios in one run: `make bench` (needs `pip install '.[bench]' torch==2.13.0`, which are no dependencies).

    python tests/bench/speed.py [--corpus FILE] [--large FILE] [--only PARTS] [--rounds N]

PARTS are training,loop,sampling,start,neighbours; --large is a long list of names, for the last of them. The engine and
PyTorch, or rapidfuzz, do the same work in turn, each in a process of its own, several rounds; a ratio is the median of
the rounds, with its smallest and largest value. What is timed is what a command runs: the generator that `train`
consumes, and `sample` as a process. Ends with pass or fail against the bars.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import engine
from turns import Bars, Ratio, Side, in_turn, keep_bytecode, ratio, sides_in_turn

CELLS = ("rnn", "gru", "lstm")
SIZES = (64, 128, 256, 512)
STEPS = {32: 48, 128: 24}  # steps of each batch size that are timed together
MUST = {("rnn", 128, 32, 1): 2.2, ("gru", 128, 32, 1): 1.8, ("lstm", 128, 32, 1): 1.5}
LARGE = 0.75  # what is enough for 512 units
NAMES = 100_000
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
                    least = MUST.get((cell, n_a, size, layers), LARGE if n_a == 512 else 1.0)
                    ratios.append(bars.check(name, ratio(its, ours), least))
                print(f"| {cell} | {size} | {layers} | {' | '.join(ratios)} |", flush=True)
    mine.close()
    theirs.close()


def loop(corpus: str, rounds: int, bars: Bars) -> None:
    """Characters a second against `nn/plain.py`, RNN, n_a 100, the engine at its best batch."""
    names, side = 300, Side("engine")
    state = engine.state_of(corpus, "rnn", 0, 100, 1, 1)
    slow_letters = int(state.plan.texts["fit"].lengths[:names].sum())
    best = Ratio(0, 0, 0)
    for size in (32, 64, 128, 256, 512):
        batches = engine.batches_of(engine.state_of(corpus, "rnn", 0, 100, 1, size))
        letters = sum(len(next(batches).x) for _ in range(4))
        slow, fast = sides_in_turn(rounds, (side, "loop", (corpus, 100, names)))[0], []
        fast = sides_in_turn(rounds, (side, "steps", (corpus, "rnn", 0, 100, 1, size, 4)))[0]
        best = max(best, ratio([s / slow_letters for s in slow], [s / letters for s in fast]))
    print(f"\nRNN, n_a 100, characters a second: {bars.check('the plain program', best, 25)} × the plain program's")
    side.close()


def process(*words: str) -> Callable[[], None]:
    """A call that runs Python with these words, away from the checkout's own checkpoints."""
    return lambda: subprocess.run([sys.executable, *words], stdout=-3, stderr=-3, check=True, cwd=DATA) and None


def sampling(corpus: str, rounds: int, bars: Bars) -> None:  # noqa: ARG001
    """Draws a second that `bacterio sample` makes as a process, beside PyTorch's stepping the same net.

    Ours are checked, and those that are known or drawn before are dropped: 100,000 names take twice as many draws.
    """
    words = ("-m", "bacterio_cli", "sample", "-n", str(NAMES), "--any", "--seed", "1")
    said = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True, cwd=DATA).stderr
    draws = int(re.search(r"of ([\d,]+) draws", said)[1].replace(",", ""))  # type: ignore[index]
    theirs, command = Side("peer"), process(*words)
    best: Ratio | None = None
    with tempfile.TemporaryDirectory() as directory:
        keep_bytecode(directory)
        for size in (512, 1024, 2048, 4096):
            count = 20_480
            theirs.ask("sampler", size, count)
            ours, its = in_turn(rounds, command, lambda: theirs.ask("go"))
            found = ratio([s / count for s in its], [s / draws for s in ours])
            best = min(best or found, found)
    assert best is not None
    print(f"\n`bacterio sample -n {NAMES} --any`, {draws:,} draws: {bars.check('sampling', best, 2.5)} × PyTorch's")
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
    with tempfile.TemporaryDirectory() as directory:
        keep_bytecode(directory)
        baseline = Path(directory, "baseline.py")
        baseline.write_text(BASELINE)
        command = ("-m", "bacterio_cli")
        sample, base = in_turn(5 * rounds, process(*command, "sample", "-n", "20"), process(str(baseline)))
        helped, base_help = in_turn(5 * rounds, process(*command, "--help"), process(str(baseline), "--help"))
    bars.check("start of sample (baseline ÷ ours)", ratio(base, sample), 1 / 1.3)
    bars.check("start of --help (baseline ÷ ours)", ratio(base_help, helped), 1 / 1.5)
    print(f"\nwall time of a process: sample -n 20 {ratio(sample, base)} × the baseline's, ", end="")
    print(f"--help {ratio(helped, base_help)} ×")


def neighbours(corpus: str, rounds: int, bars: Bars, *, large: str | None = None) -> None:
    """Drawn names looked up among the known ones, within two edits, beside rapidfuzz measuring every pair."""
    sides = mine, theirs = [Side("neighbours") for _ in range(2)]
    print(f"\nnearest known name within 2 edits, {QUERIES:,} queries, rapidfuzz ÷ ours, one thread each\n")
    print("| names | index at hand |\n|---|---|")
    for path in filter(None, (corpus, large)):
        ours, its = sides_in_turn(rounds, (mine, "neighbours", (path, QUERIES)), (theirs, "peer", (path, QUERIES)))
        count = f"{len(engine.read_corpus([path]).names):,}"
        print(f"| {count} | {bars.check(f'neighbours among {count}', ratio(its, ours), 1 / 3)} |", flush=True)
    if not large:
        print("\na long list was not measured: give --large FILE")
    for side in sides:
        side.close()


PARTS = {f.__name__: f for f in (training, loop, sampling, start, neighbours)}


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
