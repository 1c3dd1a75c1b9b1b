"""A convolution in which a map sees only some of the maps before it."""

import math

import keras
import numpy as np
from keras import ops

from ..errors import RecipeError


@keras.saving.register_keras_serializable("kerasrecipes")
class SparseConv2D(keras.layers.Layer):
    """Convolve by a table that says which input maps each output map is connected to.

    Only the connections that exist have weights: `kernel` has the shape `(size, size,
    connections)`, in the order of the table. No padding, stride 1.

    Source: LeCun et al. 1998, "Gradient-based learning applied to document recognition", table I.

    Input `(batch, height, width, maps)`, output `(batch, height - size + 1, width - size + 1,
    len(table))`, channels last. `size**2 * connections + len(table)` parameters.

    Args:
        table: a sequence with one entry an output map: the numbers of its input maps, from 0.
        kernel_size: int >= 1, the side of the square kernel.
        **kwargs: what `keras.layers.Layer` takes.

    Raises:
        RecipeError: the table is empty, a map has no input or the same one twice, or, once the
            input is known, the table names a map that is not there.

    >>> layer = SparseConv2D([[0, 1], [2]], kernel_size=3)
    >>> tuple(layer(ops.ones((1, 8, 8, 3))).shape), layer.count_params()
    ((1, 6, 6, 2), 29)
    """

    def __init__(self, table, kernel_size, **kwargs):
        super().__init__(**kwargs)
        self.table = [[int(source) for source in sources] for sources in table]
        self.kernel_size = kernel_size
        if not self.table or not all(
            sources and len(set(sources)) == len(sources) and min(sources) >= 0
            for sources in self.table
        ):
            raise RecipeError(
                "`table` of SparseConv2D must give each output map its input maps, at least one "
                f"and none twice. Received: table={table!r}."
            )

    def build(self, input_shape):
        num_inputs, num_outputs = input_shape[-1], len(self.table)
        if max(map(max, self.table)) >= num_inputs:
            raise RecipeError(
                f"`table` of SparseConv2D must name maps below {num_inputs}, the input's. "
                f"Received: table={self.table!r}."
            )
        size, num_connections = self.kernel_size, sum(map(len, self.table))
        # Glorot's limit needs the fans of the connections that exist, on average over the maps.
        fans = size**2 * num_connections * (1 / num_inputs + 1 / num_outputs)
        self.kernel = self.add_weight(
            (size, size, num_connections),
            keras.initializers.RandomUniform(-math.sqrt(6 / fans), math.sqrt(6 / fans)),
            name="kernel",
        )
        self.bias = self.add_weight((num_outputs,), "zeros", name="bias")
        # Row c of this matrix has its 1 where connection c stands in a dense kernel.
        self._placement = np.zeros((num_connections, num_inputs * num_outputs), "float32")
        pairs = [(source, to) for to, sources in enumerate(self.table) for source in sources]
        for connection, (source, to) in enumerate(pairs):
            self._placement[connection, source * num_outputs + to] = 1
        self._dense_shape = (size, size, num_inputs, num_outputs)

    def call(self, inputs):
        """Convolve `(batch, height, width, maps)`."""
        placement = ops.cast(self._placement, self.compute_dtype)
        dense = ops.reshape(ops.matmul(self.kernel, placement), self._dense_shape)
        return ops.conv(inputs, dense, padding="valid", data_format="channels_last") + self.bias

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        sides = (side if side is None else side - self.kernel_size + 1 for side in (height, width))
        return (batch, *sides, len(self.table))

    def get_config(self):
        return {**super().get_config(), "table": self.table, "kernel_size": self.kernel_size}
