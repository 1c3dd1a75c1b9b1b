"""A sign of life that a member of a job gives its supervisor every few seconds.

This module is light: a member begins to beat before it loads TensorFlow.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from pathlib import Path

# What the supervisor tells its members: a file whose time and content are their signs of life, its
# process id, and how long the steps of a training may be silent.
BEAT_FILE = "KERASRECIPES_BEAT_FILE"
SUPERVISOR = "KERASRECIPES_SUPERVISOR"
STALLED_SECONDS = "KERASRECIPES_STALLED_SECONDS"


class Heartbeat:
    """Beats in a thread of its own while its `with` block runs.

    A beat sets the time of the supervisor's file, where there is a supervisor. A beat that does not
    arrive is of no consequence. Where the supervisor is gone, the process ends at once.

    Args:
        seconds: float > 0, from beat to beat. Defaults to 2.
        stalled_seconds: float > 0 or None; no beat is given when `progressed` has not been called
            for that long, so that a main thread that is stuck is noticed too. None takes what the
            supervisor says, from the first `progressed` on; where it says nothing, the heart beats
            as long as the process lives. Defaults to None.
        environment: mapping from variable to text. Defaults to that of this process.
    """

    def __init__(self, seconds=2.0, stalled_seconds=None, environment=None):
        environment = os.environ if environment is None else environment
        self.seconds = seconds
        said = environment.get(STALLED_SECONDS)
        self.stalled_seconds = float(said) if stalled_seconds is None and said else stalled_seconds
        file = environment.get(BEAT_FILE)
        self._file = Path(file) if file else None
        self._supervisor = int(environment.get(SUPERVISOR) or 0)
        self._num_successes = 0
        self._ended = threading.Event()
        self._thread = None
        self._progress = None if stalled_seconds is None else time.monotonic()

    def __enter__(self):
        global _of_process
        self.beat()
        self._before, _of_process = _of_process, self
        self._thread = threading.Thread(target=self._beat_on, name="heartbeat", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception):
        global _of_process
        _of_process = self._before
        self._ended.set()
        self._thread.join()

    def progressed(self, *_, **__):
        """Say that the main thread goes on; takes any arguments, as the hooks of callbacks have."""
        self._progress = time.monotonic()

    def rested(self):
        """Say that what comes has no steps, until `progressed` is called again."""
        self._progress = None

    def succeeded(self):
        """Say that a part of the work is done, so that the supervisor forgives earlier failures."""
        self._num_successes += 1
        if self._progress is not None:
            self.progressed()
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.write_text(str(self._num_successes))

    def saved(self):
        """Say that a checkpoint is written, behind which a training will not fall back."""
        self.succeeded()

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
            if not self._stalled():
                self.beat_once()

    def beat_once(self):
        """Give the signs of life of one moment."""
        self.beat()

    def _stalled(self):
        since = self._progress
        if self.stalled_seconds is None or since is None:
            return False
        return time.monotonic() - since >= self.stalled_seconds


class _Silent:
    """What stands for the heart of a process that has no supervisor."""

    def progressed(self, *_, **__):
        pass

    rested = succeeded = saved = progressed


_of_process = _Silent()


def beating():
    """Return a `Heartbeat` where there is a supervisor, else a context that does nothing."""
    return Heartbeat() if os.environ.get(BEAT_FILE) else contextlib.nullcontext()


def of_process():
    """Return the `Heartbeat` whose `with` block runs in this process, or one that does nothing."""
    return _of_process
