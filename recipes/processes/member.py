"""One member of a job as its supervisor sees it: a process, its log and its failures."""

from __future__ import annotations

import contextlib
import datetime
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from ..atomic import make_folder
from . import become
from .heartbeat import BEAT_FILE, SUPERVISOR
from .notice import TERMINATED

MISTAKE = 2  # the exit code of a member that explains in one sentence why it cannot go on
PREFIX = "kerasrecipes: "  # of that sentence

# What TensorFlow's C++ part writes before it can be told not to.
_NOTE = re.compile(r"[IW]\d{4} |WARNING: All log messages before absl")

# Seconds from a failure to the next start; doubles with every failure in a row.
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0


class Member:
    """A process of several that do one job.

    Args:
        name: str, "chief", "worker0", ...
        command: list of str.
        environment: dict, beside that of this process.
        cores: list of int, where it may run; empty for everywhere.
        folder: path, of its log and its beat file.

    Attributes:
        log: path of its log, to which every start appends.
        num_failures: int, in a row: a success since the last start, such as a trial that ended,
            makes it 1 again.
        reason: str, why it failed last.
        done: bool, whether it has ended well.
        given_up: bool, whether it failed too often to be started again.
    """

    def __init__(self, name, command, environment, cores, folder):
        self.name = name
        self.command = list(map(str, command))
        self.cores = cores
        self.log = Path(folder) / f"{self.name}.log"
        self.beat_file = Path(folder) / f".{self.name}.beat"
        self.environment = {
            **environment,
            BEAT_FILE: str(self.beat_file),
            SUPERVISOR: str(os.getpid()),
            "PYTHONUNBUFFERED": "1",  # what it said last is in its log, however it ends
        }
        self.process = None
        self.num_failures = 0
        self.reason = ""
        self.done = self.given_up = False
        self.start_at = 0.0

    @property
    def running(self):
        """Whether its process runs."""
        return self.process is not None

    @property
    def waiting(self):
        """Whether it is to be started, now or later."""
        return not (self.running or self.done or self.given_up)

    def start(self):
        """Start its process."""
        make_folder(self.log.parent)  # somebody may have removed it
        self.beat_file.write_text("0")
        self.started = self._last_beat = time.monotonic()
        self._beat_time = self.beat_file.stat().st_mtime_ns
        self.done = False
        launcher = [sys.executable, "-I", "-S", become.__file__, str(os.getpid())]
        with open(self.log, "ab") as log:
            now = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
            log.write(f"--- {self.name} started {now}\n".encode())
            log.flush()
            self._log_start = log.tell()
            self.process = subprocess.Popen(
                [*launcher, ",".join(map(str, self.cores)), *self.command],
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C in the terminal comes to the supervisor alone, which stops the rest.
                start_new_session=True,
            )

    def ended(self):
        """Return the exit code where its process has ended since the last look, or None."""
        code = None if self.process is None else self.process.poll()
        if code is not None:
            self.process = None
        return code

    def failed(self, reason, max_restarts):
        """Note a failure, and when it is to be started again, if at all."""
        self.num_failures = 1 if self.num_successes() else self.num_failures + 1
        self.reason = reason
        self.given_up = self.num_failures > max_restarts
        self.start_after(self.num_failures)

    def start_after(self, num_failures):
        """Let it be started once the wait after so many failures in a row is over."""
        self.done = False
        wait = min(FIRST_WAIT * 2 ** (num_failures - 1), LONGEST_WAIT)
        self.start_at = time.monotonic() + wait

    def num_successes(self):
        """Return how much of its work it has done since its last start."""
        with contextlib.suppress(OSError, ValueError):
            return int(self.beat_file.read_text())
        return 0

    def seconds_since_beat(self):
        """Return the seconds since a sign of life was seen, or since its start."""
        with contextlib.suppress(OSError):
            beat_time = self.beat_file.stat().st_mtime_ns
            if beat_time != self._beat_time:
                self._beat_time, self._last_beat = beat_time, time.monotonic()
        # By the clock that stands still while the machine sleeps.
        return time.monotonic() - self._last_beat

    def signal(self, number):
        """Send a signal to its process and to those that it has started."""
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def kill(self):
        """End its process at once, and wait for that."""
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()
            self.process = None

    def sentence(self):
        """Return the sentence with which it ended, the last that begins as the command line's."""
        lines = self.lines()
        for number in range(len(lines) - 1, -1, -1):
            line = lines[number]
            if line.startswith(PREFIX) and not line.startswith(f"{PREFIX}warning:"):
                return "\n".join(lines[number:]).removeprefix(PREFIX)
        said = "says nothing" if self.log.is_file() else "is gone"
        return self.last_words() or (
            f"{self.name} ended with exit code {MISTAKE}, and its log ({self.log}) {said}."
        )

    def last_words(self):
        """Return the last line that it wrote, what TensorFlow notes at its start left aside."""
        lines = [line for line in self.lines() if not _NOTE.match(line)]
        return lines[-1] if lines else ""

    def lines(self):
        """Return the lines that it wrote since its last start, without empty ones."""
        with contextlib.suppress(OSError), open(self.log, "rb") as log:
            log.seek(self._log_start)
            text = log.read().decode("utf-8", errors="replace")
            return [line.rstrip() for line in text.splitlines() if line.strip()]
        return []


def said_of(code):
    """Say in words how a process ended.

    >>> said_of(-11), said_of(-9), said_of(1)
    ('killed by SIGSEGV', 'killed by SIGKILL (out of memory?)', 'ended with exit code 1')
    >>> said_of(143)
    'ended as SIGTERM asked it to'
    """
    if code == TERMINATED:
        return "ended as SIGTERM asked it to"
    if code == -signal.SIGKILL:
        return "killed by SIGKILL (out of memory?)"  # as the system does then
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
