"""What several processes of one run must decide alike, at the same step.

To save is a step of all of them, since they share their variables: one that saved alone would wait
for the others for ever. But each has a clock of its own, and SIGTERM may come to one alone.
"""

from __future__ import annotations

import time

# Seconds from one question to the next: a notice is some ten seconds long at least, and a question
# costs as much as the smallest reduction.
ASK_SECONDS = 1.0
MOST_CALLS = 1000


class Agreement:
    """Lets all members of a run see what one of them sees.

    Args:
        totals: function from a list of floats to the sum of each over all members, which all call
            at the same step; None for a run of one process. Defaults to None.
    """

    def __init__(self, totals=None):
        self.totals = totals
        self._num_calls = 1  # from one question to the next, the same number in all members
        self._num_left = 1
        self._asked_at = None

    def anybody(self, *flags):
        """Return for each flag whether it is set in any member."""
        if self.totals is None:
            return flags
        return tuple(total > 0 for total in self.totals([float(flag) for flag in flags]))

    def now_and_then(self, *flags):
        """The same, asked about once a second; in between nothing is set.

        All members must call it equally often. How long a call takes on their average decides after
        how many calls all of them ask again.
        """
        if self.totals is None:
            return flags
        self._num_left -= 1
        if self._num_left > 0:
            return (False,) * len(flags)
        now = time.monotonic()
        seconds = 0.0 if self._asked_at is None else (now - self._asked_at) / self._num_calls
        *totals, seconds, num_members = self.totals([*map(float, flags), seconds, 1.0])
        if seconds > 0:
            self._num_calls = round(ASK_SECONDS * num_members / seconds)
            self._num_calls = min(max(1, self._num_calls), MOST_CALLS)
        self._num_left = self._num_calls
        self._asked_at = time.monotonic()
        return tuple(total > 0 for total in totals)
