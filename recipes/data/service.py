"""Training batches made by data servers, in the order in which this process would make them.

Several servers each make every n-th step, and the steps are put together again in turn. Each of
them is asked for its steps as one *split* of a data set of one element (dynamic sharding of
tf.data), which a service gives to one worker only: so a batch comes once, and in its place, even
where a service has several workers of its own.
"""

from __future__ import annotations

import re
import socket
import threading

import tensorflow as tf

from ..errors import RecipeError, check_whole

service = tf.data.experimental.service

TIMEOUT_SECONDS = 5.0
_SCHEME = "grpc://"
# What asks a dispatcher for its workers, and is the way to know that there is one.
_GET_WORKERS = "/tensorflow.data.DispatcherService/GetWorkers"


def addresses_of(data_service):
    """Return the addresses of data servers, without the scheme.

    Args:
        data_service: str, "grpc://host:port", or several of them with commas between.

    Raises:
        RecipeError: one of them is no such address.

    >>> addresses_of("grpc://node0:5000,grpc://node1:5000")
    ['node0:5000', 'node1:5000']
    """
    found = []
    for word in str(data_service).split(","):
        match = re.fullmatch(rf"{_SCHEME}([^\s/:,]+|\[[0-9a-fA-F:]+\]):(\d+)/?", word.strip())
        if match is None or not 0 < int(match[2]) < 2**16:
            raise RecipeError(
                f"`data_service` must be addresses such as 'grpc://host:5000', with commas between "
                f"them. Received: {word.strip()!r}. Start a server with `kerasrecipes data serve`, "
                f"which prints its own."
            )
        found.append(f"{match[1]}:{match[2]}")
    return found


def check_service(data_service, *, timeout=TIMEOUT_SECONDS):
    """Check that data servers answer; TensorFlow would try for an hour.

    Args:
        data_service: str, see `addresses_of`; None is none, and fine.
        timeout: float, seconds to wait for each of them. Defaults to 5.

    Raises:
        RecipeError: one of them is no address, does not answer, is something else, or has no
            workers.
    """
    if data_service is None:
        return
    import grpc

    for address in addresses_of(data_service):
        with grpc.insecure_channel(address) as channel:
            try:
                answer = channel.unary_unary(_GET_WORKERS)(b"", timeout=timeout)
            except grpc.RpcError as error:
                said = {
                    grpc.StatusCode.UNAVAILABLE: "nobody who listens there",
                    grpc.StatusCode.DEADLINE_EXCEEDED: f"no answer within {timeout:g} seconds",
                    grpc.StatusCode.UNIMPLEMENTED: "a server of another kind",
                }.get(error.code(), f"the error {error.code().name}")
                raise RecipeError(
                    f"The data server '{_SCHEME}{address}' must answer. Received: {said}. Start it "
                    f"with `kerasrecipes data serve`, or leave it out."
                ) from error
        # Both messages begin with a repeated field of bytes: here one for each worker.
        if not tf.train.BytesList.FromString(answer).value:
            raise RecipeError(
                f"The data server '{_SCHEME}{address}' must have workers. Received: none. Start "
                f"one with `kerasrecipes data serve`."
            )


def served(make, data_service):
    """Return a function that has batches made by data servers.

    Args:
        make: function from the `slice` of a batch's rows that are wanted, or None, and a `part` of
            the steps, see `training_batches`, to a `tf.data.Dataset`.
        data_service: str, see `addresses_of`.

    Returns:
        A function from the `slice` of rows to the endless `tf.data.Dataset` of these rows of each
        batch, in order.
    """
    addresses = addresses_of(data_service)

    def make_served(rows):
        jobs = []
        for number, address in enumerate(addresses):
            batches = make(rows, part=(number, len(addresses)))
            if not number:
                _check_sendable(batches)
            jobs.append(
                tf.data.Dataset.range(1)
                .flat_map(lambda _, batches=batches: batches)
                .apply(service.distribute(service.ShardingPolicy.DYNAMIC, _SCHEME + address))
            )
        turns = tf.data.Dataset.range(len(jobs)).repeat()
        return (
            tf.data.Dataset.choose_from_datasets(jobs, turns)
            .apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))
            .prefetch(tf.data.AUTOTUNE)
        )

    return make_served


class DataServers:
    """Data servers of this machine, each a dispatcher of tf.data's service with one worker.

    Attributes:
        addresses: list of str, what training is given of them.
    """

    def __init__(self, port=5000, workers=1, host=None):
        """Start them.

        Args:
            port: int >= 0, that of the first; the others follow. 0 takes free ones. Defaults to
                5000.
            workers: int >= 1, how many. Defaults to 1.
            host: str, the name by which training reaches this machine. Defaults to the machine's
                own name where that can be looked up, else to "localhost".

        Raises:
            RecipeError: an argument is wrong, or a port is in use.
        """
        check_whole("data.serve", 0, port=port)
        check_whole("data.serve", 1, workers=workers)
        ports = [port + number if port else 0 for number in range(workers)]
        for each in ports:
            _check_port(each)
        host = _own_name() if host is None else host
        self._servers = []
        self.addresses = []
        for each in ports:
            dispatcher = service.DispatchServer(service.DispatcherConfig(port=each))
            chosen = dispatcher.target.rpartition(":")[2]
            worker = service.WorkerServer(
                service.WorkerConfig(
                    dispatcher_address=f"localhost:{chosen}", worker_address=f"{host}:%port%"
                )
            )
            self._servers.append((worker, dispatcher))
            self.addresses.append(f"{_SCHEME}{host}:{chosen}")

    def wait(self):
        """Wait for ever, or until a signal raises."""
        threading.Event().wait()

    def stop(self):
        """End them; training that still asks them waits or fails."""
        while self._servers:
            for server in self._servers.pop():
                server.stop()


def _check_sendable(batches):
    """Check that what makes batches can be run by another process."""
    try:
        sent = tf.raw_ops.DatasetToGraphV2(
            input_dataset=tf.data.experimental.to_variant(batches), external_state_policy=1
        ).numpy()
    except tf.errors.OpError as error:
        raise RecipeError(
            f"`data_service` needs data that can be sent. Received: data of which TensorFlow says "
            f"{error.message.splitlines()[0][:200]!r}; arrays in memory may have 2 GiB. Write them "
            f"with `kerasrecipes data write`, or leave the service out."
        ) from error
    graph = tf.compat.v1.GraphDef.FromString(sent)
    nodes = [*graph.node, *(node for each in graph.library.function for node in each.node_def)]
    called = {"PyFunc", "EagerPyFunc", "PyFuncStateless"} & {node.op for node in nodes}
    if called:
        raise RecipeError(
            "`data_service` needs batches that TensorFlow makes alone. Received: data or an "
            "augmentation that calls Python. Write the data with `kerasrecipes data write`, or "
            "leave the service out."
        )


def _check_port(port):
    # Asked here, since gRPC lets two servers share a port, and requests come to either.
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except (OSError, OverflowError) as error:
            raise RecipeError(
                f"`port` of data.serve must be free. Received: port={port}, and the system says "
                f"{getattr(error, 'strerror', None) or error}. Name another with --port."
            ) from error


def _own_name():
    name = socket.gethostname()
    try:
        socket.getaddrinfo(name, None)
    except OSError:
        return "localhost"
    return name
