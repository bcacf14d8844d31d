"""The gradients of a training phase, step by step, whole or in two shards computed side by side.

The order of an epoch comes from the seed, the phase, the net and the epoch, the dropout masks of a step from the
seed, the step and the shard. So each shard can be made ready ahead, and by another process, and is the same. The
names of a batch are independent of each other, and L is a mean over its N letters. With L_h the mean over the N_h
letters of shard h and s_h = N_h / N:

L = Σ_h s_h L_h        ∂L/∂θ = Σ_h s_h ∂L_h/∂θ

Whether a batch is split depends on sizes alone, never on the machine or on timing, and the same shards are added in
the same order everywhere. Who computes the second shard is another matter: a forked worker, which lets training use
two cores, or, where there can be none, this process itself after the first. The bytes are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from bacterio_cli.dataset.batching import Batch
from bacterio_cli.nn.layers import Array, Params, dropout_mask
from bacterio_cli.nn.models import Gradients, Model, loss_and_grads
from bacterio_cli.training.plan import MASKS, Phase
from bacterio_cli.training.state import TrainingState
from bacterio_cli.training.worker import TIMEOUT, ForkedWorker, Steps, Work, can_fork, shared

# names × units² of a batch, the size of the default config: below it two cores gain less than messages cost.
SPLIT_FROM = 2**19
ShardSteps = Callable[[int, int], Steps]  # of shard k of so many


class BatchShard:
    """Shard k of the batches of a phase, from where the training stands: names k, k + shards, … of each.

    With `--stream` it keeps the hidden state of its own names. After the first step it reads only `state.params` and
    fields that never change, so a forked copy stays valid.
    """

    def __init__(self, state: TrainingState, phase: Phase, k: int, shards: int) -> None:
        self.state, self.phase, self.k, self.shards = state, phase, k, shards
        self.targets = state.plan.soft_targets(phase.kind)
        self.hidden = tuple(s[k::shards] for s in state.hidden)

    def __iter__(self) -> Iterator[tuple[Batch, Work | None]]:
        """Each batch, and the work that its shard is."""
        step, (begun, done) = self.state.step, divmod(self.state.phase_step, self.phase.steps_per_epoch)
        for epoch in range(begun, self.phase.epochs):
            for batch in islice(self.state.plan.batches(self.phase, epoch), done, None):
                yield batch, self.work(batch, step)
                step += 1
            done = 0

    def work(self, batch: Batch, step: int) -> Work | None:
        """A call that computes the gradients, its targets and masks at hand; None if no name is in this shard."""
        plan, shard = self.state.plan, batch.shard(self.k, self.shards)
        N = len(shard.x)
        if not N:
            return None
        masks: list[Array] | None = None
        if plan.config.dropout:
            rng = plan.rng(MASKS, step, self.k)
            shape, layers = (N, plan.model.n_a), range(plan.model.layers)
            masks = [dropout_mask(rng, shape, plan.config.dropout, np.float32) for _ in layers]
        targets = shard.y if self.targets is None else self.targets.targets(shard)
        return partial(self.gradients, shard, targets, masks, N / len(batch.x))

    def gradients(self, shard: Batch, targets: Array, masks: list[Array] | None, share: float) -> Gradients:
        """Forward and backward; with `--stream` from the hidden state that the step before left."""
        model, params, streams = self.state.plan.model, self.state.params, int(shard.batch_sizes[0])
        hidden = tuple(s[:streams] for s in self.hidden) or None
        result = loss_and_grads(
            model, params, shard.x, shard.batch_sizes, targets, state=hidden, masks=masks, weight=share
        )
        if self.hidden:  # a stream that has ended keeps its state for the next epoch
            ended = (s[streams:] for s in self.hidden)
            self.hidden = tuple(np.concatenate(both) for both in zip(result.state, ended, strict=True))
        return result._replace(state=self.hidden, d_initial_state=())


def shards_of(model: Model, names: int, split_from: int = SPLIT_FROM) -> int:
    """In how many shards batches of so many names are computed: 1 or 2; a single name cannot be split."""
    return 2 if names > 1 and names * model.n_a**2 >= split_from else 1


def gradients_of_shards(
    steps: ShardSteps, params: Params, shards: int, *, fork: bool | None = None, timeout: float = TIMEOUT
) -> Generator[tuple[Any, Gradients], None, None]:
    """The gradients of each step, in one shard or two, beside the batch of steps(0, shards).

    `steps(k, shards)` goes on from where the training stands and yields (batch, work of shard k), with None for a
    shard 1 without names. Each shard must be scaled by its share already (see `loss_and_grads`). A worker knows what
    there was when it began and, of all that changes, `params`: they are moved to memory that both see. The hidden
    states are those of names k, k + 2, … and come back in the order of the whole batch. `fork` None: where possible.
    A worker that does not answer within `timeout` seconds is given up.
    """
    worker, behind = None, None
    if shards == 2 and (can_fork() if fork is None else fork):
        with suppress(OSError):  # no memory or no process left
            params |= shared(params)
            worker = ForkedWorker(steps(1, 2), params)
    try:
        for batch, work in steps(0, shards):
            assert work is not None
            if worker:
                worker.begin()
            first, second = work(), None
            if worker:
                try:
                    second = worker.answer(timeout)
                except (EOFError, OSError):  # it was killed, as by a system short of memory, or it hangs
                    worker.close()
                    worker = None
            if shards == 2 and not worker:
                behind = behind or iter(steps(1, 2))
                work = next(behind)[1]
                second = work and work()
            yield batch, first if second is None else added(first, second)
    finally:
        if worker:
            worker.close()


def added(first: Gradients, second: Gradients) -> Gradients:
    """The sum of two shards, in the arrays of the first; of the states, rows 0, 2, … are the first's."""
    for name, g in first.grads.items():
        g += second.grads[name]
    state = []
    for even, odd in zip(first.state, second.state, strict=True):
        state.append(np.empty((len(even) + len(odd), *even.shape[1:]), even.dtype))
        state[-1][::2], state[-1][1::2] = even, odd
    return Gradients(first.loss + second.loss, first.grads, tuple(state), ())
