"""The chief of a search: it hands trials out until the search is over, and runs none itself."""

from __future__ import annotations

import errno
import socket
from concurrent import futures

import grpc
from keras_tuner.src import protos

from ...recipes.errors import RecipeError
from .servicer import ForgivingServicer

# Calls at a time: as many workers as may wait for a trial without making others wait.
NUM_THREADS = 32
LOOK_SECONDS = 0.2


def serve(
    oracle,
    role,
    *,
    idle_seconds=600.0,
    gone_seconds=60.0,
    max_attempts=3,
    on_failed=None,
    heartbeat=None,
):
    """Serve the workers of a search, and return when it is over and they know it.

    What could go wrong with workers and with this process is listed at `ForgivingServicer`. A
    worker must beat (`heartbeat.Heartbeat`), or it is taken for dead in a long trial.

    Args:
        oracle: `keras_tuner.Oracle`. Where the search goes on it has just been reloaded: who runs
            which trial is read from its file, so that it must not be saved in between.
        role: `Role` of the chief, with the address to listen on.
        idle_seconds: float > 0; the chief gives up when no worker was heard of for so long.
            Defaults to 600.
        gone_seconds: float > 0; a worker that was not heard of for so long has its trial taken
            away. Defaults to 60.
        max_attempts: int >= 1, processes that may die of one trial before it has failed. Defaults
            to 3.
        on_failed: callable `(trial, reason)` for a trial that has failed so.
        heartbeat: `Heartbeat` of this process, which is told of trials that end.

    Raises:
        RecipeError: it cannot listen, or no worker was heard of for too long.
    """
    _check_address(role)
    servicer = ForgivingServicer(
        oracle,
        max_attempts=max_attempts,
        on_failed=on_failed,
        on_ended=None if heartbeat is None else heartbeat.succeeded,
    )
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=NUM_THREADS),
        # Two chiefs could share a port otherwise, and the kernel would deal the workers out.
        options=(("grpc.so_reuseport", 0),),
    )
    protos.get_service_grpc().add_OracleServicer_to_server(servicer, server)
    try:
        server.add_insecure_port(role.address)
    except RuntimeError as error:
        raise _cannot_listen(role, "gRPC cannot bind to it") from error
    server.start()
    try:
        _wait(servicer, idle_seconds, gone_seconds)
    finally:
        # The answer that is on its way arrives.
        server.stop(grace=1.0).wait()


def _wait(servicer, idle_seconds, gone_seconds):
    while not servicer.finished(gone_seconds):
        with servicer.changed:
            servicer.changed.wait(LOOK_SECONDS)
        if servicer.error is not None:
            raise servicer.error
        servicer.release_gone(gone_seconds)
        if servicer.silence() > idle_seconds:
            raise RecipeError(
                f"A chief must have workers. Received: no sign of life of any for "
                f"{idle_seconds:g} s. See why they do not run or do not reach it, and go on with "
                f"`--resume`."
            )


def _check_address(role):
    """Ask the system itself, which says more than gRPC does."""
    try:
        found = socket.getaddrinfo(role.host, role.port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            # Two may be bound to a port, and only one listens.
            probe.listen()
    except OSError as error:
        reasons = {
            errno.EADDRINUSE: "its port is taken; another chief may run",
            errno.EADDRNOTAVAIL: "it is no address of this machine",
            errno.EACCES: "a port below 1024 is not for everybody",
        }
        said = reasons.get(error.errno, f"the system says {error.strerror or error}")
        raise _cannot_listen(role, said) from error


def _cannot_listen(role, why):
    return RecipeError(
        f"The chief must have an address that it can listen on. Received: {role.address!r}, where "
        f"{why}. End the other program, or set KERASTUNER_ORACLE_IP and KERASTUNER_ORACLE_PORT "
        f"anew in all processes."
    )
