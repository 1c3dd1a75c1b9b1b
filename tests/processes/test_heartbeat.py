"""What a heart tells, in this process."""

import pytest

from kerasrecipes.recipes.processes import heartbeat
from kerasrecipes.recipes.processes.heartbeat import Heartbeat, beating, of_process
from kerasrecipes.tuning.cluster.heartbeat import Heartbeat as SearchHeartbeat


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "beat"
    file.write_text("0")
    return file


@pytest.mark.parametrize(
    ("kind", "after_saving", "after_success"), [(Heartbeat, "1", "2"), (SearchHeartbeat, "0", "1")]
)
def test_a_checkpoint_is_a_success_of_a_training_and_not_of_a_search(
    file, kind, after_saving, after_success
):
    with kind(environment={heartbeat.BEAT_FILE: str(file)}):
        of_process().saved()
        assert file.read_text() == after_saving
        of_process().succeeded()
        assert file.read_text() == after_success


def test_a_process_without_a_supervisor_says_nothing(monkeypatch):
    monkeypatch.delenv(heartbeat.BEAT_FILE, raising=False)
    with beating():
        for said in (of_process().progressed, of_process().rested, of_process().saved):
            said()
    assert not isinstance(of_process(), Heartbeat)


def test_a_process_with_one_beats_while_the_block_runs(monkeypatch, file):
    monkeypatch.setenv(heartbeat.BEAT_FILE, str(file))
    with beating():
        assert isinstance(of_process(), Heartbeat)
    assert not isinstance(of_process(), Heartbeat)
