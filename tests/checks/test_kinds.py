"""Every kind of learning is looked at, and what has no meaning for it is said not to."""

import pytest

from kerasrecipes import recipes

OF_ITS_OWN = "the model makes its loss itself, and compares no answer with a target"


@pytest.mark.parametrize(
    ("name", "own_loss"),
    [
        ("gcn_karate_club", False),
        ("vae_digits", True),
        ("dqn_cartpole", True),
        ("dcgan_glyphs", True),
        ("lstm_pydoc", False),
    ],
)
def test_it_is_looked_at(name, own_loss, data_dir):
    found = {
        finding.check: finding for finding in recipes.check(name, quick=True, data_dir=data_dir)
    }
    assert "fail" not in {finding.verdict for finding in found.values()}
    first = found["first loss"]
    assert (first.verdict == "not applicable") == own_loss
    if own_loss:
        assert first.found == OF_ITS_OWN
    else:
        assert first.verdict == "pass"
    assert found["test in training"].verdict == "pass"
    assert found["memory"].verdict == "pass"


@pytest.mark.parametrize(
    ("name", "quick"),
    [
        ("linear_diabetes_l1", True),  # its weights grow to fifty times what they begin with
        ("lenet5_digits", False),
        ("transfer_glyphs_few", True),  # a trained base, frozen, and a gate that opens later
        ("message_passing_karate_club", False),  # one graph, whose nodes are the examples
    ],
)
def test_a_sound_recipe_passes_without_a_warning(name, quick, data_dir):
    found = recipes.check(name, quick=quick, data_dir=data_dir)
    # How long steps wait for data depends on who else uses the machine.
    assert [f for f in found if f.verdict in ("warn", "fail") and f.check != "time"] == []
