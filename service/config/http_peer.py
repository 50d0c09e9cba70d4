"""Settings of servers that are asked over HTTP(S)."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from service.config.types import Seconds, Section

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _http_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(
            f"{url!r} is no base URL: write it as https://pacs.example.org/dicom-web, "
            "without a query at its end"
        )
    if parts.username or parts.password:
        raise ValueError("a URL holds no password: put a token into a file and name it in bearer_token_file")
    return url.rstrip("/")


HttpUrl = Annotated[str, AfterValidator(_http_url)]
"""`http` or `https`, a host, perhaps a port and a path. No slash at its end."""


class HttpPeer(Section):
    """How any of them is asked: with which token, whom we believe, how long we wait."""

    bearer_token_file: Path | None = None
    """File with the token of `Authorization: Bearer`, read for each request. Empty: no authorization."""
    ca: Path | None = None
    """PEM file with certificates that its certificate must come from. Empty: those of this system."""
    verify_tls: bool = True
    """Whether its certificate is checked. Off, anybody on the way can read and change what is sent."""
    timeout_s: Seconds = 60.0
    """Seconds to wait for a connection, and of silence after which it counts as away."""

    def keep_token(self, *urls: str | None) -> None:
        """Raises ValueError where a token would leave this machine without TLS."""
        parts = [urlsplit(url) for url in urls if url]
        in_the_clear = [url for url in parts if url.scheme == "http" and url.hostname not in _LOOPBACK]
        if self.bearer_token_file and in_the_clear:
            raise ValueError("bearer_token_file would be sent in the clear over http: use https")
