"""The batches of a training phase and their gradients, step by step, whole or in two shards.

The order of an epoch comes from the seed and the epoch, the dropout masks of a step from the seed, the step and the
shard. So each shard can be made ready ahead, and by another process, and is the same.
"""

from __future__ import annotations

from functools import partial
from itertools import islice

import numpy as np

from bacterio_cli.dataset.batching import Batch
from bacterio_cli.nn.layers import Array, dropout_mask
from bacterio_cli.nn.models import Gradients, loss_and_grads
from bacterio_cli.training.plan import MASKS, Phase
from bacterio_cli.training.state import TrainingState
from bacterio_cli.training.worker import Steps, Work


def shard_steps(state: TrainingState, phase: Phase, k: int, shards: int) -> Steps:
    """Each batch from where the training stands, and the work of its shard k."""
    return BatchShard(state, phase, k, shards).steps()


class BatchShard:
    """Shard k of the batches of a phase, from where the training stands: names k, k + shards, … of each.

    With `--stream` it keeps the hidden state of its own names. After `__init__` it reads only `state.params` and fields
    that never change, so a forked copy stays valid.
    """

    def __init__(self, state: TrainingState, phase: Phase, k: int, shards: int) -> None:
        self.state, self.phase, self.k, self.shards = state, phase, k, shards
        self.targets = state.plan.soft_targets(phase)
        self.step, (self.epoch, self.done) = state.step, divmod(state.phase_step, phase.steps_per_epoch)
        self.hidden = tuple(s[k::shards] for s in state.hidden)

    def steps(self) -> Steps:
        """Each batch, and the work that its shard is."""
        for epoch in range(self.epoch, self.phase.epochs):
            for batch in islice(self.state.plan.batches(self.phase, epoch), self.done, None):
                yield batch, self.work(batch)
                self.step += 1
            self.done = 0

    def work(self, batch: Batch) -> Work | None:
        """A call that computes the gradients, its targets and masks at hand; None if no name is in this shard."""
        state, shard = self.state, batch.shard(self.k, self.shards)
        N = len(shard.x)
        if not N:
            return None
        masks: list[Array] | None = None
        if state.config.dropout:
            rng = state.plan.rng(MASKS, self.step, self.k)
            masks = [dropout_mask(rng, (N, n), state.config.dropout, np.float32) for n in state.model.mask_widths]
        targets = shard.y if self.targets is None else self.targets.targets(shard)
        return partial(self.gradients, shard, targets, masks, N / len(batch.x))

    def gradients(self, shard: Batch, targets: Array, masks: list[Array] | None, share: float) -> Gradients:
        """Forward and backward; with `--stream` from the hidden state that the step before left."""
        model, streams = self.state.model, int(shard.batch_sizes[0])
        hidden = None
        if self.state.config.stream:
            self.hidden = self.hidden or model.start(streams, np.float32)
            hidden = tuple(s[:streams] for s in self.hidden)
        with np.errstate(all="ignore"):  # what overflows is not finite, and is refused with its step
            result = loss_and_grads(
                model, self.state.params, shard.x, shard.batch_sizes, targets, state=hidden, masks=masks, weight=share
            )
        if hidden is None:
            return result._replace(state=(), d_initial_state=())
        # A stream that has ended keeps its state for the next epoch.
        self.hidden = tuple(
            np.concatenate([new, old[streams:]]) for new, old in zip(result.state, self.hidden, strict=True)
        )
        return result._replace(state=self.hidden, d_initial_state=())
