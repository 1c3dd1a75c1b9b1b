"""The program that becomes a member of a job: bound to its supervisor's life and to its cores.

    python -I -S become.py SUPERVISOR_PID CORES COMMAND...

CORES are numbers with commas between them, or nothing for all. It stands alone and imports little,
since every start of a member passes through it. What it sets outlives `exec`, so that the command
need not know of it, and there is no code between fork and exec in a process with threads.
"""

import contextlib
import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)


def main(supervisor, cores, *command):
    """Become the command."""
    if sys.platform == "linux":
        # Killed with its supervisor, however that ends; a member that hangs or is stopped too.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(supervisor):
        return 1  # it ended in the meantime
    if cores and hasattr(os, "sched_setaffinity"):
        # A container may have taken the cores away since; then it runs where it may.
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, [int(core) for core in cores.split(",")])
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"kerasrecipes: {command[0]!r} cannot be run: {error.strerror}.", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
