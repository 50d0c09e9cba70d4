"""A small HTTP server for `/metrics`, `/livez` and `/readyz`, on threads of its own. It reads nothing but a
path.
"""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import structlog
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from service.telemetry.metrics.definition import REGISTRY

log = structlog.get_logger()

MOST_CONNECTIONS = 16
"""At one time; one more is closed at once."""
IDLE_S = 10.0
"""Silence on a connection after which it is closed."""
_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Page:
    """What is answered."""

    body: bytes
    status: HTTPStatus = HTTPStatus.OK
    content_type: str = _TEXT


Answer = Callable[[], Page]


def metrics_page() -> Page:
    """Every metric of this process, in Prometheus' text format."""
    return Page(generate_latest(REGISTRY), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def health_page(failing: list[str]) -> Page:
    """200 where nothing fails; else 503, and what does."""
    if not failing:
        return Page(b"ok\n")
    return Page("".join(f"{what}\n" for what in failing).encode(), HTTPStatus.SERVICE_UNAVAILABLE)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, bind: str, port: int, pages: Mapping[str, Answer]) -> None:
        self.address_family = socket.AF_INET6 if ":" in bind else socket.AF_INET
        self._places = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__((bind, port), _handler(pages))

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone, or sends what is no HTTP."""


def _handler(pages: Mapping[str, Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = IDLE_S
        server_version, sys_version = "preread", ""

        def do_GET(self) -> None:
            answer = pages.get(self.path.partition("?")[0])
            page = answer() if answer else Page(b"not found\n", HTTPStatus.NOT_FOUND)
            self.send_response(page.status)
            self.send_header("Content-Type", page.content_type)
            self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            self.wfile.write(page.body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: a probe every few seconds is no news."""

    return Handler


@contextmanager
def answering(bind: str, port: int, pages: Mapping[str, Answer]) -> Iterator[int | None]:
    """Answer while this lasts; gives the port. Where it cannot be had the log says so, and nothing is
    answered: studies come first.
    """
    try:
        server = _Server(bind, port, pages)
    except OSError as error:
        log.error(
            "metrics and probes are not served: change metrics.bind or metrics.port, or end what uses the "
            "port",
            bind=bind,
            port=port,
            reason=error.strerror,
        )
        yield None
        return
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
