"""What the environment says of a cluster; TensorFlow stays out."""

import dataclasses
import json
import os

from ..errors import RecipeError

# Set on the machines of Google's TPUs, by which TensorFlow finds them too.
_TPU_VARIABLES = ("TPU_NAME", "KUBE_GOOGLE_CLOUD_TPU_ENDPOINTS", "COLAB_TPU_ADDR")
# Those that train; others, as parameter servers and evaluators, have no part in this.
KINDS = ("chief", "worker")
_EXAMPLE = (
    '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'
)


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The workers that train together, and which of them this process is.

    Attributes:
        addresses: dict from "chief" and "worker" to a tuple of "host:port".
        kind: str, "chief" or "worker": what this process is.
        index: int, its place among those of its kind, from 0.
    """

    addresses: dict[str, tuple[str, ...]]
    kind: str
    index: int

    @property
    def num_workers(self):
        """How many processes train, the chief among them."""
        return sum(map(len, self.addresses.values()))

    @property
    def number(self):
        """The place of this process among all, from 0, the chief's."""
        before = len(self.addresses.get("chief", ())) if self.kind == "worker" else 0
        return before + self.index

    @property
    def is_chief(self):
        """Whether this process writes what a run leaves behind."""
        return self.number == 0


def cluster_of_environment(environment=None):
    """Return the `Cluster` that TF_CONFIG describes, or None where it is not set.

    Args:
        environment: mapping of environment variables; None is that of the process.

    Raises:
        RecipeError: TF_CONFIG is no JSON, or does not say who takes part or which one this is.
    """
    text = (os.environ if environment is None else environment).get("TF_CONFIG", "")
    if not text.strip():
        return None
    try:
        config = json.loads(text)
    except ValueError as error:
        raise _wrong(f"be JSON, such as {_EXAMPLE}", f"{_short(text)} ({error})") from error
    if not isinstance(config, dict) or not isinstance(config.get("cluster"), dict):
        raise _wrong(f"name a cluster, as {_EXAMPLE} does", _short(text))
    addresses = {}
    for kind, hosts in config["cluster"].items():
        if kind not in KINDS:
            raise _wrong("have a cluster of 'chief' and 'worker'", f"{kind!r} in {_short(text)}")
        if not isinstance(hosts, list) or not all(map(_is_address, hosts)):
            raise _wrong(f'have a list of "host:port" for {kind!r}', repr(hosts))
        if hosts:
            addresses[kind] = tuple(hosts)
    if not addresses or len(addresses.get("chief", ())) > 1:
        raise _wrong("name at least one worker and at most one chief", _short(text))
    every = [address for hosts in addresses.values() for address in hosts]
    if twice := sorted({address for address in every if every.count(address) > 1}):
        raise _wrong("give each process an address of its own", f"{twice[0]!r} twice")
    return Cluster(addresses, *_task(config.get("task"), addresses, text))


def tpu_of_environment(environment=None):
    """Return whether the environment names a TPU."""
    environment = os.environ if environment is None else environment
    return any(environment.get(name) for name in _TPU_VARIABLES)


def _task(task, addresses, text):
    if not isinstance(task, dict) or not {"type", "index"} <= set(task):
        raise _wrong(f"have a task with type and index, as {_EXAMPLE} does", _short(text))
    kind, index = task["type"], task["index"]
    if kind not in addresses:
        raise _wrong(f"have a task of {' or '.join(map(repr, addresses))}", f"type {kind!r}")
    if isinstance(index, str) and index.isdigit():
        index = int(index)  # as TensorFlow takes it
    last = len(addresses[kind]) - 1
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index <= last:
        raise _wrong(f"have a task index of {kind!r} in [0, {last}]", f"index {index!r}")
    return kind, index


def _is_address(host):
    name, _, port = host.rpartition(":") if isinstance(host, str) else ("", "", "")
    return bool(name) and port.isdigit() and 0 < int(port) < 2**16


def _wrong(expected, received):
    return RecipeError(f"The environment variable TF_CONFIG must {expected}. Received: {received}.")


def _short(text):
    return repr(text if len(text) <= 120 else text[:117] + "...")
