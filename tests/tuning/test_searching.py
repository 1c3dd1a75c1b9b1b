"""A search from a recipe's name to a better recipe, and everything that may come between."""

import json
from pathlib import Path

import pytest

from kerasrecipes import recipes, tuning
from kerasrecipes.recipes import RecipeError, replace
from kerasrecipes.recipes.errors import UnknownField
from kerasrecipes.tuning import searching, trials
from kerasrecipes.tuning.search_folder import COMPLETED, FAILED, PRUNED, SearchFolder

# A second a trial.
SMALL = {"epochs": 2, "batch_size": 64}


def space(hp, base):
    """Rates from what learns nothing to what goes over everything."""
    rate = hp.Float("learning_rate", 1e-4, 1e-1, sampling="log", default=base.learning_rate)
    decay = hp.Choice("regularization.weight_decay", [0.0, 0.01])
    return replace(base, **{"learning_rate": rate, "regularization.weight_decay": decay})


def search(data_dir, **arguments):
    arguments = {
        "recipe": "softmax_digits",
        "space": space,
        "data_dir": data_dir,
        "progress": False,
        "retrain": False,
        "budget": 4,
        **SMALL,
        **arguments,
    }
    return tuning.search(**arguments)


def of(trials_):
    """What must not change with a break: everything but the clock."""
    return [(t.number, t.values, t.status, t.objective, t.objectives, t.history) for t in trials_]


@pytest.mark.parametrize("method", ["random", "hyperband"])
def test_a_search_that_goes_on_is_the_search_without_a_break(method, data_dir, monkeypatch):
    arguments = {"method": method, "budget": 6, "epochs": 3}
    whole = search(data_dir, **arguments)
    written = SearchFolder.write
    count = iter(range(100))

    def breaks(folder, trial):
        number = next(count)
        if number == 2:
            raise KeyboardInterrupt  # the third is trained and not written down
        written(folder, trial)
        if number == 4:
            raise KeyboardInterrupt  # a later one is, and the oracle does not know

    monkeypatch.setattr(SearchFolder, "write", breaks)
    with pytest.raises(KeyboardInterrupt, match="go on with `kerasrecipes tune --resume") as caught:
        search(data_dir, searches="broken", **arguments)
    (folder,) = Path("broken").glob("*/*")
    assert str(folder) in str(caught.value)
    assert SearchFolder.open(folder).record["status"] == "interrupted"
    with pytest.raises(KeyboardInterrupt):
        tuning.resume(folder, space=space, retrain=False, progress=False)
    found = tuning.resume(folder, space=space, retrain=False, progress=False)
    assert of(found.trials) == of(whole.trials)
    assert found.best.number == whole.best.number
    assert SearchFolder.open(folder).record["status"] == "finished"
    assert not (folder / "trainings").exists()


def test_what_is_written_down(data_dir):
    found = search(data_dir)
    record = json.loads((found.folder / "search.json").read_text())
    assert record["objective"] == "accuracy"
    assert record["direction"] == "max"
    assert record["overrides"] == SMALL
    assert set(record["hyperparameters"]) == {"learning_rate", "regularization.weight_decay"}
    assert [trial.number for trial in found.trials] == [1, 2, 3, 4]
    first = found.trials[0]
    assert first.values["learning_rate"] == recipes.get("softmax_digits").learning_rate
    for trial in found.trials:
        assert trial.status in (COMPLETED, PRUNED)
        assert len(trial.history["val_accuracy"]) == trial.epochs <= 2
        # The objective is of the weights at the end, and so is the last log.
        assert trial.objective == pytest.approx(trial.history["val_accuracy"][-1], abs=1e-6)
    assert found.best.objective == max(trial.objective for trial in found.trials)
    assert found.recipe.learning_rate == found.best.values["learning_rate"]


def test_the_data_are_loaded_once_and_the_test_split_is_not_touched(data_dir, monkeypatch):
    loaded = []
    load = searching.splits_of

    def counted(recipe, folder):
        splits = load(recipe, folder)
        loaded.append(splits)
        monkeypatch.setattr(
            type(splits.test), "ordered", guarded(type(splits.test).ordered, splits.test)
        )
        return splits

    def guarded(ordered, test):
        def call(split, batch_size):
            assert split is not test, "the test split was read"
            return ordered(split, batch_size)

        return call

    monkeypatch.setattr(searching, "splits_of", counted)
    search(data_dir, budget=3)
    assert len(loaded) == 1


def test_a_rate_that_breaks_training_is_a_recorded_fact(data_dir):
    def broken(hp, base):
        return replace(base, learning_rate=hp.Choice("learning_rate", [1e-3, 1e30, 1e38]))

    found = search(data_dir, space=broken, method="grid", recipe="mlp_diabetes", batch_size=32)
    statuses = {trial.values["learning_rate"]: trial.status for trial in found.trials}
    assert statuses[1e-3] == COMPLETED
    assert statuses[1e38] == FAILED
    failed = next(trial for trial in found.trials if trial.status == FAILED)
    assert "must stay finite" in failed.reason
    assert failed.objective is None
    assert found.best.values["learning_rate"] == 1e-3


def test_a_search_in_which_everything_fails_says_why(data_dir):
    def hopeless(hp, base):
        return replace(base, batch_size=hp.Choice("batch_size", [100_000, 200_000]))

    with pytest.raises(RecipeError, match="2 that failed, the last one so: `batch_size` must be"):
        search(data_dir, space=hopeless, method="grid")


def test_a_budget_too_small_for_one_trial_goes_on_with_more(data_dir):
    budget = tuning.Budget(seconds=0.01)
    with pytest.raises(RecipeError, match=r"seconds=0\.01, in which none came to its end\. Go on"):
        search(data_dir, budget=budget)
    (folder,) = Path("searches").glob("*/*")
    found = tuning.resume(
        folder, budget=tuning.Budget(trials=2, seconds=300), space=space, retrain=False,
        progress=False,
    )  # fmt: skip
    assert len(found.trials) == 2


def test_seeds_and_folds_are_repetitions(data_dir):
    found = search(data_dir, budget=1, num_seeds=2, folds=2)
    (trial,) = found.trials
    assert len(trial.objectives) == 4
    assert trial.objective == pytest.approx(sum(trial.objectives) / 4)
    assert len(set(trial.objectives)) > 1


def test_the_winner_is_a_recipe_and_a_run(data_dir):
    found = search(data_dir, budget=3, retrain=True, saved_models="exports")
    script = found.folder / "winner.py"
    assert recipes.get(str(script)).describe() == found.recipe.describe()
    assert found.recipe.name == "softmax_digits_tuned"
    result = found.result
    # Trained on everything but the test split.
    splits = recipes.data.load("digits", data_dir=data_dir)
    both = splits.train.num_examples + splits.validation.num_examples
    assert result.splits.train.num_examples == both
    assert "val_loss" not in result.history
    assert result.saved_model.is_dir()
    assert recipes.evaluate(result.run) == pytest.approx(result.figures)
    record = SearchFolder.open(found.folder).record
    assert record["winner"]["trial"] == found.best.number
    assert record["winner"]["figures"] == result.figures
    assert record["winner"]["base_figures"]["accuracy"] > 0.9


def test_a_trial_can_be_trained_by_several_replicas(data_dir):
    one, two = (search(data_dir, budget=1, strategy=name).best for name in ("none", "mirrored"))
    assert two.status == COMPLETED
    # The same global batch and rate, summed in another order.
    assert two.history["loss"] == pytest.approx(one.history["loss"], rel=1e-4)


SCRIPT = """
import keras
from kerasrecipes.recipes import get, replace

def optimizer(learning_rate):
    return keras.optimizers.Adam(learning_rate)

MINE = replace(get("softmax_digits"), name="mine", optimizer=optimizer)
"""


def test_a_script_with_functions_of_its_own_is_tuned_like_any_other(data_dir):
    Path("mine.py").write_text(SCRIPT)
    found = search(data_dir, recipe="mine.py", budget=2)
    winner = recipes.get(str(found.folder / "winner.py"))
    assert winner.name == "mine_tuned"
    assert winner.optimizer.__name__ == "optimizer"


def test_a_loss_of_the_validation_can_be_the_objective(data_dir):
    found = search(data_dir, objective="val_loss", budget=2)
    assert found.best.objective == min(trial.objective for trial in found.trials)
    for trial in found.trials:
        assert trial.objective == pytest.approx(trial.history["val_loss"][-1], rel=1e-5)


def test_hopeless_trials_are_stopped(data_dir, monkeypatch):
    # The others, five of them, knew everything from the start.
    monkeypatch.setattr(
        trials.TrialRunner, "_histories", lambda self: [[1.0] * self.base.epochs] * 5
    )
    found = search(data_dir, epochs=8, budget=2)
    assert {trial.status for trial in found.trials} == {PRUNED}
    assert {trial.epochs for trial in found.trials} == {2}
    assert found.best.reason.startswith("hopeless")


@pytest.fixture(scope="module")
def finished(tmp_path_factory, data_dir):
    """A search that has ended, and nobody changes."""
    root = tmp_path_factory.mktemp("finished")
    return search(data_dir, searches=root, budget=1).folder


def test_a_search_in_use_is_left_alone(finished):
    refused = pytest.raises(RecipeError, match="is being written by another process")
    with SearchFolder.open(finished).locked(), refused:
        tuning.resume(finished, space=space)


def test_a_space_that_has_changed_is_refused_with_what_changed(finished):
    def other(hp, base):
        hp.Float("momentum", 0.1, 0.9)
        return replace(base, learning_rate=hp.Float("learning_rate", 1e-4, 1.0, sampling="log"))

    with pytest.raises(RecipeError) as caught:
        tuning.resume(finished, space=other)
    assert (
        "without regularization.weight_decay; with momentum; learning_rate from 0.0001 to 1, "
        "which was from 0.0001 to 0.1."
    ) in str(caught.value)
    with pytest.raises(RecipeError, match=r"tuning.resume\(folder, space=...\)"):
        tuning.resume(finished)


def test_a_folder_that_is_no_search(tmp_path):
    with pytest.raises(RecipeError, match="must be the folder of a search, which holds a search"):
        tuning.resume(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"method": "bayes"}, "Did you mean 'bayesian'?"),
        ({"objective": "acuracy"}, "Did you mean 'accuracy' or 'val_accuracy'?"),
        ({"objective": "val_acuracy"}, "must say which way it gets better"),
        ({"budget": 0}, "`trials` of budget must be at least 1"),
        ({"budget": -3}, "at least 1"),
        ({"num_seeds": 0}, "at least 1"),
        ({"folds": 1}, "at least 2"),
        ({"workers": 2}, "`workers` of search must be 1 for a space"),
        ({"space": lambda hp, base: base}, "must have a hyperparameter"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(arguments, words, data_dir, tmp_path):
    with pytest.raises(RecipeError) as caught:
        search(data_dir, **arguments)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "searches").exists()


def test_a_misspelt_field_is_a_type_error(data_dir):
    with pytest.raises(UnknownField, match="Did you mean 'batch_size'"):
        search(data_dir, bach_size=3)
