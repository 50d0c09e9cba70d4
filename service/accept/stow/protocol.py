"""HTTP/1.1 connections that end where nothing is asked on them."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_WITHIN_S = 20.0
"""Time for a request's head, from the connection or the head's first byte on."""
MOST_CONNECTIONS = 512


class BoundedProtocol(H11Protocol):
    """Uvicorn's own waits for a request's head for ever."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Wait for a request's head, but not for ever, and not with too many others."""
        super().connection_made(transport)
        self._wait_for_head()
        if len(self.connections) > MOST_CONNECTIONS:
            transport.close()

    def data_received(self, data: bytes) -> None:
        """Go on waiting, unless a request is in hand."""
        super().data_received(data)
        if self._has_request():
            self._stop_waiting()
        elif self._patience is None:
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more to wait for."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _has_request(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait_for_head(self) -> None:
        self._patience = self.loop.call_later(HEAD_WITHIN_S, self._give_up)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        self._patience = None
        if not self._has_request():
            self.transport.close()
