"""The settings of traces."""

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from service.config.types import Seconds, Section

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _collector(url: str) -> str:
    parts = urlsplit(url)
    if not url:
        return url
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(
            f"{url!r} is no address of a collector: write it as https://collector.example.org:4318"
        )
    if parts.username or parts.password:
        raise ValueError("a URL holds no password: put a header into a file and name it in headers_file")
    return url.rstrip("/")


class TracesSettings(Section):
    """The way of each study as an OpenTelemetry trace, sent by OTLP over HTTP. Needs `preread[traces]`."""

    endpoint: Annotated[str, AfterValidator(_collector)] = ""
    """Where the collector listens, such as `http://127.0.0.1:4318`; `/v1/traces` is added. Empty: no traces.
    While it is away nothing waits for it; what does not fit into a queue of 2048 spans is dropped."""
    sample_ratio: Annotated[float, Field(ge=0.0, le=1.0)] = 1.0
    """Share of the studies that are traced, by their trace IDs: give all roles the same one."""
    headers_file: Path | None = None
    """File with headers for the collector, a line `NAME: VALUE` for each, such as `Authorization: Bearer`
    and a token. Read at start."""
    ca: Path | None = None
    """PEM file with certificates that the collector's must come from. Empty: those that come with the
    client."""
    compression: Literal["gzip", "none"] = "gzip"
    """How the spans are packed."""
    timeout_s: Seconds = 5.0
    """Seconds for one batch of spans, repetitions included, and for the last ones when a role ends."""

    @property
    def is_on(self) -> bool:
        """Whether there are traces."""
        return bool(self.endpoint)

    @model_validator(mode="after")
    def _keeps_secrets(self) -> Self:
        parts = urlsplit(self.endpoint)
        if self.headers_file and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise ValueError("headers_file would be sent in the clear over http: use https")
        return self
