"""The HTTP server of STOW-RS, with TLS where it is set."""

import threading
from concurrent.futures import ThreadPoolExecutor

import structlog
from starlette.applications import Starlette
from starlette.routing import Route

from service.accept.folder.file_receiver import FileReceiver
from service.accept.stow.endpoint import StoreEndpoint
from service.accept.stow.protocol import BoundedProtocol
from service.accept.stow.tokens import Tokens
from service.config.stow import StowSettings
from service.net.server_tls import Certificates
from service.net.web_server import listen, serve

log = structlog.get_logger()


class StowServer:
    """Listens from the beginning on. Raises ConfigurationError for settings that cannot be used."""

    def __init__(self, settings: StowSettings, files: FileReceiver) -> None:
        self._settings = settings
        self._files = files
        self._tokens = Tokens(settings.tokens_file) if settings.tokens_file else None
        self._tls = Certificates("accept.stow", settings).for_asyncio() if settings.has_tls else None
        self._listener = listen(settings.bind, settings.port, "STOW-RS", "accept.stow")

    def serve(self, stop: threading.Event) -> None:
        """Answer requests until `stop` is set, then finish those in hand."""
        with self._listener, ThreadPoolExecutor(self._settings.max_requests, "stow") as threads:
            endpoint = StoreEndpoint(self._files, self._settings, self._tokens, threads)
            log.info(
                "STOW-RS is served",
                bind=self._settings.bind,
                port=self._settings.port,
                tls=self._tls is not None,
                tokens=self._tokens is not None,
            )
            serve(
                _app(endpoint),
                self._listener,
                stop,
                self._tls,
                http=BoundedProtocol,
                ws="none",
                proxy_headers=False,
            )


def _app(endpoint: StoreEndpoint) -> Starlette:
    paths = ("/studies", "/studies/{study}")
    return Starlette(routes=[Route(path, endpoint.store, methods=["POST"]) for path in paths])
