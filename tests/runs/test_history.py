import math
from functools import partial

from kerasrecipes import recipes
from kerasrecipes.callbacks import MCDropout
from kerasrecipes.recipes.runs.history import read_csv


def test_what_is_measured_every_few_epochs_keeps_its_place(tmp_path, data_dir):
    splits = recipes.data.load("digits", data_dir=data_dir)
    x, y = splits.validation.inputs, splits.validation.targets
    result = recipes.train(
        recipes.replace(
            recipes.get("mlp_digits"),
            epochs=5,
            callbacks=(partial(MCDropout, (x, y), every=2, num_passes=3),),
        ),
        runs=tmp_path,
        saved_models=None,
        data_dir=data_dir,
        progress=False,
    )
    measured = [math.isfinite(value) for value in result.history["val_mc_nll"]]
    assert measured == [False, True, False, True, False]
    assert {len(values) for values in result.history.values()} == {5}
    again = read_csv(result.run / "history.csv")
    assert list(map(str, again["val_mc_nll"])) == list(map(str, result.history["val_mc_nll"]))
    assert (result.run / "report.html").is_file()
