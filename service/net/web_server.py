"""An HTTP server in the calling process: a socket, TLS where it is set, requests until it is told to stop."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette

from service.errors import ConfigurationError

DRAIN_S = 5
"""Seconds that requests in hand have to finish."""


class _Server(uvicorn.Server):
    """A server that leaves signals to its caller, who sets the stop event."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(bind: str, port: int, who: str, setting: str) -> socket.socket:
    """Listen where the section `setting` says. Raises ConfigurationError when that cannot be."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    try:
        return socket.create_server((bind, port), family=family)
    except OSError as error:
        raise ConfigurationError(
            f"{who} cannot listen on {bind} port {port} ({error.strerror}): "
            f"change {setting}.bind or {setting}.port, or end what uses the port"
        ) from error


def serve(
    app: Starlette,
    listener: socket.socket,
    stop: threading.Event,
    tls: ssl.SSLContext | None = None,
    **options: Any,
) -> None:
    """Answer requests until `stop` is set, then finish those in hand. `options` are uvicorn's."""
    config = uvicorn.Config(
        app,
        access_log=False,  # a path holds a study's UID
        log_config=None,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=DRAIN_S,
        **options,
    )
    config.load()
    config.ssl = tls
    server = _Server(config)
    threading.Thread(target=_end_on, args=(stop, server), name="web-stop", daemon=True).start()
    server.run(sockets=[listener])


def _end_on(stop: threading.Event, server: uvicorn.Server) -> None:
    stop.wait()
    server.should_exit = True
