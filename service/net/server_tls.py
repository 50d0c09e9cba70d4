"""TLS towards those who call us: certificates may be replaced while the service runs."""

import socket
import ssl
from pathlib import Path
from typing import Any, Literal, Protocol

import structlog

from service.errors import ConfigurationError
from service.net.tls import PemFiles, Version, load_files, new_context

log = structlog.get_logger()

_VERIFY = {"required": ssl.CERT_REQUIRED, "optional": ssl.CERT_OPTIONAL, "off": ssl.CERT_NONE}
_ADVICE = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": (
        "it shows no certificate: give it one from {setting}.ca, or see {setting}.client_certificates"
    ),
    "UNSUPPORTED_PROTOCOL": "it speaks no version of TLS from {setting}.minimum_version on",
    "NO_SHARED_CIPHER": "it offers no cipher suite of BCP 195, such as TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "WRONG_VERSION_NUMBER": "it does not speak TLS: switch TLS on there, or let it call a port without",
    "HTTP_REQUEST": "it does not speak TLS but plain HTTP: let it call https",
}
"""What to do about OpenSSL's reason."""


class ServerTLS(PemFiles, Protocol):
    """Settings of a port with TLS."""

    @property
    def client_certificates(self) -> Literal["required", "optional", "off"]:
        """Whether callers must show a certificate."""
        ...

    @property
    def minimum_version(self) -> Version:
        """Oldest version of TLS that is spoken."""
        ...


class Certificates:
    """Ours and those we trust, as the files are at each new connection; `setting` is their section.

    New files that cannot be used are logged, and the ones before them stay in use. Raises ConfigurationError
    when the files cannot be used from the beginning.
    """

    def __init__(self, setting: str, settings: ServerTLS) -> None:
        self.setting = setting
        self._settings = settings
        self._seen = self._stamps()
        self._context = self._load()

    def wrap(self, connection: socket.socket) -> ssl.SSLSocket:
        """TLS around a new connection; the handshake is still to come."""
        return self.current().wrap_socket(connection, server_side=True, do_handshake_on_connect=False)

    def current(self) -> ssl.SSLContext:
        """For one new connection."""
        stamps = self._stamps()
        if stamps != self._seen:
            self._seen = stamps
            self._reload()
        return self._context

    def for_asyncio(self) -> ssl.SSLContext:
        """For a server of asyncio, which takes one context for ever. Handshakes that fail are logged."""
        context = _EachConnection(ssl.PROTOCOL_TLS_SERVER)
        context.certificates = self
        return context

    def _reload(self) -> None:
        try:
            self._context = self._load()
        except ConfigurationError as error:
            log.error("new certificates cannot be used; the ones before are still in use", reason=str(error))
        else:
            log.info("new certificates are in use", certificate=str(self._settings.certificate))

    def _load(self) -> ssl.SSLContext:
        context = new_context(ssl.PROTOCOL_TLS_SERVER, self._settings.minimum_version)
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0  # every connection shows its certificate
        context.verify_mode = _VERIFY[self._settings.client_certificates]
        context.sslobject_class = _Handshake
        load_files(context, self.setting, self._settings)
        return context

    def _stamps(self) -> list[tuple[int, int, int] | None]:
        settings = self._settings
        return [_stamp(path) for path in (settings.certificate, settings.key, settings.ca) if path]


class _EachConnection(ssl.SSLContext):
    """Hands each connection over to the context of its moment."""

    certificates: Certificates

    def wrap_bio(self, *arguments: Any, **named: Any) -> ssl.SSLObject:
        wrapped = self.certificates.current().wrap_bio(*arguments, **named)
        if isinstance(wrapped, _Handshake):
            wrapped.setting = self.certificates.setting
        return wrapped


class _Handshake(ssl.SSLObject):
    """Says why it failed; asyncio keeps it to itself."""

    setting: str

    def do_handshake(self) -> None:
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLEOFError):
            raise  # not yet, or as the probe of a load balancer does
        except ssl.SSLError as error:
            log.warning("TLS handshake failed", reason=why_refused(error, self.setting))
            raise


def why_refused(error: ssl.SSLError, setting: str) -> str:
    """Why a caller and we did not agree on TLS, and what to do; `setting` is the section of our side."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid for {setting}.ca: {error.verify_message}"
    reason = error.reason or "not known"
    if "_ALERT_" in reason:
        alert = reason.partition("_ALERT_")[2].replace("_", " ").lower()
        return (
            f"it ended the handshake ({alert}): does it trust who issued our certificate, and is that valid?"
        )
    return _ADVICE.get(reason, reason).format(setting=setting)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Changes when the file does; None where there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
