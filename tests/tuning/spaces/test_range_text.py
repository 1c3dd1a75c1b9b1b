"""Ranges as they are typed."""

import pytest

from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.ranges import Between, OneOf
from kerasrecipes.tuning.spaces.range_text import range_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("learning_rate=1e-4:1e-1:log", Between("learning_rate", 1e-4, 1e-1, log=True)),
        ("build.dropout=0.1:0.5", Between("build.dropout", 0.1, 0.5)),
        ("build.units=16:256:log", Between("build.units", 16, 256, log=True)),
        (" build.units = 16 : 256 ", Between("build.units", 16, 256)),
        ("batch_size=32,64,128", OneOf("batch_size", (32, 64, 128))),
        ("build.shift=-0.5:0.5", Between("build.shift", -0.5, 0.5)),
        ("regularization.max_norm=None,2.0", OneOf("regularization.max_norm", (None, 2.0))),
        ("build.pre_norm=True,False", OneOf("build.pre_norm", (True, False))),
        ("schedule=cosine, one_cycle", OneOf("schedule", ("cosine", "one_cycle"))),
        ("augment=none,twice crop+flip", OneOf("augment", ("none", "twice crop+flip"))),
        ("build.hidden=(64,),(128,64)", OneOf("build.hidden", ((64,), (128, 64)))),
        ("build.hidden=[64],[128,64]", OneOf("build.hidden", ((64,), (128, 64)))),
        ('build.variant="2015","2020"', OneOf("build.variant", ("2015", "2020"))),
    ],
)
def test_a_text_says_a_range(text, expected):
    found = range_of(text)
    assert found == expected
    if isinstance(expected, Between):
        assert found.whole == expected.whole
    else:
        assert list(map(type, found.values)) == list(map(type, expected.values))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("learning_rate", r"A range must be NAME=LOW:HIGH, .*Received: 'learning_rate'\."),
        ("=1:2", r"A range must be NAME=LOW:HIGH"),
        ("batch_size=", r"A range must be NAME=LOW:HIGH"),
        ("batch_size=32", r"The range of `batch_size` must be NAME=LOW:HIGH.*'batch_size=32'"),
        ("batch_size=32,", r"The range of `batch_size` must be"),
        ("learning_rate=1:2:linear", r"The range of `learning_rate` must be"),
        ("learning_rate=1:2:3:4", r"The range of `learning_rate` must be"),
        ("learning_rate=low:1", r"`low` of the range of `learning_rate` must be a number"),
        ("learning_rate=0.1:0.001", r"must begin below its end\..* Turn it round\."),
        ("learning_rate=0:1:log", r"must begin above 0"),
    ],
)
def test_a_text_that_says_none_is_told(text, sentence):
    with pytest.raises(RecipeError, match=sentence):
        range_of(text)
