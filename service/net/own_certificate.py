"""A certificate of ours: until when it is good, found out by a handshake with ourselves, in memory."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from service.errors import ConfigurationError

_TURNS = 10
"""Flights of a handshake; TLS 1.2 has four."""
_EXPIRED, _NOT_YET_VALID = 10, 9
"""X509_V_ERR_* of OpenSSL's x509_vfy.h."""


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """`valid_until` is None where `problem` says why it is not good now."""

    valid_until: datetime | None
    problem: str = ""


def look_at_certificate(certificate: Path, key: Path, *, of_server: bool) -> OwnCertificate:
    """Whether key and certificate fit, and the certificate is good at the moment for the side that shows it.

    Whether others trust its issuer cannot be told here. Raises ConfigurationError where the files cannot be
    used.
    """
    shows = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if of_server else ssl.PROTOCOL_TLS_CLIENT)
    looks = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT if of_server else ssl.PROTOCOL_TLS_SERVER)
    for context in (shows, looks):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        _load(context, certificate, key)
    looks.verify_mode = ssl.CERT_REQUIRED
    looks.load_verify_locations(certificate)
    # Our own certificate is believed by itself: its issuer's need not be at hand.
    looks.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    server, client = (shows, looks) if of_server else (looks, shows)
    try:
        shown = _shown(server, client, by_server=of_server)
    except ssl.SSLCertVerificationError as error:
        return OwnCertificate(None, _why(error))
    ends = shown.get("notAfter")
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if isinstance(ends, str) else None
    return OwnCertificate(until)


def _load(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    try:
        context.load_cert_chain(certificate, key, _no_password)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(
            f"{certificate} and {key} cannot be used ({reason}): both must be readable PEM files, the key "
            "that of the certificate and without a password"
        ) from None


def _no_password() -> str:
    raise ValueError("the key has a password")


def _shown(server: ssl.SSLContext, client: ssl.SSLContext, *, by_server: bool) -> dict[str, object]:
    """The certificate that one side shows the other. Raises SSLCertVerificationError."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    serving = server.wrap_bio(to_server, to_client, server_side=True)
    calling = client.wrap_bio(to_client, to_server)
    for _ in range(_TURNS):
        ended = [_step(calling), _step(serving)]
        if all(ended):
            break
    shown = (calling if by_server else serving).getpeercert()
    return dict(shown or {})


def _step(side: ssl.SSLObject) -> bool:
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def _why(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code == _EXPIRED:
        return "it has ended"
    if error.verify_code == _NOT_YET_VALID:
        return "it is not good yet: compare the clocks"
    return error.verify_message
