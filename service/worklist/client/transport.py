"""How the client reaches the server: who it says that it is, how long it waits, and what went wrong."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from service.errors import ConfigurationError, WorklistUnavailable
from service.worklist.own_page import HEADER


def connect(
    url: str, token: str, ca: Path | None, timeout_s: float, transport: httpx.BaseTransport | None
) -> httpx.Client:
    """A connection to the worklist at `url`.

    It goes straight there: it follows neither redirections nor the environment's proxies and passwords, which
    might get the token or replace it. Raises ConfigurationError for an address that is none,
    or over which a token could be read.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError("url is the worklist's address, such as https://preread.hospital")
    if token and not is_private(url):
        raise ConfigurationError("a token over http:// can be read on the way: use https://")
    headers = {
        "Accept": "application/json",
        "User-Agent": "preread-client",
        # As the page's own script: without a token the server takes actions from nobody else.
        HEADER: "client",
        "Origin": f"{parts.scheme}://{parts.netloc}",
    }
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return httpx.Client(
        base_url=url.rstrip("/"),
        headers=headers,
        timeout=timeout_s,
        verify=_trusted(ca),
        follow_redirects=False,
        trust_env=False,
        transport=transport,
    )


def is_private(url: str) -> bool:
    """Whether nobody on the way can read what is sent there."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        is_here = ip_address(host).is_loopback
    except ValueError:
        is_here = host == "localhost"
    return parts.scheme == "https" or is_here


@contextmanager
def told(url: str) -> Iterator[None]:
    """Raises WorklistUnavailable in place of the library's errors, which quote addresses with UIDs."""
    where = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"
    try:
        yield
    except httpx.TimeoutException:
        raise WorklistUnavailable(
            f"{where} did not answer in time: look at its load and at timeout_s"
        ) from None
    except httpx.TransportError as error:
        raise WorklistUnavailable(
            f"{where} cannot be reached ({type(error).__name__}): check address, certificate (ca), http or "
            "https, and firewalls between"
        ) from None


def _trusted(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise ConfigurationError(
            f"ca {ca} cannot be read: {error.strerror or error}; it is a PEM file with certificates"
        ) from None
