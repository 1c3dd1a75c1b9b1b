import socket
import time

import pytest

from kerasrecipes.recipes.data import reach


@pytest.fixture
def asked(monkeypatch):
    """The addresses that were asked; all of them answer."""
    seen = []

    class Connection:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    def connect(address, timeout):
        seen.append(address)
        return Connection()

    for variable in ("http_proxy", "https_proxy", "no_proxy", "all_proxy", "ftp_proxy"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.upper(), raising=False)
    monkeypatch.setattr(reach.socket, "create_connection", connect)
    return seen


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://data.example/a/b.gz", ("data.example", 443)),
        ("http://data.example/a", ("data.example", 80)),
        ("http://data.example:8080/a", ("data.example", 8080)),
        ("ftp://data.example/a", ("data.example", 21)),
        ("gs://bucket/a", ("storage.googleapis.com", 443)),
    ],
)
def test_the_port_is_that_of_the_scheme(asked, url, address):
    assert reach.unreachable([url]) == []
    assert asked == [address]


def test_each_host_is_asked_once(asked):
    reach.unreachable([f"https://data.example/{i}" for i in range(50)])
    assert len(asked) == 1


def test_the_proxy_is_asked_in_place_of_the_host(asked, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("http_proxy", "plain.example:8080")
    monkeypatch.setenv("no_proxy", "near.example")
    urls = ["https://far.example/a", "http://far.example/a", "https://near.example/a"]
    assert reach.unreachable(urls) == []
    assert sorted(asked) == [
        ("near.example", 443),
        ("plain.example", 8080),
        ("proxy.example", 3128),
    ]


def test_local_files_need_no_host(asked):
    assert reach.unreachable(["file:///tmp/a", "/tmp/a", ""]) == []
    assert asked == []


def test_a_listening_port_answers_and_a_closed_one_does_not():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert reach.unreachable([f"http://127.0.0.1:{port}/"]) == []
    assert reach.unreachable([f"http://127.0.0.1:{port}/"]) == ["127.0.0.1"]


def test_hosts_that_keep_silent_cost_one_timeout_together(silent_hosts):
    start = time.monotonic()
    hosts = reach.unreachable([f"https://silent{i}.example/" for i in range(4)], timeout=0.3)
    assert time.monotonic() - start < 1
    assert len(hosts) == 4
