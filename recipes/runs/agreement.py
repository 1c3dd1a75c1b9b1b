"""What several processes of one run must decide alike, at the same step.

To save is a step of all of them, since they share their variables: one that saved alone would wait
for the others for ever. But each has a clock of its own, and SIGTERM may come to one alone.
"""

from __future__ import annotations

import time

# Seconds from one question to the next: a notice is some ten seconds long at least, and a question
# costs as much as the smallest reduction.
ASK_SECONDS = 1.0


class Agreement:
    """Lets all members of a run see what one of them sees.

    Args:
        largest: function from a list of floats to the largest of each over all members, which all
            call at the same step; None for a run of one process. Defaults to None.
    """

    def __init__(self, largest=None):
        self.largest = largest
        self._until_next = 0  # calls, the same number in all members
        self._asked_at = None

    def anybody(self, *flags):
        """Return for each flag whether it is set in any member."""
        if self.largest is None:
            return flags
        return tuple(value > 0 for value in self.largest([float(flag) for flag in flags]))

    def now_and_then(self, *flags):
        """The same, asked about once a second; in between nothing is set.

        All members must call it equally often. How long a call takes on the slowest of them decides
        after how many calls all of them ask again.
        """
        if self.largest is None:
            return flags
        if self._until_next > 0:
            self._until_next -= 1
            return (False,) * len(flags)
        now = time.monotonic()
        seconds = 0.0 if self._asked_at is None else (now - self._asked_at) / self._num_calls
        *values, slowest = self.largest([*(float(flag) for flag in flags), seconds])
        self._num_calls = max(1, min(1000, int(ASK_SECONDS / slowest))) if slowest else 1
        self._until_next = self._num_calls - 1
        self._asked_at = time.monotonic()
        return tuple(value > 0 for value in values)
