"""TLS for peers: certificates that may be replaced while the service runs, and a handshake with an end.

The profiles are those of PS3.15 B.12 (BCP 195 with RFC 8996 and RFC 9325) and B.10 (non-downgrading): TLS 1.2
and 1.3, with ephemeral keys and authenticated encryption only.
"""

import select
import socket
import ssl
import time
from pathlib import Path

import structlog

from service.accept.association.stop_signal import StopSignal
from service.accept.association.wire import close_after_peer
from service.config.peers import TLSSettings
from service.errors import ConfigurationError

log = structlog.get_logger()

_CIPHERS_OF_TLS_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20"
_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_VERIFY = {"required": ssl.CERT_REQUIRED, "optional": ssl.CERT_OPTIONAL, "off": ssl.CERT_NONE}
_ADVICE = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": (
        "it shows no certificate: give it one from accept.tls.ca, or see accept.tls.client_certificates"
    ),
    "UNSUPPORTED_PROTOCOL": "it speaks no version of TLS from accept.tls.minimum_version on",
    "NO_SHARED_CIPHER": "it offers no cipher suite of BCP 195, such as TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "WRONG_VERSION_NUMBER": "it does not speak TLS: let it call accept.port, or switch TLS on there",
    "HTTP_REQUEST": "it speaks HTTP",
}
"""What to do about OpenSSL's reason."""


class Certificates:
    """Ours and those we trust. Raises ConfigurationError when the files cannot be used."""

    def __init__(self, settings: TLSSettings) -> None:
        self._settings = settings
        self._seen = self._stamps()
        self._context = _load(settings)

    def wrap(self, connection: socket.socket) -> ssl.SSLSocket:
        """TLS around a new connection, with the files as they are now; the handshake is still to come.

        New files that cannot be used are logged, and the ones before them stay in use.
        """
        stamps = self._stamps()
        if stamps != self._seen:
            self._seen = stamps
            self._reload()
        return self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)

    def _reload(self) -> None:
        try:
            self._context = _load(self._settings)
        except ConfigurationError as error:
            log.error("new certificates cannot be used; the ones before are still in use", reason=str(error))
        else:
            log.info("new certificates are in use", certificate=str(self._settings.certificate))

    def _stamps(self) -> list[tuple[int, int, int] | None]:
        settings = self._settings
        return [_stamp(path) for path in (settings.certificate, settings.key, settings.ca) if path]


def shake_hands(connection: ssl.SSLSocket, host: str, within_s: float, stopping: StopSignal) -> bool:
    """Whether the peer and we agree on TLS, in time. If not, it is logged and the connection closed."""
    deadline = time.monotonic() + within_s
    try:
        while not _go_on(connection, stopping, deadline):
            if stopping.is_set:
                connection.close()
                return False
    except (ssl.SSLEOFError, ConnectionError):
        connection.close()  # as the probe of a load balancer does
    except ssl.SSLError as error:
        log.warning("TLS handshake failed", host=host, reason=_explain(error))
        close_after_peer(connection)  # which is to read why
    except OSError as error:
        log.warning("TLS handshake failed", host=host, reason=f"{error.strerror or error}")
        connection.close()
    else:
        return True
    return False


def _go_on(connection: ssl.SSLSocket, stopping: StopSignal, deadline: float) -> bool:
    """As far as it goes without waiting, then wait for the peer. Returns whether it is done."""
    try:
        connection.do_handshake()
    except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as wanted:
        poll = select.poll()
        is_read = isinstance(wanted, ssl.SSLWantReadError)
        poll.register(connection, select.POLLIN if is_read else select.POLLOUT)
        poll.register(stopping, select.POLLIN)
        left_ms = (deadline - time.monotonic()) * 1000
        if left_ms <= 0 or not poll.poll(left_ms):
            raise TimeoutError("the peer did not finish it in time") from None
        return False
    return True


def _load(settings: TLSSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[settings.minimum_version]
    context.set_ciphers(_CIPHERS_OF_TLS_1_2)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET
    context.num_tickets = 0  # every connection shows its certificate
    context.verify_mode = _VERIFY[settings.client_certificates]
    try:
        context.load_cert_chain(settings.certificate or "", settings.key, _no_password)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"accept.tls.certificate ({settings.certificate}) and accept.tls.key ({settings.key}) cannot be "
            f"used: {_why(error)}; both must be readable PEM files, the key that of the certificate and "
            "without a password"
        ) from None
    if settings.ca is not None:
        try:
            context.load_verify_locations(settings.ca)
        except OSError as error:
            raise ConfigurationError(
                f"accept.tls.ca ({settings.ca}) cannot be used: {_why(error)}; it must be a readable PEM "
                "file with the certificates that senders' certificates come from"
            ) from None
    return context


def _no_password() -> str:
    raise ValueError("the key has a password")


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "not PEM"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _explain(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid for accept.tls.ca: {error.verify_message}"
    reason = error.reason or "not known"
    if "_ALERT_" in reason:
        alert = reason.partition("_ALERT_")[2].replace("_", " ").lower()
        return (
            f"it ended the handshake ({alert}): does it trust who issued our certificate, and is that valid?"
        )
    return _ADVICE.get(reason, reason)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Changes when the file does; None where there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
