"""A variant of a recipe, written as code and read again."""

import dataclasses
import math
from functools import partial

import keras
import numpy as np
import pytest

from kerasrecipes.recipes import catalog
from kerasrecipes.recipes.data.augment import crop, flip
from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.recipe import replace
from kerasrecipes.recipes.regularization import Regularization
from kerasrecipes.recipes.schedules import cosine, one_cycle, warmup
from kerasrecipes.tuning.recipe_code import recipe_code
from kerasrecipes.tuning.spaces.arguments import same


def read_again(text, folder, name="winner.py"):
    (folder / name).write_text(text, "utf-8")
    return catalog.get(str(folder / name))


def expect_equal(one, other):
    assert one.describe() == other.describe()
    for field in dataclasses.fields(one):
        assert same(getattr(one, field.name), getattr(other, field.name)), field.name


def written(recipe, origin="resnet20_glyphs"):
    return recipe_code(catalog.get(origin), recipe, origin=origin, name="tuned")


def test_it_reads_like_what_a_person_would_write():
    base = catalog.get("resnet20_glyphs")
    changes = {"build.depth": 14, "regularization.weight_decay": 1e-4, "optimizer.momentum": 0.95}
    recipe = replace(
        base, learning_rate=0.1 + 0.2, schedule=partial(one_cycle, rising=0.4), **changes
    )
    assert (
        written(recipe)
        == """\
from functools import partial

from kerasrecipes.recipes import get, replace
from kerasrecipes.recipes.schedules import one_cycle

RECIPE = replace(
    get("resnet20_glyphs"),
    name="tuned",
    learning_rate=0.30000000000000004,
    schedule=partial(one_cycle, rising=0.4),
    **{
        "build.depth": 14,
        "optimizer.momentum": 0.95,
        "regularization.weight_decay": 0.0001,
    },
)
"""
    )


def test_whatever_a_recipe_may_hold_is_written(tmp_path):
    recipe = replace(
        catalog.get("resnet20_glyphs"),
        summary='It\'s "here" \\ there.',
        optimizer=partial(keras.optimizers.AdamW, clipvalue=math.inf),
        learning_rate=float(np.float64(1) / 3),
        schedule=partial(warmup, warmup_epochs=0.5, schedule=partial(cosine, final_fraction=0.1)),
        augment=(crop(padding=3), flip()),
        normalize=None,
        callbacks=(partial(keras.callbacks.EarlyStopping, monitor="val_loss", mode="min"),),
        regularization=Regularization(l2=1e-5, max_norm=2.0),
        ranges=(),
        hold_out=False,
    )
    again = read_again(written(recipe), tmp_path)
    expect_equal(again, replace(recipe, name="tuned"))
    assert again.learning_rate == 1 / 3 and again.optimizer.keywords["clipvalue"] == math.inf


def test_an_argument_that_is_no_longer_given_writes_the_whole_field(tmp_path):
    recipe = replace(catalog.get("resnet20_glyphs"), optimizer=keras.optimizers.SGD)
    text = written(recipe)
    assert "optimizer=keras.optimizers.SGD," in text and "import keras\n" in text
    assert read_again(text, tmp_path).optimizer is keras.optimizers.SGD


def test_a_script_is_an_origin_too(tmp_path):
    base = catalog.get("mlp_digits")
    script = tmp_path / "mine.py"
    recipe = replace(base, name="mine", epochs=3)
    script.write_text(recipe_code(base, recipe, origin="mlp_digits", name="mine"), "utf-8")
    mine = catalog.get(str(script))
    text = recipe_code(mine, replace(mine, batch_size=8), origin=str(script), name="mine_tuned")
    assert "epochs" not in text and "batch_size=8" in text
    expect_equal(read_again(text, tmp_path), replace(mine, batch_size=8, name="mine_tuned"))


def local(learning_rate, steps_per_epoch, epochs):
    return learning_rate


@pytest.mark.parametrize("value", [lambda *_: 0.1, partial(cosine, final_fraction=lambda: 0)])
def test_what_has_no_name_is_told(value):
    recipe = replace(catalog.get("resnet20_glyphs"), schedule=value)
    with pytest.raises(RecipeError, match=r"`schedule.*` of recipe 'resnet20_glyphs' must"):
        written(recipe)


def test_what_no_module_holds_is_told(monkeypatch):
    monkeypatch.setattr(local, "__module__", "recipe_script_gone")
    with pytest.raises(RecipeError, match="Put it into a module, and import it"):
        written(replace(catalog.get("resnet20_glyphs"), schedule=local))
