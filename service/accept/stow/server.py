"""The HTTP server of STOW-RS: a socket, TLS where it is set, and requests until it is told to stop."""

import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from service.accept.folder.file_receiver import FileReceiver
from service.accept.stow.endpoint import StoreEndpoint
from service.accept.stow.protocol import BoundedProtocol
from service.accept.stow.tokens import Tokens
from service.config.stow import StowSettings
from service.errors import ConfigurationError

DRAIN_S = 5
"""Seconds that requests in hand have to finish."""
_CIPHERS_OF_TLS_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20"

log = structlog.get_logger()


class _Server(uvicorn.Server):
    """A server that leaves signals to its caller."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class StowServer:
    """Listens from the beginning on. Raises ConfigurationError for settings that cannot be used."""

    def __init__(self, settings: StowSettings, files: FileReceiver) -> None:
        self._settings = settings
        self._files = files
        self._tokens = Tokens(settings.tokens_file) if settings.tokens_file else None
        self._tls = _tls(settings)
        self._listener = _listen(settings)

    def serve(self, stop: threading.Event) -> None:
        """Answer requests until `stop` is set, then finish those in hand."""
        with self._listener, ThreadPoolExecutor(self._settings.max_requests, "stow") as threads:
            endpoint = StoreEndpoint(self._files, self._settings, self._tokens, threads)
            server = _Server(self._config(endpoint))
            threading.Thread(target=_end_on, args=(stop, server), name="stow-stop", daemon=True).start()
            log.info(
                "STOW-RS is served",
                bind=self._settings.bind,
                port=self._settings.port,
                tls=self._tls is not None,
                tokens=self._tokens is not None,
            )
            server.run(sockets=[self._listener])

    def _config(self, endpoint: StoreEndpoint) -> uvicorn.Config:
        routes = [Route(path, endpoint.store, methods=["POST"]) for path in ("/studies", "/studies/{study}")]
        config = uvicorn.Config(
            Starlette(routes=routes),
            http=BoundedProtocol,
            ws="none",
            access_log=False,  # a path holds a study's UID
            log_config=None,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            timeout_graceful_shutdown=DRAIN_S,
        )
        config.load()
        config.ssl = self._tls
        return config


def _end_on(stop: threading.Event, server: uvicorn.Server) -> None:
    stop.wait()
    server.should_exit = True


def _listen(settings: StowSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.bind else socket.AF_INET
    try:
        return socket.create_server((settings.bind, settings.port), family=family)
    except OSError as error:
        raise ConfigurationError(
            f"STOW-RS cannot listen on {settings.bind} port {settings.port} ({error.strerror}): "
            "change accept.stow.bind or accept.stow.port, or end what uses the port"
        ) from error


def _tls(settings: StowSettings) -> ssl.SSLContext | None:
    """TLS 1.2 and 1.3 as BCP 195 has them; None where no certificate is set."""
    if settings.certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS_OF_TLS_1_2)
    try:
        context.load_cert_chain(settings.certificate, settings.key, _no_password)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"accept.stow.certificate ({settings.certificate}) and accept.stow.key ({settings.key}) cannot "
            f"be used ({type(error).__name__}): both must be readable PEM files, the key that of the "
            "certificate and without a password"
        ) from None
    return context


def _no_password() -> str:
    raise ValueError("the key has a password")
