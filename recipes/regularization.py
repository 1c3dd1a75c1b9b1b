"""What keeps a network from learning its examples by heart, as plain values of a recipe."""

from __future__ import annotations

import dataclasses
import math

from .errors import RecipeError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Regularization:
    """Regularisation by name, for any recipe: `--set regularization.dropout=0.5`.

    Nothing is on by default; what an architecture or a recipe brings along of its own stands beside
    it. Kernels are the weights that multiply; biases and normalisations are never held down.

    Attributes:
        l1: float >= 0, times the sum of the magnitudes of all kernels, added to the loss.
        l2: float >= 0, times the sum of the squares of all kernels, added to the loss.
        weight_decay: float >= 0, the share of every kernel, times the learning rate, that each step
            takes away. Under plain SGD it is `l2` of half its size; under Adam, whose step divides
            the gradient of a penalty by the size of the gradients, it is not (Loshchilov and Hutter
            2019, "Decoupled weight decay regularization", https://arxiv.org/abs/1711.05101).
        max_norm: float > 0, the largest norm of the weights that lead into a unit, or None
            (Srivastava et al. 2014, section 5.1).
        dropout: float in [0, 1), the share of its inputs that every dense layer but a first one
            loses in a training step (Srivastava et al. 2014, "Dropout",
            https://jmlr.org/papers/v15/srivastava14a.html).
        spatial_dropout: float in [0, 1), the share of whole maps that every convolution but a first
            one loses (Tompson et al. 2015, https://arxiv.org/abs/1411.4280, section 3.2).
        noise: float >= 0, the deviation of Gaussian noise on the input behind its normalisation.
        label_smoothing: float in [0, 1), the share of each target that is spread over all classes
            (Szegedy et al. 2016, https://arxiv.org/abs/1512.00567, section 7).
        mixup: float >= 0, alpha of the Beta distribution that pairs of examples are mixed by (Zhang
            et al. 2018, "mixup", https://arxiv.org/abs/1710.09412); 0.1 to 0.4 there.
        early_stopping: int >= 1, epochs without progress on the validation split after which the
            run ends, with the weights of its best epoch; or None.
    """

    l1: float = 0.0
    l2: float = 0.0
    weight_decay: float = 0.0
    max_norm: float | None = None
    dropout: float = 0.0
    spatial_dropout: float = 0.0
    noise: float = 0.0
    label_smoothing: float = 0.0
    mixup: float = 0.0
    early_stopping: int | None = None

    def __post_init__(self):
        for name in ("l1", "l2", "weight_decay", "noise", "mixup"):
            _expect(name, getattr(self, name), "a number of at least 0", lambda v: v >= 0)
        for name in ("dropout", "spatial_dropout", "label_smoothing"):
            _expect(name, getattr(self, name), "in [0, 1)", lambda v: 0 <= v < 1)
        if self.max_norm is not None:
            _expect("max_norm", self.max_norm, "above 0, or None", lambda v: v > 0)
        if self.early_stopping is not None:
            _expect(
                "early_stopping",
                self.early_stopping,
                "a whole number of at least 1, or None",
                lambda v: isinstance(v, int) and v >= 1,
            )

    def __repr__(self):
        """Return what is on alone: `Regularization(l2=0.0001)`."""
        fields = dataclasses.fields(self)
        on = {f.name: getattr(self, f.name) for f in fields if getattr(self, f.name) != f.default}
        return f"Regularization({', '.join(f'{name}={value!r}' for name, value in on.items())})"


def _expect(name, value, expected, holds):
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (number and math.isfinite(value) and holds(value)):
        raise RecipeError(
            f"`{name}` of a regularization must be {expected}. Received: {name}={value!r}."
        )


# What a recipe has that asks for nothing.
NOTHING = Regularization()
