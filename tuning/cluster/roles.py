"""What this process is in a search, said by KerasTuner's three environment variables."""

from __future__ import annotations

import dataclasses
import os

from ...recipes.errors import RecipeError

TUNER_ID = "KERASTUNER_TUNER_ID"
ORACLE_IP = "KERASTUNER_ORACLE_IP"
ORACLE_PORT = "KERASTUNER_ORACLE_PORT"

ALONE, CHIEF, WORKER = "alone", "chief", "worker"


@dataclasses.dataclass(frozen=True)
class Role:
    """What a process is in a search.

    Attributes:
        name: "alone", a search of one process; "chief", which hands out trials and runs none; or
            "worker", which runs them.
        id: str, "chief" or what tells the workers apart: "tuner0", "tuner1", ...
        host: str, name or IP address of the chief's machine; None where it is alone.
        port: int in [1, 65535], None where it is alone.
    """

    name: str = ALONE
    id: str = "tuner0"
    host: str | None = None
    port: int | None = None

    @property
    def address(self):
        """Host and port as gRPC writes them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def environment(self):
        """Return the three variables that say this, as a dict."""
        if self.name == ALONE:
            return {}
        return {TUNER_ID: self.id, ORACLE_IP: self.host, ORACLE_PORT: str(self.port)}


def role(environment=None):
    """Return the `Role` that the environment gives.

    As in KerasTuner, whose id has "chief" in it is the chief. An empty variable counts as none.

    Args:
        environment: mapping from variable to text. Defaults to that of this process.

    Raises:
        RecipeError: only some of the three variables are set, or the port is none.
    """
    environment = os.environ if environment is None else environment
    given = {name: environment.get(name, "") for name in (TUNER_ID, ORACLE_IP, ORACLE_PORT)}
    missing = [name for name, value in given.items() if not value]
    if len(missing) == len(given):
        return Role()
    if missing:
        there = ", ".join(f"{name}={value!r}" for name, value in given.items() if value)
        raise RecipeError(
            f"{TUNER_ID}, {ORACLE_IP} and {ORACLE_PORT} must be set all three or not at all. "
            f"Received: {there} without {' and '.join(missing)}. Set what is missing, or unset "
            f"the rest to search with this process alone."
        )
    port = given[ORACLE_PORT]
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        raise RecipeError(
            f"{ORACLE_PORT} must be a whole number in [1, 65535]. Received: "
            f"{ORACLE_PORT}={port!r}. Set it to a port of the chief's machine that is free, the "
            f"same in all processes."
        )
    name = CHIEF if "chief" in given[TUNER_ID] else WORKER
    return Role(name, given[TUNER_ID], given[ORACLE_IP], int(port))
