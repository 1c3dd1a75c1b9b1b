"""Looking after the processes of a job until it is done, whichever of them fails meanwhile."""

from __future__ import annotations

import contextlib
import math
import signal
import socket
import time

from ..errors import RecipeError
from .member import MISTAKE, said_of
from .notice import sigterm_raises

HOST = "127.0.0.1"
LOOK_SECONDS = 0.05


class Supervision:
    """Starts members, looks at them until the job is done, and ends them.

    What becomes of a member that has failed, and when the job is done, is up to the kind of job: a
    subclass has `is_done` and `failed`, and may have `each_round` and `at_end`.

    A member ends with 0 when its part is done; with 2 after a sentence on standard error about a
    mistake, which stops the job; otherwise it has failed. It gives signs of life with a
    `heartbeat.Heartbeat`.

    Args:
        members: list of `Member`.
        max_restarts: int >= 0, how often a member may fail in a row before it is given up.
        grace_seconds: float >= 0, from SIGTERM to SIGKILL.
        hung_seconds: float > 0 or None, without a sign of life after which a member is killed; None
            lets it be.
        on_event: callable that takes a sentence about what went wrong and what is done about it.
        on_look: callable without arguments, called twice a second and at the end.
        go_on: str, the end of an error, what the user does next.
    """

    def __init__(
        self,
        members,
        *,
        max_restarts=5,
        grace_seconds=10.0,
        hung_seconds=120.0,
        on_event=None,
        on_look=None,
        go_on="",
    ):
        self.members = list(members)
        self.max_restarts = max_restarts
        self.grace_seconds = grace_seconds
        self.hung_seconds = math.inf if hung_seconds is None else hung_seconds
        self.on_event = on_event or (lambda sentence: None)
        self.on_look = on_look or (lambda: None)
        self.go_on = go_on
        self._last_look = time.monotonic()

    def is_done(self):
        """Return whether the job is done."""
        raise NotImplementedError

    def failed(self, member, reason, code):
        """Decide what becomes of a member that has failed, and say so by `on_event`.

        Args:
            member: `Member`, whose process has ended.
            reason: str, such as "killed by SIGKILL".
            code: int, its exit code, negative where a signal killed it.
        """
        raise NotImplementedError

    def each_round(self):
        """Do what else is to be done in every round, after all members have been looked at."""

    def at_end(self):
        """Do what is to be done when the job is done, before the members that run are ended."""

    def run(self):
        """See the job to its end, and leave no process behind. SIGTERM and Ctrl-C end it too.

        Raises:
            RecipeError: a member ended on a mistake (with its sentence), or nothing can go on.
        """
        with sigterm_raises():
            try:
                while not self.is_done():
                    for member in self.members:
                        self._look_after(member)
                    self.each_round()
                    self._look()
                    time.sleep(LOOK_SECONDS)
                self.at_end()
                self.on_look()
            finally:
                self.stop()

    def _look(self):
        if time.monotonic() - self._last_look > 0.5:
            self.on_look()
            self._last_look = time.monotonic()

    def _look_after(self, member):
        if member.waiting and time.monotonic() >= member.start_at:
            member.start()
        code = member.ended()
        if code == 0:
            member.done = True
        elif code == MISTAKE:
            raise RecipeError(member.sentence())
        elif code is not None:
            self.failed(member, said_of(code), code)
        elif member.running and member.seconds_since_beat() > self.hung_seconds:
            member.kill()
            self.failed(
                member, f"gave no sign of life for {self.hung_seconds:g} s", -signal.SIGKILL
            )

    def wait_for(self, members, seconds):
        """Wait for members to end, for so many seconds at most."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and any(member.running for member in members):
            for member in members:
                member.ended()
            time.sleep(LOOK_SECONDS)

    def account(self, member):
        """Return how often a member failed, why, and what it said last, for an error."""
        times = "once" if member.num_failures == 1 else f"{member.num_failures} times in a row"
        last = member.last_words()
        said = f", after {last!r}" if last else ""
        return f"{member.name} failed {times}, the last time {member.reason}{said} ({member.log})"

    def stop(self):
        """End all members, gently first; whoever interrupts that ends them at once."""
        try:
            for member in self.members:
                member.signal(signal.SIGTERM)
            self.wait_for(self.members, self.grace_seconds)
        finally:
            for member in self.members:
                member.kill()
                member.beat_file.unlink(missing_ok=True)


def free_port():
    """Return a port of this machine that is free now."""
    return free_ports(1)[0]


def free_ports(count):
    """Return ports of this machine that are free now, each another one."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((HOST, 0))
        return [probe.getsockname()[1] for probe in probes]
