"""The mean of the weights along the path of SGD, from a start epoch on."""

from .ranges import expect_whole
from .weight_averaging import WeightAveraging


class StochasticWeightAveraging(WeightAveraging):
    """Give the model the mean of its weights after every n-th epoch from a start on.

    The weights wander over a wide valley of the loss while the learning rate is constant or
    cyclic; their mean lies nearer its middle than any of them. With a cyclic rate, let the epochs
    that count be those that end a cycle. See `WeightAveraging`.

    Source: Izmailov et al. 2018, "Averaging weights leads to wider optima and better
    generalization", https://arxiv.org/abs/1803.05407, algorithm 1. Its pass over the training data
    at the end, for batch normalisation, needs `data`.

    Args:
        start_epoch: int >= 0, the first epoch that counts, from 0 on. The paper begins after three
            quarters of an ordinary training.
        every: int >= 1, epochs between two that count. Defaults to 1.
        data: training data to recompute the statistics of batch normalisation with, see
            `WeightAveraging`. Defaults to None.

    Raises:
        ValueError: an argument is out of its range; when training begins, that it ends before
            `start_epoch`.
    """

    def __init__(self, start_epoch, every=1, data=None):
        super().__init__(data)
        expect_whole("StochasticWeightAveraging", 0, start_epoch=start_epoch)
        expect_whole("StochasticWeightAveraging", 1, every=every)
        self.start_epoch = start_epoch
        self.every = every

    def on_train_begin(self, logs=None):
        """Forget what an earlier fit summed up."""
        super().on_train_begin(logs)
        if self.start_epoch >= self.params["epochs"]:
            raise ValueError(
                "`start_epoch` of StochasticWeightAveraging must be below the "
                f"{self.params['epochs']} epochs of the fit, counted from 0. "
                f"Received: start_epoch={self.start_epoch}."
            )

    def counts(self, epoch):
        """Return whether the epoch is a whole number of periods after the start."""
        return epoch >= self.start_epoch and (epoch - self.start_epoch) % self.every == 0
