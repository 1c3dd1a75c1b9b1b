import doctest
import inspect
from functools import partial

import keras
import numpy as np
import pytest

from kerasrecipes.recipes import schedules
from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.recipe import constant

RATE, STEPS, EPOCHS = 0.2, 25, 8


def _waves(number, e):
    """Equation 5 of SGDR with T_0 = 1 and T_mult = 2: wave n lasts 2^n, from 2^n - 1 on.

    Each wave is half as high as the one before, above a floor of a tenth.
    """
    place = (e + 1 - 2**number) / 2**number
    return RATE * (0.1 + 0.9 * 0.5**number * 0.5 * (1 + np.cos(np.pi * place)))


# Each schedule beside its formula, written once more in NumPy; `e` is the time in epochs.
FORMULAS = {
    "inverse_time": (
        partial(schedules.inverse_time, decay_rate=0.7),
        lambda e: RATE / (1 + 0.7 * e),
    ),
    "step": (
        partial(schedules.step, every=2, factor=0.3),
        lambda e: RATE * 0.3 ** np.floor(e / 2),
    ),
    "exponential": (
        partial(schedules.exponential, decay_rate=0.8),
        lambda e: RATE * 0.8**e,
    ),
    "square_root": (
        partial(schedules.square_root, decay_rate=1.5),
        lambda e: RATE / np.sqrt(1 + 1.5 * e),
    ),
    "piecewise": (
        partial(schedules.piecewise, boundaries=(1, 4.2, 6), factors=(0.1, 1, 0.5, 0.25)),
        lambda e: RATE * np.select([e < 1, e < 4.2, e < 6], [0.1, 1, 0.5], 0.25),
    ),
    "cosine": (
        partial(schedules.cosine, final_fraction=0.1),
        lambda e: RATE * (0.1 + 0.9 * 0.5 * (1 + np.cos(np.pi * np.minimum(e / EPOCHS, 1)))),
    ),
    "cosine_restarts": (
        partial(
            schedules.cosine_restarts, first_epochs=1, restart_fraction=0.5, final_fraction=0.1
        ),
        lambda e: _waves(np.floor(np.log2(e + 1)), e),
    ),
    "one_cycle": (
        partial(schedules.one_cycle, rising=0.25, initial_fraction=0.1, final_fraction=0.01),
        lambda e: np.where(
            e < 2,
            RATE * (0.1 + 0.9 * 0.5 * (1 - np.cos(np.pi * e / 2))),
            RATE * (0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * np.minimum((e - 2) / 6, 1)))),
        ),
    ),
    "warmup": (
        partial(schedules.warmup, warmup_epochs=2),
        lambda e: RATE * np.minimum((e + 1 / STEPS) / 2, 1),
    ),
    "noam": (
        partial(schedules.noam, warmup_steps=60),
        lambda e: RATE * np.minimum((e * STEPS + 1) / 60, np.sqrt(60 / (e * STEPS + 1))),
    ),
    "warmup_cosine": (
        partial(schedules.warmup, warmup_epochs=2, schedule=schedules.cosine),
        lambda e: np.where(
            e < 2,
            RATE * (e + 1 / STEPS) / 2,
            RATE * 0.5 * (1 + np.cos(np.pi * np.clip((e - 2) / (EPOCHS - 2), 0, 1))),
        ),
    ),
}


@pytest.fixture(params=FORMULAS, scope="module")
def case(request):
    make, formula = FORMULAS[request.param]
    return make, formula


def rates(schedule, steps):
    return np.array([float(schedule(np.int64(step))) for step in steps])


def test_it_is_the_formula_finite_and_pure(case):
    make, formula = case
    schedule = make(RATE, STEPS, EPOCHS)
    assert isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule)
    steps = np.arange(0, STEPS * (EPOCHS + 2), 5)
    once = rates(schedule, steps)
    assert np.all(np.isfinite(once)) and np.all(once >= 0)
    # Float32 rounds the cosine near its end, where the rate is nearly 0.
    np.testing.assert_allclose(once, formula(steps / STEPS), rtol=1e-5, atol=1e-7)
    backwards = rates(schedule, steps[::-1])
    np.testing.assert_array_equal(once, backwards[::-1])


def test_it_survives_its_config(case):
    make, _ = case
    schedule = make(RATE, STEPS, EPOCHS)
    steps = [0, 1, 24, 25, 26, 60, 150, 400]
    again = type(schedule).from_config(schedule.get_config())
    np.testing.assert_array_equal(rates(schedule, steps), rates(again, steps))
    named = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    np.testing.assert_array_equal(rates(schedule, steps), rates(named, steps))


def test_an_optimizer_takes_it_and_its_own_config_keeps_it(case):
    make, formula = case
    optimizer = keras.optimizers.SGD(make(RATE, STEPS, EPOCHS))
    variable = keras.Variable([0.0])
    optimizer.build([variable])
    optimizer.apply([np.ones(1, "float32")])
    np.testing.assert_allclose(-float(variable.value[0]), formula(np.float64(0)), rtol=1e-5)
    again = keras.optimizers.SGD.from_config(optimizer.get_config())
    again.build([variable])
    assert float(again.learning_rate) == pytest.approx(float(formula(np.float64(0))))


def test_every_schedule_is_covered_and_has_the_signature_a_recipe_calls():
    public = {
        name: value
        for name, value in vars(schedules).items()
        if inspect.isfunction(value)
        and value.__module__ == schedules.__name__
        and not name.startswith("_")
    }
    assert set(public) == {name.removesuffix("_cosine") for name in FORMULAS}
    expected = list(inspect.signature(constant).parameters)
    for function in public.values():
        parameters = inspect.signature(function).parameters
        assert list(parameters)[:3] == expected
        kinds = {parameters[name].kind for name in list(parameters)[3:]}
        assert kinds <= {inspect.Parameter.KEYWORD_ONLY}


def test_the_printed_values_in_the_docstrings():
    assert doctest.testmod(schedules) == (0, doctest.testmod(schedules).attempted)
    assert doctest.testmod(schedules).attempted > 10


def test_the_rate_changes_on_the_first_step_of_the_epoch_and_not_one_later():
    schedule = schedules.piecewise(1.0, 10, 4, boundaries=(2,), factors=(1, 0.1))
    assert rates(schedule, [19, 20]).tolist() == pytest.approx([1.0, 0.1])


def test_a_run_shorter_than_its_warm_up_ends_inside_it():
    schedule = schedules.warmup(1.0, 10, 1, warmup_epochs=5, schedule=schedules.cosine)
    assert rates(schedule, [0, 9]).tolist() == pytest.approx([1 / 50, 10 / 50])


@pytest.mark.parametrize(
    "make, sentence",
    [
        (
            partial(schedules.exponential, 0.1, 10, 2, decay_rate=-1.0),
            "`decay_rate` of schedules.exponential must be above 0. Received: decay_rate=-1.0.",
        ),
        (
            partial(schedules.inverse_time, 0.0, 10, 2, decay_rate=1),
            "`learning_rate` of schedules.inverse_time must be above 0. "
            "Received: learning_rate=0.0.",
        ),
        (
            partial(schedules.square_root, 0.1, 0, 2, decay_rate=1),
            "`steps_per_epoch` of schedules.square_root must be above 0. "
            "Received: steps_per_epoch=0.",
        ),
        (
            partial(schedules.step, 0.1, 10, 2, every=0),
            "`every` of schedules.step must be above 0. Received: every=0.",
        ),
        (
            partial(schedules.cosine, 0.1, 10, 2, final_fraction=1.5),
            "`final_fraction` of schedules.cosine must be between 0 and 1. "
            "Received: final_fraction=1.5.",
        ),
        (
            partial(schedules.one_cycle, 0.1, 10, 2, rising=1.0),
            "`rising` of schedules.one_cycle must be between 0 and 1, both left out. "
            "Received: rising=1.0.",
        ),
        (
            partial(schedules.cosine_restarts, 0.1, 10, 2, first_epochs=0),
            "`first_epochs` of schedules.cosine_restarts must be above 0. "
            "Received: first_epochs=0.",
        ),
        (
            partial(schedules.cosine_restarts, 0.1, 10, 2, first_epochs=1, growth=0.5),
            "`growth` of schedules.cosine_restarts must be at least 1. Received: growth=0.5.",
        ),
        (
            partial(schedules.warmup, 0.1, 10, 2, warmup_epochs=float("nan")),
            "`warmup_epochs` of schedules.warmup must be above 0. Received: warmup_epochs=nan.",
        ),
        (
            partial(schedules.piecewise, 0.1, 10, 2, boundaries=(2, 1), factors=(1, 1, 1)),
            "`boundaries` of schedules.piecewise must be epochs above 0 that rise by at least "
            "a step. Received: boundaries=(2, 1).",
        ),
        (
            partial(schedules.piecewise, 0.1, 10, 2, boundaries=(1,), factors=(1,)),
            "`factors` of schedules.piecewise must be numbers above 0, one more than "
            "boundaries. Received: factors=(1,).",
        ),
    ],
)
def test_a_value_out_of_range_is_one_sentence(make, sentence):
    with pytest.raises(RecipeError) as caught:
        make()
    assert str(caught.value) == sentence


def test_noam_is_the_formula_of_the_paper():
    # Equation 3 with the width and the warm-up of its base model.
    rate = schedules.noam((512 * 4000) ** -0.5, 100, 10, warmup_steps=4000)
    for step in (1, 2, 1000, 3999, 4000, 4001, 100_000):
        expected = 512**-0.5 * min(step**-0.5, step * 4000**-1.5)
        assert float(rate(step - 1)) == pytest.approx(expected, rel=1e-5)


def test_one_cycle_rises_to_the_peak_and_ends_far_below_its_beginning():
    rate = schedules.one_cycle(0.4, 10, 10)
    steps = rates(rate, range(101))
    assert steps.argmax() == 30
    assert steps.max() == pytest.approx(0.4)
    assert steps[0] == pytest.approx(0.4 / 25)
    assert steps[-1] < steps[0] / 1000
    # The defaults are PyTorch's: div_factor 25 and final_div_factor 1e4, 30 % of the steps.
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.4)
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 0.4, total_steps=101, pct_start=31 / 101, cycle_momentum=False
    )
    for ours in steps:
        assert ours == pytest.approx(theirs.get_last_lr()[0], rel=1e-4, abs=1e-7)
        optimizer.step()
        if theirs.last_epoch < 100:
            theirs.step()


def test_each_wave_begins_where_the_one_before_ends_and_is_twice_as_long():
    rate = schedules.cosine_restarts(1.0, 10, 7, first_epochs=1)
    steps = rates(rate, range(70))
    jumps = np.flatnonzero(np.diff(steps) > 0) + 1
    assert jumps.tolist() == [10, 30]
    assert steps[jumps] == pytest.approx([1, 1])
