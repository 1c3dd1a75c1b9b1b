"""The callbacks that follow every run: what a person watches, live and afterwards."""

import math
from functools import partial

import keras

from ...callbacks import Progress, Resumable, TensorBoard, Timing
from ..pictures import png
from ..recipe_data import batches_of

# Examples whose gradients and activations TensorBoard shows, and on which its pictures are drawn.
NUM_SAMPLED = 64
# Of large images fewer: every map of every layer goes into a histogram.
NUM_SAMPLED_VALUES = 2**16
NUM_PICTURED = 1024
# Histograms and pictures cost about a second each; a run has this many of them, however long.
NUM_HISTOGRAMS = 5


def followers(run, recipe, splits, progress):
    """Return fresh callbacks that time a run, write it for TensorBoard and show its progress.

    Args:
        run: the `Run`.
        recipe: its `Recipe`.
        splits: its `Splits`.
        progress: bool, whether to show progress on the terminal.
    """
    every = -(-recipe.epochs // NUM_HISTOGRAMS)
    size = sum(math.prod(side or 1 for side in spec.shape) for spec in splits.specs)
    sampled = max(1, min(NUM_SAMPLED, NUM_SAMPLED_VALUES // size, splits.validation.num_examples))
    board = TensorBoard(
        log_dir=str(run.folder / "tensorboard"),
        histogram_freq=every,
        sample=recipe.task.pair(*splits.validation.examples(range(sampled))),
        images=lambda model: _pictures(model, recipe.task, splits),
        images_freq=every,
    )
    epoch = partial(_one_epoch, recipe, splits, run.record["seed"])
    shown = [Progress()] if progress else []
    return [Timing(batch_size=recipe.batch_size), board, _LentBatches(epoch), *shown]


class _LentBatches(Resumable, keras.callbacks.Callback):
    """Lends the training batches to callbacks that pass over them when training ends.

    They are those of the first epoch, whenever that is, so that a run that was killed behind its
    last epoch ends as it would have.
    """

    shared_names = ("one_epoch",)

    def __init__(self, one_epoch):
        super().__init__()
        self.one_epoch = one_epoch

    def on_train_begin(self, logs=None):
        # Several replicas would have to divide each batch.
        if self.model.distribute_strategy.num_replicas_in_sync == 1:
            self.model.train_function.one_epoch = self.one_epoch


def _one_epoch(recipe, splits, seed):
    batches = batches_of(recipe, splits, seed)
    return batches.take(splits.train.steps_per_epoch(recipe.batch_size))


def _pictures(model, task, splits):
    num_batches = -(-NUM_PICTURED // 256)
    batches = splits.validation.ordered(256).take(num_batches)
    _, outcome = task.evaluate(model, splits, batches)
    drawn = task.pictures(splits, splits.validation, outcome)
    return {title: png(figure) for title, _, figure in drawn}
