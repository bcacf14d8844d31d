"""Speed as ratios in one run: `make bench` (needs PyTorch, which is no dependency: `pip install torch==2.13.0`).

    python tests/bench/speed.py [--corpus FILE] [--only PARTS] [--rounds N]

PARTS are training,loop,sampling,start. The engine and PyTorch do the same work in turn, each in a process of its own,
several rounds; a ratio is the median of the rounds, with its smallest and largest value. What is timed is what a
command runs: the generator that `train` consumes, and `sample` as a process. Ends with pass or fail against the bars.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path

import engine
from turns import Bars, Timed, in_turn, keeping_bytecode, ratio, side, timed

CELLS = ("rnn", "gru", "lstm")
SIZES = (64, 128, 256, 512)
STEPS = {32: 48, 128: 24}  # steps of each batch size that are timed together
MUST = {("rnn", 128, 32, 1): 2.2, ("gru", 128, 32, 1): 1.8, ("lstm", 128, 32, 1): 1.5}
LARGE = 0.75  # what is enough for 512 units
NAMES = 100_000
DATA = Path(__file__).parents[2] / "data"


def training(corpus: str, rounds: int, bars: Bars) -> None:
    """Engine ÷ PyTorch, steps a second, for every size."""
    print(f"\nsteps a second, engine ÷ PyTorch\n\n| cell | batch | layers | {' | '.join(map(str, SIZES))} |")
    print("|---|---|---|" + "---|" * len(SIZES))
    with side("engine") as mine, side("peer") as theirs:
        for cell, (size, count), layers in product(CELLS, STEPS.items(), (1, 2)):
            ratios = []
            for n_a in SIZES:
                work = ("steps", corpus, cell, engine.EMBEDDING, n_a, layers, size, count)
                ours, its = in_turn(rounds, mine(*work), theirs(*work))
                name = f"training, {cell} {layers} × {n_a}, batch {size}"
                least = MUST.get((cell, n_a, size, layers), LARGE if n_a == 512 else 1.0)
                ratios.append(bars.check(name, ratio(its, ours), least))
            print(f"| {cell} | {size} | {layers} | {' | '.join(ratios)} |", flush=True)


def loop(corpus: str, rounds: int, bars: Bars) -> None:
    """Characters a second against `nn/plain.py`, RNN, n_a 100, the engine at its best batch."""
    names, found = 300, []
    state = engine.state_of(corpus, "rnn", 0, 100, 1, 1)
    slow_letters = int(state.plan.texts["fit"].lengths[:names].sum())
    with side("engine") as mine:
        for size in (32, 64, 128, 256, 512):
            batches = engine.batches_of(engine.state_of(corpus, "rnn", 0, 100, 1, size))
            letters = sum(len(next(batches).x) for _ in range(4))
            (slow,) = in_turn(rounds, mine("loop", corpus, 100, names))
            (fast,) = in_turn(rounds, mine("steps", corpus, "rnn", 0, 100, 1, size, 4))
            found.append(ratio([s / slow_letters for s in slow], [s / letters for s in fast]))
    verdict = bars.check("the plain program", max(found), 25)
    print(f"\nRNN, n_a 100, characters a second: {verdict} × the plain program's")


def process(*words: str) -> Timed:
    """Python with these words, away from the checkout's own checkpoints."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return lambda: timed(lambda: subprocess.run([sys.executable, *words], check=True, cwd=DATA, **quiet))


def sampling(corpus: str, rounds: int, bars: Bars) -> None:  # noqa: ARG001
    """Draws a second that `bacterio sample` makes as a process, beside PyTorch's stepping the same net.

    Ours are checked, and those that are known or drawn before are dropped: 100,000 names take twice as many draws.
    """
    words = ("-m", "bacterio_cli", "sample", "-n", str(NAMES), "--any", "--seed", "1")
    said = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True, cwd=DATA).stderr
    draws = int(re.search(r"of ([\d,]+) draws", said)[1].replace(",", ""))  # type: ignore[index]
    count, found = 20_480, []
    with side("peer") as theirs, keeping_bytecode():
        for size in (512, 1024, 2048, 4096):
            ours, its = in_turn(rounds, process(*words), theirs("sampler", size, count))
            found.append(ratio([s / count for s in its], [s / draws for s in ours]))
    verdict = bars.check("sampling", min(found), 2.5)  # PyTorch at its best batch
    print(f"\n`bacterio sample -n {NAMES} --any`, {draws:,} draws: {verdict} × PyTorch's")


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
    with tempfile.NamedTemporaryFile("w", suffix=".py") as baseline, keeping_bytecode():
        baseline.write(BASELINE)
        baseline.flush()
        for words, same, most in ((("sample", "-n", "20"), (), 1.3), (("--help",), ("--help",), 1.5)):
            name, command = " ".join(words), process("-m", "bacterio_cli", *words)
            ours, base = in_turn(5 * rounds, command, process(baseline.name, *same))
            bars.check(f"start of {name} (baseline ÷ ours)", ratio(base, ours), 1 / most)
            print(f"wall time of a process: {name} {ratio(ours, base)} × the baseline's")


PARTS = {f.__name__: f for f in (training, loop, sampling, start)}


def main() -> None:
    """The parts asked for, then the verdict."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", default=str(DATA / "genera.txt"))
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    bars = Bars()
    for part in arguments.only.split(","):
        PARTS[part](arguments.corpus, arguments.rounds, bars)
    bars.leave()


if __name__ == "__main__":
    main()
