"""The mean of the weights after each of the last epochs."""

from .ranges import expect_whole
from .weight_averaging import WeightAveraging


class AverageLastEpochs(WeightAveraging):
    """Give the model the mean of its weights after each of the last epochs, once training ends.

    It stands in for the average of the last checkpoints, as the Transformer was tested with. Where
    training stops before the last `num_epochs`, nothing is averaged. At most half of the epochs of
    a fit count, and the last one always: weights that have hardly learned would spoil the mean of
    a fit that was cut short. See `WeightAveraging`.

    Source: Vaswani et al. 2017, "Attention is all you need", https://arxiv.org/abs/1706.03762,
    section 6.1: five checkpoints.

    Args:
        num_epochs: int >= 1, how many of the last epochs. Defaults to 5.
        data: training data to recompute the statistics of batch normalisation with, see
            `WeightAveraging`. Defaults to None.

    Raises:
        ValueError: `num_epochs` is not a whole number of at least 1, or `data` has no batches.
    """

    def __init__(self, num_epochs=5, data=None):
        super().__init__(data)
        expect_whole("AverageLastEpochs", 1, num_epochs=num_epochs)
        self.num_epochs = num_epochs

    def counts(self, epoch):
        """Return whether the epoch is one of the last."""
        epochs = self.params["epochs"]
        return epoch >= epochs - min(self.num_epochs, max(1, epochs // 2))
