"""Settings of STOW-RS: instances that come by HTTP."""

from pathlib import Path
from typing import Annotated, Literal, Self

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
    """Our certificate, then those between it and its root, PEM. With `key`: HTTPS only. It, `key`
    and `ca` are looked at for each new connection: replace them, and the next one gets the new."""
    key: Path | None = None
    """The certificate's private key, PEM, without a password."""
    ca: Path | None = None
    """Certificates that clients' certificates must come from, PEM."""
    client_certificates: Literal["required", "optional", "off"] = "off"
    """`required`: who shows none from `ca` is turned away. `optional`: only who shows one from elsewhere is.
    `off`: none is asked for."""
    minimum_version: Literal["1.2", "1.3"] = "1.2"
    """Oldest version of TLS that is spoken."""
    tokens_file: Path | None = None
    """Who may store: a line `NAME TOKEN` for each bearer token; NAME, an AE title without blanks, becomes the
    calling AE title of what is stored with it. Read at start. Empty: everybody who reaches the port."""
    ae_title: AETitle = "STOW-RS"
    """Calling AE title of instances that come without a token."""
    max_requests: Annotated[int, Field(ge=1, le=256)] = 8
    """Requests that store at one time; one more is answered with 503 and Retry-After."""
    idle_timeout_s: Seconds = 60.0
    """Seconds that the next 64 KiB of a request may take, after which it is answered with 408."""

    @property
    def has_tls(self) -> bool:
        """Whether HTTPS is spoken."""
        return self.certificate is not None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.certificate is None) is not (self.key is None):
            raise ValueError("give both certificate and key, or neither for no TLS")
        if self.client_certificates != "off" and not (self.has_tls and self.ca):
            raise ValueError(
                "client_certificates needs TLS, and to know whom to believe: give certificate, key and ca"
            )
        if self.client_certificates == "off" and self.ca is not None:
            raise ValueError("ca does nothing while client_certificates is off: set that to required")
        return self
