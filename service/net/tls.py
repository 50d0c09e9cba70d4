"""TLS of either side: PEM files and profiles.

The profiles are those of PS3.15 B.12 (BCP 195 with RFC 8996 and RFC 9325) and B.10 (non-downgrading): TLS 1.2
and 1.3, with ephemeral keys and authenticated encryption only.
"""

import ssl
from pathlib import Path
from typing import Literal, Protocol

from service.errors import ConfigurationError

_CIPHERS_OF_TLS_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20"
_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}

Version = Literal["1.2", "1.3"]


class PemFiles(Protocol):
    """Settings that name PEM files. With a certificate comes its key."""

    @property
    def certificate(self) -> Path | None:
        """Our certificate, then those between it and its root."""
        ...

    @property
    def key(self) -> Path | None:
        """The certificate's private key, without a password."""
        ...

    @property
    def ca(self) -> Path | None:
        """Certificates that those of the other side must come from."""
        ...


def new_context(protocol: int, minimum_version: Version) -> ssl.SSLContext:
    """A context of the profiles, without certificates. `protocol` is one of ssl.PROTOCOL_TLS_*."""
    context = ssl.SSLContext(protocol)
    context.minimum_version = _VERSIONS[minimum_version]
    context.set_ciphers(_CIPHERS_OF_TLS_1_2)
    context.options |= ssl.OP_NO_RENEGOTIATION
    return context


def load_files(context: ssl.SSLContext, setting: str, files: PemFiles) -> None:
    """Read what `files` names; `setting` is the section of the configuration that it is.

    Raises ConfigurationError for a file that cannot be used, and for a key with a password: nobody is asked.
    """
    if files.certificate is not None:
        try:
            context.load_cert_chain(files.certificate, files.key, _no_password)
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"{setting}.certificate ({files.certificate}) and {setting}.key ({files.key}) cannot be "
                f"used: {_why(error)}; both must be readable PEM files, the key that of the certificate and "
                "without a password"
            ) from None
    if files.ca is not None:
        try:
            context.load_verify_locations(files.ca)
        except OSError as error:
            raise ConfigurationError(
                f"{setting}.ca ({files.ca}) cannot be used: {_why(error)}; it must be a readable PEM file "
                "with the certificates that those of the other side come from"
            ) from None


def _no_password() -> str:
    raise ValueError("the key has a password")


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "not PEM"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
