"""Serve the worklist in the calling process until it is told to stop."""

import threading

import structlog
from fastapi import FastAPI

from service.config import WorklistSettings
from service.net import web_server
from service.net.server_tls import Certificates

log = structlog.get_logger()


def serve(app: FastAPI, settings: WorklistSettings, stop: threading.Event) -> None:
    """Answer requests until `stop` is set, then finish those in hand.

    Raises ConfigurationError where the address cannot be listened on, or a certificate cannot be used.
    """
    tls = Certificates("worklist.tls", settings.tls).for_asyncio() if settings.tls.is_on else None
    with web_server.listen(settings.bind, settings.port, "the worklist", "worklist") as listener:
        log.info("worklist is served", bind=settings.bind, port=settings.port, tls=tls is not None)
        web_server.serve(app, listener, stop, tls)
