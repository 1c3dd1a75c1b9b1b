"""From what a caller names, a recipe or a model with its data, to the subject that is looked at."""

from .. import catalog, distribute
from ..errors import RecipeError, check_seed
from ..preparing import prepare
from ..recipe import replace
from ..recipe_data import splits_of
from .subject import of_model, of_run


def subject_of(
    recipe, *, model, given, test, seed, batch_size, epochs, data_dir, overrides, caller
):
    """Return the `Subject` of a recipe, or of a model and its data.

    Args:
        recipe: str or `Recipe`, or None.
        model: compiled `keras.Model`, or None; one of the two.
        given: data of the model, or the name of another data set for the recipe, or None.
        test: test examples of the model, or None.
        seed: int >= 0.
        batch_size: int, or None for the recipe's own.
        epochs: int, or None for the recipe's own.
        data_dir: folder of the data sets, or None.
        overrides: dict of fields of the recipe.
        caller: str, the function that is called, for its errors.

    Raises:
        RecipeError: both or neither are given, or what is given does not fit together.
    """
    if (recipe is None) == (model is None):
        received = "neither" if recipe is None else "both"
        raise RecipeError(
            f"`{caller}` must be given a recipe, or `model=` and `data=`. Received: {received}."
        )
    numbers = {"batch_size": batch_size, "epochs": epochs}
    numbers = {name: value for name, value in numbers.items() if value is not None}
    if model is not None:
        if overrides or given is None:
            received = f"{', '.join(overrides)} beside a model" if overrides else "no data"
            raise RecipeError(
                f"`{caller}` must be given `data=` with a model, and no field of a recipe. "
                f"Received: {received}."
            )
        return of_model(model, given, test=test, **numbers)
    if test is not None or not isinstance(given, (str, type(None))):
        raise RecipeError(
            f"`{caller}` of a recipe must be given the name of a data set, if any. Received: "
            f"{'test=' if test is not None else 'data='} of examples. Give them with `model=`."
        )
    check_seed(seed)
    if given is not None:
        numbers["data"] = given
    chosen = replace(catalog.get(recipe), **numbers, **overrides)
    splits = splits_of(chosen, data_dir)
    prepared = prepare(chosen, splits, distribute.strategy("none"), seed)
    return of_run(chosen, splits, prepared, seed)
