"""How training would scale, against hand arithmetic; and the page is the one that was measured."""

import importlib
import json
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent


@pytest.fixture
def benchmark(monkeypatch):
    """A function that imports a module of the benchmark."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    yield lambda name: importlib.import_module(f"distributed.{name}")
    for name in [name for name in sys.modules if name.partition(".")[0] == "distributed"]:
        sys.modules.pop(name)


@pytest.fixture
def scaling(benchmark):
    return benchmark("scaling")


def test_an_all_reduce_of_eight_workers_by_hand(scaling):
    # 14 rounds of an eighth of 8 MB over 1 MB a millisecond, and of 0.5 ms each.
    network = scaling.Network("", bytes_per_second=1e9, latency=5e-4)
    assert scaling.all_reduce_seconds(8e6, 8, network) == pytest.approx(14 * 1e-3 + 14 * 5e-4)
    assert scaling.all_reduce_seconds(8e6, 1, network) == 0.0


@pytest.mark.parametrize(
    "strong, overlap, expected",
    [
        # Four workers; gradients take 6 rounds of 1 ms, and three short ones 6 of 0.1 ms each.
        (False, False, 0.1 / (0.1 + 0.0066 + 0.0018)),
        (False, True, 0.1 / (0.1 + 0.0018)),
        (True, False, 0.025 / (0.025 + 0.0066 + 0.0018)),
        (True, True, 0.025 / (0.025 + 0.0018)),
    ],
)
def test_the_efficiency_of_four_workers_by_hand(scaling, strong, overlap, expected):
    network = scaling.Network("", bytes_per_second=1e9, latency=1e-4)
    training = scaling.Training("", 0.1, batch_size=32, gradient_bytes=4_000_000, num_rounds=3)
    share = scaling.efficiency(training, 4, network, strong=strong, overlap=overlap)
    assert share == pytest.approx(expected, rel=1e-12)


def test_gradients_that_take_longer_than_the_step_hide_the_step(scaling):
    network = scaling.Network("", bytes_per_second=1e6, latency=0.0)
    training = scaling.Training("", 0.1, batch_size=4, gradient_bytes=1_000_000, num_rounds=0)
    # 2 rounds of half a second.
    assert scaling.step_seconds(training, 2, network, strong=False, overlap=True) == 1.0


def test_a_batch_is_shared_by_as_many_workers_as_it_has_examples(scaling):
    network = scaling.Network("", bytes_per_second=1e12, latency=0.0)
    training = scaling.Training("", 1.0, batch_size=6, gradient_bytes=4)
    assert scaling.efficiency(training, 7, network, strong=True, overlap=False) is None
    assert scaling.most_workers(training, network, strong=True, overlap=False) == 6


def test_the_most_workers_are_the_last_of_an_efficiency_of_a_half(scaling):
    # The latency alone counts: a half is reached where 2 (N - 1) l (1 + r) is t.
    network = scaling.Network("", bytes_per_second=1e30, latency=1e-3)
    training = scaling.Training("", 1.001, batch_size=1, gradient_bytes=4, num_rounds=4)
    found = scaling.most_workers(training, network, strong=False, overlap=False)
    assert found == 1 + int(1.001 / (2 * 1e-3 * 5))
    ends = [
        scaling.efficiency(training, number, network, strong=False, overlap=False)
        for number in (found, found + 1)
    ]
    assert ends[0] >= 0.5 > ends[1]


def test_the_page_is_made_from_what_was_measured(benchmark):
    found = json.loads((ROOT / "docs" / "benchmark_distributed.json").read_text("utf-8"))
    text = (ROOT / "docs" / "benchmark_distributed.md").read_text("utf-8")
    assert benchmark("page").as_markdown(found) == text


def test_the_numbers_of_parameters_are_those_that_the_recipes_give(benchmark):
    from kerasrecipes.recipes import catalog

    sizes = {name: size for name, (size, _) in benchmark("page").SIZES.items()}
    given = {name: catalog.get(name).num_parameters for name in sizes}
    given = {name: number for name, number in given.items() if number is not None}
    assert len(given) >= 4
    assert given == {name: sizes[name] for name in given}
