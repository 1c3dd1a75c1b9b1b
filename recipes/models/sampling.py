"""Writing on from a prompt: one compiled loop that carries the memory from character to character.

Each character costs a look-up in the table of the first layer, one product for each layer, one for
the logits, and a draw. The draw of the character at a position depends on the seed and the position
alone, so a text is the same in one go or in pieces, in Python or in a SavedModel.

The draw is that of the largest logit with Gumbel noise times the temperature, which has the
distribution of the softmax of logits / temperature (Gumbel 1954), and at 0 is the most probable
character.
"""

import tensorflow as tf

from ..data.characters import UNKNOWN
from ..errors import RecipeError
from . import cells

_NEVER = -1e9  # a logit that no character has
_SMALLEST = 1e-20  # keeps the logarithm of a uniform number finite


class Sampler:
    """Writes with the weights of a `LanguageModel`; it holds none of its own.

    Attributes:
        model: the `LanguageModel`.
        vocabulary_size: int.
        memory_shape: tuple, `(vectors, units)`: the memory of one text as one tensor, the vectors
            of the first layer first.
    """

    def __init__(self, model):
        self.model = model
        self._embedding = model.network.get_layer("embedding")
        self._layers = [layer for layer in model.network.layers if hasattr(layer, "cell")]
        self._logits = model.network.get_layer("logits")
        self.vocabulary_size = self._embedding.input_dim
        vectors = sum(len(layer.state_size) for layer in self._layers)
        self.memory_shape = (vectors, self._layers[0].units)
        self._compiled = tf.function(self.write, input_signature=self.signature())

    def signature(self):
        """Return what `write` takes, named tensors."""
        return [
            tf.TensorSpec((None,), tf.int32, name="ids"),
            tf.TensorSpec(self.memory_shape, tf.float32, name="memory"),
            tf.TensorSpec((), tf.int32, name="position"),
            tf.TensorSpec((), tf.int32, name="length"),
            tf.TensorSpec((), tf.float32, name="temperature"),
            tf.TensorSpec((), tf.int32, name="top_k"),
            tf.TensorSpec((), tf.int64, name="seed"),
        ]

    def sample(self, prompt_ids, length, *, temperature=1.0, top_k=0, seed=0):
        """Write on from a prompt.

        Args:
            prompt_ids: ints in [0, vocabulary_size), at least one.
            length: int >= 0, characters to write.
            temperature: float >= 0; 0 takes the most probable character. Defaults to 1.
            top_k: int in [0, vocabulary_size), how many of the most probable characters may be
                drawn; 0 for all of them. The token for unknown characters is never drawn. Defaults
                to 0.
            seed: int >= 0. Defaults to 0.

        Returns:
            An int32 array `(length,)`, without the prompt.

        Raises:
            RecipeError: an argument is out of its range.
        """
        check(len(prompt_ids), length, temperature, top_k, seed, self.vocabulary_size)
        memory = tf.zeros(self.memory_shape)
        ids, _ = self._compiled(prompt_ids, memory, 0, length, temperature, top_k, seed)
        return ids.numpy()

    # There is no Python condition on a tensor in here.
    @tf.autograph.experimental.do_not_convert
    def write(self, ids, memory, position, length, temperature, top_k, seed):
        """Read ids from a memory on, then write: tensors in, tensors out.

        Args:
            ids: int32 tensor `(time,)` with time >= 1: a prompt, or the last id that was written.
            memory: float32 tensor, see `memory_shape`; zeros at the beginning.
            position: int32 scalar, how many characters were written before.
            length: int32 scalar, as for `sample`.
            temperature: float32 scalar, likewise.
            top_k: int32 scalar, likewise.
            seed: int64 scalar, likewise.

        Returns:
            The ids that were written, int32 `(length,)`, and the memory with all of them read but
            the last, as whoever writes on with that one needs it.
        """
        weights = self._weights()
        # A loop needs tensors; the names of the vectors do not matter.
        memory = tf.unstack(memory[:, None], axis=0)
        last = tf.shape(ids)[0] - 1
        _, memory = tf.while_loop(
            lambda place, _: place < last,
            lambda place, memory: (place + 1, self._read(weights, ids[place], memory)[1]),
            (0, memory),
        )
        restricted = (top_k > 0) & (top_k < self.vocabulary_size)
        written, memory = tf.cond(
            restricted,
            lambda: self._written(
                weights, ids[last], memory, position, length, temperature, seed, top_k
            ),
            lambda: self._written(
                weights, ids[last], memory, position, length, temperature, seed, None
            ),
        )
        return written, tf.concat(memory, axis=0)

    def _written(self, weights, number, memory, position, length, temperature, seed, top_k):
        kernel, bias = weights["logits"]

        def body(place, number, memory, written):
            hidden, memory = self._read(weights, number, memory)
            logits = (tf.matmul(hidden, kernel) + bias)[0]
            if top_k is not None:
                lowest = tf.math.top_k(logits, top_k).values[-1]
                logits = tf.where(logits < lowest, _NEVER, logits)
            noise = tf.random.stateless_uniform(
                (self.vocabulary_size,),
                seed=tf.stack([seed, tf.cast(position + place, tf.int64)]),
                minval=_SMALLEST,
            )
            logits -= temperature * tf.math.log(-tf.math.log(noise))
            number = tf.argmax(logits, output_type=tf.int32)
            return place + 1, number, memory, written.write(place, number)

        written = tf.TensorArray(tf.int32, length, element_shape=())
        _, _, memory, written = tf.while_loop(
            lambda place, *_: place < length, body, (0, number, memory, written)
        )
        return written.stack(), memory

    def _read(self, weights, number, memory):
        """Return the last layer's output `(1, units)` after one more character, and the memory."""
        projected, left, found = tf.gather(weights["table"], number[None]), list(memory), []
        for place, (kernel, bias, cell) in enumerate(weights["layers"]):
            if place:
                projected = tf.matmul(hidden, kernel) + bias  # noqa: F821 (set a layer below)
            count = len(self._layers[place].state_size)
            hidden, states = cell(projected, left[:count])
            left, found = left[count:], found + states
        return hidden, found

    def _weights(self):
        """Return the weights as tensors, those in front of the first loop multiplied out."""
        layers = [cells.parts(layer.cell) for layer in self._layers]
        kernel, bias, _ = layers[0]
        kernel_out, bias_out = self._logits.kernel, self._logits.bias
        never = tf.one_hot(UNKNOWN, self.vocabulary_size, on_value=_NEVER, off_value=0.0)
        return {
            "table": tf.matmul(tf.convert_to_tensor(self._embedding.embeddings), kernel) + bias,
            "layers": layers,
            "logits": (tf.convert_to_tensor(kernel_out), tf.convert_to_tensor(bias_out) + never),
        }


def check(prompt_length, length, temperature, top_k, seed, vocabulary_size):
    """Raise a `RecipeError` on the first argument of a sampler that is out of its range."""
    if prompt_length < 1:
        raise RecipeError("The prompt must hold at least one character. Received: none.")
    if length < 0:
        raise RecipeError(f"`length` must be at least 0. Received: {length=}.")
    # False for NaN too.
    if not 0 <= temperature < float("inf"):
        raise RecipeError(
            f"`temperature` must be at least 0, where 0 takes the most probable character. "
            f"Received: {temperature=}."
        )
    if not 0 <= top_k < vocabulary_size:
        raise RecipeError(
            f"`top_k` must be in [1, {vocabulary_size - 1}], the characters that the model knows, "
            f"or 0 for all of them. Received: {top_k=}."
        )
    if not 0 <= seed < 2**63:
        raise RecipeError(f"`seed` must be in [0, 2^63). Received: {seed=}.")
