"""Whether somebody can be reached at all: by name, by TCP, by TLS."""

import socket
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from service.errors import PeerUnavailable


@dataclass(frozen=True, slots=True)
class Reached:
    """`valid_until`: of the certificate that was shown, where it was verified."""

    address: str
    resolve_s: float
    connect_s: float
    tls_version: str = ""
    valid_until: datetime | None = None


def reach(host: str, port: int, timeout_s: float, tls: ssl.SSLContext | None = None) -> Reached:
    """Resolve, connect and, with `tls`, shake hands. Raises PeerUnavailable, which says what failed."""
    began = time.monotonic()
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no name"
        raise PeerUnavailable(f"the name {host} is not resolved ({why})") from None
    resolved = time.monotonic()
    with _connect(host, port, timeout_s) as connection:
        connected = time.monotonic()
        address = found[0][4][0] if len(found) == 1 else connection.getpeername()[0]
        reached = Reached(str(address), resolved - began, connected - resolved)
        return reached if tls is None else _shake_hands(connection, host, port, tls, reached)


def _connect(host: str, port: int, timeout_s: float) -> socket.socket:
    try:
        return socket.create_connection((host, port), timeout_s)
    except TimeoutError:
        raise PeerUnavailable(
            f"{host} port {port} does not answer within {timeout_s:g} s: it is off, or a firewall drops this"
        ) from None
    except OSError as error:
        raise PeerUnavailable(
            f"{host} port {port} cannot be reached ({error.strerror}): nothing listens there, or a firewall "
            "refuses"
        ) from None


def _shake_hands(
    connection: socket.socket, host: str, port: int, tls: ssl.SSLContext, reached: Reached
) -> Reached:
    try:
        with tls.wrap_socket(connection, server_hostname=host) as wrapped:
            shown, version = wrapped.getpeercert() or {}, wrapped.version() or ""
    except ssl.SSLCertVerificationError as error:
        raise PeerUnavailable(
            f"{host} port {port} shows a certificate that is not trusted ({error.verify_message})"
        ) from None
    except OSError as error:  # errors of TLS and time-outs among them
        reason = getattr(error, "reason", None) or error.strerror or type(error).__name__
        raise PeerUnavailable(f"{host} port {port} does not finish a TLS handshake ({reason})") from None
    return Reached(reached.address, reached.resolve_s, reached.connect_s, version, _valid_until(shown))


def _valid_until(shown: object) -> datetime | None:
    ends = shown.get("notAfter") if isinstance(shown, dict) else None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if isinstance(ends, str) else None
