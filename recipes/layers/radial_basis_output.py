"""The output layer of LeNet-5: distances to a fixed code for each class."""

import keras
import numpy as np
from keras import ops

from ..errors import RecipeError

# 0 to 9 side by side, 12 rows of 7 pixels each, drawn after the style of the paper's figure 3.
DIGITS = """
.####.. ...##.. .#####. .#####. ....##. ####### ..####. ####### .#####. .#####.
##..##. ..###.. ##...## ##...## ...###. ##..... .##.... .....## ##...## ##...##
##...## .####.. .....## .....## ..####. ##..... ##..... .....## ##...## ##...##
##...## ...##.. .....## .....## ..#.##. ##..... ##..... ....##. ##...## ##...##
##...## ...##.. ....##. ..####. .##.##. ######. ##.###. ....##. .##.##. ##...##
##...## ...##.. ....##. ..####. .#..##. .....## ###..## ...##.. ..###.. .######
##...## ...##.. ...##.. .....## ##..##. .....## ##...## ...##.. .##.##. ..##.##
##...## ...##.. ..##... .....## ####### .....## ##...## ..##... ##...## .....##
##...## ...##.. .##.... .....## ....##. .....## ##...## ..##... ##...## .....##
.##..## ...##.. ##..... .....## ....##. ##...## ##...## .##.... ##...## ....##.
..####. .###### ##..... ##...## ....##. ##..##. .##.##. .##.... ##...## ...##..
....... ....... ####### .#####. ....##. .####.. ..###.. .##.... .#####. .###...
"""
HEIGHT, WIDTH = 12, 7


@keras.saving.register_keras_serializable("kerasrecipes")
class RadialBasisOutput(keras.layers.Layer):
    """Give each class the negative squared distance to its code: `-sum((x - code)**2)`.

    The codes have components of +1 and -1 and are not trained. For ten classes they are stylised
    bitmaps of the digits, 7 by 12 pixels, so that classes that look alike have codes alike; for
    another number they are drawn at random from a fixed seed.

    Taken as logits under a softmax cross-entropy, negative distances give the paper's criterion
    of maximum a posteriori (equation 9), but for the constant `exp(-j)` of its rubbish class.

    Source: LeCun et al. 1998, "Gradient-based learning applied to document recognition",
    equations 7 to 9 and figure 3.

    Input `(batch, 84)`, output `(batch, num_classes)`. No trainable parameter; the codes are
    `84 * num_classes` numbers beside them.

    Args:
        num_classes: int >= 1.
        **kwargs: what `keras.layers.Layer` takes.

    Raises:
        RecipeError: the input does not have 84 features.

    >>> layer = RadialBasisOutput(10)
    >>> three = digit_codes()[3:4]
    >>> int(ops.argmax(layer(three)[0])), float(layer(three)[0, 3])
    (3, -0.0)
    """

    def __init__(self, num_classes, **kwargs):
        super().__init__(**kwargs)
        self.num_classes = num_classes

    def build(self, input_shape):
        if input_shape[-1] != HEIGHT * WIDTH:
            raise RecipeError(
                f"The input of RadialBasisOutput must have {HEIGHT * WIDTH} features, a bitmap of "
                f"{HEIGHT} by {WIDTH}. Received: input_shape={tuple(input_shape)!r}."
            )
        self.codes = self.add_weight(
            (self.num_classes, HEIGHT * WIDTH),
            lambda shape, dtype: ops.convert_to_tensor(class_codes(self.num_classes), dtype),
            trainable=False,
            name="codes",
        )

    def call(self, inputs):
        """Give `(batch, 84)` its logits `(batch, num_classes)`."""
        return -ops.sum(ops.square(ops.expand_dims(inputs, 1) - self.codes), axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.num_classes)

    def get_config(self):
        return {**super().get_config(), "num_classes": self.num_classes}


def class_codes(num_classes):
    """Return the code of each class, a float32 array `(num_classes, 84)` of +1 and -1."""
    if num_classes == 10:
        return digit_codes()
    signs = np.random.default_rng(1998).choice([-1, 1], (num_classes, HEIGHT * WIDTH))
    return signs.astype("float32")


def digit_codes():
    """Return the bitmaps of 0 to 9, a float32 array `(10, 84)`, +1 where there is ink."""
    rows = [line.split() for line in DIGITS.split("\n") if line]
    ink = np.array([[list(row[digit]) for row in rows] for digit in range(10)]) == "#"
    return np.where(ink, 1, -1).reshape(10, HEIGHT * WIDTH).astype("float32")
