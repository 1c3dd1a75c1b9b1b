"""The supervisor of a search on this machine: one chief and some workers, kept alive to the end."""

from __future__ import annotations

import contextlib
import math
import signal
import socket
import threading
import time

from ...recipes.atomic import make_folder
from ...recipes.errors import RecipeError, check_at_least
from .member import MISTAKE, Member, said_of
from .roles import CHIEF, WORKER, Role
from .shares import chief_environment, cores_of, worker_environment

HOST = "127.0.0.1"
LOOK_SECONDS = 0.05


def supervise(
    command,
    num_workers,
    *,
    log_folder,
    environment=None,
    max_restarts=5,
    grace_seconds=10.0,
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
    chief = Member(
        Role(CHIEF, "chief", HOST, port),
        command,
        {**chief_environment(), **environment},
        [],
        folder,
    )
    workers = [
        Member(
            Role(WORKER, f"tuner{index}", HOST, port),
            command,
            {**worker_environment(index, num_workers), **environment},
            cores_of(index, num_workers),
            folder,
        )
        for index in range(num_workers)
    ]
    supervision = _Supervision(
        chief,
        workers,
        max_restarts=max_restarts,
        grace_seconds=grace_seconds,
        hung_seconds=math.inf if hung_seconds is None else hung_seconds,
        on_event=on_event or (lambda sentence: None),
        on_look=on_look or (lambda: None),
        go_on=go_on,
    )
    with _sigterm_raises():
        try:
            supervision.run()
        finally:
            supervision.stop()


def free_port():
    """Return a port of this machine that is free now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def _sigterm_raises():
    # Only the main thread may say what a signal does.
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number, frame):
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Supervision:
    def __init__(self, chief, workers, **settings):
        self.chief = chief
        self.workers = workers
        self.members = [chief, *workers]
        self.__dict__.update(settings)
        self.last_running = time.monotonic()
        self.last_look = time.monotonic()
        self.num_recalls = 0

    def run(self):
        while not self.chief.done:
            for member in self.members:
                self._look_after(member)
            self._check_that_it_can_go_on()
            self._recall()
            self._look()
            time.sleep(LOOK_SECONDS)
        self._wait_for_workers()
        self.on_look()

    def _look(self):
        if time.monotonic() - self.last_look > 0.5:
            self.on_look()
            self.last_look = time.monotonic()

    def _look_after(self, member):
        if member.waiting and time.monotonic() >= member.start_at:
            member.start()
        code = member.ended()
        if code == 0:
            member.done = True
        elif code == MISTAKE:
            raise RecipeError(member.sentence())
        elif code is not None:
            self._failed(member, said_of(code))
        elif member.running and member.seconds_since_beat() > self.hung_seconds:
            member.kill()
            self._failed(member, f"gave no sign of life for {self.hung_seconds:g} s")

    def _failed(self, member, reason):
        member.failed(reason, self.max_restarts)
        done = "is given up" if member.given_up else "is started again"
        self.on_event(f"{member.name} {reason}; it {done}. Its log: {member.log}")

    def _check_that_it_can_go_on(self):
        if self.chief.given_up or all(worker.given_up for worker in self.workers):
            failed = [member for member in self.members if member.num_failures]
            raise RecipeError(
                "The search cannot go on: "
                + "; ".join(map(self._account, failed))
                + f". {self.go_on}"
            )

    @staticmethod
    def _account(member):
        times = "once" if member.num_failures == 1 else f"{member.num_failures} times in a row"
        last = member.last_words()
        said = f", after {last!r}" if last else ""
        return f"{member.name} failed {times}, the last time {member.reason}{said} ({member.log})"

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

    def _wait_for_workers(self):
        end = time.monotonic() + self.grace_seconds
        while time.monotonic() < end and any(worker.running for worker in self.workers):
            for worker in self.workers:
                worker.ended()
            time.sleep(LOOK_SECONDS)

    def stop(self):
        """End all members, gently first; whoever interrupts that ends them at once."""
        try:
            for member in self.members:
                member.signal(signal.SIGTERM)
            end = time.monotonic() + self.grace_seconds
            while time.monotonic() < end and any(member.running for member in self.members):
                for member in self.members:
                    member.ended()
                time.sleep(LOOK_SECONDS)
        finally:
            for member in self.members:
                member.kill()
                member.beat_file.unlink(missing_ok=True)
