"""What is written for TensorBoard is read back by TensorBoard itself."""

import math

import pytest
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.context import RequestContext
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import (
    api_pb2,
    backend_context,
    get_experiment,
    list_session_groups,
)
from tensorboard.plugins.scalar import metadata as scalar_metadata

from kerasrecipes.tuning.reporting import write_tensorboard


def board(root):
    """Return what the dashboard asks, and the experiment and the groups that it shows."""
    events = plugin_event_multiplexer.EventMultiplexer()
    events.AddRunsFromDirectory(str(root))
    events.Reload()
    provider = data_provider.MultiplexerDataProvider(events, str(root))
    context = backend_context.Context(
        base_plugin.TBContext(logdir=str(root), data_provider=provider)
    )
    request = RequestContext()
    asked = api_pb2.GetExperimentRequest()
    experiment = get_experiment.Handler(request, context, "", asked).run()
    wanted = api_pb2.ListSessionGroupsRequest(
        start_index=0,
        slice_size=1000,
        allowed_statuses=[
            api_pb2.STATUS_UNKNOWN,
            api_pb2.STATUS_SUCCESS,
            api_pb2.STATUS_FAILURE,
            api_pb2.STATUS_RUNNING,
        ],
    )
    handler = list_session_groups.Handler(request, context, "", wanted)
    return events, experiment, handler.run().session_groups


@pytest.fixture
def search(make_search):
    return make_search(30)


def test_the_dashboard_shows_every_trial_with_its_values(search):
    _, experiment, groups = board(write_tensorboard(search))
    names = {info.name: info for info in experiment.hparam_infos}
    assert set(names) == {"learning_rate", "batch_size", "optimizer", "momentum"}
    assert names["learning_rate"].domain_interval.max_value == 1.0
    assert list(names["optimizer"].domain_discrete) == ["adam", "sgd"]
    trials = {trial.number: trial for trial in search.trials()}
    found = {int(group.name.removeprefix("trial ")): group for group in groups}
    assert set(found) == set(trials)
    for number, trial in trials.items():
        shown = {
            name: getattr(value, value.WhichOneof("kind"))
            for name, value in found[number].hparams.items()
            if value.WhichOneof("kind")
        }
        assert {name: shown[name] for name in trial.values} == trial.values
        (session,) = found[number].sessions
        success = trial.status != "failed"
        assert session.status == (api_pb2.STATUS_SUCCESS if success else api_pb2.STATUS_FAILURE)
        assert session.end_time_secs - session.start_time_secs == pytest.approx(
            trial.seconds, abs=1e-3
        )


def test_objective_and_curves_are_scalars_by_epoch(search):
    root = write_tensorboard(search)
    events, experiment, groups = board(root)
    assert experiment.metric_infos[0].name.tag == "objective"
    for trial in search.trials():
        run = f"{trial.number:04d}"
        tags = events.PluginRunToTagToContent(scalar_metadata.PLUGIN_NAME)[run]
        assert ("objective" in tags) is (trial.status != "failed")
        read = [event.tensor_proto.float_val for event in events.Tensors(run, "val_accuracy")]
        read = [value for (value,) in read]
        steps = [event.step for event in events.Tensors(run, "val_accuracy")]
        assert steps == list(range(len(trial.history["val_accuracy"])))
        for one, other in zip(read, trial.history["val_accuracy"], strict=True):
            assert one == pytest.approx(other, rel=1e-6) or (math.isnan(one) and math.isnan(other))
    by_objective = {
        group.name: [m.value for m in group.metric_values if m.name.tag == "objective"]
        for group in groups
    }
    best = search.best()[0]
    assert by_objective[f"trial {best.number}"] == [pytest.approx(best.objective, rel=1e-6)]


def test_written_twice_it_is_there_once(search):
    root = write_tensorboard(search)
    before = {path: path.read_bytes() for path in root.rglob("events*")}
    assert write_tensorboard(search) == root
    assert {path: path.read_bytes() for path in root.rglob("events*")} == before
    assert len(before) == 31


def test_values_of_many_kinds_are_taken(make_search, number, choice, boolean):
    space = (boolean("flip", True), choice("depth", 1, 2, 3), number("rate", 0.0, 1.0))
    _, experiment, groups = board(write_tensorboard(make_search(5, space=space)))
    kinds = {info.name: info.type for info in experiment.hparam_infos}
    assert kinds == {
        "flip": api_pb2.DATA_TYPE_BOOL,
        "depth": api_pb2.DATA_TYPE_FLOAT64,
        "rate": api_pb2.DATA_TYPE_FLOAT64,
    }
    assert len(groups) == 5
