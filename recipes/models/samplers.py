"""From noise back to images: the samplers of diffusion models, as one loop and two tables.

With the signal level a_t (the paper's alpha-bar) of a step and its predicted noise e, the clean
image is estimated as `x0 = (x_t - sqrt(1 - a_t) e) / sqrt(a_t)`, and every sampler here goes on to

    x_s = clean * x0 + current * x_t + noise * z,    z standard normal,

with three numbers that depend on the step alone. The tables hold them, computed in float64; so a
sampler is a table, and the loop knows nothing of it.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from ..errors import RecipeError
from .adversarial import to_bytes

# Images that go through the loop over steps together.
CHUNK = 256
# The columns of a table, one row a step.
COLUMNS = ("time", "signal", "clean", "current", "noise")


def ancestral(levels, num_steps=None, *, variance="large"):
    """Return the table of DDPM's sampler: Ho et al. 2020, algorithm 2.

    Fewer steps than were trained go over an evenly spaced part of them, whose own betas follow
    from the signal levels (Nichol and Dhariwal 2021, section 4).

    Args:
        levels: array `(T,)`, the signal levels after each step of the forward process.
        num_steps: int in [1, T], or None for all. Defaults to None.
        variance: "large" for the paper's sigma^2 = beta, or "small" for that of the posterior,
            equation 7. Defaults to "large", the paper's for CIFAR-10.

    Returns:
        Array `(num_steps, 5)` of float64, see `COLUMNS`; the last step adds no noise.

    Raises:
        RecipeError: an argument is out of its range.
    """
    if variance not in ("large", "small"):
        raise RecipeError(
            f"`variance` of samplers.ancestral must be 'large' or 'small'. Received: {variance!r}."
        )
    times, now, then = _pairs(levels, num_steps)
    alpha = now / then
    # Equation 7, and the beta of a step from one level to the other.
    clean = np.sqrt(then) * (1 - alpha) / (1 - now)
    current = np.sqrt(alpha) * (1 - then) / (1 - now)
    sigma = np.sqrt((1 - alpha) * (1 if variance == "large" else (1 - then) / (1 - now)))
    sigma[-1] = 0.0
    return np.stack([times, now, clean, current, sigma], axis=1)


def implicit(levels, num_steps=None, *, eta=0.0):
    """Return the table of DDIM's sampler.

    Song, Meng and Ermon 2021, "Denoising diffusion implicit models",
    https://arxiv.org/abs/2010.02502, equation 12, with the noise of equation 16.

    Args:
        levels: array `(T,)`, the signal levels after each step of the forward process.
        num_steps: int in [1, T], evenly spaced ("linear" in appendix D.2), or None for all.
            Defaults to None.
        eta: float in [0, 1]: 0 draws nothing but the first noise, 1 has the variance of the
            posterior, DDPM's small one. Defaults to 0.

    Returns:
        Array `(num_steps, 5)` of float64, see `COLUMNS`.

    Raises:
        RecipeError: an argument is out of its range.
    """
    if not 0 <= eta <= 1:
        raise RecipeError(f"`eta` of samplers.implicit must lie in [0, 1]. Received: {eta=}.")
    times, now, then = _pairs(levels, num_steps)
    sigma = eta * np.sqrt((1 - then) / (1 - now) * (1 - now / then))
    direction = np.sqrt((1 - then - sigma**2) / (1 - now))
    return np.stack([times, now, np.sqrt(then) - direction * np.sqrt(now), direction, sigma], 1)


def images(predict, image_shape, seed, count, table):
    """Draw images: a loop over chunks, and in it the loop over steps.

    Image number i of a seed is the same however many are drawn.

    Args:
        predict: function of `(x, time)`, see `denoise`.
        image_shape: tuple of int, `(height, width, channels)`.
        seed: scalar int32 tensor.
        count: scalar int32 tensor >= 1.
        table: array or tensor `(num_steps, 5)` of float64, by `ancestral` or `implicit`.

    Returns:
        uint8 tensor `(count, height, width, channels)`.
    """
    num_chunks = (count + CHUNK - 1) // CHUNK
    chunks = tf.TensorArray(
        tf.uint8, num_chunks, infer_shape=False, element_shape=(None, *image_shape)
    )

    def body(number, chunks):
        in_chunk = tf.minimum(CHUNK, count - number * CHUNK)
        start, noise_seed = beginning(image_shape, seed, number, in_chunk)
        image = denoise(predict, table, start, noise_seed)
        return number + 1, chunks.write(number, to_bytes(image))

    _, chunks = tf.while_loop(lambda number, _: number < num_chunks, body, (tf.constant(0), chunks))
    return chunks.concat()


def beginning(image_shape, seed, chunk, count):
    """Return the first noise of a chunk, `(count, *image_shape)`, and the seed of what follows."""
    seed = tf.stack([seed, chunk])
    start = tf.random.stateless_normal(
        (count, *image_shape), tf.random.experimental.stateless_fold_in(seed, 0)
    )
    return tf.ensure_shape(start, (None, *image_shape)), seed


def denoise(predict, table, start, seed, *, clip=True, keep=()):
    """Go from noise to images in one loop of TensorFlow.

    Args:
        predict: function of `(x, time)`, a float tensor `(batch, ...)` and an int32 tensor
            `(batch,)`, giving the noise in x, of the shape of x.
        table: array or tensor `(num_steps, 5)` of float64, by `ancestral` or `implicit`.
        start: float32 tensor `(batch, ...)`, standard normal noise.
        seed: int tensor `(2,)`; the noise of the steps is a function of it and of the step.
        clip: bool, keep the estimated image within [-1, 1], as the papers' code does. Defaults
            to True.
        keep: tuple of int, steps in [0, num_steps], rising: what is there after so many steps.
            Defaults to ().

    Returns:
        Float32 tensor `(batch, ...)`; where `keep` is given, a pair of it and of a tensor
        `(len(keep), batch, ...)`.
    """
    table = tf.convert_to_tensor(table, tf.float64)
    times = tf.cast(table[:, 0], tf.int32)
    # The roots are taken in float64: 1 - signal has few digits left where there is little noise.
    scales = tf.sqrt(tf.stack([table[:, 1], 1 - table[:, 1]], axis=1))
    numbers = tf.cast(tf.concat([scales, table[:, 2:]], axis=1), tf.float32)
    kept = tf.TensorArray(tf.float32, len(keep), element_shape=start.shape)

    def remember(step, x, kept):
        if not keep:
            return kept
        here = tf.equal(tf.constant(keep), step)
        place = tf.argmax(tf.cast(here, tf.int32), output_type=tf.int32)
        return tf.cond(tf.reduce_any(here), lambda: kept.write(place, x), lambda: kept)

    def body(step, x, kept):
        signal_scale, noise_scale, clean, current, noise = tf.unstack(numbers[step])
        image = (x - noise_scale * predict(x, tf.fill(tf.shape(x)[:1], times[step]))) / signal_scale
        if clip:
            image = tf.clip_by_value(image, -1.0, 1.0)
        drawn = tf.random.stateless_normal(
            tf.shape(x), tf.random.experimental.stateless_fold_in(seed, step + 1)
        )
        x = tf.ensure_shape(clean * image + current * x + noise * drawn, start.shape)
        return step + 1, x, remember(step + 1, x, kept)

    _, x, kept = tf.while_loop(
        lambda step, *_: step < tf.shape(times)[0],
        body,
        (tf.constant(0), start, remember(tf.constant(0), start, kept)),
    )
    return (x, kept.stack()) if keep else x


def _pairs(levels, num_steps):
    """Return the times of a sampler, from the noisiest, with the levels at and after each."""
    num_trained = len(levels)
    num_steps = num_trained if num_steps is None else num_steps
    if not 1 <= num_steps <= num_trained:
        raise RecipeError(
            "`num_steps` of a sampler must be at least 1 and at most the steps that were trained, "
            f"{num_trained}. Received: {num_steps=}."
        )
    # Evenly spaced, the last one always among them.
    times = np.round(np.linspace(num_trained / num_steps, num_trained, num_steps)).astype(int)[::-1]
    levels = np.concatenate([[1.0], np.asarray(levels, "float64")])
    return times - 1, levels[times], levels[np.append(times[1:], 0)]
