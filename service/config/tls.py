"""Settings of TLS: of our own page, and towards those whom we call."""

from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from service.config.types import Section


class WebTLS(Section):
    """HTTPS of the web page, by ourselves. Files are PEM, and are looked at for each new connection: replace
    them, and the next one gets the new.
    """

    certificate: Path | None = None
    """Our certificate, then those between it and its root. With `key`: HTTPS only."""
    key: Path | None = None
    """The certificate's private key, without a password. Nobody else should be able to read it."""
    minimum_version: Literal["1.2", "1.3"] = "1.2"
    """Oldest version of TLS that is spoken."""

    @property
    def is_on(self) -> bool:
        """Whether HTTPS is spoken."""
        return self.certificate is not None

    @property
    def ca(self) -> None:
        """Browsers show no certificates."""
        return

    @property
    def client_certificates(self) -> Literal["off"]:
        """None is asked for."""
        return "off"

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.certificate is None) is not (self.key is None):
            raise ValueError("give both certificate and key, or neither for no TLS")
        return self


class ClientTLS(Section):
    """TLS of associations that we open. Files are PEM, and are read for each association."""

    ca: Path | None = None
    """Certificates that the other side's must come from. Empty: those of this system."""
    certificate: Path | None = None
    """Our certificate, then those between it and its root, for who asks for one. With `key`."""
    key: Path | None = None
    """The certificate's private key, without a password. Nobody else should be able to read it."""
    check_host_name: bool = True
    """Whether the other side's certificate must be issued for `host`, as a Subject Alternative Name. Off:
    whoever has a certificate from `ca` is taken for the one that is called."""
    minimum_version: Literal["1.2", "1.3"] = "1.2"
    """Oldest version of TLS that is spoken."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.certificate is None) is not (self.key is None):
            raise ValueError("give both certificate and key, or neither where nobody asks for ours")
        if not self.check_host_name and self.ca is None:
            raise ValueError(
                "check_host_name is off and ca empty, so that anybody's certificate would do: give ca"
            )
        return self
