"""When a finding is one: the numbers that the rules of `findings` compare with."""

import dataclasses
import math


@dataclasses.dataclass(frozen=True)
class Thresholds:
    """When a rule speaks. The reason stands beside each number.

    Attributes:
        patience: int >= 1, epochs that must agree before a curve is judged by them.
        flat: float > 0, the share of the loss by which it must fall within `patience` epochs in
            order not to have levelled off.
        unlearnt: float in (0, 1), the share of the first loss above which a loss that has levelled
            off is underfitting and below which it is a plateau.
        done: float in [0, 1), the share of the first loss below which nothing need be said.
        rise: float >= 0, the share by which the validation loss must have risen for overfitting.
        easier: float in [0, 1), the share by which the validation loss must lie below the
            training's.
        gradient_ratio: float > 1, how many times smaller (larger) than the gradients of the last
            layer those of a layer are that vanish (explode).
        dead: float in (0, 1), the share of a layer's rectifiers that must be silent.

    Raises:
        ValueError: one of them is out of its range.
    """

    patience: int = 3  # one epoch is noise, two may be
    flat: float = 0.01  # the third digit of a loss is what nobody trains for
    unlearnt: float = 0.5  # half of ln 10 is still a probability of a third for the right class
    done: float = 0.01  # of ln 10: a probability of 98 % for the right class
    rise: float = 0.05  # validation losses of one epoch and the next differ by some per cent
    easier: float = 0.1  # twice that, since dropout at usual rates makes a difference of its own
    gradient_ratio: float = 1e3  # five sigmoids one above another, whose slopes are at most 1/4
    dead: float = 0.5  # some units are silent in every healthy network; half a layer is not

    def __post_init__(self):
        ranges = {
            "patience": (1, math.inf, "at least 1"),
            "flat": (1e-12, math.inf, "above 0"),
            "unlearnt": (1e-12, 1, "between 0 and 1"),
            "done": (0, 1, "between 0 and 1"),
            "rise": (0, math.inf, "at least 0"),
            "easier": (0, 1, "between 0 and 1"),
            "gradient_ratio": (1 + 1e-12, math.inf, "above 1"),
            "dead": (1e-12, 1, "between 0 and 1"),
        }
        for name, (low, high, words) in ranges.items():
            value = getattr(self, name)
            if not low <= value < high:
                raise ValueError(
                    f"`{name}` of Thresholds must be {words}. Received: {name}={value!r}."
                )
