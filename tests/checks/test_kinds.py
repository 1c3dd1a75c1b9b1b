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
