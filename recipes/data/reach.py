"""Ask in a second whether hosts answer, before a library waits minutes for them."""

from __future__ import annotations

import socket
import threading
import time
import urllib.parse
import urllib.request

from ..errors import RecipeError

# A host that takes longer than this to shake hands would not deliver a data set either.
TIMEOUT = 1.5

_PORTS = {"http": 80, "https": 443, "ftp": 21}
# Clouds' own schemes, and the host that serves them.
_CLOUDS = {"gs": "storage.googleapis.com", "s3": "s3.amazonaws.com"}


def unreachable(urls, *, timeout: float = TIMEOUT) -> list[str]:
    """Return the hosts of some URLs that cannot be reached, sorted.

    All are asked at once, in threads, since a name server may take longer than the timeout. Where
    the environment names a proxy for a URL, the proxy is asked in its place.

    Args:
        urls: iterable of str.
        timeout: float, seconds, for all of them together. Defaults to `TIMEOUT`.
    """
    addresses = {address for url in urls if (address := _address(url)) is not None}
    answered = set()

    def ask(address):
        try:
            with socket.create_connection(address, timeout=timeout):
                answered.add(address)
        except OSError:
            pass

    threads = [threading.Thread(target=ask, args=(a,), daemon=True) for a in sorted(addresses)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + timeout
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return sorted({host for host, _ in addresses - answered})


def expect_cloud(path):
    """Check that the host of a path in a cloud answers, which TensorFlow tries for minutes.

    Args:
        path: str; any other path is left to whoever reads it.

    Raises:
        RecipeError: it does not answer.
    """
    hosts = unreachable([path])
    if hosts:
        raise RecipeError(
            f"The host of data set {path!r} must answer. Received: nothing from {hosts[0]}. See to "
            f"the network, or copy the folder to this machine."
        )


def _address(url):
    """Return (host, port) of what a download of this URL would connect to, None for local files."""
    parts = urllib.parse.urlsplit(url)
    scheme, host, port = parts.scheme, parts.hostname, parts.port
    if scheme in _CLOUDS:
        scheme, host, port = "https", _CLOUDS[scheme], None
    if not host or scheme not in _PORTS:
        return None
    proxy = urllib.request.getproxies().get(scheme)
    if proxy and not urllib.request.proxy_bypass(host):
        # `proxy.example:3128` is as usual as `http://proxy.example:3128`.
        parts = urllib.parse.urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    return host, port or _PORTS.get(scheme, 80)
