"""The gradients of a stage, step by step: its batches, their targets and dropout masks, whole or in two parts.

The order of an epoch comes from the seed and the epoch, the masks of a step from the seed, the step and the part. So
each part can be made ready ahead, and by another process, and is the same.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial
from itertools import islice

import numpy as np

from bacterio_cli.dataset.batching import Batch
from bacterio_cli.nn.layers import Array, dropout_mask
from bacterio_cli.nn.models import Gradients, loss_and_grads
from bacterio_cli.training.data_parallel import in_step, size_of
from bacterio_cli.training.plan import MASKS, ORDER, STAGES, Phase
from bacterio_cli.training.state import TrainingState
from bacterio_cli.training.worker import Steps, Work


def stage_gradients(run: TrainingState, stage: Phase) -> Generator[tuple[Batch, Gradients], None, None]:
    """Each batch from where the run stands, and the gradients for the weights as they are when it is asked for.

    To be closed when no more are wanted.
    """
    size = size_of(run.model, run.recipe.batch_size or 1)
    return in_step(lambda k, parts: BatchShard(run, stage, k, parts).steps(), run.params, size)


class BatchShard:
    """Part k of the batches of a stage, from where the run stands; in the stream regime it carries a state of its own.

    Once made, it uses of the run what does not change, and the weights.
    """

    def __init__(self, run: TrainingState, stage: Phase, k: int, parts: int) -> None:
        self.run, self.stage, self.k, self.parts = run, stage, k, parts
        self.text, self.targets = run.course.texts[stage.kind], run.course.soft_targets(stage)
        self.step, (self.epoch, self.done) = run.step, divmod(run.stage_step, stage.per_epoch)
        self.state = tuple(s[k::parts] for s in run.carried) if self.done else ()

    def steps(self) -> Steps:
        """Each batch, and the work that this part of it is."""
        for epoch in range(self.epoch, self.stage.epochs):
            for batch in islice(self.batches(epoch), self.done, None):
                yield batch, self.work(batch)
                self.step += 1
            self.done, self.state = 0, ()

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Those of one epoch: names in a fresh order, or the stream from its beginning."""
        recipe = self.run.recipe
        if recipe.stream:
            return self.text.chunks(recipe.batch_size or 1, recipe.bptt)
        order = self.run.course.rng(ORDER, STAGES.index(self.stage.kind), self.stage.net, epoch)
        return self.text.name_batches(recipe.batch_size or 1, order)

    def work(self, batch: Batch) -> Work | None:
        """Targets and masks at hand; None if nothing of the batch is in this part."""
        run, part = self.run, batch.part(self.k, self.parts)
        N = len(part.x)
        if not N:
            return None
        masks: list[Array] | None = None
        if run.recipe.dropout:
            rng = run.course.rng(MASKS, self.step, self.k)
            masks = [dropout_mask(rng, (N, n), run.recipe.dropout, np.float32) for n in run.model.mask_widths]
        targets = part.y if self.targets is None else self.targets.targets(part)
        return partial(self.gradients, part, targets, masks, N / len(batch.x))

    def gradients(self, part: Batch, targets: Array, masks: list[Array] | None, share: float) -> Gradients:
        """Forward and backward, and in the stream regime the state for the next step."""
        run, rows = self.run, int(part.batch_sizes[0])
        state = None
        if run.recipe.stream:
            state = tuple(s[:rows] for s in self.state) or run.model.start(rows, np.float32)
        with np.errstate(all="ignore"):  # what overflows is not finite, and is refused with its step
            result = loss_and_grads(
                run.model, run.params, part.x, part.batch_sizes, targets, state=state, masks=masks, share=share
            )
        if state is None:
            return result._replace(state=())
        self.state = result.state
        return result
