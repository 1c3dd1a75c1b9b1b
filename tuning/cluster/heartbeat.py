"""The heartbeat of a member of a search, of which the chief hears too.

A worker calls the chief once a trial, which may take hours, so the chief could not tell a long
trial from a dead worker. This module is light: a member begins to beat before it loads TensorFlow.
"""

from __future__ import annotations

import contextlib
import os
import uuid

from ...recipes.processes import heartbeat
from .roles import WORKER, role

# What goes with every call to the chief: who calls, and in which of its lives.
TUNER_ID_KEY, SESSION_KEY, BEAT_KEY = "tuner-id", "session", "beat"

# Where there is a proxy for the web, the chief is not behind it; and a chief that comes back is
# found again within a second, where gRPC would wait for up to two minutes.
CHANNEL_OPTIONS = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
)

# Of this process; a worker that was restarted has another one.
SESSION = uuid.uuid4().hex


def metadata(tuner_id, *more):
    """Return what goes with a worker's calls to the chief."""
    return ((TUNER_ID_KEY, tuner_id), (SESSION_KEY, SESSION), *more)


class Heartbeat(heartbeat.Heartbeat):
    """Beats for the supervisor, and calls the chief where this process is a worker.

    Args:
        seconds: as of `processes.heartbeat.Heartbeat`. Defaults to 2.
        stalled_seconds: as there. Defaults to None.
        environment: as there. Defaults to that of this process.

    Raises:
        RecipeError: the environment gives no role.
    """

    def __init__(self, seconds=2.0, stalled_seconds=None, environment=None):
        super().__init__(seconds, stalled_seconds, environment)
        self.role = role(os.environ if environment is None else environment)
        self._channel = None

    def __exit__(self, *exception):
        super().__exit__(*exception)
        if self._channel is not None:
            self._channel.close()

    def saved(self):
        """Let checkpoints be: a worker earns new restarts by trials that end."""

    def beat_once(self):
        """Beat for the supervisor and for the chief."""
        super().beat_once()
        if self.role.name == WORKER:
            self._call_chief()

    def _call_chief(self):
        import grpc

        if self._channel is None:
            self._channel = grpc.insecure_channel(self.role.address, options=CHANNEL_OPTIONS)
            # An empty message is no bytes; KerasTuner's own classes come with TensorFlow.
            self._get_space = self._channel.unary_unary(
                "/keras_tuner.Oracle/GetSpace",
                request_serializer=lambda _: b"",
                response_deserializer=lambda answer: answer,
            )
        with contextlib.suppress(grpc.RpcError):
            self._get_space(
                None,
                timeout=max(self.seconds, 1.0),
                metadata=metadata(self.role.id, (BEAT_KEY, "1")),
            )
