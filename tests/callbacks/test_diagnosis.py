import io

import keras
import numpy as np
import pytest

from kerasrecipes.callbacks import Diagnosis, Thresholds

OVERFITTED = {
    "loss": [1.0, 0.7, 0.5, 0.4, 0.3, 0.2],
    "val_loss": [1.0, 0.8, 0.7, 0.75, 0.8, 0.9],
}


def fit(model, data, *callbacks, epochs=6, **arguments):
    model.fit(*data, epochs=epochs, callbacks=list(callbacks), verbose=0, **arguments)


def test_a_finding_is_printed_once_and_kept_with_its_epoch(make_model, data, scripted):
    stream = io.StringIO()
    diagnosis = Diagnosis(stream=stream)
    fit(make_model(), data, scripted(**OVERFITTED), diagnosis)
    ((epoch, words),) = [f for f in diagnosis.findings if f[1].startswith("Overfitting")]
    assert epoch == 6
    assert words.startswith("Overfitting since epoch 3: ")
    assert stream.getvalue().count("Overfitting") == 1
    assert f"epoch 6: {words}\n" in stream.getvalue()


def test_it_writes_to_the_error_stream_by_itself(make_model, data, scripted, capsys):
    fit(make_model(), data, scripted(**OVERFITTED), Diagnosis())
    assert "Overfitting since epoch 3" in capsys.readouterr().err


def test_a_rate_that_is_too_high_is_seen(make_model, data):
    diagnosis = Diagnosis(stream=io.StringIO())
    fit(make_model(learning_rate=1.5), data, diagnosis, batch_size=8)
    assert diagnosis.findings[0][1].startswith("Diverging")
    assert all(words.startswith("Diverging") for _, words in diagnosis.findings)


def test_a_rate_that_is_too_low_underfits(make_model, data):
    diagnosis = Diagnosis(stream=io.StringIO())
    fit(make_model(learning_rate=1e-6), data, diagnosis)
    assert [words.partition(":")[0] for _, words in diagnosis.findings] == ["Underfitting"]


def test_a_training_that_goes_well_says_nothing(make_model, data):
    diagnosis = Diagnosis(data, 1, stream=io.StringIO())
    fit(make_model(), data, diagnosis, validation_data=data)
    assert diagnosis.findings == []


def deep(activation, depth=12, **settings):
    keras.utils.set_random_seed(0)
    hidden = [
        keras.layers.Dense(16, activation, name=f"hidden{number}", **settings)
        for number in range(depth)
    ]
    model = keras.Sequential([keras.Input((4,)), *hidden, keras.layers.Dense(1, name="last")])
    model.compile(keras.optimizers.SGD(1e-3), "mse")
    return model


def kinds(model, data):
    diagnosis = Diagnosis(data, stream=io.StringIO())
    fit(model, data, diagnosis, epochs=1)
    return {words.partition(":")[0]: words for _, words in diagnosis.findings}


def test_the_layers_of_a_deep_net_are_named(data):
    found = kinds(deep("sigmoid"), data)
    assert "'hidden0'" in found["Vanishing gradients"]
    assert "'hidden11'" not in found["Vanishing gradients"]
    assert kinds(deep("relu", depth=4, kernel_initializer="he_normal"), data) == {}
    large = keras.initializers.RandomNormal(stddev=3.0, seed=0)
    assert "'hidden0'" in kinds(deep("relu", kernel_initializer=large), data)[
        "Exploding gradients"
    ] or "Diverging" in str(kinds(deep("relu", kernel_initializer=large), data))


def test_dead_rectifiers_are_found(data):
    # A bias far below any input keeps every unit of the layer silent.
    model = deep("relu", depth=2, bias_initializer=keras.initializers.Constant(-100.0))
    assert "'hidden0' (100%)" in kinds(model, data)["Dead ReLUs"]


def test_a_model_without_a_single_loss_goes_without_gradients(data):
    class Own(keras.Sequential):
        def train_step(self, batch):
            return {"loss": keras.ops.convert_to_tensor(1.0)}

        def compute_loss(self, *args, **keywords):
            raise NotImplementedError("two networks")

    model = Own([keras.Input((4,)), keras.layers.Dense(2, name="only")])
    model.compile("sgd")
    diagnosis = Diagnosis(data, stream=io.StringIO())
    fit(model, data, diagnosis, epochs=1)
    assert diagnosis.findings == []


def test_dropout_is_named_as_a_reason(data, scripted):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.5), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    diagnosis = Diagnosis(stream=io.StringIO())
    values = {"loss": [1.0, 0.8, 0.7, 0.65, 0.6, 0.5], "val_loss": [0.5, 0.4, 0.3, 0.3, 0.3, 0.2]}
    fit(model, data, scripted(**values), diagnosis)
    assert "The dropout of this model" in diagnosis.findings[0][1]


def test_another_loss_can_be_watched_and_a_missing_one_names_those_there_are(
    make_model, data, scripted
):
    values = {f"{k}": v for k, v in zip(("d", "val_d"), OVERFITTED.values(), strict=True)}
    diagnosis = Diagnosis(monitor="d", stream=io.StringIO())
    fit(make_model(), data, scripted(**values), diagnosis)
    assert "`val_d` has risen" in diagnosis.findings[-1][1]
    with pytest.raises(ValueError, match=r"`monitor` of Diagnosis must be one of 'loss', 'mae'"):
        fit(make_model(), data, Diagnosis(monitor="los"))


def test_epochs_are_counted_as_fit_counts_them(make_model, data, scripted):
    values = {name: [0] * 10 + list(row) for name, row in OVERFITTED.items()}
    diagnosis = Diagnosis(stream=io.StringIO(), thresholds=Thresholds(patience=3))
    fit(make_model(), data, scripted(**values), diagnosis, initial_epoch=10, epochs=16)
    epoch, words = diagnosis.findings[-1]
    assert (epoch, words[:29]) == (16, "Overfitting since epoch 13: `")


@pytest.mark.parametrize("arguments", [{"sample": np.zeros(3)}, {"every": 0}])
def test_arguments_out_of_range(arguments):
    with pytest.raises(ValueError, match=f"`{next(iter(arguments))}` of Diagnosis must be"):
        Diagnosis(**arguments)
