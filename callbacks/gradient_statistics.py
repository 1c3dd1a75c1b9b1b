"""The gradients that every layer is given, in figures, as the training goes on."""

from . import measure
from .layer_statistics import LayerStatistics
from .ranges import expect_pair


class GradientStatistics(LayerStatistics):
    """Measure the gradients of the loss by layer on a fixed sample, every few epochs.

    Gradients that shrink by orders of magnitude towards the input vanish, those that grow explode.
    Looking changes nothing (`training=False`, so without dropout's noise).

    The figures are `root_mean_square`, `mean`, `deviation` and `zeros` (the share that is exactly
    0) over all the variables of a layer; see `measure.of_gradients`. They are kept as arrays in
    `statistics`, drawn by `figure()`, and written for TensorBoard beside the histograms
    `PATH/gradient`. A model without a single loss, such as one of two players, has none of this.

    Source: Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward
    neural networks", https://proceedings.mlr.press/v9/glorot10a.html, figures 7 to 9.

    Args:
        sample: tuple `(x, y)` of arrays, 32 to 256 examples.
        every: int >= 1, epochs between two looks. Defaults to 5: a look takes as long as some
            training steps.
        log_dir: str or path of the folder of the event file, or None for none. Defaults to None.

    Attributes:
        epochs, layers, statistics: see `LayerStatistics`.

    Raises:
        ValueError: `sample` is no pair, or `every` is out of its range.
    """

    names = ("root_mean_square", "mean", "deviation", "zeros")
    # Layers differ by orders of magnitude, and that is what is looked for.
    logarithmic = ("root_mean_square", "deviation")
    tag = "gradient"
    shared_names = ("sample",)

    def __init__(self, sample, every=5, log_dir=None):
        super().__init__(every, log_dir)
        expect_pair("GradientStatistics", sample=sample)
        self.sample = sample

    def measure(self):
        """Return the gradients and their figures by layer."""
        return measure.of_gradients(self.model, *self.sample)
