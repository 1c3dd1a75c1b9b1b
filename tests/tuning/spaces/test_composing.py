"""What a caller asks of a space, and what comes of each part."""

import json
from functools import partial

import keras
import keras_tuner
import numpy as np
import pytest

from kerasrecipes.callbacks import ReduceLearningRateOnPlateau
from kerasrecipes.recipes import catalog
from kerasrecipes.recipes.data.augment import affine, crop, flip, noise
from kerasrecipes.recipes.errors import RecipeError, UnknownField
from kerasrecipes.recipes.ranges import Between, OneOf
from kerasrecipes.recipes.recipe import replace
from kerasrecipes.recipes.schedules import one_cycle
from kerasrecipes.tuning import spaces
from kerasrecipes.tuning.spaces.augmentation import stronger
from kerasrecipes.tuning.spaces.declared import declared
from kerasrecipes.tuning.spaces.rates import usual_rate

LENET = catalog.get("lenet5_digits")
RESNET = catalog.get("resnet20_glyphs")


def names(*arguments, **keywords):
    return [each.name for each in declared(*arguments, **keywords)]


def at(base, *, over=None, ranges=(), **values):
    values = {name.replace("__", "."): value for name, value in values.items()}
    return spaces.recipe_at(base, values, over=over, ranges=ranges)


# --- the parts


def test_ranges_lie_round_the_recipes_own_values():
    found = {each.name: each.range for each in declared(RESNET)}
    assert found["learning_rate"] == Between("learning_rate", 0.0033, 1.0, log=True)
    assert found["batch_size"].values == (32, 64, 128, 256)
    assert found["build.depth"].values == (8, 14, 20)  # as the recipe says
    # Its own penalty is varied, and no second one put beside it.
    assert "regularization.weight_decay" not in found
    assert found["build.weight_decay"] == Between("build.weight_decay", 3.3e-6, 3e-3, log=True)


@pytest.mark.parametrize(
    ("rate", "decays"),
    [(0.1, (0.0, 1e-5, 1e-4, 1e-3)), (0.001, (0.0, 1e-3, 1e-2, 1e-1))],
)
def test_a_step_decays_alike_at_any_rate(rate, decays):
    (found,) = declared(replace(LENET, learning_rate=rate), over="regularization.weight_decay")
    assert found.range.values == pytest.approx(decays)


def test_what_a_model_or_task_does_not_take_is_not_varied():
    assert not {"augment", "build.dropout"} & set(names(RESNET)) - {"augment"}
    segmenting = names(catalog.get("unet_shapes"))
    assert not any("mixup" in name or "label_smoothing" in name for name in segmenting)
    assert "batch_size" not in names(catalog.get("gcn_karate_club"))  # one graph
    plateau = replace(LENET, callbacks=(partial(ReduceLearningRateOnPlateau, patience=2),))
    assert "schedule" not in names(plateau)

    def own(learning_rate):
        return keras.optimizers.Adam(learning_rate)

    assert "optimizer" not in names(replace(LENET, optimizer=own))


def test_the_rate_changes_with_the_optimizer_and_clipping_stays():
    lstm = catalog.get("lstm_pydoc")
    varied = at(lstm, optimizer="sgd_momentum", learning_rate=0.002)
    assert varied.learning_rate == pytest.approx(0.06)
    optimizer = varied.optimizer(learning_rate=varied.learning_rate)
    assert isinstance(optimizer, keras.optimizers.SGD)
    assert (optimizer.momentum, optimizer.global_clipnorm) == (0.9, 1.0)
    assert usual_rate(keras.optimizers.SGD) == pytest.approx(
        usual_rate(varied.optimizer) / (1 - 0.9)
    )
    assert at(lstm, optimizer="rmsprop").learning_rate == lstm.learning_rate


def test_momentum_counts_with_the_optimizer_that_has_it_alone():
    sgd = at(RESNET, optimizer__momentum=0.99)
    assert sgd.optimizer.keywords == {"momentum": 0.99}
    hp = spaces.hyperparameters(RESNET)
    hp.values["optimizer"] = "adam"
    hp.ensure_active_values()
    assert spaces.space(hp, RESNET).optimizer is keras.optimizers.Adam
    assert "optimizer.momentum" not in spaces.values_of(hp)
    # On its own it counts always.
    assert names(RESNET, over=["optimizer.momentum"]) == ["optimizer.momentum"]
    assert declared(RESNET, over=["optimizer.momentum"])[0].only_if is None


def test_an_augmentation_is_left_out_taken_alone_or_scaled():
    base = catalog.get("unet_pet")
    (found,) = declared(base, over=["augmentation"])
    assert found.choices["none"] == () and found.choices["flip"] == (flip(),)
    assert found.choices["half flip+affine"] == (
        flip(),
        affine(rotation=7.5, zoom=0.1, shift=0.05),
    )
    assert at(base, augment="none").augment == ()


@pytest.mark.parametrize(
    ("function", "factor", "expected"),
    [
        (crop(padding=1), 0.5, crop(padding=1)),
        (crop(padding=3), 2, crop(padding=6)),
        (affine(rotation=170, zoom=0.8, shift=0.9), 2, affine(rotation=180, zoom=0.9, shift=1)),
        (noise(4.0), 0.5, noise(2.0)),
        (flip(), 2, flip()),
        (len, 2, len),
    ],
)
def test_a_stronger_augmentation_stays_within_what_it_takes(function, factor, expected):
    assert stronger(function, factor) == expected


def test_another_size_forgets_the_parameters_of_the_table():
    assert at(RESNET, build__depth=8).num_parameters is None
    assert at(RESNET, build__depth=20).num_parameters == RESNET.num_parameters
    mlp = catalog.get("mlp_digits")
    assert at(mlp, build__hidden="64-32").build.keywords == {"hidden": (64, 32)}


# --- what a caller asks


def test_over_picks_parts_and_single_hyperparameters():
    assert names(LENET, over=("learning_rate", "batch_size")) == ["learning_rate", "batch_size"]
    assert names(LENET, over="regularization") == [
        "regularization.weight_decay",
        "regularization.label_smoothing",
        "regularization.mixup",
    ]
    assert names(LENET, over=["dropout"]) == ["regularization.dropout"]
    given = (Between("build.resize_to", 16, 32),)
    assert names(LENET, over=["schedule"], ranges=given) == ["schedule", "build.resize_to"]


def test_a_range_takes_the_place_of_the_default():
    ranges = (OneOf("batch_size", (16, 32)), Between("learning_rate", 1, 3))
    found = {each.name: each for each in declared(LENET, ranges=ranges)}
    assert list(found)[:2] == ["learning_rate", "schedule"]
    assert found["batch_size"].range.values == (16, 32)
    # Ends that are whole do not make a rate a whole number; the own value is the nearest end.
    assert found["learning_rate"].range == Between("learning_rate", 1.0, 3.0)
    assert found["learning_rate"].default == 1.0
    hp = spaces.hyperparameters(LENET, ranges=ranges)
    assert isinstance(hp.get("learning_rate"), float) and hp.get("batch_size") == 32


def test_factories_are_chosen_by_label():
    ranges = (OneOf("schedule", ("constant", "one_cycle")),)
    hp = spaces.hyperparameters(LENET, over=(), ranges=ranges)
    assert spaces.values_of(hp) == {"schedule": "constant"}  # the own one is not among them
    assert at(LENET, ranges=ranges, schedule="one_cycle").schedule is one_cycle


def test_none_truths_and_tuples_come_back_from_their_labels():
    ranges = (
        OneOf("regularization.max_norm", (None, 2.0, 4)),
        OneOf("optimizer.amsgrad", (False, True)),
        OneOf("regularization.noise", (0, 0.1)),
    )
    hp = spaces.hyperparameters(LENET, ranges=ranges)
    assert hp.get("regularization.max_norm") == "None" and hp.get("optimizer.amsgrad") is False
    varied = at(
        LENET,
        ranges=ranges,
        regularization__max_norm="4",
        optimizer__amsgrad=True,
        regularization__noise=0.1,
    )
    assert (varied.regularization.max_norm, varied.optimizer.keywords) == (4, {"amsgrad": True})
    assert varied.regularization.noise == 0.1


def test_values_are_what_json_knows_and_a_point_is_found_again():
    hp = spaces.hyperparameters(LENET)
    hp.values["learning_rate"] = np.float64(0.01)
    values = spaces.values_of(hp)
    assert type(values["learning_rate"]) is float
    assert spaces.recipe_at(LENET, values).learning_rate == 0.01


def test_an_end_is_met_in_spite_of_rounding():
    ranges = (Between("build.resize_to", 16, 32, log=True),)
    beyond = {"learning_rate": 0.02 * (1 + 1e-15), "build.resize_to": 33}
    varied = spaces.recipe_at(LENET, beyond, ranges=ranges)
    assert varied.learning_rate == 0.02 and varied.build.keywords == {"resize_to": 32}


def test_a_space_survives_the_way_to_another_process():
    hp = spaces.hyperparameters(RESNET)
    again = keras_tuner.HyperParameters.from_proto(hp.to_proto())
    assert spaces.space(again, RESNET) is RESNET
    assert {each.name: each.get_config() for each in again.space} == {
        each.name: each.get_config() for each in hp.space
    }


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of KerasTuner's own threads
@pytest.mark.parametrize(
    "kind",
    [
        keras_tuner.oracles.RandomSearchOracle,
        keras_tuner.oracles.GridSearchOracle,
        keras_tuner.oracles.BayesianOptimizationOracle,
        keras_tuner.oracles.HyperbandOracle,
    ],
)
def test_kerastuners_oracles_search_it(kind, tmp_path):
    oracle = kind(
        objective=keras_tuner.Objective("score", "max"),
        hyperparameters=spaces.hyperparameters(RESNET),
        seed=0,
        **({} if kind is keras_tuner.oracles.HyperbandOracle else {"max_trials": 8}),
    )
    oracle._set_project_dir(str(tmp_path), "search")
    found = []
    for number in range(8):
        trial = oracle.create_trial("tuner0")
        found.append(spaces.space(trial.hyperparameters, RESNET))
        trial.status = "COMPLETED"
        oracle.update_trial(trial.trial_id, {"score": float(number % 3)})
        oracle.end_trial(trial)
        recorded = json.loads(json.dumps(spaces.values_of(trial.hyperparameters)))
        assert spaces.recipe_at(RESNET, recorded).describe() == found[-1].describe()
    assert len({str(recipe.describe()) for recipe in found}) == 8
    if kind is keras_tuner.oracles.GridSearchOracle:
        assert found[0] is RESNET


# --- errors


@pytest.mark.parametrize(
    ("over", "ranges", "sentence"),
    [
        (
            ["lerning_rate"],
            (),
            r"`over` must name parts .*Did you mean 'learning_rate'",
        ),
        (
            ["epochs"],
            (),
            r"`over` must name .*'epochs'\. Give it a range to add it",
        ),
        ([], (), r"must have something to vary\. Received: over=\[\]"),
        (
            None,
            (OneOf("batchsize", (1, 2)),),
            r"`batchsize` is not a field .*'batch_size'",
        ),
        (None, (OneOf("build.deth", (8, 14)),), r"`deth` is not an argument .*resnet_cifar.build"),
        (None, (OneOf("batch_size.x", (8, 14)),), r"`batch_size` has no arguments"),
        (
            None,
            (OneOf("data", ("digits", "glyphs")),),
            r"which `data` is not: .* a range of 'data'",
        ),
        (None, (OneOf("expected.value", (0.1, 0.2)),), r"which `expected` is not"),
        (
            None,
            (OneOf("build.num_classes", (2, 3)),),
            r"`num_classes` of its `build` is given when",
        ),
        (None, (OneOf("optimizer.learning_rate", (0.1, 0.2)),), r"'optimizer.learning_rate'"),
        (
            None,
            (Between("learning_rate", -1.0, 1.0),),
            r"`learning_rate` .* must be a number above",
        ),
        (None, (Between("batch_size", 8.0, 64.0),), r"`batch_size` .* must be a whole number"),
        (None, (OneOf("schedule", ("cosin", "noam")),), r"from cosine, constant, one_cycle"),
        (None, (OneOf("schedule", ("cosin", "noam")),), r"'cosin'\. Did you mean 'cosine'"),
        (None, (OneOf("normalize", ("a", "b")),), r"`normalize` must be chosen from factories"),
        (
            None,
            (Between("batch_size", 8, 64), OneOf("batch_size", (8, 64))),
            r"one range for each name\. Received: two of 'batch_size'",
        ),
        (None, (OneOf("augment", ((), ()), ("a", "a")),), r"must differ in how they are called"),
        (
            ["optimizer.momentum"],
            (OneOf("optimizer", ("adam", "rmsprop")),),
            r"`optimizer.momentum` must be varied with the recipe's own `optimizer`",
        ),
    ],
)
def test_a_mistake_is_told_in_a_sentence(over, ranges, sentence):
    with pytest.raises(RecipeError, match=sentence):
        spaces.hyperparameters(RESNET, over=over, ranges=ranges)


def test_an_unknown_field_is_a_type_error_too():
    with pytest.raises(UnknownField):
        spaces.hyperparameters(RESNET, ranges=(Between("momentum", 0.1, 0.9),))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"schedule": "noam"}, r"`schedule` must be one of 'cosine', 'constant', .*'noam'"),
        ({"learning_rat": 0.1}, r"must be of .*'learning_rat'\. Did you mean 'learning_rate'"),
        ({"learning_rate": 40.0}, r"`learning_rate` must lie between 0.0033 and 1\.0"),
    ],
)
def test_a_point_outside_the_space_is_told(values, sentence):
    with pytest.raises(RecipeError, match=sentence):
        spaces.recipe_at(RESNET, values)
