import dataclasses

import pytest

from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.tuning.reporting import outcome_of, sentence, table_rows
from kerasrecipes.tuning.reporting.objective_scale import fenced, objective_scale
from kerasrecipes.tuning.search_folder import SearchFolder


def test_the_best_is_first_and_the_failed_are_last(make_search):
    search = make_search(30)
    outcome = outcome_of(search)
    assert outcome.best == search.best()[0]
    order = ["completed", "pruned", "failed"]
    ranks = [order.index(trial.status) for trial in outcome.trials]
    assert ranks == sorted(ranks) and set(ranks) == {0, 1, 2}
    completed = [trial.objective for trial in outcome.trials if trial.status == "completed"]
    assert completed == sorted(completed, reverse=True)


def test_less_may_be_better(make_search):
    search = make_search(10, objective=lambda v, g: g.random())
    search.update(direction="min")
    assert outcome_of(search).best.objective == min(t.objective for t in search.trials())


def test_the_trial_of_the_default_is_found(make_search):
    assert outcome_of(make_search(10)).default.number == 1
    search = make_search(10)
    first = search.trials()[0]
    search.write(dataclasses.replace(first, values={**first.values, "batch_size": 48}))
    assert outcome_of(search).default is None
    assert "own values" not in sentence(search)


def test_of_several_rounds_of_the_default_the_longest_counts(make_search):
    search = make_search(4)
    first = search.trials()[0]
    search.write(dataclasses.replace(first, number=5, epochs=27, continued_from=1))
    assert outcome_of(search).default.number == 5


def test_what_was_trained_less_far_is_not_compared(make_search):
    search = make_search(30)
    first = search.trials()[0]
    assert outcome_of(search).comparable
    short = dataclasses.replace(first, status="pruned", reason="a round of 4 epochs", epochs=4)
    search.write(short)
    assert not outcome_of(search).comparable
    assert "(trial 1, for 4 epochs only)" in sentence(search)


def test_time_is_that_of_the_process(make_search):
    search = make_search(6)
    ends = outcome_of(search).ends()
    trials = search.trials()
    mine = [trial for trial in trials if trial.worker == "tuner1"]
    assert ends[mine[-1].number] == sum(trial.seconds for trial in mine)
    assert ends[1] == trials[0].seconds


def test_the_curve_is_the_one_nearest_to_the_objective(make_search):
    search = make_search(3)
    assert outcome_of(search).curve == "val_accuracy"
    search.update(objective="val_loss")
    assert outcome_of(search).curve == "val_loss"
    search.update(objective="mean_rank")
    assert outcome_of(search).curve == "val_loss"


def test_a_path_will_do(make_search):
    search = make_search(3)
    assert outcome_of(str(search.folder)) == outcome_of(SearchFolder.open(search.folder))


def test_without_a_trial_there_is_nothing_to_report(make_search):
    with pytest.raises(RecipeError, match="must have a trial that has ended"):
        outcome_of(make_search(0))


def test_what_is_no_search_is_refused(tmp_path):
    with pytest.raises(RecipeError, match="must be the folder of a search"):
        outcome_of(tmp_path)


def test_the_scale_ends_where_values_are_far_out():
    import numpy as np

    values = np.array([*np.linspace(0.9, 1.0, 11), 0.0])
    scale = fenced(values, -1)
    first, third = np.quantile(values, (0.25, 0.75))
    assert scale.low == pytest.approx(first - 3 * (third - first))
    assert scale.high == 1.0
    assert not scale.log
    # On the good side nothing is too good.
    assert fenced(values, 1).low == 0.0
    assert list(scale.share([0.0, 1.0])) == [0.0, 1.0]


def test_the_scale_of_losses_over_many_decades_is_logarithmic(make_search):
    search = make_search(20, objective=lambda v, g: 10 ** g.uniform(-3, 3))
    search.update(direction="min")
    scale = objective_scale(outcome_of(search))
    assert scale.log
    middle = (scale.low * scale.high) ** 0.5
    assert scale.share([middle])[0] == pytest.approx(0.5)


def test_rows_hold_what_the_record_holds(make_search):
    search = make_search(30, repetitions=3)
    title, header, rows = table_rows(search, 5)
    assert title == "the best 5 of 30 trials"
    assert header[:6] == ["trial", "accuracy", "±", "status", "epochs", "time"]
    assert header[6:] == ["learning_rate", "batch_size", "optimizer", "momentum"]
    best = search.best()[0]
    assert rows[0][:2] == [str(best.number), f"{best.objective:.5g}"]
    import numpy as np

    assert float(rows[0][2]) == pytest.approx(np.std(best.objectives, ddof=1), rel=0.05)
    assert len(rows) == 5
    title, header, rows = table_rows(search, None)
    assert title == "all trials" and len(rows) == 30
    assert header[-1] == "reason"
    assert (
        rows[-1][1] == rows[-1][2] == "" and rows[-1][-1] == "The loss is not a number in epoch 2."
    )
    # Adam has no momentum.
    adam = next(row for row in rows if row[header.index("optimizer")] == "adam")
    assert adam[header.index("momentum")] == ""


def test_the_sentence_counts_and_compares(make_search):
    assert sentence(make_search(1)).startswith(
        "1 trial: 1 completed. Trial 1 is the best, accuracy"
    )
    search = make_search(300)
    outcome = outcome_of(search)
    said = sentence(search)
    assert f"Trial {outcome.best.number} is the best" in said
    assert f"own values have {outcome.default.objective:.5g} (trial 1)" in said
