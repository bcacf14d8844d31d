"""The gradients of a training phase, step by step, whole or in two shards computed side by side.

The order of an epoch comes from the seed, the phase, the net and the epoch, the dropout masks of a step from the
seed, the step and the shard. So any process that computes a shard computes the same. The names of a batch are
independent of each other, and L is a mean over its N letters. With L_h the mean over the N_h letters of shard h and
s_h = N_h / N:

L = Σ_h s_h L_h        ∂L/∂θ = Σ_h s_h ∂L_h/∂θ

Whether a batch is split depends on sizes alone, never on the machine or on timing, and the same shards are added in
the same order everywhere. Who computes the second shard is another matter: a forked worker, which lets training use
two cores, or, where there can be none, this process itself after the first. The bytes are the same.
"""

from collections.abc import Generator
from contextlib import suppress
from functools import partial

import numpy as np

from bacterio_cli.dataset.batching import Batch
from bacterio_cli.nn.cells import State
from bacterio_cli.nn.layers import Params, dropout_mask
from bacterio_cli.nn.models import Gradients, Model, loss_and_grads
from bacterio_cli.training.plan import MASKS, TrainingPlan
from bacterio_cli.training.soft_targets import CrossFit
from bacterio_cli.training.state import TrainingState
from bacterio_cli.training.worker import TIMEOUT, ForkedWorker, can_fork, shared

# names × units² of a batch, the size of the default config: below it two cores gain less than messages cost.
SPLIT_FROM = 2**19


def is_split(model: Model, names: int, split_from: int = SPLIT_FROM) -> bool:
    """Whether batches of so many names are computed in two shards; a single name cannot be split."""
    return names > 1 and names * model.n_a**2 >= split_from


def shard_gradients(
    plan: TrainingPlan, params: Params, soft: CrossFit | None, batch: Batch, hidden: State, step: int, *,
    k: int = 0, shards: int = 1,
) -> Gradients:  # fmt: skip
    """What shard k adds to loss and gradients: the names k, k + shards, … of the batch, with their dropout and targets.

    With `--stream` they go on from their rows of `hidden`, and their new hidden state comes back.
    """
    shard = batch.shard(k, shards)
    N, streams, masks = len(shard.x), shard.batch_sizes[0], None
    if plan.config.dropout:
        rng, shape = plan.rng(MASKS, step, k), (N, plan.model.n_a)
        masks = [dropout_mask(rng, shape, plan.config.dropout, np.float32) for _ in range(plan.model.layers)]
    targets = soft.targets(shard) if soft else shard.y
    before = tuple(s[k::shards][:streams] for s in hidden)
    result = loss_and_grads(
        plan.model, params, shard.x, shard.batch_sizes, targets, state=before or None, masks=masks,
        weight=N / len(batch.x),
    )  # fmt: skip
    return result._replace(state=result.state if hidden else (), d_initial_state=())


def added(parts: list[Gradients], hidden: State) -> Gradients:
    """The sum of the shards of a batch; a stream that has ended keeps its hidden state for the next epoch."""
    first, *others = parts
    for name, g in first.grads.items():
        for other in others:
            g += other.grads[name]
    after = tuple(s.copy() for s in hidden)
    for k, part in enumerate(parts):
        for s, own in zip(after, part.state, strict=True):
            s[k :: len(parts)][: len(own)] = own
    return Gradients(sum(part.loss for part in parts), first.grads, after, ())


def gradients_of_phase(
    state: TrainingState, *, split_from: int = SPLIT_FROM, fork: bool | None = None, timeout: float = TIMEOUT
) -> Generator[tuple[Batch, Gradients], None, None]:
    """Each batch of the current phase from where the training stands, with its gradients.

    Batches of names × units² ≥ `split_from` are split. `fork` says whether a worker computes the second shard, if None
    where possible; one that is silent for `timeout` seconds is given up.
    """
    plan, phase, worker = state.plan, state.current_phase, None
    gradients = partial(shard_gradients, plan, state.params, plan.soft_targets(phase.kind))
    split = is_split(plan.model, plan.batch_size, split_from)
    if split and (can_fork() if fork is None else fork):
        with suppress(OSError):  # no memory or no process left
            state.params |= shared(state.params)
            worker = ForkedWorker(partial(gradients, k=1, shards=2), state.params, timeout)
    try:
        for batch in state.batches():
            given = (batch, state.hidden, state.step)
            if split and batch.batch_sizes[0] > 1:
                if worker:
                    worker.begin(*given)
                first = gradients(*given, k=0, shards=2)
                parts = [first, (worker and worker.answer()) or gradients(*given, k=1, shards=2)]
            else:
                parts = [gradients(*given)]
            yield batch, added(parts, state.hidden)
    finally:
        if worker:
            worker.close()
