"""Listening to a worklist manager: a subscription to all its workitems, and the channel of its reports
(PS3.18 11.10 and 11.13). Only requests to cancel are heard; new work and what has ended is found by asking.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlsplit

import structlog

from service.config import TaskManager
from service.errors import ConfigurationError, PeerRefused, PeerUnavailable, PrereadError
from service.net.http import HttpClient, authorization, explain, tls_context
from service.perform.events import UpsEvent, parse_event
from service.perform.ups_rs import JSON

log = structlog.get_logger()

GLOBAL_SUBSCRIPTION = "1.2.840.10008.5.1.4.34.5"
"""UPS Global Subscription, the well-known instance that stands for every workitem (PS3.4 CC.2.3)."""
AGAIN_AFTER_S = 30.0
_LISTEN_S = 1.0
_LARGEST_REPORT_BYTES = 1024**2


class Subscription:
    """One for each manager with a `subscriber`; call `run` on a thread of its own."""

    def __init__(self, settings: TaskManager, hear: Callable[[UpsEvent], object]) -> None:
        self._settings = settings
        self._hear = hear
        self._subscriber = settings.subscriber or ""

    def run(self, stop: threading.Event) -> None:
        """Listen until `stop` is set; where the channel ends, subscribe again a while later."""
        trouble = ""
        while not stop.is_set():
            try:
                self._listen(self._subscribe(), stop)
                now = "the channel was closed there"
            except PrereadError as error:
                now = str(error)
            if stop.is_set():
                return
            if now != trouble:
                log.warning("no reports of a worklist manager", manager=self._settings.name, reason=now)
            trouble = now
            stop.wait(AGAIN_AFTER_S)

    def _subscribe(self) -> str:
        """Subscribe, once more where we are subscribed; the address of the channel."""
        url = f"{self._settings.url}/workitems/{GLOBAL_SUBSCRIPTION}/subscribers/{self._subscriber}"
        status, headers, _ = HttpClient(self._settings).send("POST", url, JSON, b"")
        if status not in range(200, 300):
            raise PeerRefused(f"{self._settings.url} does not take our subscription: {explain(status)}")
        said = headers.get("Content-Location") or headers.get("Location") or ""
        return self._channel(said)

    def _channel(self, said: str) -> str:
        """The address that it says, or the one of PS3.18. Another host would get the token: none is taken."""
        own = urlsplit(self._settings.url)
        scheme = "wss" if own.scheme == "https" else "ws"
        parts = urlsplit(said)
        if parts.scheme in ("ws", "wss"):
            if (parts.scheme, parts.netloc) != (scheme, own.netloc):
                raise PeerRefused(
                    f"{self._settings.url} has its channel elsewhere ({parts.scheme}://{parts.netloc}): "
                    f"it must be at {scheme}://{own.netloc}"
                )
            return said
        return f"{scheme}://{own.netloc}{own.path}/subscribers/{self._subscriber}"

    def _listen(self, url: str, stop: threading.Event) -> None:
        from websockets.exceptions import ConnectionClosed, InvalidHandshake

        try:
            with self._connect(url) as channel:
                log.info("reports of a worklist manager are heard", manager=self._settings.name)
                while not stop.is_set():
                    try:
                        message = channel.recv(timeout=_LISTEN_S)
                    except TimeoutError:
                        continue
                    event = parse_event(message)
                    if event is not None:
                        self._hear(event)
        except ConnectionClosed:
            return
        except (OSError, InvalidHandshake) as error:
            raise PeerUnavailable(
                f"{url.partition('?')[0]} cannot be opened: {type(error).__name__}"
            ) from None

    def _connect(self, url: str) -> AbstractContextManager[Any]:
        from websockets.sync.client import connect

        return connect(
            url,
            ssl=tls_context(self._settings) if url.startswith("wss:") else None,
            additional_headers=authorization(self._settings),
            open_timeout=self._settings.timeout_s,
            max_size=_LARGEST_REPORT_BYTES,
        )


def check_subscription(settings: TaskManager) -> None:
    """Raises ConfigurationError where it is asked for and its library is not here."""
    if settings.subscriber is None:
        return
    try:
        import websockets  # noqa: F401
    except ImportError:
        raise ConfigurationError(
            f"task_managers.{settings.name}.subscriber needs a library that is not here: "
            "pip install 'preread[workitems]', or leave it empty"
        ) from None
