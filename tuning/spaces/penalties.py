"""What against overfitting a search may vary: penalties, soft targets and dropout."""

import math

from ...recipes.ranges import Between, OneOf
from .arguments import MISSING, arguments_of
from .rates import short


def regularization(recipe):
    """Return the ranges of weight decay and, for classes, of label smoothing and of mixup.

    An architecture that has a penalty of its own keeps it, within a factor of 30. The others get
    decoupled decay. A step shrinks a weight by rate times decay, and what serves is 1e-6 to 1e-4 of
    it a step: 1e-5 to 1e-3 at a rate of 0.1, as Smith 2018 has it for SGD
    (https://arxiv.org/abs/1803.09820, section 4.4), and 1e-3 to 0.1 at Adam's 0.001 (Loshchilov and
    Hutter 2019, https://arxiv.org/abs/1711.05101).

    Smoothing: 0.1 is that of Szegedy et al. 2016; mixup: 0.1 to 0.4 those of Zhang et al. 2018.
    """
    wanted = recipe.regularization
    penalty = arguments_of(recipe.build).get("weight_decay", MISSING)
    if _is_number(penalty) and penalty > 0:
        found = [Between("build.weight_decay", short(penalty / 30), short(penalty * 30), log=True)]
    else:
        exponent = -round(math.log10(recipe.learning_rate))
        decays = (0.0, *(10.0 ** (exponent - n) for n in (6, 5, 4)), wanted.weight_decay)
        found = [OneOf("regularization.weight_decay", tuple(sorted(set(decays))))]
    if getattr(recipe.task, "has_classes", False):
        smoothing = sorted({0.0, 0.05, 0.1, 0.2, wanted.label_smoothing})
        mixup = sorted({0.0, 0.1, 0.2, 0.4, wanted.mixup})
        found += [
            OneOf("regularization.label_smoothing", tuple(smoothing)),
            OneOf("regularization.mixup", tuple(mixup)),
        ]
    return tuple(found)


def dropout(recipe):
    """Return the range of the dropout that the architecture has.

    Between 0.2 and 0.6 the error is flat (Srivastava et al. 2014, section 7.3,
    https://jmlr.org/papers/v15/srivastava14a.html); from 0 on, since a small network may need none.
    """
    share = arguments_of(recipe.build).get("dropout", MISSING)
    return (Between("build.dropout", 0.0, max(0.6, share)),) if _is_number(share) else ()


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)
