"""A worker's way to the oracle of its chief, which may be away for a while."""

from __future__ import annotations

import time

import grpc
from keras_tuner.src import protos
from keras_tuner.src.distribute.oracle_client import OracleClient

from ...recipes.errors import RecipeError
from .heartbeat import CHANNEL_OPTIONS, metadata

# What a call ends with when its chief dies under it.
_AWAY = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)


class PatientClient(OracleClient):
    """KerasTuner's client, with which a worker outlives its chief.

    A call that was under way when the chief died is made again, which the chief's service allows.
    Every call says who calls.

    Args:
        oracle: `keras_tuner.Oracle` of the same arguments as the chief's.
        role: `Role` of this worker.
        patience_seconds: float > 0, how long the chief may be away. Defaults to 600.
        heartbeat: `Heartbeat` of this process, which is told of trials that end.
    """

    def __init__(self, oracle, role, *, patience_seconds=600.0, heartbeat=None):
        # Not that of the base class, which makes a channel that waits for up to two minutes before
        # it looks for the chief again.
        self._oracle = oracle
        self._channel = grpc.insecure_channel(role.address, options=CHANNEL_OPTIONS)
        stub = protos.get_service_grpc().OracleStub(self._channel)
        self.stub = _PatientStub(stub, role, patience_seconds)
        self.tuner_id = role.id
        self.multi_worker = False
        self.should_report = True
        self._heartbeat = heartbeat

    def end_trial(self, trial):
        """Report the end of a trial."""
        super().end_trial(trial)
        if self._heartbeat is not None:
            self._heartbeat.succeeded()


class _PatientStub:
    """The calls of a stub, made again until they are answered."""

    def __init__(self, stub, role, patience_seconds):
        self._stub = stub
        self._role = role
        self._patience_seconds = patience_seconds

    def __getattr__(self, name):
        method = getattr(self._stub, name)

        def call(request, **_):
            end = time.monotonic() + self._patience_seconds
            while True:
                try:
                    return method(
                        request,
                        wait_for_ready=True,
                        timeout=max(0.1, end - time.monotonic()),
                        metadata=metadata(self._role.id),
                    )
                except grpc.RpcError as error:
                    if error.code() in _AWAY and time.monotonic() < end:
                        time.sleep(0.2)
                    elif error.code() in (*_AWAY, grpc.StatusCode.DEADLINE_EXCEEDED):
                        raise self._gone() from error
                    else:
                        raise

        return call

    def _gone(self):
        return RecipeError(
            f"A worker must have a chief. Received: no answer from {self._role.address!r} for "
            f"{self._patience_seconds:g} s. Where the search is not over, start its chief again "
            f"and then this worker."
        )
