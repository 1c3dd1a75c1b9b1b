import copy
import warnings

import keras
import pytest

from kerasrecipes.callbacks import AdversarialBalance

D_WINS = {"real_score": [0.7, 0.99, 0.995, 0.999, 0.999], "fake_score": [0.3, 0, 0, 0, 0]}
G_WINS = {"real_score": [0.7, 0.5, 0.5, 0.49, 0.5], "fake_score": [0.3, 0.5, 0.52, 0.49, 0.5]}


def fit(make_model, data, *callbacks, epochs=5):
    return make_model().fit(*data, epochs=epochs, callbacks=list(callbacks), verbose=0).history


def warned(make_model, data, *callbacks, epochs=5):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        history = fit(make_model, data, *callbacks, epochs=epochs)
    return [str(warning.message) for warning in caught], history


@pytest.mark.parametrize(("scores", "winner"), [(D_WINS, "discriminator"), (G_WINS, "generator")])
def test_the_winner_is_named_once_it_has_lasted(make_model, data, scripted, scores, winner):
    sentences, _ = warned(make_model, data, scripted(**scores), AdversarialBalance())
    assert len(sentences) == 1
    assert sentences[0].startswith(f"The {winner} has won: for 3 epochs ")
    # Two epochs are not three.
    assert warned(make_model, data, scripted(**scores), AdversarialBalance(), epochs=3)[0] == []


def test_a_gap_in_between_starts_the_count_again(make_model, data, scripted):
    real = [0.99, 0.99, 0.9, 0.99, 0.99, 0.99, 0.9, 0.99, 0.99, 0.99]
    scores = scripted(real_score=real, fake_score=[0.0] * 10)
    sentences, _ = warned(make_model, data, scores, AdversarialBalance(), epochs=10)
    assert len(sentences) == 2
    flipped = scripted(real_score=[1.0, 1.0, 0.0, 1.0, 1.0], fake_score=[0.0] * 5)
    assert warned(make_model, data, flipped, AdversarialBalance())[0] == []


def test_a_game_that_goes_on_is_left_alone_and_its_gap_is_in_the_history(
    make_model, data, scripted
):
    scores = scripted(real_score=[0.9, 0.7, 0.6, 0.6, 0.6], fake_score=[0.1, 0.3, 0.4, 0.4, 0.5])
    sentences, history = warned(make_model, data, scores, AdversarialBalance())
    assert sentences == []
    assert history["score_gap"] == pytest.approx([0.8, 0.4, 0.2, 0.2, 0.1])


def test_other_logs_can_be_watched(make_model, data, scripted):
    callback = AdversarialBalance("seen", "unseen", high=0.5, patience=1)
    sentences, _ = warned(make_model, data, scripted(seen=[0.9] * 5, unseen=[0.1] * 5), callback)
    assert len(sentences) == 1
    assert "for the last epoch" in sentences[0]


def test_a_resumed_fit_warns_where_an_uninterrupted_one_does(make_model, data, scripted):
    for interrupted in (1, 2, 3, 4):
        first, second = AdversarialBalance(), AdversarialBalance()
        before, _ = warned(make_model, data, scripted(**D_WINS), first, epochs=interrupted)
        take_up = keras.callbacks.LambdaCallback(
            on_train_begin=lambda logs, first=first, second=second: second.set_state(
                first.get_state()
            )
        )
        rest = {name: scores[interrupted:] for name, scores in D_WINS.items()}
        after, _ = warned(
            make_model, data, scripted(**rest), second, take_up, epochs=5 - interrupted
        )
        assert [len(before), len(after)] == ([1, 0] if interrupted == 4 else [0, 1])


def test_a_missing_score_names_those_that_exist(make_model, data):
    with pytest.raises(ValueError, match=r"`real` of AdversarialBalance must be one of 'loss', 'm"):
        fit(make_model, data, AdversarialBalance())


@pytest.mark.parametrize(
    "arguments", [{"low": 0.99}, {"high": 1.5}, {"low": -2}, {"high": 0.0, "low": -0.5}]
)
def test_gaps_out_of_range_are_refused(arguments):
    with pytest.raises(ValueError, match=r"must be gaps with -1 <= low < high <= 1"):
        AdversarialBalance(**arguments)


def test_a_patience_of_none_is_refused():
    with pytest.raises(ValueError, match=r"must be at least 1. Received: patience=0"):
        AdversarialBalance(patience=0)


def test_a_copy_starts_where_the_original_stands(make_model, data, scripted):
    callback = AdversarialBalance()
    warned(make_model, data, scripted(**D_WINS), callback, epochs=3)
    duplicate = copy.deepcopy(callback)
    assert duplicate.get_state() == callback.get_state()
    assert duplicate.model is None
