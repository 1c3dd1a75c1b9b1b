"""Workers that train one model together on this machine: they live and die together.

A worker that dies takes the others down, since every step is one of all of them. So all are started
again, and the command itself goes on where it was.
"""

from __future__ import annotations

import json
import tempfile

from ..atomic import make_folder
from ..errors import RecipeError, check_at_least
from .heartbeat import STALLED_SECONDS
from .member import Member
from .notice import TERMINATED
from .shares import cores_of, worker_environment
from .supervision import HOST, Supervision, free_ports

TF_CONFIG = "TF_CONFIG"
# Without a beat: the process is stopped or its machine is out of breath. Without a step is another
# thing, and takes as long as the user says.
HUNG_SECONDS = 120.0


class GaveUp(RecipeError):
    """The workers failed too often. `code` is the exit code of the one that failed last."""

    def __init__(self, sentence, code):
        super().__init__(sentence)
        self.code = 128 - code if code < 0 else code  # as shells have it


def run_together(
    command,
    num_workers,
    *,
    log_folder,
    environment=None,
    max_restarts=5,
    grace_seconds=30.0,
    stalled_seconds=600.0,
    hung_seconds=HUNG_SECONDS,
    on_event=None,
    on_look=None,
    is_over=None,
    go_on="Mend that, and run the same command again.",
):
    """Run one command as several workers on this machine, and return when the chief is done.

    The first worker is the chief. Each learns from TF_CONFIG who it is and where the others are, on
    ports that are free, anew at every start; one worker alone is told nothing. A worker ends with 0
    when it is done; with 2 after a sentence about a mistake, which stops all; otherwise all are
    ended and started again, and the command must go on where it was. One that ends with 143 has
    been asked to by SIGTERM: the others are left the time to save.

    Ctrl-C and SIGTERM are passed on to all workers as SIGTERM. On Linux they are killed with the
    thread that calls this, whatever ends it.

    Args:
        command: list of str, the program and its arguments.
        num_workers: int >= 1. Each has its share of the cores and GPUs (`shares`).
        log_folder: str or path, for the logs `worker0.log`, ...; made if missing.
        environment: dict of variables for all workers, beside those of this process.
        max_restarts: int >= 0, how often they may fail in a row, that is without a checkpoint in
            between. Defaults to 5.
        grace_seconds: float >= 0, from SIGTERM to SIGKILL, and how long workers may take to end
            after the chief has. Defaults to 30.
        stalled_seconds: float > 0 or None, without a step of the training after which a worker is
            taken for hung; None waits for ever. Defaults to 600.
        hung_seconds: float > 0 or None, the same without any sign of life. Defaults to 120.
        on_event: callable that takes a sentence about what went wrong and what is done about it.
        on_look: callable without arguments, called twice a second and at the end.
        is_over: callable without arguments, asked where the chief has failed: whether its work is
            done all the same, since it may fail as it puts itself away.
        go_on: str, the end of an error, what the user does next.

    Raises:
        GaveUp: they failed too often (who failed last, why, and the end of its log).
        RecipeError: an argument is out of its range, or a worker ended on a mistake (with its
            sentence).
    """
    check_at_least("together.run_together", 1, num_workers=num_workers)
    limits = {"stalled_seconds": stalled_seconds, "hung_seconds": hung_seconds}
    limits = {name: seconds for name, seconds in limits.items() if seconds is not None}
    least = {"max_restarts": max_restarts, "grace_seconds": grace_seconds, **limits}
    check_at_least("together.run_together", 0, **least)
    folder = make_folder(log_folder)
    environment = dict(environment or {})
    if stalled_seconds is not None:
        environment[STALLED_SECONDS] = str(stalled_seconds)
    workers = [
        Member(
            f"worker{index}",
            command,
            {**worker_environment(index, num_workers), **environment},
            cores_of(index, num_workers),
            folder,
        )
        for index in range(num_workers)
    ]
    together = _Together(
        workers,
        is_over or (lambda: False),
        max_restarts=max_restarts,
        grace_seconds=grace_seconds,
        hung_seconds=hung_seconds,
        on_event=on_event,
        on_look=on_look,
        go_on=go_on,
    )
    # A worker that is killed cannot remove what it keeps there.
    folder = tempfile.TemporaryDirectory(prefix="kerasrecipes-", ignore_cleanup_errors=True)
    with folder as temporary:
        for worker in workers:
            worker.environment["TMPDIR"] = temporary
        together.run()


class _Together(Supervision):
    """Members of which none can do without the others; the first is the chief."""

    def __init__(self, workers, is_over, **settings):
        super().__init__(workers, **settings)
        self.is_over = is_over
        self.num_failures = 0
        self._introduce()

    def is_done(self):
        return self.members[0].done

    def at_end(self):
        self.wait_for(self.members, self.grace_seconds)

    def stop(self):
        if not all(each.running for each in self.members):
            # Without the others nobody can take the step that all save at.
            for each in self.members:
                each.kill()
        super().stop()

    def failed(self, member, reason, code):
        if member is self.members[0] and self.is_over():
            member.done = True
            return
        if code == TERMINATED:
            # They have agreed on a step to save at.
            self.wait_for(self.members, self.grace_seconds)
        if any(each.num_successes() for each in self.members):
            self.num_failures = 0
        self.num_failures += 1
        for each in self.members:
            each.kill()
        told = f"{member.name} {reason}"
        if self.num_failures > self.max_restarts:
            raise GaveUp(self._account(member, told), code)
        alone = len(self.members) == 1
        again = "it is started again" if alone else f"all {len(self.members)} are started again"
        self.on_event(f"{told}; {again}. Its log: {member.log}")
        self._introduce()
        for each in self.members:
            each.start_after(self.num_failures)

    def _account(self, member, told):
        times = "once" if self.num_failures == 1 else f"{self.num_failures} times in a row"
        last = member.last_words()
        said = f", after {last!r}" if last else ""
        return (
            f"The workers failed {times}, the last time so: {told}{said} ({member.log}). "
            f"{self.go_on}"
        ).rstrip()

    def _introduce(self):
        """Tell the workers where the others will be; a port may still be held after its owner."""
        if len(self.members) == 1:
            return
        addresses = [f"{HOST}:{port}" for port in free_ports(len(self.members))]
        for index, member in enumerate(self.members):
            config = {
                "cluster": {"worker": addresses},
                "task": {"type": "worker", "index": index},
            }
            member.environment[TF_CONFIG] = json.dumps(config)
