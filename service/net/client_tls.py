"""TLS towards those whom we call: whom we believe, what we show, and why it failed."""

import socket
import ssl

from service.config.tls import ClientTLS
from service.net.tls import load_files, new_context

_EXPIRED, _NOT_YET_VALID, _OTHER_NAME, _OTHER_ADDRESS = 10, 9, 62, 64
"""X509_V_ERR_* of OpenSSL's x509_vfy.h."""
_NOT_OURS = "check that TLS is switched on there and the port is the one with TLS, or take {setting} away"
_ADVICE = {
    _EXPIRED: "its certificate has expired: a new one must be installed there",
    _NOT_YET_VALID: "its certificate is not valid yet: compare the clocks",
    _OTHER_NAME: "its certificate is for another name: {names}",
    _OTHER_ADDRESS: "its certificate is for another address: {names}",
}
_NAMES = (
    "give as host a name that is in its certificate, or set {setting}.check_host_name to false, where every "
    "certificate from {setting}.ca may be believed"
)


def client_context(setting: str, settings: ClientTLS) -> ssl.SSLContext:
    """For an association that we open; `setting` is the section of the configuration that `settings` are.

    Raises ConfigurationError when the files cannot be used.
    """
    context = new_context(ssl.PROTOCOL_TLS_CLIENT, settings.minimum_version)
    context.check_hostname = settings.check_host_name
    if settings.ca is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    load_files(context, setting, settings)
    context.sslsocket_class = _Socket
    return context


class Attempt:
    """TLS of one association. To pynetdicom it is an SSL context; it remembers why TLS failed."""

    def __init__(self, setting: str, settings: ClientTLS) -> None:
        self._setting = setting
        self._context = client_context(setting, settings)
        self._socket: _Socket | None = None

    def wrap_socket(
        self, connection: socket.socket, server_side: bool = False, server_hostname: str | None = None
    ) -> ssl.SSLSocket:
        """As that of a context."""
        wrapped = self._context.wrap_socket(connection, server_side, server_hostname=server_hostname)
        if isinstance(wrapped, _Socket):
            self._socket = wrapped
        return wrapped

    def why_failed(self) -> str:
        """What went wrong with TLS and what to do; empty where nothing did."""
        error = self._socket.failure if self._socket is not None else None
        return _explain(error, self._setting) if error is not None else ""

    def close(self) -> None:
        """Close the connection; pynetdicom does not where the handshake failed."""
        if self._socket is not None:
            self._socket.close()


class _Socket(ssl.SSLSocket):
    """Remembers its failure. In TLS 1.3 a peer says after the handshake that it dislikes our certificate."""

    failure: OSError | None = None

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError as error:
            self.failure = error
            raise

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        try:
            return super().recv(buflen, flags)
        except ssl.SSLError as error:
            self.failure = error
            raise


def _explain(error: OSError, setting: str) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        untrusted = (
            f"its certificate is not trusted ({error.verify_message}): name in {setting}.ca a file with the "
            "certificate of who issued it"
        )
        advice = _ADVICE.get(error.verify_code, untrusted)
        return advice.format(names=_NAMES.format(setting=setting))
    if isinstance(error, TimeoutError):
        return f"it did not finish the TLS handshake in time: {_NOT_OURS.format(setting=setting)}"
    reason = (error.reason if isinstance(error, ssl.SSLError) else None) or ""
    if "PROTOCOL_VERSION" in reason or reason == "UNSUPPORTED_PROTOCOL":
        return f"it speaks no version of TLS from {setting}.minimum_version on: update it"
    if "_ALERT_" in reason:
        alert = reason.partition("_ALERT_")[2].replace("_", " ").lower()
        return (
            f"it ended the handshake ({alert}): it may want a valid certificate from an issuer that it "
            f"trusts; look at {setting}.certificate, and at its log"
        )
    return f"it does not speak TLS here ({reason or error.strerror}): {_NOT_OURS.format(setting=setting)}"
