"""The table of what tuning brings is the one that the recorded searches make."""

import pathlib

ROOT = pathlib.Path(__file__).parent.parent.parent


def test_the_table_is_made_from_the_searches(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import tuned_figures

    text = tuned_figures.PAGE.read_text("utf-8")
    assert tuned_figures.with_table(text) == text
    assert "`mlp_digits`" in text
