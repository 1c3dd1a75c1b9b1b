"""The rules on curves that were made up, each beside one that is healthy."""

import math

import numpy as np
import pytest

from kerasrecipes.callbacks import Thresholds, findings

USUAL = Thresholds()


def curves(loss, validation=None, start=math.nan, first_epoch=1):
    loss = np.array(loss, float)
    validation = np.full(len(loss), math.nan) if validation is None else np.array(validation, float)
    return findings.Curves(loss, validation, start, first_epoch=first_epoch)


HEALTHY = curves([1.2, 0.8, 0.6, 0.5, 0.42, 0.36], [1.0, 0.75, 0.62, 0.55, 0.5, 0.48], 2.3)


@pytest.mark.parametrize(
    "rule",
    [
        findings.diverging,
        findings.underfitting,
        findings.plateau,
        findings.overfitting,
        findings.easy_validation,
    ],
)
@pytest.mark.parametrize("length", [1, 2, 6])
def test_a_healthy_training_is_left_alone(rule, length):
    shorter = curves(HEALTHY.loss[:length], HEALTHY.validation[:length], HEALTHY.start)
    assert rule(shorter, USUAL) is None


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_diverges_at_once(value):
    words = findings.diverging(curves([1.0, value]), USUAL)
    assert words.startswith(f"Diverging: `loss` is {value} in epoch 2.")


def test_a_loss_that_rises_above_its_beginning_diverges():
    words = findings.diverging(curves([2.5, 2.4, 3.0, 4.0, 5.0], start=2.3), USUAL)
    assert "has risen for 3 epochs in a row and, at 5, is above the 2.3 it began with" in words
    # Two epochs are not three, and a rise that stays below the beginning is something else.
    assert findings.diverging(curves([2.5, 2.4, 3.0, 4.0], start=2.3), USUAL) is None
    assert findings.diverging(curves([1.0, 0.5, 0.6, 0.7, 0.8], start=2.3), USUAL) is None


def test_a_loss_that_stays_near_its_beginning_underfits():
    stuck = curves([2.1, 1.85, 1.84, 1.84, 1.84], start=2.3)
    words = findings.underfitting(stuck, USUAL)
    assert words.startswith("Underfitting: `loss` no longer falls and, at 1.84, still has 80% of")
    assert findings.plateau(stuck, USUAL) is None
    # Slow is not stuck: 1 % in three epochs is the bar.
    slow = curves([2.1, 1.85, 1.84, 1.83, 1.82], start=2.3)
    assert findings.underfitting(slow, USUAL) is None


def test_without_a_first_loss_the_first_epoch_stands_for_it():
    assert "80%" in findings.underfitting(curves([2.0, 1.6, 1.6, 1.6, 1.6]), USUAL)


def test_shares_of_a_negative_loss_mean_nothing():
    below = curves([-1.0, -2.0, -2.0, -2.0, -2.0], start=-0.5)
    assert findings.underfitting(below, USUAL) is None
    assert findings.plateau(below, USUAL).startswith("Plateau since epoch 2: `loss` has stayed at")


def test_a_loss_that_levels_off_lower_is_a_plateau_since_its_best_epoch():
    level = curves([1.0, 0.6, 0.4, 0.401, 0.4, 0.4], start=2.3)
    assert findings.plateau(level, USUAL).startswith(
        "Plateau since epoch 3: `loss` has stayed at 0.4"
    )
    assert findings.underfitting(level, USUAL) is None
    # What has been learnt to the end needs no advice.
    assert findings.plateau(curves([1.0, 0.01, 0.01, 0.01, 0.01], start=2.3), USUAL) is None


def test_overfitting_begins_at_the_best_validation():
    loss = [1.0, 0.7, 0.5, 0.4, 0.3, 0.2]
    words = findings.overfitting(curves(loss, [1.0, 0.8, 0.7, 0.75, 0.8, 0.9]), USUAL)
    assert words.startswith(
        "Overfitting since epoch 3: `val_loss` has risen from 0.7 to 0.9, while"
    )
    assert "fell from 0.5 to 0.2" in words
    # Within the noise, or two epochs only, or the training loss rises as well.
    assert findings.overfitting(curves(loss, [1, 0.8, 0.7, 0.72, 0.71, 0.73]), USUAL) is None
    assert findings.overfitting(curves(loss, [1, 0.9, 0.8, 0.7, 0.9, 1.0]), USUAL) is None
    rising = curves([1.0, 0.7, 0.5, 0.6, 0.7, 0.8], [1.0, 0.8, 0.7, 0.75, 0.8, 0.9])
    assert findings.overfitting(rising, USUAL) is None


def test_one_bad_validation_is_no_overfitting():
    loss = [1.0, 0.7, 0.5, 0.4, 0.3, 0.2]
    assert findings.overfitting(curves(loss, [1, 0.8, 0.7, 3.0, 0.71, 0.705]), USUAL) is None


def test_epochs_without_validation_are_passed_over_and_named_right():
    nan = math.nan
    seen = curves(np.linspace(1, 0.1, 8), [nan, 0.7, nan, 0.8, nan, 0.9, nan, 1.0], first_epoch=11)
    assert findings.overfitting(seen, USUAL).startswith("Overfitting since epoch 12: ")


def test_validation_is_easier_only_beside_the_training_loss_of_later_weights():
    # In the same epoch the validation is far lower all the time, as it is when weights improve.
    falling = curves([2.0, 1.0, 0.5, 0.25, 0.12], [1.2, 0.6, 0.3, 0.15, 0.08])
    assert findings.easy_validation(falling, USUAL) is None
    easy = curves([1.0, 0.8, 0.7, 0.65, 0.6], [0.5, 0.4, 0.35, 0.33, 0.3])
    words = findings.easy_validation(easy, USUAL, has_dropout=True)
    assert "for 3 epochs `val_loss` (now 0.33) has been more than 10% below `loss` (0.6)" in words
    assert "The dropout of this model" in words and "leak" in words
    assert "no dropout" in findings.easy_validation(easy, USUAL)


def test_gradients_are_compared_with_those_of_the_last_layer():
    sizes = {"net/a": 1e-7, "net/b": 1e-4, "net/c": 1e-2}
    assert "those of 'a' are more than 1000 times smaller" in findings.vanishing_gradients(
        sizes, USUAL
    )
    assert findings.exploding_gradients(sizes, USUAL) is None
    sizes = {"net/a": 50.0, "net/b": 1.0, "net/c": 1e-2}
    assert "those of 'a' are not finite, or more than 1000" in findings.exploding_gradients(
        sizes, USUAL
    )
    assert findings.vanishing_gradients(sizes, USUAL) is None
    assert "'b'" in findings.exploding_gradients({"a": 1.0, "b": math.nan, "c": 1.0}, USUAL)


@pytest.mark.parametrize("sizes", [{}, {"a": 1.0, "b": 0.0}, {"a": 1.0, "b": 1.0}])
def test_nothing_to_compare_with_or_nothing_to_say(sizes):
    assert findings.vanishing_gradients(sizes, USUAL) is None
    assert findings.exploding_gradients(sizes, USUAL) is None


def test_dead_rectifiers_are_named_with_their_share():
    shares = {"net/a": 0.2, "net/b": 0.75, "net/c": math.nan, "net/d": 1.0}
    words = findings.dead_rectifiers(shares, USUAL, num_examples=64)
    assert words.startswith("Dead ReLUs: units of 'b' (75%) and 'd' (100%) are 0 for all 64 exampl")
    assert findings.dead_rectifiers({"net/a": 0.2}, USUAL, num_examples=64) is None


def test_many_layers_are_cut_short():
    shares = {f"net/{number}": 1.0 for number in range(9)}
    words = findings.dead_rectifiers(shares, USUAL, num_examples=1)
    assert "'4' (100%) and 4 layers more are" in words


@pytest.mark.parametrize(
    "wrong",
    [{"patience": 0}, {"flat": 0}, {"unlearnt": 1}, {"easier": -0.1}, {"gradient_ratio": 1}],
)
def test_thresholds_out_of_range(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=f"`{name}` of Thresholds must be .* Received: {name}="):
        Thresholds(**wrong)
