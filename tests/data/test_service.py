import socket
import time

import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.recipes import data, distribute
from kerasrecipes.recipes.data.indexed import IndexedSplit
from kerasrecipes.recipes.data.pipeline import training_batches
from kerasrecipes.recipes.data.service import (
    DataServers,
    addresses_of,
    check_service,
    served,
    service,
)
from kerasrecipes.recipes.errors import RecipeError

NUM = 31


@pytest.fixture(scope="module")
def servers():
    running = DataServers(port=0, workers=3, host="localhost")
    yield running.addresses
    running.stop()


@pytest.fixture(autouse=True)
def seeded():
    """Never 0, as in a run: TensorFlow takes a seed of (0, tensor) for a Python bool."""
    tf.random.set_seed(1)


def split():
    numbers = np.arange(NUM)
    return IndexedSplit(inputs=numbers.astype("float32")[:, None], targets=numbers)


def mixed(x, y, seed):
    """An augmentation that draws, and mixes the examples of a batch."""
    return x, y + tf.roll(y, 1, 0) + tf.random.stateless_uniform((), seed, 0, 100, tf.int64)


def make_of(split, augment=(), first_step=0):
    def make(rows, part=(0, 1)):
        return training_batches(
            split, 6, seed=3, augment=augment, first_step=first_step, rows=rows, part=part
        )

    return make


def take(batches, count):
    return [batch[1].tolist() for batch in batches.take(count).as_numpy_iterator()]


@pytest.mark.parametrize("num_servers", [1, 2, 3])
@pytest.mark.parametrize("augment", [(), (mixed,)])
def test_the_batches_are_those_without_servers_in_their_order(servers, num_servers, augment):
    make = make_of(split(), augment, first_step=4)
    batches = served(make, ",".join(servers[:num_servers]))
    for rows in (None, slice(2, 4)):
        assert take(batches(rows), 40) == take(make(rows), 40)
    assert batches(None).cardinality() == tf.data.INFINITE_CARDINALITY


def test_files_are_read_by_the_servers(servers, data_dir, tmp_path):
    data.write("digits", str(tmp_path / "digits"), shards=4, data_dir=data_dir)
    make = make_of(data.load(str(tmp_path / "digits"), memory_limit=0).train)
    assert take(served(make, ",".join(servers[:2]))(None), 20) == take(make(None), 20)


def test_a_service_with_workers_of_its_own_gives_each_batch_once():
    """Such as somebody else runs: one dispatcher, several workers."""
    dispatcher = service.DispatchServer(service.DispatcherConfig(port=0))
    address = dispatcher.target.removeprefix("grpc://")
    config = service.WorkerConfig(dispatcher_address=address)
    workers = [service.WorkerServer(config) for _ in range(3)]
    make = make_of(split())
    check_service(dispatcher.target)
    assert take(served(make, dispatcher.target)(None), 30) == take(make(None), 30)
    for server in (*workers, dispatcher):
        server.stop()


def test_replicas_ask_for_their_rows(servers):
    place = distribute.strategy("mirrored")
    make = make_of(split())
    shared = distribute.training_data(place, 6, served(make, ",".join(servers[:2])))
    for batch, (_, values) in zip(take(make(None), 8), shared, strict=False):
        halves = place.experimental_local_results(values)
        assert [half.numpy().tolist() for half in halves] == [batch[:3], batch[3:]]


@pytest.mark.parametrize(
    "word",
    ["", "localhost:5000", "http://localhost:5000", "grpc://localhost", "grpc://:5000",
     "grpc://localhost:0", "grpc://localhost:65536", "grpc://localhost:5000,", "grpc://a b:1"],
)  # fmt: skip
def test_what_is_no_address_is_refused(word):
    with pytest.raises(RecipeError, match=r"must be addresses such as 'grpc://host:5000'"):
        addresses_of(word)


def test_addresses():
    assert addresses_of("grpc://a:1, grpc://b.c:2/") == ["a:1", "b.c:2"]
    assert addresses_of("grpc://[::1]:5000") == ["[::1]:5000"]


def test_nobody_who_listens_is_told_within_the_time():
    begin = time.monotonic()
    with pytest.raises(RecipeError, match=r"'grpc://localhost:1' must answer\. Received: nobody"):
        check_service("grpc://localhost:1", timeout=2.0)
    with socket.socket() as silent:  # takes the connection, and says nothing
        silent.bind(("localhost", 0))
        silent.listen()
        address = f"grpc://localhost:{silent.getsockname()[1]}"
        with pytest.raises(RecipeError, match=rf"'{address}' must answer\. Received: no"):
            check_service(address, timeout=1.0)
    assert time.monotonic() - begin < 10


def test_a_server_of_another_kind_and_one_without_workers_are_told():
    other = tf.distribute.Server({"worker": ["localhost:0"]}, start=True)
    with pytest.raises(RecipeError, match=r"must answer\. Received: a server of another kind"):
        check_service(other.target)
    dispatcher = service.DispatchServer(service.DispatcherConfig(port=0))
    with pytest.raises(RecipeError, match=r"must have workers\. Received: none"):
        check_service(dispatcher.target)
    dispatcher.stop()


def test_what_calls_python_cannot_be_sent(servers):
    def python(x, y, seed):
        return tf.numpy_function(lambda x: x, [x], tf.float32), y

    with pytest.raises(RecipeError, match=r"an augmentation that calls Python\. Write the data"):
        served(make_of(split(), (python,)), servers[0])(None)


def test_a_port_in_use_and_wrong_numbers_are_told(servers):
    port = int(servers[0].rpartition(":")[2])
    with pytest.raises(RecipeError, match=rf"must be free\. Received: port={port}, and the sy"):
        DataServers(port=port)
    with pytest.raises(RecipeError, match=r"`workers` of data.serve must be a whole .*workers=0"):
        DataServers(port=0, workers=0)
    with pytest.raises(RecipeError, match=r"must be free\. Received: port=65536"):
        DataServers(port=65535, workers=2)
