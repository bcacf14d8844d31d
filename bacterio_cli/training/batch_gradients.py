"""The gradients of a training phase, step by step, whole or in two shards computed side by side.

The names of a batch are independent of each other, and L is a mean over its N letters. With L_k the mean over the N_k
letters of shard k and s_k = N_k / N:

L = Σ_k s_k L_k        ∂L/∂θ = Σ_k s_k ∂L_k/∂θ

The second shard is computed by a forked worker, which lets training use two cores, or, where there can be none, by this
process after the first. The result is the same to the byte: whether a batch is split depends on sizes alone, the
dropout of a shard comes from the seed, the step and the shard, and shards are added in their order.
"""

from collections.abc import Generator, Iterator
from contextlib import suppress

import numpy as np

from bacterio_cli.dataset.batching import Batch
from bacterio_cli.nn.cells import State
from bacterio_cli.nn.layers import dropout_mask
from bacterio_cli.nn.models import Gradients, Model, loss_and_grads
from bacterio_cli.training.plan import MASKS, CrossFit
from bacterio_cli.training.state import TrainingState
from bacterio_cli.training.worker import TIMEOUT, ForkedWorker, Work, can_fork, shared

# names × units² of a batch, the size of the default config: below it two cores gain less than messages cost.
SPLIT_FROM = 2**19


def is_split(model: Model, names: int, split_from: int = SPLIT_FROM) -> bool:
    """Whether a phase with batches of so many names computes them in two shards; a single name cannot be split."""
    return names > 1 and names * model.n_a**2 >= split_from


def shard_work(state: TrainingState, soft: CrossFit | None, batch: Batch, step: int, k: int, shards: int) -> Work:
    """The call that computes what shard k adds to loss and gradients, with its dropout and targets at hand.

    With `--stream` its names go on from their rows of the hidden state that the call is given, and their new one comes
    back.
    """
    plan, shard, masks = state.plan, batch.shard(k, shards), None
    N_k, streams = len(shard.x), shard.batch_sizes[0]
    if plan.config.dropout:
        rng, shape = plan.rng(MASKS, step, k), (N_k, plan.model.n_a)
        masks = [dropout_mask(rng, shape, plan.config.dropout, np.float32) for _ in range(plan.model.layers)]
    targets = soft.targets(shard) if soft else shard.y

    def work(hidden: State) -> Gradients:
        before = tuple(s[k::shards][:streams] for s in hidden)
        result = loss_and_grads(
            plan.model, state.params, shard.x, shard.batch_sizes, targets, state=before or None, masks=masks,
            weight=N_k / len(batch.x),
        )  # fmt: skip
        return result._replace(state=result.state if hidden else (), d_initial_state=())

    return work


def works(state: TrainingState, soft: CrossFit | None, k: int, shards: int) -> Iterator[tuple[int, Batch, Work]]:
    """Each step that is left of the phase, its batch, and the work of shard k; a single name is all shard 0's."""
    for step, batch in enumerate(state.batches(), state.step):
        parts = min(shards, int(batch.batch_sizes[0]))
        if k < parts:
            yield step, batch, shard_work(state, soft, batch, step, k, parts)


def added(parts: list[Gradients], hidden: State) -> Gradients:
    """The sum of the shards of a batch, in the first one's arrays; a stream that has ended keeps its hidden state."""
    grads = parts[0].grads
    for part in parts[1:]:
        for name, g in part.grads.items():
            grads[name] += g
    after = tuple(s.copy() for s in hidden)
    for k, part in enumerate(parts):
        for s, own in zip(after, part.state, strict=True):
            s[k :: len(parts)][: len(own)] = own
    return Gradients(sum(part.loss for part in parts), grads, after, ())


def gradients_of_phase(
    state: TrainingState, *, split_from: int = SPLIT_FROM, fork: bool | None = None, timeout: float = TIMEOUT
) -> Generator[tuple[Batch, Gradients], None, None]:
    """Each batch of the current phase from where the training stands, with its gradients.

    Where batch size × units² ≥ `split_from` they are split. `fork` says whether a worker computes the second shard, if
    None where possible: the params are moved to shared memory then. One silent for `timeout` seconds is given up.
    """
    soft, worker = state.plan.soft_targets(state.phase.kind), None
    shards = 2 if is_split(state.plan.model, state.plan.batch_size, split_from) else 1
    if shards == 2 and (can_fork() if fork is None else fork):
        with suppress(OSError):  # no memory or no process left
            state.params |= {name: shared(p) for name, p in state.params.items()}
            second = (work for *_, work in works(state, soft, 1, 2))
            worker = ForkedWorker(second, state.params, state.hidden, timeout)
    try:
        mine = works(state, soft, 0, shards)
        ready = next(mine, None)
        while ready:
            step, batch, work = ready
            split = shards == 2 and batch.batch_sizes[0] > 1
            if split and worker:
                worker.begin(state.hidden)
            parts = [work(state.hidden)]
            ready = next(mine, None)  # while the worker is still at its shard
            if split:
                answer = worker and worker.answer()
                parts.append(answer or shard_work(state, soft, batch, step, 1, 2)(state.hidden))
            yield batch, added(parts, state.hidden)
    finally:
        if worker:
            worker.close()
