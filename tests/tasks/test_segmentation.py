import dataclasses
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import accuracy_score, jaccard_score

from kerasrecipes.cli.main import main
from kerasrecipes.recipes import RecipeError, distribute, predict, replace
from kerasrecipes.recipes.catalog import get
from kerasrecipes.recipes.data.indexed import IndexedSplit
from kerasrecipes.recipes.data.splits import Spec, Splits
from kerasrecipes.recipes.pictures import png
from kerasrecipes.recipes.preparing import prepare
from kerasrecipes.recipes.recipe import constant
from kerasrecipes.recipes.segmentation.unet import build
from kerasrecipes.recipes.serving import saved_model
from kerasrecipes.recipes.serving.saved_model_check import differences
from kerasrecipes.recipes.tasks.classification import Classification
from kerasrecipes.recipes.tasks.segmentation import Segmentation

SIDE = 32
CLASSES = ("background", "low", "high")


def drawn(num_examples, seed):
    """Bright rectangles of two heights on noise; the rim of each is not counted."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 60, (num_examples, SIDE, SIDE, 1)).astype("uint8")
    masks = np.zeros((num_examples, SIDE, SIDE), "int8")
    for image, mask in zip(images, masks, strict=True):
        label = rng.integers(1, 3)
        top, left = rng.integers(0, SIDE - 14, 2)
        image[top : top + 14, left : left + 14] += (70 * label).astype("uint8")
        mask[top : top + 14, left : left + 14] = -1
        mask[top + 1 : top + 13, left + 1 : left + 13] = label
    return IndexedSplit(inputs=images, targets=masks)


@pytest.fixture(scope="module")
def splits():
    return Splits(
        name="rectangles",
        inputs=Spec("image", (SIDE, SIDE, 1), "uint8"),
        class_names=CLASSES,
        train=drawn(64, 0),
        validation=drawn(8, 1),
        test=drawn(21, 2),
        licence="",
        source="",
        fingerprint="",
    )


@pytest.fixture
def recipe():
    """The recipe on shapes, made small."""
    small = partial(build, width=2, depth=1, batch_normalization=True)
    return replace(get("unet_shapes"), build=small, batch_size=8, epochs=1)


def prepared(recipe, splits, **changes):
    recipe = replace(recipe, **changes)
    return prepare(recipe, splits, distribute.strategy("none"), seed=0)


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_the_figures_are_those_of_scikit_learn(recipe, splits, padding):
    model = prepared(recipe, splits, **{"build.padding": padding})
    figures, outcome = Segmentation().evaluate(model, splits, splits.test.ordered(5))
    labels = model.predict(splits.test.inputs, verbose=0).argmax(axis=-1)
    border = {"same": 0, "valid": 8}[padding]
    inner = slice(border, SIDE - border)
    truth = splits.test.targets[:, inner, inner]
    assert labels.shape == truth.shape
    counted = truth >= 0
    for prefix, answer in (("", labels), ("baseline_", np.zeros_like(labels))):
        pair = truth[counted], answer[counted]
        iou = jaccard_score(*pair, average="macro", zero_division=0)
        assert figures[f"{prefix}mean_iou"] == pytest.approx(iou)
        assert figures[f"{prefix}pixel_accuracy"] == pytest.approx(accuracy_score(*pair))
    assert tuple(figures) == Segmentation.figures
    scores = [
        jaccard_score(t[t >= 0], p[t >= 0], average="macro")
        for t, p in zip(truth, labels, strict=True)
    ]
    np.testing.assert_allclose(outcome["scores"], scores)
    worst = set(np.argsort(scores, kind="stable")[:6].tolist())
    assert set(outcome["masks"]) == worst | set(range(6))
    for number, (mask, label) in outcome["masks"].items():
        np.testing.assert_array_equal(mask, truth[number])
        np.testing.assert_array_equal(label, labels[number])


def test_the_metric_in_fit_says_what_the_evaluation_says(recipe, splits):
    model = prepared(recipe, splits)
    figures, _ = Segmentation().evaluate(model, splits, splits.test.ordered(256))
    logs = model.evaluate(splits.test.ordered(4), verbose=0, return_dict=True)
    assert logs["mean_iou"] == pytest.approx(figures["mean_iou"], rel=1e-5)


@pytest.mark.parametrize(
    "loss, padding",
    [("cross_entropy", "valid"), ("dice", "same"), ("cross_entropy_dice", "same")],
)
def test_it_learns_with_each_loss(recipe, splits, loss, padding):
    changes = {"task.loss": loss, "build.padding": padding, "build.width": 4}
    model = prepared(recipe, splits, schedule=constant, learning_rate=0.02, **changes)
    model.fit(splits.train.ordered(16), epochs=10, verbose=0, shuffle=False)
    figures, _ = Segmentation().evaluate(model, splits, splits.train.ordered(64))
    assert figures["mean_iou"] > figures["baseline_mean_iou"] + 0.2


def test_pictures_and_tables(recipe, splits):
    model = prepared(recipe, splits)
    _, outcome = Segmentation().evaluate(model, splits, splits.test.ordered(256))
    shown = Segmentation().pictures(splits, splits.test, outcome)
    assert [title for title, _, _ in shown] == ["Masks", "Worst masks"]
    for _, _, figure in shown:
        assert png(figure).startswith(b"\x89PNG")
        assert len(figure.axes) == 3 * 6
        (legend,) = figure.legends
        names = [text.get_text() for text in legend.get_texts()]
        assert names == ["background (clear)", "low", "high", "not counted"]
    ((_, header, rows),) = Segmentation().tables(model, splits, outcome)
    assert len(header) == 3 and [row[0] for row in rows] == list(CLASSES)


def test_a_split_of_one_example_and_nothing_counted(recipe, splits):
    empty = dataclasses.replace(splits.test.first(1), targets=np.full((1, SIDE, SIDE), -1, "int8"))
    model = prepared(recipe, splits)
    for split in (splits.test.first(1), empty):
        figures, outcome = Segmentation().evaluate(model, splits, split.ordered(4))
        assert len(Segmentation().pictures(splits, split, outcome)) == 2
        assert np.isfinite(figures["mean_iou"])


def test_what_is_no_segmentation_is_told(recipe, splits):
    flat = dataclasses.replace(
        splits,
        validation=dataclasses.replace(splits.validation, targets=np.zeros(8, int)),
    )
    with pytest.raises(RecipeError, match=r"must be masks as large as the images .*\(32, 32\)"):
        Segmentation().core(recipe, flat)
    with pytest.raises(RecipeError, match=r"must be images and the targets classes"):
        Segmentation().core(recipe, dataclasses.replace(splits, class_names=None))
    with pytest.raises(RecipeError, match=r"Received: \(32, 32\) classes for each"):
        Classification().core(recipe, splits)
    with pytest.raises(RecipeError, match=r"Did you mean 'dice'"):
        Segmentation(loss="dise")
    odd = dataclasses.replace(splits, inputs=Spec("image", (SIDE, 31, 1), "uint8"))
    wide = dataclasses.replace(odd.validation, targets=odd.validation.targets[:, :, 1:])
    with pytest.raises(
        RecipeError, match=r"the nearest that fit are 30 and 32\. Received: width=31"
    ):
        Segmentation().core(recipe, dataclasses.replace(odd, validation=wide))


def test_an_export_writes_masks_of_files(recipe, splits):
    model = prepared(recipe, splits)
    saved = saved_model.export(model, recipe.task, splits, "unet", root="exports")
    images = splits.test.inputs[:2]
    for number, image in enumerate(images):
        Image.fromarray(image[..., 0]).save(f"scene{number}.png")
    np.save("two.npy", images)
    answers = predict(saved, ["scene0.png", "scene1.png", "two.npy"], masks="found")
    labels = model.predict(images, verbose=0).argmax(axis=-1)
    assert [answer["file"] for answer in answers] == ["scene0.png", "scene1.png", *2 * ["two.npy"]]
    names = ["scene0.mask.png", "scene1.mask.png", "two.1.mask.png", "two.2.mask.png"]
    assert [answer["mask"] for answer in answers] == [f"found/{name}" for name in names]
    for answer, label in zip(answers, [*labels, *labels], strict=True):
        with Image.open(answer["mask"]) as image:
            assert image.mode == "P"
            np.testing.assert_array_equal(np.asarray(image), label)
        assert list(answer["shares"]) == list(CLASSES)
        assert answer["shares"]["background"] == pytest.approx(np.mean(label == 0))
    assert "mask" not in predict(saved, ["scene0.png"])[0]
    with pytest.raises(RecipeError, match="must have different names"):
        predict(saved, ["scene0.png", "elsewhere/scene0.png"], masks="found")
    assert main(["predict", str(saved), "scene1.png", "--masks", "again"]) == 0
    assert Path("again/scene1.mask.png").read_bytes() == Path(answers[1]["mask"]).read_bytes()


def test_an_export_may_be_undecided_about_a_pixel_but_not_about_many(recipe, splits, tmp_path):
    model = prepared(recipe, splits)
    endpoints = recipe.task.endpoints(model, splits)
    saved_model.write(model, endpoints, tmp_path / "1")
    expected = saved_model.expected(endpoints)
    mask = expected["serving_default/output/mask"]
    mask[0, 3, 4] = (mask[0, 3, 4] + 1) % 3
    assert differences(tmp_path / "1", expected) == []
    mask[0] = (mask[0] + 1) % 3
    (sentence,) = differences(tmp_path / "1", expected)
    assert sentence.startswith("`serving_default/mask` differs by up to")
