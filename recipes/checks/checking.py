"""What a good assistant looks at before a run: `check`."""

from ..rehearsals import random_state
from ..rehearsals.subjects import subject_of
from .examination import examine


def check(
    recipe=None,
    *,
    model=None,
    data=None,
    test=None,
    quick=False,
    seed=0,
    batch_size=None,
    epochs=None,
    data_dir=None,
    **overrides,
):
    """Look at a recipe, or at anybody's compiled model and data, before it is trained.

    Either a recipe, or a model with its data. A model is left as it was to the bit, with its
    optimizer, and so are the random states of the process. It takes about a minute.

        recipes.check("lenet5_digits")
        recipes.check(model=model, data=(x, y), test=(x_test, y_test))
        recipes.check(model=model, data=batches)  # a tf.data.Dataset of one epoch

    Args:
        recipe: str, a name of the catalogue or the path of a recipe script; or a `Recipe`.
        model: built and compiled `keras.Model`, as it is before training.
        data: with `model`: `(x, y)` or `(x, y, sample_weight)`, arrays or structures of arrays
            `(examples, ...)`; or a finite `tf.data.Dataset` of such batches. With a recipe: the
            name of another data set.
        test: with `model`: the same of the test examples, to look for them in training. Defaults
            to None.
        quick: bool, whether to leave the trainings out, which takes seconds. Defaults to False.
        seed: int >= 0, decides the initial weights of a recipe. Defaults to 0.
        batch_size: int >= 1, examples a step: another number for a recipe; 32 for arrays beside a
            model, and a data set has its own. Defaults to None.
        epochs: int >= 1, passes of the run that is planned: another number for a recipe; 1 for a
            model. Defaults to None.
        data_dir: str or path where data sets are kept; None is tensorflow-datasets's own folder.
        **overrides: fields of the recipe to replace, such as `learning_rate=0.1`.

    Returns:
        List of `Finding`, each with `check`, `verdict`, `found` and `advice`.

    Raises:
        RecipeError: neither a recipe nor a model is given, or what is given does not fit together.
    """
    with random_state.kept():
        subject = subject_of(
            recipe,
            model=model,
            given=data,
            test=test,
            seed=seed,
            batch_size=batch_size,
            epochs=epochs,
            data_dir=data_dir,
            overrides=overrides,
            caller="check",
        )
        return examine(subject, quick=quick)
