"""Requests to a DICOMweb server over HTTP(S): bounded in time, never redirected."""

import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from http.client import HTTPException
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from service.config.http_peer import HttpPeer
from service.errors import ConfigurationError, PeerRefused, PeerUnavailable

_MAX_ANSWER_BYTES = 4 * 1024**2
"""Of what answers a request that is not a GET of something large."""
_PIECE_BYTES = 64 * 1024
_BUSY = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)
_HINTS: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "we are not authorized: look at bearer_token_file",
    HTTPStatus.FORBIDDEN: "we are not authorized: look at bearer_token_file, and at our rights there",
    HTTPStatus.NOT_FOUND: "nothing is there: look at the address in url, qido_url, wado_url or stow.url",
    HTTPStatus.NOT_ACCEPTABLE: "it has nothing in a form that we take: its log says why",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer. `read` gives up to so many bytes of its body, none at the end."""

    status: int
    headers: Message
    read: Callable[[int], bytes]


class HttpClient:
    """Asks one server. `deadline`, of `time.monotonic`, ends every request."""

    def __init__(self, settings: HttpPeer, deadline: float | None = None) -> None:
        self._settings = settings
        self._deadline = deadline
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=tls_context(settings)), _NoRedirect()
        )

    @contextmanager
    def get(self, url: str, accept: str) -> Iterator[Answer]:
        """Ask for `url`. Raises PeerUnavailable for errors of any kind, while the body is read, too."""
        request = urllib.request.Request(url, headers=self._headers(accept))  # noqa: S310 - settings allow http(s) only
        with self._translated(url):
            try:
                with self._opener.open(request, timeout=self._left_s()) as response:
                    yield Answer(response.status, response.headers, self._bounded(response))
            except urllib.error.HTTPError as error:
                with error:
                    kind = PeerUnavailable if is_passing(error.code) else PeerRefused
                    raise kind(f"{_where(url)} answered {explain(error.code)}") from None

    def post(
        self,
        url: str,
        body: bytes,
        content_type: str,
        accept: str,
        further: Mapping[str, str] = MappingProxyType({}),
    ) -> tuple[int, bytes]:
        """Send `body`, with `further` headers; status and body of the answer, whatever it is. Raises
        PeerUnavailable for none.
        """
        status, _, answer = self.send(
            "POST", url, accept, body, {"Content-Type": content_type} | dict(further)
        )
        return status, answer

    def send(
        self,
        method: str,
        url: str,
        accept: str,
        body: bytes | None = None,
        further: Mapping[str, str] = MappingProxyType({}),
    ) -> tuple[int, Message, bytes]:
        """Any request whose answer is small; status, headers and body of it, whatever they are. Raises
        PeerUnavailable for none.
        """
        headers = self._headers(accept) | dict(further)
        request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310 - as above
        with self._translated(url):
            try:
                with self._opener.open(request, timeout=self._left_s()) as response:
                    return response.status, response.headers, self._read(response)
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, error.headers, self._read(error)

    def _read(self, response: Any) -> bytes:
        read, body = self._bounded(response), bytearray()
        while len(body) < _MAX_ANSWER_BYTES and (piece := read(_PIECE_BYTES)):
            body += piece
        return bytes(body)

    @contextmanager
    def _translated(self, url: str) -> Iterator[None]:
        try:
            yield
        except (OSError, HTTPException) as error:
            raise PeerUnavailable(f"{_where(url)} {_why(error)}") from None

    def _headers(self, accept: str) -> dict[str, str]:
        return {"Accept": accept, "User-Agent": "Preread"} | authorization(self._settings)

    def _bounded(self, response: Any) -> Callable[[int], bytes]:
        def read(size: int) -> bytes:
            self._left_s()
            data: bytes = response.read1(size)
            return data

        return read

    def _left_s(self) -> float:
        """Seconds that one step may take. Raises TimeoutError when none are left."""
        if self._deadline is None:
            return self._settings.timeout_s
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return min(left_s, self._settings.timeout_s)


def authorization(settings: HttpPeer) -> dict[str, str]:
    """The header with the token, where there is one. Raises ConfigurationError."""
    path = settings.bearer_token_file
    if path is None:
        return {}
    try:
        return {"Authorization": f"Bearer {path.read_text(encoding='ascii').strip()}"}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"bearer_token_file {path} cannot be read ({type(error).__name__}): write the token there"
        ) from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Another server might be meant, and would get the token."""

    def redirect_request(self, *_: Any) -> None:
        return None


def tls_context(settings: HttpPeer) -> ssl.SSLContext:
    """How its certificate is checked. Raises ConfigurationError where `ca` cannot be read."""
    try:
        context = ssl.create_default_context(cafile=settings.ca)
    except OSError as error:
        raise ConfigurationError(
            f"ca {settings.ca} cannot be read: {error.strerror or error}; it is a PEM file with certificates"
        ) from None
    if not settings.verify_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def is_passing(code: int) -> bool:
    """Whether a later attempt may succeed without anybody's doing: the server is in trouble or busy."""
    return code in _BUSY or (code >= HTTPStatus.INTERNAL_SERVER_ERROR and code != HTTPStatus.NOT_IMPLEMENTED)


def explain(code: int) -> str:
    """An HTTP status that is no success, and what to do about it."""
    if code in range(300, 400):
        return f"HTTP {code}, a redirection: enter the address that it leads to"
    return f"HTTP {code}: {_HINTS.get(code, 'its log says why')}"


def _why(error: Exception) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"has a certificate that is not trusted ({reason.verify_message}): give its CA's in ca"
    if isinstance(reason, TimeoutError):
        return "did not answer in time: look at its load and at timeout_s"
    if isinstance(error, HTTPException):
        return "broke its answer off: its log says why"
    said = reason.strerror if isinstance(reason, OSError) else reason
    return f"cannot be reached ({said}): check address, port, http or https, and firewalls between"


def _where(url: str) -> str:
    """The server without the query, which may hold a patient's ID."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
