"""A limit of time for what could go on for long."""

import time


class Clock:
    """Tells when its seconds are over."""

    def __init__(self, seconds):
        self.end = time.monotonic() + seconds

    def up(self):
        """Return whether they are."""
        return time.monotonic() > self.end
