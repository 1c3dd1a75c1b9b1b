"""Before the first step: that every worker has come, and that all train the same.

TensorFlow's own start waits for an hour for a worker that never comes, and lets workers of
different recipes train one another's weights into nonsense. So the chief calls the roll first, on
the port that TensorFlow takes afterwards: each worker says what it is about to train, and the chief
answers all of them at once.
"""

from __future__ import annotations

import contextlib
import errno
import json
import socket
import time
import warnings

from ..errors import RecipeError

# Of one message; a recipe's description is some kilobytes.
MOST_BYTES = 2**20
RETRY_SECONDS = 0.2
# What a stranger who says nothing may cost, and how much longer than the chief a worker waits.
MESSAGE_SECONDS = 5.0
# After which it is said who is waited for.
SILENT_SECONDS = 20.0


def roll_call(addresses, number, statement, *, offer=None, seconds=300.0):
    """Meet the other workers, and return what the chief offers.

    Args:
        addresses: list of "host:port" of all workers, the chief's first.
        number: int, the place of this process among them; 0 is the chief.
        statement: dict of JSON values, what all must have in common, such as recipe and seed.
        offer: JSON value that the chief gives to all. Defaults to None.
        seconds: float > 0, how long to wait for the others. Defaults to 300.

    Raises:
        RecipeError: the port of this worker is taken, the workers differ (in what, and who), or one
            has not come (which).
    """
    statement = json.loads(json.dumps(statement))
    if len(addresses) == 1:
        return offer
    _check_port(addresses, number)
    if number == 0:
        return _Chief(addresses, statement, offer, seconds).call()
    return _answer(addresses, number, statement, seconds)


def named(addresses, number):
    """Return a worker's name in a sentence.

    >>> named(["one:2222", "two:2222"], 1)
    'worker 1 (two:2222)'
    """
    return f"{'chief' if number == 0 else f'worker {number}'} ({addresses[number]})"


def difference(mine, other, path=""):
    """Return the first place where two JSON values differ, as (place, mine, other), or None.

    >>> difference({"seed": 0, "recipe": {"epochs": 3}}, {"seed": 0, "recipe": {"epochs": 4}})
    ('recipe.epochs', 3, 4)
    >>> difference({"data": "wine", "name": "a"}, {"data": "iris", "name": "b"})
    ('name', 'a', 'b')
    """
    if isinstance(mine, dict) and isinstance(other, dict):
        # A name first, since it says of all the rest that it differs.
        for key in sorted({*mine, *other}, key=lambda key: (key != "name", key)):
            place = f"{path}.{key}" if path else key
            found = difference(mine.get(key), other.get(key), place)
            if found:
                return found
        return None
    return None if mine == other else (path, mine, other)


class _Chief:
    def __init__(self, addresses, statement, offer, seconds):
        self.addresses = addresses
        self.statement = statement
        self.offer = offer
        self.seconds = seconds
        self.there = {}  # from the number of a worker to its connection

    def call(self):
        begin, said = time.monotonic(), False
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(_listening(_port(self.addresses[0])))
            listener.settimeout(RETRY_SECONDS)
            stack.callback(lambda: [each.close() for each in self.there.values()])
            while len(self.there) < len(self.addresses) - 1:
                with contextlib.suppress(TimeoutError):
                    self._meet(listener.accept()[0])
                self._forget_who_left()
                waited = time.monotonic() - begin
                if waited > self.seconds:
                    self._refuse(self._not_come())
                if waited > SILENT_SECONDS and not said:
                    warnings.warn(f"Waiting for {self._missing()}.", stacklevel=2)
                    said = True
            self._tell({"offer": self.offer})
        return self.offer

    def _meet(self, connection):
        said = _read(connection, MESSAGE_SECONDS)
        number = said.get("number") if isinstance(said, dict) else None
        if not isinstance(number, int) or not 0 < number < len(self.addresses):
            connection.close()  # a stranger
            return
        self._forget_who_left()
        if number in self.there:
            sentence = (
                f"Each worker must have an index of its own in TF_CONFIG. Received: two processes "
                f"that are {named(self.addresses, number)}. Set TF_CONFIG anew and start all again."
            )
            with contextlib.suppress(OSError):
                _write(connection, {"mistake": sentence})
            connection.close()
            self._refuse(sentence)
        self.there[number] = connection
        found = difference(self.statement, said.get("statement"))
        if found:
            place, mine, theirs = found
            self._refuse(
                f"`{place}` must be the same for all workers. Received: {theirs!r} from "
                f"{named(self.addresses, number)}, and {mine!r} from {named(self.addresses, 0)}. "
                f"Start all of them with the same command and the same versions."
            )

    def _forget_who_left(self):
        for number, connection in list(self.there.items()):
            connection.setblocking(False)
            try:
                if connection.recv(1) == b"":
                    raise ConnectionError
            except BlockingIOError:
                continue
            except OSError:
                self.there.pop(number).close()

    def _missing(self):
        missing = [n for n in range(1, len(self.addresses)) if n not in self.there]
        return ", ".join(named(self.addresses, number) for number in missing)

    def _not_come(self):
        return (
            f"All {len(self.addresses)} workers of TF_CONFIG must come. Received: nothing from "
            f"{self._missing()} for {self.seconds:g} s. See whether it runs and reaches "
            f"{self.addresses[0]}, and start all again."
        )

    def _refuse(self, sentence):
        self._tell({"mistake": sentence})
        raise RecipeError(sentence)

    def _tell(self, message):
        for connection in self.there.values():
            with contextlib.suppress(OSError):
                connection.setblocking(True)
                _write(connection, message)


def _answer(addresses, number, statement, seconds):
    """Say what this worker trains, and wait for what the chief says of all."""
    host = addresses[0].rpartition(":")[0]
    begin, said = time.monotonic(), False
    while (waited := time.monotonic() - begin) < seconds:
        if waited > SILENT_SECONDS and not said:
            warnings.warn(f"Waiting for {named(addresses, 0)}.", stacklevel=2)
            said = True
        # The chief may not be there yet, or may be started again meanwhile.
        with (
            contextlib.suppress(OSError),
            socket.create_connection((host, _port(addresses[0])), timeout=2.0) as connection,
        ):
            _write(connection, {"number": number, "statement": statement})
            # It waits for the others, and knows better who is missing.
            answer = _read(connection, seconds + MESSAGE_SECONDS)
            if isinstance(answer, dict) and "mistake" in answer:
                raise RecipeError(answer["mistake"])
            if isinstance(answer, dict) and "offer" in answer:
                return answer["offer"]
        time.sleep(RETRY_SECONDS)
    raise RecipeError(
        f"Workers must have a chief. Received: no answer from {named(addresses, 0)} for "
        f"{seconds:g} s. See whether it runs, can be reached and does not train yet, and start all "
        f"again."
    )


def _check_port(addresses, number):
    try:
        _listening(_port(addresses[number])).close()
    except OSError as error:
        reasons = {
            errno.EADDRINUSE: "its port is in use; an earlier worker may still run",
            errno.EACCES: "a port below 1024 is not for everybody",
        }
        said = reasons.get(error.errno, f"the system says {error.strerror or error}")
        raise RecipeError(
            f"A worker must have a port of its own. Received: {named(addresses, number)}, where "
            f"{said}. End the other program, or name another port in TF_CONFIG of all workers."
        ) from error


def _listening(port):
    """Return a socket that listens as TensorFlow's server does, on every interface."""
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("", port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def _port(address):
    return int(address.rpartition(":")[2])


def _write(connection, message):
    connection.sendall(json.dumps(message).encode() + b"\n")


def _read(connection, seconds):
    """Return the message that comes within so many seconds, or None."""
    connection.settimeout(seconds)
    text = b""
    with contextlib.suppress(OSError, ValueError):
        while not text.endswith(b"\n") and len(text) < MOST_BYTES:
            part = connection.recv(65536)
            if not part:
                return None
            text += part
        return json.loads(text)
    return None
