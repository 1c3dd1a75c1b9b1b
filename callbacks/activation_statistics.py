"""What every layer puts out, in figures, as the training goes on."""

from . import measure
from .layer_statistics import LayerStatistics


class ActivationStatistics(LayerStatistics):
    """Measure the outputs of every layer on a fixed sample, every few epochs.

    Shows where a signal dies on its way up: deviations that shrink or grow from layer to layer,
    sigmoids that stand at their ends, rectifiers that have gone silent. Looking changes nothing
    (`training=False`; weights, statistics and random states keep every bit).

    The figures are `mean`, `deviation` (of all values, units that differ by their biases among
    them), `example_deviation` (between examples alone: what a layer still tells of its input),
    `zeros` (share of values that are 0), `saturated` (share where a sigmoid or tanh is flat) and
    `dead` (share of a rectifier's units that are 0 for the whole sample); see
    `measure.of_activations`. They are kept as arrays in `statistics`, drawn by
    `figure()`, and written for TensorBoard beside the histograms `PATH/activation`.

    Source: Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward
    neural networks", https://proceedings.mlr.press/v9/glorot10a.html, figures 2 to 6.

    Args:
        sample: array or structure of arrays, inputs `(batch, ...)` of 32 to 256 examples: too few
            call a unit dead that is only seldom awake.
        every: int >= 1, epochs between two looks. Defaults to 5: a look takes as long as some
            training steps.
        log_dir: str or path of the folder of the event file, or None for none. Defaults to None.

    Attributes:
        epochs, layers, statistics: see `LayerStatistics`.

    Raises:
        ValueError: `every` is out of its range.
    """

    names = ("mean", "deviation", "example_deviation", "zeros", "saturated", "dead")
    # It shrinks by a factor from layer to layer.
    logarithmic = ("example_deviation",)
    tag = "activation"
    shared_names = ("sample",)

    def __init__(self, sample, every=5, log_dir=None):
        super().__init__(every, log_dir)
        self.sample = sample

    def measure(self):
        """Return the outputs and their figures by layer."""
        return measure.of_activations(self.model, self.sample)
