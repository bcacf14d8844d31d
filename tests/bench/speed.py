"""Speed as ratios in one run: `make bench` (needs `pip install torch==2.13.0`; PyTorch is never a dependency).

    python tests/bench/speed.py [--corpus FILE] [--only training,sampling,scoring,start,loop] [--rounds N]

Engine and PyTorch do the same work in turn, several rounds, and medians are compared; absolute times mean nothing on a
shared machine. The engine runs as the command runs it, on one BLAS thread; PyTorch has two threads.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import torch
from torch import nn

from bacterio_cli import training
from bacterio_cli.names.batches import Batch, Text
from bacterio_cli.names.corpus import Vocabulary, read_corpus
from bacterio_cli.nn import optim
from bacterio_cli.nn.models import CharRNN, init, loss_and_grads
from bacterio_cli.sampling import Request, draws
from bacterio_cli.trained import load, shipped

ROOT = Path(__file__).parent.parent.parent
TORCH = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
BARS = {("rnn", 128, 32, 1): 2.5, ("gru", 128, 32, 1): 1.8, ("lstm", 128, 32, 1): 1.2}
DRAWS = 100_000
verdicts: list[tuple[str, float, float]] = []


def bar(name: str, value: float, least: float) -> str:
    """The value, noted with its bar for the verdict at the end."""
    verdicts.append((name, value, least))
    return f"{value:.2f}" + ("" if value >= least else " ✗")


def in_turn(rounds: int, *works: Callable[[], None]) -> list[float]:
    """The median seconds of each piece of work, all of them once a round."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(rounds + 1):
        for k, work in enumerate(works):
            begun = time.perf_counter()
            work()
            times[k].append(time.perf_counter() - begun)
    return [statistics.median(t[1:]) for t in times]  # the first round warms up


class Peer(nn.Module):
    """The same network in PyTorch: embedding, cell, linear."""

    def __init__(self, cell: str, n_y: int, n_x: int, n_a: int, layers: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_y, n_x)
        self.cell = TORCH[cell](n_x, n_a, layers)
        self.output = nn.Linear(n_a, n_y)

    def forward(self, x: torch.Tensor, batch_sizes: torch.Tensor) -> torch.Tensor:
        """Logits of a packed batch."""
        packed = nn.utils.rnn.PackedSequence(self.embedding(x), batch_sizes)
        return self.output(self.cell(packed)[0].data)


def engine_steps(model: CharRNN, batches: list[Batch]) -> Callable[[], None]:
    """One optimiser step a batch: forward, backward, clip, AdamW."""
    params = init(model, np.random.default_rng(0), np.float32)
    optimiser = optim.AdamW()
    moments = optimiser.init(params)

    def work() -> None:
        for batch in batches:
            grads = loss_and_grads(model, params, batch.x, batch.batch_sizes, batch.y).grads
            optim.clip_by_norm(grads, 5.0, optim.global_norm(grads))
            optimiser.update(params, grads, moments, learning_rate=1e-3)

    return work


def torch_steps(model: CharRNN, batches: list[Batch]) -> Callable[[], None]:
    """The same with PyTorch's autograd and fused AdamW."""
    peer = Peer(model.cell, model.n_y, model.n_x, model.n_a, model.layers)
    optimiser = torch.optim.AdamW(peer.parameters(), lr=1e-3, fused=True)
    tensors = [tuple(map(torch.from_numpy, (b.x, b.batch_sizes, b.y))) for b in batches]

    def work() -> None:
        for x, batch_sizes, y in tensors:
            optimiser.zero_grad(set_to_none=True)
            nn.functional.cross_entropy(peer(x, batch_sizes), y).backward()
            nn.utils.clip_grad_norm_(peer.parameters(), 5.0)
            optimiser.step()

    return work


def training_table(text: Text, n_y: int, rounds: int) -> None:
    """Engine ÷ PyTorch, characters per second, for every size."""
    print("\n| cell | batch | layers | 64 | 128 | 256 | 512 |\n|---|---|---|---|---|---|---|")
    for cell in TORCH:
        for size in (32, 128):
            batches = list(islice(text.name_batches(size, np.random.default_rng(0)), 12 if size == 32 else 5))
            for layers in (1, 2):
                cells = []
                for n_a in (64, 128, 256, 512):
                    model = CharRNN(n_y, 32, n_a, layers, cell)
                    mine, theirs = in_turn(rounds, engine_steps(model, batches), torch_steps(model, batches))
                    least = BARS.get((cell, n_a, size, layers), 1.0)
                    cells.append(bar(f"training, {cell} {layers} × {n_a}, batch {size}", theirs / mine, least))
                print(f"| {cell} | {size} | {layers} | {' | '.join(cells)} |", flush=True)


def plain_loop(text: Text, n_y: int, n_a: int) -> Iterator[int]:
    """T2's loop as it stands there: a name at a time, column vectors, += at every step, Adagrad; yields characters."""
    rng = np.random.default_rng(0)
    U, W, V = (0.01 * rng.standard_normal(s) for s in ((n_a, n_y), (n_a, n_a), (n_y, n_a)))
    bh, by = np.zeros((n_a, 1)), np.zeros((n_y, 1))
    params = [U, W, V, bh, by]
    memory = [np.zeros_like(p) for p in params]
    for start, length in zip(text.starts, text.lengths, strict=True):
        ids = text.ids[start : start + length + 1]
        hs: dict[int, Any] = {-1: np.zeros((n_a, 1))}
        xs, ps = {}, {}
        for t in range(length):
            xs[t] = np.zeros((n_y, 1))
            xs[t][ids[t]] = 1
            hs[t] = np.tanh(U @ xs[t] + W @ hs[t - 1] + bh)
            e = np.exp(V @ hs[t] + by)
            ps[t] = e / e.sum()
        dU, dW, dV, dbh, dby = grads = [np.zeros_like(p) for p in params]
        dh_next = np.zeros((n_a, 1))
        for t in reversed(range(length)):
            dy = ps[t].copy()
            dy[ids[t + 1]] -= 1
            dV += dy @ hs[t].T
            dby += dy
            raw = (1 - hs[t] ** 2) * (V.T @ dy + dh_next)
            dbh += raw
            dU += raw @ xs[t].T
            dW += raw @ hs[t - 1].T
            dh_next = W.T @ raw
        for p, g, m in zip(params, grads, memory, strict=True):
            np.clip(g, -5, 5, out=g)
            m += g * g
            p -= 0.1 * g / np.sqrt(m + 1e-8)
        yield int(length)


def loop_line(text: Text, n_y: int, rounds: int) -> None:
    """Characters a second against the loop of the second source text, RNN, n_a 100, the engine at its best batch."""
    done = sum(islice(plain_loop(text, n_y, 100), 300))
    slow = done / in_turn(rounds, lambda: sum(islice(plain_loop(text, n_y, 100), 300)) and None)[0]
    best = 0.0
    for size in (32, 128, 512):
        batches = list(islice(text.name_batches(size, np.random.default_rng(0)), 4))
        seconds = in_turn(rounds, engine_steps(CharRNN(n_y, 0, 100, 1, "rnn"), batches))[0]
        best = max(best, sum(len(b.x) for b in batches) / seconds)
    print(f"\nRNN, n_a 100, against a name at a time: {bar('loop of the second text', best / slow, 25)} ×")


def torch_sampler(peer: Peer, batch: int, count: int, *, recompute: bool) -> Callable[[], None]:
    """Draw `count` names at temperature 0.8: stepping the hidden state, or reading the whole prefix for each letter."""

    @torch.no_grad()
    def work() -> None:
        for _ in range(0, count, batch):
            letters = torch.zeros(batch, 1, dtype=torch.long)
            state = None
            while len(letters) and letters.shape[1] < 50:
                x = peer.embedding(letters if recompute else letters[:, -1:]).transpose(0, 1)
                out, state = peer.cell(x, None if recompute else state)
                drawn = torch.multinomial(torch.softmax(peer.output(out[-1]) / 0.8, dim=-1), 1)
                alive = drawn[:, 0] > 0
                letters = torch.cat([letters, drawn], dim=1)[alive]
                if not recompute:
                    state = tuple(s[:, alive] for s in state) if isinstance(state, tuple) else state[:, alive]

    return work


def sampling_lines(rounds: int) -> None:
    """Draws a second from the model that ships, with its table, beside PyTorch's with the net alone."""
    trained = load(shipped("model.npz"))
    model: Any = trained.model
    peer = Peer(model.cell, model.n_y, model.n_x, model.n_a, model.layers)
    lend_weights(trained.params, peer, model)
    lm, request = trained.language_model, Request(seed=1, max_length=50)
    mine = DRAWS / in_turn(rounds, lambda: list(islice(draws(lm, trained.vocabulary, request), DRAWS)) and None)[0]
    rates = [20_480 / in_turn(2, torch_sampler(peer, size, 20_480, recompute=False))[0] for size in (512, 2048, 4096)]
    recomputed = 2048 / in_turn(2, torch_sampler(peer, 2048, 2048, recompute=True))[0]
    stepped, again = (
        bar("sampling ÷ stepped", mine / max(rates), 2.5),
        bar("sampling ÷ recomputed", mine / recomputed, 15),
    )
    print(f"\nsampling, 100,000 draws: {stepped} × PyTorch stepping its state, {again} × reading the prefix again")
    names = [name for name in islice(draws(lm, trained.vocabulary, request), DRAWS) if name]
    text = Text(names, trained.vocabulary)
    batches = [tuple(map(torch.from_numpy, (b.x, b.batch_sizes, b.y))) for b in text.name_batches(512)]

    @torch.no_grad()
    def score() -> None:
        for x, batch_sizes, y in batches:
            nn.functional.cross_entropy(peer(x, batch_sizes), y, reduction="none")

    mine, theirs = in_turn(rounds, lambda: training.likelihood(trained.net, text) is None, score)
    print(f"\nscoring, 100,000 names, net alone: {bar('scoring', theirs / mine, 1.5)} × PyTorch's packed forward pass")


def lend_weights(params: dict[str, Any], peer: Peer, model: Any) -> None:
    """The same weights in PyTorch, gate blocks in its order, so that both draw names of the same lengths."""
    order = {"rnn": [0], "gru": [1, 0, 2], "lstm": [0, 1, 3, 2]}[model.cell]
    blocks = np.concatenate([np.arange(model.n_a) + k * model.n_a for k in order])
    with torch.no_grad():
        peer.embedding.weight.copy_(torch.from_numpy(params["E"].copy()))
        peer.output.weight.copy_(torch.from_numpy(params["W_ya"].copy()))
        peer.output.bias.copy_(torch.from_numpy(params["b_y"].copy()))
        for k in range(model.layers):
            for theirs, mine in (("weight_ih", "W_ax"), ("weight_hh", "W_aa"), ("bias_ih", "b_a")):
                getattr(peer.cell, f"{theirs}_l{k}").copy_(torch.from_numpy(params[f"{k}.{mine}"][blocks]))
            getattr(peer.cell, f"bias_hh_l{k}").zero_()


BASELINE = """
import typer
app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
@app.command()
def main(n: int = 20):
    import numpy
    print(n)
app()
"""


def start_lines(rounds: int) -> None:
    """Whole processes beside the smallest Typer program that imports numpy."""

    def process(*words: str) -> Callable[[], None]:
        return lambda: (
            subprocess.run([sys.executable, *words], capture_output=True, check=True, cwd=ROOT / "data") and None
        )

    command = ("-m", "bacterio_cli")
    sample, base = in_turn(4 * rounds, process(*command, "sample", "-n", "20", "--seed", "1"), process("-c", BASELINE))
    helped, base_help = in_turn(4 * rounds, process(*command, "--help"), process("-c", BASELINE, "--help"))
    print(f"\nstart-up: sample {bar('start of sample (inverse)', base / sample, 1 / 1.3)}, ", end="")
    print(f"--help {bar('start of --help (inverse)', base_help / helped, 1 / 1.5)} (baseline ÷ ours)")


def main() -> None:
    """All tables, then the verdict."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", default=str(ROOT / "data/genera.txt"))
    parser.add_argument("--only", default="training,loop,sampling,start")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    names = read_corpus([arguments.corpus]).names
    vocabulary = Vocabulary.of(names)
    text, n_y = Text(names, vocabulary), vocabulary.n_y
    parts: dict[str, Callable[[], None]] = {
        "training": lambda: training_table(text, n_y, arguments.rounds),
        "loop": lambda: loop_line(text, n_y, arguments.rounds),
        "sampling": lambda: sampling_lines(arguments.rounds),
        "start": lambda: start_lines(arguments.rounds),
    }
    for part in arguments.only.split(","):
        parts[part]()
    missed = [f"{name}: {value:.2f}, bar {least:.2f}" for name, value, least in verdicts if value < least]
    print(
        f"\n{len(verdicts) - len(missed)} of {len(verdicts)} bars reached" + "".join(f"\n* missed: {m}" for m in missed)
    )
    raise SystemExit(bool(missed))


if __name__ == "__main__":
    main()
