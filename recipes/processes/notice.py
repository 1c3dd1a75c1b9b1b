"""SIGTERM, by which schedulers and clouds give notice before they take a machine away."""

from __future__ import annotations

import contextlib
import os
import signal
import threading

TERMINATED = 128 + signal.SIGTERM  # the exit code of who ends as SIGTERM asks, as shells have it


@contextlib.contextmanager
def sigterm_raises():
    """Let SIGTERM raise `SystemExit` in the body, with 143 as shells have it.

    So what the body has begun is put away as it is where anything else raises.
    """

    def stop(number, frame):
        raise SystemExit(TERMINATED)

    with _handled(stop):
        yield


class Notice:
    """Notes SIGTERM while its `with` block runs; a second one ends the process at once.

    Attributes:
        given: bool, whether it has come.
    """

    def __init__(self):
        self.given = False

    def __enter__(self):
        self._handling = _handled(self._note)
        self._handling.__enter__()
        return self

    def __exit__(self, *exception):
        self._handling.__exit__(*exception)

    def _note(self, number, frame):
        if self.given:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.given = True


@contextlib.contextmanager
def _handled(handler):
    # Only the main thread may say what a signal does.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
