"""A search for TensorBoard's HPARAMS dashboard.

Event files are written with TensorBoard's own record writer, which needs no TensorFlow.
"""

from __future__ import annotations

import datetime
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2, summary_v2
from tensorboard.summary.writer.record_writer import RecordWriter

from ...recipes.atomic import make_folder, replacing
from .outcome import has_value, outcome_of

OBJECTIVE = "objective"
# The same name each time, so that a search that is written again takes the place of itself.
_FILE = "events.out.tfevents.0000000000.search"


def write_tensorboard(folder) -> Path:
    """Write a search for TensorBoard's HPARAMS dashboard: `tensorboard --logdir FOLDER`.

    Each trial is a run of its own with its hyperparameters, its curves by epoch and its objective
    at the last one. What was written before is replaced.

    Args:
        folder: `SearchFolder`, its path, or `Outcome`.

    Returns:
        The path of the folder, `tensorboard` in that of the search.

    Raises:
        RecipeError: it is no search, no trial has ended, or the folder cannot be written.
    """
    outcome = outcome_of(folder)
    root = make_folder(outcome.folder / "tensorboard")
    begin = _begin(outcome.record)
    ends = outcome.ends()
    _write(root, [_event(_experiment(outcome, begin), begin)])
    for trial in outcome.trials:
        end = begin + ends[trial.number]
        _write(
            make_folder(root / f"{trial.number:04d}"),
            _trial_events(outcome, trial, end - trial.seconds, end),
        )
    return root


def _experiment(outcome, begin):
    metrics = dict.fromkeys(name for trial in outcome.trials for name in sorted(trial.history))
    shown = [summary_v2.Metric(OBJECTIVE, display_name=f"objective: {outcome.objective}")]
    # Beside the objective the dashboard has room for what it is near to.
    shown += [summary_v2.Metric(name) for name in metrics if name.startswith("val_")]
    return summary_v2.hparams_config_pb(
        hparams=[
            summary_v2.HParam(each.name, _domain(each), description=each.condition_text())
            for each in outcome.hyperparameters
        ],
        metrics=shown,
        time_created_secs=begin,
    )


def _domain(hyperparameter):
    if not hyperparameter.is_choice:
        return summary_v2.RealInterval(float(hyperparameter.low), float(hyperparameter.high))
    values = [_value(value) for value in hyperparameter.values]
    if len({type(value) for value in values}) > 1:
        values = [str(value) for value in values]
    return summary_v2.Discrete(values)


def _value(value):
    """Return a value as the dashboard takes it: whole numbers are floats there."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value if isinstance(value, bool) else str(value)
    return float(value)


def _trial_events(outcome, trial, begin, end):
    used = {
        each.name: _value(trial.values[each.name])
        for each in outcome.hyperparameters
        if each.place(trial.values) is not None
    }
    name = f"trial {trial.number}"
    yield _event(summary_v2.hparams_pb(used, trial_id=name, start_time_secs=begin), begin)
    num_epochs = max(map(len, trial.history.values()), default=0)
    for epoch in range(num_epochs):
        logs = {
            name: values[epoch] for name, values in trial.history.items() if epoch < len(values)
        }
        when = begin + (end - begin) * (epoch + 1) / num_epochs
        # Counted like Keras's own, from 0.
        yield _event(_scalars(logs), when, step=epoch)
    if has_value(trial):
        yield _event(_scalars({OBJECTIVE: trial.objective}), end, step=max(0, trial.epochs - 1))
    ended = api_pb2.STATUS_SUCCESS if has_value(trial) else api_pb2.STATUS_FAILURE
    info = plugin_data_pb2.SessionEndInfo(status=ended, end_time_secs=end)
    yield _event(_plugin_summary(metadata.SESSION_END_INFO_TAG, info), end)


def _plugin_summary(tag, info):
    # `summary.session_end_pb` makes the same, with TensorFlow.
    data = plugin_data_pb2.HParamsPluginData(session_end_info=info)
    summary = Summary()
    summary.value.add(
        tag=tag, metadata=metadata.create_summary_metadata(data), tensor=metadata.NULL_TENSOR
    )
    return summary


def _scalars(values):
    return Summary(value=[Summary.Value(tag=name, simple_value=v) for name, v in values.items()])


def _event(summary, when, step=0):
    return Event(wall_time=when, step=step, summary=summary)


def _write(folder, events):
    with replacing(folder / _FILE) as temporary, open(temporary, "wb") as stream:
        writer = RecordWriter(stream)
        writer.write(Event(wall_time=0.0, file_version="brain.Event:2").SerializeToString())
        for event in events:
            writer.write(event.SerializeToString())


def _begin(record):
    try:
        return datetime.datetime.fromisoformat(record["started"]).timestamp()
    except (KeyError, ValueError):
        return 0.0
