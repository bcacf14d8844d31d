"""PyTorch's side of the benchmarks (`pip install torch==2.13.0`): the same works as in `engine`, on two threads."""

from itertools import islice
from typing import Any

import numpy as np
import torch
from engine import batches_of, state_of
from torch import nn
from turns import Work

from bacterio_cli.checkpoint.checkpoint import load
from bacterio_cli.dataset import shipped

torch.set_num_threads(2)
CELLS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
BLOCKS = {"rnn": [0], "gru": [1, 0, 2], "lstm": [0, 1, 3, 2]}  # of our gates, in PyTorch's order


class Peer(nn.Module):
    """The same network: embedding, cell, linear."""

    def __init__(self, cell: str, n_y: int, n_x: int, n_a: int, layers: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_y, n_x)
        self.cell = CELLS[cell](n_x, n_a, layers)
        self.output = nn.Linear(n_a, n_y)

    def forward(self, x: torch.Tensor, batch_sizes: torch.Tensor) -> torch.Tensor:
        """Logits of a packed batch."""
        packed = nn.utils.rnn.PackedSequence(self.embedding(x), batch_sizes)
        return self.output(self.cell(packed)[0].data)


def steps(corpus: str, cell: str, n_x: int, n_a: int, layers: int, size: int, count: int) -> Work:
    """`count` optimiser steps with autograd and fused AdamW, on the batches of the engine's own training."""
    state = state_of(corpus, cell, n_x, n_a, layers, size)
    peer = Peer(cell, state.plan.vocabulary.n_y, n_x, n_a, layers)
    optimiser = torch.optim.AdamW(peer.parameters(), lr=1e-3, fused=True)
    batches = batches_of(state)

    def work() -> None:
        for batch in islice(batches, count):
            optimiser.zero_grad(set_to_none=True)
            x, batch_sizes, y = map(torch.from_numpy, (batch.x, batch.batch_sizes, batch.y))
            nn.functional.cross_entropy(peer(x, batch_sizes), y).backward()
            nn.utils.clip_grad_norm_(peer.parameters(), 5.0)
            optimiser.step()

    return work


def shipped_peer() -> Peer:
    """The net that ships, with its weights, so that both sides draw names of the same lengths."""
    trained = load(shipped("model.npz"))
    model: Any = trained.model
    params = {name: torch.from_numpy(value.copy()) for name, value in trained.nets[0].params.items()}
    peer = Peer(model.cell, model.n_y, model.n_x, model.n_a, model.layers)
    rows = np.concatenate([np.arange(model.n_a) + k * model.n_a for k in BLOCKS[model.cell]])
    with torch.no_grad():
        peer.embedding.weight.copy_(params["E"])
        peer.output.weight.copy_(params["W_ya"])
        peer.output.bias.copy_(params["b_y"])
        for k in range(model.layers):
            for theirs, mine in (("weight_ih", "W_ax"), ("weight_hh", "W_aa"), ("bias_ih", "b_a")):
                getattr(peer.cell, f"{theirs}_l{k}").copy_(params[f"{k}.{mine}"][rows])
            getattr(peer.cell, f"bias_hh_l{k}").zero_()
    return peer


def sampler(batch: int, count: int) -> Work:
    """`count` draws at temperature 0.8, stepping the hidden state and dropping the rows that have ended."""
    peer = shipped_peer()

    @torch.no_grad()
    def work() -> None:
        for _ in range(0, count, batch):
            letters = torch.zeros(batch, 1, dtype=torch.long)
            state = None
            while len(letters) and letters.shape[1] < 50:
                out, state = peer.cell(peer.embedding(letters[:, -1:]).transpose(0, 1), state)
                drawn = torch.multinomial(torch.softmax(peer.output(out[-1]) / 0.8, dim=-1), 1)
                alive = drawn[:, 0] > 0
                letters = torch.cat([letters, drawn], dim=1)[alive]
                state = tuple(s[:, alive] for s in state) if isinstance(state, tuple) else state[:, alive]

    return work
