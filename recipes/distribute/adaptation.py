"""What Keras's `fit` needs in order to run under several replicas, in one place.

Everything is set on the model object and not on its class: a functional model, a `Sequential` and a
subclass with two optimizers are adapted alike, and a saved model knows nothing of it. Each line can
be deleted when the thread beside it is closed.

=============================  ====================================================================
what is replaced               why
=============================  ====================================================================
`model.train_function`         by `steps.TrainingSteps`, in `training.py`: Keras's loop of several
                               steps fails under replicas (keras#19246), and averages their
                               scalar logs over an axis that they lack (keras#20585).
`model.test_function`          by `EvaluationSteps`, for the same two reasons.
`model._maybe_symbolic_build`  Keras takes the mean over the replicas of a whole batch at once and
                               fails on a pair of inputs and targets (keras#20585). What it wants
                               are shapes; here it gets those of the first replica here.
`model.predict`                (several workers) Keras divides any data set by its files, so that a
                               worker sees some examples only, and waits for all workers, of which
                               one alone may be asking (keras#20585). Here a process predicts by
                               itself, everything, in order.
`layer.call` of dropout        by `whole_draws`: the replicas drew the same for different rows.
`layer._losses`                by `added_losses`: the replicas of a process shared one list.
what optimizers do             by `updates`: accumulation, averages of weights, loss scaling.
=============================  ====================================================================

The data come from `sharing`, and losses that divide by what counts know of the other replicas by
`recipes.replicas`. Clipping is in `optimizers.clipped_after_reduction`.
"""

import keras

from .added_losses import keep_apart
from .evaluation_steps import EvaluationSteps
from .strategies import is_multiworker
from .updates import across_replicas
from .whole_draws import draw_for_all


def adapt(model, optimizers=None):
    """Adapt a compiled model to the strategy it was made under; with one replica, not at all.

    Args:
        model: compiled `keras.Model`, changed in place. Compiled anew, it must be adapted anew.
        optimizers: list of its optimizers, where it has more than `model.optimizer`. Defaults to
            None.

    Returns:
        The model.
    """
    place = model.distribute_strategy
    if place.num_replicas_in_sync == 1:
        return model
    for optimizer in [model.optimizer] if optimizers is None else optimizers:
        across_replicas(optimizer, place)
    draw_for_all(model)
    keep_apart(model)
    model.test_function = EvaluationSteps(model)
    _set(model, "_maybe_symbolic_build", _Build(model, place))
    if is_multiworker(place):
        _set(model, "predict", _Predict(model))
    return model


class _Build:
    """Makes what a model makes only once it sees data; the second time nothing is left to make."""

    def __init__(self, model, place):
        self.model = model
        self.place = place
        self.is_done = False

    def __call__(self, iterator=None, data_batch=None):
        if self.is_done:
            return
        if iterator is not None:
            for _, _, batches in iterator:
                data_batch = keras.tree.map_structure(self._of_the_first, next(batches))
                break
        with self.place.scope():
            self.model._symbolic_build(data_batch=data_batch)
        self.is_done = True

    def _of_the_first(self, value):
        return self.place.experimental_local_results(value)[0]


class _Predict:
    """Predicts in this process, without the others."""

    def __init__(self, model):
        self.model = model

    def __call__(self, *arguments, **keywords):
        model = self.model
        place, function = model._distribute_strategy, model.predict_function
        model._distribute_strategy = model.predict_function = None
        try:
            return type(model).predict(model, *arguments, **keywords)
        finally:
            model._distribute_strategy, model.predict_function = place, function


def _set(model, name, value):
    # Past Keras's own `__setattr__`, which would track it as a part of the model.
    object.__setattr__(model, name, value)
