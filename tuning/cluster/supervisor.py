"""The supervisor of a search on this machine: one chief and some workers, kept alive to the end."""

from __future__ import annotations

import time

from ...recipes.atomic import make_folder
from ...recipes.errors import RecipeError, check_at_least
from ...recipes.processes.heartbeat import STALLED_SECONDS
from ...recipes.processes.member import Member
from ...recipes.processes.shares import chief_environment, cores_of, worker_environment
from ...recipes.processes.supervision import HOST, Supervision, free_port
from .roles import CHIEF, WORKER, Role


def supervise(
    command,
    num_workers,
    *,
    log_folder,
    environment=None,
    max_restarts=5,
    grace_seconds=10.0,
    stalled_seconds=600.0,
    hung_seconds=120.0,
    on_event=None,
    on_look=None,
    go_on="Mend that, and go on with `--resume`.",
):
    """Run a search with one chief and some workers on this machine, and return when it is over.

    Every member is a process of the same command and learns from KerasTuner's three environment
    variables what it is (`roles.role`). It ends with 0 when the search is over; with 2 after a
    sentence on standard error about a mistake, which stops the search; otherwise it has crashed and
    is started again under its id. It gives signs of life with `heartbeat.Heartbeat`.

    A worker that failed too often is given up, and the rest go on without it. Ctrl-C and SIGTERM
    stop all members. On Linux they are killed with the thread that calls this, whatever ends it.

    Args:
        command: list of str, the program and its arguments.
        num_workers: int >= 1. Each has its share of the cores and GPUs (`shares`).
        log_folder: str or path, for the logs `chief.log`, `tuner0.log`, ...; made if missing.
        environment: dict of variables for all members, beside those of this process.
        max_restarts: int >= 0, how often a member may fail in a row before it is given up. A worker
            whose trials end begins anew. Defaults to 5.
        grace_seconds: float >= 0, from SIGTERM to SIGKILL, and how long workers may take to end
            after the chief has. Defaults to 10.
        stalled_seconds: float > 0 or None, without a step of its training after which a worker is
            taken for hung; None waits for ever. Defaults to 600.
        hung_seconds: float > 0 or None, without a sign of life after which a member is killed and
            started again; None lets it be. Defaults to 120.
        on_event: callable that takes a sentence about what went wrong and what is done about it.
        on_look: callable without arguments, called twice a second and at the end: a place to say
            how far it is.
        go_on: str, the end of an error, what the user does next.

    Raises:
        RecipeError: an argument is out of its range; a member ended on a mistake (with its
            sentence); or nothing can go on (which member failed how often, and the end of its log).
    """
    check_at_least("supervisor.supervise", 1, num_workers=num_workers)
    check_at_least("supervisor.supervise", 0, max_restarts=max_restarts)
    folder = make_folder(log_folder)
    port = free_port()
    environment = dict(environment or {})
    if stalled_seconds is not None:
        environment[STALLED_SECONDS] = str(stalled_seconds)

    def member(role, share, cores):
        own = {**share, **environment, **role.environment()}
        return Member(role.id, command, own, cores, folder)

    chief = member(Role(CHIEF, "chief", HOST, port), chief_environment(), [])
    workers = [
        member(
            Role(WORKER, f"tuner{index}", HOST, port),
            worker_environment(index, num_workers),
            cores_of(index, num_workers),
        )
        for index in range(num_workers)
    ]
    _Search(
        chief,
        workers,
        max_restarts=max_restarts,
        grace_seconds=grace_seconds,
        hung_seconds=hung_seconds,
        on_event=on_event,
        on_look=on_look,
        go_on=go_on,
    ).run()


class _Search(Supervision):
    """Members that fail by themselves, and are started again by themselves."""

    def __init__(self, chief, workers, **settings):
        super().__init__([chief, *workers], **settings)
        self.chief = chief
        self.workers = workers
        self.last_running = time.monotonic()
        self.num_recalls = 0

    def is_done(self):
        return self.chief.done

    def failed(self, member, reason, code):
        member.failed(reason, self.max_restarts)
        done = "is given up" if member.given_up else "is started again"
        self.on_event(f"{member.name} {reason}; it {done}. Its log: {member.log}")

    def each_round(self):
        self._check_that_it_can_go_on()
        self._recall()

    def at_end(self):
        self.wait_for(self.workers, self.grace_seconds)

    def _check_that_it_can_go_on(self):
        if self.chief.given_up or all(worker.given_up for worker in self.workers):
            failed = [member for member in self.members if member.num_failures]
            raise RecipeError(
                f"The search cannot go on: {'; '.join(map(self.account, failed))}. {self.go_on}"
            )

    def _recall(self):
        """Start a worker again where all have ended well and the chief still waits.

        So it is where the chief died after it had told them that the search is over: the one that
        took its place learns it only from a worker that asks.
        """
        if any(worker.running or worker.waiting for worker in self.workers):
            self.last_running = time.monotonic()
        elif time.monotonic() - max(self.last_running, self.chief.started) > self.grace_seconds:
            self.num_recalls += 1
            if self.num_recalls > max(1, self.max_restarts):
                raise RecipeError(
                    f"The search cannot go on: the workers ended well {self.num_recalls} times, "
                    f"and the chief waits for more of them ({self.chief.log}). {self.go_on}"
                )
            next(worker for worker in self.workers if worker.done).start()
            self.last_running = time.monotonic()
