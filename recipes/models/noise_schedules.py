"""How much noise each step of a diffusion adds: pure functions giving the betas of all steps.

A schedule is an array `betas` of float64: step t of T keeps the share `1 - betas[t]` of the
variance of what was there. `signal_levels` gives what is left of the image after each step.
"""

from __future__ import annotations

import numpy as np

from ..errors import RecipeError

# No step of the cosine schedule takes more: Nichol and Dhariwal 2021, section 3.2.
_LARGEST_BETA = 0.999


def linear(num_steps=1000, *, first=1e-4, last=0.02):
    """Return betas that grow linearly: Ho et al. 2020, https://arxiv.org/abs/2006.11239, section 4.

    Args:
        num_steps: int >= 2. Defaults to 1000.
        first: float in (0, 1), beta of the first step. Defaults to 1e-4.
        last: float in (0, 1), beta of the last step. Defaults to 0.02.

    Returns:
        Array `(num_steps,)` of float64.

    Raises:
        RecipeError: an argument is out of its range.

    >>> [float(beta) for beta in linear(3, first=0.1, last=0.3)]
    [0.1, 0.2, 0.3]
    """
    _check_steps("linear", num_steps)
    for name, value in (("first", first), ("last", last)):
        _check_inside("linear", name, value)
    return np.linspace(first, last, num_steps)


def cosine(num_steps=1000, *, offset=0.008):
    """Return betas whose signal falls like a squared cosine, slowly at both ends.

    Nichol and Dhariwal 2021, "Improved denoising diffusion probabilistic models",
    https://arxiv.org/abs/2102.09672, equation 17: `f(t) = cos^2((t / T + s) / (1 + s) pi / 2)`,
    the signal level is `f(t) / f(0)`, and beta is at most 0.999.

    Args:
        num_steps: int >= 2. Defaults to 1000.
        offset: float in (0, 1), the paper's s, which keeps the first betas from vanishing.
            Defaults to 0.008.

    Returns:
        Array `(num_steps,)` of float64.

    Raises:
        RecipeError: an argument is out of its range.
    """
    _check_steps("cosine", num_steps)
    _check_inside("cosine", "offset", offset)
    time = np.arange(num_steps + 1) / num_steps
    signal = np.cos((time + offset) / (1 + offset) * np.pi / 2) ** 2
    return np.minimum(1 - signal[1:] / signal[:-1], _LARGEST_BETA)


def signal_levels(betas):
    """Return the paper's alpha-bar: the share of an image's variance after each step.

    Args:
        betas: array `(num_steps,)`, each in (0, 1).

    Returns:
        Array `(num_steps,)` of float64, falling.

    Raises:
        RecipeError: a beta is not in (0, 1), or there is none.

    >>> [round(float(level), 3) for level in signal_levels([0.1, 0.2])]
    [0.9, 0.72]
    """
    betas = np.asarray(betas, "float64")
    inside = (betas > 0) & (betas < 1)
    if betas.ndim != 1 or not len(betas) or not inside.all():
        wrong = betas[~inside].ravel()[:1].tolist() or [f"an array of shape {betas.shape}"]
        raise RecipeError(
            "Every beta of a noise schedule must lie inside (0, 1), one a step. Received: "
            f"{wrong[0]}."
        )
    return np.cumprod(1 - betas)


SCHEDULES = {"linear": linear, "cosine": cosine}


def _check_steps(function, num_steps):
    whole = isinstance(num_steps, int) and not isinstance(num_steps, bool)
    if not whole or num_steps < 2:
        raise RecipeError(
            f"`num_steps` of noise_schedules.{function} must be a whole number of at least 2. "
            f"Received: {num_steps=}."
        )


def _check_inside(function, name, value):
    if not 0 < value < 1:
        raise RecipeError(
            f"`{name}` of noise_schedules.{function} must lie inside (0, 1). "
            f"Received: {name}={value!r}."
        )
