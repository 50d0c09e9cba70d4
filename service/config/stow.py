"""Settings of STOW-RS: instances that come by HTTP."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from service.config.types import AETitle, Port, Seconds, Section


class StowSettings(Section):
    """STOW-RS, the Store transaction of DICOMweb (PS3.18 section 10.5), on a port of its own."""

    enabled: bool = False
    """Whether instances are taken by HTTP, too."""
    bind: str = "127.0.0.1"
    """Address to listen on. For other machines than this one, give `tokens_file`, certificate and key."""
    port: Port = 8104
    """TCP port."""
    certificate: Path | None = None
    """Our certificate, then those between it and its root, PEM. With `key`: HTTPS only. Read at start."""
    key: Path | None = None
    """The certificate's private key, PEM, without a password."""
    tokens_file: Path | None = None
    """Who may store: a line `NAME TOKEN` for each bearer token; NAME, an AE title without blanks, becomes the
    calling AE title of what is stored with it. Read at start. Empty: everybody who reaches the port."""
    ae_title: AETitle = "STOW-RS"
    """Calling AE title of instances that come without a token."""
    max_requests: Annotated[int, Field(ge=1, le=256)] = 8
    """Requests that store at one time; one more is answered with 503 and Retry-After."""
    idle_timeout_s: Seconds = 60.0
    """Seconds that the next 64 KiB of a request may take, after which it is answered with 408."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.certificate is None) is not (self.key is None):
            raise ValueError("give both certificate and key, or neither for no TLS")
        return self
