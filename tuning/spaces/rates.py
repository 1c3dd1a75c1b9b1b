"""What of the steps a search may vary: their size, how it changes, by which rule, on how many."""

from functools import partial

import keras

from ...callbacks import ReduceLearningRateOnPlateau, SnapshotEnsemble
from ...recipes.ranges import Between, OneOf
from ...recipes.recipe import constant
from ...recipes.schedules import cosine, one_cycle
from .arguments import arguments_of, callee, label_of

# The rates at which optimizers are commonly begun with: what a rate is multiplied by where a search
# changes the optimizer is the ratio of two of them.
USUAL_RATES = {
    keras.optimizers.Adam: 1e-3,  # Kingma and Ba 2015, algorithm 1
    keras.optimizers.AdamW: 1e-3,
    keras.optimizers.Nadam: 1e-3,
    keras.optimizers.Adamax: 2e-3,  # Kingma and Ba 2015, algorithm 2
    keras.optimizers.RMSprop: 1e-3,  # Hinton 2012, lecture 6e
    keras.optimizers.Adadelta: 1.0,  # Zeiler 2012: it has no rate
}
SGD_RATE = 0.3
# A gradient is counted 1 / (1 - 0.9) times under a momentum of 0.9, so a tenth of the rate does.
MOMENTUM_RATE = 0.03

# Callbacks that set the rate themselves, or count on how it runs.
_RATE_SETTERS = (
    keras.callbacks.LearningRateScheduler,
    keras.callbacks.ReduceLROnPlateau,
    ReduceLearningRateOnPlateau,
    SnapshotEnsemble,
)
_CLIPPING = ("clipnorm", "global_clipnorm", "clipvalue")


def learning_rate(recipe):
    """Return the range of the rate, by its logarithm.

    The best rate lies within a factor of about 2 of the largest that does not diverge (Bengio 2012,
    "Practical recommendations for gradient-based training of deep architectures",
    https://arxiv.org/abs/1206.5533), and hand-set ones are mostly near it: so there is less room
    above, a factor of 10, than below, one of 30.
    """
    rate = recipe.learning_rate
    return (Between("learning_rate", short(rate / 30), short(rate * 10), log=True),)


def schedule(recipe):
    """Return the choice of schedules that need no numbers of their own; none beside a rival.

    "one_cycle" is Smith's (Smith 2018, "A disciplined approach to neural network hyper-parameters",
    https://arxiv.org/abs/1803.09820).
    """
    made = [callee(make) for make in recipe.callbacks]
    if any(isinstance(each, type) and issubclass(each, _RATE_SETTERS) for each in made):
        return ()
    choices = {label_of(recipe.schedule): recipe.schedule}
    for each in (constant, cosine, one_cycle):
        choices.setdefault(each.__name__, each)
    return (OneOf("schedule", tuple(choices.values()), tuple(choices)),)


def optimizer(recipe):
    """Return the choice of optimizers, and of the momentum where the recipe's own has one.

    Only where `usual_rate` knows the recipe's own, so that the rate can change with it. Clipping
    stays. Momentum: the values that Smith 2018, section 4.3, looks through, and one below.
    """
    own = recipe.optimizer
    found = []
    if usual_rate(own) is not None:
        choices = {_optimizer_label(own): own}
        arguments = arguments_of(own)
        kept = {name: arguments[name] for name in _CLIPPING if arguments.get(name) is not None}
        for each in (
            keras.optimizers.Adam,
            partial(keras.optimizers.SGD, momentum=0.9),
            keras.optimizers.RMSprop,
        ):
            choices.setdefault(_optimizer_label(each), partial(each, **kept) if kept else each)
        found.append(OneOf("optimizer", tuple(choices.values()), tuple(choices)))
    if callee(own) is keras.optimizers.SGD and _momentum(own):
        momenta = {0.8, 0.9, 0.95, 0.99, _momentum(own)}
        found.append(OneOf("optimizer.momentum", tuple(sorted(momenta))))
    return tuple(found)


def usual_rate(make):
    """Return the rate that an optimizer is commonly begun with, or None where it is unknown.

    Args:
        make: a class of `keras.optimizers`, or a `partial` of one.
    """
    if callee(make) is keras.optimizers.SGD:
        return MOMENTUM_RATE if _momentum(make) else SGD_RATE
    return USUAL_RATES.get(callee(make)) if isinstance(callee(make), type) else None


def batch_size(recipe):
    """Return the choice of powers of two from a quarter to twice the recipe's own.

    There is no more above, since the memory and the training split bound it, and small batches lead
    to as good a model or a better one (Masters and Luschi 2018, "Revisiting small batch training",
    https://arxiv.org/abs/1804.07612). A single example, as a graph is, is not a size to vary.
    """
    own = recipe.batch_size
    if own == 1:
        return ()
    powers = {2**n for n in range(31) if own <= 4 * 2**n and 2**n <= 2 * own}
    return (OneOf("batch_size", tuple(sorted({own, *powers}))),)


def _optimizer_label(make):
    suffix = "_momentum" if callee(make) is keras.optimizers.SGD and _momentum(make) else ""
    return label_of(make) + suffix


def _momentum(make):
    return arguments_of(make).get("momentum", 0.0)


def short(number):
    """Return a number to two digits, so that a range reads well.

    >>> short(0.1 / 30)
    0.0033
    """
    return float(f"{number:.2g}")
