"""Every core and every GPU belongs to somebody."""

import pytest

from kerasrecipes.recipes.processes import shares


@pytest.mark.parametrize(("num_workers", "num_cores"), [(1, 8), (2, 2), (3, 8), (4, 4), (5, 7)])
def test_workers_share_the_cores_out(num_workers, num_cores):
    parts = [shares.cores_of(n, num_workers, range(num_cores)) for n in range(num_workers)]
    assert [core for part in parts for core in part] == list(range(num_cores))
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1


def test_more_workers_than_cores_may_use_all():
    assert [shares.cores_of(n, 3, [4, 5]) for n in range(3)] == [[4, 5]] * 3


def test_workers_share_the_gpus_out():
    assert [shares.gpus_of(n, 2, list("0123")) for n in range(2)] == [["0", "1"], ["2", "3"]]
    assert [shares.gpus_of(n, 3, ["0", "1"]) for n in range(3)] == [["0"], ["1"], ["0"]]
    assert shares.gpus_of(0, 2, []) == []


@pytest.mark.parametrize(
    ("named", "gpus"),
    [("2,0", ["2", "0"]), ("", []), ("-1", []), ("GPU-a, GPU-b", ["GPU-a", "GPU-b"])],
)
def test_the_gpus_are_those_that_are_visible(monkeypatch, named, gpus):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert shares.usable_gpus() == gpus


def test_a_worker_is_told_its_share(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setattr(shares, "usable_cores", lambda: [0, 1, 2, 3])
    told = shares.worker_environment(1, 2)
    assert told["TF_NUM_INTRAOP_THREADS"] == told["TF_NUM_INTEROP_THREADS"] == "2"
    assert told["OMP_NUM_THREADS"] == "3", "what the user has set stays"
    assert told["CUDA_VISIBLE_DEVICES"] == "1"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert "CUDA_VISIBLE_DEVICES" not in shares.worker_environment(1, 2)
