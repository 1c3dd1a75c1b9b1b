"""What a process writes to its log, copied to the terminal as it comes."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

NUM_KEPT = 2**14  # characters, of which `has_shown` knows


class CopiedLog:
    """Copies the whole lines of a growing log.

    Args:
        path: str or path of the log, which need not be there yet.
        stream: text file to copy to. Defaults to standard output.
        hidden: str, the beginning of lines that are left out. Defaults to "--- ", which stands
            before each start of a process.
    """

    def __init__(self, path, stream=None, hidden="--- "):
        self.path = Path(path)
        self.stream = stream or sys.stdout
        self.hidden = hidden
        # A run that goes on has a log already.
        self._shown = ""
        self._position = self.path.stat().st_size if self.path.is_file() else 0

    def copy(self):
        """Copy what has come since the last time."""
        with (
            contextlib.suppress(FileNotFoundError, NotADirectoryError),
            open(self.path, "rb") as log,
        ):
            log.seek(self._position)
            whole, newline, _ = log.read().rpartition(b"\n")
            self._position += len(whole) + len(newline)
            for line in whole.decode("utf-8", errors="replace").splitlines() if newline else ():
                if not line.startswith(self.hidden):
                    print(line, file=self.stream)
                    self._shown = f"{self._shown}{line}\n"[-NUM_KEPT:]
            self.stream.flush()

    def has_shown(self, text):
        """Return whether a text has been copied lately."""
        return text in self._shown
