import numpy as np
import pytest

from kerasrecipes.recipes import RecipeError
from kerasrecipes.recipes.data.augment import flip, noise
from kerasrecipes.recipes.uncertainty import augmented, mc_dropout, probabilities


def test_the_passes_of_a_split_and_of_its_array(with_dropout):
    model, test = with_dropout.model, with_dropout.splits.test
    before = [variable.numpy() for variable in model.variables]
    passes = mc_dropout(model, test, num_passes=6, seed=2, batch_size=100)
    assert passes.shape == (6, test.num_examples, 10)
    np.testing.assert_allclose(passes.sum(axis=-1), 1)
    again = mc_dropout(model, test.inputs, num_passes=6, seed=2, batch_size=100)
    np.testing.assert_array_equal(passes, again)
    assert np.abs(passes[0] - passes[1]).max() > 0.01
    for got, expected in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(got.numpy(), expected)


def test_without_dropout_it_is_what_the_task_evaluates(with_dropout):
    test = with_dropout.splits.test
    found = probabilities(with_dropout.model, test)
    assert found.shape == (1, test.num_examples, 10)
    accuracy = np.mean(found[0].argmax(axis=1) == test.targets)
    assert accuracy == pytest.approx(with_dropout.figures["accuracy"])


def test_augmented_views_differ_and_repeat(with_dropout):
    model, images = with_dropout.model, with_dropout.splits.test.inputs[:50]
    augment = (flip(), noise(2.0))
    views = augmented(model, images, augment, num_passes=4, seed=1, batch_size=20)
    assert views.shape == (4, 50, 10)
    np.testing.assert_array_equal(
        views, augmented(model, images, augment, num_passes=4, seed=1, batch_size=20)
    )
    assert len(np.unique(views[:, 0, 0])) == 4
    # A view of an image mirrored is the answer to one of the two.
    mirrored = augmented(model, images, (flip(),), num_passes=8)
    both = np.stack([probabilities(model, x)[0] for x in (images, images[:, :, ::-1])])
    nearest = np.abs(mirrored[:, None] - both).max(axis=-1).min(axis=1)
    assert nearest.max() < 1e-5


def test_wrong_arguments(with_dropout, finished):
    model, images = with_dropout.model, with_dropout.splits.test.inputs[:2]
    with pytest.raises(RecipeError, match=r"`num_passes` of uncertainty\.mc_dropout must be at le"):
        mc_dropout(model, images, num_passes=0)
    with pytest.raises(RecipeError, match="must have a dropout layer"):
        mc_dropout(finished("softmax_digits").model, images)
    with pytest.raises(RecipeError, match=r"`augment` of uncertainty\.augmented must hold"):
        augmented(model, images, ())
    with pytest.raises(RecipeError, match=r"`num_passes` of uncertainty\.augmented"):
        augmented(model, images, (flip(),), num_passes=0)
