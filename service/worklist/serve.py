"""Serve the worklist in the calling process until it is told to stop."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn
from fastapi import FastAPI

from service.config import WorklistSettings
from service.errors import ConfigurationError

DRAIN_S = 5
"""Seconds that requests in hand have to finish."""

log = structlog.get_logger()


class _Server(uvicorn.Server):
    """A server that leaves signals to its caller, who sets the stop event."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(app: FastAPI, settings: WorklistSettings, stop: threading.Event) -> None:
    """Answer requests until `stop` is set, then finish those in hand.

    Raises ConfigurationError where the address cannot be listened on.
    """
    config = uvicorn.Config(
        app,
        access_log=False,  # a path holds a study's UID
        log_config=None,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=DRAIN_S,
    )
    server = _Server(config)
    with _listen(settings) as listener:
        threading.Thread(target=_end_on, args=(stop, server), name="worklist-stop", daemon=True).start()
        log.info("worklist is served", bind=settings.bind, port=settings.port)
        server.run(sockets=[listener])


def _listen(settings: WorklistSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.bind else socket.AF_INET
    try:
        return socket.create_server((settings.bind, settings.port), family=family)
    except OSError as error:
        raise ConfigurationError(
            f"the worklist cannot listen on {settings.bind} port {settings.port} ({error.strerror}): "
            "change worklist.bind or worklist.port, or end what uses the port"
        ) from error


def _end_on(stop: threading.Event, server: uvicorn.Server) -> None:
    stop.wait()
    server.should_exit = True
