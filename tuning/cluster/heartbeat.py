"""A sign of life that a member of a search gives every few seconds.

A worker calls the chief once a trial, which may take hours, so the chief could not tell a long
trial from a dead worker. This module is light: a member begins to beat before it loads TensorFlow.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
import uuid
from pathlib import Path

from .roles import WORKER, role

# What the supervisor tells its members: a file whose time and content are their signs of life, and
# its process id.
BEAT_FILE = "KERASRECIPES_BEAT_FILE"
SUPERVISOR = "KERASRECIPES_SUPERVISOR"

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


class Heartbeat:
    """Beats in a thread of its own while its `with` block runs.

    A beat sets the time of the supervisor's file, where there is a supervisor, and calls the chief,
    where this process is a worker. A beat that does not arrive is of no consequence. Where the
    supervisor is gone, the process ends at once.

    Args:
        seconds: float > 0, from beat to beat. Defaults to 2.
        stalled_seconds: float > 0 or None; no beat is given when `progressed` has not been called
            for that long, so that a main thread that is stuck is noticed too. None beats as long as
            the process lives. Defaults to None.
        environment: mapping from variable to text. Defaults to that of this process.

    Raises:
        RecipeError: the environment gives no role.
    """

    def __init__(self, seconds=2.0, stalled_seconds=None, environment=None):
        environment = os.environ if environment is None else environment
        self.role = role(environment)
        self.seconds = seconds
        self.stalled_seconds = stalled_seconds
        file = environment.get(BEAT_FILE)
        self._file = Path(file) if file else None
        self._supervisor = int(environment.get(SUPERVISOR) or 0)
        self._num_successes = 0
        self._ended = threading.Event()
        self._thread = None
        self._channel = None
        self.progressed()

    def __enter__(self):
        self.beat()
        self._thread = threading.Thread(target=self._beat_on, name="heartbeat", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._ended.set()
        self._thread.join()
        if self._channel is not None:
            self._channel.close()

    def progressed(self, *_, **__):
        """Say that the main thread goes on; takes any arguments, as the hooks of callbacks have."""
        self._progress = time.monotonic()

    def succeeded(self):
        """Say that a trial has ended, so that the supervisor forgives earlier failures."""
        self._num_successes += 1
        self.progressed()
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.write_text(str(self._num_successes))

    def beat(self):
        """Give one sign of life to the supervisor."""
        if self._file is not None:
            # The supervisor takes the file away when it ends; nobody makes it anew.
            with contextlib.suppress(OSError):
                os.utime(self._file)

    def _beat_on(self):
        while not self._ended.wait(self.seconds):
            if self._supervisor and os.getppid() != self._supervisor:
                print("The supervisor is gone; this process ends.", file=sys.stderr, flush=True)
                os._exit(1)
            if self.stalled_seconds is None or self._stalled() < self.stalled_seconds:
                self.beat()
                if self.role.name == WORKER:
                    self._call_chief()

    def _stalled(self):
        return time.monotonic() - self._progress

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
